/*
 * syscall/sys_process.c - a program's own end, and the call that only shows how calls work.
 */
#include "syscall/syscall.h"
#include "task/process.h"

/* sum(a, b): a + b */
uint32_t sys_sum(const uint32_t *arguments)
{
    return arguments[0] + arguments[1];
}

/* exit(): as with status 0 */
uint32_t sys_exit(const uint32_t *arguments)
{
    (void)arguments;
    process_exit(0);
}

/* exit_status(status) */
uint32_t sys_exit_status(const uint32_t *arguments)
{
    process_exit((int)arguments[0]);
}
