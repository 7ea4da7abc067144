/*
 * tests/bench/bench_objects.c - small objects.
 */
#include "bench.h"
#include "debug/panic.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"

#define OBJECTS 10000

static void *objects[OBJECTS];

static void alloc_and_free(void *context)
{
    (void)context;
    kmem_free(kmem_alloc(50));
}

/* Of the odd ones the next in turn goes, and another comes: in the end from every slab. */
static void replace_next(void *context)
{
    static int next = 1;

    (void)context;
    kmem_free(objects[next]);
    objects[next] = kmem_alloc(50);
    next += 2;
}

void bench_objects(void)
{
    bench_title("small objects (instructions, bytes)");
    kmem_reap(); /* what others have left would count as given back */
    size_t free_blocks = heap_free_blocks(kheap_get());

    for (int i = 0; i < OBJECTS; i++) {
        objects[i] = kmem_alloc(50);
        KASSERT(objects[i]);
    }
    /* The reference for the bytes: a whole block for each. */
    bench_row("10,000 objects of 50 bytes, bytes taken",
              (free_blocks - heap_free_blocks(kheap_get())) * 4096, OBJECTS * 4096, 700000);
    bench_row("kmem_alloc(50)+kmem_free, 10,000 live", bench_cost(alloc_and_free, 0, 1000), 0, 60);
    for (int i = 0; i < OBJECTS; i += 2) {
        kmem_free(objects[i]);
    }
    bench_row("kmem_alloc(50)+kmem_free, every other one free", bench_cost(alloc_and_free, 0, 1000),
              0, 60);
    bench_row("kmem_free+kmem_alloc(50) in turn, every other one free",
              bench_cost(replace_next, 0, OBJECTS / 2 - 1), 0, 0);
    for (int i = 1; i < OBJECTS; i += 2) {
        kmem_free(objects[i]);
    }
    kmem_reap();
    bench_row("  bytes not given back after all are freed",
              (free_blocks - heap_free_blocks(kheap_get())) * 4096, 0, 0);
}
