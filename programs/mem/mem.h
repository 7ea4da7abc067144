/*
 * mem.h - the parts of mem. Each prints, and returns main()'s status.
 */
#ifndef MEM_H
#define MEM_H

#include <stdint.h>

/* Every block that the kernel manages, by owner. */
int show_map(void);

/* The same at the top of the screen, again and again, until a key is pressed. */
int show_live_map(void);

/* The translation of an address; pid 0 is this process. */
int show_walk(uintptr_t address, uint32_t pid);

/* What the process's addresses mean, one line for each area; its page faults. */
int show_areas(uint32_t pid);

/* All of an address space, one line for each stretch with the same rights. */
int show_layout(uint32_t pid);

#endif
