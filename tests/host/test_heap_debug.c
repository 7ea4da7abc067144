/*
 * test_heap_debug.c - the block heap with DEBUG_HEAP=1, over real memory: fill of free blocks, red
 * zones, and reports that name who did it.
 * Sources:
 */
#define DEBUG_HEAP 1
#include "memory/heap/heap.c"

#include "heap_fixture.h"

#define POOL_BLOCKS 16

static const char alice, bob, carol; /* their addresses stand for code */

static struct debugged {
    struct fixture f;
    unsigned char *pool;
    void *debug_memory;
} d;

static struct heap_report reports[4];
static size_t report_count;

static void keep_report(struct heap *heap, const struct heap_report *report)
{
    assert_ptr_equal(heap, &d.f.heap);
    assert_true(report_count < 4);
    reports[report_count++] = *report;
}

static int open_heap(void **state)
{
    d.pool = aligned_alloc(BLOCK, POOL_BLOCKS * BLOCK);
    memset(d.pool, 0x5A, POOL_BLOCKS * BLOCK);
    fixture_open_at(&d.f, (uintptr_t)d.pool, POOL_BLOCKS, IS_INDEXED(state));
    d.debug_memory = malloc(heap_debug_bytes(POOL_BLOCKS));
    memset(d.debug_memory, 0xA5, heap_debug_bytes(POOL_BLOCKS));
    assert_int_equal(heap_attach_debug(&d.f.heap, d.debug_memory, heap_debug_bytes(POOL_BLOCKS)),
                     0);
    heap_set_reporter(&d.f.heap, keep_report);
    report_count = 0;
    return 0;
}

static int close_heap(void **state)
{
    (void)state;
    fixture_close(&d.f);
    free(d.debug_memory);
    free(d.pool);
    return 0;
}

static unsigned char *take(size_t size, const char *owner)
{
    unsigned char *ptr = heap_malloc_owned(&d.f.heap, size, owner);

    assert_non_null(ptr);
    return ptr;
}

static void attach_debug_refuses_bad_memory(void **state)
{
    (void)state;
    struct fixture f;
    size_t bytes = heap_debug_bytes(4);
    char *memory = malloc(bytes + 1);

    fixture_open(&f, 4, false);
    assert_int_equal(heap_attach_debug(&f.heap, NULL, bytes), -EINVARG);
    assert_int_equal(heap_attach_debug(&f.heap, memory, bytes - 1), -EINVARG);
    assert_int_equal(heap_attach_debug(&f.heap, memory + 1, bytes), -EINVARG);
    /* No debug memory, no touch: this pool does not exist. */
    void *ptr = heap_malloc(&f.heap, 1);
    assert_int_equal(heap_attach_debug(&f.heap, memory, bytes), -EISTKN);
    assert_int_equal(heap_free(&f.heap, ptr), 0);
    assert_int_equal(heap_attach_debug(&f.heap, memory, bytes), 0);
    assert_int_equal(heap_attach_debug(&f.heap, memory, bytes), -EISTKN);
    fixture_close(&f);
    free(memory);
}

static void freed_blocks_are_filled(void **state)
{
    (void)state;
    unsigned char *ptr = take(2 * BLOCK, &alice);
    memset(ptr, 0, 2 * BLOCK);
    assert_int_equal(heap_free(&d.f.heap, ptr), 0);
    for (size_t i = 0; i < 2 * BLOCK; i++) {
        assert_int_equal(ptr[i], HEAP_POISON_FREE);
    }
    assert_int_equal(report_count, 0);
}

static void memory_that_was_never_allocated_is_left_alone(void **state)
{
    (void)state;
    unsigned char *ptr = take(BLOCK, &alice);
    assert_int_equal(ptr[0], 0x5A);
    assert_int_equal(ptr[BLOCK], 0x5A);
    assert_int_equal(report_count, 0);
}

static void the_red_zone_is_filled(void **state)
{
    (void)state;
    unsigned char *ptr = take(5000, &alice);
    assert_int_equal(ptr[4999], 0x5A);
    for (size_t i = 5000; i < 2 * BLOCK; i++) {
        assert_int_equal(ptr[i], HEAP_POISON_RED_ZONE);
    }
    assert_int_equal(ptr[2 * BLOCK], 0x5A);
}

static void good_use_is_not_reported(void **state)
{
    (void)state;
    for (size_t size = 1; size < 6 * BLOCK; size += 997) {
        unsigned char *ptr = take(size, &alice);
        memset(ptr, 0, size);
        assert_int_equal(heap_check(&d.f.heap), 0);
        assert_int_equal(heap_free_owned(&d.f.heap, ptr, &bob), 0);
        assert_int_equal(heap_check(&d.f.heap), 0);
    }
    assert_int_equal(report_count, 0);
}

static void a_write_after_free_is_reported(void **state)
{
    (void)state;
    unsigned char *ptr = take(2 * BLOCK, &alice);
    assert_int_equal(heap_free_owned(&d.f.heap, ptr, &bob), 0);
    ptr[BLOCK + 77] = 1;
    assert_int_equal(heap_check(&d.f.heap), -ECORRUPT);

    /* Found when the block is handed out, and only once. */
    unsigned char *again = take(3 * BLOCK, &carol);
    assert_ptr_equal(again, ptr);
    assert_int_equal(report_count, 1);
    assert_int_equal(reports[0].kind, HEAP_REPORT_WRITE_AFTER_FREE);
    assert_ptr_equal(reports[0].damage, ptr + BLOCK + 77);
    assert_ptr_equal(reports[0].start, ptr + BLOCK);
    assert_ptr_equal(reports[0].owner, &alice);
    assert_ptr_equal(reports[0].freer, &bob);
    assert_int_equal(heap_check(&d.f.heap), 0);
}

