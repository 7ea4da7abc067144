/*
 * commands.c - what every command promises: registers, numbers, pointers that it must not follow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

static void sum(void)
{
    CHECK_EQUAL(system_sum(20, 22), 42);
    CHECK_EQUAL(system_sum(-1, 1), 0);
    CHECK_EQUAL(system_sum(INT32_MAX, 1), 0x80000000);
    CHECK_EQUAL(system_sum(INT32_MIN, INT32_MIN), 0);
}

/* Every command that comes back, with arguments that do no harm; those that let others run too. */
const struct harmless_call harmless_calls[] = {
    {SYSCALL_SUM, {1, 2, 0}},
    {SYSCALL_PRINT, {ADDRESS(""), 0, 0}},
    {SYSCALL_PRINT, {0, 0, 0}},
    {SYSCALL_GETKEY, {0, 0, 0}},
    {SYSCALL_PUTCHAR, {'\r', 0, 0}},
    {SYSCALL_MALLOC, {0, 0, 0}},
    {SYSCALL_FREE, {1, 0, 0}},
    {SYSCALL_PROCESS_LOAD_START, {0, 0, 0}},
    {SYSCALL_PROCESS_LOAD_START, {ADDRESS("nobody.elf"), 0, 0}},
    {SYSCALL_INVOKE_SYSTEM_COMMAND, {0, 0, 0}},
    {SYSCALL_GET_PROGRAM_ARGUMENTS, {0, 0, 0}},
    {10, {0, 0, 0}},
    {SYSCALL_WAIT, {(uint32_t)WAIT_ANY, 0, 0}},
    {SYSCALL_YIELD, {0, 0, 0}},
    {SYSCALL_SLEEP, {0, 0, 0}},
    {SYSCALL_SLEEP, {1, 0, 0}},
    {SYSCALL_GETPID, {0, 0, 0}},
    {SYSCALL_WRITE, {ADDRESS(""), 0, 0}},
    {SYSCALL_SPAWN, {0, 0, 0}},
    {SYSCALL_KILL, {0, 0, 0}},
    {SYSCALL_MEMORY_FIGURES, {0, 4, 0}},
    {SYSCALL_PROCESS_LIST, {0, 0, 0}},
    {SYSCALL_OPEN, {0, 0, 0}},
    {SYSCALL_READ, {99, 0, 0}},
    {SYSCALL_SEEK, {99, 0, 0}},
    {SYSCALL_STAT, {0, 0, 0}},
    {SYSCALL_DESCRIPTOR_STAT, {99, 0, 0}},
    {SYSCALL_READ_DIRECTORY, {99, 0, 0}},
    {SYSCALL_CLOSE, {99, 0, 0}},
    {SYSCALL_UPTIME, {0, 0, 0}},
    {SYSCALL_CATCH_INTERRUPT, {0, 0, 0}},
    {SYSCALL_MEMORY_LOOK, {MEMORY_LOOK_RUN, 0, 0}},
    {UINTPTR_MAX, {0, 0, 0}},
};
const size_t harmless_call_count = COUNT_OF(harmless_calls);

/* ---------------------------------------------------------------- numbers */

static void unknown_commands(void)
{
    /* clang-format off */
    static const uint32_t unknown[] = {10,    11,         12,         13,         14,
                                       15,    SYSCALL_COUNT, SYSCALL_COUNT + 1, 127,        128,
                                       255,   256,        0x7FFFFFFF, 0x80000000, 0x80000010,
                                       65536, 0xFFFFFF80, 0xFFFFFFFE, 0xFFFFFFFF, 0x20000000};
    /* clang-format on */

    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        CHECK_EQUAL(system_call(unknown[i], 1, 2, 3), -EINVARG);
    }
}

static void uptime_goes_on(void)
{
    uint32_t before = call_uptime();

    for (int i = 0; i < 1000; i++) {
        uint32_t now = call_uptime();

        CHECK(now - before < 0x80000000);
        before = now;
    }
}

/* ---------------------------------------------------------------- pointers */

static void print_bad_pointers(void)
{
    char *pages = page_malloc(2 * PAGE_BYTES);

    CHECK(pages);
    for (size_t i = 0; i < foreign_address_count; i++) {
        CHECK_EQUAL(print((const char *)foreign_addresses[i]), -EINVARG);
    }
    memset(pages, '.', 2 * PAGE_BYTES);
    CHECK_EQUAL(print(pages + 2 * PAGE_BYTES - 1), -EINVARG); /* the last byte before a hole */
    CHECK_EQUAL(print(pages), -EINVARG);
    CHECK_EQUAL(print(pages + 2 * PAGE_BYTES), -EINVARG);
    pages[2 * PAGE_BYTES - 1] = '\0';
    CHECK_EQUAL(print(pages + 2 * PAGE_BYTES - 1), 0);
    CHECK_EQUAL(page_free(pages), 0);
    CHECK_EQUAL(print(pages), -EINVARG);
}

