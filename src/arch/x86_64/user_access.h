/*
 * arch/x86_64/user_access.h - where a program's memory can be: see arch/user_access.h.
 */
#ifndef ARCH_X86_64_USER_ACCESS_H
#define ARCH_X86_64_USER_ACCESS_H

#include "arch/user_access.h"

#include "layout.h"

/* All of the lower half but its first page, which is never mapped: the kernel lies in the upper
 * half. */
static inline vaddr_t user_range_end(vaddr_t address)
{
    return address >= PAGE_SIZE_BYTES && address < USER_END ? USER_END : 0;
}

#include "arch/x86/user_access.h"

#endif
