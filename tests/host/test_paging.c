/*
 * test_paging.c - trees of page tables, in both formats: this file is built for 32 bits with
 * i386's, and for 64 with x86_64's (paging_fixture.h).
 * Sources: src/memory/memory_map.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paging_fixture.h"

/* ---------------------------------------------------------------- the kernel's own map */

static void maps_the_kernel(void **state)
{
    struct paging_4gb_chunk *kernel = paging_kernel_chunk();
    paddr_t frame;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        vaddr_t last = ranges[i].end - PAGE;
        vaddr_t bytes = ranges[i].end - ranges[i].start;

        if (ranges[i].is_ram) {
            last = ranges[i].start + (RAM_END - ranges[i].frame) / PAGE * PAGE - PAGE;
            assert_false(paging_is_mapped(kernel, (void *)(last + PAGE)));
            bytes = last + PAGE - ranges[i].start;
        }
        for (vaddr_t offset = 0; ranges[i].flags && offset < bytes;
             offset += offset < 0x400000 ? PAGE : 0x3FF000) {
            vaddr_t address = ranges[i].start + offset;
            uint32_t flags = page_entry_flags(paging_entry(kernel, address));

            assert_int_equal(paging_get_physical_address(kernel, (void *)(address + 5), &frame),
                             OK);
            assert_true(frame == ranges[i].frame + offset + 5);
            assert_int_equal(flags & ~(PAGE_FLAG_LARGE | PAGE_FLAG_EXECUTABLE),
                             (ranges[i].flags | PAGE_FLAG_PRESENT) & ~PAGE_FLAG_EXECUTABLE);
            assert_true(!PAGE_CAN_FORBID_EXECUTION ||
                        (flags & PAGE_FLAG_EXECUTABLE) == (ranges[i].flags & PAGE_FLAG_EXECUTABLE));
        }
        assert_true(ranges[i].flags == 0 || paging_is_mapped(kernel, (void *)last));
    }
    assert_false(paging_is_mapped(kernel, NULL));
    check_chunk(kernel);
    /* i386: all in the static table. x86_64: two levels and a table for the image, the byte heap's;
     * and of the direct map one table of 1 GiB, and a few for its ends. */
    assert_in_range(kernel_tables, 0, ARCH_BITS == 64 ? (largest > 1 ? 9 : 12) : 0);
}

static void new_chunks_share_the_kernel(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    (void)state;
    assert_int_equal(taken - kernel_tables, PAGING_CHUNK_PAGES);
    assert_int_equal(PAGING_CHUNK_PAGES, ARCH_BITS == 64 ? 1 : 2);
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        assert_true(paging_get(chunk, (void *)ranges[i].start) ==
                    paging_get(paging_kernel_chunk(), (void *)ranges[i].start));
    }
    check_chunk(chunk);
    paging_free_4gb(chunk);
    assert_int_equal(taken, kernel_tables);
    for (frames_left = 0; frames_left < PAGING_CHUNK_PAGES; frames_left++) {
        size_t left = frames_left;

        assert_null(paging_new_4gb(0));
        assert_int_equal(taken, kernel_tables);
        assert_int_equal(objects, 0);
        frames_left = left;
    }
    frames_left = SIZE_MAX;
    assert_null(paging_new_4gb(PAGE_FLAG_LARGE));
}

