/*
 * malloc.c - memory in any size, out of the kernel's page runs.
 *
 * Theory. The kernel gives whole zeroed pages (command 4), which is dear for a string. So pages are
 * taken in chunks of CHUNK_BYTES and cut into blocks; a large block has a run of its own.
 *
 *   chunk:  | chunk header | block | block | ... | end mark |
 *   block:  | size, flags | size of the block before | memory ...  (its start is 16-aligned) |
 *
 * Every size is a multiple of 16, so the low bits of a size hold flags. The two sizes lead from a
 * block to both neighbours (Knuth's boundary tags): free() joins a block with free neighbours at
 * once. The end mark is a block of size 0 that is always taken; the first block's `before` is 0.
 *
 * Free blocks hang in lists by size, list i for sizes from 16 << i to less than twice that. A
 * request takes the first that fits from its own list, or any from the next ones that has one.
 *
 * Invariants. No two neighbours are both free. A free block is on exactly one list. Of chunks that
 * are entirely free at most one, the spare, is kept; others go back to the kernel (command 5).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/drupe.h"

#define CHUNK_BYTES  ((size_t)32768)
#define DIRECT_BYTES ((size_t)16384) /* from this size on, a block has pages of its own */
#define PAGE_BYTES   ((size_t)4096)
#define ALIGNMENT    ((size_t)16)

#define FLAG_TAKEN  ((size_t)1)
#define FLAG_DIRECT ((size_t)2) /* alone in its pages */
#define FLAGS       ((size_t)15)

struct chunk {
    size_t bytes;
    size_t unused; /* puts the blocks' memory at a multiple of 16 */
};

struct block {
    size_t size_and_flags; /* with this header */
    size_t before;         /* the size of the block before, 0 for the first */
    /* Here the memory begins. In a free block it holds the list's links: */
    struct block *next;
    struct block *previous;
};

#define HEADER_BYTES    offsetof(struct block, next)
#define BLOCK_BYTES_MIN sizeof(struct block) /* a free one is that large */
_Static_assert((sizeof(struct chunk) + HEADER_BYTES) % ALIGNMENT == 0 &&
                   BLOCK_BYTES_MIN % ALIGNMENT == 0,
               "memory lies at a multiple of 16");

#define LISTS 11 /* the last from 16 << 10 = 16 KiB on: up to a whole chunk */

static struct {
    struct block *lists[LISTS];
    struct chunk *spare; /* the one chunk that is entirely free, or NULL */
} heap;

static size_t size_of(const struct block *block)
{
    return block->size_and_flags & ~FLAGS;
}

static bool is_taken(const struct block *block)
{
    return (block->size_and_flags & FLAG_TAKEN) != 0;
}

static struct block *block_at(void *base, intptr_t offset)
{
    return (struct block *)(void *)((char *)base + offset);
}

static struct block *block_after(struct block *block)
{
    return block_at(block, (intptr_t)size_of(block));
}

static struct block *block_before(struct block *block)
{
    return block_at(block, -(intptr_t)block->before);
}

static void *memory_of(struct block *block)
{
    return (char *)block + HEADER_BYTES;
}

static unsigned list_for(size_t size)
{
    unsigned list = 0;
    while (list < LISTS - 1 && size >= (ALIGNMENT * 2) << list) {
        list++;
    }
    return list;
}

static void list_insert(struct block *block)
{
    struct block **head = &heap.lists[list_for(size_of(block))];
    block->previous = NULL;
    block->next = *head;
    if (*head != NULL) {
        (*head)->previous = block;
    }
    *head = block;
}

static void list_take_out(struct block *block)
{
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        heap.lists[list_for(size_of(block))] = block->next;
    }
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
}

static void set_size(struct block *block, size_t size, size_t flags)
{
    block->size_and_flags = size | flags;
    block_after(block)->before = size;
}

static struct block *find_free(size_t size)
{
    unsigned list = list_for(size);
    for (struct block *block = heap.lists[list]; block != NULL; block = block->next) {
        if (size_of(block) >= size) {
            return block;
        }
    }
    for (list++; list < LISTS; list++) {
        if (heap.lists[list] != NULL) {
            return heap.lists[list];
        }
    }
    return NULL;
}

