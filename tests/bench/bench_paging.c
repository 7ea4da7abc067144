/*
 * tests/bench/bench_paging.c - address spaces and single pages.
 *
 * The reference is a paging_new_4gb written from its description: one directory and 1,024 tables,
 * each zero-allocated and filled with identity entries one by one; freeing gives all of them back.
 */
#include "bench.h"
#include "debug/panic.h"
#include "layout.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"

#define RW (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

static void new_chunk(void *context)
{
    *(struct paging_4gb_chunk **)context = paging_new_4gb(PAGING_IS_PRESENT);
}

static void new_and_free_chunk(void *context)
{
    (void)context;
    paging_free_4gb(paging_new_4gb(PAGING_IS_PRESENT));
}

static uintptr_t *reference_new_4gb(uint32_t flags)
{
    uintptr_t *directory = kzalloc(1024 * sizeof(*directory));
    uint32_t offset = 0;

    KASSERT(directory);
    for (uint32_t i = 0; i < 1024; i++) {
        uint32_t *table = kzalloc(4096);

        KASSERT(table);
        for (uint32_t j = 0; j < 1024; j++) {
            table[j] = (offset + j * 4096) | flags;
        }
        offset += 1024 * 4096;
        directory[i] = (uintptr_t)table | flags | PAGING_IS_WRITEABLE;
    }
    return directory;
}

static void reference_free_4gb(uintptr_t *directory)
{
    for (uint32_t i = 0; i < 1024; i++) {
        kfree((void *)(directory[i] & ~(uintptr_t)0xFFF));
    }
    kfree(directory);
}

static void reference_new(void *context)
{
    *(uintptr_t **)context = reference_new_4gb(RW);
}

static void reference_new_and_free(void *context)
{
    (void)context;
    reference_free_4gb(reference_new_4gb(RW));
}

static void map_and_unmap(void *context)
{
    paging_map(context, (void *)0x80000000, (void *)0x01802000, RW);
    paging_unmap(context, (void *)0x80000000);
}

void bench_paging(void)
{
    struct paging_4gb_chunk *chunks[8];
    uintptr_t *reference;

    bench_title("paging (instructions)");

    struct paging_4gb_chunk *chunk;
    uint32_t pair = bench_cost(new_and_free_chunk, NULL, 100);
    uint32_t only_new = bench_cost(new_chunk, &chunk, 1);
    uint32_t reference_pair = bench_cost(reference_new_and_free, NULL, 2);
    uint32_t reference_only_new = bench_cost(reference_new, &reference, 1);

    bench_row("paging_new_4gb", only_new, reference_only_new, ARCH_BITS == 64 ? 1200 : 2400);
    bench_row("paging_free_4gb", pair - only_new, reference_pair - reference_only_new, 1500);

    size_t free_pages = pmm_get_free_pages();
    for (int i = 0; i < 8; i++) {
        chunks[i] = paging_new_4gb(PAGING_IS_PRESENT);
    }
    bench_row("memory of a chunk, bytes", (free_pages - pmm_get_free_pages()) / 8 * 4096,
              1025 * 4096, PAGING_CHUNK_PAGES * 4096);

    bench_row("paging_map + paging_unmap, the table comes and goes",
              bench_cost(map_and_unmap, chunks[0], 1000), 0, 0);
    paging_map(chunks[0], (void *)0x80001000, (void *)0x01802000, RW);
    bench_row("paging_map + paging_unmap of one page", bench_cost(map_and_unmap, chunks[0], 1000),
              0, ARCH_BITS == 64 ? 142 : 120); /* of twice as many steps: 1.3 * 109 */
    for (int i = 0; i < 8; i++) {
        paging_free_4gb(chunks[i]);
    }
}
