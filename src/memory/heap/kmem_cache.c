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
 * ones is cache->empty and, so that frees of its objects stand out, has another magic number; when
 * there is such a one already it goes back to the heap.
 *
 * From an object to its slab: the header is at the start of the allocation that the object lies
 * in, and the heap's table says where that is. Most slabs have one block, so it is the start of the
 * object's own block; else at most KMEM_SLAB_BLOCKS_MAX - 1 entries back. This asks only the table
 * and the header, never the contents of objects, so nothing that is written into an object can
 * mislead it. No object starts at the start of a block (lay_out() sees to that).
 *
 * kmem_alloc() and kmem_free() together take some 60 instructions: what happens when a slab changes
 * lists, or is a mistake, is in functions of its own, and what a free has to know is in the slab's
 * header.
 *
 * Waste: a slab has as few blocks as keep it to an eighth. Sizes are 8 bytes apart up to 64, then
 * a quarter of a power of two: a request loses at most a fifth of what it gets.
 *
 * With DEBUG_HEAP=1 a struct guard follows each object. It says whether the object lives, notices
 * writes behind it, and knows its last owner; free objects are filled with HEAP_POISON_FREE.
 */
#include "memory/heap/kmem_cache.h"

#include <stdbool.h>
#include <stdint.h>

#include "debug/panic.h"
#include "layout.h"
#include "base/align.h"
#include "base/compiler.h"
#include "base/list.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "base/status.h"

/* A constant, as page_memory() is made of constants. */
#define POOL_MEMORY ((uintptr_t)page_memory(HEAP_ADDRESS))

/* At most 1 / this of a slab is wasted, if some number of blocks can do it. */
#define SLAB_WASTE_FRACTION 8

/* magic - address of the slab, so that no copy of a header passes for a slab. */
#define SLAB_LIVE  0x4C495645u
#define SLAB_EMPTY 0x454D5054u

struct slab {
    uintptr_t magic;
    void *free; /* the first free object */
    uint32_t live;
    char *objects; /* the first object */
    uint32_t objects_bytes;
    uint32_t reciprocal; /* of the spacing: see is_object() */
    struct kmem_cache *cache;
    struct list_node node; /* on cache->partial or cache->full; on none when empty */
};

struct kmem_cache {
    struct list_node partial;
    struct list_node full;
    struct slab *empty; /* at most one is kept */
    size_t slabs;
    size_t full_slabs;

    uint32_t capacity; /* objects in a slab; 0 = lay_out() has not been here yet */
    uint32_t first_offset;
    uint32_t spacing;
    uint32_t slab_blocks;

    uint32_t object_bytes;
    uint32_t alignment;
    const char *name;
    struct list_node all; /* on kmem.caches */
};

struct guard {
    uint32_t state;  /* GUARD_LIVE or GUARD_FREE; anything else was written from outside */
    const void *who; /* the last caller that allocated or freed it; NULL: none yet */
};
#define GUARD_LIVE 0x4C495645u
#define GUARD_FREE 0x46524545u

/* ---------------------------------------------------------------- state */

/* An empty cache: its lists link to themselves. */
/* clang-format off */
#define CACHE(lvalue, bytes)                                  \
    {                                                         \
        .partial = {&(lvalue).partial, &(lvalue).partial},    \
        .full = {&(lvalue).full, &(lvalue).full},             \
        .object_bytes = (bytes),                              \
        .alignment = KMEM_ALIGNMENT,                          \
        .name = "kmem-" #bytes,                               \
        .all = {&(lvalue).all, &(lvalue).all},                \
    }
/* clang-format on */
/* kmem_alloc()'s own caches: X(index, bytes, bytes of the one before). */
/* clang-format off */
#define CLASSES(X)                                                                  \
    X(0, 8, 0)        X(1, 16, 8)       X(2, 24, 16)      X(3, 32, 24)              \
    X(4, 40, 32)      X(5, 48, 40)      X(6, 56, 48)      X(7, 64, 56)              \
    X(8, 80, 64)      X(9, 96, 80)      X(10, 112, 96)    X(11, 128, 112)           \
    X(12, 160, 128)   X(13, 192, 160)   X(14, 224, 192)   X(15, 256, 224)           \
    X(16, 320, 256)   X(17, 384, 320)   X(18, 448, 384)   X(19, 512, 448)           \
    X(20, 640, 512)   X(21, 768, 640)   X(22, 896, 768)   X(23, 1024, 896)          \
    X(24, 1280, 1024) X(25, 1536, 1280) X(26, 1792, 1536) X(27, 2048, 1792)
/* clang-format on */

#define CLASS_CACHE(index, bytes, before) [index] = CACHE(classes[index], bytes),
static struct kmem_cache classes[] = {CLASSES(CLASS_CACHE)};

