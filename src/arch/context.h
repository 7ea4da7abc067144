/*
 * arch/context.h - a kernel stack that can be left and come back to, and how a program starts on
 * it.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <stdbool.h>

#include "base/types.h"

struct trap_frame;

/* What ring 3 begins with. */
struct user_start {
    vaddr_t entry;
    vaddr_t stack;
    bool is_64_bit; /* a 64-bit program; the i386 kernel has none */
};

/*
 * Prepares a new kernel stack that ends at top: whoever changes to it enters ring 3 as start says,
 * with all other registers 0 and interrupts on. Returns the stack pointer to change to.
 */
vaddr_t context_prepare(void *top, const struct user_start *start);

/* The same with the registers of a program that is in the kernel now, whose frame that is: whoever
 * changes to the stack goes on in ring 3 where it does, with the result of its system call. */
vaddr_t context_prepare_copy(void *top, const struct trap_frame *frame, intptr_t result);

/* Prepares a new kernel stack that ends at top, for work of the kernel's own: whoever changes to it
 * enters function, which never returns. Nothing of ring 3 is on it. */
vaddr_t context_prepare_kernel(void *top, void (*function)(void));

/* The registers of ring 3 of the task whose kernel stack ends at top, while it is in the kernel. */
struct trap_frame *context_user_frame(void *top);

/* Leaves the current stack, whose pointer goes to *save, and goes on where load was left. */
void context_switch(vaddr_t *save, vaddr_t load);

/* The stack that the CPU takes when a trap comes from ring 3. */
void context_set_kernel_stack(void *top);

/*
 * Where the segment of a program's thread-local variables begins. As it is data for ring 3 without
 * an end, paging protects all that is not the program's. Counts from the program's next load of FS
 * or GS on; of a 64-bit program, whose FS is null, at once. There the address must be canonical.
 */
void context_set_thread_pointer(vaddr_t address);

/* The selector by which a program loads it. */
uint16_t context_thread_selector(void);

#endif
