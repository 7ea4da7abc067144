/*
 * test_heap.c - the block heap's promises, one by one, with and without its index.
 * Sources: src/memory/heap/heap.c
 */
#include "heap_fixture.h"

#include "layout.h"

/* The table from block on, as hexadecimal digits. */
static const char *table_text(const struct heap *heap, size_t block, size_t count)
{
    static char text[128];

    for (size_t i = 0; i < count; i++) {
        sprintf(text + 3 * i, "%02X ", heap->table->entries[block + i]);
    }
    text[3 * count - 1] = '\0';
    return text;
}

static void *take(struct heap *heap, size_t blocks)
{
    void *ptr = heap_malloc(heap, blocks * BLOCK);

    assert_non_null(ptr);
    return ptr;
}

/* heap_free(ptr) must fail with -EINVARG and change nothing. */
static void assert_refused(struct heap *heap, void *ptr)
{
    size_t total = heap->table->total;
    unsigned char *before = malloc(total);
    size_t free_blocks = heap_free_blocks(heap);

    memcpy(before, heap->table->entries, total);
    assert_int_equal(heap_free(heap, ptr), -EINVARG);
    assert_memory_equal(before, heap->table->entries, total);
    assert_int_equal(heap_free_blocks(heap), free_blocks);
    assert_heap_is_sound(heap);
    free(before);
}

/* ---------------------------------------------------------------- creation */

static void create_makes_an_empty_heap(void **state)
{
    (void)state;
    unsigned char entries[5];
    struct heap_table table = {.entries = entries, .total = 5};
    struct heap heap;

    memset(entries, 0xFF, sizeof(entries));
    memset(&heap, 0xFF, sizeof(heap));
    assert_int_equal(heap_create(&heap, block_at(0), block_at(5), &table), 0);
    assert_ptr_equal(heap.table, &table);
    assert_ptr_equal(heap.saddr, block_at(0));
    assert_string_equal(table_text(&heap, 0, 5), "00 00 00 00 00");
    assert_int_equal(heap_free_blocks(&heap), 5);
    assert_heap_is_sound(&heap);
}

static void create_refuses_misaligned_bounds(void **state)
{
    (void)state;
    unsigned char entries[5] = {1, 2, 3, 4, 5};
    struct heap_table table = {.entries = entries, .total = 5};
    struct heap heap;
    const size_t offsets[] = {1, 2, 16, 512, 2048, 4095};

    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        char *start = block_at(0);
        char *end = block_at(5);
        assert_int_equal(heap_create(&heap, start + offsets[i], end, &table), -EINVARG);
        assert_int_equal(heap_create(&heap, start, end + offsets[i], &table), -EINVARG);
        assert_int_equal(heap_create(&heap, start + offsets[i], end + offsets[i], &table),
                         -EINVARG);
        table.total = 4; /* the whole blocks between them */
        assert_int_equal(heap_create(&heap, start + offsets[i], end, &table), -EINVARG);
        table.total = 5;
    }
    assert_int_equal(entries[0], 1);
}

static void create_refuses_an_end_below_the_start(void **state)
{
    (void)state;
    unsigned char entries[5] = {0};
    struct heap_table table = {.entries = entries, .total = 5};
    struct heap heap;

    assert_int_equal(heap_create(&heap, block_at(5), block_at(0), &table), -EINVARG);
    table.total = ((uintptr_t)0 - 5 * BLOCK) / BLOCK; /* what the difference wraps to */
    assert_int_equal(heap_create(&heap, block_at(5), block_at(0), &table), -EINVARG);
}

static void create_refuses_a_total_that_does_not_match(void **state)
{
    (void)state;
    unsigned char entries[6] = {1, 2, 3, 4, 5, 6};
    struct heap_table table = {.entries = entries, .total = 4};
    struct heap heap;

    assert_int_equal(heap_create(&heap, block_at(0), block_at(5), &table), -EINVARG);
    table.total = 6;
    assert_int_equal(heap_create(&heap, block_at(0), block_at(5), &table), -EINVARG);
    table.total = 0;
    assert_int_equal(heap_create(&heap, block_at(0), block_at(5), &table), -EINVARG);
    assert_int_equal(entries[5], 6);
}

static void create_refuses_null(void **state)
{
    (void)state;
    unsigned char entries[1];
    struct heap_table table = {.entries = entries, .total = 1};
    struct heap_table no_entries = {.entries = NULL, .total = 1};
    struct heap heap;

    assert_int_equal(heap_create(NULL, block_at(0), block_at(1), &table), -EINVARG);
    assert_int_equal(heap_create(&heap, NULL, block_at(1), &table), -EINVARG);
    assert_int_equal(heap_create(&heap, block_at(0), NULL, &table), -EINVARG);
    assert_int_equal(heap_create(&heap, block_at(0), block_at(1), NULL), -EINVARG);
    assert_int_equal(heap_create(&heap, block_at(0), block_at(1), &no_entries), -EINVARG);
}

static void a_heap_of_no_blocks_serves_nothing(void **state)
{
    struct fixture f;

    fixture_open(&f, 0, IS_INDEXED(state));
    assert_null(heap_malloc(&f.heap, 1));
    assert_null(heap_malloc(&f.heap, 0));
    assert_int_equal(heap_free(&f.heap, block_at(0)), -EINVARG);
    assert_int_equal(heap_reserve(&f.heap, block_at(0), block_at(1)), 0);
    struct heap_stats stats;
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.total, 0);
    assert_int_equal(stats.fragmentation_permille, 0);
    fixture_close(&f);
}

static void a_heap_of_one_block_serves_one(void **state)
{
    struct fixture f;

    fixture_open(&f, 1, IS_INDEXED(state));
    assert_null(heap_malloc(&f.heap, BLOCK + 1));
    assert_ptr_equal(heap_malloc(&f.heap, BLOCK), block_at(0));
    assert_null(heap_malloc(&f.heap, 1));
    assert_int_equal(heap_free(&f.heap, block_at(0)), 0);
    assert_ptr_equal(heap_malloc(&f.heap, 1), block_at(0));
    fixture_close(&f);
}

static void a_pool_may_end_at_the_last_page(void **state)
{
    struct fixture f;
    uintptr_t start = (uintptr_t)0 - 9 * BLOCK;

    fixture_open_at(&f, start, 8, IS_INDEXED(state));
    assert_ptr_equal(heap_malloc(&f.heap, 8 * BLOCK), (void *)start);
    assert_null(heap_malloc(&f.heap, 1));
    assert_int_equal(heap_free(&f.heap, (void *)(start + 8 * BLOCK)), -EINVARG);
    assert_int_equal(heap_free(&f.heap, (void *)start), 0);
    assert_int_equal(heap_reserve(&f.heap, (void *)(start + 7 * BLOCK), (void *)UINTPTR_MAX), 0);
    assert_int_equal(heap_free_blocks(&f.heap), 7);
    fixture_close(&f);
}

