/*
 * freeall.c - frees every page of the first 32 MiB and round its heap and its break, and pages from
 * all over the rest of what a pointer can be; never its own allocation, and then that from its
 * middle.
 * Verdict: status 0
 */
#include "attack.h"

#define OUTSIDE_CALLS 20000

static bool are_refused(uintptr_t from, uintptr_t to, uintptr_t step)
{
    for (uintptr_t address = from; address - from < to - from; address += step) {
        if (page_free((void *)address) != -EINVARG) {
            return false;
        }
    }
    return true;
}

/* So many pages there, or all. */
static bool are_some_refused(uintptr_t from, uintptr_t to)
{
    return are_refused(from, to, ((to - from) / OUTSIDE_CALLS / PAGE_BYTES + 1) * PAGE_BYTES);
}

int main(void)
{
    uint8_t *memory = page_malloc(4 * PAGE_BYTES);
    uintptr_t start_of_it = ADDRESS(memory), end = start_of_it + 4 * PAGE_BYTES;

    if (!are_refused(PAGE_BYTES, 0x2000000, PAGE_BYTES) ||
        !are_some_refused(0x2000000, OWN_HEAP_START) ||
        !are_refused(OWN_HEAP_START, start_of_it, PAGE_BYTES) ||
        !are_refused(start_of_it + 1, end, 1) ||
        !are_refused(end, OWN_HEAP_START + 0x2000000, PAGE_BYTES) ||
        !are_refused(OWN_BREAK_START - 0x400000, OWN_BREAK_START + 0x400000, PAGE_BYTES) ||
        !are_some_refused(OWN_HEAP_END, UINTPTR_MAX - PAGE_BYTES + 1)) {
        return STATUS_SUCCEEDED;
    }
    memory[3 * PAGE_BYTES] = 0xF0;
    return page_free(memory) == 0 && page_free(memory) == -EINVARG ? 0 : STATUS_SUCCEEDED;
}
