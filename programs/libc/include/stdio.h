/*
 * stdio.h - text to the console. There is no buffer that outlives a call: what is printed is shown.
 */
#ifndef STDIO_H
#define STDIO_H

#include <stdarg.h>
#include <stddef.h>

#define EOF (-1)

int putchar(int character);
/* The string and a line break. */
int puts(const char *string);

/* The conversions are those of src/lib/format.h: no floating point. Return the number of
 * characters. The NUL of "%c" with 0 is not shown. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list arguments);
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);

#endif
