/*
 * test_kmem_cache.c - small objects out of slabs. Every test ends with the heap as empty as it was.
 * Sources: src/memory/heap/kmem_cache.c src/memory/heap/heap.c tests/host/stub_memory.c tests/host/stub_kheap.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "base/align.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "base/status.h"
#include "stub_memory.h"

#define POOL_BLOCKS  1024
#define OBJECTS_MAX  10000
#define FILL         0xA7
#define KMEM_CLASSES 28

static uint8_t *objects[OBJECTS_MAX];

static int set_up(void **state)
{
    (void)state;
    stub_kheap_create(POOL_BLOCKS);
    return 0;
}

/* Nothing is left: no object, no slab, no block, and all lists are well-formed. */
static int tear_down(void **state)
{
    (void)state;
    int check = kmem_check();
    size_t live = kmem_live_objects();

    kmem_reap();
    size_t used = POOL_BLOCKS - heap_free_blocks(kheap_get());
    if (check != OK || live != 0 || used != 0 || kmem_slab_blocks() != 0) {
        fprintf(stderr, "left over: check %d, %zu objects, %zu blocks\n", check, live, used);
        return -1;
    }
    return heap_check(kheap_get());
}

static size_t used_blocks(void)
{
    return POOL_BLOCKS - heap_free_blocks(kheap_get());
}

static uint32_t random_number(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* The cache that kmem_alloc(size) takes its object from. */
struct search {
    size_t live_wanted;
    struct kmem_cache_stats found;
    size_t visited;
};

static void find_live(void *context, struct kmem_cache *cache)
{
    struct search *search = context;
    struct kmem_cache_stats stats;

    kmem_cache_get_stats(cache, &stats);
    if (stats.live_objects == search->live_wanted) {
        search->found = stats;
    }
    search->visited++;
}

/* ---------------------------------------------------------------- any size */

static void test_zero_and_null(void **state)
{
    (void)state;
    assert_null(kmem_alloc(0));
    assert_null(kmem_zalloc(0));
    kmem_free(NULL);
    kmem_cache_free(NULL, NULL);
    assert_int_equal(kmem_reap(), 0);
    assert_int_equal(used_blocks(), 0);
}

static void test_every_size_fits_without_much_waste(void **state)
{
    (void)state;
    for (size_t size = 1; size <= KMEM_OBJECT_BYTES_MAX; size++) {
        uint8_t *object = kmem_alloc(size);
        struct search search = {.live_wanted = 1};

        assert_non_null(object);
        assert_int_equal((uintptr_t)object % KMEM_ALIGNMENT, 0);
        assert_int_not_equal((uintptr_t)object % HEAP_BLOCK_SIZE_BYTES, 0);
        kmem_for_each_cache(find_live, &search);
        assert_int_equal(search.visited, KMEM_CLASSES);
        assert_true(search.found.object_bytes >= size);
        /* Below 64 seven bytes at most, else a quarter of size. */
        assert_true(search.found.object_bytes < size + 8 ||
                    search.found.object_bytes <= size + size / 4);
        /* A slab wastes an eighth at most. */
        assert_true(search.found.objects_per_slab * search.found.spacing_bytes * 8 >=
                    search.found.slab_blocks * HEAP_BLOCK_SIZE_BYTES * 7);
        memset(object, FILL, size);
        kmem_free(object);
        assert_int_equal(kmem_check(), OK);
    }
}

static void test_classes_have_names(void **state)
{
    (void)state;
    void *object = kmem_alloc(50);
    struct search search = {.live_wanted = 1};
    kmem_for_each_cache(find_live, &search);
    assert_string_equal(search.found.name, "kmem-56");
    kmem_free(object);
    object = kmem_alloc(2048);
    kmem_for_each_cache(find_live, &search);
    assert_string_equal(search.found.name, "kmem-2048");
    assert_int_equal(search.found.object_bytes, 2048);
    kmem_free(object);
}

static void test_large_requests_are_kmallocs(void **state)
{
    (void)state;
    void *one = kmem_alloc(KMEM_OBJECT_BYTES_MAX + 1);
    void *two = kmem_alloc(5000);

    assert_int_equal((uintptr_t)one % HEAP_BLOCK_SIZE_BYTES, 0);
    assert_int_equal(heap_allocation_blocks(kheap_get(), one), 1);
    assert_int_equal(heap_allocation_blocks(kheap_get(), two), 2);
    assert_int_equal(kmem_live_objects(), 0);
    kmem_free(one);
    kmem_free(two);
    assert_int_equal(used_blocks(), 0);
    assert_null(kmem_alloc(SIZE_MAX));
    assert_null(kmem_alloc(SIZE_MAX - 4094));
    assert_null(kmem_zalloc(SIZE_MAX));
    assert_null(kmem_alloc((POOL_BLOCKS + 1) * HEAP_BLOCK_SIZE_BYTES));
}

static void test_zalloc_zeroes(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 50, 64, 65, 2048, 2049, 9000};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint8_t *dirty = kmem_alloc(sizes[i]);
        memset(dirty, FILL, sizes[i]);
        kmem_free(dirty);

        uint8_t *clean = kmem_zalloc(sizes[i]);
        assert_ptr_equal(clean, dirty);
        for (size_t byte = 0; byte < sizes[i]; byte++) {
            assert_int_equal(clean[byte], 0);
        }
        kmem_free(clean);
    }
}

