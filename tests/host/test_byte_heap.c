/*
 * test_byte_heap.c - the heap of bytes: boundaries, growing and shrinking, wrong frees, and random
 * use against a model.
 * Sources: src/memory/heap/byte_heap.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/align.h"
#include "memory/heap/byte_heap.h"
#include "base/status.h"

#define PAGE        4096u
#define START       ((uintptr_t)0x60000000)
#define LIMIT_BYTES (32u << 20)
#define KEPT        (1u << 20)
#define HEADER      BYTE_HEAP_HEADER_BYTES

/* The same, for functions that take a size (cppcheck takes a sizeof in one for a mistake). */
static const size_t header_bytes = HEADER;

/* ---------------------------------------------------------------- a source of pages */

static struct byte_heap heap;
static uintptr_t mapped_end; /* [START, mapped_end) is memory, the rest of the range faults */
static size_t pages_left;    /* of the machine */
static size_t grows, shrinks;

static int grow_pages(void *context, void *at, size_t bytes)
{
    assert_ptr_equal(context, &heap);
    assert_int_equal((uintptr_t)at, mapped_end);
    assert_true(bytes > 0 && bytes % PAGE == 0);
    if (bytes / PAGE > pages_left) {
        return -ENOMEM;
    }
    assert_int_equal(mprotect(at, bytes, PROT_READ | PROT_WRITE), 0);
    memset(at, 0xA5, bytes); /* contents are undefined */
    pages_left -= bytes / PAGE;
    mapped_end += bytes;
    grows++;
    return OK;
}

static void shrink_pages(void *context, void *at, size_t bytes)
{
    assert_ptr_equal(context, &heap);
    assert_true(bytes > 0 && bytes % PAGE == 0);
    assert_int_equal((uintptr_t)at + bytes, mapped_end);
    assert_int_equal(mprotect(at, bytes, PROT_NONE), 0);
    pages_left += bytes / PAGE;
    mapped_end -= bytes;
    shrinks++;
}

static const struct byte_heap_source source = {grow_pages, shrink_pages, &heap};

static void check(void)
{
    const char *reason;

    if (byte_heap_check(&heap, &reason) != OK) {
        fail_msg("%s", reason);
    }
    assert_int_equal(byte_heap_used_bytes(&heap) + byte_heap_free_bytes(&heap), mapped_end - START);
}

static void open_heap(size_t limit_bytes, size_t kept, size_t pages)
{
    if (mapped_end > START) {
        mprotect((void *)START, mapped_end - START, PROT_NONE);
    }
    mapped_end = START;
    pages_left = pages;
    grows = shrinks = 0;
    assert_int_equal(
        byte_heap_create(&heap, (void *)START, (void *)(START + limit_bytes), kept, &source), OK);
    check();
}

static int map_range(void **state)
{
    (void)state;
    void *memory = mmap((void *)START, LIMIT_BYTES, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);

    mapped_end = START;
    return memory == (void *)START ? 0 : -1;
}

/* ---------------------------------------------------------------- creation */

static void test_creation(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, KEPT, 1000);
    assert_int_equal(mapped_end - START, KEPT);
    assert_int_equal(byte_heap_used_bytes(&heap), 0);
    assert_int_equal(byte_heap_free_bytes(&heap), KEPT);
    assert_int_equal(byte_heap_destroy(&heap), OK);
    assert_int_equal(mapped_end, START);
    assert_int_equal(pages_left, 1000);
}

static void test_creation_refuses(void **state)
{
    (void)state;
    static const struct {
        uintptr_t start, limit;
        size_t kept;
    } wrong[] = {
        {0, START, 0},
        {START + 1, START + PAGE, 0},
        {START, START + PAGE + 16, 0},
        {START, START, 0},
        {START + PAGE, START, 0},
        {START, START + PAGE, 100},
        {START, START + PAGE, 2 * PAGE},
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(byte_heap_create(&heap, (void *)wrong[i].start, (void *)wrong[i].limit,
                                          wrong[i].kept, &source),
                         -EINVARG);
    }
    pages_left = KEPT / PAGE - 1;
    assert_int_equal(
        byte_heap_create(&heap, (void *)START, (void *)(START + LIMIT_BYTES), KEPT, &source),
        -ENOMEM);
    assert_int_equal(pages_left, KEPT / PAGE - 1);
    assert_int_equal(mapped_end, START);
}

/* ---------------------------------------------------------------- allocation */

