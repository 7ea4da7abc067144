/*
 * syscall/sys_memory.c - process_malloc and process_free as commands 4 and 5.
 */
#include "syscall/syscall.h"
#include "task/process.h"

/* malloc(size): the address, or 0 */
uint32_t sys_malloc(const uint32_t *arguments)
{
    return (uint32_t)process_malloc(process_current(), arguments[0]);
}

/* free(ptr): 0 or -EINVARG */
uint32_t sys_free(const uint32_t *arguments)
{
    return (uint32_t)process_free(process_current(), (void *)arguments[0]);
}
