/*
 * arch/words.h - rows of words, filled, copied and compared by the CPU's own string instructions
 * (Intel SDM volume 2, STOS, MOVS, CMPS): the loop is in the CPU, and what is not aligned is right,
 * only slower. Word: uintptr_t. All expect the direction flag to be clear and leave it so; none
 * touches FPU or SSE.
 */
#ifndef ARCH_WORDS_H
#define ARCH_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/types.h"

/* Stores word, or its lowest byte, count times from `to` on. Returns the address behind. */
static inline void *words_fill(void *to, size_t count, uintptr_t word);
static inline void *words_fill_bytes(void *to, size_t count, uintptr_t word);

/* Copies count words and then `bytes` bytes, upwards: right also when `to` lies below `from` and
 * they overlap. */
static inline void words_copy(void *to, const void *from, size_t count, size_t bytes);

/* The same downwards: to and from are the addresses of the last byte of each, and the bytes go
 * first. Right also when `to` lies above `from` and they overlap. */
static inline void words_copy_down(void *to, const void *from, size_t count, size_t bytes);

/* Compares count words, at least 1. *left and *right then are behind the first that differ, or
 * behind the last. */
static inline void words_compare(const uint8_t **left, const uint8_t **right, size_t count);

#include "arch/x86/words_inline.h"

#endif
