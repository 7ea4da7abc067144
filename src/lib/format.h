/*
 * lib/format.h - printf's formatting, once, for everything that prints.
 *
 * Understands %c %s %d %i %u %x %X %p %% with the flags '-' '0' '+' ' ' '#', a width and a
 * precision (numbers or '*'), and the lengths hh h l ll z. %p is 0x and all 8 or 16 digits, as
 * every address is written. %s of NULL prints "(null)". An unknown conversion is printed as it
 * stands. No floating point in the kernel.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Receives the formatted characters in order, in pieces of any length. */
typedef void (*format_sink_t)(void *context, const char *text, size_t length);

/* Formats into sink. Returns the number of characters produced. */
size_t format_to_sink(format_sink_t sink, void *context, const char *format, va_list list);

/*
 * Formats into buffer, at most size bytes with the NUL that is always written
 * (when size > 0). Returns the length that an unlimited buffer would hold.
 */
size_t format_to_buffer(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t format_to_buffer_v(char *buffer, size_t size, const char *format, va_list arguments);

#endif
