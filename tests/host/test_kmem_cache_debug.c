/*
 * test_kmem_cache_debug.c - what DEBUG_HEAP=1 notices about small objects beyond what is always
 * noticed.
 * Sources: src/memory/heap/heap.c tests/host/stub_memory.c tests/host/stub_kheap.c
 */
#define DEBUG_HEAP 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "memory/heap/kmem_cache.c"

#include "stub_memory.h"

#define POOL_BLOCKS 256

static int set_up(void **state)
{
    (void)state;
    stub_kheap_create(POOL_BLOCKS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (kmem_check() != OK || kmem_live_objects() != 0) {
        return -1;
    }
    kmem_reap();
    return heap_free_blocks(kheap_get()) == POOL_BLOCKS ? 0 : -1;
}

static void assert_panic_says(const void *pointer, const char *text)
{
    char address[32];

    snprintf(address, sizeof(address), "%p", pointer);
    assert_non_null(strstr(stub_panic_text, address));
    assert_non_null(strstr(stub_panic_text, text));
}

static void test_all_sizes_work(void **state)
{
    (void)state;
    static void *objects[KMEM_OBJECT_BYTES_MAX / 16 + 1];

    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
            objects[i] = kmem_alloc(i * 16 + 1 - i / 128);
            assert_int_equal((uintptr_t)objects[i] % KMEM_ALIGNMENT, 0);
            memset(objects[i], 0, i * 16 + 1 - i / 128);
        }
        assert_int_equal(kmem_check(), OK);
        for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
            kmem_free(objects[i]);
        }
    }
}

static void test_any_double_free_panics(void **state)
{
    (void)state;
    void *first = kmem_alloc(50);
    void *second = kmem_alloc(50);
    void *third = kmem_alloc(50);

    kmem_free(first);
    kmem_free(second);
    assert_true(STUB_PANICS(kmem_free(first))); /* not the last one freed */
    assert_panic_says(first, "is free already, since");
    assert_non_null(strstr(stub_panic_text, "kmem-56"));
    assert_int_equal(kmem_check(), OK);
    kmem_free(third);
}

static void test_a_write_after_free_is_noticed(void **state)
{
    (void)state;
    char *keep = kmem_alloc(50);
    char *object = kmem_alloc(50);

    kmem_free(object);
    object[20] = 1;
    assert_true(STUB_PANICS(kmem_alloc(50)));
    assert_panic_says(object, "offset 20 while it was free");

    /* The allocation has not happened, so the object is still free: repair it. */
    object[20] = (char)HEAP_POISON_FREE;
    assert_ptr_equal(kmem_alloc(50), object);
    kmem_free(object);
    kmem_free(keep);
}

static void test_a_write_behind_an_object_is_noticed(void **state)
{
    (void)state;
    char *object = kmem_alloc(56);
    char kept = object[56];

    object[56] = (char)(kept + 1);
    assert_true(STUB_PANICS(kmem_free(object)));
    assert_panic_says(object, "bytes behind this object of cache kmem-56");
    object[56] = kept;
    kmem_free(object);
}

static void test_freed_objects_are_poisoned(void **state)
{
    (void)state;
    uint8_t *keep = kmem_alloc(50);
    uint8_t *object = kmem_alloc(50);

    memset(object, 0, 50);
    kmem_free(object);
    for (size_t i = sizeof(void *); i < 56; i++) {
        assert_int_equal(object[i], HEAP_POISON_FREE);
    }
    kmem_free(keep);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_all_sizes_work),
        TEST(test_any_double_free_panics),
        TEST(test_a_write_after_free_is_noticed),
        TEST(test_a_write_behind_an_object_is_noticed),
        TEST(test_freed_objects_are_poisoned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
