/*
 * malloc_blocks.c - blocks out of chunks of the kernel's pages; malloc_blocks.h has theory and
 * invariants.
 */
#include "malloc_blocks.h"

#include "include/drupe.h"

#define LISTS 11 /* the last from 16 << 10 = 16 KiB on: up to a whole chunk */

static struct block *free_lists[LISTS];

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
    struct block **head = &free_lists[list_for(size_of(block))];
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
        free_lists[list_for(size_of(block))] = block->next;
    }
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
}

static void set_size(struct block *block, size_t size, size_t flags)
{
    block->size_and_flags = size | flags;
    block_after(block)->before = (uint16_t)(size / ALIGNMENT);
}

static struct block *find_free(size_t size)
{
    unsigned list = list_for(size);
    for (struct block *block = free_lists[list]; block != NULL; block = block->next) {
        if (size_of(block) >= size) {
            return block;
        }
    }
    for (list++; list < LISTS; list++) {
        if (free_lists[list] != NULL) {
            return free_lists[list];
        }
    }
    return NULL;
}

struct block *blocks_take(size_t size)
{
    struct block *block = find_free(size);
    if (block == NULL) {
        return NULL;
    }
    list_take_out(block);
    size_t left = size_of(block) - size;
    if (left < BLOCK_BYTES_MIN) {
        size += left; /* too little for a block of its own */
    } else {
        struct block *rest = block_at(block, (intptr_t)size);
        rest->place = (uint16_t)(block->place + size / ALIGNMENT);
        set_size(rest, left, 0);
        list_insert(rest);
    }
    set_size(block, size, FLAG_TAKEN);
    return block;
}

void blocks_give_back(struct block *block)
{
    size_t size = size_of(block);
    struct block *after = block_after(block);
    if (!is_taken(after)) {
        list_take_out(after);
        size += size_of(after);
    }
    struct block *before = block_at(block, -(intptr_t)(block->before * ALIGNMENT));
    if (block->before != 0 && !is_taken(before)) {
        block->size_and_flags &= ~FLAGS; /* its second free is to be noticed */
        block = before;
        list_take_out(block);
        size += size_of(block);
    }
    set_size(block, size, 0);
    list_insert(block);
}

bool blocks_add_chunk(void)
{
    struct chunk *chunk = page_malloc(CHUNK_BYTES);
    if (chunk == NULL) {
        return false;
    }
    chunk->bytes = CHUNK_BYTES;
    struct block *block = first_block(chunk); /* its place and the end mark's, and live, are zero */
    set_size(block, BLOCK_BYTES_MAX, 0);
    block_after(block)->size_and_flags = FLAG_TAKEN;
    list_insert(block);
    return true;
}

void blocks_remove_chunk(struct chunk *chunk)
{
    for (struct block *block = first_block(chunk); size_of(block) != 0;
         block = block_after(block)) {
        if (!is_taken(block)) {
            list_take_out(block);
        }
    }
    page_free(chunk);
}
