/*
 * arch/x86/user_access.h - what both halves of arch/user_access.h have in common: the instructions.
 *
 * With SMAP on, ring 0 may touch user pages only while EFLAGS.AC is set: it is, here, for the
 * length of one string instruction. (STAC and CLAC would do the same; POPF exists on every CPU.)
 */
#ifndef ARCH_X86_USER_ACCESS_H
#define ARCH_X86_USER_ACCESS_H

#include "arch/words.h"
#include "arch/x86/cpu.h"

#if ARCH_BITS == 64
#define WORD_DIRECTIVE ".quad"
#else
#define WORD_DIRECTIVE ".long"
#endif

/* Where instructions fault, trap.c goes on behind them: a line of its table says so. */
#define USER_ACCESS(instructions)                                \
    "push" WORD_SUFFIX " %[ac]\n"                                \
    "popf" WORD_SUFFIX "\n"                                      \
    "1: " instructions "\n"                                      \
    "2: push" WORD_SUFFIX " %[clean]\n"                          \
    "popf" WORD_SUFFIX "\n"                                      \
    ".pushsection .ex_table, \"a\"\n" WORD_DIRECTIVE " 1b, 2b\n" \
    ".popsection\n"
#define USER_ACCESS_FLAGS [ac] "i"(EFLAGS_CLEAN | EFLAGS_AC), [clean] "i"(EFLAGS_CLEAN)

static inline bool user_access_copy(void *destination, const void *source, size_t length)
{
    size_t words = length / sizeof(uintptr_t);
    size_t rest = length % sizeof(uintptr_t);

    __asm__ volatile(USER_ACCESS("rep movs" WORD_SUFFIX)
                     : "+D"(destination), "+S"(source), "+c"(words)
                     : USER_ACCESS_FLAGS
                     : "memory", "cc");
    if (words) {
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