/* A string may end with the range that programs have; one without a NUL is a mistake. */
static void print_endless_string(void)
{
    const uint32_t bytes = 32 * PAGE_BYTES;
    char *memory = page_malloc(bytes);

    CHECK(memory);
    memset(memory, '.', bytes - 1); /* one line of 128 KiB */
    CHECK_EQUAL(print(memory), -EINVARG);
    CHECK_EQUAL(page_free(memory), 0);
}

static int call_write(uintptr_t buffer, size_t length)
{
    return (int)system_call(SYSCALL_WRITE, buffer, length, 0);
}

static void write_bad_buffers(void)
{
    char *pages = page_malloc(2 * PAGE_BYTES);
    uintptr_t end = ADDRESS(pages) + 2 * PAGE_BYTES;

    CHECK(pages);
    for (size_t i = 0; i < foreign_address_count; i++) {
        CHECK_EQUAL(call_write(foreign_addresses[i], 1), -EINVARG);
        CHECK_EQUAL(call_write(foreign_addresses[i], SIZE_MAX), -EINVARG);
    }
    CHECK_EQUAL(call_write(ADDRESS(pages), 0), 0);
    CHECK_EQUAL(call_write(ADDRESS(pages), SIZE_MAX), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), SIZE_MAX / 2 + 1), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 0 - ADDRESS(pages)), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 0 - ADDRESS(pages) + 1), -EINVARG);
    CHECK_EQUAL(call_write(end - 1, 2), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 2 * PAGE_BYTES + 1), -EINVARG);
    CHECK_EQUAL(call_write(end, 1), -EINVARG);
    CHECK_EQUAL(call_write(OWN_STACK_TOP - 1, 2), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS("\0\n"), 2), 2); /* a NUL is a character like others */
    CHECK_EQUAL(page_free(pages), 0);
}

static void putchar_takes_any_number(void)
{
    static const uint32_t characters[] = {0, 0x80000000, 0xFFFFFF00, 0x100, '\n'};

    for (size_t i = 0; i < COUNT_OF(characters); i++) {
        CHECK_EQUAL(system_call(SYSCALL_PUTCHAR, characters[i], 0, 0), 0);
    }
}

/* Commands that write into the program's memory: 0 is a pointer that wait does not use. */
static void results_into_bad_pointers(void)
{
    uintptr_t text = ADDRESS(sum);
    /* In the kernel's code; of a 64-bit kernel a 32-bit program has the lower half. */
    uintptr_t code = (IS_64_BIT || !kernel_is_64_bit() ? KERNEL_ADDRESS : 0x80100000) + 0x1000;
    int child = spawn_role("exit", "5");

    for (size_t i = 0; i < foreign_address_count; i++) {
        uintptr_t bad = foreign_addresses[i];

        CHECK_EQUAL(system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, bad, 0, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, bad, sizeof(struct memory_figures), 0),
                    -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_PROCESS_LIST, bad, 10, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_RUN, 0, bad), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_NAME, code, bad), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_WALK, 0, bad), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_LEVELS, 0, bad), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_SEEDS, SEEDS_INCRO, 0, bad), -EINVARG);
        if (bad) {
            CHECK_EQUAL(system_call(SYSCALL_WAIT, (uint32_t)child, bad, 0), -EINVARG);
        }
    }
    CHECK_EQUAL(system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, text, 0, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, text, 4, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_PROCESS_LIST, text, 10, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_WAIT, (uint32_t)child, text, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_SEEDS, SEEDS_INCRO, 0, text), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_SEEDS, SEEDS_INCRO, 0, OWN_STACK_TOP - SEEDS_TEXT_BYTES + 1),
                -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, OWN_STACK_TOP - 7, 0, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_WAIT, (uint32_t)child, OWN_STACK_TOP - 3, 0), -EINVARG);
    CHECK_EQUAL(wait_for(child), 5); /* no status was lost on the way */
}

