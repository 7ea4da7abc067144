/*
 * freeall.c - frees every page of the 4 GiB but its own allocation, and then that from its middle.
 * Verdict: status 0
 */
#include "attack.h"

#define OUTSIDE_STEP (16 * PAGE_BYTES)

static bool are_refused(uint32_t from, uint32_t to, uint32_t step)
{
    for (uint32_t address = from; address - from < to - from; address += step) {
        if (page_free((void *)address) != -EINVARG) {
            return false;
        }
    }
    return true;
}

int main(void)
{
    uint8_t *memory = page_malloc(4 * PAGE_BYTES);
    uint32_t start_of_it = ADDRESS(memory), end = start_of_it + 4 * PAGE_BYTES;

    if (!are_refused(PAGE_BYTES, 0x2000000, PAGE_BYTES) ||
        !are_refused(0x2000000, PROCESS_HEAP_ADDRESS, OUTSIDE_STEP) ||
        !are_refused(PROCESS_HEAP_ADDRESS, start_of_it, PAGE_BYTES) ||
        !are_refused(start_of_it + 1, end, 1) ||
        !are_refused(end, PROCESS_HEAP_ADDRESS + 0x2000000, PAGE_BYTES) ||
        !are_refused(PROCESS_BREAK_ADDRESS - 0x400000, PROCESS_BREAK_ADDRESS + 0x400000,
                     PAGE_BYTES) ||
        !are_refused(PROCESS_HEAP_END, 0xFFFFF000, OUTSIDE_STEP)) {
        return STATUS_SUCCEEDED;
    }
    memory[3 * PAGE_BYTES] = 0xF0;
    return page_free(memory) == 0 && page_free(memory) == -EINVARG ? 0 : STATUS_SUCCEEDED;
}
