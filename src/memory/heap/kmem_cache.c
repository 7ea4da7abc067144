/*
 * memory/heap/kmem_cache.c - small objects, in slabs.
 *
 * A slab is 1, 2 or 4 blocks of the kernel heap:
 *
 *   block start
 *   +-------------+---+----------+----------+-- ... --+----------+-------+
 *   | struct slab |   | object 0 | object 1 |         | object n | waste |
 *   +-------------+---+----------+----------+-- ... --+----------+-------+
 *                     ^ cache->first_offset, then one every cache->spacing bytes
 *
 * Free objects of a slab form a list, linked through their first word. A slab with free and live
 * objects is on its cache's list `partial`, a slab without free ones on `full`. One without live
 * ones is cache->empty; when there is such a one already it goes back to the heap.
 *
 * From an object to its slab: the header is at the start of the allocation that the object lies
 * in, and the heap's table says where that is. Most slabs have one block, so it is the start of the
 * object's own block; else at most KMEM_SLAB_BLOCKS_MAX - 1 entries back. This asks only the table
 * and the header, never the contents of objects, so nothing that is written into an object can
 * mislead it. No object starts at the start of a block (lay_out() sees to that).
 *
 * Waste: a slab has as few blocks as keep it to an eighth. Sizes are 8 bytes apart up to 64, then
 * a quarter of a power of two: a request loses at most a fifth of what it gets.
 *
 * With DEBUG_HEAP=1 a struct guard follows each object. It says whether the object lives, notices
 * writes behind it, and knows who had it last; free objects are filled with HEAP_POISON_FREE.
 */
#include "memory/heap/kmem_cache.h"

#include <stdbool.h>
#include <stdint.h>

#include "debug/panic.h"
#include "lib/align.h"
#include "lib/list.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "status.h"

#define CALLER            __builtin_return_address(0)
#define RARELY(condition) __builtin_expect(!!(condition), 0)

/* At most one part in so many of a slab is wasted, if some number of blocks can do it. */
#define SLAB_WASTE_FRACTION 8

#define SLAB_MAGIC 0x534C4142u

struct slab {
    uintptr_t magic; /* SLAB_MAGIC ^ address of the slab: no copy of it passes for one */
    struct kmem_cache *cache;
    struct list_node node; /* on cache->partial or cache->full; on none when empty */
    void *free;            /* the first free object */
    uint32_t live;
};

struct kmem_cache {
    struct list_node partial;
    struct list_node full;
    struct slab *empty; /* at most one is kept */
    size_t live;

    uint32_t capacity; /* objects in a slab; 0 = lay_out() has not been here yet */
    uint32_t first_offset;
    uint32_t spacing;
    uint32_t reciprocal; /* of spacing: see index_of() */
    uint32_t slab_blocks;
    size_t slabs;

    uint32_t object_bytes;
    uint32_t alignment;
    const char *name;
    struct list_node all; /* on kmem.caches */
};

struct guard {
    uint32_t state;  /* GUARD_LIVE or GUARD_FREE; anything else was written from outside */
    const void *who; /* allocated or freed the object last; NULL: nobody yet */
};
#define GUARD_LIVE 0x4C495645u
#define GUARD_FREE 0x46524545u

/* ---------------------------------------------------------------- state */

/* An empty cache: its lists link to themselves. */
#define CACHE(lvalue, bytes)                                  \
    {                                                         \
        .partial = {&(lvalue).partial, &(lvalue).partial},    \
        .full = {&(lvalue).full, &(lvalue).full},             \
        .object_bytes = (bytes),                              \
        .alignment = KMEM_ALIGNMENT,                          \
        .name = "kmem-" #bytes,                               \
        .all = {&(lvalue).all, &(lvalue).all},                \
    }
#define CLASS(index, bytes) [index] = CACHE(classes[index], bytes)

/* kmem_alloc()'s own caches; class_of() knows which is where. */
static struct kmem_cache classes[] = {
    CLASS(0, 8),     CLASS(1, 16),    CLASS(2, 24),    CLASS(3, 32),
    CLASS(4, 40),    CLASS(5, 48),    CLASS(6, 56),    CLASS(7, 64),
    CLASS(8, 80),    CLASS(9, 96),    CLASS(10, 112),  CLASS(11, 128),
    CLASS(12, 160),  CLASS(13, 192),  CLASS(14, 224),  CLASS(15, 256),
    CLASS(16, 320),  CLASS(17, 384),  CLASS(18, 448),  CLASS(19, 512),
    CLASS(20, 640),  CLASS(21, 768),  CLASS(22, 896),  CLASS(23, 1024),
    CLASS(24, 1280), CLASS(25, 1536), CLASS(26, 1792), CLASS(27, KMEM_OBJECT_BYTES_MAX),
};

