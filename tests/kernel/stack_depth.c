/*
 * tests/kernel/stack_depth.c - see stack_depth.h.
 */
#include "stack_depth.h"

#include <stdint.h>

#include "layout.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/paging/paging.h"

#define PATTERN_BYTE   0x5A
#define PATTERN        (PATTERN_BYTE * (UINTPTR_MAX / 0xFF))
#define PLACE_BYTES    (PAGE_SIZE_BYTES + KERNEL_STACK_BYTES) /* task.c: a guard page, the stack */
#define WORDS_AT_ONCE  8
#define NOT_IN_USE_YET 256 /* below the caller's own frame, for what it calls */

/* boot_stack.inc */
extern uintptr_t kernel_stack_bottom[], kernel_stack_top[];

static struct {
    size_t tasks, boot; /* bytes */
} deepest;

/* The lowest word from `start` up that is not the pattern; end: all are. */
static const uintptr_t *first_used(const uintptr_t *start, const uintptr_t *end, uintptr_t pattern)
{
    const uintptr_t *at = start;

    for (uintptr_t differs = 0; end - at >= WORDS_AT_ONCE; at += WORDS_AT_ONCE) {
        for (unsigned i = 0; i < WORDS_AT_ONCE; i++) {
            differs |= at[i] ^ pattern;
        }
        if (differs) {
            break;
        }
    }
    while (at < end && *at == pattern) {
        at++;
    }
    return at;
}

/* The top of the task's stack that page belongs to; NULL when it belongs to none. */
static const uint8_t *top_of(const void *page)
{
    vaddr_t offset = (vaddr_t)page - KERNEL_STACKS_ADDRESS; /* below: wraps, and is too large */

    if (offset >= KERNEL_STACKS_END - KERNEL_STACKS_ADDRESS) {
        return NULL;
    }
    return (const uint8_t *)KERNEL_STACKS_ADDRESS + (offset / PLACE_BYTES + 1) * PLACE_BYTES;
}

/* Of a page only what lies below the deepest known is looked at. */
static void look_at(const void *page, const uint8_t *top)
{
    const uint8_t *known = top - deepest.tasks;
    const uint8_t *end = MIN((const uint8_t *)page + PAGE_SIZE_BYTES, known);
    const uintptr_t *used = first_used(page, (const uintptr_t *)end, PATTERN);

    if ((const uint8_t *)used < end) {
        deepest.tasks = (size_t)(top - (const uint8_t *)used);
    }
}

int __real_paging_map_kernel_page(void *page, void *frame);
int __wrap_paging_map_kernel_page(void *page, void *frame);
int __wrap_paging_map_kernel_page(void *page, void *frame)
{
    int status = __real_paging_map_kernel_page(page, frame);

    if (status >= 0 && top_of(page)) {
        memset(page, PATTERN_BYTE, PAGE_SIZE_BYTES);
    }
    return status;
}

void *__real_paging_unmap_kernel_page(void *page);
void *__wrap_paging_unmap_kernel_page(void *page);
void *__wrap_paging_unmap_kernel_page(void *page)
{
    const uint8_t *top = top_of(page);

    if (top) {
        look_at(page, top);
    }
    return __real_paging_unmap_kernel_page(page);
}

size_t stack_depth_of_tasks(void)
{
    for (vaddr_t page = KERNEL_STACKS_ADDRESS; page < KERNEL_STACKS_END; page += PAGE_SIZE_BYTES) {
        if (paging_is_mapped(paging_kernel_chunk(), (void *)page)) {
            look_at((void *)page, top_of((void *)page));
        }
    }
    return deepest.tasks;
}

static void look_at_boot_stack(uintptr_t pattern)
{
    const uintptr_t *used = first_used(kernel_stack_bottom, kernel_stack_top, pattern);

    deepest.boot = MAX(deepest.boot, (size_t)(kernel_stack_top - used) * sizeof(*used));
}

size_t stack_depth_of_boot(void)
{
    look_at_boot_stack(PATTERN);
    return deepest.boot;
}

void stack_depth_start(void)
{
    const uint8_t *in_use = (const uint8_t *)__builtin_frame_address(0) - NOT_IN_USE_YET;

    look_at_boot_stack(0);
    memset(kernel_stack_bottom, PATTERN_BYTE, (size_t)(in_use - (uint8_t *)kernel_stack_bottom));
}
