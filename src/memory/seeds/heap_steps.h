/*
 * memory/seeds/heap_steps.h - the steps inside heap_malloc() and heap_free(), as Vana and PeachOS
 * name them.
 *
 * vana.h and peachos.h include this; nothing else does. Blocks are numbers from 0, of type int as
 * there. With heap_get_start_block() and heap_mark_blocks_taken() an allocation is made by hand:
 * the first run that fits, as in the documents, where Drupe's heap_malloc() takes the best fitting
 * one.
 */
#ifndef MEMORY_SEEDS_HEAP_STEPS_H
#define MEMORY_SEEDS_HEAP_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "memory/heap/heap.h"

/* The size in whole blocks, in bytes: 50 -> 4096, 4096 -> 4096. 0 for 0 and where it would wrap. */
static inline uint32_t heap_align_value_to_upper(uint32_t size)
{
    return (size + HEAP_BLOCK_SIZE_BYTES - 1) & ~(uint32_t)(HEAP_BLOCK_SIZE_BYTES - 1);
}

/* Is it the address of a block? 1 or 0. */
static inline int heap_validate_alignment(const void *ptr)
{
    return (uintptr_t)ptr % HEAP_BLOCK_SIZE_BYTES == 0;
}

/* 0, or -EINVARG when the table has not an entry for each block of [ptr, end). */
int heap_validate_table(void *ptr, void *end, struct heap_table *table);

/* The first block of the lowest free run of so many; -ENOMEM when there is none, or blocks is not
 * positive. */
int heap_get_start_block(struct heap *heap, int blocks);

static inline void *heap_block_to_address(struct heap *heap, int block)
{
    return (uint8_t *)heap->saddr + (size_t)block * HEAP_BLOCK_SIZE_BYTES;
}

static inline int heap_address_to_block(struct heap *heap, void *address)
{
    return (int)(((uintptr_t)address - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE_BYTES);
}

/* Makes free blocks an allocation. What is not free, or not of the heap, stays as it is. */
void heap_mark_blocks_taken(struct heap *heap, int start_block, int blocks);

/* Frees the allocation that begins with that block. What is not the first block of one stays as it
 * is. */
void heap_mark_blocks_free(struct heap *heap, int start_block);

/* So many blocks, or NULL. */
void *heap_malloc_blocks(struct heap *heap, uint32_t blocks);

/* The kernel heap is made at the start of the kernel, before any other code can ask for it; this
 * makes it if it is not there. It does not return when the heap cannot be created: "failed to
 * create heap". */
void seed_kheap_init(void);

#endif
