/*
 * arch/i386/user_access.h - where a program's memory can be: see arch/user_access.h.
 */
#ifndef ARCH_I386_USER_ACCESS_H
#define ARCH_I386_USER_ACCESS_H

#include "arch/user_access.h"

#include "layout.h"

/* Between the three ranges lie the kernel's pages, which ring 0 could touch without a fault. */
static inline vaddr_t user_range_end(vaddr_t address)
{
    if (address >= USER_STACK_BOTTOM && address < USER_STACK_TOP) {
        return USER_STACK_TOP; /* first: each call's arguments are there */
    }
    if (address >= USER_PROGRAM_ADDRESS && address < USER_PROGRAM_END) {
        return USER_PROGRAM_END;
    }
    if (address >= PROCESS_HEAP_ADDRESS && address < PROCESS_HEAP_END) {
        return PROCESS_HEAP_END;
    }
    return 0;
}

#include "arch/x86/user_access.h"

#endif