/* Fills a slab of each class to the last object and one more: no two overlap. */
static void test_objects_do_not_overlap(void **state)
{
    (void)state;
    static const size_t sizes[] = {8,   16,  24,  32,   40,   48,   56,   64,  80,  96,
                                   112, 128, 160, 192,  224,  256,  320,  384, 448, 512,
                                   640, 768, 896, 1024, 1280, 1536, 1792, 2048};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct search search = {.live_wanted = 1};

        objects[0] = kmem_alloc(sizes[i]);
        kmem_for_each_cache(find_live, &search);
        size_t count = search.found.objects_per_slab + 1;
        assert_int_equal(search.found.object_bytes, sizes[i]);
        assert_int_equal(search.found.slabs, 1);
        for (size_t n = 1; n < count; n++) {
            objects[n] = kmem_alloc(sizes[i]);
            assert_int_not_equal((uintptr_t)objects[n] % HEAP_BLOCK_SIZE_BYTES, 0);
        }
        for (size_t n = 0; n < count; n++) {
            memset(objects[n], (int)n, sizes[i]);
        }
        assert_int_equal(kmem_check(), OK); /* headers are whole */
        assert_int_equal(kmem_live_objects(), count);
        search = (struct search){.live_wanted = count};
        kmem_for_each_cache(find_live, &search);
        assert_int_equal(search.found.slabs, 2);
        for (size_t n = 0; n < count; n++) {
            assert_int_equal(objects[n][0], (uint8_t)n);
            assert_memory_equal(objects[n], objects[n] + 1, sizes[i] - 1);
            kmem_free(objects[n]);
        }
        kmem_reap();
        assert_int_equal(used_blocks(), 0);
    }
}

static void test_ten_thousand_objects_of_50_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < OBJECTS_MAX; i++) {
        objects[i] = kmem_alloc(50);
        assert_non_null(objects[i]);
        memset(objects[i], (int)i, 50);
    }
    assert_true(used_blocks() * HEAP_BLOCK_SIZE_BYTES <= 700 * 1024);
    assert_int_equal(used_blocks(), kmem_slab_blocks());
    assert_int_equal(kmem_live_objects(), OBJECTS_MAX);
    assert_int_equal(kmem_check(), OK);
    for (size_t i = 0; i < OBJECTS_MAX; i++) {
        assert_int_equal(objects[i][0], (uint8_t)i);
        assert_int_equal(objects[i][49], (uint8_t)i);
        kmem_free(objects[i]);
    }
    assert_int_equal(kmem_live_objects(), 0);
    assert_int_equal(used_blocks(), 1); /* the one empty slab that is kept */
    assert_int_equal(kmem_slab_blocks(), 1);
    assert_int_equal(kmem_reap(), 1);
    assert_int_equal(kmem_reap(), 0);
    assert_int_equal(used_blocks(), 0);
}