static void test_sizes_and_alignment(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, KEPT, 1000);
    assert_null(byte_heap_malloc(&heap, 0, NULL));
    for (size_t size = 1; size < 9000; size += size < 300 ? 1 : 97) {
        char *memory = byte_heap_malloc(&heap, size, NULL);
        size_t bytes = byte_heap_allocation_bytes(&heap, memory);

        assert_int_equal((uintptr_t)memory % BYTE_HEAP_ALIGNMENT, 0);
        assert_in_range(bytes, size, size + 2 * BYTE_HEAP_ALIGNMENT);
        assert_int_equal(byte_heap_used_bytes(&heap), bytes + HEADER);
        memset(memory, 0xFF, bytes);
        check();
        assert_int_equal(byte_heap_free(&heap, memory), OK);
        assert_int_equal(byte_heap_used_bytes(&heap), 0);
        check();
    }
    assert_int_equal(grows, 1);
}

static void test_sizes_that_cannot_be(void **state)
{
    (void)state;
    open_heap(4 * PAGE, PAGE, 1000);
    assert_null(byte_heap_malloc(&heap, SIZE_MAX, NULL));
    assert_null(byte_heap_malloc(&heap, SIZE_MAX - HEADER + 1, NULL));
    assert_null(byte_heap_malloc(&heap, 4 * PAGE, NULL));
    assert_null(byte_heap_malloc(&heap, 4 * PAGE - HEADER + 1, NULL));
    assert_int_equal(mapped_end - START, PAGE);
    void *all = byte_heap_malloc(&heap, 4 * PAGE - HEADER, NULL);
    assert_non_null(all);
    assert_int_equal(byte_heap_free_bytes(&heap), 0);
    assert_null(byte_heap_malloc(&heap, 1, NULL));
    check();
    assert_int_equal(byte_heap_free(&heap, all), OK);
    check();
}

/* From 1 MiB to 16 MiB and more, and back. */
static void test_grows_to_16_mib_and_shrinks(void **state)
{
    (void)state;
    static char *pieces[40];

    open_heap(LIMIT_BYTES, KEPT, LIMIT_BYTES / PAGE);
    for (unsigned i = 0; i < 40; i++) {
        pieces[i] = byte_heap_malloc(&heap, 500000, NULL);
        assert_non_null(pieces[i]);
        memset(pieces[i], (int)i, 500000);
        check();
    }
    assert_true(mapped_end - START >= 40 * 500000);
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned j = 0; j < 500000; j += 999) {
            assert_int_equal(pieces[i][j], i);
        }
        assert_int_equal(byte_heap_free(&heap, pieces[i]), OK);
        check();
    }
    assert_int_equal(mapped_end - START, KEPT);
    assert_int_equal(pages_left, (LIMIT_BYTES - KEPT) / PAGE);
    assert_int_equal(byte_heap_trim(&heap), KEPT);
    assert_int_equal(pages_left, LIMIT_BYTES / PAGE);
    check();
    assert_non_null(byte_heap_malloc(&heap, 100, NULL));
    assert_int_equal(mapped_end - START, BYTE_HEAP_STEP_BYTES);
    check();
}

/* The same mallocs and frees at a page's edge map and unmap nothing. */
static void test_hysteresis(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, 0, 1000);
    void *first = byte_heap_malloc(&heap, BYTE_HEAP_STEP_BYTES - 2 * HEADER, NULL);
    size_t size = BYTE_HEAP_STEP_BYTES;

    assert_non_null(first);
    assert_int_equal(byte_heap_free(&heap, byte_heap_malloc(&heap, size, NULL)), OK);
    grows = shrinks = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(byte_heap_free(&heap, byte_heap_malloc(&heap, size, NULL)), OK);
    }
    assert_int_equal(grows + shrinks, 0);
    assert_int_equal(byte_heap_free(&heap, first), OK);
    check();
    assert_true(byte_heap_free_bytes(&heap) <= 2 * BYTE_HEAP_STEP_BYTES);
}

/* With that many pages and no more: what fits is given, and a failure changes nothing. */
static void test_growth_that_fails_at_each_page(void **state)
{
    (void)state;
    for (size_t pages = 0; pages <= 40; pages++) {
        open_heap(LIMIT_BYTES, 0, pages);
        size_t most = pages * PAGE - (pages ? HEADER : 0);

        assert_null(byte_heap_malloc(&heap, most + 1, NULL));
        assert_int_equal(pages_left, pages);
        check();
        if (pages == 0) {
            continue;
        }
        void *all = byte_heap_malloc(&heap, most, NULL);
        assert_non_null(all);
        assert_int_equal(pages_left, 0);
        assert_null(byte_heap_malloc(&heap, 1, NULL));
        check();
        assert_int_equal(byte_heap_free(&heap, all), OK);
        check();

        /* Without a step, the pages that are missing will do. */
        byte_heap_trim(&heap);
        assert_int_equal(pages_left, pages);
        assert_non_null(byte_heap_malloc(&heap, 1, NULL));
        assert_int_equal(pages_left, pages >= BYTE_HEAP_STEP_BYTES / PAGE
                                         ? pages - BYTE_HEAP_STEP_BYTES / PAGE
                                         : pages - 1);
        check();
    }
}

