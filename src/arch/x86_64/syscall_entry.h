/*
 * arch/x86_64/syscall_entry.h - see arch/syscall_entry.h. As everywhere else on this CPU, the fourth
 * argument is in R10: `syscall` itself overwrites RCX.
 */
#ifndef ARCH_X86_64_SYSCALL_ENTRY_H
#define ARCH_X86_64_SYSCALL_ENTRY_H

#include "arch/syscall_entry.h"

/* trap_gates.c: the entry code calls it from now on. A function, so that the test kernel can stand before it. */
void syscall_entry_register(trap_handler_t handler);

static inline void syscall_entry_set_handler(trap_handler_t handler)
{
    syscall_entry_register(handler);
}

static inline void frame_register_arguments(const struct trap_frame *frame,
                                            uintptr_t arguments[SYSCALL_ARGUMENTS_MAX])
{
    arguments[0] = frame->rdi;
    arguments[1] = frame->rsi;
    arguments[2] = frame->rdx;
    arguments[3] = frame->r10;
    arguments[4] = frame->r8;
    arguments[5] = frame->r9;
}

#endif
