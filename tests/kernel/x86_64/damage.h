/*
 * tests/kernel/x86_64/damage.h - what tests/kernel/i386/damage.h promises, in long mode.
 */
#ifndef TESTS_KERNEL_X86_64_DAMAGE_H
#define TESTS_KERNEL_X86_64_DAMAGE_H

#include "arch/frame.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "arch/x86_64/gdt.h"

/* IRET takes SS and RSP in any case: the function's stack begins below the frame itself. */
static inline void damage_start_in_kernel(struct trap_frame *frame, vaddr_t function,
                                          uintptr_t argument)
{
    *frame = (struct trap_frame){
        .rip = function,
        .cs = KERNEL_CODE_SELECTOR,
        .rflags = EFLAGS_CLEAN,
        .rsp = (vaddr_t)frame,
        .rdi = argument,
    };
}

static inline void damage_set_frame_pointer(struct trap_frame *frame, vaddr_t address)
{
    frame->rbp = address;
}

/* What SIDT stores. */
struct table_register {
    uint16_t limit;
    vaddr_t base;
} __attribute__((packed));

#define GATE_BYTES   16
#define GATE_TYPE    5
#define GATE_STACK   4
#define GATE_PRESENT 0x80

/* The gate of vector. */
static inline uint8_t *damage_gate(unsigned vector)
{
    struct table_register idt;

    __asm__ volatile("sidt %0" : "=m"(idt));
    return (uint8_t *)idt.base + vector * GATE_BYTES;
}

static inline void damage_page_fault_gate(void)
{
    damage_gate(TRAP_PAGE_FAULT)[GATE_TYPE] &= (uint8_t)~GATE_PRESENT;
}

void damage_fault_in_ring_3(void) __attribute__((noreturn));

#endif
