/*
 * memory/vmalloc.c - where the byte heap's memory comes from, and what a wrong vfree() leads to.
 *
 * Growing maps one frame after the other; when one cannot be had, or no table for it, those before
 * go back, so growing works entirely or not at all. The tables are shared by all address spaces
 * (paging_map_kernel_page()), and go with their last page.
 */
#include "memory/vmalloc.h"

#include <stdbool.h>

#include "arch/cpu.h"
#include "debug/backtrace.h"
#include "debug/panic.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/byte_heap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "base/compiler.h"
#include "base/status.h"

/* Mapped or given back between two moments in which interrupts are served. */
#define BYTES_AT_ONCE (64 * PAGE_SIZE_BYTES)

static struct {
    struct byte_heap heap;
    bool is_started;
} vmalloc_state;

/* ---------------------------------------------------------------- pages */

/* No other task runs, so nobody sees the heap in between. */
static void serve_interrupts(size_t offset)
{
    if (offset % BYTES_AT_ONCE == 0) {
        cpu_let_interrupts_in();
    }
}

static void unmap_pages(void *context, void *at, size_t bytes)
{
    (void)context;
    for (size_t offset = bytes; offset > 0;) {
        offset -= PAGE_SIZE_BYTES;
        KASSERT(pmm_free_page(paging_unmap_kernel_page((char *)at + offset)) == OK);
        serve_interrupts(offset);
    }
}

static int map_pages(void *context, void *at, size_t bytes)
{
    for (size_t offset = 0; offset < bytes; offset += PAGE_SIZE_BYTES) {
        void *frame = pmm_alloc_page();

        if (!frame || paging_map_kernel_page((char *)at + offset, frame) < 0) {
            pmm_free_page(frame);
            unmap_pages(context, at, offset);
            return -ENOMEM;
        }
        serve_interrupts(offset);
    }
    return OK;
}

static int start_heap(size_t kept_bytes)
{
    static const struct byte_heap_source source = {.grow = map_pages, .shrink = unmap_pages};
    int status = byte_heap_create(&vmalloc_state.heap, (void *)VMALLOC_ADDRESS, (void *)VMALLOC_END,
                                  kept_bytes, &source);

    vmalloc_state.is_started = status == OK;
    return status;
}

int vmalloc_initialise(void)
{
    return vmalloc_state.is_started ? OK : start_heap(VMALLOC_START_BYTES);
}

/* ---------------------------------------------------------------- allocation */

static void *malloc_owned(size_t size, const void *owner)
{
    if (size == 0 || size > VMALLOC_END - VMALLOC_ADDRESS) {
        return NULL; /* the heap is not even started for it */
    }
    if (vmalloc_initialise() < 0) {
        KASSERT(start_heap(0) == OK); /* which takes nothing yet */
    }
    return byte_heap_malloc(&vmalloc_state.heap, size, owner);
}

void *NOINLINE vmalloc(size_t size)
{
    return malloc_owned(size, CALLER);
}

void *NOINLINE vzalloc(size_t size)
{
    void *memory = malloc_owned(size, CALLER);

    return memory ? memset(memory, 0, size) : NULL;
}

static void __attribute__((noreturn)) NOINLINE refuse_free(const void *ptr, int status,
                                                           const void *caller)
{
    uint32_t offset = 0;
    const char *name = symbol_find((vaddr_t)caller, &offset);
    const char *what = !vmalloc_state.is_started ? "outside the byte heap"
                       : status == -ECORRUPT     ? "beside a header that was written over"
                                             : byte_heap_describe_pointer(&vmalloc_state.heap, ptr);

    panic("vfree(%p): the pointer is %s. Called by %s+0x%x (%p).", ptr, what,
          name ? name : "unknown", name ? offset : 0, caller);
}

void NOINLINE vfree(void *ptr)
{
    int status = ptr && !vmalloc_state.is_started ? -EINVARG : OK;

    if (ptr && status == OK) {
        status = byte_heap_free(&vmalloc_state.heap, ptr);
    }
    if (status < 0) {
        refuse_free(ptr, status, CALLER);
    }
}

/* ---------------------------------------------------------------- figures */

size_t vmalloc_used_bytes(void)
{
    return vmalloc_state.is_started ? byte_heap_used_bytes(&vmalloc_state.heap) : 0;
}

size_t vmalloc_free_bytes(void)
{
    return vmalloc_state.is_started ? byte_heap_free_bytes(&vmalloc_state.heap) : 0;
}

size_t vmalloc_trim(void)
{
    if (!vmalloc_state.is_started) {
        return 0;
    }
    size_t bytes = byte_heap_trim(&vmalloc_state.heap);

    vmalloc_state.is_started = byte_heap_used_bytes(&vmalloc_state.heap) != 0;
    return bytes;
}

const struct byte_heap *vmalloc_get(void)
{
    return vmalloc_state.is_started ? &vmalloc_state.heap : NULL;
}