static void test_neighbours_are_joined_in_every_order(void **state)
{
    (void)state;
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (unsigned order = 0; order < 6; order++) {
        char *pieces[4];

        open_heap(LIMIT_BYTES, PAGE, 1000);
        for (unsigned i = 0; i < 4; i++) {
            pieces[i] = byte_heap_malloc(&heap, 128 - HEADER, NULL);
        }
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(byte_heap_free(&heap, pieces[orders[order][i]]), OK);
            check();
        }
        /* The three, with two headers between them, are one chunk at the front: of 24 units, the
         * first size of its class, so that malloc need not look through the class. */
        size_t bytes = (size_t)(pieces[3] - pieces[0]) - HEADER;
        assert_ptr_equal(byte_heap_malloc(&heap, bytes, NULL), pieces[0]);
        check();
    }
}

/* Chunks of the request's own class are looked through before the heap grows. */
static void test_what_fits_is_found(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, 2 * PAGE, 2);
    void *small = byte_heap_malloc(&heap, 1024 + 32, NULL); /* of one class with the next */
    byte_heap_malloc(&heap, 16, NULL);
    void *large = byte_heap_malloc(&heap, 1024 + 64, NULL);
    byte_heap_malloc(&heap, 16, NULL);
    while (byte_heap_malloc(&heap, 64, NULL) != NULL) {
    }
    while (byte_heap_malloc(&heap, 1, NULL) != NULL) {
    }
    assert_int_equal(byte_heap_free(&heap, large), OK);
    assert_int_equal(byte_heap_free(&heap, small), OK);
    assert_ptr_equal(byte_heap_malloc(&heap, 1024 + 64, NULL), large);
    assert_null(byte_heap_malloc(&heap, 1024 + 64, NULL));
    assert_ptr_equal(byte_heap_malloc(&heap, 1024 + 32, NULL), small);
    check();
}

/* ---------------------------------------------------------------- wrong pointers */

static void test_wrong_frees_change_nothing(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, PAGE, 1000);
    char *first = byte_heap_malloc(&heap, 200, NULL);
    char *second = byte_heap_malloc(&heap, 200, NULL);
    char *third = byte_heap_malloc(&heap, 200, NULL);
    size_t used = byte_heap_used_bytes(&heap);

    memset(first, 0, 200);
    memset(second, 0xFF, 200);
    for (char *ptr = (char *)START - 64; ptr < (char *)START + PAGE + 64; ptr++) {
        if (ptr == first || ptr == second || ptr == third) {
            continue;
        }
        assert_int_equal(byte_heap_free(&heap, ptr), -EINVARG);
        assert_int_equal(byte_heap_allocation_bytes(&heap, ptr), 0);
    }
    assert_int_equal(byte_heap_free(&heap, NULL), OK);
    assert_int_equal(byte_heap_free(&heap, (void *)(START + LIMIT_BYTES)), -EINVARG);
    assert_int_equal(byte_heap_free(&heap, (void *)UINTPTR_MAX), -EINVARG);
    assert_int_equal(byte_heap_free(&heap, (void *)16), -EINVARG);
    assert_int_equal(byte_heap_used_bytes(&heap), used);
    check();
}

/* Twice, in each order: joined to what is before, to what is behind, and alone. */
static void test_double_frees(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 6; order++) {
        char *pieces[3];

        open_heap(LIMIT_BYTES, PAGE, 1000);
        for (unsigned i = 0; i < 3; i++) {
            pieces[i] = byte_heap_malloc(&heap, 48, NULL);
        }
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(byte_heap_free(&heap, pieces[(i * (order % 2 + 1) + order) % 3]), OK);
            assert_int_equal(byte_heap_free(&heap, pieces[(i * (order % 2 + 1) + order) % 3]),
                             -EINVARG);
            check();
        }
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(byte_heap_free(&heap, pieces[i]), -EINVARG);
        }
        assert_int_equal(byte_heap_used_bytes(&heap), 0);
    }
}

