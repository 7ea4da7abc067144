/*
 * tests/kernel/x86_64/watching_entry.c - system calls by SYSCALL are watched like those by the gate (watching.h).
 */
#include "arch/x86_64/syscall_entry.h"
#include "watching.h"

static trap_handler_t entry_handler;

static void watched_entry(struct trap_frame *frame)
{
    watching_call(frame, entry_handler);
}

/* ld: a call of syscall_entry_register() goes there. */
void __real_syscall_entry_register(trap_handler_t handler);
void __wrap_syscall_entry_register(trap_handler_t handler);
void __wrap_syscall_entry_register(trap_handler_t handler)
{
    entry_handler = handler;
    __real_syscall_entry_register(watched_entry);
}
