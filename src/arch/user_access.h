/*
 * arch/user_access.h - the instructions that touch a program's memory, and stop where they fault.
 *
 * For memory/user.c, which checks ranges and has the functions for everybody else, for
 * syscall/usercopy.c (strings), and for the arguments of a call (syscall.c). The CPU finds out
 * whether a page exists and allows the access: each instruction that may fault is listed in
 * .ex_table with the address where trap.c goes on instead. Where the CPU keeps the kernel out of a
 * user's pages (SMAP), they are open for the length of one instruction. Interrupts are off, as in
 * all of the kernel.
 */
#ifndef ARCH_USER_ACCESS_H
#define ARCH_USER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"

/*
 * The end of the range of user memory that address lies in; 0 when no program can have anything
 * there. No page of the kernel's lies in such a range, whatever the page tables say.
 */
static inline vaddr_t user_range_end(vaddr_t address);

/* Copies length bytes from or to a user's memory. False: not all of them, as a page is missing or
 * forbids it. */
static inline bool user_access_copy(void *destination, const void *source, size_t length);

/* Looks for a NUL in the length bytes from *address on, at least 1. True: *address is behind it.
 * False: there is none, or a page is missing. */
static inline bool user_access_find_nul(vaddr_t *address, size_t length);

#if ARCH_BITS == 64
#include "arch/x86_64/user_access.h"
#else
#include "arch/i386/user_access.h"
#endif

#endif
