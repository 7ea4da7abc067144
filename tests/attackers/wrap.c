/*
 * wrap.c - addresses and lengths whose sum is beyond the largest address, for every command that
 * takes one.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

int main(void)
{
    static uint8_t own[PAGE_BYTES];
    static const uint32_t commands[] = {
        SYSCALL_PRINT,
        SYSCALL_PROCESS_LOAD_START,
        SYSCALL_INVOKE_SYSTEM_COMMAND,
        SYSCALL_GET_PROGRAM_ARGUMENTS,
        SYSCALL_WRITE,
        SYSCALL_SPAWN,
        SYSCALL_MEMORY_FIGURES,
        SYSCALL_PROCESS_LIST,
        SYSCALL_OPEN,
        SYSCALL_STAT,
    };
    int file = file_open("init.elf"), folder = file_open("0:/");

    for (uint32_t below = 1; below <= 600; below++) {
        uintptr_t address = (uintptr_t)0 - below;

        for (size_t i = 0; i < COUNT_OF(commands); i++) {
            uint32_t second = commands[i] == SYSCALL_SPAWN ? 0 : 600;

            if (system_call(commands[i], address, second, 0) != -EINVARG) {
                printf("command %u, address -%u\n", commands[i], below);
                return STATUS_SUCCEEDED;
            }
        }
        if (file_read(file, (void *)address, 600) != -EINVARG ||
            system_call(SYSCALL_STAT, ADDRESS("init.elf"), address, 0) != -EINVARG ||
            system_call(SYSCALL_DESCRIPTOR_STAT, (uint32_t)file, address, 0) != -EINVARG ||
            system_call(SYSCALL_READ_DIRECTORY, (uint32_t)folder, address, 0) != -EINVARG ||
            system_call(SYSCALL_WAIT, (uint32_t)WAIT_ANY, address, 0) != -EINVARG ||
            page_free((void *)address) != -EINVARG) {
            printf("result to -%u\n", below);
            return STATUS_SUCCEEDED;
        }
    }
    /* From memory of its own, round the end of all addresses and back to where it began, or
     * nearly. */
    for (uint32_t less = 0; less < 8; less++) {
        uintptr_t round = (uintptr_t)0 - ADDRESS(own) - less;
        uintptr_t all = UINTPTR_MAX - less;

        if (system_call(SYSCALL_WRITE, ADDRESS(own), round, 0) != -EINVARG ||
            system_call(SYSCALL_WRITE, ADDRESS(own), all, 0) != -EINVARG ||
            file_read(file, own, round) != -EINVARG || file_read(file, own, all) != -EINVARG) {
            printf("length %#lx or %#lx\n", (unsigned long)round, (unsigned long)all);
            return STATUS_SUCCEEDED;
        }
    }
    return 0;
}
