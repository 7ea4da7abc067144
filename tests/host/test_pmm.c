/*
 * test_pmm.c - frames from the zones and from the pool, at the addresses they have in the kernel
 * (64 bits: at those that they have behind another direct map).
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

/* From here to the stack's guard, structs of frames have room. */
#define KERNEL_END 0x180000

/* The kernel is so long that nothing is left of the tail but the room for the structs, and less
 * than a zone. */
#define KERNEL_END_LONG                                                                      \
    ALIGN_DOWN(TAIL_END - (LOW_PAGES + HEAP_SIZE_BYTES / PAGE_SIZE_BYTES + ZONE_PAGES_MAX) * \
                              sizeof(struct page),                                           \
               PAGE_SIZE_BYTES)

static struct memory_map map;

/* Where the kernel sees a page of the zone. */
static void *zone_memory(size_t pages_)
{
    return page_memory(ZONE_END(pages_));
}

static void *frames[POOL_BLOCKS + ZONE_PAGES_MAX + LOW_PAGES + TAIL_END / PAGE_SIZE_BYTES];

/* The firmware's map: low memory, the kernel's 3 MiB, a pool of pool_blocks, and more. Nothing in
 * the low zone, but for what `more` has there. */
static void start_behind(paddr_t kernel_end, size_t pool_blocks, const struct e820_entry *more,
                         size_t more_count)
{
    struct e820_entry entries[16] = {
        {0, 0xA0000, 1, 1},
        {0x100000, LOW_ZONE_PHYSICAL - 0x100000, 1, 1},
        {HEAP_ADDRESS, (uint64_t)pool_blocks * PAGE_SIZE_BYTES, 1, 1},
    };

    for (size_t i = 0; i < more_count; i++) {
        entries[3 + i] = more[i];
    }
    memory_map_build(&map, entries, 3 + more_count);
    stub_kheap_create(pool_blocks);
    memset(&pmm, 0, sizeof(pmm));
    pmm_init(&map, kernel_end);
}

/* The same without a tail. */
static void start(size_t pool_blocks, const struct e820_entry *more, size_t more_count)
{
    start_behind(KERNEL_END_LONG, pool_blocks, more, more_count);
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
    stub_map_memory((uintptr_t)zone_memory(0), ZONE_PAGES_MAX * PAGE_SIZE_BYTES);
    stub_map_memory((uintptr_t)page_memory(LOW_ZONE_PHYSICAL), LOW_ZONE_BYTES);
    stub_map_memory((uintptr_t)page_memory(KERNEL_END), TAIL_END - KERNEL_END);
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
    assert_int_equal(stats.zone_total + stats.low_total + stats.tail_total + stats.pool_total,
                     stats.total);
    assert_int_equal(stats.zone_free + stats.low_free + stats.tail_free + stats.pool_free,
                     stats.free);

    /* In order of address, all sound, and together the total. */
    const struct heap *heap;
    uintptr_t end = 0;
    size_t total = 0;
    for (size_t i = 0; (heap = pmm_get_heap(i)) != NULL; i++) {
        assert_true((uintptr_t)heap->saddr >= end);
        end = (uintptr_t)heap->saddr + heap->total * PAGE_SIZE_BYTES;
        total += heap->total - heap->reserved_blocks;
        assert_int_equal(heap_check(heap), 0);
    }
    assert_int_equal(total, stats.total);
}

static bool is_in_zone(const void *frame)
{
    return page_physical(frame) >= FRAME_ZONE_ADDRESS && page_physical(frame) < FRAME_ZONE_END;
}

static bool is_in_low_zone(const void *frame)
{
    return page_physical(frame) - LOW_ZONE_PHYSICAL < LOW_ZONE_BYTES;
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
    /* 512 bytes of table, 12 * 512 + 4096 of index: three pages. */
    assert_int_equal(stats.bookkeeping, 3);
    assert_int_equal(stats.zone_total, ZONE_PAGES - 3);
    assert_int_equal(stats.pool_total, POOL_BLOCKS);
    assert_int_equal(stats.total, ZONE_PAGES - 3 + POOL_BLOCKS);
    assert_int_equal(stats.free, stats.total);
    assert_int_equal(stats.used, 0);
    assert_int_equal(stats.kernel, 0xA0 + 0x300);
    assert_int_equal(stats.low_total, 0);
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
    assert_ptr_equal(page, page_memory(HEAP_ADDRESS));
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS - 1);
    assert_counts_agree();
    assert_int_equal(pmm_free_page(page), OK);
    assert_int_equal(pmm_free_page(zone_memory(0)), -EINVARG);
    assert_int_equal(pmm_get_free_pages(), POOL_BLOCKS);
}

