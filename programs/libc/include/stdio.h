/*
 * stdio.h - text to output (descriptor 1), which is the console if nobody has changed that. There
 * is no buffer that outlives a call: what is printed is shown. When output is a pipe that nobody
 * reads any more, printing ends the program, with status 141.
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
/* The same to another descriptor: FILE_ERRORS for what is wrong. */
int dprintf(int descriptor, const char *format, ...) __attribute__((format(printf, 2, 3)));
int vdprintf(int descriptor, const char *format, va_list arguments);
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments);

#endif
