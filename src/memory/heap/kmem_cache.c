/*
 * memory/heap/kmem_cache.c - slabs.
 *
 * Theory of operation
 *   A slab is a block of the kernel heap:
 *
 *     0        32 or more                                             4096
 *     +--------+----------+----------+----------+----------+-----+-------+
 *     | header | object   | object   | object   | object   | ... | waste |
 *     +--------+----------+----------+----------+----------+-----+-------+
 *
 *   Blocks are aligned to their size, so the header of the slab that an object lies in is found by
 *   clearing the low twelve bits of its address. Free objects of a slab are linked through their
 *   own first bytes; objects that were never used are not touched: `fresh` counts them off.
 *
 *   A cache takes objects from the first slab on its `partial` list. A full slab is on no list; it
 *   joins `partial` again at its first free. A slab that becomes empty goes back to the heap, but
 *   for one that the cache keeps, so that a single object coming and going costs no block.
 *
 *   kmem_alloc() chooses a cache by size. No object ever starts at a block's start, where the
 *   header is: a pointer that does is kmalloc's, and so kmem_free() tells the two apart.
 *
 * Invariants
 *   - slab->in_use objects are live; free objects = those linked from slab->free + those not fresh.
 *   - A slab is on its cache's partial list exactly if it has a free object.
 *
 * Limits
 *   A freed object that is used again is not noticed, nor is a second free, unless it makes a count
 *   wrong. DEBUG_HEAP=1 fills freed objects with a pattern and refuses to free one that is filled.
 */
#include "memory/heap/kmem_cache.h"

#include <stdbool.h>
#include <stdint.h>

#include "debug/panic.h"
#include "lib/align.h"
#include "lib/list.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "status.h"

#ifndef DEBUG_HEAP
#define DEBUG_HEAP 0
#endif

#define SLAB_BYTES    HEAP_BLOCK_SIZE_BYTES
#define SLAB_MAGIC    0x42414C53u /* "SLAB" */
#define ALIGNMENT_MAX 64
#define POISON        0xA5

struct kmem_cache {
    struct list_node partial; /* slabs with a free object */
    size_t object_bytes;      /* rounded up to the alignment */
    size_t first_offset;      /* of the first object in a slab */
    size_t objects_per_slab;
    size_t live_objects;
    size_t slabs;
    size_t empty_slabs; /* of these: 0 or 1 */
    const char *name;
    struct list_node link; /* on the list of all caches */
};

struct slab {
    struct list_node link; /* on its cache's partial list */
    struct kmem_cache *cache;
    void *free;      /* the first free object; each holds the address of the next */
    uint32_t in_use; /* live objects */
    uint32_t fresh;  /* objects at the end that were never handed out */
    uint32_t magic;
};

/* Sizes of kmem_alloc()'s caches: at most an eighth is lost from 64 bytes on; from 512 on they are
 * what divides a slab evenly. */
static const uint16_t class_bytes[] = {8,   16,  24,  32,  40,  48,  56,  64,  80,  96,  112,
                                       128, 160, 192, 224, 256, 320, 400, 504, 672, 1008, 1352,
                                       KMEM_OBJECT_BYTES_MAX};
#define CLASS_COUNT ARRAY_SIZE(class_bytes)
#define CLASS_STEPS (KMEM_OBJECT_BYTES_MAX / KMEM_ALIGNMENT + 1)

static struct {
    bool is_ready;
    struct list_node caches;
    struct kmem_cache classes[CLASS_COUNT];
    uint8_t class_of[CLASS_STEPS]; /* by (size + 7) / 8 */
} kmem;

static inline struct slab *slab_of(const void *object)
{
    return (struct slab *)((uintptr_t)object & ~(uintptr_t)(SLAB_BYTES - 1));
}

/* ---------------------------------------------------------------- caches */

