/*
 * syscall/syscall.c - from command number to handler.
 */
#include "syscall/syscall.h"

#include "abi/syscalls.h"
#include "arch/x86/trap.h"
#include "lib/align.h"
#include "status.h"
#include "syscall/usercopy.h"

static const struct {
    syscall_handler_t handler; /* NULL: no such command */
    uint32_t argument_count;
} syscalls[] = {
    [SYSCALL_SUM] = {sys_sum, 2},
    [SYSCALL_PRINT] = {sys_print, 1},
    [SYSCALL_GETKEY] = {sys_getkey, 0},
    [SYSCALL_PUTCHAR] = {sys_putchar, 1},
    [SYSCALL_MALLOC] = {sys_malloc, 1},
    [SYSCALL_FREE] = {sys_free, 1},
    [SYSCALL_EXIT] = {sys_exit, 0},
    [SYSCALL_EXIT_STATUS] = {sys_exit_status, 1},
    [SYSCALL_WAIT_KEY] = {sys_wait_key, 0},
    [SYSCALL_OPEN] = {sys_open, 1},
    [SYSCALL_READ] = {sys_read, 3},
    [SYSCALL_SEEK] = {sys_seek, 3},
    [SYSCALL_STAT] = {sys_stat, 2},
    [SYSCALL_DESCRIPTOR_STAT] = {sys_descriptor_stat, 2},
    [SYSCALL_READ_DIRECTORY] = {sys_read_directory, 2},
    [SYSCALL_CLOSE] = {sys_close, 1},
};

static void syscall_dispatch(struct trap_frame *frame)
{
    uint32_t command = frame->eax;
    uint32_t arguments[SYSCALL_ARGUMENTS_MAX];

    if (command >= ARRAY_SIZE(syscalls) || !syscalls[command].handler) {
        frame->eax = (uint32_t)-EINVARG;
        return;
    }
    if (syscalls[command].argument_count &&
        copy_from_user(arguments, frame->esp, syscalls[command].argument_count * 4) < 0) {
        frame->eax = (uint32_t)-EINVARG;
        return;
    }
    frame->eax = syscalls[command].handler(arguments);
}

void syscall_initialise(void)
{
    sys_console_initialise();
    trap_register(TRAP_VECTOR_SYSCALL, syscall_dispatch);
}
