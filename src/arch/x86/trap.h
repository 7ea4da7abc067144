/*
 * arch/x86/trap.h - exceptions, interrupts and system calls: one frame, one table.
 *
 * Every vector has a stub (trap.asm) that leaves the same picture on the kernel stack, whether the
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
#ifndef ARCH_X86_TRAP_H
#define ARCH_X86_TRAP_H

#include <stdbool.h>
#include <stdint.h>

/* Exceptions (SDM volume 3, table 6-1). */
#define TRAP_DIVIDE_ERROR       0
#define TRAP_DEBUG              1
#define TRAP_BREAKPOINT         3
#define TRAP_OVERFLOW           4
#define TRAP_INVALID_OPCODE     6
#define TRAP_NO_FPU             7
#define TRAP_DOUBLE_FAULT       8
#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT         14
#define TRAP_EXCEPTIONS         32

#define TRAP_VECTOR_IRQ0    0x20
#define TRAP_VECTOR_SYSCALL 0x80
#define TRAP_VECTORS        256
#define TRAP_STUB_BYTES     12 /* distance of the entry stubs in trap.asm */

/* Page-fault error code (SDM volume 3, section 4.7). */
#define PAGE_FAULT_PRESENT 0x01 /* a rights violation, not a missing page */
#define PAGE_FAULT_WRITE   0x02
#define PAGE_FAULT_USER    0x04
#define PAGE_FAULT_FETCH   0x10

struct trap_frame {
    uint32_t es, ds;
    uint32_t edi, esi, ebp, esp_ignored, ebx, edx, ecx, eax;
    uint32_t vector;
    uint32_t error_code;
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; /* only if trap_frame_is_from_user() */
};

typedef void (*trap_handler_t)(struct trap_frame *frame);

/* In virtual 8086 mode CS is no selector, so the flag counts as well: nobody is meant to get there,
 * but QEMU 7.2 lets ring 3. Bit 1 of CS is set in ring 3 and clear in ring 0; VM is EFLAGS' bit 17. */
static inline bool trap_frame_is_from_user(const struct trap_frame *frame)
{
    return (frame->cs | frame->eflags >> 16) & 2;
}

/* Fills and loads the interrupt descriptor table. Gates are DPL 0 (an `int n` from ring 3 is a
 * general protection fault) but for breakpoint, overflow and the system call. */
void trap_initialise(void);

/* handler runs on the current kernel stack with interrupts off. */
void trap_register(unsigned vector, trap_handler_t handler);

/* Takes over exceptions raised by user code; it must not return to the faulting instruction
 * without having mended the cause. */
void trap_set_user_fault_handler(trap_handler_t handler);

/* "page fault", "divide error", ... for an exception's number. */
const char *trap_name(unsigned vector);

/* Prints the registers of a frame. */
void trap_frame_print(const struct trap_frame *frame);

/* trap.asm: restores the frame at the stack pointer and irets. A new task starts here. */
void trap_return(void);

#endif
