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
    uint32_t start; /* 0: the kernel was not asked yet */
    uint32_t end;
    uint32_t pages_end;
} heap;

/* malloc() takes memory from sbrk() for zeroed: what is given back inside a page is cleared. */
void *sbrk(ptrdiff_t delta)
{
    if (!heap.start) {
        heap.start = heap.end = heap.pages_end = (uint32_t)system_call(SYSCALL_BREAK, 0, 0, 0);
    }

    uint32_t old_end = heap.end;
    uint32_t new_end = old_end + (uint32_t)delta;
    uint32_t new_pages_end = (new_end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

    /* Round the end of the address space: the kernel would take it for a step downwards. Below the
     * start there may be no page to cross, so that the kernel is not asked: what lies there, the
     * process_malloc()s, is not the heap's to clear. */
    if (delta > 0 && (new_end < old_end || new_pages_end < new_end)) {
        return (void *)layer_fail(ENOMEM);
    }
    if (delta < 0 && 0u - (uint32_t)delta > old_end - heap.start) {
        return (void *)layer_fail(EINVAL);
    }
    if (new_pages_end != heap.pages_end) {
        int32_t result = system_call(SYSCALL_BREAK, new_pages_end - heap.pages_end, 0, 0);

        if ((uint32_t)result > UINT32_MAX - PAGE_BYTES) {
            return (void *)layer_fail(system_call_errno(result));
        }
        heap.pages_end = new_pages_end;
    }
    if (new_end < old_end) {
        memset((void *)new_end, 0, (old_end < new_pages_end ? old_end : new_pages_end) - new_end);
    }
    heap.end = new_end;
    return (void *)old_end;
}
