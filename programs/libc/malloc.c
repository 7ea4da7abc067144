/*
 * malloc.c - memory in any size: small objects in slabs, larger ones in blocks, the largest in
 * pages.
 *
 * Theory. Most requests are small, and come and go in like sizes. So a block of SLAB_BYTES is a
 * slab: it is cut into objects of one size, and the free ones hang in a list. A request takes the
 * list's first, and free() puts it back in front. A request above OBJECT_BYTES_MAX has a block of
 * its own (malloc_blocks.h), and one from DIRECT_BYTES on has a run of pages from the kernel.
 *
 *   slab:    | block's header | struct slab | object | object | ... |
 *   object:  | size, flags | 0, place | memory ...  (its start is 16-aligned) |
 *
 * An object's header is that of a block. Its flag FLAG_TAKEN says whether it is live, its place
 * leads to the slab's block, and the slab's seal says that there is a slab: so free() knows whether
 * a pointer is the start of a live object.
 *
 * Slabs with a free object hang in a list by their objects' size; full ones in none. A slab in
 * which nothing lives stays where it is: the next object of that size is quick. When a block is
 * wanted and no chunk has it, all such slabs become free blocks before the kernel is asked for a
 * chunk.
 *
 * Invariants. A slab is on its size's list exactly if it has a free object. live_objects of a slab
 * is the number of its objects with FLAG_TAKEN. empty_slabs counts the slabs in which nothing
 * lives. A chunk's `live` is the number of its taken blocks that are not such slabs. At most one
 * chunk, the spare, has none; others go back to the kernel (command 5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/drupe.h"
#include "malloc_blocks.h"

#define DIRECT_BYTES     ((size_t)16384) /* from this size on, memory has pages of its own */
#define SLAB_BYTES       ((size_t)2048)
#define OBJECT_SIZES     17 /* object i has 16 * i bytes, its header included: up to 256 */
#define OBJECT_BYTES_MAX ((OBJECT_SIZES - 1) * ALIGNMENT - HEADER_BYTES)
#define SEAL             ((uintptr_t)0x51ABF00D)

struct slab {
    uintptr_t seal; /* its own address, exclusive-or SEAL */
    struct block *free_objects;
    size_t live_objects;
    size_t object_bytes;
    struct slab *next;
    struct slab *previous;
};

_Static_assert(((HEADER_BYTES + ALIGNMENT) & ~(ALIGNMENT - 1)) >= offsetof(struct block, previous),
               "the smallest object has room for a link");

/* The first object's place: what is before it is a multiple of 16. */
#define FIRST_OBJECT ((HEADER_BYTES + sizeof(struct slab) + ALIGNMENT - 1) & ~(ALIGNMENT - 1))

static struct {
    struct slab *slabs[OBJECT_SIZES]; /* that have a free object */
    size_t empty_slabs;
    struct chunk *spare; /* the one chunk in which nothing lives, or NULL */
} heap;

/* ---- chunks */

/* One more of its blocks is live. A chunk without any was the spare, or is new: then there is no
 * spare, which would have had room. */
static void chunk_gains(struct chunk *chunk)
{
    if (chunk->live++ == 0) {
        heap.spare = NULL;
    }
}

static void slab_take_out(struct slab *slab)
{
    if (slab->previous != NULL) {
        slab->previous->next = slab->next;
    } else {
        heap.slabs[slab->object_bytes / ALIGNMENT] = slab->next;
    }
    if (slab->next != NULL) {
        slab->next->previous = slab->previous;
    }
}

static void slab_insert(struct slab *slab)
{
    struct slab **head = &heap.slabs[slab->object_bytes / ALIGNMENT];
    slab->previous = NULL;
    slab->next = *head;
    if (*head != NULL) {
        (*head)->previous = slab;
    }
    *head = slab;
}

/* An empty slab is a slab no more. */
static void slab_end(struct slab *slab)
{
    slab_take_out(slab);
    slab->seal = 0;
    heap.empty_slabs--;
}

