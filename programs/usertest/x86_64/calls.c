/*
 * calls.c - registers, flags, segments and the stack pointer around `syscall`, and `int 0x80` from
 * 64-bit code.
 */
#include "../support.h"
#include "../tests.h"
#include "registers.h"

/* All but the result, and what the instruction itself overwrites. */
static void check_same(const struct registers *before, const struct registers *after,
                       bool by_syscall)
{
    CHECK(after->rsp_after == after->rsp_before);
    CHECK(after->rbx == before->rbx && after->rdx == before->rdx && after->rsi == before->rsi);
    CHECK(after->rdi == before->rdi && after->rbp == before->rbp);
    CHECK(after->r8 == before->r8 && after->r9 == before->r9 && after->r10 == before->r10);
    CHECK(after->r12 == before->r12 && after->r13 == before->r13);
    CHECK(after->r14 == before->r14 && after->r15 == before->r15);
    CHECK_EQUAL(after->rflags, before->rflags | EFLAGS_IF);
    CHECK_EQUAL(after->ds, before->ds);
    CHECK_EQUAL(after->es, before->es);
    CHECK_EQUAL(after->fs, before->fs);
    CHECK_EQUAL(after->gs, before->gs);
    if (by_syscall) { /* where it came from, and the flags: nothing of the kernel's */
        CHECK(after->rcx - (uintptr_t)call_with_registers < PAGE_BYTES);
        CHECK_EQUAL(after->r11, after->rflags);
    } else {
        CHECK(after->rcx == before->rcx && after->r11 == before->r11);
    }
}

static void check_registers_kept(const struct registers *before)
{
    for (size_t i = 0; i < harmless_call_count; i++) {
        struct registers arguments = *before;

        arguments.rax = harmless_calls[i].command;
        arguments.rdi = harmless_calls[i].arguments[0];
        arguments.rsi = harmless_calls[i].arguments[1];
        arguments.rdx = harmless_calls[i].arguments[2];
        struct registers after = arguments;
        call_with_registers(&after);
        check_same(&arguments, &after, true);
    }
}

static const struct registers patterns = {
    .rbx = 0xB0B1B2B3B4B5B6B7,
    .rcx = 0xC0C1C2C3C4C5C6C7,
    .rbp = 0x9091929394959697,
    .r8 = 0x8081828384858687,
    .r9 = 0x9899989998999899,
    .r10 = 0x1011121314151617,
    .r11 = 0x2021222324252627,
    .r12 = 0x3031323334353637,
    .r13 = 0x4041424344454647,
    .r14 = 0x5051525354555657,
    .r15 = 0x6061626364656667,
    .rflags = EFLAGS_ONE,
    .ds = USER_DATA_SELECTOR,
    .es = USER_DATA_SELECTOR,
    .fs = USER_DATA_SELECTOR,
    .gs = USER_DATA_SELECTOR,
};

static void registers_kept(void)
{
    const struct registers zeroes = {.rflags = EFLAGS_ONE};

    check_registers_kept(&patterns);
    check_registers_kept(&zeroes);
}

/* String instructions in the kernel must go upwards, no matter which flags the program had; with AC
 * set, SMAP would let it touch user pages; with NT set, its IRET would fault. */
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

        registers.rflags |= flags[i];
        check_registers_kept(&registers);
    }
}

static void segments_kept(void)
{
    struct registers registers = patterns;

    registers.ds = registers.es = USER_CODE_SELECTOR;
    registers.fs = registers.gs = 0;
    check_registers_kept(&registers);
}

/* Of `int 0x80` a 64-bit program may make use as well: it counts with 32 bits. */
static void gate_with_high_halves(void)
{
    struct registers before = patterns, after;

    before.rax = 0xFEDCBA9800000000 | SYSCALL_GETPID;
    before.rdi = before.rsi = before.rdx = 0xFEDCBA9876543210;
    after = before;
    call_gate_with_registers(&after);
    check_same(&before, &after, false);
    CHECK_EQUAL(after.rax, call_getpid());
    before.rax = 0xFEDCBA98FFFFFFFF;
    after = before;
    call_gate_with_registers(&after);
    check_same(&before, &after, false);
    CHECK(after.rax == (uint64_t)-EINVARG);
}

/* Numbers whose lower halves are calls'. */
static void numbers_with_high_halves(void)
{
    for (uintptr_t bit = (uintptr_t)1 << 32; bit; bit <<= 1) {
        CHECK(system_call(bit | SYSCALL_GETPID, 0, 0, 0) == -EINVARG);
        CHECK(system_call(bit, 1, 2, 0) == -EINVARG);
    }
}

/* The kernel makes no use of the program's stack. */
static void bad_stack_pointers(void)
{
    static const uintptr_t no_addresses[] = {0x800000000000, 0x7FFFFFFFFFFFFFFF,
                                             0xFFFF7FFFFFFFFFFF};
    int own = call_getpid();

    for (size_t i = 0; i < foreign_address_count; i++) {
        CHECK_EQUAL(call_with_stack(SYSCALL_SUM, foreign_addresses[i]), 0);
        CHECK_EQUAL(call_with_stack(SYSCALL_YIELD, foreign_addresses[i]), 0);
        CHECK_EQUAL(call_with_stack(SYSCALL_GETPID, foreign_addresses[i]), own);
    }
    for (size_t i = 0; i < COUNT_OF(no_addresses); i++) {
        CHECK_EQUAL(call_with_stack(SYSCALL_YIELD, no_addresses[i]), 0);
        CHECK_EQUAL(call_with_stack(SYSCALL_GETPID, no_addresses[i]), own);
    }
}

const struct test call_tests[] = {
    {"registers_kept", registers_kept, 0, 0},
    {"flags_kept", flags_kept, 0, 0},
    {"segments_kept", segments_kept, 0, 0},
    {"gate_with_high_halves", gate_with_high_halves, 0, 0},
    {"numbers_with_high_halves", numbers_with_high_halves, 0, 0},
    {"bad_stack_pointers", bad_stack_pointers, 0, 0},
    {0},
};
