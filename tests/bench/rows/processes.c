/*
 * processes.c - processes: starting one and waiting for its end, alone and beside many.
 */
#include "rows.h"

#define OTHERS 300u
#define IDLE   64u

static int others[OTHERS];

/* Each runs until it sleeps: before, it has neither its stack nor its tables. */
static void others_start(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        others[i] = system_start("sleeper.elf", NULL);
        system_let_others_run();
    }
}

static void others_end(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        system_kill(others[i]);
        system_wait(others[i]);
    }
}

static void run_small(void)
{
    system_wait(system_start("small.elf", NULL));
}

static void run_large(void)
{
    system_wait(system_start("large.elf", NULL));
}

static uint32_t small_alone(void)
{
    return cost_of(run_small, 4);
}

static uint32_t large_alone(void)
{
    return cost_of(run_large, 2);
}

static uint32_t cost_beside_others(void (*run)(void), uint32_t times)
{
    others_start(OTHERS);
    uint32_t cost = cost_of(run, times);
    others_end(OTHERS);
    return cost;
}

static uint32_t small_beside_others(void)
{
    return cost_beside_others(run_small, 4);
}

static uint32_t large_beside_others(void)
{
    return cost_beside_others(run_large, 2);
}

static uint32_t end_of_each(void)
{
    others_start(OTHERS);
    uint32_t start = instructions();
    others_end(OTHERS);
    return (instructions() - start) / OTHERS;
}

static uint32_t bytes_of_a_process(void)
{
    uint32_t before = system_free_pages();
    others_start(IDLE);
    uint32_t taken = before - system_free_pages();
    others_end(IDLE);
    return taken * PAGE_BYTES / IDLE;
}

const struct row process_rows[] = {
    {"spawn + exit + wait of 24 KB", small_alone, GOAL(25000)},
    {"spawn + exit + wait of 24 KB, beside 300 others", small_beside_others, GOAL(25000)},
    {"spawn + exit + wait of 680 KB", large_alone, GOAL(60000)},
    {"spawn + exit + wait of 680 KB, beside 300 others", large_beside_others, GOAL(60000)},
    {"kill + wait of each of 300 sleepers", end_of_each, GOAL(15000)},
    /* Of 64 bits: 11 pages, 7 of which are tables. */
    {"bytes of a small idle process, spawned", bytes_of_a_process, GOAL(34816)},
    {NULL, NULL, 0},
};
