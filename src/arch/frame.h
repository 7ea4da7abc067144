/*
 * arch/frame.h - the registers of the code that was interrupted, by what they are for.
 *
 * trap.h's handlers get a struct trap_frame. What is in it, and where, is the architecture's
 * (arch/i386/trap_frame.h draws it); everybody else asks here.
 */
#ifndef ARCH_FRAME_H
#define ARCH_FRAME_H

#include <stdbool.h>

#include "base/types.h"

struct trap_frame;

/* Did a program run? Else it was the kernel. */
static inline bool frame_is_from_user(const struct trap_frame *frame);

/* The instruction, the stack pointer and the frame pointer (the start of the chain of stack
 * frames). */
static inline vaddr_t frame_pc(const struct trap_frame *frame);
static inline vaddr_t frame_stack_pointer(const struct trap_frame *frame);
static inline vaddr_t frame_frame_pointer(const struct trap_frame *frame);

/* The program's stack pointer, of a frame that is known to be a program's. */
static inline vaddr_t frame_user_stack_pointer(const struct trap_frame *frame);

/* May a kernel stack have a word there, as far as the address map says? Whether the address is
 * mapped is another question. */
static inline bool frame_may_lie_at(vaddr_t address);

/* The program goes on there. */
static inline void frame_set_pc(struct trap_frame *frame, vaddr_t pc);

/* Of a system call: its number, and where its result goes. */
static inline uintptr_t frame_syscall_number(const struct trap_frame *frame);
static inline void frame_set_result(struct trap_frame *frame, intptr_t result);

/* printk()s all registers, in four lines at most. */
void frame_print(const struct trap_frame *frame);

#if ARCH_BITS == 64
#include "arch/x86_64/trap_frame.h"
#else
#include "arch/i386/trap_frame.h"
#endif

#endif