static void cache_initialise(struct kmem_cache *cache, const char *name, size_t object_bytes,
                             size_t alignment)
{
    *cache = (struct kmem_cache){.name = name};
    cache->object_bytes = ALIGN_UP(MAX(object_bytes, sizeof(void *)), alignment);
    cache->first_offset = ALIGN_UP(sizeof(struct slab), alignment);
    cache->objects_per_slab = (SLAB_BYTES - cache->first_offset) / cache->object_bytes;
    list_initialise(&cache->partial);
    list_append(&kmem.caches, &cache->link);
}

/* The size classes, at the first call of anything here. */
static void kmem_initialise(void)
{
    size_t class = 0;

    list_initialise(&kmem.caches);
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        cache_initialise(&kmem.classes[i], "kmem_alloc", class_bytes[i], KMEM_ALIGNMENT);
    }
    for (size_t step = 0; step < CLASS_STEPS; step++) {
        if (step * KMEM_ALIGNMENT > class_bytes[class]) {
            class++;
        }
        kmem.class_of[step] = (uint8_t)class;
    }
    kmem.is_ready = true;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t object_bytes, size_t alignment)
{
    if (alignment == 0) {
        alignment = KMEM_ALIGNMENT;
    }
    if (object_bytes == 0 || object_bytes > KMEM_OBJECT_BYTES_MAX || alignment > ALIGNMENT_MAX ||
        (alignment & (alignment - 1))) {
        return NULL;
    }
    struct kmem_cache *cache = kmem_alloc(sizeof(*cache));
    if (cache) {
        cache_initialise(cache, name, object_bytes, alignment);
    }
    return cache;
}

static void release_slab(struct slab *slab)
{
    struct kmem_cache *cache = slab->cache;

    list_remove(&slab->link);
    slab->magic = 0;
    cache->slabs--;
    cache->empty_slabs--;
    kfree(slab);
}

/* Gives back the empty slab that the cache may keep. */
static void reap_cache(struct kmem_cache *cache)
{
    struct list_node *node = cache->partial.next;

    while (node != &cache->partial) {
        struct slab *slab = LIST_ENTRY(node, struct slab, link);

        node = node->next;
        if (slab->in_use == 0) {
            release_slab(slab);
        }
    }
}

int kmem_cache_destroy(struct kmem_cache *cache)
{
    if (cache->live_objects) {
        return -EBUSY;
    }
    reap_cache(cache);
    list_remove(&cache->link);
    kmem_free(cache);
    return OK;
}

/* ---------------------------------------------------------------- objects */

/* A new slab on the partial list, or NULL. */
static struct slab *add_slab(struct kmem_cache *cache)
{
    struct slab *slab = kmalloc(SLAB_BYTES);

    if (!slab) {
        return NULL;
    }
    *slab = (struct slab){
        .cache = cache,
        .fresh = (uint32_t)cache->objects_per_slab,
        .magic = SLAB_MAGIC,
    };
    list_append(&cache->partial, &slab->link);
    cache->slabs++;
    cache->empty_slabs++;
    return slab;
}

static void *take_fresh(struct slab *slab)
{
    const struct kmem_cache *cache = slab->cache;
    size_t number = cache->objects_per_slab - slab->fresh--;

    return (char *)slab + cache->first_offset + number * cache->object_bytes;
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
    struct slab *slab = LIST_ENTRY(cache->partial.next, struct slab, link);

    if (list_is_empty(&cache->partial)) {
        slab = add_slab(cache);
        if (!slab) {
            return NULL;
        }
    }
    void *object = slab->free;
    if (object) {
        slab->free = *(void **)object;
    } else {
        object = take_fresh(slab);
    }
    if (slab->in_use++ == 0) {
        cache->empty_slabs--;
    }
    if (!slab->free && slab->fresh == 0) {
        list_remove(&slab->link);
    }
    cache->live_objects++;
#if DEBUG_HEAP
    ((uint8_t *)object)[cache->object_bytes - 1] = (uint8_t)~POISON; /* no longer looks freed */
#endif
    return object;
}

