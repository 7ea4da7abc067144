/*
 * debug/backtrace.h - which function called which, with names.
 *
 * Follows saved frame pointers (the kernel is built with -fno-omit-frame-pointer), with a
 * bound on the depth and a check on every frame, so that a damaged stack ends
 * the list and not the kernel.
 */
#ifndef DEBUG_BACKTRACE_H
#define DEBUG_BACKTRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/types.h"

/* printk()s a line for each caller, from the kernel code that frame interrupted; twelve lines at
 * most. It goes on through interrupts to the interrupted code. */
struct trap_frame;
void backtrace_print(const struct trap_frame *frame);

/* The address that trap handlers return to; above that return address lies their trap frame. */
void backtrace_set_trap_return(vaddr_t address);

/*
 * Sets the function that says whether the byte at an address can be read without a fault. Until
 * paging registers its answer, all places where a kernel stack can be are taken for readable.
 */
void backtrace_set_address_check(bool (*is_readable)(vaddr_t address));

/*
 * The function that address lies in, and the offset into it. NULL when it is
 * not in the kernel's text. The table is made by tools/mksymbols.py from the
 * kernel's own ELF symbols and linked in. The name, cut to SYMBOL_NAME_BYTES
 * with its NUL, is good for SYMBOL_NAMES_KEPT - 1 further calls.
 */
#define SYMBOL_NAME_BYTES 48
#define SYMBOL_NAMES_KEPT 4

const char *symbol_find(vaddr_t address, uint32_t *offset);

#endif
