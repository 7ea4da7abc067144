/*
 * tests/kernel/x86_64/watching_entry.c - system calls by SYSCALL are watched like those by the gate
 * (watching.h).
 */
#include "arch/x86_64/syscall_entry.h"
#include "watching.h"

static syscall_entry_handler_t entry_handler;

static void call_handler(struct trap_frame *frame)
{
    frame_set_result(frame, entry_handler(frame));
}

/* The result goes to a copy of the frame, from where it is returned. */
static intptr_t watched_entry(const struct trap_frame *frame)
{
    struct trap_frame copy = *frame;

    watching_call(&copy, call_handler);
    return (intptr_t)frame_syscall_number(&copy);
}

/* ld: a call of syscall_entry_register() goes there. */
void __real_syscall_entry_register(syscall_entry_handler_t handler);
void __wrap_syscall_entry_register(syscall_entry_handler_t handler);
void __wrap_syscall_entry_register(syscall_entry_handler_t handler)
{
    entry_handler = handler;
    __real_syscall_entry_register(watched_entry);
}
