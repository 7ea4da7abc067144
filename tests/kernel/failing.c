/*
 * tests/kernel/failing.c - see failing.h.
 */
#include "failing.h"

#include <stddef.h>

#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"

static struct {
    uint32_t left; /* allocations until the one that fails; 0: it has, or none is to */
    bool has_failed;
} failing;

void failing_start(uint32_t n)
{
    failing.left = n;
    failing.has_failed = false;
}

bool failing_stop(void)
{
    failing.left = 0;
    return failing.has_failed;
}

static bool is_it_now(void)
{
    if (failing.left == 0 || --failing.left > 0) {
        return false;
    }
    failing.has_failed = true;
    return true;
}

/* ld: a call of name goes to __wrap_name, and __real_name is the function itself. */
#define WRAP(name, parameters, arguments)                     \
    void *__real_##name parameters;                           \
    void *__wrap_##name parameters;                           \
    void *__wrap_##name parameters                            \
    {                                                         \
        return is_it_now() ? NULL : __real_##name arguments;  \
    }

WRAP(pmm_alloc_page, (void), ())
WRAP(pmm_alloc_zeroed_page, (void), ())
WRAP(pmm_alloc_frames, (size_t count), (count))
WRAP(kmalloc, (size_t size), (size))
WRAP(kzalloc, (size_t size), (size))
WRAP(kmem_alloc, (size_t size), (size))
WRAP(kmem_zalloc, (size_t size), (size))
WRAP(kmem_cache_alloc, (struct kmem_cache * cache), (cache))
