/*
 * eatbreak.c - takes all memory by the break, asks for moves that make no sense, then for more by
 * command 4, and leaves all of it where it is.
 * Verdict: status 0
 */
#include "attack.h"

#define SLEEP_MS 50

static int move_break(uint32_t delta)
{
    return system_call(SYSCALL_BREAK, delta, 0, 0);
}

/* Addresses of the break are negative numbers as well, far below any error. */
static bool has_failed(int result)
{
    return result < 0 && result > -PAGE_BYTES;
}

int main(void)
{
    static const uint32_t wrong[] = {
        1,          PAGE_BYTES - 1, PAGE_BYTES + 1, 0x7FFFFFFF,      0x7FFFF000,
        0x80000000, 0x80000001,     0xFFFFFFFF,     0u - 0x40000000, 0x40000000};
    uint32_t taken = 0;

    for (uint32_t step = 16u << 20; step >= PAGE_BYTES; step /= 4) {
        while (!has_failed(move_break(step))) {
            taken += step;
        }
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (!has_failed(move_break(wrong[i]))) {
            return STATUS_SUCCEEDED;
        }
    }
    process_sleep(SLEEP_MS);
    if (page_malloc(16 * PAGE_BYTES) || move_break(0) != (int)(PROCESS_BREAK_ADDRESS + taken)) {
        return STATUS_SUCCEEDED;
    }
    for (uint32_t i = 0; i < taken; i += PAGE_BYTES) {
        *at(PROCESS_BREAK_ADDRESS + i) = 0xEB;
    }
    return has_failed(move_break(0u - taken - PAGE_BYTES)) ? 0 : STATUS_SUCCEEDED;
}