static void test_partial_slabs_are_used_before_new_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        objects[i] = kmem_alloc(100);
    }
    size_t blocks = used_blocks();
    for (size_t i = 0; i < 1000; i += 2) {
        kmem_free(objects[i]);
    }
    assert_int_equal(kmem_check(), OK);
    for (size_t i = 0; i < 1000; i += 2) {
        objects[i] = kmem_alloc(100);
    }
    assert_int_equal(used_blocks(), blocks);
    for (size_t i = 0; i < 1000; i++) {
        kmem_free(objects[i]);
    }
}

/* Allocating and freeing across the edge of a slab does not trouble the heap each time. */
static void test_no_thrashing_at_the_edge_of_a_slab(void **state)
{
    (void)state;
    struct kmem_cache *cache = kmem_cache_create("edge", 1000, 0);
    struct kmem_cache_stats stats;
    struct heap_stats before;
    struct heap_stats after;
    size_t count = 0;

    objects[count++] = kmem_cache_alloc(cache);
    kmem_cache_get_stats(cache, &stats);
    while (count < stats.objects_per_slab) {
        objects[count++] = kmem_cache_alloc(cache);
    }
    kmem_cache_free(cache, kmem_cache_alloc(cache));
    heap_get_stats(kheap_get(), &before);
    for (unsigned i = 0; i < 100; i++) {
        kmem_cache_free(cache, kmem_cache_alloc(cache));
        heap_get_stats(kheap_get(), &after);
        assert_int_equal(after.used, before.used);
        assert_int_equal(after.allocations, before.allocations);
    }
    kmem_cache_get_stats(cache, &stats);
    assert_int_equal(stats.empty_slabs, 1);
    assert_int_equal(stats.slabs, 2);
    while (count > 0) {
        kmem_cache_free(cache, objects[--count]);
    }
    kmem_cache_get_stats(cache, &stats);
    assert_int_equal(stats.slabs, 1); /* one empty slab is kept, not two */
    assert_int_equal(kmem_cache_destroy(cache), OK);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    size_t count = 0;

    stub_kheap_create(8);
    while ((objects[count] = kmem_alloc(2000)) != NULL) {
        count++;
    }
    assert_int_equal(count, 2 * 7); /* two slabs of four blocks */
    assert_null(kmem_alloc(8));
    assert_null(kmem_zalloc(8));
    assert_null(kmem_cache_create("none", 8, 0));
    assert_int_equal(kmem_check(), OK);

    /* The empty slab of another cache is taken back before an allocation fails. */
    for (size_t i = 0; i < count / 2; i++) {
        kmem_free(objects[i]);
    }
    assert_int_equal(heap_free_blocks(kheap_get()), 0);
    uint8_t *small = kmem_alloc(8);
    assert_non_null(small);
    assert_int_equal(kmem_check(), OK);
    kmem_free(small);
    for (size_t i = count / 2; i < count; i++) {
        kmem_free(objects[i]);
    }
    kmem_reap();
    assert_int_equal(heap_free_blocks(kheap_get()), 8);
    stub_kheap_create(POOL_BLOCKS);
}

static void test_random_use(void **state)
{
    (void)state;
    enum { SLOTS = 600 };
    static size_t sizes[SLOTS];
    uint32_t seed = 7;

    memset(sizes, 0, sizeof(sizes));
    for (unsigned round = 0; round < 100000; round++) {
        size_t i = random_number(&seed) % SLOTS;

        if (sizes[i] != 0) {
            assert_int_equal(objects[i][0], (uint8_t)i);
            assert_memory_equal(objects[i], objects[i] + 1, sizes[i] - 1);
            kmem_free(objects[i]);
            sizes[i] = 0;
        } else {
            sizes[i] = 1 + random_number(&seed) % (random_number(&seed) % 8 == 0 ? 6000 : 300);
            objects[i] =
                random_number(&seed) % 2 == 0 ? kmem_alloc(sizes[i]) : kmem_zalloc(sizes[i]);
            assert_non_null(objects[i]);
            memset(objects[i], (int)i, sizes[i]);
        }
        if (round % 5000 == 0) {
            assert_int_equal(kmem_check(), OK);
        }
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (sizes[i] != 0) {
            kmem_free(objects[i]);
        }
    }
}