static void a_table_may_lie_at_any_address(void **state)
{
    for (size_t shift = 0; shift < 8; shift++) {
        for (size_t total = 1; total < 24; total++) {
            unsigned char *memory = malloc(shift + total);
            struct heap_table table = {.entries = memory + shift, .total = total};
            struct heap heap;
            void *index = NULL;

            assert_int_equal(heap_create(&heap, block_at(0), block_at(total), &table), 0);
            if (IS_INDEXED(state)) {
                index = malloc(heap_index_bytes(total));
                assert_int_equal(heap_attach_index(&heap, index, heap_index_bytes(total)), 0);
            }
            for (size_t i = 0; i < total; i++) {
                assert_ptr_equal(heap_malloc(&heap, 1), block_at(i));
            }
            assert_null(heap_malloc(&heap, 1));
            assert_int_equal(heap_free(&heap, block_at(total - 1)), 0);
            assert_ptr_equal(heap_malloc(&heap, 1), block_at(total - 1));
            assert_heap_is_sound(&heap);
            free(index);
            free(memory);
        }
    }
}

/* ---------------------------------------------------------------- the index */

static void attach_refuses_bad_memory(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, 10, false);
    size_t bytes = heap_index_bytes(10);
    char *memory = malloc(bytes + 1);

    assert_int_equal(heap_attach_index(&f.heap, NULL, bytes), -EINVARG);
    assert_int_equal(heap_attach_index(&f.heap, memory, bytes - 1), -EINVARG);
    assert_int_equal(heap_attach_index(&f.heap, memory, 0), -EINVARG);
    assert_int_equal(heap_attach_index(&f.heap, memory + 1, bytes), -EINVARG);
    assert_ptr_equal(heap_malloc(&f.heap, 1), block_at(0));
    assert_int_equal(heap_attach_index(&f.heap, memory, bytes), 0);
    assert_int_equal(heap_attach_index(&f.heap, memory, bytes), -EISTKN);
    fixture_close(&f);
    free(memory);
}

static void attach_finds_what_is_allocated(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, 20, false);
    void *two = take(&f.heap, 2);
    void *one = take(&f.heap, 1);
    void *three = take(&f.heap, 3);
    assert_int_equal(heap_free(&f.heap, one), 0);
    assert_int_equal(heap_reserve(&f.heap, block_at(18), block_at(19)), 0);

    f.index = malloc(heap_index_bytes(20));
    assert_int_equal(heap_attach_index(&f.heap, f.index, heap_index_bytes(20)), 0);
    assert_heap_is_sound(&f.heap);
    assert_int_equal(heap_allocation_blocks(&f.heap, two), 2);
    assert_int_equal(heap_allocation_blocks(&f.heap, three), 3);
    assert_int_equal(heap_free(&f.heap, three), 0);
    assert_int_equal(heap_free(&f.heap, two), 0);
    assert_ptr_equal(heap_malloc(&f.heap, 18 * BLOCK), block_at(0));
    assert_ptr_equal(heap_malloc(&f.heap, 1), block_at(19));
    fixture_close(&f);
}

static void attach_refuses_a_broken_table(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, 4, false);
    void *index = malloc(heap_index_bytes(4));

    f.table.entries[3] = 0xC1; /* goes on where there is nothing */
    assert_int_equal(heap_attach_index(&f.heap, index, heap_index_bytes(4)), -ECORRUPT);
    f.table.entries[3] = 0;
    assert_int_equal(heap_attach_index(&f.heap, index, heap_index_bytes(4)), 0);
    f.index = index;
    fixture_close(&f);
}

static void the_index_fits_beside_the_kernel_s_table(void **state)
{
    (void)state;
    size_t room = HEAP_TABLE_AREA_END - HEAP_TABLE_ADDRESS - 25600;

    assert_int_equal(room, 466432);
    assert_int_equal(heap_index_bytes(25600), HEAP_INDEX_BYTES(25600));
    /* The same with pointers of 4 and of 8 bytes. */
    assert_int_equal(heap_index_bytes(25600), 12 * 25600 + 4096);
    assert_true(heap_index_bytes(25600) <= room);
}

/* ---------------------------------------------------------------- malloc */

static void the_first_block_is_at_the_start(void **state)
{
    struct fixture f;

    fixture_open(&f, 25600, IS_INDEXED(state));
    assert_ptr_equal(heap_malloc(&f.heap, 50), (void *)0x01000000);
    assert_ptr_equal(heap_malloc(&f.heap, 5000), (void *)0x01001000);
    assert_ptr_equal(heap_malloc(&f.heap, 50), (void *)0x01003000);
    fixture_close(&f);
}

static void the_table_shows_each_run(void **state)
{
    struct fixture f;

    fixture_open(&f, 16, IS_INDEXED(state));
    take(&f.heap, 1);
    take(&f.heap, 3);
    take(&f.heap, 2);
    take(&f.heap, 5);
    assert_string_equal(table_text(&f.heap, 0, 16),
                        "41 C1 81 01 C1 01 C1 81 81 81 01 00 00 00 00 00");
    assert_int_equal(heap_free(&f.heap, block_at(1)), 0);
    assert_string_equal(table_text(&f.heap, 0, 16),
                        "41 00 00 00 C1 01 C1 81 81 81 01 00 00 00 00 00");
    fixture_close(&f);
}

static void sizes_are_rounded_up_to_blocks(void **state)
{
    static const struct {
        size_t size;
        size_t blocks;
    } cases[] = {{1, 1},      {50, 1},     {4095, 1},     {4096, 1}, {4097, 2},
                 {5000, 2},   {8191, 2},   {8192, 2},     {8193, 3}, {12288, 3},
                 {65536, 16}, {65537, 17}, {1048576, 256}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        fixture_open(&f, 300, IS_INDEXED(state));
        void *ptr = heap_malloc(&f.heap, cases[i].size);
        assert_ptr_equal(ptr, block_at(0));
        assert_int_equal(heap_allocation_blocks(&f.heap, ptr), cases[i].blocks);
        assert_int_equal(heap_free_blocks(&f.heap), 300 - cases[i].blocks);
        fixture_close(&f);
    }
}

/* Defect: the aligner adds a block to exact multiples. */
static void exact_multiples_take_no_extra_block(void **state)
{
    struct fixture f;

    fixture_open(&f, 4, IS_INDEXED(state));
    assert_non_null(heap_malloc(&f.heap, 4096));
    assert_non_null(heap_malloc(&f.heap, 3 * 4096));
    assert_int_equal(heap_free_blocks(&f.heap), 0);
    fixture_close(&f);
}