static void byte_heap_pages(void **state)
{
    struct paging_4gb_chunk *chunks[] = {paging_kernel_chunk(), new_chunk(), new_chunk()};
    uint8_t *pages[] = {(uint8_t *)VMALLOC_ADDRESS, (uint8_t *)VMALLOC_ADDRESS + PAGE,
                        (uint8_t *)VMALLOC_ADDRESS + LEAF_BYTES, (uint8_t *)VMALLOC_END - PAGE};
    void *frame_of[ARRAY_SIZE(pages)];
    size_t before = taken;

    (void)state;
    paging_switch(chunks[2]);
    for (size_t left = 0; left < PAGE_LEVELS; left++) { /* as many tables lack below a held one */
        frames_left = left;
        int status = paging_map_kernel_page(pages[0], frames[FRAMES - 1]);

        frames_left = SIZE_MAX;
        if (status == OK) {
            (void)paging_unmap_kernel_page(pages[0]);
            break;
        }
        assert_int_equal(status, -ENOMEM);
        assert_int_equal(taken, before);
    }
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        frame_of[i] = pmm_alloc_page();
        assert_int_equal(paging_map_kernel_page(pages[i], frame_of[i]), OK);
        touch((vaddr_t)pages[i]);
        for (size_t j = 0; j < ARRAY_SIZE(chunks); j++) {
            assert_true(page_entry_frame(paging_entry(chunks[j], (vaddr_t)pages[i])) ==
                        page_physical(frame_of[i]));
        }
    }
    EXPECT_PANIC(paging_map_kernel_page(pages[0], frame_of[0]));
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        assert_ptr_equal(paging_unmap_kernel_page(pages[i]), frame_of[i]);
        pmm_free_page(frame_of[i]);
        check_tlb();
        for (size_t j = 0; j < ARRAY_SIZE(chunks); j++) {
            assert_false(paging_is_mapped(chunks[j], pages[i]));
        }
    }
    EXPECT_PANIC(paging_unmap_kernel_page(pages[0]));
    assert_int_equal(taken, before);
    paging_free_4gb(chunks[1]);
    paging_free_4gb(chunks[2]);
}

/* ---------------------------------------------------------------- against a simple map */

#define SPANS      3 /* side by side, each a table of pages; and one more far away */
#define SPAN_PAGES PAGE_TABLE_ENTRIES
#define PAGES      ((SPANS + 1) * SPAN_PAGES)
#define NEAR       0x80000000u
#if ARCH_BITS == 64
#define FAR (USER_END - LEAF_BYTES)
#else
#define FAR 0xBFC00000u
#endif

static struct {
    paddr_t frame;
    uint32_t flags; /* 0: not mapped */
} model[PAGES];

static vaddr_t address_of(size_t page)
{
    return page < SPANS * SPAN_PAGES ? NEAR + page * PAGE
                                     : FAR + (page - SPANS * SPAN_PAGES) * PAGE;
}

static void check_page(const struct paging_4gb_chunk *chunk, size_t page)
{
    struct page_entry entry = paging_entry(chunk, address_of(page));
    paddr_t frame = 0;
    int status = paging_get_physical_address(chunk, (void *)(address_of(page) + 0x123), &frame);

    if (model[page].flags == 0) {
        assert_true(page_entry_is_empty(entry) && status == -EINVARG);
        return;
    }
    assert_int_equal(status, OK);
    assert_true(frame == model[page].frame + 0x123);
    uint32_t expected = model[page].flags | (PAGE_CAN_FORBID_EXECUTION ? 0 : PAGE_FLAG_EXECUTABLE);

    assert_int_equal(page_entry_flags(entry) & ~PAGE_FLAG_LARGE, expected);
}

/* The tables that must be there: each span that is not empty has one, or is large, and those
 * above. */
static size_t count_needed_tables(const struct paging_4gb_chunk *chunk)
{
    bool is_needed[PAGE_LEVELS][SPANS + 1] = {0};
    size_t count = PAGE_MIXED_TABLES;

    for (size_t span = 0; span <= SPANS; span++) {
        struct paging_step steps[PAGE_LEVELS];
        vaddr_t start = address_of(span * SPAN_PAGES);
        bool is_empty = true;

        for (size_t i = 0; i < SPAN_PAGES; i++) {
            is_empty &= model[span * SPAN_PAGES + i].flags == 0;
        }
        if (is_empty) {
            continue;
        }
        count += paging_walk(chunk, start, steps) == PAGE_LEVELS;
        for (unsigned level = 2; level < PAGE_LEVELS; level++) {
            size_t other = span;

            while (other > 0 &&
                   (address_of((other - 1) * SPAN_PAGES) ^ start) >> page_level_shift(level) == 0) {
                other--;
            }
            count += !is_needed[level][other];
            is_needed[level][other] = true;
        }
    }
    return count;
}

