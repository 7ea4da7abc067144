/*
 * process/area_look.h - what memory_look() shows of a process's addresses. abi/syscalls.h says what
 * is in the structs.
 */
#ifndef PROCESS_AREA_LOOK_H
#define PROCESS_AREA_LOOK_H

#include <stdint.h>

#include "abi/syscalls.h"
#include "base/types.h"

/*
 * The first area that ends above address, of the process that area->pid names, in *area; what of
 * process_malloc()'s memory lies between two areas, from address on, is one as well. 0; -ENOENT:
 * there is no further one; -EINVARG: no such process lives; -EINTERRUPTED. Others run while a large
 * area is counted: then the counts are about right.
 */
int area_look(vaddr_t address, struct memory_area *area);

/* How many pages the faults of that process (0: the running one) have brought. 0 or -EINVARG. */
int area_look_faults(uint32_t pid, struct memory_faults *faults);

#endif
