/*
 * stub_memory.c - printk() and panic() for host tests (stub_memory.h).
 */
#include "stub_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/panic.h"
#include "debug/printk.h"

char stub_printk_text[8192];
jmp_buf stub_panic_return;
bool stub_panic_is_expected;
char stub_panic_text[512];

void stub_printk_clear(void)
{
    stub_printk_text[0] = '\0';
}

void printk(const char *format, ...)
{
    size_t length = strlen(stub_printk_text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(stub_printk_text + length, sizeof(stub_printk_text) - length, format, arguments);
    va_end(arguments);
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(stub_panic_text, sizeof(stub_panic_text), format, arguments);
    va_end(arguments);
    if (!stub_panic_is_expected) {
        fprintf(stderr, "panic: %s\n", stub_panic_text);
        abort();
    }
    longjmp(stub_panic_return, 1);
}
