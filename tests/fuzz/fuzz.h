/*
 * fuzz.h - what the fuzzers have in common.
 *
 * Each fuzz_NAME.c makes something of any bytes, and ends the program when a promise of the module
 * that it attacks does not hold. It is built twice: by clang with libFuzzer, which looks for bytes
 * that reach new code (make fuzz), and with driver.c, which runs a fixed number of inputs made from
 * the fuzzer's seeds and a fixed number (the tests).
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_INPUT_MAX 4096 /* bytes */

/* libFuzzer's name for it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes example number `number`, from 0, of at most FUZZ_INPUT_MAX bytes; 0 when there is none. */
size_t fuzz_seed(unsigned number, uint8_t *data);

#define FUZZ_CHECK(condition)                                                         \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

/* The input, taken from its front; zeros when it is used up. */
struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->data++;
}

static inline uint16_t fuzz_word(struct fuzz_input *input)
{
    uint16_t low = fuzz_byte(input);

    return (uint16_t)(low | fuzz_byte(input) << 8);
}

static inline uint32_t fuzz_dword(struct fuzz_input *input)
{
    uint32_t low = fuzz_word(input);

    return low | (uint32_t)fuzz_word(input) << 16;
}

/* xorshift (Marsaglia, 2003): the same numbers everywhere. state is not 0. */
static inline uint32_t fuzz_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A seed of length random bytes, for fuzzers whose every input means something. */
static inline size_t fuzz_seed_random(unsigned number, uint8_t *data, size_t length)
{
    uint32_t state = 2463534242u + number * 7919u;

    for (size_t i = 0; i < length; i++) {
        data[i] = (uint8_t)(fuzz_random(&state) >> 11);
    }
    return length;
}

#endif
