/*
 * tests/bench/bench_room.c - the index of free addresses, with 100,000 gaps.
 *
 * Of each eight pages the last one to four are free, and calls are made at random, so their ways
 * through the tree, and what they change in it, are of every kind.
 */
#include "bench.h"
#include "../host/random.h"
#include "base/align.h"
#include "debug/panic.h"
#include "memory/area/room.h"

#define GAPS   100000u
#define SPREAD 38197u /* has no divisor in common with GAPS */
#define CALLS  3000u

#define PAGE  ((vaddr_t)PAGE_SIZE_BYTES)
#define START PAGE

struct call {
    vaddr_t start, end;
    size_t pages;
};

static struct room room;

static vaddr_t any_page(void)
{
    return START + random_below(8 * GAPS) * PAGE;
}

static void *take(void *argument)
{
    const struct call *call = argument;

    return (void *)room_take(&room, call->start, call->end, call->pages);
}

static void *take_highest(void *argument)
{
    const struct call *call = argument;

    return (void *)room_take_highest(&room, call->start, call->end, call->pages);
}

static void *take_at(void *argument)
{
    const struct call *call = argument;

    return (void *)(uintptr_t)room_take_at(&room, call->start, call->end);
}

static void *give(void *argument)
{
    const struct call *call = argument;

    room_give(&room, call->start, call->end);
    return NULL;
}

static void take_and_give(void *context)
{
    vaddr_t start = room_take(&room, 0, UINTPTR_MAX, 1);

    (void)context;
    room_give(&room, start, start + PAGE);
}

struct cost {
    uint32_t sum, worst, calls;
};

static vaddr_t count(struct cost *cost, void *(*operation)(void *), struct call call)
{
    void *result;
    uint32_t instructions = bench_cost_once(operation, &call, &result);

    cost->sum += instructions;
    cost->worst = MAX(cost->worst, instructions);
    cost->calls++;
    return (vaddr_t)result;
}

/* Takes by all three ways, and gives back what was taken some calls before. */
static void make_calls(struct cost *takes, struct cost *highest, struct cost *ats,
                       struct cost *gives)
{
    static struct call taken[64];

    for (uint32_t i = 0; i < CALLS; i++) {
        struct call *call = &taken[i % ARRAY_SIZE(taken)];
        size_t pages = 1 + random_below(5);
        bool from_anywhere = random_below(2) == 0;

        if (call->start != 0) {
            count(gives, give, *call);
        }
        if (i % 3 == 0) {
            struct call wanted = {from_anywhere ? any_page() : 0, UINTPTR_MAX, pages};
            call->start = count(takes, take, wanted);
        } else if (i % 3 == 1) {
            struct call wanted = {0, from_anywhere ? any_page() : UINTPTR_MAX, pages};
            call->start = count(highest, take_highest, wanted);
        } else {
            struct call wanted = {.start = any_page()};
            pages = 1;
            wanted.end = wanted.start + PAGE;
            call->start = count(ats, take_at, wanted) ? wanted.start : 0;
        }
        call->end = call->start + pages * PAGE;
    }
}

void bench_room(void)
{
    struct cost takes = {0}, highest = {0}, ats = {0}, gives = {0};

    bench_title("free addresses, 100,000 gaps (instructions)");
    room_initialise(&room, START, START + 8 * GAPS * PAGE);
    for (uint32_t i = 0; i < GAPS; i++) {
        vaddr_t start = START + (vaddr_t)(i * SPREAD % GAPS) * 8 * PAGE;
        KASSERT(room_take_at(&room, start, start + (4 + random_below(4)) * PAGE));
    }
    make_calls(&takes, &highest, &ats, &gives);
    bench_row("take, anywhere: mean", takes.sum / takes.calls, 0, 0);
    bench_row("take, anywhere: the worst", takes.worst, 0, 3000);
    bench_row("take the highest: mean", highest.sum / highest.calls, 0, 0);
    bench_row("take the highest: the worst", highest.worst, 0, 3000);
    bench_row("take a certain page: mean", ats.sum / ats.calls, 0, 0);
    bench_row("take a certain page: the worst", ats.worst, 0, 3000);
    bench_row("give: mean", gives.sum / gives.calls, 0, 0);
    bench_row("give: the worst", gives.worst, 0, 3000);
    bench_row("take and give, the current gap", bench_cost(take_and_give, 0, 1000), 0, 40);
    KASSERT(room_check(&room) == 0 && !room_has_lost(&room));
    KASSERT(room_destroy(&room, SIZE_MAX));
}
