/*
 * bench_heap.c - the block heap in CPU cycles on a host, beside the first-fit reference and a
 * three-level bitmap that can do single blocks only.
 *
 *     gcc -m32 -O2 -std=gnu11 -Isrc -o /tmp/bench_heap tests/bench/host/bench_heap.c \
 *         tests/bench/host/reference_heap.c src/memory/heap/heap.c && /tmp/bench_heap
 *
 * A figure is the best of many batches of malloc+free pairs (or of rounds of frees and mallocs at
 * random), in rdtsc ticks for one pair. The pool is a range of addresses: none of the three
 * touches it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/heap/heap.h"
#include "reference_heap.h"

#define BLOCK_BYTES ((size_t)HEAP_BLOCK_SIZE_BYTES)
#define POOL_START  ((void *)0x10000)

static uint64_t read_ticks(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* ---------------------------------------------------------------- a three-level bitmap */

/* A bit set means free; a level's bit says that the word below it is not 0. 2^20 blocks. */
static struct {
    uint32_t blocks[32 * 32 * 32 * 32 / 32];
    uint32_t words[32 * 32];
    uint32_t groups[32];
    uint32_t top;
} bitmap;

static void bitmap_free(void *ptr)
{
    uint32_t block = (uint32_t)(((uintptr_t)ptr - (uintptr_t)POOL_START) / BLOCK_BYTES);

    bitmap.blocks[block >> 5] |= 1u << (block & 31);
    bitmap.words[block >> 10] |= 1u << (block >> 5 & 31);
    bitmap.groups[block >> 15] |= 1u << (block >> 10 & 31);
    bitmap.top |= 1u << (block >> 15);
}

static void *bitmap_malloc(size_t size)
{
    (void)size;
    if (bitmap.top == 0) {
        return NULL;
    }
    uint32_t group = (uint32_t)__builtin_ctz(bitmap.top);
    uint32_t word = group << 5 | (uint32_t)__builtin_ctz(bitmap.groups[group]);
    uint32_t bits = word << 5 | (uint32_t)__builtin_ctz(bitmap.words[word]);
    uint32_t block = bits << 5 | (uint32_t)__builtin_ctz(bitmap.blocks[bits]);

    bitmap.blocks[bits] &= bitmap.blocks[bits] - 1;
    if (bitmap.blocks[bits] == 0) {
        bitmap.words[word] &= bitmap.words[word] - 1;
        if (bitmap.words[word] == 0) {
            bitmap.groups[group] &= bitmap.groups[group] - 1;
            if (bitmap.groups[group] == 0) {
                bitmap.top &= bitmap.top - 1;
            }
        }
    }
    return (char *)POOL_START + (size_t)block * BLOCK_BYTES;
}

static void bitmap_create(size_t total)
{
    memset(&bitmap, 0, sizeof(bitmap));
    for (size_t i = 0; i < total; i++) {
        bitmap_free((char *)POOL_START + i * BLOCK_BYTES);
    }
}

/* ---------------------------------------------------------------- the candidates */

static struct heap heap;
static struct reference_heap reference;

/* Not inlined: the others cannot be either. */
static void *__attribute__((noinline)) call_heap_malloc(size_t size)
{
    return heap_malloc(&heap, size);
}

static void __attribute__((noinline)) call_heap_free(void *ptr)
{
    if (heap_free(&heap, ptr) != 0) {
        abort();
    }
}

static void *__attribute__((noinline)) call_reference_malloc(size_t size)
{
    return reference_heap_malloc(&reference, size);
}

static void __attribute__((noinline)) call_reference_free(void *ptr)
{
    reference_heap_free(&reference, ptr);
}

static void *__attribute__((noinline)) call_bitmap_malloc(size_t size)
{
    return bitmap_malloc(size);
}

static void __attribute__((noinline)) call_bitmap_free(void *ptr)
{
    bitmap_free(ptr);
}

