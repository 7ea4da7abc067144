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
    for (int i = 0; i < OBJECTS; i++) {
        kmem_free(objects[i]);
    }
    kmem_reap();
    bench_row("  bytes not given back after all are freed",
              (free_blocks - heap_free_blocks(kheap_get())) * 4096, 0, 0);
}
