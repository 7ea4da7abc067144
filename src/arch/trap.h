/*
 * arch/trap.h - exceptions, interrupts and system calls: one frame, one table.
 *
 * A handler gets the registers of the code that was interrupted; frame.h says how to read them.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <stdbool.h>

#include "arch/frame.h"
#include "base/types.h"

typedef void (*trap_handler_t)(struct trap_frame *frame);

/* Takes over all vectors. After cpu_initialise(). */
void trap_initialise(void);

/* handler runs on the current kernel stack with interrupts off. */
void trap_set_syscall_handler(trap_handler_t handler);

/* Takes over exceptions raised by user code, not those that the hardware raises meanwhile; it must
 * not return to the faulting instruction without having mended the cause. */
void trap_set_user_fault_handler(trap_handler_t handler);

/* The exception's number, and what the CPU says about it beyond that (0: nothing). */
unsigned trap_number(const struct trap_frame *frame);
uintptr_t trap_error_code(const struct trap_frame *frame);

/* "page fault", "divide error", ... for an exception's number. */
const char *trap_name(unsigned number);

struct page_fault {
    vaddr_t address;
    page_rights_t access; /* PAGE_READ, PAGE_WRITE or PAGE_EXECUTE: what was tried */
    bool is_present;      /* a page is mapped there, and forbids it */
};

/* Takes over page faults of the instructions by which the kernel touches a program's memory
 * (arch/user_access.h). 0: the page is there now, the instruction is to be tried again; an error:
 * it stops there. */
void trap_set_user_page_handler(int (*handler)(const struct page_fault *fault));

/* Which error it was that such an instruction has stopped at: to be asked at once. */
int trap_user_page_error(void);

/* Is the frame of a page fault? Then *fault says which; else it is as it was. Before another can
 * come. */
bool trap_get_page_fault(const struct trap_frame *frame, struct page_fault *fault);

/* Is it of a fault that came while the CPU delivered another one? */
bool trap_is_double_fault(const struct trap_frame *frame);

/* The address that the last page fault was about, of whatever frame. */
vaddr_t trap_last_fault_address(void);

#endif
