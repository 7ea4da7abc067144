/*
 * syscalls.c - the system calls as C functions, over system_call.asm.
 */
#include <stdlib.h>
#include <string.h>

#include "include/drupe.h"

#define ADDRESS(pointer) ((uint32_t)(uintptr_t)(pointer))

int system_sum(int a, int b)
{
    return system_call(SYSCALL_SUM, (uint32_t)a, (uint32_t)b, 0);
}

int print(const char *string)
{
    return system_call(SYSCALL_PRINT, ADDRESS(string), 0, 0);
}

int getkey(void)
{
    return system_call(SYSCALL_GETKEY, 0, 0, 0);
}

int getkeyblock(void)
{
    return system_call(SYSCALL_WAIT_KEY, 0, 0, 0);
}

int console_write(const void *buffer, size_t length)
{
    return system_call(SYSCALL_WRITE, ADDRESS(buffer), length, 0);
}

void *page_malloc(size_t size)
{
    return (void *)(uintptr_t)(uint32_t)system_call(SYSCALL_MALLOC, size, 0, 0);
}

int page_free(void *pages)
{
    return system_call(SYSCALL_FREE, ADDRESS(pages), 0, 0);
}

int process_load_start(const char *name)
{
    return system_call(SYSCALL_PROCESS_LOAD_START, ADDRESS(name), 0, 0);
}

int invoke_system_command(struct command_argument *command)
{
    return system_call(SYSCALL_INVOKE_SYSTEM_COMMAND, ADDRESS(command), 0, 0);
}

int process_spawn(struct command_argument *command, unsigned flags)
{
    return system_call(SYSCALL_SPAWN, ADDRESS(command), flags, 0);
}

int process_wait(int pid, int *status)
{
    return system_call(SYSCALL_WAIT, (uint32_t)pid, ADDRESS(status), 0);
}

int process_kill(int pid)
{
    return system_call(SYSCALL_KILL, (uint32_t)pid, 0, 0);
}

int process_kill_family(int pid)
{
    return system_call(SYSCALL_KILL_FAMILY, (uint32_t)pid, 0, 0);
}

int process_id(void)
{
    return system_call(SYSCALL_GETPID, 0, 0, 0);
}

int process_yield(void)
{
    return system_call(SYSCALL_YIELD, 0, 0, 0);
}

int process_sleep(uint32_t milliseconds)
{
    return system_call(SYSCALL_SLEEP, milliseconds, 0, 0);
}

int process_list(struct process_info *list, size_t capacity)
{
    return system_call(SYSCALL_PROCESS_LIST, ADDRESS(list), capacity, 0);
}

int memory_look(unsigned what, uint32_t number, void *out)
{
    return system_call(SYSCALL_MEMORY_LOOK, what, number, ADDRESS(out));
}

int seeds(unsigned document, unsigned example, char *text)
{
    return system_call(SYSCALL_SEEDS, document, example, ADDRESS(text));
}

int memory_figures(struct memory_figures *figures)
{
    return system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(figures), sizeof(*figures), 0);
}

uint32_t uptime_ms(void)
{
    return (uint32_t)system_call(SYSCALL_UPTIME, 0, 0, 0);
}

int catch_interrupt(int on)
{
    return system_call(SYSCALL_CATCH_INTERRUPT, (uint32_t)on, 0, 0);
}

int get_program_arguments(struct process_arguments *out)
{
    return system_call(SYSCALL_GET_PROGRAM_ARGUMENTS, ADDRESS(out), 0, 0);
}

void exit_status(int status)
{
    for (;;) {
        system_call(SYSCALL_EXIT_STATUS, (uint32_t)status, 0, 0);
    }
}
