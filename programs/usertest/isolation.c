/*
 * isolation.c - what a program must not reach: the kernel's memory, other programs' memory,
 * devices. Segments and gates, which differ by word size, are in i386/segments.c and
 * x86_64/long_mode.c. What must end in a fault is tried by a child; many of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

/* ---------------------------------------------------------------- memory */

static int role_read(int argc, char **argv)
{
    return argc > 1 ? *at(address_of(argv[1])) & 0 : 1;
}

static int role_write(int argc, char **argv)
{
    if (argc > 1) {
        *at(address_of(argv[1])) = 0;
    }
    return 0;
}

static int role_execute(int argc, char **argv)
{
    if (argc > 1) {
        ((void (*)(void))(address_of(argv[1])))();
    }
    return 0;
}

/* "read_two ADDRESS": two bytes, the second of which may lie in another page. */
static int role_read_two(int argc, char **argv)
{
    return argc > 1 ? *(volatile uint16_t *)at(address_of(argv[1])) & 0 : 1;
}

static void try_foreign_addresses(const char *role)
{
    for (size_t i = 0; i < foreign_address_count; i++) {
        int status = run_role(role, number(foreign_addresses[i]));

        if (status != STATUS_PAGE_FAULT) {
            printf("%s of %08lx gave status %d\n", role, (unsigned long)foreign_addresses[i],
                   status);
        }
        CHECK_EQUAL(status, STATUS_PAGE_FAULT);
    }
}

static void read_foreign_addresses(void)
{
    try_foreign_addresses("read");
}

static void write_foreign_addresses(void)
{
    try_foreign_addresses("write");
}

static void execute_foreign_addresses(void)
{
    try_foreign_addresses("execute");
}