/* The class for size bytes, 1 to KMEM_OBJECT_BYTES_MAX, is class_of_eighth[(size - 1) / 8]. */
#define CLASS_RANGE(index, bytes, before) [(before) / 8 ...(bytes) / 8 - 1] = &classes[index],
static struct kmem_cache *const class_of_eighth[] = {CLASSES(CLASS_RANGE)};
_Static_assert(ARRAY_SIZE(class_of_eighth) == KMEM_OBJECT_BYTES_MAX / 8, "a class for each size");

static struct {
    struct list_node caches; /* from kmem_cache_create() */

    /* The kernel heap's own, one load nearer; noted whenever a slab is made. It starts at
     * POOL_MEMORY. */
    uintptr_t pool_bytes;
    const HEAP_BLOCK_TABLE_ENTRY *pool_entries;
} kmem = {.caches = {&kmem.caches, &kmem.caches}};

/* ---------------------------------------------------------------- debugging */

static struct guard *guard_of(const struct kmem_cache *cache, void *object)
{
    return (struct guard *)((char *)object + cache->spacing - sizeof(struct guard));
}

static NOINLINE void check_guard(const struct kmem_cache *cache, void *object, uint32_t expected,
                                 const char *action)
{
    const struct guard *guard = guard_of(cache, object);

    if (guard->state == expected) {
        return;
    }
    if (guard->state == GUARD_FREE) {
        panic("%s of %p: this object of cache %s is free already, since %p freed it", action,
              object, cache->name, guard->who);
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
            panic("allocation of %p: this object of cache %s was written to at offset %zu while it"
                  " was free; %p freed it",
                  object, cache->name, i, guard->who);
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
 * Where the first object of a slab of that many blocks can be, so that none starts at the start of
 * a block; 0 when it cannot. *capacity: how many there are then.
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

    cache->spacing = ALIGN_UP(
        cache->object_bytes + (DEBUG_HEAP ? (uint32_t)sizeof(struct guard) : 0), cache->alignment);
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

/*
 * Does an object start offset bytes behind the slab's first? That is, is offset a multiple of the
 * spacing: with M = ceil(2^32 / spacing), the lower half of offset * M is less than M exactly then,
 * as long as offset * spacing < 2^32. (Lemire, Kaser, Kurz, "Faster remainder by direct
 * computation", 2019.) A multiplication takes a fifth of the time of a division.
 */
static inline bool is_object(const struct slab *slab, uint32_t offset)
{
    return offset < slab->objects_bytes && offset * slab->reciprocal < slab->reciprocal;
}
_Static_assert(UINT32_MAX / (2 * KMEM_OBJECT_BYTES_MAX) >
                   KMEM_SLAB_BLOCKS_MAX * HEAP_BLOCK_SIZE_BYTES,
               "offset * spacing fits");

static inline uint32_t offset_in(const struct slab *slab, const void *ptr)
{
    return (uint32_t)((uintptr_t)ptr - (uintptr_t)slab->objects);
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
    slab->magic = SLAB_EMPTY + (uintptr_t)slab;
    slab->cache = cache;
    slab->objects = (char *)slab + cache->first_offset;
    slab->objects_bytes = cache->capacity * cache->spacing;
    slab->reciprocal = UINT32_MAX / cache->spacing + 1;
    list_initialise(&slab->node);
    slab->live = 0;
    slab->free = NULL;
    for (uint32_t i = cache->capacity; i-- > 0;) {
        void **object = (void **)(slab->objects + i * cache->spacing);

        *object = slab->free;
        slab->free = object;
        if (DEBUG_HEAP) {
            *guard_of(cache, object) = (struct guard){.state = GUARD_FREE};
            poison(cache, object);
        }
    }
    cache->slabs++;

    const struct heap *heap = kheap_get();
    kmem.pool_entries = heap->table->entries;
    kmem.pool_bytes = heap->table->total * HEAP_BLOCK_SIZE_BYTES;
    return slab;
}

static void slab_destroy(struct slab *slab)
{
    slab->cache->slabs--;
    /* A late free of one of its objects is noticed even if nothing has overwritten it. */
    slab->magic = 0;
    kfree(slab);
}

/* ---------------------------------------------------------------- rare cases */

static void move_to(struct list_node *list, struct slab *slab)
{
    list_remove(&slab->node);
    list_append(list, &slab->node);
}

static NOINLINE __attribute__((noreturn)) void panic_free_already(const struct slab *slab,
                                                                  const void *object)
{
    panic("free of %p: this object of cache %s is free already", object, slab->cache->name);
}

/* object was the last free one of its slab. Returns it. */
static NOINLINE void *note_full(struct slab *slab, void *object)
{
    move_to(&slab->cache->full, slab);
    slab->cache->full_slabs++;
    return object;
}

/* The last live object is gone. */
static NOINLINE void note_empty(struct slab *slab)
{
    struct kmem_cache *cache = slab->cache;

    list_remove(&slab->node);
    slab->magic = SLAB_EMPTY + (uintptr_t)slab;
    if (cache->empty == NULL) {
        cache->empty = slab;
    } else {
        slab_destroy(slab);
    }
}

/* give_back() for a slab without free objects, or with object as the first of them. */
static NOINLINE void give_back_rarely(struct slab *slab, void *object)
{
    if (object == slab->free) {
        panic_free_already(slab, object);
    }
    *(void **)object = NULL;
    slab->free = object;
    move_to(&slab->cache->partial, slab);
    slab->cache->full_slabs--;
    slab->live--;
    if (slab->live == 0) {
        note_empty(slab);
    }
}

/* No slab of the cache is partial: gets it one that is all free. False when there is no memory. */
static bool refill(struct kmem_cache *cache)
{
    struct slab *slab = cache->empty;

    cache->empty = NULL; /* another may become empty while one is made: kmalloc() lets memory go */
    if (slab == NULL) {
        slab = slab_create(cache);
    }
    if (slab == NULL) {
        return false;
    }
    slab->magic = SLAB_LIVE + (uintptr_t)slab;
    list_append(&cache->partial, &slab->node);
    return true;
}

/* The slab that ptr points into: its header, or NULL when there is none. */
static struct slab *find_slab(const void *ptr)
{
    uintptr_t offset = (uintptr_t)ptr - POOL_MEMORY;
    size_t block = offset / HEAP_BLOCK_SIZE_BYTES;

    if (offset >= kmem.pool_bytes) {
        return NULL;
    }
    for (size_t i = 1; !(kmem.pool_entries[block] & HEAP_BLOCK_IS_FIRST); i++) {
        if (i == KMEM_SLAB_BLOCKS_MAX || block == 0 ||
            !(kmem.pool_entries[block] & HEAP_BLOCK_TABLE_ENTRY_TAKEN)) {
            return NULL;
        }
        block--;
    }
    struct slab *slab = (struct slab *)(POOL_MEMORY + block * HEAP_BLOCK_SIZE_BYTES);
    uintptr_t magic = slab->magic - (uintptr_t)slab;

    return magic == SLAB_LIVE || magic == SLAB_EMPTY ? slab : NULL;
}

/* find_slab() for a free: of an object in a slab with live ones, or it is a panic. */
static struct slab *find_slab_for_free(const void *ptr)
{
    struct slab *slab = find_slab(ptr);

    if (slab == NULL) {
        panic("free of %p: not an object of any cache; it is %s", ptr,
              heap_describe_pointer(kheap_get(), ptr));
    }
    if (!is_object(slab, offset_in(slab, ptr))) {
        panic("free of %p: points into a slab of cache %s (%u bytes), but not to the start of an"
              " object",
              ptr, slab->cache->name, (unsigned)slab->cache->object_bytes);
    }
    if (slab->magic == SLAB_EMPTY + (uintptr_t)slab) {
        panic_free_already(slab, ptr);
    }
    return slab;
}

/* ---------------------------------------------------------------- objects */

/*
 * The slab that ptr is an object of, if its header is at the start of ptr's block and it has live
 * objects, as nearly always; else NULL, and it takes find_slab() to know.
 */
static inline struct slab *slab_of(const void *ptr)
{
    uintptr_t offset = (uintptr_t)ptr - POOL_MEMORY;

    if (RARELY(offset >= kmem.pool_bytes) ||
        RARELY(!(kmem.pool_entries[offset / HEAP_BLOCK_SIZE_BYTES] & HEAP_BLOCK_IS_FIRST))) {
        return NULL;
    }
    struct slab *slab = (struct slab *)ALIGN_DOWN((uintptr_t)ptr, HEAP_BLOCK_SIZE_BYTES);

    if (RARELY(slab->magic != SLAB_LIVE + (uintptr_t)slab) ||
        RARELY(!is_object(slab, offset_in(slab, ptr)))) {
        return NULL;
    }
    return slab;
}

static NOINLINE void *refill_and_take(struct kmem_cache *cache, const void *caller);

/* NOLINTNEXTLINE(misc-no-recursion): twice at most, as refill() leaves an object to take */
static inline void *take(struct kmem_cache *cache, const void *caller)
{
    struct list_node *node = cache->partial.next;

    if (RARELY(node == &cache->partial)) {
        return refill_and_take(cache, caller);
    }
    struct slab *slab = LIST_ENTRY(node, struct slab, node);
    void **object = slab->free;
    void *next = *object;

    debug_on_alloc(cache, object, caller);
    slab->free = next;
    slab->live++;
    return RARELY(next == NULL) ? note_full(slab, object) : object;
}

/* NOLINTNEXTLINE(misc-no-recursion): see take() */
static NOINLINE void *refill_and_take(struct kmem_cache *cache, const void *caller)
{
    return refill(cache) ? take(cache, caller) : NULL;
}

/* object is one of slab's. */
static inline void give_back(struct slab *slab, void *object, const void *caller)
{
    void *next = slab->free;

    debug_on_free(slab->cache, object, caller);
    if (RARELY(next == NULL || next == object)) {
        give_back_rarely(slab, object);
        return;
    }
    *(void **)object = next;
    slab->free = object;
    slab->live--;
    if (RARELY(slab->live == 0)) {
        note_empty(slab);
    }
}

void *kmem_alloc(size_t size)
{
    if (RARELY(size - 1 >= KMEM_OBJECT_BYTES_MAX)) {
        return size == 0 ? NULL : kmalloc(size);
    }
    return take(class_of_eighth[(size - 1) / 8], CALLER);
}

void *kmem_zalloc(size_t size)
{
    if (RARELY(size - 1 >= KMEM_OBJECT_BYTES_MAX)) {
        return size == 0 ? NULL : kzalloc(size);
    }
    void *object = take(class_of_eighth[(size - 1) / 8], CALLER);
    return object == NULL ? NULL : memset(object, 0, size);
}

/* A block of kmalloc(), NULL, an object of a slab of several blocks, or a mistake. A slab is a
 * block of kmalloc() too, but the cache's. */
static NOINLINE void free_other(void *ptr, const void *caller)
{
    if (IS_ALIGNED((uintptr_t)ptr, HEAP_BLOCK_SIZE_BYTES) && find_slab(ptr) == NULL) {
        kfree(ptr);
    } else {
        give_back(find_slab_for_free(ptr), ptr, caller);
    }
}

void kmem_free(void *ptr)
{
    struct slab *slab = slab_of(ptr);

    if (RARELY(slab == NULL)) {
        free_other(ptr, CALLER);
    } else {
        give_back(slab, ptr, CALLER);
    }
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
        slab = find_slab_for_free(object);
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
    if (!list_is_empty(&cache->partial) || !list_is_empty(&cache->full)) {
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

static size_t live_objects(const struct kmem_cache *cache)
{
    size_t live = cache->full_slabs * cache->capacity;

    LIST_FOR_EACH(node, &cache->partial) {
        live += LIST_ENTRY(node, struct slab, node)->live;
    }
    return live;
}

static void add_live(void *total, struct kmem_cache *cache)
{
    *(size_t *)total += live_objects(cache);
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
    stats->live_objects = live_objects(cache);
}

/* ---------------------------------------------------------------- proof */

/* A slab's free list holds capacity - live different objects of it. The length bounds the walk, so
 * a list with a loop is too long. */
static bool slab_is_sound(const struct kmem_cache *cache, const struct slab *slab, uint32_t magic)
{
    uint32_t free = 0;

    if (find_slab((const char *)slab + 1) != slab || slab->magic != magic + (uintptr_t)slab ||
        slab->cache != cache) {
        return false;
    }
    for (void **object = slab->free; object != NULL; object = *object) {
        if (!is_object(slab, offset_in(slab, object)) || ++free > cache->capacity) {
            return false;
        }
    }
    return free + slab->live == cache->capacity;
}

/* Counts the slabs of the list; SIZE_MAX when something is wrong. */
static size_t check_list(const struct kmem_cache *cache, const struct list_node *list)
{
    size_t slabs = 0;

    LIST_FOR_EACH(node, list) {
        const struct slab *slab = LIST_ENTRY(node, struct slab, node);
        bool is_full = slab->free == NULL;

        if (node->next->previous != node || ++slabs > cache->slabs || slab->live == 0 ||
            is_full != (list == &cache->full) || !slab_is_sound(cache, slab, SLAB_LIVE)) {
            return SIZE_MAX;
        }
    }
    return slabs;
}

static void check_cache(void *result, struct kmem_cache *cache)
{
    const struct slab *empty = cache->empty;
    size_t partial = check_list(cache, &cache->partial);
    size_t full = check_list(cache, &cache->full);

    if (partial == SIZE_MAX || full != cache->full_slabs ||
        partial + full + (empty != NULL) != cache->slabs ||
        (empty != NULL && (empty->live != 0 || !slab_is_sound(cache, empty, SLAB_EMPTY)))) {
        *(int *)result = -ECORRUPT;
    }
}

int kmem_check(void)
{
    int result = OK;

    kmem_for_each_cache(check_cache, &result);
    return result;
}
