/*
 * isolation.c - what a program must not reach: the kernel's memory, other programs', devices,
 * the kernel's segments and gates. What must end in a fault is tried by a child; many of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

#define VECTOR_GENERAL_PROTECTION 13
#define VECTOR_PAGE_FAULT         14
#define STATUS_PAGE_FAULT         (STATUS_FAULT + VECTOR_PAGE_FAULT)
#define STATUS_GENERAL_PROTECTION (STATUS_FAULT + VECTOR_GENERAL_PROTECTION)

/* ---------------------------------------------------------------- memory */

static int role_read(int argc, char **argv)
{
    return argc > 1 ? *at((uint32_t)atoi(argv[1])) & 0 : 1;
}

static int role_write(int argc, char **argv)
{
    if (argc > 1) {
        *at((uint32_t)atoi(argv[1])) = 0;
    }
    return 0;
}

static int role_execute(int argc, char **argv)
{
    if (argc > 1) {
        ((void (*)(void))(uint32_t)atoi(argv[1]))();
    }
    return 0;
}

/* "read_two ADDRESS": two bytes, the second of which may lie in another page. */
static int role_read_two(int argc, char **argv)
{
    return argc > 1 ? *(volatile uint16_t *)at((uint32_t)atoi(argv[1])) & 0 : 1;
}

