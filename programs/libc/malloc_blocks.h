/*
 * malloc_blocks.h - the blocks that malloc is made of, out of the kernel's page runs. Only malloc.c
 * uses it.
 *
 * Theory. The kernel gives whole zeroed pages (command 4), which is dear for a string. So pages are
 * taken in chunks of CHUNK_BYTES and cut into blocks.
 *
 *   chunk:  | chunk header | block | block | ... | end mark |
 *   block:  | size, flags | size of the block before, place | memory ...  (its start is 16-aligned) |
 *
 * Every size is a multiple of 16, so the low bits of a size hold flags. The two sizes lead from a
 * block to both neighbours (Knuth's boundary tags): a block that is given back is joined with free
 * neighbours at once. The end mark is a block of size 0 that is always taken; the first block's
 * `before` is 0. `place` leads to the chunk.
 *
 * Free blocks hang in lists by size, list i for sizes from 16 << i to less than twice that. A
 * request takes the first that fits from its own list, or any from the next ones that has one.
 *
 * Invariants. No two neighbours are both free. A free block is on exactly one list. The size of a
 * chunk's blocks is CHUNK_BYTES less the chunk's header and the end mark.
 */
#ifndef MALLOC_BLOCKS_H
#define MALLOC_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_BYTES ((size_t)32768)
#define PAGE_BYTES  ((size_t)4096)
#define ALIGNMENT   ((size_t)16)

#define FLAG_TAKEN  ((size_t)1)
#define FLAG_DIRECT ((size_t)2) /* alone in pages of its own */
#define FLAG_OBJECT ((size_t)4) /* a small object in a slab, which has such a header, too */
#define FLAG_SLAB   ((size_t)8)
#define FLAGS       ((size_t)15)

struct chunk {
    size_t bytes;
    size_t live; /* how many of its blocks have something live in them */
};

struct block {
    size_t size_and_flags; /* with this header */
    uint16_t before;       /* the size of the block before, in 16s; 0 for the first */
    uint16_t place;        /* how far behind the chunk's first block, in 16s; an object's: behind
                              its slab's block */
    /* Here the memory begins. In what is free it holds a list's links: */
    struct block *next;
    struct block *previous; /* not in an object */
};

#define HEADER_BYTES    offsetof(struct block, next)
#define BLOCK_BYTES_MIN sizeof(struct block) /* a free one is that large */
#define BLOCK_BYTES_MAX (CHUNK_BYTES - sizeof(struct chunk) - HEADER_BYTES)
_Static_assert((sizeof(struct chunk) + HEADER_BYTES) % ALIGNMENT == 0 &&
                   BLOCK_BYTES_MIN % ALIGNMENT == 0,
               "memory lies at a multiple of 16");

static inline size_t size_of(const struct block *block)
{
    return block->size_and_flags & ~FLAGS;
}

static inline bool is_taken(const struct block *block)
{
    return (block->size_and_flags & FLAG_TAKEN) != 0;
}

static inline struct block *block_at(void *base, intptr_t offset)
{
    return (struct block *)(void *)((char *)base + offset);
}

static inline struct block *block_after(struct block *block)
{
    return block_at(block, (intptr_t)size_of(block));
}

static inline void *memory_of(struct block *block)
{
    return (char *)block + HEADER_BYTES;
}

static inline struct block *block_of_memory(void *memory)
{
    return block_at(memory, -(intptr_t)HEADER_BYTES);
}

static inline struct block *first_block(struct chunk *chunk)
{
    return block_at(chunk, sizeof(*chunk));
}

/* The block that an object's or a block's place is counted from. */
static inline struct block *block_of_place(struct block *block)
{
    return block_at(block, -(intptr_t)(block->place * ALIGNMENT));
}

static inline struct chunk *chunk_of(struct block *block)
{
    return (struct chunk *)(void *)block_at(block_of_place(block), -(intptr_t)sizeof(struct chunk));
}

/* A taken block of size bytes or a little more, size being a multiple of 16 from BLOCK_BYTES_MIN to
 * BLOCK_BYTES_MAX; NULL when no chunk has such a free one. Its chunk's count of live ones is the
 * caller's. */
struct block *blocks_take(size_t size);

/* A taken block is free again. Its chunk's count of live ones is the caller's. */
void blocks_give_back(struct block *block);

/* One more chunk, as one free block, nothing live in it; false when the kernel has no pages. */
bool blocks_add_chunk(void);

/* Gives a chunk without live blocks to the kernel. */
void blocks_remove_chunk(struct chunk *chunk);

#endif
