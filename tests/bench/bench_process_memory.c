/*
 * tests/bench/bench_process_memory.c - process_malloc and process_free, inside the kernel.
 *
 * The reference does it as it is described for kernels of this kind: blocks of a first-fit heap,
 * zeroed with rep stosl, mapped page by page into a directory of 1,024 tables, and noted in an
 * array of 1,024 allocations that is searched for a free slot and for the pointer. So it cannot
 * have more than 1,024.
 */
#include "bench.h"
#include "debug/panic.h"
#include "host/reference_heap.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/process.h"
#include "process/process_memory.h"

static struct process make_process(void)
{
    struct process process = {.family = family_of_init()};

    KASSERT(address_space_create(&process.space, process.family) == OK);
    address_space_set_map(&process.space, false);
    return process;
}

#define SLOTS       1024
#define POOL_BLOCKS 1100

static struct {
    struct reference_heap heap;
    uint8_t *entries;
    uint32_t *table; /* of the directory: 4 MiB of identity entries suffice here */
    void *slots[SLOTS];
} reference;

static void *reference_process_malloc(void)
{
    void *memory = reference_heap_malloc(&reference.heap, 4096);
    size_t slot = 0;

    KASSERT(memory);
    bench_zero(memory, 4096);
    while (slot < SLOTS && reference.slots[slot]) {
        slot++;
    }
    if (slot == SLOTS) {
        return NULL;
    }
    reference.slots[slot] = memory;
    reference.table[(uintptr_t)memory / 4096 % 1024] = (uint32_t)(uintptr_t)memory | 7;
    return memory;
}

static void reference_process_free(void *memory)
{
    size_t slot = 0;

    while (slot < SLOTS && reference.slots[slot] != memory) {
        slot++;
    }
    KASSERT(slot < SLOTS);
    reference.table[(uintptr_t)memory / 4096 % 1024] = 0;
    reference.slots[slot] = NULL;
    reference_heap_free(&reference.heap, memory);
}

static void reference_malloc_and_free(void *context)
{
    (void)context;
    reference_process_free(reference_process_malloc());
}

/* 0 where the reference has no room for so many. */
static uint32_t reference_cost(uint32_t live)
{
    void *pool = pmm_alloc_frames(POOL_BLOCKS);

    if (live >= SLOTS) {
        pmm_free_frames(pool);
        return 0;
    }
    reference.entries = pmm_alloc_page();
    reference.table = pmm_alloc_page();
    KASSERT(pool && reference.entries && reference.table);
    memset(reference.slots, 0, sizeof(reference.slots));
    reference_heap_create(&reference.heap, pool, reference.entries, POOL_BLOCKS);
    for (uint32_t i = 0; i < live; i++) {
        reference_process_malloc();
    }
    uint32_t cost = bench_cost(reference_malloc_and_free, NULL, 10);
    pmm_free_page(reference.entries);
    pmm_free_page(reference.table);
    pmm_free_frames(pool);
    return cost;
}

static void malloc_and_free(void *context)
{
    KASSERT(process_free(context, process_malloc(context, 4096)) == 0);
}

void bench_process_memory(void)
{
    static const uint32_t live_counts[] = {0, 1000, 10000};
    static const char *const names[] = {
        "process_malloc(4096)+free, nothing live",
        "process_malloc(4096)+free, 1,000 live",
        "process_malloc(4096)+free, 10,000 live",
    };
    uint32_t costs[3];

    bench_title("process memory (instructions)");
    for (int i = 0; i < 3; i++) {
        struct process process = make_process();

        for (uint32_t n = 0; n < live_counts[i]; n++) {
            KASSERT(process_malloc(&process, 4096));
        }
        costs[i] = bench_cost(malloc_and_free, &process, 1000);
        bench_row(names[i], costs[i], reference_cost(live_counts[i]), 1700);
        address_space_destroy(&process.space);
    }
    uint32_t least = costs[0], most = costs[0];
    for (int i = 1; i < 3; i++) {
        least = costs[i] < least ? costs[i] : least;
        most = costs[i] > most ? costs[i] : most;
    }
    bench_row("  largest / smallest, in hundredths", most * 100 / least, 0, 120);
}