/* Defect: malloc(0) returns an unreserved block. */
static void malloc_of_zero_is_null(void **state)
{
    struct fixture f;

    fixture_open(&f, 4, IS_INDEXED(state));
    assert_null(heap_malloc(&f.heap, 0));
    assert_int_equal(heap_free_blocks(&f.heap), 4);
    take(&f.heap, 4);
    assert_null(heap_malloc(&f.heap, 0));
    fixture_close(&f);
}

/* Defect: sizes over 0xFFFFF000 wrap to 0 and succeed. */
static void sizes_that_wrap_are_refused(void **state)
{
    struct fixture f;

    fixture_open(&f, 4, IS_INDEXED(state));
    for (size_t below = 1; below <= 4096; below++) {
        assert_null(heap_malloc(&f.heap, (size_t)0 - below));
    }
    assert_null(heap_malloc(&f.heap, 0xFFFFF000u));
    assert_null(heap_malloc(&f.heap, 0xFFFFF001u));
    assert_null(heap_malloc(&f.heap, 0xFFFFFFFFu));
    assert_null(heap_malloc(&f.heap, SIZE_MAX));
    assert_null(heap_malloc(&f.heap, SIZE_MAX / 2));
    assert_null(heap_malloc(&f.heap, SIZE_MAX / 2 + 1));
    assert_int_equal(heap_free_blocks(&f.heap), 4);
    fixture_close(&f);
}

static void every_block_can_be_allocated(void **state)
{
    struct fixture f;

    fixture_open(&f, 1000, IS_INDEXED(state));
    for (size_t i = 0; i < 1000; i++) {
        assert_ptr_equal(heap_malloc(&f.heap, 1), block_at(i));
    }
    assert_null(heap_malloc(&f.heap, 1));
    assert_int_equal(heap_free_blocks(&f.heap), 0);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(f.table.entries[i], 0x41);
        assert_int_equal(heap_free(&f.heap, block_at(i)), 0);
    }
    assert_int_equal(heap_free_blocks(&f.heap), 1000);
    fixture_close(&f);
}

static void the_whole_pool_in_one(void **state)
{
    static const size_t totals[] = {1, 2, 255, 256, 257, 300, 1023, 1024, 25600};

    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        struct fixture f;
        fixture_open(&f, totals[i], IS_INDEXED(state));
        assert_null(heap_malloc(&f.heap, totals[i] * BLOCK + 1));
        assert_ptr_equal(heap_malloc(&f.heap, totals[i] * BLOCK), block_at(0));
        assert_null(heap_malloc(&f.heap, 1));
        assert_int_equal(heap_free(&f.heap, block_at(0)), 0);
        assert_ptr_equal(heap_malloc(&f.heap, totals[i] * BLOCK), block_at(0));
        fixture_close(&f);
    }
}

/* Defect: a request larger than the last free run is served and written past the table. */
static void a_request_larger_than_the_last_free_run_is_refused(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    take(&f.heap, 7);
    assert_null(heap_malloc(&f.heap, 4 * BLOCK));
    assert_null(heap_malloc(&f.heap, 10 * BLOCK));
    assert_string_equal(table_text(&f.heap, 6, 4), "01 00 00 00");
    assert_ptr_equal(heap_malloc(&f.heap, 3 * BLOCK), block_at(7));
    fixture_close(&f);
}

static void a_hole_of_the_right_size_is_used_again(void **state)
{
    struct fixture f;

    fixture_open(&f, 100, IS_INDEXED(state));
    take(&f.heap, 5);
    void *hole = take(&f.heap, 3);
    take(&f.heap, 5);
    assert_int_equal(heap_free(&f.heap, hole), 0);
    assert_ptr_equal(heap_malloc(&f.heap, 3 * BLOCK), hole);
    fixture_close(&f);
}

static void a_small_hole_is_preferred_to_a_large_one(void **state)
{
    struct fixture f;

    fixture_open(&f, 100, IS_INDEXED(state));
    void *small = take(&f.heap, 3);
    take(&f.heap, 1);
    void *large = take(&f.heap, 20);
    take(&f.heap, 1);
    assert_int_equal(heap_free(&f.heap, large), 0);
    assert_int_equal(heap_free(&f.heap, small), 0);
    assert_ptr_equal(heap_malloc(&f.heap, 2 * BLOCK), small);
    assert_ptr_equal(heap_malloc(&f.heap, 1), at((uintptr_t)small, 2));
    assert_ptr_equal(heap_malloc(&f.heap, 1), large);
    fixture_close(&f);
}

static void runs_that_share_a_class_are_searched(void **state)
{
    struct fixture f;

    /* 256 to 263 blocks are one class; the request is longer than all of them but one. */
    fixture_open(&f, 4 * 264, IS_INDEXED(state));
    void *runs[4];
    void *fences[4];
    static const size_t lengths[4] = {256, 262, 257, 256};
    for (size_t i = 0; i < 4; i++) {
        runs[i] = take(&f.heap, lengths[i]);
        fences[i] = take(&f.heap, 1);
    }
    void *rest = take(&f.heap, heap_free_blocks(&f.heap));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(heap_free(&f.heap, runs[i]), 0);
    }
    assert_null(heap_malloc(&f.heap, 263 * BLOCK));
    assert_ptr_equal(heap_malloc(&f.heap, 261 * BLOCK), runs[1]);
    assert_null(heap_malloc(&f.heap, 258 * BLOCK));
    assert_ptr_equal(heap_malloc(&f.heap, 257 * BLOCK), runs[2]);
    assert_int_equal(heap_free(&f.heap, fences[0]), 0);
    assert_int_equal(heap_free(&f.heap, rest), 0);
    fixture_close(&f);
}

static void alignment_is_4096(void **state)
{
    struct fixture f;

    fixture_open(&f, 64, IS_INDEXED(state));
    for (size_t size = 1; size < 8 * BLOCK; size += 3001) {
        assert_int_equal((uintptr_t)heap_malloc(&f.heap, size) % 4096, 0);
    }
    fixture_close(&f);
}

/* ---------------------------------------------------------------- free */

/* Defect: kfree(NULL) writes below the table. */
static void free_of_null_does_nothing(void **state)
{
    struct fixture f;

    fixture_open(&f, 4, IS_INDEXED(state));
    take(&f.heap, 2);
    assert_int_equal(heap_free(&f.heap, NULL), 0);
    assert_string_equal(table_text(&f.heap, 0, 4), "C1 01 00 00");
    fixture_close(&f);
}

