/*
 * memory.c - memory: pages from the kernel, and malloc.
 *
 * Giving back what was just taken is the easiest that can be asked of an allocator. So beside each
 * such pair stands how it does where free memory is in pieces:
 *
 *   "every other page free"   20,000 pages side by side, of which every other one was given back
 *   "spread"                  a page lives in each 64, from the lowest address as far as these reach
 *   "nearly full"             a few pages are free in all the machine (system_drupe.c has this row: Linux
 *                             would begin to take memory away from others)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define LIVE        20000u
#define SPREAD      4000u
#define SPREAD_STEP 64u

/* ---------------------------------------------------------------- what lives meanwhile */

static void **live; /* room for LIVE pointers */

static void live_begin(void)
{
    live = system_get(LIVE * sizeof(*live));
    if (live == NULL) {
        give_up("no memory for the list of what lives");
    }
}

static void live_take(uint32_t index)
{
    live[index] = system_get(PAGE_BYTES);
    if (live[index] == NULL) {
        give_up("no memory for what lives");
    }
    *(volatile char *)live[index] = 1;
}

static void live_end(void)
{
    if (live == NULL) {
        return;
    }
    for (uint32_t i = 0; i < LIVE; i++) {
        if (live[i] != NULL) {
            system_give_back(live[i], PAGE_BYTES);
        }
    }
    system_give_back(live, LIVE * sizeof(*live));
}

/* No list either: the first allocation brings a page table, and the last takes it away. */
static void nothing_lives(void)
{
    live = NULL;
}

static void side_by_side(uint32_t count)
{
    live_begin();
    for (uint32_t i = 0; i < count; i++) {
        live_take(i);
    }
}

static void one_thousand_live(void)
{
    side_by_side(1000);
}

static void all_live(void)
{
    side_by_side(LIVE);
}

static void every_other_free(void)
{
    all_live();
    for (uint32_t i = 0; i < LIVE; i += 2) {
        system_give_back(live[i], PAGE_BYTES);
        live[i] = NULL;
    }
}

/* What is between two pages is given back when the next is there, so that next and first fit both
 * go on. */
static void spread(void)
{
    void *between = NULL;
    live_begin();
    for (uint32_t i = 0; i < SPREAD; i++) {
        void *next = system_get((SPREAD_STEP - 1) * PAGE_BYTES);
        live_take(i);
        if (between != NULL) {
            system_give_back(between, (SPREAD_STEP - 1) * PAGE_BYTES);
        }
        between = next;
    }
    if (between != NULL) {
        system_give_back(between, (SPREAD_STEP - 1) * PAGE_BYTES);
    }
}

static uint32_t cost_beside(void (*others)(void), void (*operation)(void), uint32_t times)
{
    others();
    uint32_t cost = cost_of(operation, times);
    live_end();
    return cost;
}

/* ---------------------------------------------------------------- pairs */

static void pair(uint32_t pages, bool is_touched)
{
    volatile char *memory = system_get(pages * PAGE_BYTES);
    if (memory == NULL) {
        give_up("no memory for a pair");
    }
    for (uint32_t i = 0; is_touched && i < pages; i++) {
        memory[i * PAGE_BYTES] = 1;
    }
    system_give_back((void *)memory, pages * PAGE_BYTES);
}

static void one_page(void)
{
    pair(1, true);
}

static void two_pages(void)
{
    pair(2, true);
}

static void touched_64_kib(void)
{
    pair(16, true);
}

static void untouched_64_kib(void)
{
    pair(16, false);
}

static void untouched_1_mib(void)
{
    pair(256, false);
}

static uint32_t page_alone(void)
{
    return cost_beside(nothing_lives, one_page, 500);
}

static uint32_t page_beside_1000(void)
{
    return cost_beside(one_thousand_live, one_page, 500);
}

static uint32_t page_beside_all(void)
{
    return cost_beside(all_live, one_page, 500);
}

static uint32_t page_in_a_hole(void)
{
    return cost_beside(every_other_free, one_page, 100);
}

static uint32_t two_pages_beside_holes(void)
{
    return cost_beside(every_other_free, two_pages, 10);
}

static uint32_t touched_alone(void)
{
    return cost_beside(nothing_lives, touched_64_kib, 50);
}

static uint32_t touched_beside_holes(void)
{
    return cost_beside(every_other_free, touched_64_kib, 10);
}

static uint32_t untouched_alone(void)
{
    return cost_beside(nothing_lives, untouched_64_kib, 50);
}

static uint32_t untouched_beside_holes(void)
{
    return cost_beside(every_other_free, untouched_64_kib, 10);
}

static uint32_t large_alone(void)
{
    return cost_beside(nothing_lives, untouched_1_mib, 20);
}

static uint32_t large_beside_holes(void)
{
    return cost_beside(every_other_free, untouched_1_mib, 10);
}

static uint32_t large_beside_spread(void)
{
    return cost_beside(spread, untouched_1_mib, 4);
}

static void live_shuffle(void)
{
    random_restart();
    for (uint32_t i = LIVE - 1; i > 0; i--) {
        uint32_t other = random_below(i + 1);
        void *page = live[i];
        live[i] = live[other];
        live[other] = page;
    }
}

static uint32_t random_one_of_all(void)
{
    all_live();
    live_shuffle();
    uint32_t start = instructions();
    for (uint32_t i = 0; i < LIVE; i++) {
        system_give_back(live[i], PAGE_BYTES);
        live[i] = NULL;
    }
    uint32_t cost = (instructions() - start) / LIVE;
    live_end();
    return cost;
}

/* ---------------------------------------------------------------- at random */

#define CALLS        200000u
#define BATCH        1000u /* their sum fits 32 bits */
#define ROOM         8000u
#define LIVE_PERCENT 60u

