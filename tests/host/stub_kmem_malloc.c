/*
 * stub_kmem_malloc.c - see stub_kmem_malloc.h. A panic ends the test program.
 */
#include "stub_kmem_malloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/panic.h"
#include "memory/heap/kmem_cache.h"

static unsigned live;
static unsigned fail_at;

unsigned stub_kmem_live(void)
{
    return live;
}

void stub_kmem_fail_at(unsigned nth)
{
    fail_at = nth;
}

void *kmem_alloc(size_t size)
{
    if (size == 0 || (fail_at > 0 && --fail_at == 0)) {
        return NULL;
    }
    void *object = malloc(size);
    if (object) {
        memset(object, 0xA5, size); /* contents are undefined */
        live++;
    }
    return object;
}

void *kmem_zalloc(size_t size)
{
    void *object = kmem_alloc(size);
    return object ? memset(object, 0, size) : NULL;
}

void kmem_free(void *ptr)
{
    if (ptr) {
        live--;
        free(ptr);
    }
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}
