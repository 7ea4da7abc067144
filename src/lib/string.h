/*
 * lib/string.h - the C library's memory and string functions that the kernel
 * needs, with the C standard's semantics: size_t lengths, unsigned comparison.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memset(void *destination, int byte, size_t length);
/* The two ranges may not overlap. */
void *memcpy(void *destination, const void *source, size_t length);
/* The two ranges may overlap. */
void *memmove(void *destination, const void *source, size_t length);
/* <0, 0, >0 as the first differing byte of a is less, equal, greater (as unsigned char). */
int memcmp(const void *a, const void *b, size_t length);

size_t strlen(const char *string);
/* Length of string, or max when there is no NUL within the first max bytes. */
size_t strnlen(const char *string, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);

/*
 * Copies source, cut to fit, into destination, which always ends up
 * NUL-terminated (if size > 0). Returns strlen(source): a result >= size means
 * that it was cut.
 */
size_t string_copy(char *destination, const char *source, size_t size);

/* ASCII only: the kernel has no locale. */
char char_to_upper(char c);
char char_to_lower(char c);
int char_is_digit(char c);

#endif
