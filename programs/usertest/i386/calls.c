/*
 * calls.c - registers, flags, segments and the stack pointer around `int 0x80` in 32-bit code.
 */
#include <string.h>

#include "../support.h"
#include "../tests.h"
#include "registers.h"

static void check_registers_kept(const struct registers *before)
{
    for (size_t i = 0; i < harmless_call_count; i++) {
        struct registers after = *before;

        after.eax = harmless_calls[i].command;
        memcpy(after.arguments, harmless_calls[i].arguments, sizeof(after.arguments));
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

const struct test call_tests[] = {
    {"registers_kept", registers_kept, 0, 0},
    {"flags_kept", flags_kept, 0, 0},
    {"null_segments_kept", null_segments_kept, 0, 0},
    {"bad_stack_pointers", bad_stack_pointers, 0, 0},
    {0},
};