/* ---------------------------------------------------------------- caches of one's own */

static void test_create_refuses(void **state)
{
    (void)state;
    assert_null(kmem_cache_create(NULL, 8, 8));
    assert_null(kmem_cache_create("x", 0, 8));
    assert_null(kmem_cache_create("x", KMEM_OBJECT_BYTES_MAX + 1, 8));
    assert_null(kmem_cache_create("x", SIZE_MAX, 8));
    assert_null(kmem_cache_create("x", 8, 3));
    assert_null(kmem_cache_create("x", 8, 24));
    assert_null(kmem_cache_create("x", 8, KMEM_ALIGNMENT_MAX * 2));
    assert_null(kmem_cache_create("x", 8, SIZE_MAX));
    assert_int_equal(kmem_live_objects(), 0);
}

static void test_sizes_and_alignments(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 3, 4, 8, 13, 100, 512, 700, 1024, 1365, 1500, 2000, 2048};

    for (size_t alignment = 0; alignment <= KMEM_ALIGNMENT_MAX;
         alignment = alignment == 0 ? 1 : alignment * 2) {
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            struct kmem_cache *cache = kmem_cache_create("aligned", sizes[i], alignment);
            struct kmem_cache_stats stats;

            assert_non_null(cache);
            for (size_t n = 0; n < 40; n++) {
                objects[n] = kmem_cache_alloc(cache);
                assert_int_equal((uintptr_t)objects[n] % MAX(alignment, (size_t)KMEM_ALIGNMENT), 0);
                assert_int_not_equal((uintptr_t)objects[n] % HEAP_BLOCK_SIZE_BYTES, 0);
                memset(objects[n], (int)n, sizes[i]);
            }
            assert_int_equal(kmem_check(), OK);
            kmem_cache_get_stats(cache, &stats);
            assert_string_equal(stats.name, "aligned");
            assert_int_equal(stats.live_objects, 40);
            assert_true(stats.object_bytes >= sizes[i]);
            for (size_t n = 0; n < 40; n++) {
                assert_int_equal(objects[n][sizes[i] - 1], n);
                kmem_cache_free(cache, objects[n]);
            }
            assert_int_equal(kmem_cache_destroy(cache), OK);
        }
    }
}

static void test_destroy(void **state)
{
    (void)state;
    struct kmem_cache *cache = kmem_cache_create("short-lived", 100, 0);
    void *object = kmem_cache_alloc(cache);

    assert_int_equal(kmem_cache_destroy(NULL), -EINVARG);
    assert_int_equal(kmem_cache_destroy(cache), -EBUSY);
    assert_int_equal(kmem_check(), OK);
    kmem_cache_free(cache, object);
    assert_int_equal(kmem_cache_destroy(cache), OK);
    assert_int_equal(kmem_live_objects(), 0);

    cache = kmem_cache_create("never used", 100, 0);
    assert_int_equal(kmem_cache_destroy(cache), OK);
}

static void remember_first(void *context, struct kmem_cache *cache)
{
    struct kmem_cache **first = context;

    if (*first == NULL) {
        *first = cache;
    }
}

static void test_kmem_allocs_own_caches_cannot_be_destroyed(void **state)
{
    (void)state;
    struct kmem_cache *first = NULL;

    kmem_for_each_cache(remember_first, &first);
    assert_int_equal(kmem_cache_destroy(first), -EINVARG);
}

static void test_caches_are_visited(void **state)
{
    (void)state;
    struct kmem_cache *a = kmem_cache_create("a", 10, 0);
    struct kmem_cache *b = kmem_cache_create("b", 10, 0);
    void *objects_of_b[3];
    struct search search = {.live_wanted = 3};

    for (size_t i = 0; i < 3; i++) {
        objects_of_b[i] = kmem_cache_alloc(b);
    }
    kmem_for_each_cache(find_live, &search);
    assert_int_equal(search.visited, KMEM_CLASSES + 2);
    assert_string_equal(search.found.name, "b");
    assert_int_equal(kmem_live_objects(), 3 + 2); /* and the two caches themselves */
    for (size_t i = 0; i < 3; i++) {
        kmem_cache_free(b, objects_of_b[i]);
    }
    assert_int_equal(kmem_cache_destroy(a), OK);
    search.visited = 0;
    kmem_for_each_cache(find_live, &search);
    assert_int_equal(search.visited, KMEM_CLASSES + 1);
    assert_int_equal(kmem_cache_destroy(b), OK);
}

