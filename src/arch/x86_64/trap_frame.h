/*
 * arch/x86_64/trap_frame.h - the registers of the code that was interrupted: x86_64's half of
 * arch/frame.h.
 *
 * Every vector leads to a stub (trap.asm) that leaves the same picture on the kernel stack, whether
 * the CPU pushes an error code for it or not. SYSCALL pushes nothing: its entry builds the same.
 *
 *       high   ss
 *              rsp
 *              rflags
 *              cs          pushed by the CPU
 *              rip
 *              error_code  the CPU's, or 0
 *              vector      the stub's number
 *              rax rcx r11
 *              r9 r8 r10 rdx rsi rdi       SYSCALL's arguments, the first one lowest: an array
 *              rbx rbp r12 to r15          what C functions keep
 *       low                                       <- struct trap_frame *
 *
 * DS, ES, FS and GS are the user's alone: 64-bit code in ring 0 has no use for them, and
 * context_switch() exchanges them.
 */
#ifndef ARCH_X86_64_TRAP_FRAME_H
#define ARCH_X86_64_TRAP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/frame.h"
#include "layout.h"

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t rdi, rsi, rdx, r10, r8, r9;
    uint64_t r11, rcx, rax;
    uint64_t vector; /* TRAP_NONE: no trap, a call of panic() */
    uint64_t error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct trap_frame) == 22 * sizeof(uint64_t), "trap.asm builds it");

#define TRAP_NONE 0xFFFFFFFFFFFFFFFFul

/* In reports: the instruction pointer's name, and how an address is written. */
#define PC_NAME        "rip"
#define ADDRESS_FORMAT "%016lx"

/* The CPU pushes rsp and ss in any case. */
#define FRAME_BYTES_FROM_KERNEL sizeof(struct trap_frame)

/* Long mode has no virtual 8086 mode, but QEMU 7.2 lets ring 3 get there by IRET, and then CS is no
 * selector: so the flag counts as well. Bit 1 of CS is set in ring 3 and clear in ring 0; VM is
 * RFLAGS' bit 17. */
static inline bool frame_is_from_user(const struct trap_frame *frame)
{
    return (frame->cs | frame->rflags >> 16) & 2;
}

/* In the direct map, or in the kernel's image: in the upper half. */
static inline bool frame_may_lie_at(vaddr_t address)
{
    return address >= DIRECT_MAP;
}

static inline vaddr_t frame_pc(const struct trap_frame *frame)
{
    return frame->rip;
}

static inline vaddr_t frame_stack_pointer(const struct trap_frame *frame)
{
    return frame->rsp;
}

static inline vaddr_t frame_user_stack_pointer(const struct trap_frame *frame)
{
    return frame->rsp;
}

static inline vaddr_t frame_frame_pointer(const struct trap_frame *frame)
{
    return frame->rbp;
}

static inline void frame_set_pc(struct trap_frame *frame, vaddr_t pc)
{
    frame->rip = pc;
}

/* Of a 32-bit program the upper half is whatever it was before: it cannot see it. */
static inline uintptr_t frame_syscall_number(const struct trap_frame *frame)
{
    return frame->rax;
}

static inline void frame_set_result(struct trap_frame *frame, intptr_t result)
{
    frame->rax = (uint64_t)result;
}

#endif
