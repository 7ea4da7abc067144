/*
 * stdio.c - printing. A system call costs more than the text: so a call to printf() or puts()
 * collects its characters and prints them together, a buffer full at a time.
 */
#include <stdio.h>

#include "include/drupe.h"
#include "lib/format.h"

#define LINE_BYTES 128

struct line {
    size_t length;
    char text[LINE_BYTES]; /* with the NUL that print() stops at */
};

static void line_flush(struct line *line)
{
    if (line->length > 0) {
        line->text[line->length] = '\0';
        print(line->text);
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
        if (line->length == LINE_BYTES - 1) {
            line_flush(line);
        }
        line->text[line->length++] = text[i];
    }
}

int putchar(int character)
{
    syscall_putchar((unsigned char)character);
    return (unsigned char)character;
}

int vprintf(const char *format, va_list arguments)
{
    struct line line;
    line.length = 0;
    size_t length = format_to_sink(line_add, &line, format, arguments);
    line_flush(&line);
    return (int)length;
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
