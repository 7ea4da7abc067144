/*
 * arch/i386/asm_offsets.h - the i386's half of arch/asm_offsets.h.
 */
#ifndef ARCH_I386_ASM_OFFSETS_H
#define ARCH_I386_ASM_OFFSETS_H

#include "arch/i386/gdt.h"
#include "arch/i386/trap_frame.h"

#define ARCH_ASM_CONSTANTS             \
    CONSTANT(KERNEL_CODE_SELECTOR);    \
    CONSTANT(KERNEL_DATA_SELECTOR);    \
    CONSTANT(TSS_SELECTOR);            \
    CONSTANT(REAL_MODE_CODE_SELECTOR); \
    CONSTANT(REAL_MODE_DATA_SELECTOR); \
    OFFSET(TRAP_FRAME, trap_frame, esp);

#endif
