/*
 * random.h - the same random numbers on every host: xorshift (Marsaglia, 2003).
 */
#ifndef TESTS_HOST_RANDOM_H
#define TESTS_HOST_RANDOM_H

#include <stdint.h>

static uint32_t random_state = 1; /* the seed; not 0 */

/* 0 to limit - 1. */
static inline uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

#endif