static void create_heap(size_t total, bool indexed)
{
    static struct heap_table table;
    static void *index;

    free(table.entries);
    free(index);
    table.entries = malloc(total);
    table.total = total;
    index = malloc(heap_index_bytes(total));
    if (heap_create(&heap, POOL_START, (char *)POOL_START + total * BLOCK_BYTES, &table) != 0 ||
        (indexed && heap_attach_index(&heap, index, heap_index_bytes(total)) != 0)) {
        abort();
    }
}

static void create_indexed(size_t total)
{
    create_heap(total, true);
}

static void create_scanned(size_t total)
{
    create_heap(total, false);
}

static void create_reference(size_t total)
{
    static unsigned char *entries;

    free(entries);
    entries = malloc(total);
    reference_heap_create(&reference, POOL_START, entries, total);
}

static const struct candidate {
    const char *name;
    void (*create)(size_t total);
    void *(*malloc)(size_t size);
    void (*free)(void *ptr);
    bool single_blocks_only;
} candidates[] = {
    {"indexed", create_indexed, call_heap_malloc, call_heap_free, false},
    {"table alone", create_scanned, call_heap_malloc, call_heap_free, false},
    {"first fit", create_reference, call_reference_malloc, call_reference_free, false},
    {"bitmap", bitmap_create, call_bitmap_malloc, call_bitmap_free, true},
};
#define CANDIDATES (sizeof(candidates) / sizeof(candidates[0]))

/* ---------------------------------------------------------------- the situations */

static void **blocks; /* total pointers; NULL where free */