/* kmem_free() takes objects of named caches too. */
static void test_kmem_free_finds_the_cache(void **state)
{
    (void)state;
    struct kmem_cache *cache = kmem_cache_create("found", 1100, 0);

    for (size_t i = 0; i < 20; i++) {
        objects[i] = kmem_cache_alloc(cache);
    }
    for (size_t i = 0; i < 20; i++) {
        kmem_free(objects[i]);
    }
    assert_int_equal(kmem_cache_destroy(cache), OK);
}

/* ---------------------------------------------------------------- wrong frees */

/* Functions of their own: what they are called with survives the longjmp(). */
static __attribute__((noinline)) bool free_panics(void *ptr)
{
    return STUB_PANICS(kmem_free(ptr));
}

static __attribute__((noinline)) bool cache_free_panics(struct kmem_cache *cache, void *object)
{
    return STUB_PANICS(kmem_cache_free(cache, object));
}

static void assert_panic_names(const void *pointer, const char *cache)
{
    char text[32];

    snprintf(text, sizeof(text), "%p", pointer);
    assert_non_null(strstr(stub_panic_text, text));
    assert_non_null(strstr(stub_panic_text, cache));
}

static void test_double_free_panics(void **state)
{
    (void)state;
    char *keep = kmem_alloc(50);
    char *object = kmem_alloc(50);

    kmem_free(object);
    assert_true(free_panics(object));
    assert_panic_names(object, "kmem-56");
    assert_non_null(strstr(stub_panic_text, "free already"));
    assert_int_equal(kmem_check(), OK);
    kmem_free(keep);
    assert_true(free_panics(keep)); /* in the empty slab */
    assert_true(free_panics(object));
    kmem_reap();
    assert_true(free_panics(object)); /* in no slab at all */
    assert_panic_names(object, "not an object");
}

static void test_interior_pointers_panic(void **state)
{
    (void)state;
    static const size_t sizes[] = {8, 50, 64, 100, 1024, 1500, 2048};

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct search search = {.live_wanted = 1};
        char *object = kmem_alloc(sizes[i]);

        kmem_for_each_cache(find_live, &search);
        for (size_t offset = 1; offset < search.found.object_bytes; offset++) {
            assert_true(free_panics(object + offset));
            assert_panic_names(object + offset, search.found.name);
        }
        assert_int_equal(kmem_live_objects(), 1);
        kmem_free(object);
        kmem_reap();
    }
}

/* The slab's header, its start included, and what is left behind its last object. */
static void test_slab_header_and_waste_panic(void **state)
{
    (void)state;
    struct kmem_cache *cache = kmem_cache_create("header", 900, 0);
    char *object = kmem_cache_alloc(cache);
    char *block = (char *)ALIGN_DOWN((uintptr_t)object, HEAP_BLOCK_SIZE_BYTES);
    struct kmem_cache_stats stats;

    kmem_cache_get_stats(cache, &stats);
    assert_int_equal(stats.slab_blocks, 1);
    for (char *pointer = block; pointer < object; pointer++) {
        assert_true(free_panics(pointer));
        assert_panic_names(pointer, "header");
    }
    for (size_t i = stats.objects_per_slab * stats.spacing_bytes;
         object + i < block + HEAP_BLOCK_SIZE_BYTES; i++) {
        assert_true(cache_free_panics(cache, object + i));
    }
    kmem_cache_free(cache, object);
    assert_int_equal(kmem_cache_destroy(cache), OK);
}

