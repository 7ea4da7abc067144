/*
 * test_pmm.c - frames from the zone and from the pool, at the addresses they have in the kernel.
 * Sources: src/memory/memory_map.c src/memory/heap/heap.c tests/host/stub_memory.c tests/host/stub_kheap.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Included, so that each test starts from nothing. */
#include "memory/pmm.c"

#include "stub_memory.h"

#define POOL_BLOCKS      256
#define POOL_KERNEL      (POOL_BLOCKS / 16)
#define ZONE_PAGES       512
#define ZONE_PAGES_MAX   2048
#define ZONE_END(pages_) (FRAME_ZONE_ADDRESS + (pages_)*PAGE_SIZE_BYTES)

static struct memory_map map;
static void *frames[POOL_BLOCKS + ZONE_PAGES_MAX + WINDOW_PAGES];

/* The firmware's map: low memory, the kernel's 3 MiB, a pool of pool_blocks, and more. Nothing in the
 * window, but for what `more` has there. */
static void start(size_t pool_blocks, const struct e820_entry *more, size_t more_count)
{
    struct e820_entry entries[16] = {
        {0, 0xA0000, 1, 1},
        {0x100000, USER_PROGRAM_ADDRESS - 0x100000, 1, 1},
        {HEAP_ADDRESS, (uint64_t)pool_blocks * PAGE_SIZE_BYTES, 1, 1},
    };

    for (size_t i = 0; i < more_count; i++) {
        entries[3 + i] = more[i];
    }
    memory_map_build(&map, entries, 3 + more_count);
    stub_kheap_create(pool_blocks);
    memset(&pmm, 0, sizeof(pmm));
    pmm_init(&map);
}

/* A zone of that many pages without holes. */
static void start_simple(size_t pool_blocks, size_t zone_pages)
{
    struct e820_entry zone = {FRAME_ZONE_ADDRESS, zone_pages * PAGE_SIZE_BYTES, 1, 1};

    start(pool_blocks, &zone, 1);
}

static int map_zone(void **state)
{
    (void)state;
    stub_map_memory(FRAME_ZONE_ADDRESS, ZONE_PAGES_MAX * PAGE_SIZE_BYTES);
    stub_map_memory(WINDOW_ADDRESS, WINDOW_BYTES);
    return 0;
}

static void assert_counts_agree(void)
{
    struct pmm_stats stats;

    pmm_get_stats(&stats);
    assert_int_equal(stats.free + stats.used + stats.reserved, stats.usable);
    assert_int_equal(stats.usable, memory_map_total_usable_bytes(&map) / PAGE_SIZE_BYTES);
    assert_int_equal(stats.kernel + stats.bookkeeping + stats.unreachable, stats.reserved);
    assert_int_equal(stats.free, pmm_get_free_pages());
    assert_int_equal(stats.total, pmm_get_total_pages());
    assert_int_equal(stats.zone_total + stats.window_total + stats.pool_total, stats.total);
    assert_int_equal(stats.zone_free + stats.window_free + stats.pool_free, stats.free);
    assert_int_equal(heap_check(pmm_get_window()), 0);
    if (pmm.zone_total != 0) {
        assert_int_equal(heap_check(pmm_get_zone()), 0);
    }
    assert_int_equal(heap_check(pmm.pool), 0);
}

static bool is_in_zone(const void *frame)
{
    return (uintptr_t)frame >= FRAME_ZONE_ADDRESS && (uintptr_t)frame < FRAME_ZONE_END;
}

static bool is_in_window(const void *frame)
{
    return (uintptr_t)frame >= WINDOW_ADDRESS && (uintptr_t)frame < WINDOW_END;
}

/* Takes pages until there are none; returns how many, all different and all usable. */
static size_t take_all(void)
{
    static uint8_t seen[2 * (ZONE_END(ZONE_PAGES_MAX) / PAGE_SIZE_BYTES)];
    size_t count = 0;
    void *page;

    memset(seen, 0, sizeof(seen));
    while ((page = pmm_alloc_page()) != NULL) {
        uintptr_t address = page_physical(page);

        assert_true(count < ARRAY_SIZE(frames));
        assert_int_equal(address % PAGE_SIZE_BYTES, 0);
        assert_true(memory_map_is_usable(&map, address, address + PAGE_SIZE_BYTES));
        assert_ptr_equal(page_memory(address), page);
        assert_int_equal(seen[address / PAGE_SIZE_BYTES]++, 0);
        memset(page, 0xEE, PAGE_SIZE_BYTES);
        frames[count++] = page;
    }
    return count;
}

