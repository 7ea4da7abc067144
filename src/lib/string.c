/*
 * lib/string.c - memory and string functions, for the kernel and for programs.
 *
 * The block functions use the CPU's string instructions, a dword at a time and the last 0 to 3
 * bytes one by one: the loop is in the CPU, the code stays small, and unaligned addresses are
 * right, only slower (Intel SDM volume 2, MOVS and STOS). The direction flag is clear on entry
 * and on return, as the ABI has it; an interrupt entry must therefore cld, since it can come
 * while memmove() has it set.
 *
 * On a host the C library has the standard functions already and only the others are built. A
 * test that wants these first gives them other names: #define memset drupe_memset ...
 */
#include "lib/string.h"

#include <stdint.h>

#if !__STDC_HOSTED__ || defined(memset)

/* GCC may turn a loop into a call of memset or strlen: here, that would be a call of itself. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memset(void *destination, int byte, size_t length)
{
    void *to = destination;
    size_t dwords = length / 4;
    size_t bytes = length % 4;
    uint32_t pattern = (uint8_t)byte * 0x01010101u;

    __asm__ volatile("rep stosl" : "+D"(to), "+c"(dwords) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(pattern) : "memory");
    return destination;
}

void *memcpy(void *destination, const void *source, size_t length)
{
    void *to = destination;
    size_t dwords = length / 4;
    size_t bytes = length % 4;

    __asm__ volatile("rep movsl" : "+D"(to), "+S"(source), "+c"(dwords) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(bytes) : : "memory");
    return destination;
}

void *memmove(void *destination, const void *source, size_t length)
{
    /* Copying upwards is right unless the destination starts inside the source: below it, the
     * difference wraps to a number larger than any length. */
    if ((uintptr_t)destination - (uintptr_t)source >= length) {
        return memcpy(destination, source, length);
    }

    /* From the top down: the odd bytes at the end first, then dwords, whose address is that of
     * their lowest byte. One asm: nothing of the compiler's runs with the flag set. */
    uint8_t *to = (uint8_t *)destination + length - 1;
    const uint8_t *from = (const uint8_t *)source + length - 1;
    size_t bytes = length % 4;
    size_t dwords = length / 4;
    __asm__ volatile("std\n\t"
                     "rep movsb\n\t"
                     "sub $3, %0\n\t"
                     "sub $3, %1\n\t"
                     "mov %3, %2\n\t"
                     "rep movsl\n\t"
                     "cld"
                     : "+D"(to), "+S"(from), "+c"(bytes)
                     : "r"(dwords)
                     : "memory", "cc");
    return destination;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *left = a;
    const uint8_t *right = b;
    size_t dwords = length / 4;

    if (dwords > 0) {
        __asm__ volatile("repe cmpsl" : "+S"(left), "+D"(right), "+c"(dwords) : : "memory", "cc");
        /* Both are now after the dword that differs, or after the last: in that one, and in the
         * bytes that are left over, is the difference, if there is one. */
        left -= 4;
        right -= 4;
        length = 4 + length % 4;
    }
    for (; length > 0; length--, left++, right++) {
        if (*left != *right) {
            return *left - *right;
        }
    }
    return 0;
}

size_t strlen(const char *string)
{
    size_t length = 0;
    while (string[length] != '\0') {
        length++;
    }
    return length;
}

size_t strnlen(const char *string, size_t max)
{
    size_t length = 0;
    while (length < max && string[length] != '\0') {
        length++;
    }
    return length;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (; max > 0; max--, a++, b++) {
        if (*a != *b || *a == '\0') {
            return (unsigned char)*a - (unsigned char)*b;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

#endif

size_t string_copy(char *destination, const char *source, size_t size)
{
    size_t length = strlen(source);
    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        memcpy(destination, source, copied);
        destination[copied] = '\0';
    }
    return length;
}

char char_to_upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

char char_to_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
