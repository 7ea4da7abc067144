/*
 * stub_kmem_malloc.c - see stub_kmem_malloc.h. A panic ends the test program.
 */
#include "stub_kmem_malloc.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/panic.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"

static unsigned live;
static unsigned fail_at;
static bool fails_on, has_failed;
static unsigned total_pages = 32768, free_pages = 32768;

unsigned stub_kmem_live(void)
{
    return live;
}

void stub_kmem_fail_at(unsigned nth)
{
    fail_at = nth;
    fails_on = has_failed = false;
}

void stub_kmem_fail_from(unsigned nth)
{
    fail_at = nth;
    fails_on = true;
    has_failed = false;
}

bool stub_kmem_has_failed(void)
{
    return has_failed;
}

void stub_pmm_set_pages(unsigned total, unsigned free)
{
    total_pages = total;
    free_pages = free;
}

size_t pmm_get_total_pages(void)
{
    return total_pages;
}

size_t pmm_get_free_pages(void)
{
    return free_pages;
}

static bool is_to_fail(void)
{
    if (fail_at == 0) {
        return false;
    }
    if (fail_at > 1) {
        fail_at--;
        return false;
    }
    fail_at = fails_on;
    has_failed = true;
    return true;
}

void *kmem_alloc(size_t size)
{
    if (size == 0 || is_to_fail()) {
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

void *kmalloc(size_t size)
{
    return kmem_alloc(size);
}

void kfree(void *ptr)
{
    kmem_free(ptr);
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
