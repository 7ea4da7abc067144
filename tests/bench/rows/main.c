/*
 * main.c - init that measures and prints the tables of rows.h: a part of `make bench`, and of `make
 * bench-linux`.
 *
 * Ends with 0, or with 1 if a row is above its goal.
 */
#include <stdio.h>

#include "rows.h"

#define ROUNDS 8

static bool is_above_goal;

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

static void measure(const struct row *row)
{
    uint32_t cost = row->cost();

    printf("%-*s %10u %12s %8s ", ROW_NAME_COLUMNS, row->name, (unsigned)cost, "-", "-");
    if (row->goal == NO_GOAL) {
        printf("%8s\n", "-");
        return;
    }
    printf("%8u%s\n", (unsigned)row->goal, cost > row->goal ? "  ABOVE" : "");
    is_above_goal |= cost > row->goal;
}

int main(void)
{
    static const struct row *const tables[] = {memory_rows, process_rows, fork_rows,
                                               pipe_rows,   file_rows,    system_rows};

    system_begin();
    printf("\n%-*s %10s %12s %8s %8s\n", ROW_NAME_COLUMNS, "from ring 3 (instructions, bytes)",
           "cost", "reference", "ratio", "goal");
    for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct row *row = tables[i]; row->name != NULL; row++) {
            measure(row);
        }
    }
    printf("the last row was measured\n");
    system_end(is_above_goal ? 1 : 0);
}
