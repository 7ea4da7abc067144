/*
 * arch/i386/trap_frame.h - the registers of the code that was interrupted.
 * Header-only: layer 0, any file may include it.
 *
 * Every vector leads to a stub (trap.asm) that leaves the same picture on the kernel stack, whether the
 * CPU pushes an error code for it or not:
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
 * FS and GS are the user's alone: the kernel leaves them as they are, and task_switch() exchanges
 * them.
 */
#ifndef ARCH_I386_TRAP_FRAME_H
#define ARCH_I386_TRAP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct trap_frame {
    uint32_t es, ds;
    uint32_t edi, esi, ebp;
    uint32_t esp_at_pushad; /* where vector lies; popad ignores it */
    uint32_t ebx, edx, ecx, eax;
    uint32_t vector; /* TRAP_NONE: no trap, a call of panic() */
    uint32_t error_code;
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; /* only if trap_frame_is_from_user() */
};

#define TRAP_NONE 0xFFFFFFFFu

/* In virtual 8086 mode CS is no selector, so the flag counts as well: no program is meant to get
 * there, but QEMU 7.2 lets ring 3. Bit 1 of CS is set in ring 3 and clear in ring 0; VM is EFLAGS'
 * bit 17. */
static inline bool trap_frame_is_from_user(const struct trap_frame *frame)
{
    return (frame->cs | frame->eflags >> 16) & 2;
}

/* The stack pointer before the CPU pushed its part, of a frame from ring 0. */
static inline uint32_t trap_frame_kernel_esp(const struct trap_frame *frame)
{
    return frame->esp_at_pushad + 5 * 4; /* vector to eflags */
}

#endif
