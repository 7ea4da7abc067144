/*
 * memory/heap/byte_heap.c - boundary tags and segregated lists.
 *
 * Theory of operation
 *
 * [start, end) is cut into chunks without gaps, each used or free. A chunk begins with a header:
 *
 *   +---------+----------+-------+------+---------------------------------------+
 *   | bytes   | previous | owner | seal | the caller's bytes, or a link and dirt |
 *   +---------+----------+-------+------+---------------------------------------+
 *
 * bytes is the chunk's size, header included, and leads to the next chunk; previous is the size of
 * the chunk before and leads back (Knuth's boundary tags, TAOCP 1, 2.5). So a free finds both
 * neighbours at once and joins those that are free. Two free chunks never lie side by side.
 *
 * The seal is a function of the header's address, its size and whether it is used. A header that
 * ends, because its chunk is joined to another, loses its seal. So a pointer is the start of a live
 * allocation exactly when the seal before it is the right one: interior and foreign pointers and
 * second frees are seen without a walk.
 *
 * Free chunks are on lists by size, counted in units of 16 bytes. Up to 15 units a class holds one
 * size, from there each power of two is cut into 8 (as in TLSF, see heap_index.h):
 *
 *     class      1  2  ...  15   16     17     ...  23     24     25     ...
 *     units      1  2  ...  15   16-17  18-19  ...  30-31  32-35  36-39  ...
 *
 * malloc takes the first chunk of the lowest class whose every chunk fits, else looks through the
 * list of the request's own class, else grows. What is left of a chunk is a new free chunk if a
 * header and a link fit into it.
 *
 * Growing: by what is missing, counting a free chunk at the end, and at least BYTE_HEAP_STEP_BYTES;
 * when the source does not have that, by the pages that are missing. Shrinking: when more than two
 * steps are free at the end, all but one step goes back, but never below kept_bytes. So it takes at
 * least a step of mallocs or frees to come from one to the other: a program that takes and frees
 * the same bytes at a page's edge maps nothing.
 *
 * Invariants (byte_heap_check() proves them)
 *
 *  1. The chunks' sizes are multiples of 16, at least CHUNK_BYTES_MIN, and add up to end - start.
 *  2. Each chunk's `previous` is the size of the one before (0 in the first), and its seal
 *     is right.
 *  3. No two free chunks are neighbours. heap->last is the last chunk.
 *  4. Each free chunk is once on the list of its class; a class's bit says whether its list
 *     is empty.
 *  5. used_bytes and allocations are what the chunks add up to.
 *
 * Limits
 *
 *  - A caller who forges a header with its seal in front of a pointer can free that pointer.
 *  - The search of the request's own class is as long as its list: chunks within an eighth of
 *    the size.
 *  - Only the end shrinks: one allocation there keeps all the memory below it.
 */
#include "memory/heap/byte_heap.h"

#include <stdbool.h>

#include "base/align.h"
#include "base/status.h"

#define PAGE_BYTES HEAP_BLOCK_SIZE_BYTES

struct byte_chunk {
    size_t bytes;    /* of the chunk, header included */
    size_t previous; /* bytes of the chunk before; 0: this is the first */
    const void *owner;
    uintptr_t seal;
    struct list_node link; /* of a free chunk; the caller's in a used one */
};

#define HEADER_BYTES    BYTE_HEAP_HEADER_BYTES
#define CHUNK_BYTES_MIN ALIGN_UP(sizeof(struct byte_chunk), BYTE_HEAP_ALIGNMENT)
_Static_assert(offsetof(struct byte_chunk, link) == HEADER_BYTES, "the header");
_Static_assert(HEADER_BYTES % BYTE_HEAP_ALIGNMENT == 0, "what follows a header is aligned");
_Static_assert(BYTE_HEAP_STEP_BYTES % PAGE_BYTES == 0, "whole pages");

#define SEAL_USED ((uintptr_t)0x75736564u)
#define SEAL_FREE ((uintptr_t)0x66726565u)
#define SEAL_NONE ((uintptr_t)0)

/* ---------------------------------------------------------------- chunks */

static uintptr_t address_of(const struct byte_chunk *chunk)
{
    return (uintptr_t)chunk;
}

/* Rotating the size keeps its low bits apart from those of the address. */
static uintptr_t seal_of(const struct byte_chunk *chunk, uintptr_t kind)
{
    return kind ^ address_of(chunk) ^
           (chunk->bytes << 13 | chunk->bytes >> (8 * sizeof(chunk->bytes) - 13));
}

