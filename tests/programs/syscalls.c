/*
 * tests/programs/syscalls.c - every command, with right and wrong arguments.
 * Expect: status 0
 * Says: printed by command 1
 */
#include <drupe.h>

#include "abi/syscalls.h"
#include "bad_pointers.h"
#include "check.h"
#include "base/status.h"

#define EINVAL_RESULT    ((uintptr_t)-EINVARG)
#define ADDRESS(pointer) ((uintptr_t)(pointer))

static void check_sum(void)
{
    CHECK(raw_call(SYSCALL_SUM, 20, 22) == 42);
    CHECK(raw_call(SYSCALL_SUM, 0xFFFFFFFF, 1) == 0);
    CHECK(raw_call(SYSCALL_SUM, 0x7FFFFFFF, 1) == (uintptr_t)INT32_MIN);
}

static void check_unknown_commands(void)
{
    static const uintptr_t unknown[] = {
        10, 11, 15, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, UINTPTR_MAX, UINTPTR_MAX / 2 + 1};

    for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        CHECK(raw_call(unknown[i], 0, 0) == EINVAL_RESULT);
    }
}

static void check_print(void)
{
    char *pages = page_malloc(2 * 4096);

    CHECK(raw_call(SYSCALL_PRINT, ADDRESS("printed by command 1\n"), 0) == 0);
    CHECK(raw_call(SYSCALL_PRINT, ADDRESS(""), 0) == 0);
    for (unsigned i = 0; i < BAD_POINTERS; i++) {
        if (bad_pointers[i] != ADDRESS(pages)) {
            CHECK(raw_call(SYSCALL_PRINT, bad_pointers[i], 0) == EINVAL_RESULT);
        }
    }
    /* A string that runs off the end of what is mapped; one that ends with it. */
    for (unsigned i = 0; i < 2 * 4096; i++) {
        pages[i] = '.';
    }
    CHECK(raw_call(SYSCALL_PRINT, ADDRESS(pages) + 2 * 4096 - 3, 0) == EINVAL_RESULT);
    pages[2 * 4096 - 1] = 0;
    CHECK(raw_call(SYSCALL_PRINT, ADDRESS(pages) + 2 * 4096 - 3, 0) == 0);
    CHECK(raw_call(SYSCALL_PUTCHAR, '\n', 0) == 0);
    CHECK(page_free(pages) == 0);
}

static void check_malloc(void)
{
    uintptr_t memory = raw_call(SYSCALL_MALLOC, 5000, 0);

    CHECK(memory >= OWN_HEAP_START && memory < OWN_HEAP_END && memory % 4096 == 0);
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
    CHECK(raw_call(SYSCALL_MALLOC, UINTPTR_MAX, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, UINTPTR_MAX - 0xFFE, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, OWN_HEAP_END - OWN_HEAP_START, 0) == 0);
    CHECK(raw_call(SYSCALL_MALLOC, 0x7FFFFFFF, 0) == 0);
    for (unsigned i = 0; i < BAD_POINTERS; i++) {
        CHECK(raw_call(SYSCALL_FREE, bad_pointers[i], 0) == (bad_pointers[i] ? EINVAL_RESULT : 0));
    }
}

static void check_break(void)
{
    const uintptr_t start = OWN_BREAK_START, size = 100 * 4096;

    CHECK(raw_call(SYSCALL_BREAK, 0, 0) == start);
    CHECK(raw_call(SYSCALL_BREAK, size, 0) == start);
    for (uintptr_t address = start; address < start + size; address += 4) {
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
    CHECK(raw_call(SYSCALL_BREAK, 0 - size - 4096, 0) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_BREAK, 0x7FFFF000, 0) == (uintptr_t)-ENOMEM);
    CHECK(raw_call(SYSCALL_BREAK, 4096 - size, 0) == start + size);
    CHECK(*at(start + 4092) == (int)start + 4092);
    CHECK(raw_call(SYSCALL_WRITE, start + 4096, 1) == EINVAL_RESULT);
    CHECK(raw_call(SYSCALL_BREAK, 4096, 0) == start + 4096);
    CHECK(*at(start + 4096) == 0);
    CHECK(raw_call(SYSCALL_BREAK, (uintptr_t)0 - 8192, 0) == start + 8192);
}

/* Allocates until there is no more, writes to all of it, and the system goes on. */
static void check_exhaustion(void)
{
    uintptr_t *newest = 0;
    unsigned count = 0;

    for (;;) {
        uintptr_t *block = page_malloc(65536);

        if (!block) {
            break;
        }
        block[0] = ADDRESS(newest);
        block[65536 / sizeof(*block) - 1] = count++;
        newest = block;
    }
    CHECK(count > 10);
    while (newest) {
        uintptr_t *next = (uintptr_t *)newest[0];

        CHECK(newest[65536 / sizeof(*newest) - 1] == --count);
        CHECK(page_free(newest) == 0);
        newest = next;
    }
    CHECK(count == 0);
}

/* A stack pointer at which no arguments can be read; 64-bit programs have none there. */
static void check_bad_stack_pointers(void)
{
    for (unsigned i = 0; i < BAD_POINTERS; i++) {
        CHECK(call_with_stack(SYSCALL_SUM, bad_pointers[i]) == (IS_64_BIT ? 0 : EINVAL_RESULT));
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
