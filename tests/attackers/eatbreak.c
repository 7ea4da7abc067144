/*
 * eatbreak.c - takes all memory by the break, asks for moves that make no sense, then for more by
 * command 4, and leaves all of it where it is.
 * Verdict: status 0
 */
#include "attack.h"

#define SLEEP_MS 50

static intptr_t move_break(uintptr_t delta)
{
    return system_call(SYSCALL_BREAK, delta, 0, 0);
}

int main(void)
{
    static const uintptr_t wrong[] = {1,
                                      PAGE_BYTES - 1,
                                      PAGE_BYTES + 1,
                                      0x7FFFFFFF,
                                      0x7FFFF000,
                                      0x80000000,
                                      0x80000001,
                                      0xFFFFFFFF,
                                      (uintptr_t)0 - 0x40000000,
                                      0x40000000,
                                      OWN_HEAP_END - OWN_BREAK_START,
                                      (uintptr_t)INTPTR_MAX + 1,
                                      INTPTR_MAX - PAGE_BYTES + 1,
                                      UINTPTR_MAX};
    uintptr_t taken = 0;

    for (uintptr_t step = 16u << 20; step >= PAGE_BYTES; step /= 4) {
        while (!syscall_is_error(move_break(step))) {
            taken += step;
        }
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        if (!syscall_is_error(move_break(wrong[i]))) {
            return STATUS_SUCCEEDED;
        }
    }
    process_sleep(SLEEP_MS);
    if (page_malloc(16 * PAGE_BYTES) || move_break(0) != (intptr_t)(OWN_BREAK_START + taken)) {
        return STATUS_SUCCEEDED;
    }
    for (uintptr_t i = 0; i < taken; i += PAGE_BYTES) {
        *at(OWN_BREAK_START + i) = 0xEB;
    }
    return syscall_is_error(move_break((uintptr_t)0 - taken - PAGE_BYTES)) ? 0 : STATUS_SUCCEEDED;
}
