/*
 * syscall/syscall.c - from command number to handler.
 */
#include "syscall/syscall.h"

#include "abi/syscalls.h"
#include "arch/trap.h"
#include "base/align.h"
#include "base/status.h"
#include "syscall/usercopy.h"
#include "process/process.h"

static uint32_t sys_unknown(const uint32_t *arguments)
{
    (void)arguments;
    return (uint32_t)-EINVARG;
}

static const struct {
    syscall_handler_t handler;
    uint32_t argument_count;
} syscalls[] = {
    [10 ... 15] = {sys_unknown, 0},
    [SYSCALL_SUM] = {sys_sum, 2},
    [SYSCALL_PRINT] = {sys_print, 1},
    [SYSCALL_GETKEY] = {sys_getkey, 0},
    [SYSCALL_PUTCHAR] = {sys_putchar, 1},
    [SYSCALL_MALLOC] = {sys_malloc, 1},
    [SYSCALL_FREE] = {sys_free, 1},
    [SYSCALL_PROCESS_LOAD_START] = {sys_process_load_start, 1},
    [SYSCALL_INVOKE_SYSTEM_COMMAND] = {sys_invoke_system_command, 1},
    [SYSCALL_GET_PROGRAM_ARGUMENTS] = {sys_get_program_arguments, 1},
    [SYSCALL_EXIT] = {sys_exit, 0},
    [SYSCALL_EXIT_STATUS] = {sys_exit_status, 1},
    [SYSCALL_WAIT_KEY] = {sys_wait_key, 0},
    [SYSCALL_WAIT] = {sys_wait, 2},
    [SYSCALL_YIELD] = {sys_yield, 0},
    [SYSCALL_SLEEP] = {sys_sleep, 1},
    [SYSCALL_GETPID] = {sys_getpid, 0},
    [SYSCALL_WRITE] = {sys_write, 2},
    [SYSCALL_SPAWN] = {sys_spawn, 2},
    [SYSCALL_KILL] = {sys_kill, 1},
    [SYSCALL_MEMORY_FIGURES] = {sys_memory_figures, 2},
    [SYSCALL_PROCESS_LIST] = {sys_process_list, 2},
    [SYSCALL_OPEN] = {sys_open, 1},
    [SYSCALL_READ] = {sys_read, 3},
    [SYSCALL_SEEK] = {sys_seek, 3},
    [SYSCALL_STAT] = {sys_stat, 2},
    [SYSCALL_DESCRIPTOR_STAT] = {sys_descriptor_stat, 2},
    [SYSCALL_READ_DIRECTORY] = {sys_read_directory, 2},
    [SYSCALL_CLOSE] = {sys_close, 1},
    [SYSCALL_UPTIME] = {sys_uptime, 0},
    [SYSCALL_CATCH_INTERRUPT] = {sys_catch_interrupt, 1},
    [SYSCALL_BREAK] = {sys_break, 1},
    [SYSCALL_MEMORY_LOOK] = {sys_memory_look, 3},
    [SYSCALL_KILL_FAMILY] = {sys_kill_family, 1},
    [SYSCALL_THREAD_POINTER] = {sys_thread_pointer, 1},
    [SYSCALL_SEEDS] = {sys_seeds, 3},
};

_Static_assert(ARRAY_SIZE(syscalls) == SYSCALL_COUNT, "every command has a handler");

static void syscall_dispatch(struct trap_frame *frame)
{
    uint32_t command = frame_syscall_number(frame);
    uint32_t arguments[SYSCALL_ARGUMENTS_MAX];

    if (command >= ARRAY_SIZE(syscalls)) {
        frame_set_result(frame, -EINVARG);
        return;
    }
    if (syscalls[command].argument_count &&
        copy_from_user(arguments, frame_stack_pointer(frame),
                       syscalls[command].argument_count * 4) < 0) {
        frame_set_result(frame, -EINVARG);
        return;
    }
    frame_set_result(frame, (intptr_t)syscalls[command].handler(arguments));
}

void syscall_initialise(void)
{
    trap_set_syscall_handler(syscall_dispatch);
    process_set_trace_handler(sys_memory_set_trace);
}
