/*
 * tests/programs/syscalls.c - every command, with right and wrong arguments.
 * Expect: status 0
 * Says: printed by command 1
 */
#include <drupe.h>

#include "abi/syscalls.h"
#include "check.h"
#include "base/status.h"

#define EINVAL_RESULT ((unsigned)-EINVARG)

/* Pointers that no system call may follow. */
static const unsigned bad_pointers[] = {
    0x00000000, 0x00000001, 0x00000FFF, 0x00001000, 0x00007E00, 0x000B8000, 0x00100000,
    0x003FA000, 0x003FAFFF, 0x003FF000, 0x00FFFFFF, 0x01000000, 0x07400000, 0x7FFFFFFF,
    0x80000000, 0xBFFFFFFF, 0xC0000000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF,
};

static void check_sum(void)
{
    CHECK(raw_call(SYSCALL_SUM, 20, 22) == 42);
    CHECK(raw_call(SYSCALL_SUM, 0xFFFFFFFF, 1) == 0);
    CHECK(raw_call(SYSCALL_SUM, 0x7FFFFFFF, 1) == 0x80000000);
}

static void check_unknown_commands(void)
{
    static const unsigned unknown[] = {10, 11, 15, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};

    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        CHECK(raw_call(unknown[i], 0, 0) == EINVAL_RESULT);
    }
}

static void check_print(void)
{
    char *pages = page_malloc(2 * 4096);

    CHECK(raw_call(SYSCALL_PRINT, (unsigned)"printed by command 1\n", 0) == 0);
    CHECK(raw_call(SYSCALL_PRINT, (unsigned)"", 0) == 0);
    for (unsigned i = 0; i < sizeof(bad_pointers) / sizeof(bad_pointers[0]); i++) {
        if (bad_pointers[i] != 0x80000000) { /* that is where pages is */
            CHECK(raw_call(SYSCALL_PRINT, bad_pointers[i], 0) == EINVAL_RESULT);
        }
    }
    /* A string that runs off the end of what is mapped; one that ends with it. */
    for (unsigned i = 0; i < 2 * 4096; i++) {
        pages[i] = '.';
    }
    CHECK(raw_call(SYSCALL_PRINT, (unsigned)pages + 2 * 4096 - 3, 0) == EINVAL_RESULT);
    pages[2 * 4096 - 1] = 0;
    CHECK(raw_call(SYSCALL_PRINT, (unsigned)pages + 2 * 4096 - 3, 0) == 0);
    CHECK(raw_call(SYSCALL_PUTCHAR, '\n', 0) == 0);
    CHECK(page_free(pages) == 0);
}

static void check_malloc(void)
{
    unsigned memory = raw_call(SYSCALL_MALLOC, 5000, 0);

    CHECK(memory >= 0x80000000 && memory < 0xC0000000 && memory % 4096 == 0);
    for (unsigned i = 0; i < 8192; i++) {
        CHECK(((volatile char *)memory)[i] == 0); /* the page's tail as well */
    }
    ((volatile char *)memory)[8191] = 1;
    CHECK(raw_call(SYSCALL_FREE, memory + 4096, 0) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_FREE, memory + 1, 0) == EINVAL_RESULT);
    CHECK(((volatile char *)memory)[8191] == 1);
    CHECK(raw_call(SYSCALL_FREE, memory, 0) == 0);
    CHECK(raw_call(SYSCALL_FREE, memory, 0) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_FREE, 0, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, 0, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, 0xFFFFFFFF, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, 0xFFFFF001, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, 0x7FFFFFFF, 0) == 0);
    for (unsigned i = 1; i < sizeof(bad_pointers) / sizeof(bad_pointers[0]); i++) {
        CHECK(raw_call(SYSCALL_FREE, bad_pointers[i], 0) == EINVAL_RESULT);
    }
}

static void check_break(void)
{
    const unsigned start = 0xB0000000, size = 100 * 4096;

    CHECK(raw_call(SYSCALL_BREAK, 0, 0) == start);
    CHECK(raw_call(SYSCALL_BREAK, size, 0) == start);
    for (unsigned address = start; address < start + size; address += 4) {
        CHECK(*at(address) == 0);
        *at(address) = (int)address;
    }
    /* The kernel takes it for the program's own memory up to its end. */
    CHECK(raw_call(SYSCALL_WRITE, start + size - 3, 0) == 0);
    *at(start + size - 4) = 0x0A0A0A0A;
    CHECK(raw_call(SYSCALL_WRITE, start + size - 1, 1) == 1);
    CHECK(raw_call(SYSCALL_WRITE, start + size - 1, 2) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_FREE, start, 0) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_BREAK, 1, 0) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_BREAK, 0u - size - 4096, 0) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_BREAK, 0x7FFFF000, 0) == (unsigned)-ENOMEM);
    CHECK(raw_call(SYSCALL_BREAK, 4096 - size, 0) == start + size);
    CHECK(*at(start + 4092) == (int)start + 4092);
    CHECK(raw_call(SYSCALL_WRITE, start + 4096, 1) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_BREAK, 4096, 0) == start + 4096);
    CHECK(*at(start + 4096) == 0);
    CHECK(raw_call(SYSCALL_BREAK, 0u - 8192, 0) == start + 8192);
}

/* Allocates until there is no more, writes to all of it, and the system goes on. */
static void check_exhaustion(void)
{
    unsigned *newest = 0;
    unsigned count = 0;

    for (;;) {
        unsigned *block = page_malloc(65536);

        if (!block) {
            break;
        }
        block[0] = (unsigned)newest;
        block[65536 / 4 - 1] = count++;
        newest = block;
    }
    CHECK(count > 10);
    while (newest) {
        unsigned *next = (unsigned *)newest[0];

        CHECK(newest[65536 / 4 - 1] == --count);
        CHECK(page_free(newest) == 0);
        newest = next;
    }
    CHECK(count == 0);
}

/* A stack pointer at which no arguments can be read. */
static void check_bad_stack_pointers(void)
{
    for (unsigned i = 0; i < sizeof(bad_pointers) / sizeof(bad_pointers[0]); i++) {
        unsigned result = SYSCALL_SUM;

        __asm__ volatile("mov %%esp, %%esi\n"
                         "mov %1, %%esp\n"
                         "int $0x80\n"
                         "mov %%esi, %%esp\n"
                         : "+a"(result)
                         : "r"(bad_pointers[i])
                         : "esi", "memory");
        CHECK(result == EINVAL_RESULT);
    }
}

int main(void)
{
    check_sum();
    check_unknown_commands();
    check_print();
    check_malloc();
    check_break();
    check_exhaustion();
    check_bad_stack_pointers();
    return check_status();
}