/* A copy of a header inside an allocation is no allocation: its seal is for another address. */
static void test_a_copied_header_is_none(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, PAGE, 1000);
    char *victim = byte_heap_malloc(&heap, 200, NULL);
    char *copy = byte_heap_malloc(&heap, 200, NULL);

    memcpy(copy + 48, victim - HEADER, header_bytes);
    assert_int_equal(byte_heap_free(&heap, copy + 48 + HEADER), -EINVARG);
    check();
}

/* A byte too many, at each place of the next header: seen by the free of either, and by the
 * checker. */
static void test_overruns_are_seen(void **state)
{
    (void)state;
    for (size_t place = 0; place < HEADER; place++) {
        if (place / sizeof(void *) == 2) {
            continue; /* the owner: a word that nothing depends on */
        }
        open_heap(LIMIT_BYTES, PAGE, 1000);
        char *before = byte_heap_malloc(&heap, 48, NULL);
        char *middle = byte_heap_malloc(&heap, 48, NULL);
        char *behind = byte_heap_malloc(&heap, 48, NULL);

        assert_non_null(behind);
        middle[48 + place] ^= 0x10;
        assert_int_equal(byte_heap_check(&heap, NULL), -ECORRUPT);
        assert_int_equal(byte_heap_free(&heap, middle), -ECORRUPT);
        assert_true(byte_heap_free(&heap, behind) < 0);
        middle[48 + place] ^= 0x10;
        check();
        assert_int_equal(byte_heap_free(&heap, middle), OK);
        assert_int_equal(byte_heap_free(&heap, behind), OK);
        assert_int_equal(byte_heap_free(&heap, before), OK);
        check();
    }
}

static void test_descriptions(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, PAGE, 1000);
    char *first = byte_heap_malloc(&heap, 100, NULL);
    char *second = byte_heap_malloc(&heap, 100, NULL);

    byte_heap_free(&heap, second);
    assert_string_equal(byte_heap_describe_pointer(&heap, first), "the start of a live allocation");
    assert_string_equal(byte_heap_describe_pointer(&heap, first + 1),
                        "inside an allocation, not at its start");
    assert_string_equal(byte_heap_describe_pointer(&heap, first - 1),
                        "inside the heap's own header");
    assert_string_equal(byte_heap_describe_pointer(&heap, second),
                        "free already, or was never allocated");
    assert_string_equal(byte_heap_describe_pointer(&heap, (void *)(START - 1)),
                        "outside the byte heap");
    assert_string_equal(byte_heap_describe_pointer(&heap, (void *)(START + PAGE)),
                        "outside the byte heap");
    memset(first - HEADER, 0, header_bytes);
    assert_string_equal(byte_heap_describe_pointer(&heap, second),
                        "behind a header that was written over");
}

struct census {
    size_t bytes, used, mine;
};

static void count_chunk(void *context, const void *start, size_t bytes, const void *owner,
                        int is_used)
{
    struct census *census = context;

    assert_int_equal((uintptr_t)start, START + census->bytes);
    assert_true(is_used || owner == NULL);
    census->bytes += bytes;
    census->used += is_used ? bytes : 0;
    census->mine += owner == census ? bytes : 0;
}

static void test_every_chunk_is_visited(void **state)
{
    (void)state;
    struct census census = {0};

    open_heap(LIMIT_BYTES, PAGE, 1000);
    byte_heap_malloc(&heap, 100, &census);
    byte_heap_free(&heap, byte_heap_malloc(&heap, 100, &census));
    byte_heap_malloc(&heap, 100, &state);
    byte_heap_for_each_chunk(&heap, count_chunk, &census);
    assert_int_equal(census.bytes, PAGE);
    assert_int_equal(census.used, byte_heap_used_bytes(&heap));
    assert_int_equal(census.mine, ALIGN_UP(100 + HEADER, BYTE_HEAP_ALIGNMENT));
}

/* The checker fails on each kind of damage. */
static void test_the_checker_can_fail(void **state)
{
    (void)state;
    const char *reason;

    open_heap(LIMIT_BYTES, PAGE, 1000);
    byte_heap_malloc(&heap, 100, NULL);
    heap.used_bytes += 16;
    assert_int_equal(byte_heap_check(&heap, &reason), -ECORRUPT);
    assert_string_equal(reason, "the counters are not what the chunks add up to");
    heap.used_bytes -= 16;
    heap.classes_in_use[0] ^= 2;
    assert_int_equal(byte_heap_check(&heap, &reason), -ECORRUPT);
    assert_string_equal(reason, "a class's bit does not say whether its list is empty");
    heap.classes_in_use[0] ^= 2;
    heap.end -= PAGE / 2;
    assert_int_equal(byte_heap_check(&heap, &reason), -ECORRUPT);
    heap.end += PAGE / 2;
    assert_int_equal(byte_heap_check(&heap, &reason), OK);
    assert_string_equal(reason, "");
}

