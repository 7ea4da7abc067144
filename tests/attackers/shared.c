/*
 * shared.c - memory that is shared with children who end: as much as can be had, of which one page
 * in 100 and the last are touched. Its owner unmaps it first, and the child ends with it. Then some
 * with the next, for ever.
 * Verdict: status 137
 */
#include "attack.h"

#define RW      (MAPPING_READ | MAPPING_WRITE)
#define LARGEST ((size_t)256 << 20)
#define STEP    (100 * PAGE_BYTES)

static void touch(uintptr_t address, size_t size)
{
    for (size_t at_byte = 0; at_byte < size; at_byte += STEP) {
        ++*at(address + at_byte);
    }
    ++*at(address + size - 1);
}

static void share(size_t size)
{
    uintptr_t address = map_memory(size, RW, MAPPING_SHARED);

    if (address == 0) {
        return;
    }
    touch(address, size);
    intptr_t pid = syscall_fork();

    if (pid == 0) {
        touch(address, size);
        syscall_exit_status(0);
    }
    syscall_unmap(address, size);
}

int main(void)
{
    catch_interrupt(1);
    for (;;) {
        for (size_t size = LARGEST; size >= PAGE_BYTES; size /= 2) {
            share(size);
        }
        while (system_call(SYSCALL_WAIT, (uint32_t)WAIT_ANY, 0, 0) > 0) {
        }
    }
}