/* Panics unless object can be a live object of the cache. */
static void check_object(const struct kmem_cache *cache, const struct slab *slab,
                         const void *object)
{
    size_t offset = (uintptr_t)object % SLAB_BYTES - cache->first_offset;

    if (slab->cache != cache || slab->in_use == 0 || offset >= SLAB_BYTES ||
        offset % cache->object_bytes != 0) {
        panic("kmem_cache_free: %p is not an object of the cache %s (%u bytes)", object,
              cache->name, (unsigned)cache->object_bytes);
    }
}

#if DEBUG_HEAP
/* Fills the object behind its link; panics if it was filled already. */
static void poison_object(const struct kmem_cache *cache, void *object)
{
    uint8_t *bytes = object;
    size_t from = sizeof(void *);
    bool is_poisoned = cache->object_bytes > from;

    for (size_t i = from; i < cache->object_bytes; i++) {
        is_poisoned = is_poisoned && bytes[i] == POISON;
    }
    if (is_poisoned) {
        panic("kmem_cache_free: %p of the cache %s was freed before", object, cache->name);
    }
    memset(bytes + from, POISON, cache->object_bytes - from);
}
#endif

static inline void free_object(struct kmem_cache *cache, struct slab *slab, void *object)
{
#if DEBUG_HEAP
    poison_object(cache, object);
#endif
    if (!slab->free && slab->fresh == 0) {
        list_add_after(&cache->partial, &slab->link); /* it was full */
    }
    *(void **)object = slab->free;
    slab->free = object;
    cache->live_objects--;
    if (--slab->in_use == 0 && ++cache->empty_slabs > 1) {
        release_slab(slab);
    }
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    struct slab *slab = slab_of(object);

    check_object(cache, slab, object);
    free_object(cache, slab, object);
}

/* ---------------------------------------------------------------- any size */

void *kmem_alloc(size_t size)
{
    if (!kmem.is_ready) {
        kmem_initialise();
    }
    if (size - 1 >= KMEM_OBJECT_BYTES_MAX) { /* 0 wraps, and is kmalloc's to refuse */
        return kmalloc(size);
    }
    return kmem_cache_alloc(
        &kmem.classes[kmem.class_of[(size + KMEM_ALIGNMENT - 1) / KMEM_ALIGNMENT]]);
}

void *kmem_zalloc(size_t size)
{
    void *memory = kmem_alloc(size);

    if (memory) {
        memset(memory, 0, size);
    }
    return memory;
}

void kmem_free(void *ptr)
{
    struct slab *slab = slab_of(ptr);

    if ((void *)slab == ptr) {
        kfree(ptr); /* NULL as well */
        return;
    }
    if (slab < (struct slab *)kheap_get()->saddr || slab->magic != SLAB_MAGIC) {
        panic("kmem_free: %p is no small object", ptr);
    }
    check_object(slab->cache, slab, ptr);
    free_object(slab->cache, slab, ptr);
}

/* ---------------------------------------------------------------- all caches */

void kmem_reap(void)
{
    if (kmem.is_ready) {
        LIST_FOR_EACH(node, &kmem.caches) {
            reap_cache(LIST_ENTRY(node, struct kmem_cache, link));
        }
    }
}

size_t kmem_live_objects(void)
{
    size_t live = 0;

    if (kmem.is_ready) {
        LIST_FOR_EACH(node, &kmem.caches) {
            live += LIST_ENTRY(node, struct kmem_cache, link)->live_objects;
        }
    }
    return live;
}

void kmem_for_each_cache(void (*visit)(void *context, const struct kmem_cache_stats *stats),
                         void *context)
{
    if (!kmem.is_ready) {
        return;
    }
    LIST_FOR_EACH(node, &kmem.caches) {
        const struct kmem_cache *cache = LIST_ENTRY(node, struct kmem_cache, link);
        struct kmem_cache_stats stats = {
            .name = cache->name,
            .object_bytes = cache->object_bytes,
            .live_objects = cache->live_objects,
            .slabs = cache->slabs,
        };

        visit(context, &stats);
    }
}