static struct {
    struct list_node caches; /* from kmem_cache_create() */

    /* The kernel heap's own, one load nearer; noted whenever a slab is made. */
    uintptr_t pool_start;
    const HEAP_BLOCK_TABLE_ENTRY *pool_entries;
    size_t pool_total;
} kmem = {.caches = {&kmem.caches, &kmem.caches}};

/*
 * The smallest class for size bytes, 1 to KMEM_OBJECT_BYTES_MAX. Above 64, the bits of size - 1 say
 * it: the position of the highest gives the power of two, the two below it the quarter.
 */
static inline size_t class_of(size_t size)
{
    uint32_t last = (uint32_t)size - 1;

    if (last < 64) {
        return last / 8;
    }
    uint32_t power = 31 - (uint32_t)__builtin_clz(last);
    return 8 + (power - 6) * 4 + ((last >> (power - 2)) & 3);
}

/* ---------------------------------------------------------------- debugging */

static struct guard *guard_of(const struct kmem_cache *cache, void *object)
{
    return (struct guard *)((char *)object + cache->spacing - sizeof(struct guard));
}

static __attribute__((noinline)) void check_guard(const struct kmem_cache *cache, void *object,
                                                  uint32_t expected, const char *action)
{
    const struct guard *guard = guard_of(cache, object);

    if (guard->state == expected) {
        return;
    }
    if (guard->state == GUARD_FREE) {
        panic("%s of %p: this object of cache %s is free already, since %p freed it", action, object,
              cache->name, guard->who);
    }
    panic("%s of %p: bytes behind this object of cache %s (%u bytes) were written to", action,
          object, cache->name, (unsigned)cache->object_bytes);
}

/* The link is not poison: it is in use while the object is free. */
static void poison(const struct kmem_cache *cache, void *object)
{
    memset((char *)object + sizeof(void *), HEAP_POISON_FREE,
           cache->object_bytes > sizeof(void *) ? cache->object_bytes - sizeof(void *) : 0);
}

static void debug_on_alloc(const struct kmem_cache *cache, void *object, const void *caller)
{
    if (!DEBUG_HEAP) {
        return;
    }
    struct guard *guard = guard_of(cache, object);
    const uint8_t *bytes = object;

    check_guard(cache, object, GUARD_FREE, "allocation");
    for (size_t i = sizeof(void *); i < cache->object_bytes; i++) {
        if (bytes[i] != HEAP_POISON_FREE) {
            panic("allocation of %p: this object of cache %s was written to at offset %u while it"
                  " was free; %p freed it",
                  object, cache->name, (unsigned)i, guard->who);
        }
    }
    guard->state = GUARD_LIVE;
    guard->who = caller;
}

static void debug_on_free(const struct kmem_cache *cache, void *object, const void *caller)
{
    if (!DEBUG_HEAP) {
        return;
    }
    struct guard *guard = guard_of(cache, object);

    check_guard(cache, object, GUARD_LIVE, "free");
    poison(cache, object);
    guard->state = GUARD_FREE;
    guard->who = caller;
}

/* ---------------------------------------------------------------- slabs */

/*
 * Where the first object of a slab of so many blocks can be, so that none starts at the start of a
 * block; 0 when it cannot. *capacity: how many there are then.
 */
static uint32_t find_first_offset(const struct kmem_cache *cache, uint32_t blocks,
                                  uint32_t *capacity)
{
    uint32_t bytes = blocks * HEAP_BLOCK_SIZE_BYTES;
    uint32_t offset = ALIGN_UP((uint32_t)sizeof(struct slab), cache->alignment);

    for (; offset + cache->spacing <= bytes; offset += cache->alignment) {
        uint32_t count = 0;
        uint32_t object = offset;

        while (object + cache->spacing <= bytes && !IS_ALIGNED(object, HEAP_BLOCK_SIZE_BYTES)) {
            object += cache->spacing;
            count++;
        }
        if (object + cache->spacing > bytes) {
            *capacity = count;
            return offset;
        }
    }
    return 0;
}

