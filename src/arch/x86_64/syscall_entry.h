/*
 * arch/x86_64/syscall_entry.h - see arch/syscall_entry.h. As everywhere else on this CPU, the
 * fourth argument is in R10: `syscall` itself overwrites RCX.
 */
#ifndef ARCH_X86_64_SYSCALL_ENTRY_H
#define ARCH_X86_64_SYSCALL_ENTRY_H

#include "arch/syscall_entry.h"

/* trap_gates.c: the entry code calls it from now on. A function, so that the test kernel can stand
 * before it. */
void syscall_entry_register(syscall_entry_handler_t handler);

static inline void syscall_entry_set_handler(syscall_entry_handler_t handler)
{
    syscall_entry_register(handler);
}

_Static_assert(offsetof(struct trap_frame, r9) - offsetof(struct trap_frame, rdi) ==
                   (SYSCALL_ARGUMENTS_MAX - 1) * sizeof(uintptr_t),
               "the registers of arguments lie side by side");

static inline const uintptr_t *frame_register_arguments(const struct trap_frame *frame)
{
    return &frame->rdi;
}

#endif