/* The last that lived in chunk has ended: what is taken in it are empty slabs. */
static void chunk_is_idle(struct chunk *chunk)
{
    if (heap.spare == NULL) {
        heap.spare = chunk;
        return;
    }
    for (struct block *block = first_block(chunk); size_of(block) != 0;
         block = block_after(block)) {
        if (is_taken(block)) {
            slab_end(memory_of(block));
        }
    }
    blocks_remove_chunk(chunk);
}

/* One less of its blocks is live. */
static void chunk_loses(struct chunk *chunk)
{
    if (--chunk->live == 0) {
        chunk_is_idle(chunk);
    }
}

static void free_empty_slabs(void)
{
    for (unsigned i = 0; i < OBJECT_SIZES && heap.empty_slabs > 0; i++) {
        struct slab *next;
        for (struct slab *slab = heap.slabs[i]; slab != NULL; slab = next) {
            next = slab->next;
            if (slab->live_objects == 0) {
                slab_end(slab);
                blocks_give_back(block_of_memory(slab));
            }
        }
    }
}

/* A taken block, which does not count as live yet; NULL when there is no memory. */
static struct block *block_create(size_t size)
{
    struct block *block = blocks_take(size);
    if (block == NULL && heap.empty_slabs > 0) {
        free_empty_slabs();
        block = blocks_take(size);
    }
    if (block == NULL && blocks_add_chunk()) {
        block = blocks_take(size);
    }
    return block;
}

/* ---- small objects */

/* An empty slab, on its list; NULL when there is no memory. */
static struct slab *slab_create(size_t object_bytes)
{
    struct block *block = block_create(SLAB_BYTES);
    if (block == NULL) {
        return NULL;
    }
    block->size_and_flags |= FLAG_SLAB;
    struct slab *slab = memory_of(block);
    slab->seal = (uintptr_t)slab ^ SEAL;
    slab->free_objects = NULL;
    slab->live_objects = 0;
    slab->object_bytes = object_bytes;
    /* From the last on, so that the first is in front. */
    size_t count = (SLAB_BYTES - FIRST_OBJECT) / object_bytes;
    while (count-- > 0) {
        size_t place = FIRST_OBJECT + count * object_bytes;
        struct block *object = block_at(block, (intptr_t)place);
        object->size_and_flags = object_bytes | FLAG_OBJECT;
        object->before = 0;
        object->place = (uint16_t)(place / ALIGNMENT);
        object->next = slab->free_objects;
        slab->free_objects = object;
    }
    slab_insert(slab);
    heap.empty_slabs++;
    return slab;
}

static inline __attribute__((always_inline)) void *object_take(struct slab *slab)
{
    struct block *object = slab->free_objects;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a slab on a list has a free object */
    slab->free_objects = object->next;
    object->size_and_flags |= FLAG_TAKEN;
    if (slab->free_objects == NULL) {
        slab_take_out(slab);
    }
    if (slab->live_objects++ == 0) {
        heap.empty_slabs--;
        chunk_gains(chunk_of(block_of_memory(slab)));
    }
    return memory_of(object);
}

static void object_give_back(struct slab *slab, struct block *object)
{
    object->size_and_flags &= ~FLAG_TAKEN;
    object->next = slab->free_objects;
    if (slab->free_objects == NULL) {
        slab_insert(slab);
    }
    slab->free_objects = object;
    if (--slab->live_objects == 0) {
        heap.empty_slabs++;
        chunk_loses(chunk_of(block_of_memory(slab)));
    }
}

/* The slab of a live object; NULL for what is none. */
static inline __attribute__((always_inline)) struct slab *slab_of(struct block *object)
{
    if ((uintptr_t)memory_of(object) % ALIGNMENT != 0 ||
        (object->size_and_flags & FLAGS) != (FLAG_TAKEN | FLAG_OBJECT) ||
        object->place >= SLAB_BYTES / ALIGNMENT) {
        return NULL;
    }
    struct slab *slab = memory_of(block_of_place(object));
    return slab->seal == ((uintptr_t)slab ^ SEAL) && slab->object_bytes == size_of(object) ? slab
                                                                                           : NULL;
}

