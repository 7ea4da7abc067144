/*
 * arch/syscall_entry.h - system calls whose arguments come in registers.
 *
 * The interrupt gate (trap.h: trap_set_syscall_handler()) is for 32-bit programs, whose arguments
 * lie on their stack. 64-bit programs have an instruction of their own, `syscall`, which i386 does
 * not: there the functions do nothing.
 */
#ifndef ARCH_SYSCALL_ENTRY_H
#define ARCH_SYSCALL_ENTRY_H

#include "arch/trap.h"
#include "base/types.h"

#define SYSCALL_ARGUMENTS_MAX 6

/* Returns the call's result; the entry code puts it into the frame. */
typedef intptr_t (*syscall_entry_handler_t)(const struct trap_frame *frame);

/* handler runs for each such instruction, on the current kernel stack with interrupts off. */
static inline void syscall_entry_set_handler(syscall_entry_handler_t handler);

/* When handler returned -ENOMEM: is the call to be made again? */
#if ARCH_BITS == 64
void syscall_entry_set_refused(bool (*may_make_again)(void));
#else
static inline void syscall_entry_set_refused(bool (*may_make_again)(void))
{
    (void)may_make_again;
}
#endif

/* Of a frame that handler gets: all SYSCALL_ARGUMENTS_MAX registers that arguments come in, in
 * order. They are a part of the frame. */
static inline const uintptr_t *frame_register_arguments(const struct trap_frame *frame);

#if ARCH_BITS == 64
#include "arch/x86_64/syscall_entry.h"
#else
static inline void syscall_entry_set_handler(syscall_entry_handler_t handler)
{
    (void)handler;
}

static inline const uintptr_t *frame_register_arguments(const struct trap_frame *frame)
{
    (void)frame;
    return NULL;
}
#endif

#endif