/* Defect: free of interior pointers changes the table. */
static void free_of_an_interior_block_is_refused(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    void *ptr = take(&f.heap, 4);
    for (size_t i = 1; i < 4; i++) {
        assert_refused(&f.heap, at((uintptr_t)ptr, i));
    }
    assert_int_equal(heap_free(&f.heap, ptr), 0);
    fixture_close(&f);
}

/* Defect: free of double pointers changes the table. */
static void double_free_is_refused(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    void *a = take(&f.heap, 2);
    void *b = take(&f.heap, 1);
    assert_int_equal(heap_free(&f.heap, a), 0);
    assert_refused(&f.heap, a);
    assert_int_equal(heap_free(&f.heap, b), 0);
    assert_refused(&f.heap, b);
    assert_refused(&f.heap, a);
    /* Its place is part of a larger allocation now. */
    void *c = take(&f.heap, 10);
    assert_ptr_equal(c, a);
    assert_refused(&f.heap, b);
    fixture_close(&f);
}

/* Defect: free of foreign pointers changes the table. */
static void free_of_a_foreign_pointer_is_refused(void **state)
{
    struct fixture f;
    int local = 0;

    fixture_open(&f, 10, IS_INDEXED(state));
    take(&f.heap, 10);
    assert_refused(&f.heap, (void *)(POOL_START - BLOCK));
    assert_refused(&f.heap, block_at(10));
    assert_refused(&f.heap, block_at(11));
    assert_refused(&f.heap, block_at(0x80000));
    assert_refused(&f.heap, (void *)BLOCK);
    assert_refused(&f.heap, (void *)(uintptr_t)1);
    assert_refused(&f.heap, (void *)UINTPTR_MAX);
    assert_refused(&f.heap, (void *)(UINTPTR_MAX - BLOCK + 1));
    assert_refused(&f.heap, &local);
    assert_refused(&f.heap, f.table.entries);
    fixture_close(&f);
}

static void free_of_a_misaligned_pointer_is_refused(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    take(&f.heap, 1);
    take(&f.heap, 3);
    for (size_t offset = 1; offset < BLOCK; offset = offset * 2 + 1) {
        assert_refused(&f.heap, (char *)block_at(0) + offset);
        assert_refused(&f.heap, (char *)block_at(1) + offset);
        assert_refused(&f.heap, (char *)block_at(3) + offset);
    }
    assert_refused(&f.heap, (char *)block_at(0) + 1);
    assert_refused(&f.heap, (char *)block_at(0) + 2048);
    fixture_close(&f);
}

static void free_of_what_was_never_allocated_is_refused(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    for (size_t i = 0; i < 10; i++) {
        assert_refused(&f.heap, block_at(i));
    }
    fixture_close(&f);
}

static void free_of_a_broken_chain_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;

    fixture_open(&f, 4, false);
    take(&f.heap, 3);
    f.table.entries[1] = 0x00;
    assert_int_equal(heap_free(&f.heap, block_at(0)), -ECORRUPT);
    assert_string_equal(table_text(&f.heap, 0, 4), "C1 00 01 00");
    assert_int_equal(heap_allocation_blocks(&f.heap, block_at(0)), 0);
    f.table.entries[1] = 0x81;
    assert_int_equal(heap_free(&f.heap, block_at(0)), 0);
    fixture_close(&f);
}

/* Four neighbours freed in every order must be one run again. */
static void freed_neighbours_join_in_every_order(void **state)
{
    for (unsigned order = 0; order < 256; order++) {
        unsigned indices[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
        unsigned seen = 0;
        for (unsigned i = 0; i < 4; i++) {
            seen |= 1u << indices[i];
        }
        if (seen != 0xF) {
            continue;
        }
        for (unsigned with_fence = 0; with_fence < 2; with_fence++) {
            struct fixture f;
            fixture_open(&f, 30, IS_INDEXED(state));
            void *ptrs[4];
            size_t sum = 0;
            for (unsigned i = 0; i < 4; i++) {
                ptrs[i] = take(&f.heap, i + 1);
                sum += i + 1;
            }
            if (with_fence) {
                take(&f.heap, 1);
            }
            for (unsigned i = 0; i < 4; i++) {
                assert_int_equal(heap_free(&f.heap, ptrs[indices[i]]), 0);
                assert_heap_is_sound(&f.heap);
            }
            struct heap_stats stats;
            heap_get_stats(&f.heap, &stats);
            assert_int_equal(stats.free_runs, with_fence ? 2 : 1);
            assert_ptr_equal(heap_malloc(&f.heap, sum * BLOCK), block_at(0));
            fixture_close(&f);
        }
    }
}

static void every_other_block_freed_serves_only_single_blocks(void **state)
{
    struct fixture f;

    fixture_open(&f, 200, IS_INDEXED(state));
    for (size_t i = 0; i < 200; i++) {
        take(&f.heap, 1);
    }
    for (size_t i = 0; i < 200; i += 2) {
        assert_int_equal(heap_free(&f.heap, block_at(i)), 0);
    }
    assert_null(heap_malloc(&f.heap, 4097));
    for (size_t i = 0; i < 100; i++) {
        take(&f.heap, 1);
    }
    assert_null(heap_malloc(&f.heap, 1));
    fixture_close(&f);
}

/* ---------------------------------------------------------------- reserve */

static void reserved_blocks_are_out_of_use(void **state)
{
    struct fixture f;
    struct heap_stats stats;

    fixture_open(&f, 10, IS_INDEXED(state));
    assert_int_equal(heap_reserve(&f.heap, block_at(3), block_at(5)), 0);
    assert_string_equal(table_text(&f.heap, 0, 10), "00 00 00 01 01 00 00 00 00 00");
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.reserved, 2);
    assert_int_equal(stats.used, 0);
    assert_int_equal(stats.free, 8);
    assert_int_equal(stats.free_runs, 2);
    assert_refused(&f.heap, block_at(3));
    assert_refused(&f.heap, block_at(4));
    assert_null(heap_malloc(&f.heap, 6 * BLOCK));
    assert_ptr_equal(heap_malloc(&f.heap, 5 * BLOCK), block_at(5));
    assert_ptr_equal(heap_malloc(&f.heap, 3 * BLOCK), block_at(0));
    assert_null(heap_malloc(&f.heap, 1));
    /* A neighbour's free does not take them along. */
    assert_int_equal(heap_free(&f.heap, block_at(0)), 0);
    assert_int_equal(heap_free(&f.heap, block_at(5)), 0);
    assert_string_equal(table_text(&f.heap, 0, 10), "00 00 00 01 01 00 00 00 00 00");
    fixture_close(&f);
}

