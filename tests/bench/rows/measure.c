/*
 * measure.c - what rows measure with: rounds, a buffer, random numbers.
 */
#include <stdio.h>

#include "rows.h"

#define ROUNDS 8

static void nothing(void)
{
    __asm__ volatile("");
}

static uint32_t least_of_rounds(void (*volatile operation)(void), uint32_t times)
{
    uint32_t least = UINT32_MAX;
    operation(); /* what only the first one pays */
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t start = instructions();
        for (uint32_t i = 0; i < times; i++) {
            operation();
        }
        uint32_t cost = (instructions() - start) / times;
        least = cost < least ? cost : least;
    }
    return least;
}

uint32_t cost_of(void (*operation)(void), uint32_t times)
{
    return least_of_rounds(operation, times) - least_of_rounds(nothing, times);
}

char *row_buffer(void)
{
    static char *buffer;

    if (!buffer) {
        buffer = (char *)system_map(ROW_BUFFER_BYTES);
    }
    return buffer;
}

static uint32_t random_state;

void random_restart(void)
{
    random_state = 12345;
}

/* George Marsaglia, "Xorshift RNGs" (2003). */
uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

void give_up(const char *why)
{
    printf("bench: %s\n", why);
    system_end(255);
}
