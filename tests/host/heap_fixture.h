/*
 * heap_fixture.h - a heap for tests, with a table of exactly its size so that the address
 * sanitizer sees each byte too far. The pool is a range of addresses without memory: a heap that
 * touches it dies.
 */
#ifndef TESTS_HOST_HEAP_FIXTURE_H
#define TESTS_HOST_HEAP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/heap/heap.h"
#include "base/status.h"

#define BLOCK      ((size_t)HEAP_BLOCK_SIZE_BYTES)
#define POOL_START ((uintptr_t)0x01000000)

struct fixture {
    struct heap heap;
    struct heap_table table;
    void *index; /* NULL: a heap that scans its table */
};

static inline void *at(uintptr_t start, size_t block)
{
    return (void *)(start + block * BLOCK);
}

/* Address of a block of a fixture's pool. */
static inline void *block_at(size_t block)
{
    return at(POOL_START, block);
}

static inline void fixture_open_at(struct fixture *fixture, uintptr_t start, size_t blocks,
                                   bool indexed)
{
    fixture->table.total = blocks;
    fixture->table.entries = malloc(blocks > 0 ? blocks : 1);
    memset(fixture->table.entries, 0xA5, blocks);
    fixture->index = NULL;
    assert_int_equal(heap_create(&fixture->heap, (void *)start, at(start, blocks), &fixture->table),
                     0);
    if (indexed) {
        size_t bytes = heap_index_bytes(blocks);
        fixture->index = malloc(bytes);
        memset(fixture->index, 0xA5, bytes);
        assert_int_equal(heap_attach_index(&fixture->heap, fixture->index, bytes), 0);
    }
}

static inline void fixture_open(struct fixture *fixture, size_t blocks, bool indexed)
{
    fixture_open_at(fixture, POOL_START, blocks, indexed);
}

static inline void assert_heap_is_sound(const struct heap *heap)
{
    const char *reason;

    if (heap_check_reason(heap, &reason) != 0) {
        fail_msg("heap_check: %s", reason);
    }
}

/* Checks, and gives back the fixture's memory. */
static inline void fixture_close(struct fixture *fixture)
{
    assert_heap_is_sound(&fixture->heap);
    free(fixture->index);
    free(fixture->table.entries);
}

/* Each test of this kind runs twice: *state says whether the heap has an index. */
#define IS_INDEXED(state) (*(state) != NULL)
#define BOTH_MODES(test)                                                             \
    {.name = #test " (table alone)", .test_func = test},                             \
    {                                                                                \
        .name = #test " (with index)", .test_func = test, .initial_state = (void *)1 \
    }

#endif
