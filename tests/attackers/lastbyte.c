/*
 * lastbyte.c - gives every command that takes an address one where the last bytes of what it wants
 * are behind the end of a page, and nothing is mapped there.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

/* A call whose argument `place` points to `bytes` bytes that the kernel reads or fills in. */
struct attempt {
    uint32_t command, place, bytes;
    uintptr_t arguments[3];
};

static int attempt(const struct attempt *attempt, uintptr_t address)
{
    uintptr_t a[3];

    memcpy(a, attempt->arguments, sizeof(a));
    a[attempt->place] = address;
    return (int)system_call(attempt->command, a[0], a[1], a[2]);
}

int main(void)
{
    uint8_t *page = page_malloc(PAGE_BYTES);
    uintptr_t end = ADDRESS(page) + PAGE_BYTES; /* nothing is there */
    int file = file_open("init.elf"), folder = file_open("0:/");
    const struct attempt attempts[] = {
        {SYSCALL_PRINT, 0, 64, {0}},
        {SYSCALL_PROCESS_LOAD_START, 0, 64, {0}},
        {SYSCALL_INVOKE_SYSTEM_COMMAND, 0, sizeof(struct command_argument), {0}},
        {SYSCALL_SPAWN, 0, sizeof(struct command_argument), {0}},
        {SYSCALL_GET_PROGRAM_ARGUMENTS, 0, sizeof(struct process_arguments), {0}},
        {SYSCALL_WAIT, 1, sizeof(int), {(uint32_t)WAIT_ANY}},
        {SYSCALL_WRITE, 0, 64, {0, 64}},
        {SYSCALL_MEMORY_FIGURES,
         0,
         sizeof(struct memory_figures),
         {0, sizeof(struct memory_figures)}},
        {SYSCALL_PROCESS_LIST, 0, sizeof(struct process_info), {0, 1}},
        {SYSCALL_OPEN, 0, 64, {0}},
        {SYSCALL_READ, 1, 64, {(uint32_t)file, 0, 64}},
        {SYSCALL_STAT, 0, 64, {0, ADDRESS(page)}},
        {SYSCALL_STAT, 1, sizeof(struct file_stat), {ADDRESS("init.elf")}},
        {SYSCALL_DESCRIPTOR_STAT, 1, sizeof(struct file_stat), {(uint32_t)file}},
        {SYSCALL_READ_DIRECTORY, 1, sizeof(struct directory_entry), {(uint32_t)folder}},
    };

    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        for (uint32_t inside = 0; inside < attempts[i].bytes; inside++) {
            /* What is copied there goes as far as it can. */
            memset(page, 'x', PAGE_BYTES);
            int result = attempt(&attempts[i], end - inside);

            if (result != -EINVARG) {
                printf("command %u, %u bytes inside: %d\n", attempts[i].command, inside, result);
                return STATUS_SUCCEEDED;
            }
        }
    }
    /* The places are right: with all of it inside, what can succeed does. */
    return memory_figures((struct memory_figures *)(end - sizeof(struct memory_figures))) == 0 &&
                   file_read(file, (void *)(end - 64), 64) == 64
               ? 0
               : STATUS_SUCCEEDED;
}
