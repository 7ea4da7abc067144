/*
 * memory/seeds/heap_steps.c - the steps of an allocation by hand, on Drupe's block heap.
 *
 * They go through heap.h, not around it: a table byte that somebody wrote without the heap would
 * contradict the index beside it.
 *
 * Size before speed.
 */
#include "memory/seeds/heap_steps.h"

#include "layout.h"
#include "memory/heap/kheap.h"
#include "base/status.h"

int heap_validate_table(void *ptr, void *end, struct heap_table *table)
{
    if (table == NULL || (uintptr_t)end < (uintptr_t)ptr ||
        table->total != ((uintptr_t)end - (uintptr_t)ptr) / HEAP_BLOCK_SIZE_BYTES) {
        return -EINVARG;
    }
    return OK;
}

int heap_get_start_block(struct heap *heap, int blocks)
{
    size_t run = 0;

    for (size_t block = 0; blocks > 0 && block < heap->table->total; block++) {
        run = heap->table->entries[block] == HEAP_BLOCK_TABLE_ENTRY_FREE ? run + 1 : 0;
        if (run == (size_t)blocks) {
            return (int)(block + 1 - run);
        }
    }
    return -ENOMEM;
}

void heap_mark_blocks_taken(struct heap *heap, int start_block, int blocks)
{
    if (start_block >= 0 && blocks > 0) {
        (void)heap_malloc_at(heap, (size_t)start_block, (size_t)blocks,
                             __builtin_return_address(0));
    }
}

void heap_mark_blocks_free(struct heap *heap, int start_block)
{
    if (start_block >= 0) {
        (void)heap_free(heap, heap_block_to_address(heap, start_block));
    }
}

void *heap_malloc_blocks(struct heap *heap, uint32_t blocks)
{
    size_t bytes;

    if (__builtin_mul_overflow(blocks, (size_t)HEAP_BLOCK_SIZE_BYTES, &bytes)) {
        return NULL;
    }
    return heap_malloc_owned(heap, bytes, __builtin_return_address(0));
}

void seed_kheap_init(void)
{
    if (kheap_get()->table == NULL) {
        kheap_init(page_memory(HEAP_END));
    }
}
