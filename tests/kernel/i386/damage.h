/*
 * tests/kernel/i386/damage.h - what the tests of panics do to the machine, and what they start, in
 * the words of its architecture. tests/kernel/x86_64/damage.h promises the same.
 */
#ifndef TESTS_KERNEL_I386_DAMAGE_H
#define TESTS_KERNEL_I386_DAMAGE_H

#include "arch/frame.h"
#include "arch/i386/gdt.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"

/* Whoever returns to frame, at the top of a kernel stack, runs function(argument) there. */
static inline void damage_start_in_kernel(struct trap_frame *frame, vaddr_t function,
                                          uintptr_t argument)
{
    *frame = (struct trap_frame){
        .eip = function,
        .cs = KERNEL_CODE_SELECTOR,
        .eflags = EFLAGS_CLEAN,
        .ds = KERNEL_DATA_SELECTOR,
        .es = KERNEL_DATA_SELECTOR,
        .eax = argument,
    };
}

static inline void damage_set_frame_pointer(struct trap_frame *frame, vaddr_t address)
{
    frame->ebp = address;
}

/* What SIDT and SGDT store. */
struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

#define DESCRIPTOR_BYTES   8
#define DESCRIPTOR_TYPE    5 /* the byte with it, in segments and gates alike */
#define DESCRIPTOR_PRESENT 0x80

/* A page fault is a double fault from now on, as its gate is gone. */
static inline void damage_page_fault_gate(void)
{
    struct table_register idt;

    __asm__ volatile("sidt %0" : "=m"(idt));
    ((uint8_t *)idt.base)[TRAP_PAGE_FAULT * DESCRIPTOR_BYTES + DESCRIPTOR_TYPE] &=
        (uint8_t)~DESCRIPTOR_PRESENT;
}

/* test_panics.c: runs a program that page-faults at once, when that is a double fault. */
void damage_fault_in_ring_3(void) __attribute__((noreturn));

#endif
