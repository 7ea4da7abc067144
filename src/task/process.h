/*
 * task/process.h - a program at work: its address space, its memory, its end.
 */
#ifndef TASK_PROCESS_H
#define TASK_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "abi/file.h"
#include "abi/syscalls.h"
#include "fs/file.h"
#include "memory/paging/paging.h"
#include "task/task.h"

struct process {
    uint32_t id;
    char name[PROCESS_NAME_BYTES]; /* the file's, without the path */
    struct task task;
    struct paging_4gb_chunk *chunk;
    vaddr_t heap_next; /* where process_malloc() looks first */
    int exit_status;
    struct file *files[FILE_DESCRIPTORS_MAX]; /* descriptor FILE_DESCRIPTOR_FIRST + i; NULL: free */
    uint32_t poll_tick; /* getkey() calls in vain: in which tick, how many */
    uint32_t polls;
};

/* Registers for faults of user code. */
void process_initialise(void);

/*
 * Loads the ELF program at path into a new process, ready to run: program, user stack, kernel
 * stack. On failure everything is given back: -ENOMEM, -EINFORMAT, and the errors of fs/file.h.
 */
int process_load(const char *path, struct process **process);

/* Lets it run. */
void process_start(struct process *process);

/* The process whose task is running. Never call this while the kernel idles. */
struct process *process_current(void);

/* Ends the running process: its memory goes back now, the rest when it is destroyed. */
void process_exit(int status) __attribute__((noreturn));

/* Called with the status when the first process that was started ends. */
void process_set_init_exit_handler(void (*handler)(int status));

/* Gives back all that a process holds. It must not be running. */
void process_destroy(struct process *process);

/*
 * process_memory.c: the process's own heap, from PROCESS_HEAP_ADDRESS.
 *
 * process_malloc returns zeroed memory in whole pages, page-aligned, in the address space of
 * process, or NULL: for 0, for more than there is, when out of memory.
 * process_free gives back what process_malloc returned; anything else is -EINVARG and changes
 * nothing. NULL is fine. A later touch of the pages faults.
 */
void *process_malloc(struct process *process, size_t size);
int process_free(struct process *process, void *ptr);

#endif
