/*
 * reference_heap.c - first fit over a byte table, block by block.
 */
#include "reference_heap.h"

#define BLOCK_BYTES 4096

#define TAKEN    0x01
#define FREE     0x00
#define HAS_NEXT 0x80
#define IS_FIRST 0x40

#define NO_BLOCK ((size_t)-1)

void reference_heap_create(struct reference_heap *heap, void *start, unsigned char *entries,
                           size_t total)
{
    heap->entries = entries;
    heap->total = total;
    heap->start = start;
    for (size_t i = 0; i < total; i++) {
        entries[i] = FREE;
    }
}

/* The lowest run of that many free blocks. */
static size_t find_run(const struct reference_heap *heap, size_t blocks)
{
    size_t run_start = 0;
    size_t run_blocks = 0;

    for (size_t i = 0; i < heap->total; i++) {
        if (heap->entries[i] != FREE) {
            run_blocks = 0;
            continue;
        }
        if (run_blocks == 0) {
            run_start = i;
        }
        if (++run_blocks == blocks) {
            return run_start;
        }
    }
    return NO_BLOCK;
}

void *reference_heap_malloc(struct reference_heap *heap, size_t size)
{
    size_t blocks = size / BLOCK_BYTES + (size % BLOCK_BYTES != 0);

    if (blocks == 0) {
        return NULL;
    }
    size_t first = find_run(heap, blocks);
    if (first == NO_BLOCK) {
        return NULL;
    }
    for (size_t i = 0; i < blocks; i++) {
        unsigned char entry = TAKEN;
        if (i == 0) {
            entry |= IS_FIRST;
        }
        if (i + 1 < blocks) {
            entry |= HAS_NEXT;
        }
        heap->entries[first + i] = entry;
    }
    return heap->start + first * BLOCK_BYTES;
}

void reference_heap_free(struct reference_heap *heap, void *ptr)
{
    size_t block = (size_t)((char *)ptr - heap->start) / BLOCK_BYTES;

    for (; block < heap->total; block++) {
        unsigned char entry = heap->entries[block];
        heap->entries[block] = FREE;
        if (!(entry & HAS_NEXT)) {
            break;
        }
    }
}
