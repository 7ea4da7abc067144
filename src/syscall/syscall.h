/*
 * syscall/syscall.h - the system calls: int 0x80, command in EAX, argument n at user ESP + 4n,
 * result in EAX. abi/syscalls.h has the numbers, docs/syscalls.md the descriptions.
 */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

#define SYSCALL_ARGUMENTS_MAX 4

/* arguments: as many as the command's line in syscall.c's table says. The result goes to EAX. */
typedef uint32_t (*syscall_handler_t)(const uint32_t *arguments);

/* Takes over vector 0x80. */
void syscall_initialise(void);

/* sys_console.c */
uint32_t sys_print(const uint32_t *arguments);
uint32_t sys_getkey(const uint32_t *arguments);
uint32_t sys_putchar(const uint32_t *arguments);
uint32_t sys_wait_key(const uint32_t *arguments);
uint32_t sys_write(const uint32_t *arguments);
uint32_t sys_catch_interrupt(const uint32_t *arguments);

/* sys_file.c */
uint32_t sys_open(const uint32_t *arguments);
uint32_t sys_read(const uint32_t *arguments);
uint32_t sys_seek(const uint32_t *arguments);
uint32_t sys_stat(const uint32_t *arguments);
uint32_t sys_descriptor_stat(const uint32_t *arguments);
uint32_t sys_read_directory(const uint32_t *arguments);
uint32_t sys_close(const uint32_t *arguments);

/* sys_memory.c */
uint32_t sys_malloc(const uint32_t *arguments);
uint32_t sys_free(const uint32_t *arguments);
uint32_t sys_break(const uint32_t *arguments);
uint32_t sys_memory_figures(const uint32_t *arguments);
/* From now on a line on the console for each malloc and free, or none. */
void sys_memory_set_trace(bool is_on);

/* sys_memory_look.c */
uint32_t sys_memory_look(const uint32_t *arguments);

/* sys_seeds.c */
uint32_t sys_seeds(const uint32_t *arguments);

/* sys_process.c */
uint32_t sys_sum(const uint32_t *arguments);
uint32_t sys_exit(const uint32_t *arguments);
uint32_t sys_exit_status(const uint32_t *arguments);
uint32_t sys_process_load_start(const uint32_t *arguments);
uint32_t sys_invoke_system_command(const uint32_t *arguments);
uint32_t sys_spawn(const uint32_t *arguments);
uint32_t sys_get_program_arguments(const uint32_t *arguments);
uint32_t sys_wait(const uint32_t *arguments);
uint32_t sys_kill(const uint32_t *arguments);
uint32_t sys_kill_family(const uint32_t *arguments);
uint32_t sys_yield(const uint32_t *arguments);
uint32_t sys_sleep(const uint32_t *arguments);
uint32_t sys_getpid(const uint32_t *arguments);
uint32_t sys_uptime(const uint32_t *arguments);
uint32_t sys_thread_pointer(const uint32_t *arguments);
uint32_t sys_process_list(const uint32_t *arguments);

#endif