static void check_all(const struct paging_4gb_chunk *chunk)
{
    size_t pages = PAGE_MIXED_TABLES;

    for (size_t i = 0; i < PAGES; i++) {
        check_page(chunk, i);
    }
    check_chunk(chunk);
    assert_int_equal(chunk->own_tables, count_needed_tables(chunk));
    assert_int_equal(taken - kernel_tables,
                     PAGING_CHUNK_PAGES - PAGE_MIXED_TABLES + chunk->own_tables);
    pages = paging_count_private(chunk, 0x40000000, FAR + LEAF_BYTES);
    for (size_t span = 0; span <= SPANS; span++) {
        struct paging_step steps[PAGE_LEVELS];

        for (size_t i = 0; i < SPAN_PAGES; i++) {
            /* A large page counts as an entry of the table that it is in, which nobody here
             * does. */
            pages -= model[span * SPAN_PAGES + i].flags != 0 &&
                     paging_walk(chunk, address_of(span * SPAN_PAGES), steps) == PAGE_LEVELS;
        }
    }
    assert_int_equal(pages, chunk->own_tables - PAGE_MIXED_TABLES);
}

static uint32_t some_flags(void)
{
    uint32_t flags = (uint32_t)rand() & (PAGE_FLAG_WRITEABLE | PAGE_FLAG_USER | PAGE_FLAG_MARK_2 |
                                         PAGE_FLAG_EXECUTABLE | PAGE_FLAG_UNCACHED);

    return flags | PAGE_FLAG_PRESENT;
}

static paddr_t some_frame(paddr_t alignment)
{
    return ((paddr_t)rand() << 12 & 0x3FFFFFFF) / alignment * alignment;
}

static void set_model(size_t page, size_t count, paddr_t frame, uint32_t flags)
{
    for (size_t i = 0; i < count; i++) {
        model[page + i].frame = frame + i * PAGE;
        model[page + i].flags = flags;
    }
}

static void maps_a_page(struct paging_4gb_chunk *chunk, size_t page)
{
    size_t missing = paging_missing_tables(chunk, address_of(page)), before = taken;
    bool was_large = page_entry_is_large(paging_entry(chunk, address_of(page)));
    paddr_t frame = some_frame(PAGE);
    uint32_t flags = some_flags();
    int status = paging_map(chunk, (void *)address_of(page), (void *)frame, flags);

    if (status == OK) {
        assert_int_equal(taken - before, missing + was_large);
        set_model(page, 1, frame, flags);
    } else {
        assert_int_equal(status, -ENOMEM);
        assert_true(missing + was_large > 0 && taken == before);
    }
}

static void unmaps_a_page(struct paging_4gb_chunk *chunk, size_t page)
{
    size_t before = taken;
    bool was_large = page_entry_is_large(paging_entry(chunk, address_of(page)));
    int status = paging_unmap(chunk, (void *)address_of(page));

    if (status == -ENOMEM) {
        assert_true(was_large);
        return;
    }
    assert_int_equal(status, model[page].flags ? OK : -EINVARG);
    assert_int_equal(before - taken + was_large,
                     status == OK && !was_large ? paging_missing_tables(chunk, address_of(page))
                                                : 0);
    set_model(page, 1, 0, 0);
}

static void maps_a_range(struct paging_4gb_chunk *chunk, size_t page)
{
    size_t limit = page < SPANS * SPAN_PAGES ? SPANS * SPAN_PAGES : PAGES;
    size_t count = (size_t)rand() % (limit - page + 1);
    paddr_t frame = some_frame(PAGE);
    uint32_t flags = some_flags();
    int status = paging_map_range(chunk, (void *)address_of(page), (void *)frame, count, flags);

    if (status == OK) {
        set_model(page, count, frame, flags);
    } else {
        assert_int_equal(status, -ENOMEM);
    }
}