/* 12 * n + n + 4096 bytes: up to two pages of zone the tables would take it all. */
static void test_tiny_zones(void **state)
{
    (void)state;
    for (size_t zone_pages = 1; zone_pages <= 8; zone_pages++) {
        size_t managed = zone_pages <= 2 ? 0 : zone_pages - 2;

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
    size_t managed = 1 + 2 + 290 - 10 + 112 - 3;
    assert_int_equal(pmm_get_total_pages(), POOL_BLOCKS + managed);
    assert_int_equal(pmm.bookkeeping, 3);
    assert_ptr_equal(pmm.zones[0].heap.saddr, zone_memory(1));
    assert_counts_agree();
    /* No run crosses a hole: take_all() checks each page, this the runs. */
    assert_null(pmm_alloc_frames(290));
    void *run = pmm_alloc_frames(266);
    assert_in_range(page_physical(run), ZONE_END(30), ZONE_END(300 - 266));
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
    assert_ptr_equal(pmm.zones[0].table.entries, zone_memory(100));
    assert_ptr_equal(pmm_alloc_page(), zone_memory(0));
    assert_counts_agree();
}

static void test_zone_of_crumbs_is_left_alone(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {
        {ZONE_END(0), 0x1000, 1, 1}, {ZONE_END(10), 0x1000, 1, 1}, {ZONE_END(20), 0x1000, 1, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    assert_int_equal(pmm_get_total_pages(), POOL_BLOCKS);
    assert_counts_agree();
}

static void test_memory_above_the_zone_is_reported_only(void **state)
{
    (void)state;
    char expected[40];
    struct pmm_stats stats;
    static const struct e820_entry entries[] = {
        {FRAME_ZONE_ADDRESS, 0x100000, 1, 1},
        {FRAME_ZONE_END, 0x40000000, 1, 1},
        {2 * (uint64_t)FRAME_ZONE_END, FRAME_ZONE_END, 1, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    pmm_get_stats(&stats);
    assert_int_equal(stats.zone_total, 0x100 - stats.bookkeeping);
    assert_int_equal(stats.unreachable, 0x40000ull + FRAME_ZONE_END / PAGE_SIZE_BYTES);
    assert_counts_agree();
    stub_printk_clear();
    pmm_print_stats();
    snprintf(expected, sizeof(expected), "%llu out of reach",
             (unsigned long long)stats.unreachable);
    assert_non_null(strstr(stub_printk_text, expected));
}

static void test_holes_in_the_pool(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    stub_kheap_create(POOL_BLOCKS);
    heap_reserve(kheap_get(), page_memory(HEAP_ADDRESS + 0x10000),
                 page_memory(HEAP_ADDRESS + 0x20000));
    memset(&pmm, 0, sizeof(pmm));
    pmm_init(&map, KERNEL_END_LONG);
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
        run + 3 * PAGE_SIZE_BYTES, /* free */
        zone_memory(0),            /* the zone's own table */
        zone_memory(ZONE_PAGES),
        (char *)zone_memory(ZONE_PAGES - 1) + 1,
        page_memory(HEAP_ADDRESS), /* free */
        page_memory(HEAP_ADDRESS - PAGE_SIZE_BYTES),
        page_memory(HEAP_ADDRESS + POOL_BLOCKS * PAGE_SIZE_BYTES),
        (char *)0x1000,
        (char *)(UINTPTR_MAX - 0xFFF),
        (char *)UINTPTR_MAX,
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

/* ---------------------------------------------------------------- the low zone */

static const struct e820_entry whole_low_zone = {LOW_ZONE_PHYSICAL, LOW_ZONE_BYTES, 1, 1};

#ifdef WINDOW_ADDRESS /* i386 */
static void test_addresses(void **state)
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
#else
static void test_addresses(void **state)
{
    (void)state;
    static const paddr_t physical[] = {0,          LOW_ZONE_PHYSICAL, HEAP_ADDRESS,
                                       0xFFFFFFFF, 0x100000000,       FRAME_ZONE_END - 1};

    for (size_t i = 0; i < ARRAY_SIZE(physical); i++) {
        assert_int_equal((uintptr_t)page_memory(physical[i]), DIRECT_MAP + physical[i]);
        assert_int_equal(page_physical(page_memory(physical[i])), physical[i]);
    }
    assert_int_equal(page_physical((void *)KERNEL_ADDRESS), KERNEL_PHYSICAL);
    assert_int_equal(page_physical((void *)(KERNEL_END_MAX - 1)), LOW_ZONE_PHYSICAL - 1);
}
#endif

/* Zone, low zone, pool, in this order; every page of the low zone can be written to and comes
 * back. */
static void test_low_zone_after_zone_before_pool(void **state)
{
    (void)state;
    struct e820_entry entries[] = {whole_low_zone,
                                   {FRAME_ZONE_ADDRESS, ZONE_PAGES * PAGE_SIZE_BYTES, 1, 1}};
    struct pmm_stats stats;

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    pmm_get_stats(&stats);
    assert_int_equal(stats.low_total, 0xC00);
    assert_int_equal(stats.low_free, 0xC00);
    assert_int_equal(stats.unreachable, 0);
    assert_int_equal(stats.kernel, 0xA0 + 0x300);
    assert_counts_agree();

    size_t count = take_all();
    assert_int_equal(count, pmm.zone_total + 0xC00 + POOL_BLOCKS - POOL_KERNEL);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(is_in_zone(frames[i]), i < pmm.zone_total);
        assert_int_equal(is_in_low_zone(frames[i]),
                         i >= pmm.zone_total && i < pmm.zone_total + 0xC00);
    }
    assert_counts_agree();
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

/* Is the frame in the tail, behind the structs of all frames? */
static bool is_in_tail(const void *frame)
{
    const struct page *last = pmm.tail_zone.pages + pmm.tail_total;

    return page_physical(frame) >= KERNEL_END && page_physical(frame) < TAIL_END &&
           (const void *)last <= frame;
}

/* One for each frame, of all kinds, none twice: what is written to them stays. */
static void check_structs(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        page_share(frames[i]);
        page_of(frames[i])->index = (uint32_t)i;
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(page_of(frames[i])->index, i);
        assert_int_equal(page_of(frames[i])->holders, 2);
    }
    assert_counts_agree();
}

/* Zone, tail, low zone, pool, in this order; every page of the tail can be written to, has a struct
 * and comes back. */
static void test_tail_after_zone_before_low_zone(void **state)
{
    (void)state;
    struct e820_entry entries[] = {whole_low_zone,
                                   {FRAME_ZONE_ADDRESS, ZONE_PAGES * PAGE_SIZE_BYTES, 1, 1}};
    struct pmm_stats stats;

    start_behind(KERNEL_END, POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    pmm_get_stats(&stats);
    size_t tail = stats.tail_total;
    size_t structs =
        (LOW_PAGES + HEAP_SIZE_BYTES / PAGE_SIZE_BYTES + ZONE_PAGES) * sizeof(struct page);
    assert_in_range(tail, pages(TAIL_END - KERNEL_END - structs) - 8,
                    pages(TAIL_END - KERNEL_END - structs) - 2);
    assert_int_equal(stats.tail_free, tail);
    assert_int_equal(stats.kernel, 0xA0 + 0x300 - tail);
    assert_int_equal(stats.unreachable, 0);
    assert_counts_agree();

    size_t count = take_all();
    assert_int_equal(count, pmm.zone_total + tail + 0xC00 + POOL_BLOCKS - POOL_KERNEL);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(is_in_zone(frames[i]), i < pmm.zone_total);
        assert_int_equal(is_in_tail(frames[i]), i >= pmm.zone_total && i < pmm.zone_total + tail);
    }
    check_structs(count);
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

static void test_wrong_frees_in_the_tail(void **state)
{
    (void)state;
    start_behind(KERNEL_END, POOL_BLOCKS, NULL, 0);
    char *page = pmm_alloc_page();
    char *run = pmm_alloc_frames(3);
    size_t free = pmm_get_free_pages();
    char *const wrong[] = {page + 1,
                           page - PAGE_SIZE_BYTES,
                           run + PAGE_SIZE_BYTES,
                           run + 3 * PAGE_SIZE_BYTES,
                           page_memory(TAIL_END),
                           page_memory(KERNEL_END)};

    assert_true(is_in_tail(page) && is_in_tail(run));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_int_equal(pmm_free_page(wrong[i]), -EINVARG);
        assert_int_equal(pmm_free_zeroed_page(wrong[i]), -EINVARG);
        assert_int_equal(pmm_free_frames(wrong[i]), -EINVARG);
        assert_int_equal(pmm_get_free_pages(), free);
    }
    assert_int_equal(pmm_free_page(run), -EINVARG);
    assert_int_equal(pmm_free_zeroed_page(memset(page, 0, PAGE_SIZE_BYTES)), OK);
    assert_int_equal(pmm.zeroed_count, 0);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

/* Kernels of every length: the tail is a zone, or all zero, and counts agree. */
static void test_tails_of_every_length(void **state)
{
    (void)state;
    bool was_zone = true;

    for (paddr_t end = KERNEL_END_LONG - 12 * PAGE_SIZE_BYTES;
         end <= KERNEL_END_LONG + 8 * PAGE_SIZE_BYTES; end += PAGE_SIZE_BYTES) {
        start_behind(end, POOL_BLOCKS, NULL, 0);
        bool is_zone = pmm.tail_total > 0;

        assert_true(was_zone || !is_zone);
        was_zone = is_zone;
        assert_counts_agree();
        size_t count = take_all();
        assert_int_equal(count, pmm.tail_total + POOL_BLOCKS - POOL_KERNEL);
        free_all(count);
    }
    assert_false(was_zone);
}

static void test_holes_in_the_low_zone(void **state)
{
    (void)state;
    /* An ISA hole at 15 MiB, a page that the firmware keeps, and nothing in the first page. */
    static const struct e820_entry entries[] = {
        {LOW_ZONE_PHYSICAL + 0x1000, 0xF00000 - LOW_ZONE_PHYSICAL - 0x1000, 1, 1},
        {0x800000, 0x1000, 2, 1}};

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    size_t managed = 0xB00 - 2;
    assert_int_equal(pmm.low_total, managed);
    assert_counts_agree();
    assert_null(pmm_alloc_frames(0x700));
    void *run = pmm_alloc_frames(0x6FF); /* from behind the kept page to the hole */
    assert_ptr_equal(run, page_memory(0x801000));
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(take_all(), managed + POOL_BLOCKS - POOL_KERNEL);
    free_all(managed + POOL_BLOCKS - POOL_KERNEL);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_wrong_frees_in_the_low_zone(void **state)
{
    (void)state;
    start(POOL_BLOCKS, &whole_low_zone, 1);
    char *page = pmm_alloc_page();
    char *run = pmm_alloc_frames(3);
    size_t free = pmm_get_free_pages();
    char *const wrong[] = {page + 1,
                           (char *)(uintptr_t)page_physical(page),
                           run + PAGE_SIZE_BYTES,
                           run + 3 * PAGE_SIZE_BYTES,
                           (char *)page_memory(LOW_ZONE_PHYSICAL) + LOW_ZONE_BYTES,
                           (char *)page_memory(LOW_ZONE_PHYSICAL) - PAGE_SIZE_BYTES};

    assert_true(is_in_low_zone(page) && is_in_low_zone(run));
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

/* ---------------------------------------------------------------- several zones */

#define GIB 0x40000000ull
#define MIB 0x100000ull

#if FRAME_ZONES_MAX > 1

/* Memory behind count zones' RAM, which stays mapped; once. */
static void map_ram(const struct e820_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stub_map_memory((uintptr_t)page_memory(entries[i].base), entries[i].length);
    }
}

/* A PC with 16 GiB: a hole below 4 GiB, and a page that the firmware keeps in the middle. */
static void test_zones_beyond_4_gib(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {
        {1 * GIB, 2 * GIB, 1, 1}, {4 * GIB, 13 * GIB, 1, 1}, {6 * GIB, 0x1000, 2, 1}};
    struct pmm_stats stats;

    map_ram(entries, 2);
    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    assert_int_equal(pmm.zone_count, 1);
    assert_counts_agree();
    assert_int_equal(page_physical(pmm_alloc_page()) / GIB, 1);

    pmm_add_high_zones(&map);
    pmm_get_stats(&stats);
    assert_int_equal(pmm.zone_count, 2);
    assert_int_equal(stats.unreachable, 0);
    assert_int_equal(stats.zone_total + stats.bookkeeping, 15 * GIB / PAGE_SIZE_BYTES - 1);
    assert_true(stats.bookkeeping * 1000 <= stats.zone_total * 12); /* 1.2 percent */
    assert_counts_agree();
    /* The tables of each zone lie inside it: those below 4 GiB are written before all is mapped. */
    assert_int_equal(page_physical(pmm.zones[0].table.entries) / GIB, 1);
    assert_int_equal(page_physical(pmm.zones[1].table.entries) / GIB, 4);

    /* The lower zone first; beyond it the other, in whole runs, and each goes back where it was. */
    size_t low = heap_free_blocks(&pmm.zones[0].heap);
    void *all = pmm_alloc_frames(low);
    assert_int_equal(page_physical(all) / GIB, 1);
    char *high = pmm_alloc_page();
    assert_true(page_physical(high) >= 4 * GIB);
    memset(high, 0xEE, PAGE_SIZE_BYTES);
    char *run = pmm_alloc_frames(10 * GIB / PAGE_SIZE_BYTES);
    assert_true(page_physical(run) > 6 * GIB);
    assert_null(pmm_alloc_frames(3 * GIB / PAGE_SIZE_BYTES));
    assert_int_equal(pmm_free_page(run), -EINVARG);
    assert_int_equal(pmm_free_page(high + 1), -EINVARG);
    assert_int_equal(pmm_free_frames(page_memory(6 * GIB)), -EINVARG); /* the firmware's */
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_free_frames(run), -EINVARG);
    memset(high, 0, PAGE_SIZE_BYTES);
    assert_int_equal(pmm_free_zeroed_page(high), OK);
    assert_int_equal(pmm_free_zeroed_page(high), -EINVARG);
    assert_int_equal(pmm.zeroed_count, 0);
    assert_int_equal(pmm_free_frames(all), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages() - 1);
    assert_counts_agree();
}

/* RAM far up costs tables for itself, not for the hole before it. */
static void test_a_large_hole_costs_nothing(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {{1 * GIB, 16 * MIB, 1, 1},
                                                {1 * GIB + 17 * MIB, 16 * MIB, 1, 1},
                                                {3 * GIB, 16 * MIB, 1, 1},
                                                {8192 * GIB, 16 * MIB, 1, 1}};

    map_ram(entries + 2, 2); /* the first two are mapped already */
    start_behind(KERNEL_END, POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    assert_int_equal(pmm.zone_count, 2); /* the hole of 1 MiB is in the first */
    pmm_add_high_zones(&map);
    assert_int_equal(pmm.zone_count, 3);
    assert_int_equal(pmm.zone_total + pmm.bookkeeping, 64 * MIB / PAGE_SIZE_BYTES);
    /* The structs of the frames far up lie in their zone: the tail is a zone itself by then. */
    assert_true(pmm.bookkeeping <= 64 + pages(16 * MIB / PAGE_SIZE_BYTES * sizeof(struct page)));
    assert_counts_agree();
}

/* More pieces than zones: the smaller holes are put up with, and every page is used. */
static void test_more_pieces_than_zones(void **state)
{
    (void)state;
    struct e820_entry entries[13];
    enum { PIECES = ARRAY_SIZE(entries) };
    uint64_t at = 17 * GIB;

    for (size_t i = 0; i < PIECES; i++) {
        entries[i] = (struct e820_entry){at, 4 * MIB, 1, 1};
        at += 4 * MIB + (i % 2 == 0 ? 20 * MIB : 100 * MIB);
    }
    stub_map_memory((uintptr_t)page_memory(17 * GIB), at - 17 * GIB);
    start(POOL_BLOCKS, entries, PIECES);
    assert_int_equal(pmm.zone_count, 0);
    pmm_add_high_zones(&map);
    assert_int_equal(pmm.zone_count, 7); /* holes of 100 MiB part them */
    assert_int_equal(pmm.zone_total + pmm.bookkeeping, PIECES * 4 * MIB / PAGE_SIZE_BYTES);
    assert_counts_agree();
    size_t pages_ = pmm.zone_total;
    for (size_t i = 0; i < pages_; i++) {
        void *page = pmm_alloc_page();

        assert_true(
            memory_map_is_usable(&map, page_physical(page), page_physical(page) + PAGE_SIZE_BYTES));
        assert_true(is_in_zone(page));
    }
    assert_false(is_in_zone(pmm_alloc_page()));
}

#else

/* i386 has one zone, whatever its holes. */
static void test_one_zone(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {
        {FRAME_ZONE_ADDRESS, 8 * MIB, 1, 1}, {1 * GIB, 1 * MIB, 1, 1}, {4 * GIB, 13 * GIB, 1, 1}};
    struct pmm_stats stats;

    start(POOL_BLOCKS, entries, ARRAY_SIZE(entries));
    pmm_add_high_zones(&map);
    pmm_get_stats(&stats);
    assert_int_equal(pmm.zone_count, 1);
    assert_int_equal(stats.zone_total + stats.bookkeeping, 9 * MIB / PAGE_SIZE_BYTES);
    assert_int_equal(stats.unreachable, 13 * GIB / PAGE_SIZE_BYTES);
    assert_counts_agree();
}

#endif

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
    assert_ptr_equal(run, page_memory(HEAP_ADDRESS));
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

/* ---------------------------------------------------------------- promises */

/* Promises all that can be. */
static size_t promise_all(void)
{
    size_t available = pmm_get_available_pages();

    assert_true(pmm_promise(available));
    assert_int_equal(pmm_get_available_pages(), 0);
    assert_false(pmm_promise(1));
    assert_int_equal(pmm_get_promised_pages(), available);
    return available;
}

static void assert_nobody_gets_a_page(void)
{
    size_t free = pmm_get_free_pages();

    assert_null(pmm_alloc_page());
    assert_null(pmm_alloc_zeroed_page());
    assert_null(pmm_alloc_frames(1));
    assert_null(pmm_alloc_frames(2));
    assert_false(pmm_promise(1));
    assert_int_equal(pmm_get_free_pages(), free);
}

/* Keeps the promises from frames[from] on. */
static void take_promised_pages(size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        size_t promises = pmm_get_promised_pages();

        frames[i] = pmm_alloc_promised_page();
        assert_non_null(frames[i]);
        memset(frames[i], 0xEE, PAGE_SIZE_BYTES);
        assert_int_equal(pmm_get_promised_pages(), promises - 1);
    }
}

/* All kmalloc() gives, into blocks[]; a block each. */
static void *blocks[POOL_BLOCKS + 1];
static size_t kmalloc_all(void)
{
    size_t count = 0;

    while ((blocks[count] = kmalloc(1)) != NULL) {
        count++;
    }
    return count;
}

static void kfree_all(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kfree(blocks[i]);
    }
}

/* Of zone, low zone and pool. The kernel has its part of the pool before, after and in the midst of
 * it. */
static void test_promises_are_kept(void **state)
{
    (void)state;
    const struct e820_entry more[] = {{FRAME_ZONE_ADDRESS, ZONE_PAGES * PAGE_SIZE_BYTES, 1, 1},
                                      whole_low_zone};

    for (int round = 0; round < 3; round++) {
        start(POOL_BLOCKS, more, ARRAY_SIZE(more));
        size_t total = pmm_get_free_pages(), of_kernel = 0;

        of_kernel = round == 0 ? kmalloc_all() : 0;
        kfree_all(of_kernel);
        assert_int_equal(of_kernel, round == 0 ? POOL_BLOCKS : 0);
        size_t count = promise_all();
        assert_int_equal(count, total - POOL_KERNEL);
        assert_nobody_gets_a_page();
        if (round == 1) {
            of_kernel = kmalloc_all();
            assert_int_equal(of_kernel, POOL_KERNEL);
            assert_nobody_gets_a_page();
        }
        take_promised_pages(0, count / 2);
        assert_nobody_gets_a_page();
        if (round == 2) {
            of_kernel = kmalloc_all();
            assert_int_equal(of_kernel, POOL_KERNEL);
        }
        take_promised_pages(count / 2, count - count / 2);
        assert_int_equal(pmm_get_promised_pages(), 0);
        assert_int_equal(pmm_get_free_pages(), of_kernel > 0 && round > 0 ? 0 : POOL_KERNEL);
        free_all(count);
        kfree_all(round > 0 ? of_kernel : 0);
        assert_int_equal(pmm_get_free_pages(), total);
        assert_int_equal(pmm_get_available_pages(), total - POOL_KERNEL);
        assert_counts_agree();
    }
}

static void test_promises_go_back(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t available = pmm_get_available_pages();

    assert_true(pmm_promise(0));
    assert_false(pmm_promise(SIZE_MAX));
    assert_false(pmm_promise(available + 1));
    assert_int_equal(pmm_get_promised_pages(), 0);
    assert_true(pmm_promise(5) && pmm_promise(7));
    assert_int_equal(pmm_get_promised_pages(), 12);
    assert_int_equal(pmm_get_available_pages(), available - 12);
    pmm_give_back_promise(3);
    assert_int_equal(pmm_get_promised_pages(), 9);
    size_t count = take_all();
    assert_int_equal(count, available - 9);
    pmm_give_back_promise(2);
    assert_non_null(frames[count] = pmm_alloc_page());
    assert_non_null(frames[count + 1] = pmm_alloc_page());
    assert_nobody_gets_a_page();
    pmm_give_back_promise(7);
    assert_int_equal(pmm_get_available_pages(), 7);
    free_all(count + 2);
    assert_int_equal(pmm_get_available_pages(), available);
    assert_counts_agree();
}

/* Runs, and blocks of more than one page, leave what was promised, too. */
static void test_promises_and_runs(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t available = pmm_get_available_pages();

    assert_true(pmm_promise(available - 8));
    assert_null(pmm_alloc_frames(9));
    void *run = pmm_alloc_frames(8);
    assert_non_null(run);
    assert_nobody_gets_a_page();
    assert_null(kmalloc((POOL_KERNEL + 1) * PAGE_SIZE_BYTES));
    void *block = kmalloc(POOL_KERNEL * PAGE_SIZE_BYTES);
    assert_non_null(block);
    assert_null(kmalloc(1));
    take_promised_pages(0, available - 8);
    assert_int_equal(pmm_get_free_pages(), 0);
    free_all(available - 8);
    kfree(block);
    assert_int_equal(pmm_free_frames(run), OK);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static unsigned reclaims;

/* frames[0] is a page that somebody could do without. */
static size_t give_up_one(size_t count)
{
    assert_true(count > 0);
    reclaims++;
    assert_int_equal(pmm_free_page(frames[0]), OK);
    return 1;
}

/* Others are asked to give something back when that may help, and else left in peace. */
static void test_others_give_back(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t total = pmm_get_total_pages();
    size_t count = take_all();

    reclaims = 0;
    pmm_set_reclaimer(give_up_one, NULL);
    assert_false(pmm_promise(total + 1));
    assert_false(pmm_promise(SIZE_MAX));
    assert_int_equal(reclaims, 0);
    assert_true(pmm_promise(1));
    assert_int_equal(reclaims, 1);
    assert_null(pmm_alloc_frames(total + 1));
    assert_int_equal(reclaims, 1);
    pmm_set_reclaimer(NULL, NULL);
    take_promised_pages(0, 1);
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), total);
    assert_counts_agree();
}

/* So is kmalloc(): where all that it has left was promised. */
static void test_others_give_back_for_kmalloc(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    frames[0] = pmm_alloc_page();

    size_t promised = promise_all(), of_kernel = kmalloc_all();

    reclaims = 0;
    assert_null(kmalloc(1));
    pmm_set_reclaimer(give_up_one, NULL);
    void *block = kmalloc(1);
    pmm_set_reclaimer(NULL, NULL);
    assert_non_null(block);
    assert_int_equal(reclaims, 1);
    kfree(block);
    kfree_all(of_kernel);
    pmm_give_back_promise(promised);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

/* The kernel has used its part of the pool. A frame of the pool that comes back is of that part,
 * unless it is promised again at once. */
static void test_promises_of_what_was_freed(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t count = take_all();
    size_t of_kernel = kmalloc_all();
    void *page = frames[count - 1];

    assert_int_equal(of_kernel, POOL_KERNEL);
    assert_false(is_in_zone(page));
    assert_int_equal(pmm_free_page(page), OK);
    assert_false(pmm_promise(1));
    pmm_promise_freed(1);
    assert_null(kmalloc(1));
    assert_nobody_gets_a_page();
    assert_int_equal(pmm_get_available_pages(), 0);
    assert_ptr_equal(pmm_alloc_promised_page(), page);
    memset(page, 0xEE, PAGE_SIZE_BYTES);
    assert_int_equal(pmm_free_page(page), OK);
    pmm_promise_freed(1);
    assert_ptr_equal(pmm_alloc_promised_zeroed_page(), page);
    assert_true(is_zero(page));
    free_all(count);
    kfree_all(of_kernel);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

/* Frames that are kept zeroed serve for promises, both kinds. */
static void test_promises_and_zeroed_frames(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t count = take_all();

    for (size_t i = 0; i < 4; i++) {
        memset(frames[i], 0, PAGE_SIZE_BYTES);
        assert_int_equal(pmm_free_zeroed_page(frames[i]), OK);
    }
    assert_int_equal(promise_all(), 4);
    assert_nobody_gets_a_page();
    for (size_t i = 0; i < 4; i++) {
        frames[i] = i % 2 ? pmm_alloc_promised_page() : pmm_alloc_promised_zeroed_page();
        assert_true(i % 2 || is_zero(frames[i]));
    }
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
    assert_counts_agree();
}

/* Random calls against two numbers: what is free, and what is promised. */
static void test_promises_at_random(void **state)
{
    (void)state;
    uint32_t seed = 7;
    size_t used = 0, promises = 0, of_kernel = 0;

    start_simple(POOL_BLOCKS, 64);
    size_t total = pmm_get_free_pages();

    for (int round = 0; round < 60000; round++) {
        seed = seed * 1664525 + 1013904223;
        size_t amount = (seed >> 20) % 24, free = total - used - of_kernel;
        size_t pool = heap_free_blocks(kheap_get());
        size_t kept = MIN(pool, (size_t)POOL_KERNEL);
        bool can = free - kept >= promises + 1;

        switch ((seed >> 16) % 8) {
        case 0:
            can = free - kept >= promises && free - kept - promises >= amount;
            assert_int_equal(pmm_promise(amount), can);
            promises += can ? amount : 0;
            break;
        case 1:
            amount = MIN(amount, promises);
            pmm_give_back_promise(amount);
            promises -= amount;
            break;
        case 2:
        case 3:
            if (promises > 0) {
                frames[used++] = pmm_alloc_promised_page();
                promises--;
            }
            break;
        case 4:
            frames[used] = pmm_alloc_page();
            assert_int_equal(frames[used] != NULL, can);
            used += can;
            break;
        case 5:
            blocks[of_kernel] = kmalloc(1);
            can = pool > 0 && free > promises;
            assert_int_equal(blocks[of_kernel] != NULL, can);
            of_kernel += can;
            break;
        case 6:
            if (used > 0) {
                size_t i = seed % used;
                assert_int_equal(pmm_free_page(frames[i]), OK);
                frames[i] = frames[--used];
                if (amount < 6) {
                    pmm_promise_freed(1);
                    promises++;
                }
            }
            break;
        default:
            if (of_kernel > 0) {
                size_t i = seed % of_kernel;
                kfree(blocks[i]);
                blocks[i] = blocks[--of_kernel];
            }
        }
        assert_int_equal(pmm_get_promised_pages(), promises);
        assert_int_equal(pmm_get_free_pages(), total - used - of_kernel);
    }
    pmm_give_back_promise(promises);
    free_all(used);
    kfree_all(of_kernel);
    assert_int_equal(pmm_get_free_pages(), total);
    assert_counts_agree();
}

/* ---------------------------------------------------------------- structs of frames */

static void test_structs_of_frames(void **state)
{
    (void)state;
    const struct e820_entry more[] = {{FRAME_ZONE_ADDRESS, ZONE_PAGES * PAGE_SIZE_BYTES, 1, 1},
                                      whole_low_zone};

    start(POOL_BLOCKS, more, ARRAY_SIZE(more));
    size_t count = take_all();
    check_structs(count);
    free_all(count);

    /* No room behind the kernel but for pool and low zone: the zone's lie in it. */
    size_t before = pmm_get_free_pages();
    memset(&pmm, 0, sizeof(pmm));
    stub_kheap_create(POOL_BLOCKS);
    pmm_init(&map,
             TAIL_END - (LOW_PAGES + HEAP_SIZE_BYTES / PAGE_SIZE_BYTES) * sizeof(struct page));
    assert_true(is_in_zone(pmm.zones[0].pages));
    assert_true(pmm_get_free_pages() < before);
    count = take_all();
    assert_int_equal(count, pmm_get_total_pages() - POOL_KERNEL);
    check_structs(count);
    free_all(count);
    assert_int_equal(pmm_get_free_pages(), pmm_get_total_pages());
}

static void test_shared_frames(void **state)
{
    (void)state;
    start_simple(POOL_BLOCKS, ZONE_PAGES);
    size_t before = pmm_get_free_pages();
    void *page = pmm_alloc_page();

    memset(page_of(page), 0xA5, sizeof(struct page));
    page_share(page);
    assert_false(page_is_last(page));
    page_hold(page);
    assert_false(page_release(page));
    assert_false(page_release(page));
    assert_true(page_is_last(page));
    assert_int_equal(pmm_get_free_pages(), before - 1);
    page_of(page)->object = (struct page_object *)page;
    assert_false(page_is_last(page));
    page_of(page)->object = NULL;
    assert_true(page_release(page));
    assert_int_equal(pmm_get_free_pages(), before);
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
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_low_zone_after_zone_before_pool),
        cmocka_unit_test(test_tail_after_zone_before_low_zone),
        cmocka_unit_test(test_wrong_frees_in_the_tail),
        cmocka_unit_test(test_tails_of_every_length),
        cmocka_unit_test(test_holes_in_the_low_zone),
        cmocka_unit_test(test_wrong_frees_in_the_low_zone),
#if FRAME_ZONES_MAX > 1
        cmocka_unit_test(test_zones_beyond_4_gib),
        cmocka_unit_test(test_a_large_hole_costs_nothing),
        cmocka_unit_test(test_more_pieces_than_zones),
#else
        cmocka_unit_test(test_one_zone),
#endif
        cmocka_unit_test(test_runs_that_cannot_be),
        cmocka_unit_test(test_promises_are_kept),
        cmocka_unit_test(test_promises_go_back),
        cmocka_unit_test(test_promises_and_runs),
        cmocka_unit_test(test_others_give_back),
        cmocka_unit_test(test_others_give_back_for_kmalloc),
        cmocka_unit_test(test_promises_of_what_was_freed),
        cmocka_unit_test(test_promises_and_zeroed_frames),
        cmocka_unit_test(test_promises_at_random),
        cmocka_unit_test(test_structs_of_frames),
        cmocka_unit_test(test_shared_frames),
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