/* ---- what is not small */

static void *malloc_direct(size_t size)
{
    size_t bytes = size + sizeof(struct chunk) + HEADER_BYTES;
    bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    struct chunk *chunk = page_malloc(bytes);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->bytes = bytes;
    struct block *block = first_block(chunk);
    block->size_and_flags = bytes | FLAG_TAKEN | FLAG_DIRECT;
    return memory_of(block);
}

/* size: with the header. */
static void *malloc_block(size_t size)
{
    struct block *block = block_create(size);
    if (block == NULL) {
        return NULL;
    }
    chunk_gains(chunk_of(block));
    return memory_of(block);
}

/* Is block the header of live memory that is not small? What looks like it must agree with what is
 * after it. */
static bool is_live_block(struct block *block)
{
    if ((uintptr_t)memory_of(block) % ALIGNMENT != 0) {
        return false;
    }
    size_t flags = block->size_and_flags & FLAGS;
    if (flags == (FLAG_TAKEN | FLAG_DIRECT)) {
        return (uintptr_t)block % PAGE_BYTES == sizeof(struct chunk);
    }
    return flags == FLAG_TAKEN && size_of(block) > 0 && size_of(block) < CHUNK_BYTES &&
           block_after(block)->before * ALIGNMENT == size_of(block);
}

/* ---- the C library's functions */

/* How many bytes an allocation needs with its header. */
static inline size_t size_with_header(size_t size)
{
    return (size + HEADER_BYTES + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/* When no slab has a free object of that size. */
static __attribute__((noinline)) void *malloc_slowly(size_t size)
{
    if (size == 0 || size > (size_t)PTRDIFF_MAX - 2 * PAGE_BYTES) {
        return NULL;
    }
    if (size >= DIRECT_BYTES) {
        return malloc_direct(size);
    }
    if (size > OBJECT_BYTES_MAX) {
        return malloc_block(size_with_header(size));
    }
    struct slab *slab = slab_create(size_with_header(size));
    return slab != NULL ? object_take(slab) : NULL;
}

void *malloc(size_t size)
{
    if (size - 1 < OBJECT_BYTES_MAX) {
        struct slab *slab = heap.slabs[size_with_header(size) / ALIGNMENT];
        if (slab != NULL) {
            return object_take(slab);
        }
    }
    return malloc_slowly(size);
}

/* Ends the program unless block, which is no object, is the header of live memory. */
static void check_block(const char *caller, struct block *block)
{
    if (!is_live_block(block)) {
        printf("%s(%p): not the start of a live allocation\n", caller, memory_of(block));
        abort();
    }
}

static __attribute__((noinline)) void free_slowly(struct block *block)
{
    check_block("free", block);
    struct chunk *chunk = chunk_of(block);
    if (block->size_and_flags & FLAG_DIRECT) {
        page_free(chunk);
        return;
    }
    blocks_give_back(block);
    chunk_loses(chunk);
}

void free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    struct block *block = block_of_memory(memory);
    struct slab *slab = slab_of(block);
    if (slab != NULL) {
        object_give_back(slab, block);
    } else {
        free_slowly(block);
    }
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

/* The bytes that the program may use of the live memory that begins at block. */
static size_t room_of(struct block *block)
{
    if (slab_of(block) != NULL) {
        return size_of(block) - HEADER_BYTES;
    }
    check_block("realloc", block);
    size_t headers =
        HEADER_BYTES + ((block->size_and_flags & FLAG_DIRECT) != 0 ? sizeof(struct chunk) : 0);
    return size_of(block) - headers;
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
    size_t room = room_of(block_of_memory(memory));
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
