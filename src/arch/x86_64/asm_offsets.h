/*
 * arch/x86_64/asm_offsets.h - x86_64's half of arch/asm_offsets.h.
 */
#ifndef ARCH_X86_64_ASM_OFFSETS_H
#define ARCH_X86_64_ASM_OFFSETS_H

#include "arch/x86_64/gdt.h"
#include "arch/x86_64/trap_frame.h"
#include "base/status.h"
#include "layout.h"

#define ARCH_ASM_CONSTANTS                  \
    CONSTANT(KERNEL_BASE);                  \
    CONSTANT(ENOMEM);                       \
    CONSTANT(KERNEL_CODE_SELECTOR);         \
    CONSTANT(KERNEL_DATA_SELECTOR);         \
    CONSTANT(USER_CODE_SELECTOR);           \
    CONSTANT(USER_DATA_SELECTOR);           \
    CONSTANT(USER_CODE_64_SELECTOR);        \
    CONSTANT(KERNEL_CODE_32_SELECTOR);      \
    CONSTANT(TSS_SELECTOR);                 \
    CONSTANT(REAL_MODE_CODE_SELECTOR);      \
    CONSTANT(REAL_MODE_DATA_SELECTOR);      \
    OFFSET(TRAP_FRAME, trap_frame, rdi);    \
    OFFSET(TRAP_FRAME, trap_frame, r11);    \
    OFFSET(TRAP_FRAME, trap_frame, rax);    \
    OFFSET(TRAP_FRAME, trap_frame, rip);    \
    OFFSET(TRAP_FRAME, trap_frame, rflags); \
    OFFSET(TRAP_FRAME, trap_frame, rsp);    \
    EMIT(TRAP_FRAME_BYTES, sizeof(struct trap_frame));

#endif