/* Chooses spacing and slab size. One block always does, so there is always a result. */
static void lay_out(struct kmem_cache *cache)
{
    uint32_t best_waste = UINT32_MAX; /* bytes in KMEM_SLAB_BLOCKS_MAX blocks */

    cache->spacing = ALIGN_UP(cache->object_bytes + (DEBUG_HEAP ? sizeof(struct guard) : 0),
                              cache->alignment);
    cache->reciprocal = UINT32_MAX / cache->spacing + 1;
    for (uint32_t blocks = 1; blocks <= KMEM_SLAB_BLOCKS_MAX; blocks *= 2) {
        uint32_t bytes = blocks * HEAP_BLOCK_SIZE_BYTES;
        uint32_t capacity = 0;
        uint32_t offset = find_first_offset(cache, blocks, &capacity);
        uint32_t waste = (bytes - capacity * cache->spacing) * (KMEM_SLAB_BLOCKS_MAX / blocks);

        if (offset != 0 && waste < best_waste) {
            best_waste = waste;
            cache->slab_blocks = blocks;
            cache->first_offset = offset;
            cache->capacity = capacity;
        }
        if (best_waste * SLAB_WASTE_FRACTION <= KMEM_SLAB_BLOCKS_MAX * HEAP_BLOCK_SIZE_BYTES) {
            break;
        }
    }
}

static void *object_at(const struct slab *slab, uint32_t index)
{
    return (char *)slab + slab->cache->first_offset + index * slab->cache->spacing;
}

/*
 * Which object of the slab starts at ptr? cache->capacity or more when none does.
 *
 * Multiplies by ceil(2^32 / spacing) instead of dividing. For ptr at object k the product is
 * k * 2^32 + k * e with e < spacing, so the upper half is k; and what the upper half is for any
 * other ptr does not matter, since multiplying back does not give its offset.
 */
static inline uint32_t index_of(const struct kmem_cache *cache, const struct slab *slab,
                                const void *ptr)
{
    uint32_t offset = (uint32_t)((uintptr_t)ptr - (uintptr_t)slab) - cache->first_offset;
    uint32_t index = (uint32_t)(((uint64_t)offset * cache->reciprocal) >> 32);

    return RARELY(index * cache->spacing != offset) ? UINT32_MAX : index;
}

static struct slab *slab_create(struct kmem_cache *cache)
{
    if (cache->capacity == 0) {
        lay_out(cache);
    }
    size_t bytes = cache->slab_blocks * HEAP_BLOCK_SIZE_BYTES;
    struct slab *slab = kmalloc(bytes);

    if (slab == NULL && kmem_reap() > 0) {
        slab = kmalloc(bytes);
    }
    if (slab == NULL) {
        return NULL;
    }
    slab->magic = SLAB_MAGIC ^ (uintptr_t)slab;
    slab->cache = cache;
    list_initialise(&slab->node);
    slab->live = 0;
    slab->free = NULL;
    for (uint32_t i = cache->capacity; i-- > 0;) {
        void **object = object_at(slab, i);

        *object = slab->free;
        slab->free = object;
        if (DEBUG_HEAP) {
            *guard_of(cache, object) = (struct guard){.state = GUARD_FREE};
            poison(cache, object);
        }
    }
    cache->slabs++;

    const struct heap *heap = kheap_get();
    kmem.pool_start = (uintptr_t)heap->saddr;
    kmem.pool_entries = heap->table->entries;
    kmem.pool_total = heap->table->total;
    return slab;
}

static void slab_destroy(struct slab *slab)
{
    slab->cache->slabs--;
    slab->magic = 0; /* a late free of one of its objects is noticed even if nothing has overwritten it */
    kfree(slab);
}

/* A slab with free objects, on cache->partial, which has none; NULL when there is no memory. */
static __attribute__((noinline)) struct slab *refill(struct kmem_cache *cache)
{
    struct slab *slab = cache->empty != NULL ? cache->empty : slab_create(cache);

    if (slab != NULL) {
        cache->empty = NULL;
        list_append(&cache->partial, &slab->node);
    }
    return slab;
}

static void move_to(struct list_node *list, struct slab *slab)
{
    list_remove(&slab->node);
    list_append(list, &slab->node);
}

/* The last live object of slab is gone. */
static __attribute__((noinline)) void retire(struct kmem_cache *cache, struct slab *slab)
{
    list_remove(&slab->node);
    if (cache->empty == NULL) {
        cache->empty = slab;
    } else {
        slab_destroy(slab);
    }
}

