/*
 * process/process_memory.h - a process's own heap: process_malloc(), process_free() and the break,
 * by the seed's names (address_map.h says where it lies). Each is called by the process itself, and
 * others run while it takes many pages.
 */
#ifndef PROCESS_PROCESS_MEMORY_H
#define PROCESS_PROCESS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct process;
struct address_space;

/* process.c; host tests have their own. */
struct address_space *process_address_space(struct process *process);

/*
 * Zeroed memory in whole pages, page-aligned, in the address space of process; or NULL: for 0, for
 * more than there is, when out of memory. What it returns can be touched, whatever others take
 * meanwhile.
 */
void *process_malloc(struct process *process, size_t size);

/* Gives back what process_malloc() returned; anything else is -EINVARG and changes nothing. NULL is
 * fine. A later touch of the pages faults. */
int process_free(struct process *process, void *ptr);

/* What process_free() would give back: how many pages, 0 when it would not. */
size_t process_allocation_pages(struct process *process, const void *ptr);

/*
 * Moves the end of the process's contiguous heap, which starts empty at its map's break_start, by
 * delta bytes, a multiple of 4096. New pages are zeroed; those above a lowered break are given
 * back. Returns the address of the end as it was, for 0 too (it may be negative: abi/syscalls.h
 * says what is an error), or an error, with nothing changed: -EINVARG below the start or for parts
 * of pages, -ENOMEM when there are not so many pages, at the heap's end, and where process_malloc()
 * or a mapping has put something.
 */
intptr_t process_move_break(struct process *process, intptr_t delta);

#endif