static void seal(struct byte_chunk *chunk, uintptr_t kind)
{
    chunk->seal = seal_of(chunk, kind);
}

static bool is_sealed(const struct byte_chunk *chunk, uintptr_t kind)
{
    return chunk->seal == seal_of(chunk, kind);
}

/* NULL behind the last. */
static struct byte_chunk *next_of(const struct byte_heap *heap, const struct byte_chunk *chunk)
{
    return chunk == heap->last ? NULL : (struct byte_chunk *)(address_of(chunk) + chunk->bytes);
}

/* NULL before the first. */
static struct byte_chunk *previous_of(const struct byte_chunk *chunk)
{
    return chunk->previous == 0 ? NULL : (struct byte_chunk *)(address_of(chunk) - chunk->previous);
}

/* Tells the chunk behind, or the heap, about a chunk's size. */
static void note_size(struct byte_heap *heap, struct byte_chunk *chunk)
{
    if (address_of(chunk) + chunk->bytes == heap->end) {
        heap->last = chunk;
    } else {
        ((struct byte_chunk *)(address_of(chunk) + chunk->bytes))->previous = chunk->bytes;
    }
}

/* ---------------------------------------------------------------- lists */

/* units >> class_shift(units) is 8 to 15. For 16 units and more. */
static uint32_t class_shift(size_t units)
{
    return (uint32_t)(8 * sizeof(unsigned long) - 1) - 3 - (uint32_t)__builtin_clzl(units);
}

static uint32_t class_of(size_t bytes)
{
    size_t units = bytes / BYTE_HEAP_ALIGNMENT;

    if (units < 16) {
        return (uint32_t)units;
    }
    uint32_t shift = class_shift(units);
    uint32_t class = shift * 8 + (uint32_t)(units >> shift);
    return MIN(class, (uint32_t)BYTE_HEAP_CLASSES - 1);
}

/* The lowest class in which every chunk has that many bytes. BYTE_HEAP_CLASSES - 1 holds all from
 * 240 GiB on, and is searched. */
static uint32_t class_that_fits(size_t bytes)
{
    size_t units = bytes / BYTE_HEAP_ALIGNMENT;

    if (units < 16) {
        return (uint32_t)units;
    }
    return class_of((units + ((size_t)1 << class_shift(units)) - 1) * BYTE_HEAP_ALIGNMENT);
}

static void insert(struct byte_heap *heap, struct byte_chunk *chunk)
{
    uint32_t class = class_of(chunk->bytes);

    chunk->owner = NULL;
    seal(chunk, SEAL_FREE);
    list_add_after(&heap->free[class], &chunk->link);
    heap->classes_in_use[class / 32] |= 1u << class % 32;
}

static void take_off_list(struct byte_heap *heap, struct byte_chunk *chunk)
{
    uint32_t class = class_of(chunk->bytes);

    list_remove(&chunk->link);
    if (list_is_empty(&heap->free[class])) {
        heap->classes_in_use[class / 32] &= ~(1u << class % 32);
    }
}

static struct byte_chunk *chunk_of_link(struct list_node *link)
{
    return LIST_ENTRY(link, struct byte_chunk, link);
}

/* A free chunk of at least that many bytes, or NULL. */
static struct byte_chunk *find(const struct byte_heap *heap, size_t bytes)
{
    uint32_t class = class_that_fits(bytes);
    uint32_t word = class / 32;
    uint32_t bits = heap->classes_in_use[word] & ~0u << class % 32;

