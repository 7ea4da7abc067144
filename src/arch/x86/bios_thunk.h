/*
 * arch/x86/bios_thunk.h - what bios.c and bios_thunk.asm pass to each other; no other file uses it.
 * Lies at BIOS_THUNK_DATA_ADDRESS, a page away from the thunk's code.
 */
#ifndef ARCH_X86_BIOS_THUNK_H
#define ARCH_X86_BIOS_THUNK_H

#include "arch/x86/bios.h"

struct bios_thunk_data {
    struct bios_registers registers;
    uint32_t vector;
    uint32_t timer_ticks; /* out: that the BIOS counted meanwhile */
    /* The thunk's own notes. */
    uint32_t saved_esp;
    uint32_t saved_cr0;
    uint32_t saved_cr4;
    uint16_t saved_gdtr[3];
    uint16_t saved_idtr[3];
    uint32_t far_pointer; /* the interrupt's vector */
    uint16_t real_idtr[3];
};

/* bios_thunk.asm: runs the copy of the thunk at BIOS_THUNK_ADDRESS. Interrupts are off. */
void bios_thunk_run(void);

#endif