/* The slab that ptr points into, or NULL. */
static inline struct slab *slab_of(const void *ptr)
{
    size_t block = ((uintptr_t)ptr - kmem.pool_start) / HEAP_BLOCK_SIZE_BYTES;

    if (RARELY(block >= kmem.pool_total)) {
        return NULL;
    }
    for (size_t i = 1; RARELY(!(kmem.pool_entries[block] & HEAP_BLOCK_IS_FIRST)); i++) {
        if (i == KMEM_SLAB_BLOCKS_MAX || block == 0 ||
            !(kmem.pool_entries[block] & HEAP_BLOCK_TABLE_ENTRY_TAKEN)) {
            return NULL;
        }
        block--;
    }
    struct slab *slab = (struct slab *)(kmem.pool_start + block * HEAP_BLOCK_SIZE_BYTES);

    return RARELY(slab->magic != (SLAB_MAGIC ^ (uintptr_t)slab)) ? NULL : slab;
}

/* ---------------------------------------------------------------- objects */

static inline void *take(struct kmem_cache *cache, const void *caller)
{
    struct slab *slab = LIST_ENTRY(cache->partial.next, struct slab, node);

    if (RARELY(list_is_empty(&cache->partial))) {
        slab = refill(cache);
        if (slab == NULL) {
            return NULL;
        }
    }
    void **object = slab->free;
    slab->free = *object;
    slab->live++;
    cache->live++;
    if (RARELY(slab->free == NULL)) {
        move_to(&cache->full, slab);
    }
    debug_on_alloc(cache, object, caller);
    return object;
}

static inline void give_back(struct slab *slab, void *object, const void *caller)
{
    struct kmem_cache *cache = slab->cache;
    void *next = slab->free;

    if (RARELY(index_of(cache, slab, object) >= cache->capacity)) {
        panic("free of %p: points into a slab of cache %s (%u bytes), but not to the start of an"
              " object",
              object, cache->name, (unsigned)cache->object_bytes);
    }
    debug_on_free(cache, object, caller);
    if (RARELY(object == next || slab->live == 0)) {
        panic("free of %p: this object of cache %s is free already", object, cache->name);
    }
    *(void **)object = next;
    slab->free = object;
    slab->live--;
    cache->live--;
    if (RARELY(next == NULL)) {
        move_to(&cache->partial, slab);
    }
    if (RARELY(slab->live == 0)) {
        retire(cache, slab);
    }
}

static __attribute__((noinline, noreturn)) void not_an_object(const void *ptr)
{
    panic("free of %p: not an object of any cache; it is %s", ptr,
          heap_describe_pointer(kheap_get(), ptr));
}

void *kmem_alloc(size_t size)
{
    if (RARELY(size - 1 >= KMEM_OBJECT_BYTES_MAX)) {
        return size == 0 ? NULL : kmalloc(size);
    }
    return take(&classes[class_of(size)], CALLER);
}

void *kmem_zalloc(size_t size)
{
    if (RARELY(size - 1 >= KMEM_OBJECT_BYTES_MAX)) {
        return size == 0 ? NULL : kzalloc(size);
    }
    void *object = take(&classes[class_of(size)], CALLER);
    return object == NULL ? NULL : memset(object, 0, size);
}

void kmem_free(void *ptr)
{
    if (RARELY(IS_ALIGNED((uintptr_t)ptr, HEAP_BLOCK_SIZE_BYTES))) {
        kfree(ptr); /* NULL as well */
        return;
    }
    struct slab *slab = slab_of(ptr);
    if (RARELY(slab == NULL)) {
        not_an_object(ptr);
    }
    give_back(slab, ptr, CALLER);
}

/* ---------------------------------------------------------------- caches */

static bool is_class(const struct kmem_cache *cache)
{
    return cache >= classes && cache < classes + ARRAY_SIZE(classes);
}

struct kmem_cache *kmem_cache_create(const char *name, size_t object_bytes, size_t alignment)
{
    bool is_power_of_two_or_0 = (alignment & (alignment - 1)) == 0;

    if (name == NULL || object_bytes == 0 || object_bytes > KMEM_OBJECT_BYTES_MAX ||
        alignment > KMEM_ALIGNMENT_MAX || !is_power_of_two_or_0) {
        return NULL;
    }
    struct kmem_cache *cache = kmem_alloc(sizeof(*cache));

    if (cache != NULL) {
        *cache = (struct kmem_cache){
            .object_bytes = MAX((uint32_t)object_bytes, (uint32_t)sizeof(void *)),
            .alignment = MAX((uint32_t)alignment, (uint32_t)KMEM_ALIGNMENT),
            .name = name,
        };
        list_initialise(&cache->partial);
        list_initialise(&cache->full);
        list_append(&kmem.caches, &cache->all);
    }
    return cache;
}