static void test_foreign_pointers_panic(void **state)
{
    (void)state;
    static uint64_t outside[2];
    char *object = kmem_alloc(50);
    char *block = kmalloc(3 * HEAP_BLOCK_SIZE_BYTES);
    char *large = kmalloc(10 * HEAP_BLOCK_SIZE_BYTES);

    memset(block, 0, 3 * HEAP_BLOCK_SIZE_BYTES);
    memset(large, 0, 10 * HEAP_BLOCK_SIZE_BYTES);
    char *const wrong[] = {
        (char *)&outside[1],
        block + 8,
        block + HEAP_BLOCK_SIZE_BYTES + 8,
        block + 2 * HEAP_BLOCK_SIZE_BYTES + 8,
        large + 9 * HEAP_BLOCK_SIZE_BYTES + 8, /* too far from its start for a slab */
        block + HEAP_BLOCK_SIZE_BYTES,         /* kfree() refuses it */
        (char *)HEAP_ADDRESS + 100 * HEAP_BLOCK_SIZE_BYTES + 8, /* a free block */
        (char *)HEAP_ADDRESS - 8,
        (char *)HEAP_ADDRESS + POOL_BLOCKS * HEAP_BLOCK_SIZE_BYTES + 8,
        (char *)8,
        (char *)UINTPTR_MAX - 7,
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_true(free_panics(wrong[i]));
        assert_panic_names(wrong[i], "");
    }
    assert_int_equal(kmem_check(), OK);
    kmem_free(object);
    kfree(block);
    kfree(large);
}

/* A copy of a slab's header inside an object does not pass for one. */
static void test_a_copied_header_is_no_slab(void **state)
{
    (void)state;
    char *object = kmem_alloc(50);
    char *block = kmalloc(HEAP_BLOCK_SIZE_BYTES);

    memcpy(block, (char *)ALIGN_DOWN((uintptr_t)object, HEAP_BLOCK_SIZE_BYTES),
           HEAP_BLOCK_SIZE_BYTES);
    size_t offset = (uintptr_t)object % HEAP_BLOCK_SIZE_BYTES;
    assert_true(free_panics(block + offset));
    kfree(block);
    kmem_free(object);
}

static void test_another_caches_object_panics(void **state)
{
    (void)state;
    struct kmem_cache *a = kmem_cache_create("cache-a", 100, 0);
    struct kmem_cache *b = kmem_cache_create("cache-b", 100, 0);
    void *object = kmem_cache_alloc(a);

    assert_true(cache_free_panics(b, object));
    assert_panic_names(object, "cache-a");
    assert_panic_names(object, "cache-b");
    kmem_cache_free(a, object);
    assert_int_equal(kmem_cache_destroy(a), OK);
    assert_int_equal(kmem_cache_destroy(b), OK);
}

static void test_check_notices_damage(void **state)
{
    (void)state;
    void *keep = kmem_alloc(50);
    void **object = kmem_alloc(50);

    kmem_free(object);
    void *link = *object;
    *object = object; /* a loop */
    assert_int_equal(kmem_check(), -ECORRUPT);
    *object = (char *)link + 1; /* not an object */
    assert_int_equal(kmem_check(), -ECORRUPT);
    *object = NULL; /* objects are missing */
    assert_int_equal(kmem_check(), -ECORRUPT);
    *object = link;
    assert_int_equal(kmem_check(), OK);
    kmem_free(keep);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_zero_and_null),
        TEST(test_every_size_fits_without_much_waste),
        TEST(test_classes_have_names),
        TEST(test_large_requests_are_kmallocs),
        TEST(test_zalloc_zeroes),
        TEST(test_objects_do_not_overlap),
        TEST(test_ten_thousand_objects_of_50_bytes),
        TEST(test_partial_slabs_are_used_before_new_ones),
        TEST(test_no_thrashing_at_the_edge_of_a_slab),
        TEST(test_out_of_memory),
        TEST(test_random_use),
        TEST(test_create_refuses),
        TEST(test_sizes_and_alignments),
        TEST(test_destroy),
        TEST(test_kmem_allocs_own_caches_cannot_be_destroyed),
        TEST(test_caches_are_visited),
        TEST(test_kmem_free_finds_the_cache),
        TEST(test_double_free_panics),
        TEST(test_interior_pointers_panic),
        TEST(test_slab_header_and_waste_panic),
        TEST(test_foreign_pointers_panic),
        TEST(test_a_copied_header_is_no_slab),
        TEST(test_another_caches_object_panics),
        TEST(test_check_notices_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