static void free_all(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pmm_free_page(frames[i]), OK);
    }
}

/* ---------------------------------------------------------------- set-up */

static void test_zone_and_pool(void **state)
{
    (void)state;
    struct pmm_stats stats;

    start_simple(POOL_BLOCKS, ZONE_PAGES);
    pmm_get_stats(&stats);
    /* 512 bytes of table, 12 * 512 + 8192 of index: four pages. */
    assert_int_equal(stats.bookkeeping, 4);
    assert_int_equal(stats.zone_total, ZONE_PAGES - 4);
    assert_int_equal(stats.pool_total, POOL_BLOCKS);
    assert_int_equal(stats.total, ZONE_PAGES - 4 + POOL_BLOCKS);
    assert_int_equal(stats.free, stats.total);
    assert_int_equal(stats.used, 0);
    assert_int_equal(stats.kernel, 0xA0 + 0x300);
    assert_int_equal(stats.window_total, 0);
    assert_int_equal(stats.unreachable, 0);
    assert_counts_agree();
}

static void test_no_zone(void **state)
{
    (void)state;
    start(POOL_BLOCKS, NULL, 0);
    assert_int_equal(pmm_get_total_pages(), POOL_BLOCKS);
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS);
    assert_counts_agree();

    void *page = pmm_alloc_page();
    assert_ptr_equal(page, (void *)HEAP_ADDRESS);
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS - 1);
    assert_counts_agree();
    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_free_page((void *)FRAME_ZONE_ADDRESS), -EINVARG);
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS);
}

/* 12 * n + n + 8192 bytes: up to three pages of zone the tables would take it all. */
static void test_tiny_zones(void **state)
{
    (void)state;
    for (size_t zone_pages = 1; zone_pages <= 8; zone_pages++) {
        size_t managed = zone_pages <= 3 ? 0 : zone_pages - 3;

        start_simple(POOL_BLOCKS, zone_pages);
        assert_int_equal(pmm_get_total_pages(), POOL_BLOCKS + managed);
        assert_counts_agree();
        assert_int_equal(take_all(), POOL_BLOCKS - POOL_KERNEL + managed);
        free_all(POOL_BLOCKS - POOL_KERNEL + managed);
        assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS + managed);
    }
}