static void maps_large_pages(struct paging_4gb_chunk *chunk, size_t page)
{
    size_t pages = PAGING_4MIB_BYTES / PAGE;
    paddr_t frame = some_frame(PAGING_4MIB_BYTES);
    uint32_t flags = some_flags();

    page = page / pages * pages;
    if (page + pages > SPANS * SPAN_PAGES) {
        return;
    }
    if (paging_map_4mib(chunk, (void *)address_of(page), (void *)frame, flags) == OK) {
        set_model(page, pages, frame, flags);
    }
}

static void random_changes(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    (void)state;
    memset(model, 0, sizeof(model));
    paging_switch(chunk);
    for (int i = 0; i < 30000; i++) {
        size_t page = (size_t)rand() % PAGES;
        unsigned what = (unsigned)rand() % 62;

        if (rand() % 3) { /* near the ends of spans, most */
            page = (page / SPAN_PAGES * SPAN_PAGES + page % 4 + PAGES - 2) % PAGES;
        }
        touch(address_of(page));
        frames_left = rand() % 16 == 0 ? (size_t)rand() % 4 : SIZE_MAX;
        if (what < 26) {
            maps_a_page(chunk, page);
        } else if (what < 58) {
            unmaps_a_page(chunk, page);
        } else if (what < 60) {
            maps_a_range(chunk, page);
        } else if (what < 61) {
            maps_large_pages(chunk, page);
        } else {
            size_t span = page / SPAN_PAGES * SPAN_PAGES;

            frames_left = SIZE_MAX;
            for (size_t j = span; j < span + SPAN_PAGES; j++) {
                if (model[j].flags) {
                    assert_true(page_entry_frame(paging_take(chunk, (void *)address_of(j))) > 0 ||
                                model[j].frame < PAGING_4MIB_BYTES);
                    set_model(j, 1, 0, 0);
                }
            }
        }
        check_page(chunk, page);
        check_tlb();
        if (i % 256 == 0) {
            check_all(chunk);
        }
    }
    assert_true(flushes > 0);
    paging_free_4gb(chunk);
    assert_int_equal(taken, kernel_tables);
}

/* ---------------------------------------------------------------- single things */

/* Tables that were promised come out of the promise, and what of it is left goes back with the
 * chunk. */
static void tables_are_promised(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    (void)state;
    frames_left = 0;
    assert_int_equal(paging_map(chunk, (void *)NEAR, (void *)RAM_START, USER), -ENOMEM);
    promised = 7;
    chunk->promised_tables = ROOT_LEVEL + 1;
    assert_int_equal(paging_map(chunk, (void *)NEAR, (void *)RAM_START, USER), OK);
    assert_int_equal(promised, 7 - ROOT_LEVEL);
    assert_int_equal(chunk->promised_tables, 1);
    assert_int_equal(chunk->own_tables - PAGE_MIXED_TABLES, ROOT_LEVEL);
    assert_int_equal(paging_map(chunk, (void *)(NEAR + PAGE), (void *)RAM_START, USER), OK);
    assert_int_equal(chunk->promised_tables, 1);
    check_chunk(chunk);
    paging_free_4gb(chunk);
    assert_int_equal(promised, 7 - ROOT_LEVEL - 1);
    assert_int_equal(taken, kernel_tables);
}