static void try_foreign_addresses(const char *role)
{
    for (size_t i = 0; i < foreign_address_count; i++) {
        int status = run_role(role, number(foreign_addresses[i]));

        if (status != STATUS_PAGE_FAULT) {
            printf("%s of %08x gave status %d\n", role, foreign_addresses[i], status);
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
    *at(USER_STACK_BOTTOM) = 1;
    CHECK_EQUAL(*at(USER_STACK_BOTTOM), 1);
    (void)*at(USER_STACK_TOP - 1);
    (void)*at(USER_PROGRAM_ADDRESS);
    memory[PAGE_BYTES - 1] = 1;
    CHECK_EQUAL(run_role("read_two", number(USER_STACK_TOP - 1)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read_two", number(USER_STACK_TOP - 2)), 0);
    CHECK_EQUAL(run_role("read_two", number(USER_PROGRAM_ADDRESS - 1)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read_two", number(USER_STACK_BOTTOM - 1)), STATUS_PAGE_FAULT);
    CHECK_EQUAL(run_role("read_two", number(0xFFFFFFFF)), STATUS_PAGE_FAULT);
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
    uint32_t theirs = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
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

static void stack_overflows_into_other_memory(void)
{
    __asm__ volatile("mov %0, %%esp\n"
                     "push %%eax\n"
                     :
                     : "r"(KERNEL_END_MAX)); /* beyond the guard page: the kernel's */
}

/* ---------------------------------------------------------------- segments */

static bool is_readable_segment(uint32_t selector)
{
    bool result;

    __asm__("verr %w1\n"
            "sete %0"
            : "=q"(result)
            : "r"(selector)
            : "cc");
    return result;
}

static bool is_writable_segment(uint32_t selector)
{
    bool result;

    __asm__("verw %w1\n"
            "sete %0"
            : "=q"(result)
            : "r"(selector)
            : "cc");
    return result;
}

/* LAR and LSL see call gates, task states and local tables as well. */
static bool is_visible_segment(uint32_t selector)
{
    uint32_t rights = 0, limit = 0;
    bool has_rights, has_limit;

    __asm__("lar %2, %1\n"
            "sete %0"
            : "=q"(has_rights), "+r"(rights)
            : "r"(selector)
            : "cc");
    __asm__("lsl %2, %1\n"
            "sete %0"
            : "=q"(has_limit), "+r"(limit)
            : "r"(selector)
            : "cc");
    return has_rights || has_limit;
}

/* Of all selectors, only the program's own three exist for ring 3. */
static void every_selector(void)
{
    for (uint32_t selector = 0; selector <= 0xFFFF; selector++) {
        bool is_code = (selector | 3) == USER_CODE_SELECTOR ||
                       (kernel_has_64_bits() && (selector | 3) == USER_CODE_64_SELECTOR);
        bool is_data =
            (selector | 3) == USER_DATA_SELECTOR || (selector | 3) == USER_THREAD_SELECTOR;

        CHECK_EQUAL(is_visible_segment(selector) ? selector : 0, is_code || is_data ? selector : 0);
        CHECK_EQUAL(is_readable_segment(selector) ? selector : 0,
                    is_code || is_data ? selector : 0);
        CHECK_EQUAL(is_writable_segment(selector) ? selector : 0, is_data ? selector : 0);
    }
}

/* "load_ds SELECTOR", and so on. */
static int role_load_ds(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %w0, %%ds" : : "r"(atoi(argv[1])));
    return 0;
}

static int role_load_ss(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %w0, %%ss" : : "r"(atoi(argv[1])));
    return 0;
}

static int role_load_gs(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("mov %w0, %%gs" : : "r"(atoi(argv[1])));
    return 0;
}

struct far_pointer {
    uint32_t offset;
    uint16_t selector;
} __attribute__((packed));

static int role_far_call(int argc, char **argv)
{
    CHECK(argc == 2);
    struct far_pointer there = {KERNEL_ADDRESS, (uint16_t)atoi(argv[1])};

    __asm__ volatile("lcall *%0" : : "m"(there) : "memory");
    return 0;
}

static int role_far_jump(int argc, char **argv)
{
    CHECK(argc == 2);
    struct far_pointer there = {KERNEL_ADDRESS, (uint16_t)atoi(argv[1])};

    __asm__ volatile("ljmp *%0" : : "m"(there) : "memory");
    return 0;
}

static int role_far_return(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("push %0\n"
                     "push %1\n"
                     "lret"
                     :
                     : "r"(atoi(argv[1])), "r"(KERNEL_ADDRESS));
    return 0;
}

static int role_iret(int argc, char **argv)
{
    CHECK(argc == 2);
    __asm__ volatile("pushfl\n"
                     "push %0\n"
                     "push %1\n"
                     "iret"
                     :
                     : "r"(atoi(argv[1])), "r"(KERNEL_ADDRESS));
    return 0;
}

/* The kernel's, the task states', the 16-bit ones', one beyond the table, one of a local table,
 * and the last there is. */
static const uint32_t foreign_selectors[] = {0x08, 0x0B, 0x10, 0x13, 0x30,   0x33,
                                             0x3B, 0x43, 0x53, 0x63, 0x0004, 0xFFFF};
static const uint32_t foreign_selectors_32[] = {0x28, 0x2B}; /* of i386: the task state */
static const uint32_t foreign_selectors_64[] = {
    0x58, 0x5B}; /* of x86_64: code for the way to real mode */

static void try_selectors(const char *role)
{
    const uint32_t *further = kernel_has_64_bits() ? foreign_selectors_64 : foreign_selectors_32;

    for (size_t i = 0; i < COUNT_OF(foreign_selectors) + COUNT_OF(foreign_selectors_32); i++) {
        uint32_t selector = i < COUNT_OF(foreign_selectors)
                                ? foreign_selectors[i]
                                : further[i - COUNT_OF(foreign_selectors)];
        int status = run_role(role, number(selector));

        if (status != STATUS_GENERAL_PROTECTION) {
            printf("%s of %04x gave status %d\n", role, selector, status);
        }
        CHECK_EQUAL(status, STATUS_GENERAL_PROTECTION);
    }
}

static void load_foreign_segments(void)
{
    try_selectors("load_ds");
    try_selectors("load_gs");
}

static void load_foreign_stack_segments(void)
{
    try_selectors("load_ss");
    CHECK_EQUAL(run_role("load_ss", "0"), STATUS_GENERAL_PROTECTION);
    CHECK_EQUAL(run_role("load_ss", number(USER_CODE_SELECTOR)), STATUS_GENERAL_PROTECTION);
}

static void far_calls(void)
{
    try_selectors("far_call");
    try_selectors("far_jump");
}

/* QEMU 7.2 reads the stack for them as if the kernel did: with SMAP that is a page fault, and
 * nothing is left to test. */
static bool is_return_emulated(void)
{
    return !cpu_has_smap() || run_role("iret", number(USER_DATA_SELECTOR)) != STATUS_PAGE_FAULT;
}

static void far_returns(void)
{
    if (!is_return_emulated()) {
        return;
    }
    try_selectors("far_return");
    try_selectors("iret");
    CHECK_EQUAL(run_role("iret", "0"), STATUS_GENERAL_PROTECTION);
    CHECK_EQUAL(run_role("iret", number(USER_DATA_SELECTOR)), STATUS_GENERAL_PROTECTION);
    /* Into its own segment it may, but not to the kernel's addresses. */
    CHECK_EQUAL(run_role("iret", number(USER_CODE_SELECTOR)), STATUS_PAGE_FAULT);
}

/* ---------------------------------------------------------------- gates */

/* INT n has its number in the instruction: a function of each, "int n; ret; nop". */
__asm__(".text\n"
        "interrupts:\n"
        ".set vector, 0\n"
        ".rept 256\n"
        ".byte 0xCD, vector, 0xC3, 0x90\n"
        ".set vector, vector + 1\n"
        ".endr\n");
extern const uint8_t interrupts[256][4];

/* "interrupt VECTOR" */
static int role_interrupt(int argc, char **argv)
{
    CHECK(argc == 2);
    ((void (*)(void))(uintptr_t)interrupts[(uint8_t)atoi(argv[1])])();
    return 0;
}

#define VECTOR_BREAKPOINT 3
#define VECTOR_OVERFLOW   4

/* Three gates are for programs. Every other is closed: a program cannot cause what the CPU or a
 * device causes through it. */
static void every_interrupt(void)
{
    enum { BATCH = 8 };

    for (int first = 0; first < 256; first += BATCH) {
        int pids[BATCH];

        for (int i = 0; i < BATCH; i++) {
            pids[i] = first + i == SYSCALL_VECTOR
                          ? 0
                          : spawn_role("interrupt", number((uint32_t)(first + i)));
        }
        for (int i = 0; i < BATCH; i++) {
            int vector = first + i;

            if (pids[i]) {
                CHECK_EQUAL(wait_for(pids[i]),
                            STATUS_FAULT + (vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW
                                                ? vector
                                                : VECTOR_GENERAL_PROTECTION));
            }
        }
    }
}

/* ---------------------------------------------------------------- flags */

static uint32_t try_flags(uint32_t flags)
{
    uint32_t before, after;

    __asm__ volatile("pushfl\n"
                     "pop %0\n"
                     "push %2\n"
                     "popfl\n"
                     "pushfl\n"
                     "pop %1\n"
                     "push %0\n"
                     "popfl\n"
                     : "=&r"(before), "=&r"(after)
                     : "r"(flags)
                     : "cc");
    return after;
}

static uint32_t try_flags_by_iret(uint32_t flags)
{
    uint32_t after;

    __asm__ volatile("push %1\n"
                     "push %%cs\n"
                     "push $1f\n"
                     "iret\n"
                     "1: pushfl\n"
                     "pop %0\n"
                     "push $2\n"
                     "popfl\n"
                     : "=&r"(after)
                     : "r"(flags)
                     : "cc");
    return after;
}

/* Ring 3 can neither turn interrupts off nor get at ports or at virtual 8086 mode. */
static void privileged_flags(void)
{
    static const uint32_t wanted[] = {0, EFLAGS_IOPL, EFLAGS_IOPL | EFLAGS_VM,
                                      EFLAGS_IOPL | EFLAGS_IF | EFLAGS_VM};
    const uint32_t privileged = EFLAGS_IOPL | EFLAGS_IF | EFLAGS_VM;
    bool has_iret = is_return_emulated();

    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        CHECK_EQUAL(try_flags(EFLAGS_ONE | wanted[i]) & privileged, EFLAGS_IF);
        if (has_iret) { /* not VM: QEMU 7.2 enters virtual 8086 mode, which no CPU does there */
            CHECK_EQUAL(try_flags_by_iret(EFLAGS_ONE | (wanted[i] & ~EFLAGS_VM)) & privileged,
                        EFLAGS_IF);
        }
    }
    CHECK_EQUAL(try_flags(EFLAGS_ONE | EFLAGS_NT | EFLAGS_AC) & (EFLAGS_NT | EFLAGS_AC),
                EFLAGS_NT | EFLAGS_AC);
}

/* IRET with VM set: a CPU ignores the flag in ring 3 and refuses the selector. QEMU 7.2 takes it
 * seriously, and the fault that follows comes with a CS that looks like the kernel's. */
static void virtual_8086_mode(void)
{
    __asm__ volatile("push $0\n" /* gs fs ds es */
                     "push $0\n"
                     "push $0\n"
                     "push $0\n"
                     "push $0x2000\n" /* ss esp */
                     "push $0x1000\n"
                     "push $0x20002\n"
                     "push $0x1000\n" /* cs eip */
                     "push $0\n"
                     "iret");
}

/* ---------------------------------------------------------------- instructions that reveal */

static int role_sgdt(int argc, char **argv)
{
    uint8_t out[6];

    (void)argc;
    (void)argv;
    __asm__ volatile("sgdt %0" : "=m"(out));
    return 0;
}

static int role_sidt(int argc, char **argv)
{
    uint8_t out[6];

    (void)argc;
    (void)argv;
    __asm__ volatile("sidt %0" : "=m"(out));
    return 0;
}

static int role_sldt(int argc, char **argv)
{
    uint32_t out;

    (void)argc;
    (void)argv;
    __asm__ volatile("sldt %0" : "=r"(out));
    return 0;
}

static int role_str(int argc, char **argv)
{
    uint32_t out;

    (void)argc;
    (void)argv;
    __asm__ volatile("str %0" : "=r"(out));
    return 0;
}

static int role_smsw(int argc, char **argv)
{
    uint32_t out;

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
    {"load_ds", role_load_ds},
    {"load_ss", role_load_ss},
    {"load_gs", role_load_gs},
    {"far_call", role_far_call},
    {"far_jump", role_far_jump},
    {"far_return", role_far_return},
    {"iret", role_iret},
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
    {"stack_overflows_into_other_memory", stack_overflows_into_other_memory, STATUS_PAGE_FAULT, 0},
    {"every_selector", every_selector, 0, 0},
    {"load_foreign_segments", load_foreign_segments, 0, 0},
    {"load_foreign_stack_segments", load_foreign_stack_segments, 0, 0},
    {"far_calls", far_calls, 0, 0},
    {"far_returns", far_returns, 0, 0},
    {"every_interrupt", every_interrupt, 0, 0},
    {"privileged_flags", privileged_flags, 0, 0},
    {"virtual_8086_mode", virtual_8086_mode, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT},
    {"tables_are_hidden", tables_are_hidden, 0, 0},
    {0},
};