static struct {
    char *memory;
    uint32_t pages;
} * pieces; /* room for ROOM */
static uint32_t piece_count, pages_live, refused;

/* From 1 to 64, each power of two as often as the others. */
static uint32_t random_pages(void)
{
    uint32_t power = random_below(7);
    return power == 6 ? 64 : (1u << power) + random_below(1u << power);
}

static void random_call(uint32_t pages_wanted, bool is_touched)
{
    if (pages_live >= pages_wanted || piece_count == ROOM) {
        uint32_t i = random_below(piece_count);
        system_give_back(pieces[i].memory, pieces[i].pages * PAGE_BYTES);
        pages_live -= pieces[i].pages;
        pieces[i] = pieces[--piece_count];
        return;
    }
    uint32_t pages = random_pages();
    char *memory = system_get(pages * PAGE_BYTES);
    if (memory == NULL) {
        refused++;
        return;
    }
    for (uint32_t i = 0; is_touched && i < pages; i++) {
        memory[i * PAGE_BYTES] = 1;
    }
    pieces[piece_count].memory = memory;
    pieces[piece_count++].pages = pages;
    pages_live += pages;
}

/* The mean of all calls, the first ones, which only take, included. */
static uint32_t random_calls(bool is_touched)
{
    uint32_t pages_wanted = system_free_pages() / 100 * LIVE_PERCENT;
    uint32_t sum = 0;

    random_restart();
    refused = piece_count = pages_live = 0;
    pieces = system_get(ROOM * sizeof(*pieces));
    for (uint32_t done = 0; done < CALLS; done += BATCH) {
        uint32_t start = instructions();
        for (uint32_t i = 0; i < BATCH; i++) {
            random_call(pages_wanted, is_touched);
        }
        sum += (instructions() - start) / BATCH;
    }
    while (piece_count > 0) {
        piece_count--;
        system_give_back(pieces[piece_count].memory, pieces[piece_count].pages * PAGE_BYTES);
    }
    system_give_back(pieces, ROOM * sizeof(*pieces));
    return sum / (CALLS / BATCH);
}

static uint32_t random_untouched(void)
{
    return random_calls(false);
}

static uint32_t random_touched(void)
{
    return random_calls(true);
}

static uint32_t random_refused(void)
{
    return refused;
}

/* ---------------------------------------------------------------- the C library's malloc */

#define OBJECTS 1000u

static void malloc_and_free(void)
{
    void *volatile memory = malloc(50);
    free(memory);
}

static uint32_t malloc_alone(void)
{
    return cost_of(malloc_and_free, 1000);
}

static void *objects[OBJECTS];

/* Sizes up to 400 bytes, of which each power of two is as frequent as the others. */
static uint32_t random_bytes(void)
{
    uint32_t power = 4 + random_below(5);
    return (1u << power) + random_below(power == 8 ? 144 : 1u << power);
}

static void replace_at_random(void)
{
    uint32_t i = random_below(OBJECTS);
    free(objects[i]);
    objects[i] = malloc(random_bytes());
}

static void choose_at_random(void)
{
    objects[random_below(OBJECTS)] = (void *)(uintptr_t)random_bytes();
}

/* Of these the choosing is taken off. */
static uint32_t malloc_at_random(void)
{
    random_restart();
    memset(objects, 0, sizeof(objects));
    uint32_t cost = cost_of(replace_at_random, 5000);
    for (uint32_t i = 0; i < OBJECTS; i++) {
        free(objects[i]);
    }
    return cost - cost_of(choose_at_random, 5000);
}

/* ---------------------------------------------------------------- the table */

static uint32_t cheapest_call(void)
{
    return cost_of(system_cheapest_call, 1000);
}

#define MACHINE_PAGES (256u << 8) /* -m 256 */

static uint32_t not_free(void)
{
    return (MACHINE_PAGES - system_free_pages()) * PAGE_BYTES;
}

const struct row memory_rows[] = {
    {"RAM not free when init runs, -m 256, bytes", not_free, GOALS(3670016, 3670016)},
    {"cheapest system call", cheapest_call, GOALS(60, 70)},
    {"get, touch, free a page", page_alone, GOAL(1900)},
    {"get, touch, free a page, 1,000 live", page_beside_1000, GOAL(1900)},
    {"get, touch, free a page, 20,000 live", page_beside_all, GOAL(1900)},
    {"get, touch, free a page, every other page free", page_in_a_hole, GOAL(1900)},
    {"get, touch, free 2 pages, every other page free", two_pages_beside_holes, GOAL(4000)},
    {"free a random one of 20,000 pages", random_one_of_all, NO_GOAL},
    {"get, touch, free 64 KiB", touched_alone, GOAL(21000)},
    {"get, touch, free 64 KiB, every other page free", touched_beside_holes, GOAL(24000)},
    {"get, free 64 KiB, untouched", untouched_alone, GOAL(3000)},
    {"get, free 64 KiB, untouched, every other page free", untouched_beside_holes, GOAL(6000)},
    {"get, free 1 MiB, untouched", large_alone, GOAL(4000)},
    {"get, free 1 MiB, untouched, every other page free", large_beside_holes, GOAL(7000)},
    {"get, free 1 MiB, untouched, pages spread", large_beside_spread, GOAL(7000)},
    {"200,000 random calls, 60 % live, untouched", random_untouched, GOAL(2500)},
    {"200,000 random calls, 60 % live, touched", random_touched, GOAL(18000)},
    {"refused of the 200,000", random_refused, GOALS(0, 0)},
    {"malloc(50) + free", malloc_alone, GOAL(130)},
    {"malloc + free at random, 1,000 live", malloc_at_random, NO_GOAL},
    {NULL, NULL, 0},
};
