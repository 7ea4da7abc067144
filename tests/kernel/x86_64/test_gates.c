/*
 * tests/kernel/x86_64/test_gates.c - the interrupt descriptor table as the CPU has it: which traps
 * have stacks of their own, and which a program may call.
 */
#include "arch/x86/trap.h"
#include "arch/x86_64/gdt.h"
#include "ktest.h"
#include "layout.h"

/* SDM volume 3, figure 6-8; of the task state (figure 8-11) the list of stacks. */
struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct table {
    uint16_t limit;
    const void *start;
} __attribute__((packed));

#define GATE_DPL(gate)  ((gate)->type >> 5 & 3)
#define OFFSET_OF_STACK 0x24 /* of number 1 in the task state */

static const struct gate *gates(void)
{
    struct table idt = {0};

    __asm__("sidt %0" : "=m"(idt));
    return idt.limit == TRAP_VECTORS * sizeof(struct gate) - 1 ? idt.start : NULL;
}

static uint64_t stack_number(unsigned number)
{
    struct table gdt = {0};
    const uint64_t *entry;
    uint64_t stack;

    __asm__("sgdt %0" : "=m"(gdt));
    entry = (const uint64_t *)gdt.start + TSS_SELECTOR / sizeof(uint64_t);
    const uint8_t *task_state =
        (const uint8_t *)((entry[0] >> 16 & 0xFFFFFF) | (entry[0] >> 56 << 24) | entry[1] << 32);
    __builtin_memcpy(&stack, task_state + OFFSET_OF_STACK + (number - 1) * sizeof(stack),
                     sizeof(stack));
    return stack;
}

/* A double fault means a bad stack; NMI, machine check and debug exception may come before SYSCALL
 * has changed stacks, where RSP is whatever the program says. No two share one: each may come while
 * another is at work. */
KTEST(gates_of_traps_that_come_at_any_instruction_have_stacks)
{
    static const unsigned own[] = {TRAP_DOUBLE_FAULT, TRAP_NMI, TRAP_MACHINE_CHECK, TRAP_DEBUG};
    const struct gate *gate = gates();
    unsigned with_stack = 0;

    KEXPECT(gate);
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        with_stack += gate[vector].stack != 0;
    }
    KEXPECT(with_stack == sizeof(own) / sizeof(own[0]));
    for (unsigned i = 0; i < with_stack; i++) {
        KEXPECT(gate[own[i]].stack != 0);
        KEXPECT(stack_number(gate[own[i]].stack) >= KERNEL_BASE);
        for (unsigned j = 0; j < i; j++) {
            KEXPECT(stack_number(gate[own[i]].stack) != stack_number(gate[own[j]].stack));
        }
    }
}

/* All are interrupt gates to the kernel's code; three of them are for programs. */
KTEST(gates_for_programs)
{
    const struct gate *gate = gates();

    KEXPECT(gate);
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        bool is_for_programs =
            vector == TRAP_BREAKPOINT || vector == TRAP_OVERFLOW || vector == TRAP_VECTOR_SYSCALL;

        KEXPECT((gate[vector].type & 0x9F) == 0x8E);
        KEXPECT(GATE_DPL(&gate[vector]) == (is_for_programs ? 3 : 0));
        KEXPECT(gate[vector].selector == KERNEL_CODE_SELECTOR);
    }
}