/* ---------------------------------------------------------------- at random, against a model */

static uint32_t seed;

static uint32_t random_number(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * below) >> 32);
}

/* The model knows for each allocation where it is, how long, and what is in it. */
static void test_random_use(void **state)
{
    (void)state;
    enum { SLOTS = 300, ROUNDS = 60000 };
    static struct {
        uint8_t *start;
        size_t size;
        uint8_t fill;
    } slots[SLOTS];
    size_t refused = 0, largest = 0;

    for (uint32_t machine = 0; machine < 3; machine++) {
        size_t pages = machine == 0 ? 8192 : machine == 1 ? 600 : 40;

        memset(slots, 0, sizeof(slots));
        seed = 7 + machine;
        open_heap(LIMIT_BYTES, machine == 2 ? 0 : PAGE * 16, pages);
        for (unsigned round = 0; round < ROUNDS; round++) {
            unsigned i = random_number(SLOTS);

            if (slots[i].start != NULL) {
                size_t size = slots[i].size;

                for (size_t j = 0; j < size; j += size < 64 ? 1 : size / 16) {
                    assert_int_equal(slots[i].start[j], slots[i].fill);
                }
                assert_int_equal(slots[i].start[size - 1], slots[i].fill);
                assert_int_equal(byte_heap_free(&heap, slots[i].start), OK);
                assert_int_equal(byte_heap_free(&heap, slots[i].start), -EINVARG);
                slots[i].start = NULL;
            } else {
                unsigned kind = random_number(100);
                size_t size = 1 + random_number(kind < 50   ? 64
                                                : kind < 80 ? 1000
                                                : kind < 97 ? 20000
                                                            : 300000);
                uint8_t *memory = byte_heap_malloc(&heap, size, NULL);

                refused += memory == NULL;
                if (memory != NULL) {
                    slots[i].start = memory;
                    slots[i].size = size;
                    slots[i].fill = (uint8_t)random_number(256);
                    memset(memory, slots[i].fill, byte_heap_allocation_bytes(&heap, memory));
                }
            }
            largest = MAX(largest, (size_t)(mapped_end - START));
            if (random_number(2000) == 0) {
                byte_heap_trim(&heap);
            }
            if (round % 64 == 0) {
                check();
            }
        }
        for (unsigned i = 0; i < SLOTS; i++) {
            assert_int_equal(byte_heap_free(&heap, slots[i].start), OK);
        }
        check();
        assert_int_equal(byte_heap_used_bytes(&heap), 0);
        assert_int_equal(byte_heap_destroy(&heap), OK);
        assert_int_equal(pages_left, pages);
    }
    assert_true(refused > 100);
    assert_true(largest > 2u << 20);
}

static void test_destroy_waits_for_allocations(void **state)
{
    (void)state;
    open_heap(LIMIT_BYTES, PAGE, 1000);
    void *memory = byte_heap_malloc(&heap, 1, NULL);

    assert_int_equal(byte_heap_destroy(&heap), -EBUSY);
    assert_int_equal(mapped_end - START, PAGE);
    assert_int_equal(byte_heap_free(&heap, memory), OK);
    assert_int_equal(byte_heap_destroy(&heap), OK);
    assert_int_equal(pages_left, 1000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creation),
        cmocka_unit_test(test_creation_refuses),
        cmocka_unit_test(test_sizes_and_alignment),
        cmocka_unit_test(test_sizes_that_cannot_be),
        cmocka_unit_test(test_grows_to_16_mib_and_shrinks),
        cmocka_unit_test(test_hysteresis),
        cmocka_unit_test(test_growth_that_fails_at_each_page),
        cmocka_unit_test(test_neighbours_are_joined_in_every_order),
        cmocka_unit_test(test_what_fits_is_found),
        cmocka_unit_test(test_wrong_frees_change_nothing),
        cmocka_unit_test(test_double_frees),
        cmocka_unit_test(test_a_copied_header_is_none),
        cmocka_unit_test(test_overruns_are_seen),
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_every_chunk_is_visited),
        cmocka_unit_test(test_the_checker_can_fail),
        cmocka_unit_test(test_random_use),
        cmocka_unit_test(test_destroy_waits_for_allocations),
    };

    return cmocka_run_group_tests(tests, map_range, NULL);
}