static void reserve_rounds_outwards(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    char *base = block_at(0);
    assert_int_equal(heap_reserve(&f.heap, base + 2 * BLOCK - 1, base + 3 * BLOCK + 1), 0);
    assert_string_equal(table_text(&f.heap, 0, 10), "00 01 01 01 00 00 00 00 00 00");
    assert_int_equal(heap_reserve(&f.heap, base + 6 * BLOCK + 5, base + 6 * BLOCK + 6), 0);
    assert_string_equal(table_text(&f.heap, 0, 10), "00 01 01 01 00 00 01 00 00 00");
    fixture_close(&f);
}

static void reserve_ignores_what_is_outside(void **state)
{
    struct fixture f;

    fixture_open(&f, 6, IS_INDEXED(state));
    assert_int_equal(heap_reserve(&f.heap, NULL, block_at(0)), 0);
    assert_int_equal(heap_reserve(&f.heap, block_at(6), (void *)UINTPTR_MAX), 0);
    assert_int_equal(heap_free_blocks(&f.heap), 6);
    assert_int_equal(heap_reserve(&f.heap, NULL, block_at(1)), 0);
    assert_int_equal(heap_reserve(&f.heap, block_at(5), (void *)UINTPTR_MAX), 0);
    assert_string_equal(table_text(&f.heap, 0, 6), "01 00 00 00 00 01");
    assert_int_equal(heap_reserve(&f.heap, NULL, (void *)UINTPTR_MAX), 0);
    assert_int_equal(heap_free_blocks(&f.heap), 0);
    assert_null(heap_malloc(&f.heap, 1));
    fixture_close(&f);
}

static void reserve_refuses_an_end_below_the_start(void **state)
{
    struct fixture f;

    fixture_open(&f, 6, IS_INDEXED(state));
    assert_int_equal(heap_reserve(&f.heap, block_at(3), block_at(2)), -EINVARG);
    assert_int_equal(heap_reserve(&f.heap, block_at(3), block_at(3)), 0);
    assert_int_equal(heap_free_blocks(&f.heap), 6);
    fixture_close(&f);
}

static void reserve_leaves_allocations_alone(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    take(&f.heap, 1);
    void *hole = take(&f.heap, 2);
    take(&f.heap, 3);
    assert_int_equal(heap_free(&f.heap, hole), 0);
    assert_int_equal(heap_reserve(&f.heap, block_at(0), block_at(8)), 0);
    assert_string_equal(table_text(&f.heap, 0, 10), "41 01 01 C1 81 01 01 01 00 00");
    assert_int_equal(heap_reserve(&f.heap, block_at(0), block_at(8)), 0);
    struct heap_stats stats;
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.reserved, 4);
    assert_int_equal(stats.used, 4);
    assert_int_equal(stats.free, 2);
    assert_int_equal(heap_classify_pointer(&f.heap, block_at(6)), HEAP_POINTER_RESERVED);
    assert_int_equal(heap_classify_pointer(&f.heap, block_at(5)), HEAP_POINTER_INTERIOR);
    fixture_close(&f);
}

/* Every part of every free run of a heap with holes. */
static void reserve_cuts_any_part_of_any_run(void **state)
{
    for (size_t start = 0; start < 16; start++) {
        for (size_t end = start + 1; end <= 16; end++) {
            struct fixture f;
            fixture_open(&f, 16, IS_INDEXED(state));
            void *a = take(&f.heap, 4);
            take(&f.heap, 1);
            void *b = take(&f.heap, 3);
            take(&f.heap, 2);
            assert_int_equal(heap_free(&f.heap, a), 0);
            assert_int_equal(heap_free(&f.heap, b), 0);
            assert_int_equal(heap_reserve(&f.heap, block_at(start), block_at(end)), 0);
            assert_heap_is_sound(&f.heap);
            size_t free_blocks = heap_free_blocks(&f.heap);
            for (size_t i = 0; i < free_blocks; i++) {
                take(&f.heap, 1);
            }
            assert_null(heap_malloc(&f.heap, 1));
            fixture_close(&f);
        }
    }
}

/* ---------------------------------------------------------------- at a given block */

/* Every stretch of a heap with holes: taken exactly when all of it is free, and given back. */
static void malloc_at_takes_any_free_blocks(void **state)
{
    size_t served = 0;

    for (size_t start = 0; start < 16; start++) {
        for (size_t end = start + 1; end <= 16; end++) {
            struct fixture f;
            HEAP_BLOCK_TABLE_ENTRY before[16];
            bool is_free = true;

            fixture_open(&f, 16, IS_INDEXED(state));
            void *a = take(&f.heap, 4);
            take(&f.heap, 1);
            void *b = take(&f.heap, 3);
            take(&f.heap, 2);
            assert_int_equal(heap_free(&f.heap, a), 0);
            assert_int_equal(heap_free(&f.heap, b), 0);
            memcpy(before, f.table.entries, sizeof(before));
            for (size_t i = start; i < end; i++) {
                is_free = is_free && before[i] == 0;
            }
            assert_int_equal(heap_malloc_at(&f.heap, start, end - start, &f),
                             is_free ? 0 : -EISTKN);
            assert_heap_is_sound(&f.heap);
            if (is_free) {
                assert_int_equal(heap_allocation_blocks(&f.heap, block_at(start)), end - start);
                assert_ptr_equal(heap_owner_of_block(&f.heap, start),
                                 IS_INDEXED(state) ? &f : NULL);
                assert_int_equal(heap_free_blocks(&f.heap), 13 - (end - start));
                assert_int_equal(heap_free(&f.heap, block_at(start)), 0);
                assert_heap_is_sound(&f.heap);
                served++;
            }
            assert_memory_equal(before, f.table.entries, sizeof(before));
            fixture_close(&f);
        }
    }
    assert_int_equal(served, 4 * 5 / 2 + 3 * 4 / 2 + 6 * 7 / 2);
}

static void malloc_at_refuses_what_is_not_in_the_heap(void **state)
{
    struct fixture f;

    fixture_open(&f, 5, IS_INDEXED(state));
    assert_int_equal(heap_malloc_at(&f.heap, 0, 0, NULL), -EINVARG);
    assert_int_equal(heap_malloc_at(&f.heap, 5, 1, NULL), -EINVARG);
    assert_int_equal(heap_malloc_at(&f.heap, 4, 2, NULL), -EINVARG);
    assert_int_equal(heap_malloc_at(&f.heap, 1, SIZE_MAX, NULL), -EINVARG);
    assert_int_equal(heap_malloc_at(&f.heap, SIZE_MAX, 2, NULL), -EINVARG);
    assert_string_equal(table_text(&f.heap, 0, 5), "00 00 00 00 00");
    fixture_close(&f);
}

/* ---------------------------------------------------------------- questions */

