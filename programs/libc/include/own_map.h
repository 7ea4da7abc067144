/*
 * own_map.h - where this program's own memory lies (src/process/address_map.h): a 32-bit program
 * has one map, a 64-bit program another. layout.h gives 32-bit programs theirs by the names of the
 * other, too.
 */
#ifndef OWN_MAP_H
#define OWN_MAP_H

#include <stdint.h>

#include "layout.h"

#define IS_64_BIT (sizeof(uintptr_t) > 4)

/* A stack is as large as a file asks for; the programs that are linked with this C library ask for
 * nothing. */
#define OWN_STACK_TOP    ((uintptr_t)USER64_STACK_TOP)
#define OWN_STACK_BOTTOM (OWN_STACK_TOP - USER_STACK_BYTES)

/* What process_malloc() gives out, then the break. */
#define OWN_HEAP_START  ((uintptr_t)USER64_AREAS_ADDRESS)
#define OWN_BREAK_START ((uintptr_t)USER64_BREAK_ADDRESS)
#define OWN_HEAP_END    ((uintptr_t)USER64_HEAP_END)

#endif
