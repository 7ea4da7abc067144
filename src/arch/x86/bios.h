/*
 * arch/x86/bios.h - calls into the BIOS from the running kernel.
 *
 * The kernel goes back to real mode for the length of one INT and returns: paging off, 16-bit
 * segments, the BIOS's vectors and interrupt controller set-up, interrupts on, and all of it back.
 * Works before and after paging is enabled. Costs microseconds and changes no kernel state; the
 * kernel's own interrupts wait meanwhile. Known limit: a BIOS that uses the FPU would find it shut
 * (CR0.TS), or spoil a program's registers.
 */
#ifndef ARCH_X86_BIOS_H
#define ARCH_X86_BIOS_H

#include <stdint.h>

/* Real-mode registers in and out. Pointers for the BIOS are segment:offset below 1 MiB: use
 * BIOS_BUFFER_ADDRESS, whose segment is BIOS_BUFFER_ADDRESS >> 4 (or 0). */
struct bios_registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
    uint16_t ds, es;
    uint32_t eflags; /* out only: EFLAGS_CF reports an error with most calls */
};

/* Runs INT vector. */
void bios_call(uint8_t vector, struct bios_registers *registers);

#endif
