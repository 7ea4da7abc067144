/*
 * tests/bench/bench_heap.c - kmalloc and kfree on the kernel's own heap, at every fullness.
 *
 * Each row fills Drupe's pool and the reference heap's table in the same way. The reference has a
 * table of as many blocks and hands out the pool's addresses, but nobody touches what it hands out,
 * except where it zeroes a page: that is one which the bench has allocated.
 */
#include "bench.h"
#include "debug/panic.h"
#include "layout.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/pmm.h"
#include "host/reference_heap.h"

static struct {
    struct reference_heap reference;
    uint8_t *reference_entries;
    void **blocks; /* what the bench holds of Drupe's pool */
    size_t count;
    size_t total;
} bench;

/* ---------------------------------------------------------------- what is measured */

struct operation {
    size_t size;
};

static void *reference_zalloc(size_t size)
{
    void *memory = reference_heap_malloc(&bench.reference, size);

    bench_zero(memory, size);
    return memory;
}

static void drupe_pair(void *context)
{
    kfree(kmalloc(((struct operation *)context)->size));
}

static void reference_pair(void *context)
{
    reference_heap_free(
        &bench.reference,
        reference_heap_malloc(&bench.reference, ((struct operation *)context)->size));
}

static void drupe_zero_pair(void *context)
{
    kfree(kzalloc(((struct operation *)context)->size));
}

static void reference_zero_pair(void *context)
{
    reference_heap_free(&bench.reference, reference_zalloc(((struct operation *)context)->size));
}

static void *drupe_malloc_size(void *size)
{
    return kmalloc((size_t)size);
}

/* One allocation without its free: the free happens outside the measured time. */
static uint32_t drupe_malloc_cost(size_t size)
{
    void *memory;
    uint32_t cost = bench_cost_once(drupe_malloc_size, (void *)size, &memory);

    kfree(memory);
    return cost;
}

static void *reference_malloc_size(void *size)
{
    return reference_heap_malloc(&bench.reference, (size_t)size);
}

static uint32_t reference_malloc_cost(size_t size)
{
    void *memory;
    uint32_t cost = bench_cost_once(reference_malloc_size, (void *)size, &memory);

    reference_heap_free(&bench.reference, memory);
    return cost;
}

static void *drupe_free_it(void *memory)
{
    kfree(memory);
    return NULL;
}

static void *reference_free_it(void *memory)
{
    reference_heap_free(&bench.reference, memory);
    return NULL;
}

/* ---------------------------------------------------------------- how full the heaps are */

static void take_one(void)
{
    void *block = kmalloc(4096);

    KASSERT(block && reference_heap_malloc(&bench.reference, 4096));
    bench.blocks[bench.count++] = block;
}

static void give_back_all(void)
{
    while (bench.count > 0) {
        void *block = bench.blocks[--bench.count];

        if (block) {
            kfree(block);
        }
    }
    reference_heap_create(&bench.reference, kheap_get()->saddr, bench.reference_entries,
                          bench.total);
}

static void fill_to(size_t blocks)
{
    while (bench.count < blocks) {
        take_one();
    }
}

/* Every other block of the first 90 % is free again. Both heaps were filled from empty, block by
 * block, so block i of one corresponds to block i of the other. */
static void free_every_other(void)
{
    size_t filled = bench.total / 10 * 9;

    fill_to(filled);
    for (size_t i = 0; i < filled; i += 2) {
        kfree(bench.blocks[i]);
        bench.blocks[i] = NULL;
        reference_heap_free(&bench.reference, (uint8_t *)kheap_get()->saddr + i * 4096);
    }
}

/* ---------------------------------------------------------------- the table */

static void rows_by_fullness(void)
{
    struct operation small = {.size = 50};
    const struct {
        const char *name;
        size_t blocks;
    } fullness[] = {
        {"kmalloc(50)+kfree, as empty as the kernel has it", 0},
        {"kmalloc(50)+kfree, 1,031 blocks taken", 1031},
        {"kmalloc(50)+kfree, 50 % full", bench.total / 2},
        {"kmalloc(50)+kfree, 90 % full", bench.total / 10 * 9},
        {"kmalloc(50)+kfree, 99 % full", bench.total / 100 * 99},
    };
    uint32_t least = UINT32_MAX, most = 0;

    for (size_t i = 0; i < sizeof(fullness) / sizeof(fullness[0]); i++) {
        fill_to(fullness[i].blocks);
        uint32_t cost = bench_cost(drupe_pair, &small, 1000);

        bench_row(fullness[i].name, cost, bench_cost(reference_pair, &small, 10), 120);
        least = cost < least ? cost : least;
        most = cost > most ? cost : most;
    }
    give_back_all();
    bench_row("  largest / smallest, in hundredths", most * 100 / least, 0, 130);
}

void bench_heap(void)
{
    struct heap_stats stats;
    struct operation page = {.size = 4096}, run = {.size = 65536};

    heap_get_stats(kheap_get(), &stats);
    bench.total = stats.free;
    bench.reference_entries = pmm_alloc_frames((bench.total + 4095) / 4096);
    bench.blocks = pmm_alloc_frames((bench.total * sizeof(void *) + 4095) / 4096);
    KASSERT(bench.reference_entries && bench.blocks);
    give_back_all();

    bench_title("block heap, 25,600 blocks (instructions)");
    rows_by_fullness();

    free_every_other();
    bench_row("kmalloc(64 KiB)+kfree, every other block taken", bench_cost(drupe_pair, &run, 100),
              bench_cost(reference_pair, &run, 10), 0);
    bench_row("kmalloc(64 KiB), every other block of 90 % taken", drupe_malloc_cost(65536),
              reference_malloc_cost(65536), 600);
    give_back_all();

    bench_row("kmalloc(1 MiB), empty heap", drupe_malloc_cost(1 << 20),
              reference_malloc_cost(1 << 20), 700);
    void *drupe_memory = kmalloc(1 << 20);
    void *reference_memory = reference_heap_malloc(&bench.reference, 1 << 20);
    void *nothing;
    uint32_t drupe_cost = bench_cost_once(drupe_free_it, drupe_memory, &nothing);
    bench_row("kfree of 1 MiB", drupe_cost,
              bench_cost_once(reference_free_it, reference_memory, &nothing), 700);

    void *touchable = kmalloc(4096); /* what the reference hands out first, and writes */
    reference_heap_create(&bench.reference, touchable, bench.reference_entries, bench.total);
    bench_row("kzalloc(4096)+kfree", bench_cost(drupe_zero_pair, &page, 100),
              bench_cost(reference_zero_pair, &page, 10), 1300);
    kfree(touchable);

    pmm_free_frames(bench.reference_entries);
    pmm_free_frames(bench.blocks);
}