static void stats_count_what_the_table_shows(void **state)
{
    struct fixture f;
    struct heap_stats stats;

    fixture_open(&f, 100, IS_INDEXED(state));
    void *a = take(&f.heap, 10);
    take(&f.heap, 5);
    void *b = take(&f.heap, 20);
    take(&f.heap, 5);
    assert_int_equal(heap_free(&f.heap, a), 0);
    assert_int_equal(heap_free(&f.heap, b), 0);
    assert_int_equal(heap_reserve(&f.heap, block_at(99), block_at(100)), 0);
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.total, 100);
    assert_int_equal(stats.used, 10);
    assert_int_equal(stats.reserved, 1);
    assert_int_equal(stats.free, 89);
    assert_int_equal(heap_free_blocks(&f.heap), 89);
    assert_int_equal(stats.allocations, 2);
    assert_int_equal(stats.free_runs, 3);
    assert_int_equal(stats.largest_free_run, 59);
    assert_int_equal(stats.peak_used, 40);
    assert_int_equal(stats.fragmentation_permille, 1000 - 59 * 1000 / 89);
    fixture_close(&f);
}

static void fragmentation_is_0_when_free_memory_is_one_run_or_none(void **state)
{
    struct fixture f;
    struct heap_stats stats;

    fixture_open(&f, 10, IS_INDEXED(state));
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.fragmentation_permille, 0);
    take(&f.heap, 4);
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.fragmentation_permille, 0);
    take(&f.heap, 6);
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.fragmentation_permille, 0);
    assert_int_equal(stats.largest_free_run, 0);
    fixture_close(&f);
}

/* As large as an address space of 32 bits can hold: 1000 * blocks must not overflow. */
static void fragmentation_does_not_overflow(void **state)
{
    struct fixture f;
    struct heap_stats stats;

    fixture_open_at(&f, BLOCK, 0xFFFFE, IS_INDEXED(state));
    void *most = take(&f.heap, 0xFFFF0);
    take(&f.heap, 1);
    assert_int_equal(heap_free(&f.heap, most), 0);
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.largest_free_run, 0xFFFF0);
    assert_int_equal(stats.free, 0xFFFFD);
    assert_int_equal(stats.fragmentation_permille, 1);
    fixture_close(&f);
}

static void the_largest_free_run_is_what_malloc_gives(void **state)
{
    struct fixture f;
    struct heap_stats stats;

    fixture_open(&f, 700, IS_INDEXED(state));
    void *a = take(&f.heap, 300);
    take(&f.heap, 50);
    assert_int_equal(heap_free(&f.heap, a), 0);
    while (heap_free_blocks(&f.heap) > 0) {
        heap_get_stats(&f.heap, &stats);
        assert_null(heap_malloc(&f.heap, stats.largest_free_run * BLOCK + 1));
        take(&f.heap, stats.largest_free_run);
    }
    fixture_close(&f);
}

static void allocation_blocks_knows_starts_only(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    take(&f.heap, 1);
    take(&f.heap, 3);
    assert_int_equal(heap_allocation_blocks(&f.heap, block_at(0)), 1);
    assert_int_equal(heap_allocation_blocks(&f.heap, block_at(1)), 3);
    assert_int_equal(heap_allocation_blocks(&f.heap, block_at(2)), 0);
    assert_int_equal(heap_allocation_blocks(&f.heap, block_at(4)), 0);
    assert_int_equal(heap_allocation_blocks(&f.heap, (char *)block_at(1) + 1), 0);
    assert_int_equal(heap_allocation_blocks(&f.heap, NULL), 0);
    assert_int_equal(heap_allocation_blocks(&f.heap, block_at(10)), 0);
    fixture_close(&f);
}

static void wrong_pointers_are_told_apart(void **state)
{
    struct fixture f;

    fixture_open(&f, 10, IS_INDEXED(state));
    take(&f.heap, 3);
    assert_int_equal(heap_reserve(&f.heap, block_at(5), block_at(6)), 0);
    struct heap *heap = &f.heap;
    assert_int_equal(heap_classify_pointer(heap, block_at(0)), HEAP_POINTER_ALLOCATION);
    assert_int_equal(heap_classify_pointer(heap, block_at(1)), HEAP_POINTER_INTERIOR);
    assert_int_equal(heap_classify_pointer(heap, block_at(2)), HEAP_POINTER_INTERIOR);
    assert_int_equal(heap_classify_pointer(heap, block_at(3)), HEAP_POINTER_FREE);
    assert_int_equal(heap_classify_pointer(heap, block_at(5)), HEAP_POINTER_RESERVED);
    assert_int_equal(heap_classify_pointer(heap, block_at(10)), HEAP_POINTER_OUTSIDE);
    assert_int_equal(heap_classify_pointer(heap, NULL), HEAP_POINTER_OUTSIDE);
    assert_int_equal(heap_classify_pointer(heap, (char *)block_at(0) + 8), HEAP_POINTER_MISALIGNED);
    assert_non_null(strstr(heap_describe_pointer(heap, block_at(1)), "inside"));
    assert_non_null(strstr(heap_describe_pointer(heap, block_at(3)), "free already"));
    assert_non_null(strstr(heap_describe_pointer(heap, block_at(5)), "reserved"));
    assert_non_null(strstr(heap_describe_pointer(heap, block_at(10)), "outside"));
    assert_non_null(strstr(heap_describe_pointer(heap, (char *)block_at(0) + 8), "misaligned"));
    assert_non_null(strstr(heap_describe_pointer(heap, block_at(0)), "live"));
    fixture_close(&f);
}

struct visit_log {
    void *starts[8];
    size_t blocks[8];
    const void *owners[8];
    size_t count;
};

static void log_visit(void *context, void *start, size_t blocks, const void *owner)
{
    struct visit_log *log = context;

    assert_true(log->count < 8);
    log->starts[log->count] = start;
    log->blocks[log->count] = blocks;
    log->owners[log->count++] = owner;
}

static void owners_are_kept_with_their_allocations(void **state)
{
    struct fixture f;
    static const char alice, bob;
    struct visit_log log = {.count = 0};

    fixture_open(&f, 20, IS_INDEXED(state));
    heap_for_each_allocation(&f.heap, log_visit, &log);
    assert_int_equal(log.count, 0);

    void *a = heap_malloc_owned(&f.heap, 5000, &alice);
    void *gone = heap_malloc_owned(&f.heap, 1, &bob);
    void *b = heap_malloc_owned(&f.heap, 1, &bob);
    void *nobody = heap_malloc(&f.heap, 1);
    assert_int_equal(heap_free(&f.heap, gone), 0);
    assert_int_equal(heap_reserve(&f.heap, block_at(10), block_at(12)), 0);
    heap_for_each_allocation(&f.heap, log_visit, &log);
    assert_int_equal(log.count, 3);
    assert_ptr_equal(log.starts[0], a);
    assert_ptr_equal(log.starts[1], b);
    assert_ptr_equal(log.starts[2], nobody);
    assert_int_equal(log.blocks[0], 2);
    assert_int_equal(log.blocks[1], 1);
    assert_ptr_equal(log.owners[0], IS_INDEXED(state) ? &alice : NULL);
    assert_ptr_equal(log.owners[1], IS_INDEXED(state) ? &bob : NULL);
    assert_null(log.owners[2]);
    fixture_close(&f);
}