static void a_write_of_the_last_byte_after_free_is_reported(void **state)
{
    (void)state;
    unsigned char *ptr = take(1, &alice);
    assert_int_equal(heap_free(&d.f.heap, ptr), 0);
    ptr[BLOCK - 1] ^= 1;
    take(1, &bob);
    assert_int_equal(report_count, 1);
    assert_ptr_equal(reports[0].damage, ptr + BLOCK - 1);
    assert_ptr_equal(reports[0].start, ptr);
    assert_int_equal(reports[0].requested_bytes, 1);
    assert_null(reports[0].freer);
}

static void a_write_beyond_the_end_is_reported(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 50, 4095, 4097, 5000, 8191};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        report_count = 0;
        unsigned char *ptr = take(sizes[i], &alice);
        ptr[sizes[i]] = 0;
        assert_int_equal(heap_check(&d.f.heap), -ECORRUPT);
        assert_int_equal(heap_free_owned(&d.f.heap, ptr, &bob), 0);
        assert_int_equal(report_count, 1);
        assert_int_equal(reports[0].kind, HEAP_REPORT_RED_ZONE);
        assert_ptr_equal(reports[0].start, ptr);
        assert_ptr_equal(reports[0].damage, ptr + sizes[i]);
        assert_int_equal(reports[0].requested_bytes, sizes[i]);
        assert_ptr_equal(reports[0].owner, &alice);
        assert_null(reports[0].freer);
    }
}

static void whole_blocks_have_no_red_zone(void **state)
{
    (void)state;
    unsigned char *ptr = take(BLOCK, &alice);
    unsigned char *next = take(BLOCK, &bob);
    assert_ptr_equal(next, ptr + BLOCK);
    memset(ptr, 0, BLOCK);
    next[0] = 1;
    assert_int_equal(heap_free(&d.f.heap, ptr), 0);
    assert_int_equal(heap_free(&d.f.heap, next), 0);
    assert_int_equal(report_count, 0);
}

static void a_double_free_can_be_explained(void **state)
{
    (void)state;
    struct heap_report report = {0};
    unsigned char *ptr = take(100, &alice);
    assert_int_equal(heap_free_owned(&d.f.heap, ptr, &bob), 0);
    assert_int_equal(heap_free_owned(&d.f.heap, ptr, &carol), -EINVARG);
    assert_int_equal(heap_debug_history(&d.f.heap, ptr, &report), 0);
    assert_ptr_equal(report.owner, &alice);
    assert_ptr_equal(report.freer, &bob);
    assert_int_equal(report.requested_bytes, 100);
    assert_int_equal(heap_debug_history(&d.f.heap, d.pool + POOL_BLOCKS * BLOCK, &report),
                     -EINVARG);
}

static void a_refused_free_touches_no_memory(void **state)
{
    (void)state;
    unsigned char *ptr = take(3 * BLOCK, &alice);
    memset(ptr, 7, 3 * BLOCK);
    assert_int_equal(heap_free(&d.f.heap, ptr + BLOCK), -EINVARG);
    assert_int_equal(heap_free(&d.f.heap, ptr + 1), -EINVARG);
    for (size_t i = 0; i < 3 * BLOCK; i++) {
        assert_int_equal(ptr[i], 7);
    }
}

static void without_reporter_the_heap_goes_on(void **state)
{
    (void)state;
    heap_set_reporter(&d.f.heap, NULL);
    unsigned char *ptr = take(1, &alice);
    ptr[1] = 0;
    assert_int_equal(heap_free(&d.f.heap, ptr), 0);
    ptr[0] = 0;
    assert_ptr_equal(take(1, &bob), ptr);
    assert_int_equal(report_count, 0);
}

#define DEBUG_TEST(test)                                                           \
    {.name = #test " (table alone)",                                               \
     .test_func = test,                                                            \
     .setup_func = open_heap,                                                      \
     .teardown_func = close_heap},                                                 \
    {                                                                              \
        .name = #test " (with index)", .test_func = test, .setup_func = open_heap, \
        .teardown_func = close_heap, .initial_state = (void *)1                    \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attach_debug_refuses_bad_memory),
        DEBUG_TEST(freed_blocks_are_filled),
        DEBUG_TEST(memory_that_was_never_allocated_is_left_alone),
        DEBUG_TEST(the_red_zone_is_filled),
        DEBUG_TEST(good_use_is_not_reported),
        DEBUG_TEST(a_write_after_free_is_reported),
        DEBUG_TEST(a_write_of_the_last_byte_after_free_is_reported),
        DEBUG_TEST(a_write_beyond_the_end_is_reported),
        DEBUG_TEST(whole_blocks_have_no_red_zone),
        DEBUG_TEST(a_double_free_can_be_explained),
        DEBUG_TEST(a_refused_free_touches_no_memory),
        DEBUG_TEST(without_reporter_the_heap_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
