/*
 * memory/heap/byte_heap.h - a heap of bytes in one range of addresses, which grows and shrinks at
 * its end.
 *
 * The range [start, limit) is fixed; memory is behind [start, end) of it. When no free chunk is
 * large enough, the heap asks its owner for pages at the end, and when much is free there, it gives
 * pages back:
 *
 *   start                                         end                              limit
 *   +------+--------+------+----------+-----------+- - - - - - - - - - - - - - - - -+
 *   | used | free   | used | used     | free      |        no memory here           |
 *   +------+--------+------+----------+-----------+- - - - - - - - - - - - - - - - -+
 *                                                 | grow ->
 *                                           <- shrink
 *
 * Unlike in the block heap (heap.h), the notes about a piece of memory lie before it, in a header
 * of BYTE_HEAP_HEADER_BYTES. So a write beyond the end of an allocation can break the heap; what a
 * free needs is checked first, and byte_heap_check() proves the rest.
 *
 * Allocations are the caller's until freed, and aligned to BYTE_HEAP_ALIGNMENT. A heap has no lock:
 * calls must not overlap, and interrupt handlers may not call. byte_heap.c compiles on a host, 32
 * and 64 bit.
 */
#ifndef MEMORY_HEAP_BYTE_HEAP_H
#define MEMORY_HEAP_BYTE_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "base/list.h"

#define BYTE_HEAP_ALIGNMENT    16
#define BYTE_HEAP_HEADER_BYTES (4 * sizeof(void *))

/* The heap grows by at least so much, and keeps up to twice as much free at its end. */
#define BYTE_HEAP_STEP_BYTES 0x10000

#define BYTE_HEAP_CLASSES 256

/*
 * Where the memory comes from; both work on whole pages and all or nothing.
 * grow: puts memory behind [at, at + bytes), contents undefined; 0 or -ENOMEM.
 * shrink: takes the memory behind [at, at + bytes) back; must succeed.
 */
struct byte_heap_source {
    int (*grow)(void *context, void *at, size_t bytes);
    void (*shrink)(void *context, void *at, size_t bytes);
    void *context;
};

/* All fields are the heap's own. */
struct byte_heap {
    uintptr_t start, end, limit;
    size_t kept_bytes; /* shrinking leaves at least so much */
    struct byte_heap_source source;
    struct byte_chunk *last; /* the chunk before end; NULL when start == end */

    struct list_node free[BYTE_HEAP_CLASSES];
    uint32_t classes_in_use[BYTE_HEAP_CLASSES / 32]; /* bit set: that list is not empty */

    size_t used_bytes;
    size_t allocations;
};

/*
 * Makes *heap an empty heap of kept_bytes, which grows to `limit - start` at most. start, limit and
 * kept_bytes are multiples of a page (HEAP_BLOCK_SIZE_BYTES). -EINVARG when they are not, when
 * limit <= start, or kept_bytes is more than there is room for; -ENOMEM when the source has no
 * memory.
 */
int byte_heap_create(struct byte_heap *heap, void *start, void *limit, size_t kept_bytes,
                     const struct byte_heap_source *source);

/* Gives all memory back. -EBUSY, and nothing changes, while there are allocations. */
int byte_heap_destroy(struct byte_heap *heap);

/* size bytes, contents undefined; owner is any pointer, often the caller's return address. NULL for
 * size 0 and when there is no room: every request that fits somewhere succeeds. */
void *byte_heap_malloc(struct byte_heap *heap, size_t size, const void *owner);

/*
 * Gives back what byte_heap_malloc() returned; NULL does nothing and returns 0. -EINVARG, and
 * nothing changes, when ptr is not the start of a live allocation. -ECORRUPT, and nothing changes,
 * when the headers on both sides do not agree with its own: code wrote beyond an allocation.
 */
int byte_heap_free(struct byte_heap *heap, void *ptr);

/* Gives back every whole page at the end that is free, kept_bytes or not. Returns the bytes. */
size_t byte_heap_trim(struct byte_heap *heap);

/* Bytes of live allocations and of free chunks, headers included in both: used + free is what the
 * heap has. */
size_t byte_heap_used_bytes(const struct byte_heap *heap);
size_t byte_heap_free_bytes(const struct byte_heap *heap);

/* The bytes that the live allocation at ptr may use, at least what was asked for; 0 when there is
 * none. */
size_t byte_heap_allocation_bytes(const struct byte_heap *heap, const void *ptr);

/* What ptr is to byte_heap_free(), as half a sentence: "the pointer is ...". Walks the heap. */
const char *byte_heap_describe_pointer(const struct byte_heap *heap, const void *ptr);

/* Calls visit for each chunk in order of address; it may not call the heap. start and bytes: with
 * the header. owner is NULL for free chunks. */
typedef void (*byte_heap_visit_t)(void *context, const void *start, size_t bytes, const void *owner,
                                  int is_used);
void byte_heap_for_each_chunk(const struct byte_heap *heap, byte_heap_visit_t visit, void *context);

/* Walks chunks and lists and proves that they agree: 0 or -ECORRUPT. *reason, unless reason is
 * NULL, becomes a sentence that says what is wrong, "" when nothing is. */
int byte_heap_check(const struct byte_heap *heap, const char **reason);

#endif
