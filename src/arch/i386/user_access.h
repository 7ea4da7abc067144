/*
 * arch/i386/user_access.h - see arch/user_access.h.
 *
 * With SMAP on, ring 0 may touch user pages only while EFLAGS.AC is set: it is, here, for the length
 * of one string instruction. (STAC and CLAC would do the same; POPF exists on every CPU.)
 */
#ifndef ARCH_I386_USER_ACCESS_H
#define ARCH_I386_USER_ACCESS_H

#include "arch/user_access.h"

#include "arch/x86/cpu.h"
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

/* Where instructions fault, trap.c goes on behind them: a line of its table says so. */
#define USER_ACCESS(instructions)     \
    "pushl %[ac]\n"                   \
    "popfl\n"                         \
    "1: " instructions "\n"           \
    "2: pushl %[clean]\n"             \
    "popfl\n"                         \
    ".pushsection .ex_table, \"a\"\n" \
    ".long 1b, 2b\n"                  \
    ".popsection\n"
#define USER_ACCESS_FLAGS [ac] "i"(EFLAGS_CLEAN | EFLAGS_AC), [clean] "i"(EFLAGS_CLEAN)

static inline bool user_access_copy(void *destination, const void *source, size_t length)
{
    size_t dwords = length / 4;
    size_t rest = length % 4;

    __asm__ volatile(USER_ACCESS("rep movsl")
                     : "+D"(destination), "+S"(source), "+c"(dwords)
                     : USER_ACCESS_FLAGS
                     : "memory", "cc");
    if (dwords) {
        return false;
    }
    if (!rest) {
        return true;
    }
    __asm__ volatile(USER_ACCESS("rep movsb")
                     : "+D"(destination), "+S"(source), "+c"(rest)
                     : USER_ACCESS_FLAGS
                     : "memory", "cc");
    return rest == 0;
}

static inline bool user_access_find_nul(vaddr_t *address, size_t length)
{
    int is_found = 0;

    /* Stops behind the NUL with ZF set. */
    __asm__ volatile(USER_ACCESS("repne scasb\n sete %b0")
                     : "+q"(is_found), "+D"(*address), "+c"(length)
                     : "a"(0), USER_ACCESS_FLAGS
                     : "memory", "cc");
    return is_found;
}

#endif
