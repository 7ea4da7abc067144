/*
 * memory/heap/kmem_cache.h - the kernel's small objects: caches of objects of one size, and
 * kmem_alloc() for any size.
 *
 * After Jeff Bonwick, "The Slab Allocator: An Object-Caching Kernel Memory Allocator" (USENIX
 * Summer 1994). Slabs are blocks of the kernel heap (kheap.h); a cache keeps at most one slab that
 * has no live object and gives the others back.
 *
 * Objects are the caller's until freed. They are aligned to KMEM_ALIGNMENT at least, and never to
 * a block: that is how kmem_free() distinguishes them from blocks of kmalloc().
 *
 * Freeing what is not a live object is a bug of the kernel: a panic that names the pointer and the
 * cache. Always noticed: pointers to anything but the start of an object, objects of another cache,
 * a free of the object that its slab got back last, or of one whose slab has no live object.
 * DEBUG_HEAP=1 also notices every other double free, writes behind an object (up to 4 bytes) and
 * writes to a free one, and names the function that freed or allocated it.
 *
 * No lock: calls must not overlap, and interrupt handlers may not call. Needs kheap_init(), and no
 * set-up of its own.
 */
#ifndef MEMORY_HEAP_KMEM_CACHE_H
#define MEMORY_HEAP_KMEM_CACHE_H

#include <stddef.h>

#define KMEM_ALIGNMENT        8
#define KMEM_ALIGNMENT_MAX    512
#define KMEM_OBJECT_BYTES_MAX 2048 /* larger ones are kmalloc()'s */
#define KMEM_SLAB_BLOCKS_MAX  4

struct kmem_cache;

/* ---------------------------------------------------------------- any size */

/*
 * size bytes, contents undefined. Up to KMEM_OBJECT_BYTES_MAX it takes the smallest of 28 sizes
 * (8, 16, ... 64, then four between each power of two and the next) that fits; larger requests are
 * kmalloc(size). NULL for 0 and when there is no memory.
 */
void *kmem_alloc(size_t size);

/* The same with the size bytes zeroed. */
void *kmem_zalloc(size_t size);

/* Gives back what kmem_alloc() or kmem_zalloc() returned; NULL does nothing. */
void kmem_free(void *ptr);

/* ---------------------------------------------------------------- caches of one's own */

/*
 * A cache of objects of object_bytes (1 to KMEM_OBJECT_BYTES_MAX), aligned to alignment: a power
 * of two up to KMEM_ALIGNMENT_MAX, or 0 for KMEM_ALIGNMENT. name must live as long as the cache.
 * NULL for other arguments and when there is no memory.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t object_bytes, size_t alignment);

/* An object, contents undefined; NULL when there is no memory. */
void *kmem_cache_alloc(struct kmem_cache *cache);

/* object must come from kmem_cache_alloc(cache); NULL does nothing. */
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* Ends a cache from kmem_cache_create(). -EBUSY, and nothing changes, while objects live; -EINVARG
 * for NULL and for kmem_alloc()'s own. */
int kmem_cache_destroy(struct kmem_cache *cache);

/* ---------------------------------------------------------------- all of them */

/* Gives every slab without live objects back to the heap; returns how many blocks that were. */
size_t kmem_reap(void);

struct kmem_cache_stats {
    const char *name;
    size_t object_bytes;  /* what the user of an object may touch */
    size_t spacing_bytes; /* from one object to the next */
    size_t slab_blocks;   /* size of a slab; 0, like the next, before the first slab */
    size_t objects_per_slab;
    size_t slabs;       /* empty ones included */
    size_t empty_slabs; /* 0 or 1 */
    size_t live_objects;
};
void kmem_cache_get_stats(const struct kmem_cache *cache, struct kmem_cache_stats *stats);

/* Calls visit for each cache, kmem_alloc()'s own first; it may not create or destroy any. */
typedef void (*kmem_visit_t)(void *context, struct kmem_cache *cache);
void kmem_for_each_cache(kmem_visit_t visit, void *context);

/* Live objects of all caches, and the heap blocks that all slabs take. */
size_t kmem_live_objects(void);
size_t kmem_slab_blocks(void);

/* Walks every slab and proves that lists, free lists and counts agree: 0 or -ECORRUPT. */
int kmem_check(void);

#endif
