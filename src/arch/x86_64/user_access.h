/*
 * arch/x86_64/user_access.h - see arch/user_access.h.
 *
 * With SMAP on, ring 0 may touch user pages only while RFLAGS.AC is set: it is, here, for the length
 * of one string instruction. (STAC and CLAC would do the same; POPF exists on every CPU.)
 */
#ifndef ARCH_X86_64_USER_ACCESS_H
#define ARCH_X86_64_USER_ACCESS_H

#include "arch/user_access.h"

#include "arch/x86/cpu.h"
#include "layout.h"

/* All of the lower half but its first page, which is never mapped: the kernel lies in the upper half. */
static inline vaddr_t user_range_end(vaddr_t address)
{
    return address >= PAGE_SIZE_BYTES && address < USER_END ? USER_END : 0;
}

/* Where instructions fault, trap.c goes on behind them: a line of its table says so. */
#define USER_ACCESS(instructions)     \
    "pushq %[ac]\n"                   \
    "popfq\n"                         \
    "1: " instructions "\n"           \
    "2: pushq %[clean]\n"             \
    "popfq\n"                         \
    ".pushsection .ex_table, \"a\"\n" \
    ".quad 1b, 2b\n"                  \
    ".popsection\n"
#define USER_ACCESS_FLAGS [ac] "i"(EFLAGS_CLEAN | EFLAGS_AC), [clean] "i"(EFLAGS_CLEAN)

static inline bool user_access_copy(void *destination, const void *source, size_t length)
{
    size_t qwords = length / 8;
    size_t rest = length % 8;

    __asm__ volatile(USER_ACCESS("rep movsq")
                     : "+D"(destination), "+S"(source), "+c"(qwords)
                     : USER_ACCESS_FLAGS
                     : "memory", "cc");
    if (qwords) {
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
