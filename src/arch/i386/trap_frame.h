/*
 * arch/i386/trap_frame.h - the registers of the code that was interrupted: the i386's half of
 * arch/frame.h.
 *
 * Every vector leads to a stub (trap.asm) that leaves the same picture on the kernel stack, whether
 * the CPU pushes an error code for it or not:
 *
 *       high   ss          only when the trap came
 *              esp         from ring 3
 *              eflags
 *              cs          pushed by the CPU
 *              eip
 *              error_code  the CPU's, or 0
 *              vector      the stub's number
 *              eax ecx edx ebx esp ebp esi edi   (pushad)
 *       low    ds es                             <- struct trap_frame *
 *
 * FS and GS are the user's alone: the kernel leaves them as they are, and context_switch()
 * exchanges them.
 */
#ifndef ARCH_I386_TRAP_FRAME_H
#define ARCH_I386_TRAP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/frame.h"
#include "layout.h"

struct trap_frame {
    uint32_t es, ds;
    uint32_t edi, esi, ebp;
    uint32_t esp_at_pushad; /* where vector lies; popad ignores it */
    uint32_t ebx, edx, ecx, eax;
    uint32_t vector; /* TRAP_NONE: no trap, a call of panic() */
    uint32_t error_code;
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; /* only if frame_is_from_user() */
};

#define TRAP_NONE 0xFFFFFFFFu

/* In reports: the instruction pointer's name, and how an address is written. */
#define PC_NAME        "eip"
#define ADDRESS_FORMAT "%08x"

/* A frame from ring 0 has no esp and ss. */
#define FRAME_BYTES_FROM_KERNEL offsetof(struct trap_frame, esp)

/* In virtual 8086 mode CS is no selector, so the flag counts as well: no program is meant to get
 * there, but QEMU 7.2 lets ring 3. Bit 1 of CS is set in ring 3 and clear in ring 0; VM is EFLAGS'
 * bit 17. */
static inline bool frame_is_from_user(const struct trap_frame *frame)
{
    return (frame->cs | frame->eflags >> 16) & 2;
}

/* On the stacks of tasks, or on the boot stack, which is in the kernel's image. */
static inline bool frame_may_lie_at(vaddr_t address)
{
    return (address >= KERNEL_ADDRESS && address < KERNEL_END_MAX) ||
           (address >= KERNEL_STACKS_ADDRESS && address < KERNEL_STACKS_END);
}

static inline vaddr_t frame_pc(const struct trap_frame *frame)
{
    return frame->eip;
}

/* The CPU pushes ESP only when it changes rings; else it is where the CPU's part, vector to eflags,
 * began. */
static inline vaddr_t frame_stack_pointer(const struct trap_frame *frame)
{
    return frame_is_from_user(frame) ? frame->esp : frame->esp_at_pushad + 5 * 4;
}

static inline vaddr_t frame_user_stack_pointer(const struct trap_frame *frame)
{
    return frame->esp;
}

static inline vaddr_t frame_frame_pointer(const struct trap_frame *frame)
{
    return frame->ebp;
}

static inline void frame_set_pc(struct trap_frame *frame, vaddr_t pc)
{
    frame->eip = pc;
}

static inline uintptr_t frame_syscall_number(const struct trap_frame *frame)
{
    return frame->eax;
}

static inline void frame_set_result(struct trap_frame *frame, intptr_t result)
{
    frame->eax = (uint32_t)result;
}

#endif
