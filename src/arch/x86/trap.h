/*
 * arch/x86/trap.h - the vectors, and what trap.c shares with both architectures' gates and stubs.
 */
#ifndef ARCH_X86_TRAP_H
#define ARCH_X86_TRAP_H

#include <stdbool.h>

#include "arch/trap.h"

/* Exceptions (SDM volume 3, table 6-1). */
#define TRAP_DEBUG              1
#define TRAP_NMI                2
#define TRAP_BREAKPOINT         3
#define TRAP_OVERFLOW           4
#define TRAP_INVALID_OPCODE     6
#define TRAP_NO_FPU             7
#define TRAP_DOUBLE_FAULT       8
#define TRAP_INVALID_TSS        10
#define TRAP_GENERAL_PROTECTION 13
#define TRAP_PAGE_FAULT         14
#define TRAP_MACHINE_CHECK      18
#define TRAP_EXCEPTIONS         32

#define TRAP_VECTOR_IRQ0       0x20
#define TRAP_VECTOR_UNUSED     0x30 /* stands for all unused vectors */
#define TRAP_VECTOR_SYSCALL    0x80
#define TRAP_VECTORS           256
#define TRAP_VECTOR_SYSCALL_64 256 /* no vector: the instruction SYSCALL */
#define TRAP_STUB_BYTES        12  /* distance of the entry stubs in trap_stubs.inc */

/* Page-fault error code (SDM volume 3, section 4.7). */
#define PAGE_FAULT_PRESENT  0x01 /* a rights violation, not a missing page */
#define PAGE_FAULT_WRITE    0x02
#define PAGE_FAULT_USER     0x04
#define PAGE_FAULT_RESERVED 0x08
#define PAGE_FAULT_FETCH    0x10

/* The error code of exceptions 10 to 13 is a selector, or 0 (section 6.13). */
#define SELECTOR_ERROR_EXTERNAL 0x1u /* not the program's own doing */
#define SELECTOR_ERROR_IDT      0x2u /* a gate of the interrupt table, not a segment */

/* vector: below TRAP_VECTOR_UNUSED, or the system call's.
 * handler runs on the current kernel stack with interrupts off. */
void trap_register(unsigned vector, trap_handler_t handler);

/* trap.c: by vector; trap.asm calls through it. */
extern trap_handler_t trap_handlers[TRAP_VECTORS];

/* trap.c: what exceptions lead to that nobody has registered for. */
void trap_exception(struct trap_frame *frame);

/* trap.c: where a gate for vector leads (trap_stubs.inc), and whether ring 3 may use it by `int
 * n`. */
vaddr_t trap_stub_of(unsigned vector);
bool trap_is_for_users(unsigned vector);

/*
 * trap_gates.c: fills and loads the interrupt descriptor table. Gates are DPL 0 (an `int n` from
 * ring 3 is a general protection fault) but for breakpoint, overflow and the system call. Says so
 * if a kernel stack that overflows will reset the machine.
 */
void trap_load_gates(void);

/* trap.asm: restores the frame at the stack pointer and irets. A new task starts here. */
void trap_return(void);

#endif