static void refuses_what_is_not_a_page(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    void *virt = (void *)NEAR;

    (void)state;
    assert_int_equal(paging_map(chunk, (uint8_t *)virt + 1, (void *)PAGE, USER), -EINVARG);
    assert_int_equal(paging_map(chunk, virt, (void *)(PAGE + 1), USER), -EINVARG);
    assert_int_equal(paging_map(chunk, virt, (void *)PAGE, USER | PAGE_FLAG_LARGE), -EINVARG);
    assert_int_equal(paging_map(chunk, virt, (void *)PAGE, 1u << 13), -EINVARG);
    assert_int_equal(paging_map_range(chunk, virt, (void *)PAGE, SIZE_MAX / PAGE, USER), -EINVARG);
    assert_int_equal(paging_map_4mib(chunk, virt, (void *)PAGING_4MIB_BYTES, PAGE_FLAG_OWN),
                     -EINVARG);
    assert_int_equal(paging_map_4mib(chunk, virt, (void *)PAGE, USER), -EINVARG);
    assert_int_equal(paging_set(chunk, virt, 0x1000), -EINVARG);
#if ARCH_BITS == 64
    void *hole = (void *)USER_END, *kernels = (void *)(DIRECT_MAP + 0x42000000);

    assert_int_equal(paging_map(chunk, hole, (void *)PAGE, USER), -EINVARG);
    assert_int_equal(paging_map(chunk, virt, (void *)0x0010000000000000, USER), -EINVARG);
    assert_int_equal(paging_map_range(chunk, (void *)(USER_END - PAGE), (void *)PAGE, 2, USER),
                     -EINVARG);
    assert_false(paging_is_mapped(chunk, (void *)(DIRECT_MAP - 0x0001000000000000 + PAGE)));
    /* What all share is not one's own to change. */
    assert_int_equal(paging_map(chunk, kernels, (void *)PAGE, USER), -EINVARG);
    assert_int_equal(paging_map_4mib(chunk, kernels, (void *)PAGING_4MIB_BYTES, USER), -EINVARG);
    assert_true(paging_is_mapped(chunk, kernels));
#endif
    check_chunk(chunk);
    paging_free_4gb(chunk);
    assert_int_equal(taken, kernel_tables);
}

static void finds_what_may_be_written_and_executed(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    const struct paging_4gb_chunk *where = NULL;
    vaddr_t address = 0;

    (void)state;
    assert_int_equal(paging_map(chunk, (void *)NEAR, (void *)PAGE, USER), OK);
    assert_int_equal(
        paging_map(chunk, (void *)FAR, (void *)PAGE, PAGE_FLAG_USER | PAGE_FLAG_EXECUTABLE), OK);
    assert_false(paging_find_writable_and_executable(&where, &address));
    assert_int_equal(
        paging_map(chunk, (void *)(FAR + PAGE), (void *)PAGE, USER | PAGE_FLAG_EXECUTABLE), OK);
    assert_int_equal(paging_find_writable_and_executable(&where, &address),
                     PAGE_CAN_FORBID_EXECUTION);
    assert_true(!PAGE_CAN_FORBID_EXECUTION || (where == chunk && address == FAR + PAGE));
    paging_free_4gb(chunk);
}

static void walks_step_by_step(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    struct paging_step steps[PAGE_LEVELS];

    (void)state;
    assert_int_equal(paging_walk(chunk, NEAR, steps), 1);
    assert_true(page_entry_is_empty(steps[0].entry) && steps[0].level == ROOT_LEVEL);
    assert_int_equal(paging_map(chunk, (void *)(NEAR + 3 * PAGE), (void *)0x5000, USER), OK);
    assert_int_equal(paging_walk(chunk, NEAR + 3 * PAGE + 7, steps), PAGE_LEVELS);
    assert_int_equal(steps[PAGE_LEVELS - 1].index, 3);
    assert_true(page_entry_frame(steps[PAGE_LEVELS - 1].entry) == 0x5000);
    assert_int_equal(paging_walk(chunk, NEAR, steps), PAGE_LEVELS);
    assert_int_equal(paging_walk(chunk, (vaddr_t)page_memory(0x42000000), steps),
                     PAGE_LEVELS - largest);
    assert_true(page_entry_is_large(steps[PAGE_LEVELS - 1 - largest].entry));
    paging_free_4gb(chunk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
#define TEST_2MIB(name)                                          \
    (const struct CMUnitTest)                                    \
    {                                                            \
#name " (2 MiB)", name, start_with_2mib_pages, end, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(maps_the_kernel),
        TEST(new_chunks_share_the_kernel),
        TEST(byte_heap_pages),
        TEST(random_changes),
        TEST(tables_are_promised),
        TEST(refuses_what_is_not_a_page),
        TEST(finds_what_may_be_written_and_executed),
        TEST(walks_step_by_step),
#if ARCH_BITS == 64
        TEST_2MIB(maps_the_kernel),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
