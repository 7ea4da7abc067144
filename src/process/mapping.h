/*
 * process/mapping.h - mmap, munmap and mprotect, by POSIX's rules; abi/mapping.h says what can be
 * asked for.
 *
 * Fixed places are the process heap and, of a 32-bit program, what is left of its program's 12 MiB;
 * never what process_malloc() gave out, the break, the program itself or a stack. A page can be
 * written to or executed, not
 * both: -EINVARG.
 */
#ifndef PROCESS_MAPPING_H
#define PROCESS_MAPPING_H

#include "abi/mapping.h"
#include "process/process.h"

struct file;

/*
 * Maps for the running process. file: the open file, or NULL for MAPPING_ANONYMOUS. The address;
 * -EINVARG for what is not allowed; -ENOMEM; -ERDONLY: a file that is not open for writing cannot
 * be changed through a shared mapping; -EMODE: one that is not open for reading cannot be mapped;
 * -EISDIR. May wait.
 */
intptr_t mapping_add(struct process *process, const struct memory_mapping *mapping,
                     struct file *file);

/* Unmaps what of [address, address + length) is mapped so. 0; -EINVARG: something else is there;
 * -ENOMEM. */
int mapping_remove(struct process *process, vaddr_t address, size_t length);

/* Changes the rights of all pages of the range, which is mapped or the program's. 0; -EINVARG;
 * -ENOMEM: nothing is there, or it cannot be promised; -ERDONLY. */
int mapping_protect(struct process *process, vaddr_t address, size_t length, uint32_t rights);

/*
 * What was written to shared mappings of files there goes to these, and to the disk. 0; -EINVARG:
 * address is no multiple of a page; -ENOMEM: a part of it is in no area; and as node_sync(). May
 * wait.
 */
int mapping_sync(struct process *process, vaddr_t address, size_t length);

#endif
