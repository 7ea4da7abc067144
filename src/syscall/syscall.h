/*
 * syscall/syscall.h - the system calls: abi/syscalls.def has the table, docs/syscalls.md the
 * descriptions.
 *
 * SYSCALL_NAME's handler is sys_name(). It gets as many arguments as the table says, a word each:
 * those that the table calls INT or NUMBER count as int or uint32_t, whatever their upper half. The
 * result goes to the program: a negated error (status.h), or anything else.
 */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

typedef intptr_t (*syscall_handler_t)(const uintptr_t *arguments);

#define SYSCALL(number, NAME, name, ...) intptr_t sys_##name(const uintptr_t *arguments);
#include "abi/syscalls.def"
#undef SYSCALL

/* Takes over the two ways in: vector 0x80, and the instruction `syscall` where there is one. */
void syscall_initialise(void);

/* sys_memory.c: from now on a line on the console for each malloc and free, or none. */
void sys_memory_set_trace(bool is_on);

#endif
