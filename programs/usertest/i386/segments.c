/*
 * segments.c - what 32-bit code must not reach: the kernel's segments, its gates, flags that only
 * the kernel sets.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../support.h"
#include "../tests.h"

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

/* A 64-bit kernel has one more for programs: a 32-bit one may change the mode by it, too. */
static bool is_64_bit_code(uint32_t selector)
{
    return kernel_is_64_bit() && (selector | 3) == 0x2B;
}

/* Of all selectors, only the program's own exist for ring 3. */
static void every_selector(void)
{
    for (uint32_t selector = 0; selector <= 0xFFFF; selector++) {
        bool is_code = (selector | 3) == USER_CODE_SELECTOR || is_64_bit_code(selector);
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
static const uint32_t foreign_selectors[] = {0x08, 0x0B, 0x10, 0x13, 0x28,   0x2B,
                                             0x30, 0x3B, 0x43, 0x53, 0x0004, 0xFFFF};

static void try_selectors(const char *role)
{
    for (size_t i = 0; i < COUNT_OF(foreign_selectors); i++) {
        if (is_64_bit_code(foreign_selectors[i])) {
            continue;
        }
        int status = run_role(role, number(foreign_selectors[i]));

        if (status != STATUS_GENERAL_PROTECTION) {
            printf("%s of %04x gave status %d\n", role, foreign_selectors[i], status);
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

const struct role kind_roles[] = {
    {"load_ds", role_load_ds},   {"load_ss", role_load_ss},
    {"load_gs", role_load_gs},   {"far_call", role_far_call},
    {"far_jump", role_far_jump}, {"far_return", role_far_return},
    {"iret", role_iret},         {0},
};

const struct test kind_tests[] = {
    {"stack_overflows_into_other_memory", stack_overflows_into_other_memory, STATUS_PAGE_FAULT, 0},
    {"every_selector", every_selector, 0, 0},
    {"load_foreign_segments", load_foreign_segments, 0, 0},
    {"load_foreign_stack_segments", load_foreign_stack_segments, 0, 0},
    {"far_calls", far_calls, 0, 0},
    {"far_returns", far_returns, 0, 0},
    {"privileged_flags", privileged_flags, 0, 0},
    {"virtual_8086_mode", virtual_8086_mode, STATUS_GENERAL_PROTECTION, STATUS_PAGE_FAULT},
    {0},
};
