/*
 * arch/x86_64/words_inline.h - arch/words.h for words of 8 bytes.
 */
#ifndef ARCH_X86_64_WORDS_INLINE_H
#define ARCH_X86_64_WORDS_INLINE_H

static inline void *words_fill(void *to, size_t count, uintptr_t word)
{
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(word) : "memory");
    return to;
}

static inline void *words_fill_bytes(void *to, size_t count, uintptr_t word)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(word) : "memory");
    return to;
}

static inline void words_copy(void *to, const void *from, size_t count, size_t bytes)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

/* One asm: nothing of the compiler's runs with the flag set. A word's address is that of its lowest
 * byte. */
static inline void words_copy_down(void *to, const void *from, size_t count, size_t bytes)
{
    __asm__ volatile("std\n\t"
                     "rep movsb\n\t"
                     "sub $7, %0\n\t"
                     "sub $7, %1\n\t"
                     "mov %3, %2\n\t"
                     "rep movsq\n\t"
                     "cld"
                     : "+D"(to), "+S"(from), "+c"(bytes)
                     : "r"(count)
                     : "memory", "cc");
}

static inline void words_compare(const uint8_t **left, const uint8_t **right, size_t count)
{
    __asm__ volatile("repe cmpsq" : "+S"(*left), "+D"(*right), "+c"(count) : : "memory", "cc");
}

#endif
