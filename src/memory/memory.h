/*
 * memory/memory.h - brings up all of memory management, in the one order that works.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include "memory/memory_map.h"

/* Firmware map, kernel heap, frames, paging. Ends with a sentence when the RAM does not suffice. */
void memory_initialise(void);

/* The firmware's map, as it was understood. */
const struct memory_map *memory_get_map(void);

#endif
