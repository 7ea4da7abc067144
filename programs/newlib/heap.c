/*
 * heap.c - sbrk() over command 36, whose break moves by whole pages only.
 *
 *      start                          end            pages_end
 *      |  what sbrk() has given out   |  zeros       |  not mapped
 */
#include <string.h>
#include <unistd.h>

#include "layer.h"

#define PAGE_BYTES 4096u

static struct {
    uintptr_t start; /* 0: the kernel was not asked yet */
    uintptr_t end;
    uintptr_t pages_end;
} heap;

/* malloc() takes memory from sbrk() for zeroed: what is given back inside a page is cleared. */
void *sbrk(ptrdiff_t delta)
{
    if (!heap.start) {
        heap.start = heap.end = heap.pages_end = (uintptr_t)syscall_break(0);
    }

    uintptr_t old_end = heap.end;
    uintptr_t new_end = old_end + (uintptr_t)delta;
    uintptr_t new_pages_end = (new_end + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);

    /* Round the end of the address space: the kernel would take it for a step downwards. Below the
     * start there may be no page to cross, so that the kernel is not asked: what lies there, the
     * process_malloc()s, is not the heap's to clear. */
    if (delta > 0 && (new_end < old_end || new_pages_end < new_end)) {
        return (void *)(intptr_t)layer_fail(ENOMEM);
    }
    if (delta < 0 && 0 - (uintptr_t)delta > old_end - heap.start) {
        return (void *)(intptr_t)layer_fail(EINVAL);
    }
    if (new_pages_end != heap.pages_end) {
        intptr_t result = syscall_break((intptr_t)(new_pages_end - heap.pages_end));

        if (syscall_is_error(result)) {
            return (void *)(intptr_t)layer_fail(system_call_errno(result));
        }
        heap.pages_end = new_pages_end;
    }
    if (new_end < old_end) {
        memset((void *)new_end, 0, (old_end < new_pages_end ? old_end : new_pages_end) - new_end);
    }
    heap.end = new_end;
    return (void *)old_end;
}