/* ---------------------------------------------------------------- the checker */

/* Writes one byte to the table, expects the checker to find it, and undoes it. */
static void assert_entry_is_noticed(struct heap *heap, size_t block, unsigned char entry)
{
    unsigned char before = heap->table->entries[block];
    const char *reason = "";

    if (before == entry) {
        return;
    }
    heap->table->entries[block] = entry;
    assert_int_equal(heap_check_reason(heap, &reason), -ECORRUPT);
    assert_int_equal(heap_check(heap), -ECORRUPT);
    assert_true(strlen(reason) > 0);
    heap->table->entries[block] = before;
    assert_int_equal(heap_check_reason(heap, &reason), 0);
    assert_string_equal(reason, "");
}

static void the_checker_notices_any_changed_entry(void **state)
{
    struct fixture f;

    fixture_open(&f, 12, IS_INDEXED(state));
    take(&f.heap, 1);
    void *hole = take(&f.heap, 2);
    take(&f.heap, 4);
    assert_int_equal(heap_free(&f.heap, hole), 0);
    for (size_t block = 0; block < 12; block++) {
        for (unsigned entry = 0; entry < 256; entry++) {
            assert_entry_is_noticed(&f.heap, block, (unsigned char)entry);
        }
    }
    fixture_close(&f);
}

static struct fixture *open_with_holes(struct fixture *f)
{
    fixture_open(f, 30, true);
    void *a = take(&f->heap, 1);
    take(&f->heap, 1);
    void *b = take(&f->heap, 2);
    take(&f->heap, 1);
    void *c = take(&f->heap, 2);
    take(&f->heap, 3);
    assert_int_equal(heap_free(&f->heap, a), 0);
    assert_int_equal(heap_free(&f->heap, b), 0);
    assert_int_equal(heap_free(&f->heap, c), 0);
    assert_heap_is_sound(&f->heap);
    return f;
}

#define ASSERT_NOTICED(f, field, value)                     \
    do {                                                    \
        __typeof__(field) before = (field);                 \
        (field) = (__typeof__(field))(value);               \
        assert_int_equal(heap_check(&(f).heap), -ECORRUPT); \
        (field) = before;                                   \
        assert_int_equal(heap_check(&(f).heap), 0);         \
    } while (0)

/* The free runs: block 0; 2 and 3; 5 and 6; the current run from 10. */
static void the_checker_notices_a_damaged_index(void **state)
{
    (void)state;
    struct fixture f;
    open_with_holes(&f);
    struct heap *heap = &f.heap;

    assert_int_equal(heap->current_start, 10);
    ASSERT_NOTICED(f, heap->used_blocks, heap->used_blocks + 1);
    ASSERT_NOTICED(f, heap->reserved_blocks, 1);
    ASSERT_NOTICED(f, heap->current_start, 11);
    ASSERT_NOTICED(f, heap->current_start, 9);
    ASSERT_NOTICED(f, heap->current_start, 31);
    ASSERT_NOTICED(f, heap->current_end, 29);
    ASSERT_NOTICED(f, heap->current_end, 31);
    ASSERT_NOTICED(f, heap->current_start, 30);
    ASSERT_NOTICED(f, heap->quick_end, 12);
    ASSERT_NOTICED(f, heap->groups_in_use, 0);
    ASSERT_NOTICED(f, heap->groups_in_use, 3);
    ASSERT_NOTICED(f, heap->classes_in_use[0], 2);
    ASSERT_NOTICED(f, heap->classes_in_use[0], 14);
    ASSERT_NOTICED(f, heap->classes_in_use[31], 1);
    ASSERT_NOTICED(f, heap->slots[0].other_end, 1);
    ASSERT_NOTICED(f, heap->slots[2].other_end, 2);
    ASSERT_NOTICED(f, heap->slots[3].other_end, 3);
    ASSERT_NOTICED(f, heap->slots[7].other_end, 8);
    ASSERT_NOTICED(f, heap->slots[7].other_end, 0xFFFFFFFF);
    /* The list of class 2: blocks 6 and 3, the latest first. */
    assert_int_equal(heap->class_heads[2], 6);
    ASSERT_NOTICED(f, heap->slots[6].next, 4);
    ASSERT_NOTICED(f, heap->slots[6].next, 0);
    ASSERT_NOTICED(f, heap->slots[6].next, 6);
    ASSERT_NOTICED(f, heap->slots[6].next, HEAP_NO_BLOCK);
    ASSERT_NOTICED(f, heap->slots[3].next, 6);
    ASSERT_NOTICED(f, heap->slots[3].next, 30);
    ASSERT_NOTICED(f, heap->slots[3].next, HEAP_NO_BLOCK - 1);
    ASSERT_NOTICED(f, heap->slots[3].previous, 0);
    ASSERT_NOTICED(f, heap->slots[6].previous, 3);
    ASSERT_NOTICED(f, heap->class_heads[1], 3);
    ASSERT_NOTICED(f, heap->class_heads[1], HEAP_NO_BLOCK);
    ASSERT_NOTICED(f, heap->class_heads[2], 3);
    ASSERT_NOTICED(f, heap->class_heads[31], 3);
    fixture_close(&f);
}

/* Block 0 off its list, where it is alone, neatly. */
static void unlist_block_0(struct heap *heap)
{
    heap->class_heads[1] = HEAP_NO_BLOCK;
    heap->classes_in_use[0] &= ~2u;
}

/* And back. */
static void list_block_0(struct heap *heap)
{
    heap->class_heads[1] = 0;
    heap->slots[0].next = HEAP_NO_BLOCK;
    heap->slots[0].previous = HEAP_NO_BLOCK;
    heap->classes_in_use[0] |= 2u;
}

static void the_checker_notices_a_run_that_is_on_no_list(void **state)
{
    (void)state;
    struct fixture f;
    open_with_holes(&f);
    const char *reason;

    unlist_block_0(&f.heap);
    assert_int_equal(heap_check_reason(&f.heap, &reason), -ECORRUPT);
    assert_string_equal(reason, "a free run is missing in the index");
    list_block_0(&f.heap);
    fixture_close(&f);
}