void *kmem_cache_alloc(struct kmem_cache *cache)
{
    return take(cache, CALLER);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
    if (RARELY(object == NULL)) {
        return;
    }
    struct slab *slab = slab_of(object);

    if (RARELY(slab == NULL)) {
        not_an_object(object);
    }
    if (RARELY(slab->cache != cache)) {
        panic("free of %p: an object of cache %s, not of %s", object, slab->cache->name,
              cache->name);
    }
    give_back(slab, object, CALLER);
}

/* Returns the blocks of the empty slab to the heap. */
static size_t reap(struct kmem_cache *cache)
{
    if (cache->empty == NULL) {
        return 0;
    }
    slab_destroy(cache->empty);
    cache->empty = NULL;
    return cache->slab_blocks;
}

int kmem_cache_destroy(struct kmem_cache *cache)
{
    if (cache == NULL || is_class(cache)) {
        return -EINVARG;
    }
    if (cache->live > 0) {
        return -EBUSY;
    }
    reap(cache);
    list_remove(&cache->all);
    kmem_free(cache);
    return OK;
}

/* ---------------------------------------------------------------- all of them */

void kmem_for_each_cache(kmem_visit_t visit, void *context)
{
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        visit(context, &classes[i]);
    }
    LIST_FOR_EACH(node, &kmem.caches) {
        visit(context, LIST_ENTRY(node, struct kmem_cache, all));
    }
}

static void add_reaped(void *total, struct kmem_cache *cache)
{
    *(size_t *)total += reap(cache);
}

size_t kmem_reap(void)
{
    size_t blocks = 0;

    kmem_for_each_cache(add_reaped, &blocks);
    return blocks;
}

static void add_live(void *total, struct kmem_cache *cache)
{
    *(size_t *)total += cache->live;
}

size_t kmem_live_objects(void)
{
    size_t live = 0;

    kmem_for_each_cache(add_live, &live);
    return live;
}

static void add_blocks(void *total, struct kmem_cache *cache)
{
    *(size_t *)total += cache->slabs * cache->slab_blocks;
}

size_t kmem_slab_blocks(void)
{
    size_t blocks = 0;

    kmem_for_each_cache(add_blocks, &blocks);
    return blocks;
}

void kmem_cache_get_stats(const struct kmem_cache *cache, struct kmem_cache_stats *stats)
{
    stats->name = cache->name;
    stats->object_bytes = cache->object_bytes;
    stats->spacing_bytes = cache->spacing;
    stats->slab_blocks = cache->slab_blocks;
    stats->objects_per_slab = cache->capacity;
    stats->slabs = cache->slabs;
    stats->empty_slabs = cache->empty != NULL;
    stats->live_objects = cache->live;
}

/* ---------------------------------------------------------------- proof */

/* A slab's free list holds capacity - live different objects of it. The length bounds the walk, so
 * a list with a loop is too long. */
static bool slab_is_sound(struct kmem_cache *cache, const struct slab *slab)
{
    uint32_t free = 0;

    if (slab_of((const char *)slab + 1) != slab || slab->cache != cache) {
        return false;
    }
    for (void **object = slab->free; object != NULL; object = *object) {
        if (index_of(cache, slab, object) >= cache->capacity || ++free > cache->capacity) {
            return false;
        }
    }
    return free + slab->live == cache->capacity;
}

static bool list_is_sound(struct kmem_cache *cache, struct list_node *list, size_t *slabs,
                          size_t *live)
{
    LIST_FOR_EACH(node, list) {
        const struct slab *slab = LIST_ENTRY(node, struct slab, node);
        bool is_full = slab->free == NULL;

        if (node->next->previous != node || ++*slabs > cache->slabs || slab->live == 0 ||
            is_full != (list == &cache->full) || !slab_is_sound(cache, slab)) {
            return false;
        }
        *live += slab->live;
    }
    return true;
}

static void check_cache(void *result, struct kmem_cache *cache)
{
    size_t slabs = cache->empty != NULL;
    size_t live = 0;

    if (!list_is_sound(cache, &cache->partial, &slabs, &live) ||
        !list_is_sound(cache, &cache->full, &slabs, &live) || slabs != cache->slabs ||
        live != cache->live ||
        (cache->empty != NULL &&
         (cache->empty->live != 0 || !slab_is_sound(cache, cache->empty)))) {
        *(int *)result = -ECORRUPT;
    }
}

int kmem_check(void)
{
    int result = OK;

    kmem_for_each_cache(check_cache, &result);
    return result;
}
