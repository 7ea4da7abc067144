/*
 * string.h - the C library's. The first ones are the kernel's own (src/lib/string.h): memset memcpy
 * memmove memcmp strlen strnlen strcmp strncmp, and string_copy, which never leaves a string open.
 */
#ifndef STRING_H
#define STRING_H

#include "lib/string.h"

#include <stddef.h>

void *memchr(const void *memory, int byte, size_t length);
char *strcpy(char *destination, const char *source);
char *strncpy(char *destination, const char *source, size_t length);
char *strcat(char *destination, const char *source);
char *strchr(const char *string, int character);
char *strrchr(const char *string, int character);
char *strstr(const char *string, const char *part);
/* How many characters from the start are, or are not, among set. */
size_t strspn(const char *string, const char *set);
size_t strcspn(const char *string, const char *set);
/* Keeps its place in a variable of its own: one string at a time. */
char *strtok(char *string, const char *delimiters);

#endif