/* A new chunk as one free block, which is on no list yet. */
static struct block *chunk_create(void)
{
    struct chunk *chunk = page_malloc(CHUNK_BYTES);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->bytes = CHUNK_BYTES;
    struct block *block = block_at(chunk, sizeof(*chunk));
    size_t size = CHUNK_BYTES - sizeof(*chunk) - HEADER_BYTES;
    block->before = 0;
    block->size_and_flags = size;
    struct block *end = block_after(block);
    end->size_and_flags = FLAG_TAKEN;
    end->before = size;
    return block;
}

static void *malloc_direct(size_t size)
{
    size_t bytes = size + sizeof(struct chunk) + HEADER_BYTES;
    bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    struct chunk *chunk = page_malloc(bytes);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->bytes = bytes;
    struct block *block = block_at(chunk, sizeof(*chunk));
    block->size_and_flags = (bytes & ~FLAGS) | FLAG_TAKEN | FLAG_DIRECT;
    block->before = 0;
    return memory_of(block);
}

void *malloc(size_t size)
{
    if (size == 0 || size > (size_t)PTRDIFF_MAX - 2 * PAGE_BYTES) {
        return NULL;
    }
    if (size >= DIRECT_BYTES) {
        return malloc_direct(size);
    }

    size_t needed = (size + HEADER_BYTES + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (needed < BLOCK_BYTES_MIN) {
        needed = BLOCK_BYTES_MIN;
    }
    struct block *block = find_free(needed);
    if (block != NULL) {
        list_take_out(block);
        if (heap.spare != NULL && block == block_at(heap.spare, sizeof(struct chunk))) {
            heap.spare = NULL;
        }
    } else {
        block = chunk_create();
        if (block == NULL) {
            return NULL;
        }
    }

    size_t left = size_of(block) - needed;
    if (left < BLOCK_BYTES_MIN) {
        needed += left; /* too little for a block of its own */
    } else {
        struct block *rest = block_at(block, (intptr_t)needed);
        set_size(rest, left, 0);
        list_insert(rest);
    }
    set_size(block, needed, FLAG_TAKEN);
    return memory_of(block);
}

/* The live block that begins at memory; ends the program when there is none: what looks like its
 * header must agree with the one after it. */
static struct block *block_of(const char *caller, void *memory)
{
    struct block *block = block_at(memory, -(intptr_t)HEADER_BYTES);

    if ((uintptr_t)memory % ALIGNMENT == 0 && is_taken(block)) {
        if (block->size_and_flags & FLAG_DIRECT) {
            if ((uintptr_t)memory % PAGE_BYTES == sizeof(struct chunk) + HEADER_BYTES) {
                return block;
            }
        } else if (size_of(block) > 0 && size_of(block) < CHUNK_BYTES &&
                   block_after(block)->before == size_of(block)) {
            return block;
        }
    }
    printf("%s(%p): not the start of a live allocation\n", caller, memory);
    abort();
}

void free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    struct block *block = block_of("free", memory);
    if (block->size_and_flags & FLAG_DIRECT) {
        page_free(block_at(block, -(intptr_t)sizeof(struct chunk)));
        return;
    }

    size_t size = size_of(block);
    struct block *after = block_after(block);
    if (!is_taken(after)) {
        list_take_out(after);
        size += size_of(after);
    }
    if (block->before != 0 && !is_taken(block_before(block))) {
        block = block_before(block);
        list_take_out(block);
        size += size_of(block);
    }
    set_size(block, size, 0);

    if (block->before == 0 && size_of(block_after(block)) == 0) {
        struct chunk *chunk = (struct chunk *)(void *)block_at(block, -(intptr_t)sizeof(*chunk));
        if (heap.spare != NULL && heap.spare != chunk) {
            page_free(chunk);
            return;
        }
        heap.spare = chunk;
    }
    list_insert(block);
}

void *calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *memory = malloc(count * size);
    /* Pages of its own come zeroed from the kernel. */
    if (memory != NULL && count * size < DIRECT_BYTES) {
        memset(memory, 0, count * size);
    }
    return memory;
}

void *realloc(void *memory, size_t size)
{
    if (memory == NULL) {
        return malloc(size);
    }
    if (size == 0) {
        free(memory);
        return NULL;
    }
    struct block *block = block_of("realloc", memory);
    size_t room = size_of(block) - HEADER_BYTES;
    if (block->size_and_flags & FLAG_DIRECT) {
        room -= sizeof(struct chunk);
    }
    if (size <= room) {
        return memory;
    }
    void *larger = malloc(size);
    if (larger != NULL) {
        memcpy(larger, memory, room);
        free(memory);
    }
    return larger;
}