static void test_holes_are_never_handed_out(void **state)
{
    (void)state;
    /* Usable: [1, 2), [4, 6), [10, 300) without [20, 30), [400, 512) of the zone's pages. */
    static const struct e820_entry entries[] = {{ZONE_END(1), 0x1000, 1, 1},
                                                {ZONE_END(4), 0x2000, 1, 1},
                                                {ZONE_END(10), 290 * 0x1000, 1, 1},
                                                {ZONE_END(20), 10 * 0x1000, 2, 1},
                                                {ZONE_END(400), 112 * 0x1000, 1, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    size_t managed = 1 + 2 + 290 - 10 + 112 - 4;
    assert_int_equal(pmm_get_total_pages(), POOL_BLOCKS + managed);
    assert_int_equal(pmm.bookkeeping, 4);
    assert_ptr_equal(pmm.zone.saddr, (void *)ZONE_END(1));
    assert_counts_agree();
    /* No run crosses a hole: take_all() checks each page, this the runs. */
    assert_null(pmm_alloc_frames(290));
    void *run = pmm_alloc_frames(266);
    assert_in_range((uintptr_t)run, ZONE_END(30), ZONE_END(300 - 266));
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(take_all(), managed + POOL_BLOCKS - POOL_KERNEL);
    free_all(managed + POOL_BLOCKS - POOL_KERNEL);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

static void test_tables_go_where_they_fit(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {{ZONE_END(0), 0x2000, 1, 1},
                                                {ZONE_END(100), 0x100000, 1, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    assert_ptr_equal(pmm.zone_table.entries, (void *)ZONE_END(100));
    assert_ptr_equal(pmm_alloc_page(), (void *)ZONE_END(0));
    assert_counts_agree();
}

static void test_zone_of_crumbs_is_left_alone(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {
        {ZONE_END(0), 0x2000, 1, 1}, {ZONE_END(10), 0x2000, 1, 1}, {ZONE_END(20), 0x2000, 1, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    assert_int_equal(pmm_get_total_pages(), POOL_BLOCKS);
    assert_counts_agree();
}

static void test_memory_above_the_zone_is_reported_only(void **state)
{
    (void)state;
    struct pmm_stats stats;
    static const struct e820_entry entries[] = {{FRAME_ZONE_ADDRESS, 0x100000, 1, 1},
                                                {FRAME_ZONE_END, 0x40000000, 1, 1},
                                                {0x100000000, 0x100000000000, 1, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    pmm_get_stats(&stats);
    assert_int_equal(stats.zone_total, 0x100 - stats.bookkeeping);
    assert_int_equal(stats.unreachable, 0x40000ull + 0x100000000);
    assert_counts_agree();
    stub_printk_clear();
    pmm_print_stats();
    assert_non_null(strstr(stub_printk_text, "4295229440 out of reach"));
}

static void test_holes_in_the_pool(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    stub_kheap_create(POOL_BLOCKS);
    heap_reserve(kheap_get(), (void *)(HEAP_ADDRESS + 0x10000), (void *)(HEAP_ADDRESS + 0x20000));
    memset(&pmm, 0, sizeof(pmm));
    pmm_init(&map);
    assert_int_equal(pmm_get_total_pages(), pmm.zone_total + POOL_BLOCKS - 16);
    assert_int_equal(pmm.pool_kernel, (POOL_BLOCKS - 16) / 16);
    assert_counts_agree();
}

/* ---------------------------------------------------------------- single frames */

static void test_zone_first_then_pool(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t count = take_all();

    assert_int_equal(count, pmm.zone_total + POOL_BLOCKS - POOL_KERNEL);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(is_in_zone(frames[i]), i < pmm.zone_total);
    }
    assert_int_equal(pmm_get_free_pages(), POOL_KERNEL);
    assert_null(pmm_alloc_page());
    assert_null(pmm_alloc_zeroed_page());
    assert_null(pmm_alloc_frames(1));
    assert_counts_agree();
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_int_equal(kheap_frame_blocks(), 0);
    assert_counts_agree();
}

static void test_the_kernel_keeps_its_sixteenth(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t count = take_all();
    void *kernel[POOL_KERNEL];

    for (size_t i = 0; i < POOL_KERNEL; i++) {
        kernel[i] = kmalloc(1);
        assert_non_null(kernel[i]);
    }
    assert_null(kmalloc(1));
    assert_int_equal(pmm_get_free_pages(), 0);

    /* What comes back to the pool is the kernel's until it has its part again. */
    size_t next = count - 1;
    for (size_t i = 0; i < POOL_KERNEL; i++, next--) {
        assert_int_equal(pmm_free_page(frames[next]), OK);
        assert_null(pmm_alloc_page());
    }
    assert_int_equal(pmm_free_page(frames[next]), OK);
    assert_ptr_equal(pmm_alloc_page(), frames[next]);
    free_all(next + 1);
    for (size_t i = 0; i < POOL_KERNEL; i++) {
        kfree(kernel[i]);
    }
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_a_pool_without_a_sixteenth(void **state)
{
    (void)state;
    start(15, NULL, 0);
    assert_int_equal(take_all(), 15);
    free_all(15);
    start(16, NULL, 0);
    assert_int_equal(take_all(), 15);
    free_all(15);
    assert_int_equal(pmm_get_free_pages(), 16);
}

static void test_free_of_wrong_pointers_changes_nothing(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    char *page = pmm_alloc_page();
    char *run = pmm_alloc_frames(3);
    size_t free = pmm_get_free_pages();
    char *const wrong[] = {
        page + 1,
        page + 2048,
        page - 1,
        run + PAGE_SIZE_BYTES,
        run + 2 * PAGE_SIZE_BYTES,
        run + 3 * PAGE_SIZE_BYTES,  /* free */
        (char *)FRAME_ZONE_ADDRESS, /* the zone's own table */
        (char *)ZONE_END(ZONE_PAGES),
        (char *)ZONE_END(ZONE_PAGES - 1) + 1,
        (char *)HEAP_ADDRESS, /* free */
        (char *)HEAP_ADDRESS - PAGE_SIZE_BYTES,
        (char *)HEAP_ADDRESS + POOL_BLOCKS * PAGE_SIZE_BYTES,
        (char *)0x1000,
        (char *)0xFFFFF000,
        (char *)0xFFFFFFFF,
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(pmm_free_page(wrong[i]), -EINVARG);
        assert_int_equal(pmm_free_zeroed_page(wrong[i]), -EINVARG);
        assert_int_equal(pmm_free_frames(wrong[i]), -EINVARG);
        assert_int_equal(pmm_get_free_pages(), free);
    }
    assert_int_equal(pmm_free_page(NULL), OK);
    assert_int_equal(pmm_free_zeroed_page(NULL), OK);
    assert_int_equal(pmm_free_frames(NULL), OK);
    assert_int_equal(pmm_get_free_pages(), free);
    assert_counts_agree();
    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_double_free(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    void *page = pmm_alloc_page();

    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_free_page(page), -EINVARG);
    assert_int_equal(pmm_free_frames(page), -EINVARG);
    assert_int_equal(pmm_free_zeroed_page(page), -EINVARG);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

static void test_a_run_is_not_a_page(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    void *run = pmm_alloc_frames(2);
    size_t free = pmm_get_free_pages();

    assert_int_equal(pmm_free_page(run), -EINVARG);
    assert_int_equal(pmm_free_zeroed_page(run), -EINVARG);
    assert_int_equal(pmm_get_free_pages(), free);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());

    void *page = pmm_alloc_page();
    assert_int_equal(pmm_free_frames(page), OK);
    run = pmm_alloc_frames(1);
    assert_int_equal(pmm_free_page(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_a_block_of_kmalloc_is_refused(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    void *block = kmalloc(1);

    assert_int_equal(pmm_free_page(block), -EINVARG);
    assert_int_equal(pmm_free_zeroed_page(block), -EINVARG);
    assert_int_equal(pmm_free_frames(block), -EINVARG);
    kfree(block);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

/* Also while pmm has frames of the pool itself, one and a run, and the other way round. */
static void test_blocks_and_frames_of_the_pool_are_told_apart(void **state)
{
    (void)state;
    start(POOL_BLOCKS, NULL, 0);
    void *page = pmm_alloc_page();
    void *run = pmm_alloc_frames(3);
    void *block = kmalloc(1);
    void *blocks = kmalloc(3 * PAGE_SIZE_BYTES);
    size_t free = pmm_get_free_pages();
    void *const kernels[] = {block, blocks};
    void *const frames_out[] = {page, run};

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pmm_free_page(kernels[i]), -EINVARG);
        assert_int_equal(pmm_free_zeroed_page(kernels[i]), -EINVARG);
        assert_int_equal(pmm_free_frames(kernels[i]), -EINVARG);
        assert_true(STUB_PANICS(kfree(frames_out[i])));
        assert_int_equal(pmm_get_free_pages(), free);
    }
    struct pmm_stats stats;
    pmm_get_stats(&stats);
    assert_int_equal(stats.pool_taken, 4);
    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_free_frames(run), OK);
    kfree(block);
    kfree(blocks);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

/* ---------------------------------------------------------------- the window */

static const struct e820_entry whole_window = {WINDOW_PHYSICAL, WINDOW_BYTES, 1, 1};

static void test_window_addresses(void **state)
{
    (void)state;
    static const struct {
        paddr_t physical;
        uintptr_t memory;
    } pairs[] = {
        {0, 0},
        {WINDOW_PHYSICAL - 1, WINDOW_PHYSICAL - 1},
        {WINDOW_PHYSICAL, WINDOW_ADDRESS},
        {WINDOW_PHYSICAL + WINDOW_BYTES - 1, WINDOW_END - 1},
        {HEAP_ADDRESS, HEAP_ADDRESS},
        {FRAME_ZONE_END - 1, FRAME_ZONE_END - 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        assert_int_equal((uintptr_t)page_memory(pairs[i].physical), pairs[i].memory);
        assert_int_equal(page_physical((void *)pairs[i].memory), pairs[i].physical);
    }
    assert_int_equal(page_physical((void *)WINDOW_END), WINDOW_END);
    assert_int_equal(page_physical((void *)(WINDOW_ADDRESS - 1)), WINDOW_ADDRESS - 1);
}

/* Zone, window, pool, in this order; every page of the window can be written to and comes back. */
static void test_window_after_zone_before_pool(void **state)
{
    (void)state;
    struct e820_entry entries[] = {whole_window,
                                   {FRAME_ZONE_ADDRESS, ZONE_PAGES * PAGE_SIZE_BYTES, 1, 1}};
    struct pmm_stats stats;

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    pmm_get_stats(&stats);
    assert_int_equal(stats.window_total, 0xC00);
    assert_int_equal(stats.window_free, 0xC00);
    assert_int_equal(stats.unreachable, 0);
    assert_int_equal(stats.kernel, 0xA0 + 0x300);
    assert_counts_agree();

    size_t count = take_all();
    assert_int_equal(count, pmm.zone_total + 0xC00 + POOL_BLOCKS - POOL_KERNEL);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(is_in_zone(frames[i]), i < pmm.zone_total);
        assert_int_equal(is_in_window(frames[i]),
                         i >= pmm.zone_total && i < pmm.zone_total + 0xC00);
    }
    assert_counts_agree();
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

static void test_holes_in_the_window(void **state)
{
    (void)state;
    /* An ISA hole at 15 MiB, a page that the firmware keeps, and nothing in the first page. */
    static const struct e820_entry entries[] = {
        {WINDOW_PHYSICAL + 0x1000, 0xF00000 - WINDOW_PHYSICAL - 0x1000, 1, 1},
        {0x800000, 0x1000, 2, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    size_t managed = 0xB00 - 2;
    assert_int_equal(pmm.window_total, managed);
    assert_counts_agree();
    assert_null(pmm_alloc_frames(0x700));
    void *run = pmm_alloc_frames(0x6FF); /* from behind the kept page to the hole */
    assert_ptr_equal(run, page_memory(0x801000));
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(take_all(), managed + POOL_BLOCKS - POOL_KERNEL);
    free_all(managed + POOL_BLOCKS - POOL_KERNEL);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_wrong_frees_in_the_window(void **state)
{
    (void)state;
    start(POOL_BLOCKS, &whole_window, 1);
    char *page = pmm_alloc_page();
    char *run = pmm_alloc_frames(3);
    size_t free = pmm_get_free_pages();
    char *const wrong[] = {page + 1,
                           (char *)(uintptr_t)page_physical(page),
                           run + PAGE_SIZE_BYTES,
                           run + 3 * PAGE_SIZE_BYTES,
                           (char *)WINDOW_END,
                           (char *)WINDOW_ADDRESS - PAGE_SIZE_BYTES};

    assert_true(is_in_window(page) && is_in_window(run));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(pmm_free_page(wrong[i]), -EINVARG);
        assert_int_equal(pmm_free_zeroed_page(wrong[i]), -EINVARG);
        assert_int_equal(pmm_free_frames(wrong[i]), -EINVARG);
        assert_int_equal(pmm_get_free_pages(), free);
    }
    assert_int_equal(pmm_free_page(run), -EINVARG);
    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_free_page(page), -EINVARG);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    page = pmm_alloc_zeroed_page();
    assert_int_equal(page[0], 0);
    assert_int_equal(memcmp(page, page + 1, PAGE_SIZE_BYTES - 1), 0);
    assert_int_equal(pmm_free_zeroed_page(page), OK);
    assert_int_equal(pmm.zeroed_count, 0);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

/* ---------------------------------------------------------------- runs */

static void test_runs_that_cannot_be(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    assert_null(pmm_alloc_frames(0));
    assert_null(pmm_alloc_frames(pmm.zone_total + 1));
    assert_null(pmm_alloc_frames(SIZE_MAX));
    assert_null(pmm_alloc_frames(SIZE_MAX / PAGE_SIZE_BYTES + 1));
    assert_null(pmm_alloc_frames(SIZE_MAX / PAGE_SIZE_BYTES + 2)); /* one page, if it wrapped */
    assert_null(pmm_alloc_frames(SIZE_MAX / PAGE_SIZE_BYTES));
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_a_run_of_exactly_the_zone(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    void *run = pmm_alloc_frames(pmm.zone_total);

    assert_true(is_in_zone(run));
    memset(run, 0xEE, pmm.zone_total * PAGE_SIZE_BYTES);
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS);
    assert_false(is_in_zone(pmm_alloc_page()));
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages() - 1);
    assert_counts_agree();
}

static void test_runs_from_the_pool_leave_the_sixteenth(void **state)
{
    (void)state;
    start(POOL_BLOCKS, NULL, 0);
    assert_null(pmm_alloc_frames(POOL_BLOCKS));
    assert_null(pmm_alloc_frames(POOL_BLOCKS - POOL_KERNEL + 1));
    void *run = pmm_alloc_frames(POOL_BLOCKS - POOL_KERNEL);
    assert_ptr_equal(run, (void *)HEAP_ADDRESS);
    assert_int_equal(kheap_frame_blocks(), POOL_BLOCKS - POOL_KERNEL);
    assert_null(pmm_alloc_page());
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(kheap_frame_blocks(), 0);
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS);
}

static void test_free_runs_merge(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t total = pmm.zone_total;
    size_t count = take_all();

    for (size_t i = 1; i < count; i += 2) { /* odd ones first, then even ones backwards */
        assert_int_equal(pmm_free_page(frames[i]), OK);
    }
    assert_null(pmm_alloc_frames(2 + POOL_BLOCKS));
    for (size_t i = (count - 1) & ~1u; i < count; i -= 2) {
        assert_int_equal(pmm_free_page(frames[i]), OK);
    }
    void *run = pmm_alloc_frames(total);
    assert_non_null(run);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_counts_agree();
}

/* ---------------------------------------------------------------- zeroed frames */

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE_BYTES - 1) == 0;
}

static void test_zeroed_pages_are_zero(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    free_all(take_all()); /* leaves every frame dirty */
    size_t total = pmm_get_total_pages();

    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < 2 * PMM_ZEROED_PAGES_MAX; i++) {
            frames[i] = pmm_alloc_zeroed_page();
            assert_true(is_zero(frames[i]));
            assert_int_equal(pmm_get_free_pages(), total - i - 1);
        }
        for (size_t i = 0; i < 2 * PMM_ZEROED_PAGES_MAX; i++) {
            assert_int_equal(pmm_free_zeroed_page(frames[i]), OK);
            assert_int_equal(pmm_get_free_pages(), total - 2 * PMM_ZEROED_PAGES_MAX + i + 1);
        }
        assert_int_equal(pmm.zeroed_count, PMM_ZEROED_PAGES_MAX);
        assert_counts_agree();
    }
}

static void test_a_kept_frame_is_freed_already(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    void *page = pmm_alloc_zeroed_page();

    assert_int_equal(pmm_free_zeroed_page(page), OK);
    assert_int_equal(pmm_free_zeroed_page(page), -EINVARG);
    assert_int_equal(pmm_free_page(page), -EINVARG);
    assert_int_equal(pmm_free_frames(page), -EINVARG);
    assert_int_equal(pmm.zeroed_count, 1);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_ptr_equal(pmm_alloc_zeroed_page(), page);
    assert_int_equal(pmm_free_page(page), OK);
}

static void test_a_frame_that_looks_kept(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    uint32_t *page = pmm_alloc_page();

    *page = ZEROED_MARK;
    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_kept_frames_are_the_last_to_go(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    for (size_t i = 0; i < PMM_ZEROED_PAGES_MAX; i++) {
        frames[i] = pmm_alloc_zeroed_page();
    }
    for (size_t i = 0; i < PMM_ZEROED_PAGES_MAX; i++) {
        assert_int_equal(pmm_free_zeroed_page(frames[i]), OK);
    }
    size_t count = take_all();

    assert_int_equal(count, pmm.zone_total + POOL_BLOCKS - POOL_KERNEL);
    assert_int_equal(pmm.zeroed_count, 0);
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

static void test_kept_frames_complete_a_run(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    void *page = pmm_alloc_zeroed_page();

    assert_int_equal(pmm_free_zeroed_page(page), OK);
    void *run = pmm_alloc_frames(pmm.zone_total);
    assert_non_null(run);
    assert_int_equal(pmm.zeroed_count, 0);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

static void test_pool_frames_are_not_kept(void **state)
{
    (void)state;
    start(POOL_BLOCKS, NULL, 0);
    size_t free = heap_free_blocks(kheap_get());
    void *page = pmm_alloc_zeroed_page();

    assert_true(is_zero(page));
    assert_int_equal(pmm_free_zeroed_page(page), OK);
    assert_int_equal(heap_free_blocks(kheap_get()), free);
    assert_int_equal(kheap_frame_blocks(), 0);
}

/* ---------------------------------------------------------------- at random */

static void test_random_use(void **state)
{
    (void)state;
    enum { SLOTS = 200 };
    static struct {
        uint8_t *start;
        size_t count;
        uint8_t fill;
    } slots[SLOTS];
    uint32_t seed = 99;
    size_t taken = 0;

    memset(slots, 0, sizeof(slots));
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t total = pmm_get_total_pages();
    for (unsigned round = 0; round < 20000; round++) {
        seed = seed * 1664525 + 1013904223;
        size_t i = (seed >> 8) % SLOTS;
        unsigned what = (seed >> 20) % 4;

        if (slots[i].start != NULL) {
            assert_int_equal(slots[i].start[0], slots[i].fill);
            assert_int_equal(slots[i].start[slots[i].count * PAGE_SIZE_BYTES - 1], slots[i].fill);
            taken -= slots[i].count;
            if (slots[i].count == 1 && what == 0) {
                memset(slots[i].start, 0, PAGE_SIZE_BYTES);
                assert_int_equal(pmm_free_zeroed_page(slots[i].start), OK);
            } else if (slots[i].count == 1 && what == 1) {
                assert_int_equal(pmm_free_page(slots[i].start), OK);
            } else {
                assert_int_equal(pmm_free_frames(slots[i].start), OK);
            }
            slots[i].start = NULL;
        } else {
            slots[i].count = what < 2 ? 1 : (seed >> 24) % 16 + 1;
            slots[i].fill = (uint8_t)(seed >> 16);
            slots[i].start = what == 0   ? pmm_alloc_zeroed_page()
                             : what == 1 ? pmm_alloc_page()
                                         : pmm_alloc_frames(slots[i].count);
            if (slots[i].start != NULL) {
                assert_true(what != 0 || is_zero(slots[i].start));
                memset(slots[i].start, slots[i].fill, slots[i].count * PAGE_SIZE_BYTES);
                taken += slots[i].count;
            }
        }
        assert_int_equal(pmm_get_free_pages(), total - taken);
        assert_true(heap_free_blocks(kheap_get()) >= POOL_KERNEL);
        if (round % 1000 == 0) {
            assert_counts_agree();
        }
    }
    for (size_t i = 0; i < SLOTS; i++) {
        assert_int_equal(pmm_free_frames(slots[i].start), OK);
    }
    assert_int_equal(pmm_get_free_pages(), total);
    assert_counts_agree();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zone_and_pool),
        cmocka_unit_test(test_no_zone),
        cmocka_unit_test(test_tiny_zones),
        cmocka_unit_test(test_holes_are_never_handed_out),
        cmocka_unit_test(test_tables_go_where_they_fit),
        cmocka_unit_test(test_zone_of_crumbs_is_left_alone),
        cmocka_unit_test(test_memory_above_the_zone_is_reported_only),
        cmocka_unit_test(test_holes_in_the_pool),
        cmocka_unit_test(test_zone_first_then_pool),
        cmocka_unit_test(test_the_kernel_keeps_its_sixteenth),
        cmocka_unit_test(test_a_pool_without_a_sixteenth),
        cmocka_unit_test(test_free_of_wrong_pointers_changes_nothing),
        cmocka_unit_test(test_double_free),
        cmocka_unit_test(test_a_run_is_not_a_page),
        cmocka_unit_test(test_a_block_of_kmalloc_is_refused),
        cmocka_unit_test(test_blocks_and_frames_of_the_pool_are_told_apart),
        cmocka_unit_test(test_window_addresses),
        cmocka_unit_test(test_window_after_zone_before_pool),
        cmocka_unit_test(test_holes_in_the_window),
        cmocka_unit_test(test_wrong_frees_in_the_window),
        cmocka_unit_test(test_runs_that_cannot_be),
        cmocka_unit_test(test_a_run_of_exactly_the_zone),
        cmocka_unit_test(test_runs_from_the_pool_leave_the_sixteenth),
        cmocka_unit_test(test_free_runs_merge),
        cmocka_unit_test(test_zeroed_pages_are_zero),
        cmocka_unit_test(test_a_kept_frame_is_freed_already),
        cmocka_unit_test(test_a_frame_that_looks_kept),
        cmocka_unit_test(test_kept_frames_are_the_last_to_go),
        cmocka_unit_test(test_kept_frames_complete_a_run),
        cmocka_unit_test(test_pool_frames_are_not_kept),
        cmocka_unit_test(test_random_use),
    };

    return cmocka_run_group_tests(tests, map_zone, NULL);
}
