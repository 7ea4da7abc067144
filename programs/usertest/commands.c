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

/* ---------------------------------------------------------------- registers */

/* Every command that comes back, with arguments that do no harm; those that let others run too. */
static const struct {
    uint32_t command, arguments[3];
} harmless[] = {
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
    {0xFFFFFFFF, {0, 0, 0}},
};

static void check_registers_kept(const struct registers *before)
{
    for (size_t i = 0; i < COUNT_OF(harmless); i++) {
        struct registers after = *before;

        after.eax = harmless[i].command;
        memcpy(after.arguments, harmless[i].arguments, sizeof(after.arguments));
        call_with_registers(&after);
        CHECK_EQUAL(after.esp_after, after.esp_before);
        CHECK_EQUAL(after.ebx, before->ebx);
        CHECK_EQUAL(after.ecx, before->ecx);
        CHECK_EQUAL(after.edx, before->edx);
        CHECK_EQUAL(after.esi, before->esi);
        CHECK_EQUAL(after.edi, before->edi);
        CHECK_EQUAL(after.ebp, before->ebp);
        CHECK_EQUAL(after.eflags, before->eflags | EFLAGS_IF);
        CHECK_EQUAL(after.ds, before->ds);
        CHECK_EQUAL(after.es, before->es);
        CHECK_EQUAL(after.fs, before->fs);
        CHECK_EQUAL(after.gs, before->gs);
    }
}

static const struct registers patterns = {
    .ebx = 0xB0B1B2B3,
    .ecx = 0xC0C1C2C3,
    .edx = 0xD0D1D2D3,
    .esi = 0xE0E1E2E3,
    .edi = 0xF0F1F2F3,
    .ebp = 0x90919293,
    .eflags = EFLAGS_ONE,
    .ds = USER_DATA_SELECTOR,
    .es = USER_DATA_SELECTOR,
    .fs = USER_DATA_SELECTOR,
    .gs = USER_DATA_SELECTOR,
};

static void registers_kept(void)
{
    struct registers zeroes = patterns;

    check_registers_kept(&patterns);
    zeroes.ebx = zeroes.ecx = zeroes.edx = zeroes.esi = zeroes.edi = zeroes.ebp = 0;
    check_registers_kept(&zeroes);
}

/* String instructions in the kernel must go upwards, no matter which flags the program had; with NT
 * set, an IRET in the kernel would try to change tasks. */
static void flags_kept(void)
{
    static const uint32_t flags[] = {
        EFLAGS_DF,
        EFLAGS_NT,
        EFLAGS_AC,
        EFLAGS_ID,
        EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF,
        EFLAGS_DF | EFLAGS_NT | EFLAGS_AC | EFLAGS_ID,
    };

    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct registers registers = patterns;

        registers.eflags |= flags[i];
        check_registers_kept(&registers);
    }
}

static void null_segments_kept(void)
{
    struct registers registers = patterns;

    registers.ds = registers.es = registers.fs = registers.gs = 0;
    check_registers_kept(&registers);
    registers.es = USER_CODE_SELECTOR;
    registers.gs = USER_DATA_SELECTOR;
    check_registers_kept(&registers);
}

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

/* Without a stack to read arguments from: only commands that have none work. */
static int call_with_stack(uint32_t command, uint32_t esp)
{
    int result;

    __asm__ volatile("mov %%esp, %%esi\n"
                     "mov %2, %%esp\n"
                     "int $0x80\n"
                     "mov %%esi, %%esp\n"
                     : "=a"(result)
                     : "a"(command), "r"(esp)
                     : "esi", "memory");
    return result;
}

static void bad_stack_pointers(void)
{
    int own = call_getpid();

    for (size_t i = 0; i < foreign_address_count; i++) {
        CHECK_EQUAL(call_with_stack(SYSCALL_SUM, foreign_addresses[i]), -EINVARG);
        CHECK_EQUAL(call_with_stack(SYSCALL_EXIT_STATUS, foreign_addresses[i]), -EINVARG);
        CHECK_EQUAL(call_with_stack(SYSCALL_GETPID, foreign_addresses[i]), own);
    }
    CHECK_EQUAL(call_with_stack(SYSCALL_SUM, USER_STACK_TOP - 7), -EINVARG);
    CHECK_EQUAL(call_with_stack(SYSCALL_SUM, USER_STACK_BOTTOM), 0); /* the stack's unused end */
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

static int call_write(uint32_t buffer, uint32_t length)
{
    return system_call(SYSCALL_WRITE, buffer, length, 0);
}

static void write_bad_buffers(void)
{
    char *pages = page_malloc(2 * PAGE_BYTES);
    uint32_t end = ADDRESS(pages) + 2 * PAGE_BYTES;

    CHECK(pages);
    for (size_t i = 0; i < foreign_address_count; i++) {
        CHECK_EQUAL(call_write(foreign_addresses[i], 1), -EINVARG);
        CHECK_EQUAL(call_write(foreign_addresses[i], 0xFFFFFFFF), -EINVARG);
    }
    CHECK_EQUAL(call_write(ADDRESS(pages), 0), 0);
    CHECK_EQUAL(call_write(ADDRESS(pages), 0xFFFFFFFF), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 0x80000000), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 0u - ADDRESS(pages)), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 0u - ADDRESS(pages) + 1), -EINVARG);
    CHECK_EQUAL(call_write(end - 1, 2), -EINVARG);
    CHECK_EQUAL(call_write(ADDRESS(pages), 2 * PAGE_BYTES + 1), -EINVARG);
    CHECK_EQUAL(call_write(end, 1), -EINVARG);
    CHECK_EQUAL(call_write(USER_STACK_TOP - 1, 2), -EINVARG);
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
    uint32_t text = ADDRESS(sum);
    int child = spawn_role("exit", "5");

    for (size_t i = 0; i < foreign_address_count; i++) {
        uint32_t bad = foreign_addresses[i];

        CHECK_EQUAL(system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, bad, 0, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_FIGURES, bad, sizeof(struct memory_figures), 0),
                    -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_PROCESS_LIST, bad, 10, 0), -EINVARG);
        CHECK_EQUAL(system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_RUN, 0, bad), -EINVARG);
        /* A program of 32 bits cannot ask for a name in a kernel of 64 bits, which lies higher. */
        CHECK_EQUAL(
            system_call(SYSCALL_MEMORY_LOOK, MEMORY_LOOK_NAME, KERNEL_ADDRESS + 0x1000, bad),
            kernel_has_64_bits() ? -ENOENT : -EINVARG);
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
    CHECK_EQUAL(system_call(SYSCALL_SEEDS, SEEDS_INCRO, 0, USER_STACK_TOP - SEEDS_TEXT_BYTES + 1),
                -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, USER_STACK_TOP - 7, 0, 0), -EINVARG);
    CHECK_EQUAL(system_call(SYSCALL_WAIT, (uint32_t)child, USER_STACK_TOP - 3, 0), -EINVARG);
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
                CHECK(strstr(text, "WRONG") == NULL);
                count++;
            }
            CHECK_EQUAL(length, 0);
        }
        CHECK_EQUAL(memory_figures(&after), 0);
    }
    CHECK(count >= (kernel_has_64_bits() ? 2 * 8 : 2 * 21));
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
    {"registers_kept", registers_kept, 0, 0},
    {"flags_kept", flags_kept, 0, 0},
    {"null_segments_kept", null_segments_kept, 0, 0},
    {"unknown_commands", unknown_commands, 0, 0},
    {"bad_stack_pointers", bad_stack_pointers, 0, 0},
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