/* The first count blocks, in order: the reference scans from 0, so it takes the table's writer. */
static void fill(const struct candidate *candidate, size_t total, size_t count)
{
    memset(blocks, 0, total * sizeof(*blocks));
    if (candidate->create == create_reference) {
        memset(reference.entries, 0x41, count);
        for (size_t i = 0; i < count; i++) {
            blocks[i] = reference.start + i * BLOCK_BYTES;
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        blocks[i] = candidate->malloc(1);
    }
}

static void empty(const struct candidate *candidate, size_t total)
{
    fill(candidate, total, 0);
}

static void fill_1031(const struct candidate *candidate, size_t total)
{
    fill(candidate, total, total > 1031 ? 1031 : total - 1);
}

static void fill_50_percent(const struct candidate *candidate, size_t total)
{
    fill(candidate, total, total / 2);
}

static void fill_99_percent(const struct candidate *candidate, size_t total)
{
    fill(candidate, total, total / 100 * 99);
}

static void random_holes(const struct candidate *candidate, size_t total, unsigned percent_free)
{
    fill(candidate, total, total);
    random_state = 1;
    for (size_t i = 0; i < total; i++) {
        if (random_number() % 100 < percent_free) {
            candidate->free(blocks[i]);
            blocks[i] = NULL;
        }
    }
}

static void holes_50_percent(const struct candidate *candidate, size_t total)
{
    random_holes(candidate, total, 50);
}

static void holes_1_percent(const struct candidate *candidate, size_t total)
{
    random_holes(candidate, total, 1);
}

static void every_other_of_90_percent(const struct candidate *candidate, size_t total)
{
    size_t count = total / 10 * 9;

    fill(candidate, total, count);
    for (size_t i = 0; i < count; i += 2) {
        candidate->free(blocks[i]);
        blocks[i] = NULL;
    }
}

/* ---------------------------------------------------------------- measuring */

#define NOT_MEASURED UINT64_MAX
#define BATCHES      200

/* Ticks for that many pairs. */
static uint64_t run_pairs(const struct candidate *candidate, size_t size, unsigned pairs)
{
    uint64_t start = read_ticks();

    for (unsigned i = 0; i < pairs; i++) {
        candidate->free(candidate->malloc(size));
    }
    return read_ticks() - start;
}

static uint64_t measure_pairs(const struct candidate *candidate, size_t size)
{
    uint64_t best = NOT_MEASURED;
    /* The reference on a large table is slow enough to be measured by fewer. */
    bool is_slow = run_pairs(candidate, size, 4) > 40000;
    unsigned pairs = is_slow ? 2 : 64;

    for (unsigned batch = 0; batch < (is_slow ? 20 : BATCHES); batch++) {
        uint64_t ticks = run_pairs(candidate, size, pairs);
        best = ticks < best ? ticks : best;
    }
    return best / pairs;
}

/* Frees a block at random and takes another, far from the last: caches miss, lists change. */
static uint64_t measure_replacing(const struct candidate *candidate, size_t total)
{
    uint64_t best = NOT_MEASURED;
    unsigned count = candidate->create == create_reference && total > 10000 ? 8 : 256;

    for (unsigned batch = 0; batch < 50; batch++) {
        size_t victims[256];
        for (unsigned i = 0; i < count; i++) {
            do {
                victims[i] = random_number() % total;
            } while (blocks[victims[i]] == NULL);
        }
        uint64_t start = read_ticks();
        for (unsigned i = 0; i < count; i++) {
            if (blocks[victims[i]] == NULL) {
                continue; /* drawn twice */
            }
            candidate->free(blocks[victims[i]]);
            blocks[victims[i]] = candidate->malloc(1);
        }
        uint64_t ticks = (read_ticks() - start) / count;
        if (ticks < best) {
            best = ticks;
        }
    }
    return best;
}

static const struct situation {
    const char *name;
    void (*prepare)(const struct candidate *candidate, size_t total);
    size_t size; /* of the pairs; 0: measure_replacing() */
} situations[] = {
    {"50 bytes, empty", empty, 50},
    {"50 bytes, 1,031 blocks taken", fill_1031, 50},
    {"50 bytes, 50 % full", fill_50_percent, 50},
    {"50 bytes, 99 % full", fill_99_percent, 50},
    {"50 bytes, 50 % random holes", holes_50_percent, 50},
    {"50 bytes, 1 % random holes", holes_1_percent, 50},
    {"random free + malloc, 1 % holes", holes_1_percent, 0},
    {"64 KiB, every other of 90 % taken", every_other_of_90_percent, 65536},
    {"256 KiB, empty", empty, 262144},
};
#define SITUATIONS (sizeof(situations) / sizeof(situations[0]))

static void bench(size_t total)
{
    printf("\n%zu blocks, cycles for malloc + free\n%-36s", total, "");
    for (size_t c = 0; c < CANDIDATES; c++) {
        printf("%13s", candidates[c].name);
    }
    printf("%19s%10s\n", "first fit/indexed", "/bitmap");

    for (size_t s = 0; s < SITUATIONS; s++) {
        const struct situation *situation = &situations[s];
        uint64_t ticks[CANDIDATES];
        printf("%-36s", situation->name);
        for (size_t c = 0; c < CANDIDATES; c++) {
            const struct candidate *candidate = &candidates[c];
            if (candidate->single_blocks_only && situation->size > BLOCK_BYTES) {
                ticks[c] = NOT_MEASURED;
                printf("%13s", "-");
                continue;
            }
            candidate->create(total);
            situation->prepare(candidate, total);
            ticks[c] = situation->size != 0 ? measure_pairs(candidate, situation->size)
                                            : measure_replacing(candidate, total);
            printf("%13llu", (unsigned long long)ticks[c]);
        }
        printf("%18.1fx", (double)ticks[2] / (double)ticks[0]);
        if (ticks[3] != NOT_MEASURED) {
            printf("%9.1fx", (double)ticks[0] / (double)ticks[3]);
        }
        printf("\n");
        fflush(stdout);
    }
}

int main(void)
{
    blocks = malloc(492032 * sizeof(*blocks));
    bench(1024);
    bench(25600);
    bench(492032);
    free(blocks);
    return 0;
}