    while (bits == 0 && ++word < ARRAY_SIZE(heap->classes_in_use)) {
        bits = heap->classes_in_use[word];
    }
    if (bits != 0) {
        class = word * 32 + (uint32_t)__builtin_ctz(bits);
        if (class < BYTE_HEAP_CLASSES - 1) {
            return chunk_of_link(heap->free[class].next);
        }
    }
    LIST_FOR_EACH(link, &heap->free[class_of(bytes)]) {
        if (chunk_of_link(link)->bytes >= bytes) {
            return chunk_of_link(link);
        }
    }
    LIST_FOR_EACH(link, &heap->free[BYTE_HEAP_CLASSES - 1]) {
        if (chunk_of_link(link)->bytes >= bytes) {
            return chunk_of_link(link);
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- growing and shrinking */

static size_t heap_bytes(const struct byte_heap *heap)
{
    return heap->end - heap->start;
}

/* Bytes of the free chunk at the end; 0 when there is none. */
static size_t free_at_end(const struct byte_heap *heap)
{
    return heap->last != NULL && is_sealed(heap->last, SEAL_FREE) ? heap->last->bytes : 0;
}

static int grow(struct byte_heap *heap, size_t bytes)
{
    size_t tail = free_at_end(heap);
    int status;

    if (bytes > heap->limit - heap->end) {
        return -ENOMEM;
    }
    status = heap->source.grow(heap->source.context, (void *)heap->end, bytes);
    if (status < 0) {
        return status;
    }
    struct byte_chunk *chunk = heap->last;
    if (tail != 0) {
        take_off_list(heap, chunk);
    } else {
        chunk = (struct byte_chunk *)heap->end;
        chunk->bytes = 0;
        chunk->previous = heap->last != NULL ? heap->last->bytes : 0;
    }
    chunk->bytes += bytes;
    heap->end += bytes;
    heap->last = chunk;
    insert(heap, chunk);
    return OK;
}

/* Makes the free chunk at the end so large that a request for that many bytes fits. */
static bool grow_for(struct byte_heap *heap, size_t bytes)
{
    size_t missing = ALIGN_UP(bytes - free_at_end(heap), PAGE_BYTES);

    return (missing < BYTE_HEAP_STEP_BYTES && grow(heap, BYTE_HEAP_STEP_BYTES) == OK) ||
           grow(heap, missing) == OK;
}

/* Gives back pages so that at least `left` bytes stay free at the end and `kept` in all, or as few
 * more as a chunk needs. Returns the bytes. */
static size_t shrink(struct byte_heap *heap, size_t left, size_t kept)
{
    struct byte_chunk *chunk = heap->last;
    size_t tail = free_at_end(heap);

    if (tail <= left) {
        return 0;
    }
    uintptr_t end = ALIGN_UP(MAX(address_of(chunk) + left, heap->start + kept), PAGE_BYTES);

    /* What is left of the chunk is nothing, or a chunk. */
    if (end > address_of(chunk) && end - address_of(chunk) < CHUNK_BYTES_MIN) {
        end += PAGE_BYTES;
    }
    if (end >= heap->end) {
        return 0;
    }
    size_t bytes = heap->end - end;

    take_off_list(heap, chunk);
    heap->end = end;
    if (end == address_of(chunk)) {
        chunk->seal = SEAL_NONE;
        heap->last = previous_of(chunk);
    } else {
        chunk->bytes = end - address_of(chunk);
        insert(heap, chunk);
    }
    heap->source.shrink(heap->source.context, (void *)end, bytes);
    return bytes;
}

size_t byte_heap_trim(struct byte_heap *heap)
{
    return shrink(heap, 0, 0);
}

/* ---------------------------------------------------------------- creation */

int byte_heap_create(struct byte_heap *heap, void *start, void *limit, size_t kept_bytes,
                     const struct byte_heap_source *source)
{
    uintptr_t first = (uintptr_t)start;
    uintptr_t behind = (uintptr_t)limit;

    if (first % PAGE_BYTES != 0 || behind % PAGE_BYTES != 0 || kept_bytes % PAGE_BYTES != 0 ||
        first == 0 || behind <= first || kept_bytes > behind - first) {
        return -EINVARG;
    }
    *heap = (struct byte_heap){
        .start = first,
        .end = first,
        .limit = behind,
        .kept_bytes = kept_bytes,
        .source = *source,
    };
    for (uint32_t i = 0; i < BYTE_HEAP_CLASSES; i++) {
        list_initialise(&heap->free[i]);
    }
    return kept_bytes == 0 ? OK : grow(heap, kept_bytes);
}

int byte_heap_destroy(struct byte_heap *heap)
{
    if (heap->allocations != 0) {
        return -EBUSY;
    }
    byte_heap_trim(heap);
    return OK;
}

/* ---------------------------------------------------------------- allocation */

/* Cuts a chunk that is on no list down to that many bytes, if what is left makes a chunk. */
static void cut(struct byte_heap *heap, struct byte_chunk *chunk, size_t bytes)
{
    size_t rest_bytes = chunk->bytes - bytes;

    if (rest_bytes < CHUNK_BYTES_MIN) {
        return;
    }
    struct byte_chunk *rest = (struct byte_chunk *)(address_of(chunk) + bytes);

    chunk->bytes = bytes;
    rest->bytes = rest_bytes;
    rest->previous = bytes;
    note_size(heap, rest);
    insert(heap, rest);
}

void *byte_heap_malloc(struct byte_heap *heap, size_t size, const void *owner)
{
    if (size == 0 || size > heap->limit - heap->start) {
        return NULL;
    }
    size_t bytes = MAX(ALIGN_UP(size + HEADER_BYTES, BYTE_HEAP_ALIGNMENT), CHUNK_BYTES_MIN);
    struct byte_chunk *chunk = find(heap, bytes);

    if (chunk == NULL && grow_for(heap, bytes)) {
        chunk = heap->last;
    }
    if (chunk == NULL) {
        return NULL;
    }
    take_off_list(heap, chunk);
    cut(heap, chunk, bytes);
    chunk->owner = owner;
    seal(chunk, SEAL_USED);
    heap->used_bytes += chunk->bytes;
    heap->allocations++;
    return (char *)chunk + HEADER_BYTES;
}

/* The header of a live allocation, or NULL when ptr is not the start of one. */
static struct byte_chunk *live_chunk(const struct byte_heap *heap, const void *ptr)
{
    uintptr_t address = (uintptr_t)ptr - HEADER_BYTES;

    if (!IS_ALIGNED((uintptr_t)ptr, BYTE_HEAP_ALIGNMENT) || address < heap->start ||
        address >= heap->end || (uintptr_t)ptr >= heap->end) {
        return NULL;
    }
    struct byte_chunk *chunk = (struct byte_chunk *)address;
    return is_sealed(chunk, SEAL_USED) ? chunk : NULL;
}

/* Do the chunk's neighbours say what it says? They lie in the heap, or it is not so. */
static bool agrees_with_neighbours(const struct byte_heap *heap, const struct byte_chunk *chunk)
{
    uintptr_t offset = address_of(chunk) - heap->start;
    uintptr_t room = heap->end - address_of(chunk);

    if (chunk->bytes > room || chunk->previous > offset ||
        (chunk->previous == 0) != (offset == 0) || chunk->previous % BYTE_HEAP_ALIGNMENT != 0 ||
        (chunk->bytes == room) != (chunk == heap->last)) {
        return false;
    }
    const struct byte_chunk *next = next_of(heap, chunk);
    const struct byte_chunk *previous = previous_of(chunk);

    return (next == NULL || (next->previous == chunk->bytes &&
                             (is_sealed(next, SEAL_USED) || is_sealed(next, SEAL_FREE)))) &&
           (previous == NULL ||
            (previous->bytes == chunk->previous &&
             (is_sealed(previous, SEAL_USED) || is_sealed(previous, SEAL_FREE))));
}

int byte_heap_free(struct byte_heap *heap, void *ptr)
{
    if (ptr == NULL) {
        return OK;
    }
    struct byte_chunk *chunk = live_chunk(heap, ptr);

    if (chunk == NULL) {
        return -EINVARG;
    }
    if (!agrees_with_neighbours(heap, chunk)) {
        return -ECORRUPT;
    }
    struct byte_chunk *next = next_of(heap, chunk);
    struct byte_chunk *previous = previous_of(chunk);

    heap->used_bytes -= chunk->bytes;
    heap->allocations--;
    if (next != NULL && is_sealed(next, SEAL_FREE)) {
        take_off_list(heap, next);
        next->seal = SEAL_NONE;
        chunk->bytes += next->bytes;
    }
    if (previous != NULL && is_sealed(previous, SEAL_FREE)) {
        take_off_list(heap, previous);
        chunk->seal = SEAL_NONE;
        previous->bytes += chunk->bytes;
        chunk = previous;
    }
    note_size(heap, chunk);
    insert(heap, chunk);
    if (free_at_end(heap) > 2 * (size_t)BYTE_HEAP_STEP_BYTES) {
        shrink(heap, BYTE_HEAP_STEP_BYTES, heap->kept_bytes);
    }
    return OK;
}

/* ---------------------------------------------------------------- questions */

size_t byte_heap_used_bytes(const struct byte_heap *heap)
{
    return heap->used_bytes;
}

size_t byte_heap_free_bytes(const struct byte_heap *heap)
{
    return heap_bytes(heap) - heap->used_bytes;
}

size_t byte_heap_allocation_bytes(const struct byte_heap *heap, const void *ptr)
{
    const struct byte_chunk *chunk = live_chunk(heap, ptr);

    return chunk == NULL ? 0 : chunk->bytes - HEADER_BYTES;
}

/* Is it a chunk that a walk may go on from? */
static bool is_sound(const struct byte_heap *heap, const struct byte_chunk *chunk)
{
    return heap->end - address_of(chunk) >= CHUNK_BYTES_MIN && chunk->bytes >= CHUNK_BYTES_MIN &&
           chunk->bytes % BYTE_HEAP_ALIGNMENT == 0 &&
           chunk->bytes <= heap->end - address_of(chunk) &&
           (is_sealed(chunk, SEAL_USED) || is_sealed(chunk, SEAL_FREE));
}

const char *byte_heap_describe_pointer(const struct byte_heap *heap, const void *ptr)
{
    uintptr_t address = (uintptr_t)ptr;

    if (address < heap->start || address >= heap->end) {
        return "outside the byte heap";
    }
    for (uintptr_t at = heap->start; at < heap->end;) {
        const struct byte_chunk *chunk = (const struct byte_chunk *)at;

        if (!is_sound(heap, chunk)) {
            break;
        }
        if (address < at + chunk->bytes) {
            return is_sealed(chunk, SEAL_FREE)    ? "free already, or was never allocated"
                   : address < at + HEADER_BYTES  ? "inside the heap's own header"
                   : address == at + HEADER_BYTES ? "the start of a live allocation"
                                                  : "inside an allocation, not at its start";
        }
        at += chunk->bytes;
    }
    return "behind a header that was written over";
}

void byte_heap_for_each_chunk(const struct byte_heap *heap, byte_heap_visit_t visit, void *context)
{
    for (uintptr_t at = heap->start; at < heap->end;) {
        const struct byte_chunk *chunk = (const struct byte_chunk *)at;

        if (!is_sound(heap, chunk)) {
            return;
        }
        visit(context, chunk, chunk->bytes, chunk->owner, is_sealed(chunk, SEAL_USED));
        at += chunk->bytes;
    }
}

/* ---------------------------------------------------------------- the checker */

/* Counts the free chunks on all lists; what is wrong, or NULL. */
static const char *check_lists(const struct byte_heap *heap, size_t free_chunks)
{
    size_t listed = 0;

    for (uint32_t class = 0; class < BYTE_HEAP_CLASSES; class ++) {
        const struct list_node *before = &heap->free[class];
        bool in_use = (heap->classes_in_use[class / 32] >> class % 32 & 1) != 0;

        if (in_use == list_is_empty(&heap->free[class])) {
            return "a class's bit does not say whether its list is empty";
        }
        LIST_FOR_EACH(link, &heap->free[class]) {
            uintptr_t at = (uintptr_t)link - HEADER_BYTES;

            if (link->previous != before) {
                return "a list's links do not match";
            }
            if (at < heap->start || at >= heap->end || at % BYTE_HEAP_ALIGNMENT != 0 ||
                !is_sealed((const struct byte_chunk *)at, SEAL_FREE) || ++listed > free_chunks) {
                return "a list has what is not a free chunk";
            }
            if (class_of(((const struct byte_chunk *)at)->bytes) != class) {
                return "a free chunk is on the wrong list";
            }
            before = link;
        }
    }
    return listed == free_chunks ? NULL : "a free chunk is on no list";
}

static const char *find_problem(const struct byte_heap *heap)
{
    const struct byte_chunk *before = NULL;
    size_t used = 0, allocations = 0, free_chunks = 0;

    if (heap->end < heap->start || heap->end > heap->limit || heap_bytes(heap) % PAGE_BYTES != 0) {
        return "the heap's end means nothing";
    }
    for (uintptr_t at = heap->start; at < heap->end; at += before->bytes) {
        const struct byte_chunk *chunk = (const struct byte_chunk *)at;

        if (!is_sound(heap, chunk)) {
            return "a header was written over";
        }
        if (chunk->previous != (before != NULL ? before->bytes : 0)) {
            return "a chunk has another size for the one before than that itself";
        }
        if (is_sealed(chunk, SEAL_USED)) {
            used += chunk->bytes;
            allocations++;
        } else if (before != NULL && is_sealed(before, SEAL_FREE)) {
            return "two free chunks are neighbours";
        } else {
            free_chunks++;
        }
        before = chunk;
    }
    if (before != heap->last) {
        return "the last chunk is another one";
    }
    if (used != heap->used_bytes || allocations != heap->allocations) {
        return "the counters are not what the chunks add up to";
    }
    return check_lists(heap, free_chunks);
}

int byte_heap_check(const struct byte_heap *heap, const char **reason)
{
    const char *problem = find_problem(heap);

    if (reason != NULL) {
        *reason = problem != NULL ? problem : "";
    }
    return problem != NULL ? -ECORRUPT : OK;
}