/* Every example that there is, and none of those that there are not; all memory is back. */
static void seeds_of_every_kind(void)
{
    static char text[SEEDS_TEXT_BYTES];
    struct memory_figures before = {0}, after = {0};
    unsigned count = 0;

    for (unsigned round = 0; round < 2; round++) { /* the first may fill the kernel's caches */
        before = after;
        for (unsigned document = SEEDS_ICARIUS; document <= SEEDS_INCRO; document++) {
            int length;

            for (unsigned example = 0; (length = seeds(document, example, text)) > 0; example++) {
                CHECK_EQUAL(strlen(text), (size_t)length);
                if (strstr(text, "WRONG")) {
                    puts(text);
                }
                CHECK(strstr(text, "WRONG") == NULL);
                count++;
            }
            CHECK_EQUAL(length, 0);
        }
        CHECK_EQUAL(memory_figures(&after), 0);
    }
    CHECK(count >= 2 * 21);
    CHECK_EQUAL(after.free_pages, before.free_pages);
    CHECK_EQUAL(after.pool_free_pages, before.pool_free_pages);
    CHECK_EQUAL(after.objects, before.objects);
    CHECK_EQUAL(after.own_pages, before.own_pages);
    CHECK_EQUAL(seeds(SEEDS_INCRO + 1, 0, text), -EINVARG);
    CHECK_EQUAL(seeds(UINT32_MAX, 0, text), -EINVARG);
    CHECK_EQUAL(seeds(SEEDS_VANA, UINT32_MAX, text), 0);
}

/* Fewer bytes give the first figures only, and more give no more than there are. */
static void memory_figures_size(void)
{
    struct {
        struct memory_figures figures;
        uint32_t behind[4];
    } out;

    memset(&out, 0xAA, sizeof(out));
    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&out), 8, 0), 0);
    CHECK(out.figures.total_pages > 1000 && out.figures.total_pages < 0x80000);
    CHECK(out.figures.free_pages <= out.figures.total_pages);
    CHECK_EQUAL(out.figures.pool_pages, 0xAAAAAAAA);
    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&out), sizeof(out), 0), 0);
    CHECK_EQUAL(out.behind[0], 0xAAAAAAAA);
    CHECK(out.figures.pool_free_pages <= out.figures.pool_pages);
    CHECK(out.figures.pool_pages <= out.figures.total_pages);
    CHECK(out.figures.largest_run_pages <= out.figures.pool_free_pages);
    CHECK(out.figures.processes >= 2); /* this one and its parent */
    CHECK(out.figures.own_pages > 4 && out.figures.own_pages < 200);
}

/* The pages of a malloc are seen in the figures: in the caller's, and in what is free. */
static void memory_figures_follow_malloc(void)
{
    struct memory_figures before, after;

    CHECK_EQUAL(page_free(page_malloc(1)), 0); /* the first needs a table */
    void *keep = page_malloc(1);
    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&before), sizeof(before), 0), 0);
    void *memory = page_malloc(100 * PAGE_BYTES);
    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&after), sizeof(after), 0), 0);
    CHECK(keep && memory);
    CHECK_EQUAL(after.own_pages - before.own_pages, 100);
    CHECK(before.free_pages - after.free_pages >= 100);
    CHECK_EQUAL(page_free(memory), 0);
    CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&after), sizeof(after), 0), 0);
    CHECK_EQUAL(after.own_pages, before.own_pages);
    CHECK_EQUAL(page_free(keep), 0);
}

/* A test runs in the background: even when keys wait, they are not for it. */
static void getkey_in_background(void)
{
    struct process_info own;

    CHECK(find_process(call_getpid(), &own));
    CHECK(!own.is_front);
    for (int i = 0; i < 200; i++) {
        CHECK_EQUAL(getkey(), 0);
    }
}

const struct test command_tests[] = {
    {"sum", sum, 0, 0},
    {"unknown_commands", unknown_commands, 0, 0},
    {"uptime_goes_on", uptime_goes_on, 0, 0},
    {"print_bad_pointers", print_bad_pointers, 0, 0},
    {"print_endless_string", print_endless_string, 0, 0},
    {"write_bad_buffers", write_bad_buffers, 0, 0},
    {"putchar_takes_any_number", putchar_takes_any_number, 0, 0},
    {"results_into_bad_pointers", results_into_bad_pointers, 0, 0},
    {"seeds_of_every_kind", seeds_of_every_kind, 0, 0},
    {"memory_figures_size", memory_figures_size, 0, 0},
    {"memory_figures_follow_malloc", memory_figures_follow_malloc, 0, 0},
    {"getkey_in_background", getkey_in_background, 0, 0},
    {0},
};
