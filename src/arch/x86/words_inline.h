/*
 * arch/x86/words_inline.h - arch/words.h for words of 4 bytes and of 8, which differ in one letter
 * of an instruction's name.
 */
#ifndef ARCH_X86_WORDS_INLINE_H
#define ARCH_X86_WORDS_INLINE_H

#if ARCH_BITS == 64
#define WORD_SUFFIX "q"
#define WORD_LESS_1 "7" /* bytes */
#else
#define WORD_SUFFIX "l"
#define WORD_LESS_1 "3"
#endif

static inline void *words_fill(void *to, size_t count, uintptr_t word)
{
    __asm__ volatile("rep stos" WORD_SUFFIX : "+D"(to), "+c"(count) : "a"(word) : "memory");
    return to;
}

static inline void *words_fill_bytes(void *to, size_t count, uintptr_t word)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(word) : "memory");
    return to;
}

static inline void words_copy(void *to, const void *from, size_t count, size_t bytes)
{
    __asm__ volatile("rep movs" WORD_SUFFIX : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

/* One asm: nothing of the compiler's runs with the flag set. A word's address is that of its lowest
 * byte. */
static inline void words_copy_down(void *to, const void *from, size_t count, size_t bytes)
{
    __asm__ volatile("std\n\t"
                     "rep movsb\n\t"
                     "sub $" WORD_LESS_1 ", %0\n\t"
                     "sub $" WORD_LESS_1 ", %1\n\t"
                     "mov %3, %2\n\t"
                     "rep movs" WORD_SUFFIX "\n\t"
                     "cld"
                     : "+D"(to), "+S"(from), "+c"(bytes)
                     : "r"(count)
                     : "memory", "cc");
}

static inline void words_compare(const uint8_t **left, const uint8_t **right, size_t count)
{
    __asm__ volatile("repe cmps" WORD_SUFFIX
                     : "+S"(*left), "+D"(*right), "+c"(count)
                     :
                     : "memory", "cc");
}

#endif
