/*
 * memory/heap/kmem_cache.h - small objects: caches of equal ones, and kmem_alloc() for any size.
 *
 * After Bonwick, "The Slab Allocator: An Object-Caching Kernel Memory Allocator" (1994). A slab is
 * one block of the kernel heap, cut into objects of one size. Wrong pointers are bugs of the kernel:
 * a panic that names the pointer and the cache. Not for interrupt handlers.
 */
#ifndef MEMORY_HEAP_KMEM_CACHE_H
#define MEMORY_HEAP_KMEM_CACHE_H

#include <stddef.h>

#define KMEM_OBJECT_BYTES_MAX 2032 /* two to a slab; kmem_alloc() of more takes whole blocks */
#define KMEM_ALIGNMENT        8

struct kmem_cache;

struct kmem_cache_stats {
    const char *name;
    size_t object_bytes;
    size_t live_objects;
    size_t slabs; /* blocks */
};

/*
 * A cache of objects of object_bytes (1 to KMEM_OBJECT_BYTES_MAX) at multiples of alignment (a
 * power of two up to 64; 0 means KMEM_ALIGNMENT). name must live as long as the cache. NULL on other
 * arguments or when out of memory.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t object_bytes, size_t alignment);

/* Gives the cache and its slabs back. -EBUSY, and nothing changes, while objects are live. */
int kmem_cache_destroy(struct kmem_cache *cache);

/* An object, contents undefined, or NULL. The caller's until kmem_cache_free(). */
void *kmem_cache_alloc(struct kmem_cache *cache);
void kmem_cache_free(struct kmem_cache *cache, void *object);

/* size bytes, aligned to KMEM_ALIGNMENT, contents undefined. NULL for 0 and when out of memory. */
void *kmem_alloc(size_t size);
/* The same, zeroed. */
void *kmem_zalloc(size_t size);
/* Gives back what one of the two returned; NULL is fine. */
void kmem_free(void *ptr);

/* Gives all empty slabs back to the heap (each cache keeps one for the next object). */
void kmem_reap(void);

/* Objects that are live, in all caches. Larger blocks of kmem_alloc() are the heap's to count. */
size_t kmem_live_objects(void);

void kmem_for_each_cache(void (*visit)(void *context, const struct kmem_cache_stats *stats),
                         void *context);

#endif
