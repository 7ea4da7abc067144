/*
 * stdio.c - printing. A system call costs more than the text: so a call to printf() or puts()
 * collects its characters and writes them together, a buffer full at a time.
 */
#include <stdio.h>

#include "include/drupe.h"
#include "lib/format.h"

#define LINE_BYTES 128

struct line {
    int descriptor;
    size_t length;
    char text[LINE_BYTES];
};

static void line_flush(struct line *line)
{
    if (line->length > 0) {
        (void)file_write(line->descriptor, line->text, line->length);
        line->length = 0;
    }
}

static void line_add(void *context, const char *text, size_t length)
{
    struct line *line = context;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0') {
            continue;
        }
        if (line->length == LINE_BYTES) {
            line_flush(line);
        }
        line->text[line->length++] = text[i];
    }
}

int putchar(int character)
{
    char byte = (char)character;

    (void)file_write(FILE_OUTPUT, &byte, 1);
    return (unsigned char)character;
}

int vdprintf(int descriptor, const char *format, va_list arguments)
{
    struct line line;
    line.descriptor = descriptor;
    line.length = 0;
    size_t length = format_to_sink(line_add, &line, format, arguments);
    line_flush(&line);
    return (int)length;
}

int vprintf(const char *format, va_list arguments)
{
    return vdprintf(FILE_OUTPUT, format, arguments);
}

int dprintf(int descriptor, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vdprintf(descriptor, format, arguments);
    va_end(arguments);
    return length;
}

int printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vprintf(format, arguments);
    va_end(arguments);
    return length;
}

int puts(const char *string)
{
    return printf("%s\n", string);
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
    return (int)format_to_buffer_v(buffer, size, format, arguments);
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
