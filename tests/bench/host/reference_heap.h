/*
 * reference_heap.h - the plain first-fit byte-table heap that the benches compare with.
 *
 * The same table as the block heap's (memory/heap/heap.h) and the simplest code for it: each
 * allocation scans from entry 0, entries are marked one by one, and free follows HAS_NEXT. Works
 * in the kernel and on a host; needs nothing else.
 */
#ifndef TESTS_BENCH_HOST_REFERENCE_HEAP_H
#define TESTS_BENCH_HOST_REFERENCE_HEAP_H

#include <stddef.h>

struct reference_heap {
    unsigned char *entries; /* total of them, the caller's */
    size_t total;
    char *start; /* address of block 0 */
};

/* Empties the table. */
void reference_heap_create(struct reference_heap *heap, void *start, unsigned char *entries,
                           size_t total);

/* size bytes rounded up to blocks of 4096, or NULL. */
void *reference_heap_malloc(struct reference_heap *heap, size_t size);

/* ptr must have come from reference_heap_malloc(): nothing is checked. */
void reference_heap_free(struct reference_heap *heap, void *ptr);

#endif