static void the_checker_notices_a_run_on_the_wrong_list(void **state)
{
    (void)state;
    struct fixture f;
    open_with_holes(&f);
    const char *reason;

    uint32_t second = f.heap.class_heads[2];

    unlist_block_0(&f.heap);
    f.heap.slots[0].next = second;
    f.heap.slots[second].previous = 0;
    f.heap.class_heads[2] = 0;
    assert_int_equal(heap_check_reason(&f.heap, &reason), -ECORRUPT);
    assert_string_equal(reason, "a free run is on the wrong list");
    f.heap.class_heads[2] = second;
    f.heap.slots[second].previous = HEAP_NO_BLOCK;
    list_block_0(&f.heap);
    fixture_close(&f);
}

static void the_checker_notices_the_current_run_on_a_list(void **state)
{
    (void)state;
    struct fixture f;
    open_with_holes(&f);
    struct heap_slot *last = &f.heap.slots[29];

    last->other_end = 10;
    last->next = HEAP_NO_BLOCK;
    last->previous = HEAP_NO_BLOCK;
    f.heap.class_heads[20] = 29;
    f.heap.classes_in_use[0] |= 1u << 20;
    assert_int_equal(heap_check(&f.heap), -ECORRUPT);
    /* And instead of another one: the number of runs is right then. */
    unlist_block_0(&f.heap);
    assert_int_equal(heap_check(&f.heap), -ECORRUPT);
    list_block_0(&f.heap);
    f.heap.class_heads[20] = HEAP_NO_BLOCK;
    f.heap.classes_in_use[0] &= ~(1u << 20);
    fixture_close(&f);
}

static void the_checker_notices_scan_from_above_a_free_block(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f, 8, false);
    take(&f.heap, 2);
    assert_int_equal(f.heap.scan_from, 2);
    ASSERT_NOTICED(f, f.heap.scan_from, 3);
    fixture_close(&f);
}

/* ---------------------------------------------------------------- large heaps */

static void the_largest_table_of_the_area_works(void **state)
{
    struct fixture f;
    size_t total = HEAP_TABLE_AREA_END - HEAP_TABLE_ADDRESS;

    assert_int_equal(total, 492032);
    fixture_open_at(&f, BLOCK, total, IS_INDEXED(state));
    void *half = take(&f.heap, total / 2);
    void *one = take(&f.heap, 1);
    take(&f.heap, total - total / 2 - 1);
    assert_null(heap_malloc(&f.heap, 1));
    assert_int_equal(heap_free(&f.heap, half), 0);
    assert_int_equal(heap_free(&f.heap, one), 0);
    assert_null(heap_malloc(&f.heap, (total / 2 + 2) * BLOCK));
    assert_ptr_equal(heap_malloc(&f.heap, (total / 2 + 1) * BLOCK), (void *)BLOCK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_makes_an_empty_heap),
        cmocka_unit_test(create_refuses_misaligned_bounds),
        cmocka_unit_test(create_refuses_an_end_below_the_start),
        cmocka_unit_test(create_refuses_a_total_that_does_not_match),
        cmocka_unit_test(create_refuses_null),
        BOTH_MODES(a_heap_of_no_blocks_serves_nothing),
        BOTH_MODES(a_heap_of_one_block_serves_one),
        BOTH_MODES(a_pool_may_end_at_the_last_page),
        BOTH_MODES(a_table_may_lie_at_any_address),
        cmocka_unit_test(attach_refuses_bad_memory),
        cmocka_unit_test(attach_finds_what_is_allocated),
        cmocka_unit_test(attach_refuses_a_broken_table),
        cmocka_unit_test(the_index_fits_beside_the_kernel_s_table),
        BOTH_MODES(the_first_block_is_at_the_start),
        BOTH_MODES(the_table_shows_each_run),
        BOTH_MODES(sizes_are_rounded_up_to_blocks),
        BOTH_MODES(exact_multiples_take_no_extra_block),
        BOTH_MODES(malloc_of_zero_is_null),
        BOTH_MODES(sizes_that_wrap_are_refused),
        BOTH_MODES(every_block_can_be_allocated),
        BOTH_MODES(the_whole_pool_in_one),
        BOTH_MODES(a_request_larger_than_the_last_free_run_is_refused),
        BOTH_MODES(a_hole_of_the_right_size_is_used_again),
        BOTH_MODES(a_small_hole_is_preferred_to_a_large_one),
        BOTH_MODES(runs_that_share_a_class_are_searched),
        BOTH_MODES(alignment_is_4096),
        BOTH_MODES(free_of_null_does_nothing),
        BOTH_MODES(free_of_an_interior_block_is_refused),
        BOTH_MODES(double_free_is_refused),
        BOTH_MODES(free_of_a_foreign_pointer_is_refused),
        BOTH_MODES(free_of_a_misaligned_pointer_is_refused),
        BOTH_MODES(free_of_what_was_never_allocated_is_refused),
        cmocka_unit_test(free_of_a_broken_chain_changes_nothing),
        BOTH_MODES(freed_neighbours_join_in_every_order),
        BOTH_MODES(every_other_block_freed_serves_only_single_blocks),
        BOTH_MODES(reserved_blocks_are_out_of_use),
        BOTH_MODES(reserve_rounds_outwards),
        BOTH_MODES(reserve_ignores_what_is_outside),
        BOTH_MODES(reserve_refuses_an_end_below_the_start),
        BOTH_MODES(reserve_leaves_allocations_alone),
        BOTH_MODES(reserve_cuts_any_part_of_any_run),
        BOTH_MODES(malloc_at_takes_any_free_blocks),
        BOTH_MODES(malloc_at_refuses_what_is_not_in_the_heap),
        BOTH_MODES(stats_count_what_the_table_shows),
        BOTH_MODES(fragmentation_is_0_when_free_memory_is_one_run_or_none),
        BOTH_MODES(fragmentation_does_not_overflow),
        BOTH_MODES(the_largest_free_run_is_what_malloc_gives),
        BOTH_MODES(allocation_blocks_knows_starts_only),
        BOTH_MODES(wrong_pointers_are_told_apart),
        BOTH_MODES(owners_are_kept_with_their_allocations),
        BOTH_MODES(the_checker_notices_any_changed_entry),
        cmocka_unit_test(the_checker_notices_a_damaged_index),
        cmocka_unit_test(the_checker_notices_a_run_that_is_on_no_list),
        cmocka_unit_test(the_checker_notices_a_run_on_the_wrong_list),
        cmocka_unit_test(the_checker_notices_the_current_run_on_a_list),
        cmocka_unit_test(the_checker_notices_scan_from_above_a_free_block),
        BOTH_MODES(the_largest_table_of_the_area_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