static void edges_of_own_memory(void)
{
    uint8_t *memory = page_malloc(PAGE_BYTES);

    CHECK(memory);
    *at(OWN_STACK_BOTTOM) = 1;
    CHECK_EQUAL(*at(OWN_STACK_BOTTOM), 1);
    (void)*at(OWN_STACK_TOP - 1);
    (void)*at(USER_PROGRAM_ADDRESS);
    memory[PAGE_BYTES - 1] = 1;
    CHECK_EQUAL(run_role("read_two", number(OWN_STACK_TOP - 1)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read_two", number(OWN_STACK_TOP - 2)), 0);
    CHECK_EQUAL(run_role("read_two", number(USER_PROGRAM_ADDRESS - 1)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read_two", number(OWN_STACK_BOTTOM - 1)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read_two", number(UINTPTR_MAX)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(page_free(memory), 0);
}

static const char read_only_data[] = "in .rodata";

static void read_only_memory(void)
{
    CHECK_EQUAL(run_role("read", number(ADDRESS(edges_of_own_memory))), 0);
    CHECK_EQUAL(run_role("write", number(ADDRESS(edges_of_own_memory))), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read", number(ADDRESS(read_only_data))), 0);
    CHECK_EQUAL(run_role("write", number(ADDRESS(read_only_data))), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("write", number(USER_PROGRAM_ADDRESS)), STATUS_PAGE_FAULT);
}

#define SECRET 0x5EC12E75

static uint32_t own_data = 1;

/* "look_for_secret ADDRESS": at the same address a program has its own memory, or none. */
static int role_look_for_secret(int argc, char **argv)
{
    uintptr_t theirs = argc > 1 ? address_of(argv[1]) : 0;
    uint32_t *own = page_malloc(PAGE_BYTES);

    CHECK_EQUAL(own_data, 1);
    CHECK_EQUAL(ADDRESS(own), theirs); /* both have asked for their first memory */
    CHECK_EQUAL(*own, 0);
    *own = 2;
    own_data = 2;
    return 0;
}

static void memory_of_other_programs(void)
{
    const char *name = own_name();
    struct process_info list[1];
    uint32_t *memory = page_malloc(PAGE_BYTES);

    CHECK(memory && *name && call_process_list(list, 1) > 0);
    *memory = SECRET;
    CHECK_EQUAL(run_role("look_for_secret", number(ADDRESS(memory))), 0);
    CHECK_EQUAL(*memory, SECRET);
    CHECK_EQUAL(own_data, 1);
    CHECK_EQUAL(run_role("read", number(ADDRESS(memory))), STATUS_PAGE_FAULT); /* it has none yet */
    CHECK_EQUAL(page_free(memory), 0);
}

/* A page that was given back is gone at once, for reads and for the kernel. */
static void freed_memory(void)
{
    uint32_t *memory = page_malloc(PAGE_BYTES);

    CHECK(memory);
    *memory = 1;
    CHECK_EQUAL(page_free(memory), 0);
    CHECK_EQUAL(print((const char *)memory), -EINVARG);
    *(volatile uint32_t *)memory = 2;
}

/* ---------------------------------------------------------------- gates */

/* INT n has its number in the instruction, so there is one of each; the role jumps into the row. */
__asm__(".pushsection .text\n"
        "interrupt_row:\n"
        ".set vector, 0\n"
        ".rept 256\n"
        ".byte 0xCD, vector, 0xC3, 0x90\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        ".popsection\n");
extern uint8_t interrupt_row[];

static int role_interrupt(int argc, char **argv)
{
    CHECK(argc == 2);
    ((void (*)(void))(interrupt_row + 4 * atoi(argv[1])))();
    return 0;
}

static void every_interrupt(void)
{
    enum { BATCH = 8 };

    for (int first = 0; first < 256; first += BATCH) {
        int pids[BATCH];

        for (int i = 0; i < BATCH; i++) {
            pids[i] = first + i == SYSCALL_VECTOR
                          ? 0
                          : spawn_role("interrupt", number((uintptr_t)(first + i)));
        }
        for (int i = 0; i < BATCH; i++) {
            int vector = first + i;

            if (pids[i]) {
                CHECK_EQUAL(wait_for(pids[i]),
                            STATUS_FAULT +
                                (vector == 3 || vector == 4 ? vector : VECTOR_GENERAL_PROTECTION));
            }
        }
    }
}

/* ---------------------------------------------------------------- instructions that reveal */

static int role_sgdt(int argc, char **argv)
{
    uint8_t out[10];

    (void)argc;
    (void)argv;
    __asm__ volatile("sgdt %0" : "=m"(out));
    return 0;
}

static int role_sidt(int argc, char **argv)
{
    uint8_t out[10];

    (void)argc;
    (void)argv;
    __asm__ volatile("sidt %0" : "=m"(out));
    return 0;
}

static int role_sldt(int argc, char **argv)
{
    uintptr_t out;

    (void)argc;
    (void)argv;
    __asm__ volatile("sldt %0" : "=r"(out));
    return 0;
}

static int role_str(int argc, char **argv)
{
    uintptr_t out;

    (void)argc;
    (void)argv;
    __asm__ volatile("str %0" : "=r"(out));
    return 0;
}

static int role_smsw(int argc, char **argv)
{
    uintptr_t out;

    (void)argc;
    (void)argv;
    __asm__ volatile("smsw %0" : "=r"(out));
    return 0;
}

/* Where the CPU can keep these to itself (UMIP), the kernel has it do so. */
static void tables_are_hidden(void)
{
    static const char *const roles[] = {"sgdt", "sidt", "sldt", "str", "smsw"};

    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        CHECK_EQUAL(run_role(roles[i]), cpu_has_umip() ? STATUS_GENERAL_PROTECTION : 0);
    }
}

const struct role isolation_roles[] = {
    {"read", role_read},
    {"write", role_write},
    {"execute", role_execute},
    {"read_two", role_read_two},
    {"look_for_secret", role_look_for_secret},
    {"interrupt", role_interrupt},
    {"sgdt", role_sgdt},
    {"sidt", role_sidt},
    {"sldt", role_sldt},
    {"str", role_str},
    {"smsw", role_smsw},
    {0},
};

const struct test isolation_tests[] = {
    {"read_foreign_addresses", read_foreign_addresses, 0, 0},
    {"write_foreign_addresses", write_foreign_addresses, 0, 0},
    {"execute_foreign_addresses", execute_foreign_addresses, 0, 0},
    {"edges_of_own_memory", edges_of_own_memory, 0, 0},
    {"read_only_memory", read_only_memory, 0, 0},
    {"memory_of_other_programs", memory_of_other_programs, 0, 0},
    {"freed_memory", freed_memory, STATUS_PAGE_FAULT, 0},
    {"every_interrupt", every_interrupt, 0, 0},
    {"tables_are_hidden", tables_are_hidden, 0, 0},
    {0},
};
