/*
 * arch/syscall_entry.h - system calls whose arguments come in registers.
 *
 * The interrupt gate (trap.h: trap_set_syscall_handler()) is for 32-bit programs, whose arguments lie on
 * their stack. 64-bit programs have an instruction of their own, `syscall`, which i386 does not: there the
 * functions do nothing.
 */
#ifndef ARCH_SYSCALL_ENTRY_H
#define ARCH_SYSCALL_ENTRY_H

#include "arch/trap.h"
#include "base/types.h"

#define SYSCALL_ARGUMENTS_MAX 6

/* handler runs for each such instruction, on the current kernel stack with interrupts off. */
static inline void syscall_entry_set_handler(trap_handler_t handler);

/* Of a frame that handler gets: all registers that arguments come in, in order. */
static inline void frame_register_arguments(const struct trap_frame *frame,
                                            uintptr_t arguments[SYSCALL_ARGUMENTS_MAX]);

#if ARCH_BITS == 64
#include "arch/x86_64/syscall_entry.h"
#else
static inline void syscall_entry_set_handler(trap_handler_t handler)
{
    (void)handler;
}

static inline void frame_register_arguments(const struct trap_frame *frame,
                                            uintptr_t arguments[SYSCALL_ARGUMENTS_MAX])
{
    (void)frame;
    (void)arguments;
}
#endif

#endif
