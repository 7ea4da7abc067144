/*
 * lib/string.c - memory and string functions, for the kernel and for programs.
 *
 * The block functions use the CPU's string instructions (arch/words.h), a word at a time and the
 * last bytes one by one: the code stays small. The direction flag is clear on entry and on return,
 * as the ABI has it; an interrupt entry must therefore cld, since it can come while memmove() has
 * it set.
 *
 * On a host the C library has the standard functions already and only the others are built. A
 * test that wants these first gives them other names: #define memset drupe_memset ...
 */
#include "lib/string.h"

#include <stdint.h>

#include "arch/words.h"

#define WORD_BYTES sizeof(uintptr_t)

#if !__STDC_HOSTED__ || defined(memset)

/* GCC may turn a loop into a call of memset or strlen: here, that would be a call of itself. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memset(void *destination, int byte, size_t length)
{
    size_t words = length / WORD_BYTES;
    size_t bytes = length % WORD_BYTES;
    uintptr_t pattern = (uint8_t)byte * (UINTPTR_MAX / 0xFF);

    words_fill_bytes(words_fill(destination, words, pattern), bytes, pattern);
    return destination;
}

void *memcpy(void *destination, const void *source, size_t length)
{
    words_copy(destination, source, length / WORD_BYTES, length % WORD_BYTES);
    return destination;
}

void *memmove(void *destination, const void *source, size_t length)
{
    /* Copying upwards is right unless the destination starts inside the source: below it, the
     * difference wraps to a number larger than any length. */
    if ((uintptr_t)destination - (uintptr_t)source >= length) {
        return memcpy(destination, source, length);
    }
    words_copy_down((uint8_t *)destination + length - 1, (const uint8_t *)source + length - 1,
                    length / WORD_BYTES, length % WORD_BYTES);
    return destination;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *left = a;
    const uint8_t *right = b;

    if (length >= WORD_BYTES) {
        uintptr_t left_word, right_word;

        words_compare(&left, &right, length / WORD_BYTES);
        /* Both are now after the word that differs, or after the last. */
        length %= WORD_BYTES;
        __builtin_memcpy(&left_word, left - WORD_BYTES, WORD_BYTES);
        __builtin_memcpy(&right_word, right - WORD_BYTES, WORD_BYTES);
        if (left_word != right_word) {
            left -= WORD_BYTES;
            right -= WORD_BYTES;
            length = WORD_BYTES;
        }
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
