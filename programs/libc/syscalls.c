/*
 * syscalls.c - the system calls as C functions, over the stubs that abi/syscalls.def gives.
 */
#include <stdlib.h>
#include <string.h>

#include "include/drupe.h"

int system_sum(int a, int b)
{
    return syscall_sum(a, b);
}

int print(const char *string)
{
    return syscall_print(string);
}

int getkey(void)
{
    return syscall_getkey();
}

int getkeyblock(void)
{
    return syscall_wait_key();
}

int console_write(const void *buffer, size_t length)
{
    return syscall_write(buffer, length);
}

void *page_malloc(size_t size)
{
    return (void *)syscall_malloc(size);
}

int page_free(void *pages)
{
    return syscall_free(pages);
}

int process_load_start(const char *name)
{
    return syscall_process_load_start(name);
}

int invoke_system_command(struct command_argument *command)
{
    return syscall_invoke_system_command(command);
}

int process_spawn(struct command_argument *command, unsigned flags)
{
    return syscall_spawn(command, flags);
}

int process_spawn_program(const struct spawn_request *request)
{
    return (int)syscall_spawn_program(request);
}

int process_wait(int pid, int *status)
{
    return syscall_wait(pid, status);
}

int process_kill(int pid)
{
    return syscall_kill(pid);
}

int process_kill_family(int pid)
{
    return syscall_kill_family(pid);
}

int process_id(void)
{
    return syscall_getpid();
}

int process_yield(void)
{
    return syscall_yield();
}

int process_sleep(uint32_t milliseconds)
{
    return syscall_sleep(milliseconds);
}

int process_list(struct process_info *list, size_t capacity)
{
    return syscall_process_list(list, capacity);
}

int memory_look(unsigned what, uintptr_t number, void *out)
{
    return syscall_memory_look(what, number, out);
}

int seeds(unsigned document, unsigned example, char *text)
{
    return syscall_seeds(document, example, text);
}

int memory_figures(struct memory_figures *figures)
{
    return syscall_memory_figures(figures, sizeof(*figures));
}

uint32_t uptime_ms(void)
{
    return (uint32_t)syscall_uptime();
}

int catch_interrupt(int on)
{
    return syscall_catch_interrupt((uint32_t)on);
}

int get_program_arguments(struct process_arguments *out)
{
    return syscall_get_program_arguments(out);
}

void exit_status(int status)
{
    for (;;) {
        syscall_exit_status(status);
    }
}
