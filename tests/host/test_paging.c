/*
 * test_paging.c - trees of page tables, in both formats: this file is built for 32 bits with
 * i386's, and for 64 with x86_64's. The CPU is played by a TLB that remembers translations until
 * they are flushed.
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

/* Frames' physical addresses are what they are; here they are far up, where no RAM is. */
#undef DIRECT_MAP

#include "arch/x86/cpu.h"
#include "debug/printk.h"

static void note_flush(uintptr_t address);
static void note_root(uintptr_t root);

#define cpu_invalidate_page(address) note_flush(address)
#define cpu_write_cr3(root)          note_root(root)

/* Included, so that each test starts from nothing, and for a look at the tables. */
#include "memory/paging/paging.c" /* NOLINT(bugprone-suspicious-include) */

#define PAGE       PAGE_SIZE_BYTES
#define USER       (PAGE_FLAG_PRESENT | PAGE_FLAG_WRITEABLE | PAGE_FLAG_USER)
#define LEAF_BYTES page_level_bytes(1) /* that one table of pages covers */

#if ARCH_BITS == 64
#define RAM_START    0x200000u
#define RAM_END      0xC0345000u /* neither a multiple of 2 MiB nor of 1 GiB */
#define KERNEL_TEXT  0xFFFFFFFF80100000u
#define ROOT_CHARGED 0
static const struct page_range ranges[] = {
    {KERNEL_TEXT, KERNEL_TEXT + 5 * PAGE, 0x100000, PAGE_FLAG_PRESENT | PAGE_FLAG_EXECUTABLE,
     false},
    {DIRECT_MAP + PAGE, DIRECT_MAP + 0x100000, PAGE, KERNEL_PAGE, false},
    {DIRECT_MAP + 0x100000, DIRECT_MAP + DIRECT_MAP_BYTES, 0x100000, KERNEL_PAGE, true},
    {VMALLOC_ADDRESS, VMALLOC_END, 0, 0, false},
};
#else
#define RAM_START   HEAP_ADDRESS
#define RAM_END     FRAME_ZONE_END
#define KERNEL_TEXT 0x100000u
static const struct page_range ranges[] = {
    {PAGE, KERNEL_TEXT, PAGE, KERNEL_PAGE, false},
    {KERNEL_TEXT, KERNEL_TEXT + 5 * PAGE, KERNEL_TEXT, PAGE_FLAG_PRESENT | PAGE_FLAG_EXECUTABLE,
     false},
    {HEAP_ADDRESS, FRAME_ZONE_END, HEAP_ADDRESS, KERNEL_PAGE, false},
    {0xD0000000, 0, 0xD0000000, KERNEL_PAGE | PAGE_FLAG_UNCACHED, false},
};
#endif

/* ---------------------------------------------------------------- frames for tables */

#define FRAMES 2048

static uint8_t frames[FRAMES][PAGE] __attribute__((aligned(PAGE)));
static bool is_taken[FRAMES];
static size_t taken, next_frame, frames_left = SIZE_MAX; /* before there are none */

void *pmm_alloc_page(void)
{
    if (frames_left == 0) {
        return NULL;
    }
    frames_left--;
    while (is_taken[next_frame]) {
        next_frame = (next_frame + 1) % FRAMES;
    }
    is_taken[next_frame] = true;
    taken++;
    assert_true(taken < FRAMES);
    return memset(frames[next_frame], 0xA5, PAGE);
}

void *pmm_alloc_zeroed_page(void)
{
    void *page = pmm_alloc_page();

    return page ? memset(page, 0, PAGE) : NULL;
}

int pmm_free_page(void *page)
{
    size_t i = (size_t)((uint8_t(*)[PAGE])page - frames);

    assert_true(IS_ALIGNED((uintptr_t)page, PAGE) && i < FRAMES && is_taken[i]);
    is_taken[i] = false;
    taken--;
    memset(page, 0x5A, PAGE);
    return OK;
}

int pmm_free_zeroed_page(void *page)
{
    for (size_t i = 0; i < PAGE; i++) {
        assert_int_equal(((uint8_t *)page)[i], 0);
    }
    return pmm_free_page(page);
}

/* ---------------------------------------------------------------- the CPU */

#define TLB_ENTRIES 64

/* As many translations as the CPU may have kept, of the address space in use. */
static struct {
    vaddr_t page;
    paddr_t frame;
    uint32_t flags;
    bool is_valid;
} tlb[TLB_ENTRIES];
static size_t flushes;
static unsigned largest = PAGE_LARGEST_LEVEL;

static void note_flush(uintptr_t address)
{
    flushes++;
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        if (tlb[i].page == ALIGN_DOWN(address, (uintptr_t)PAGE)) {
            tlb[i].is_valid = false;
        }
    }
}

void page_flush_all(void)
{
    flushes++;
    memset(tlb, 0, sizeof(tlb));
}

/* Global pages stay. */
static void note_root(uintptr_t root)
{
    (void)root;
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        tlb[i].is_valid = tlb[i].is_valid && tlb[i].flags & PAGE_FLAG_GLOBAL;
    }
}

static bool translate(vaddr_t address, paddr_t *frame, uint32_t *flags)
{
    struct paging_step steps[PAGE_LEVELS];
    size_t count = paging_walk(paging.current, address, steps);

    *flags = page_entry_flags(steps[count - 1].entry) & ~PAGE_FLAG_LARGE;
    return paging_get_physical_address(paging.current, (void *)address, frame) == OK;
}

/* The CPU uses address. */
static void touch(vaddr_t address)
{
    size_t i = (size_t)rand() % TLB_ENTRIES;

    tlb[i].page = ALIGN_DOWN(address, (vaddr_t)PAGE);
    tlb[i].is_valid = translate(tlb[i].page, &tlb[i].frame, &tlb[i].flags);
}

/* Nothing that was kept has become wrong. */
static void check_tlb(void)
{
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        paddr_t frame;
        uint32_t flags;

        if (tlb[i].is_valid) {
            assert_true(translate(tlb[i].page, &frame, &flags));
            assert_true(frame == tlb[i].frame && flags == tlb[i].flags);
        }
    }
}

/* ---------------------------------------------------------------- what else paging asks for */

const struct page_range *page_kernel_ranges(size_t *count)
{
    *count = ARRAY_SIZE(ranges);
    return ranges;
}

unsigned page_table_largest_level(void)
{
    return largest;
}

void page_table_enable(paddr_t root)
{
    (void)root;
}

void backtrace_set_address_check(bool (*is_readable_)(vaddr_t address))
{
    (void)is_readable_;
}

void panic_add_reporter(panic_reporter_t report)
{
    (void)report;
}

void paging_report_fault(const struct trap_frame *frame)
{
    (void)frame;
}

void printk(const char *format, ...)
{
    (void)format;
}

static jmp_buf after_panic;
static bool expects_panic;

void panic(const char *format, ...)
{
    if (!expects_panic) {
        fail_msg("panic: %s", format);
    }
    longjmp(after_panic, 1);
}

#define EXPECT_PANIC(call)                \
    do {                                  \
        expects_panic = true;             \
        if (setjmp(after_panic) == 0) {   \
            (call);                       \
            fail_msg("no panic: " #call); \
        }                                 \
        expects_panic = false;            \
    } while (0)

/* ---------------------------------------------------------------- checks */

/* Counts the chunk's own tables below table, whose entries are of level, and checks what is noted
 * of each. */
static size_t check_tables(const struct paging_4gb_chunk *chunk, const struct page_entry *table,
                           unsigned level, vaddr_t start)
{
    size_t tables = 0;

    for (unsigned i = 0; i < ENTRIES; i++) {
        vaddr_t address = start + ((vaddr_t)i << page_level_shift(level));

        assert_true(page_entry_is_empty(table[i]) || page_entry_is_present(table[i]));
        if (!is_own_table(chunk, table[i])) {
            continue;
        }
        const struct page_entry *below = table_of(table[i]);
        unsigned in_use = 0;

        for (unsigned j = 0; j < ENTRIES; j++) {
            in_use += !page_entry_is_empty(below[j]);
        }
        if (chunk != &paging.kernel) {
            assert_int_not_equal(in_use, 0);
            assert_int_equal(page_count(&chunk->counts, &table[i], address), in_use);
        }
        tables += 1 + (level > 1 ? check_tables(chunk, below, level - 1, address) : 0);
    }
    return tables;
}

static void check_chunk(const struct paging_4gb_chunk *chunk)
{
    assert_int_equal(check_tables(chunk, root_of(chunk), ROOT_LEVEL, 0), chunk->own_tables);
}

static size_t kernel_tables;

static int start(void **state)
{
    const struct e820_entry entries[] = {
        {0x1000, 0x9E000, 1, 1},
        {0x100000, RAM_END - 0x100000, 1, 1},
    };
    static struct memory_map map;

    (void)state;
    srand(1);
    memset(&paging, 0, sizeof(paging));
    memset(is_taken, 0, sizeof(is_taken));
    memset(tlb, 0, sizeof(tlb));
    taken = next_frame = 0;
    frames_left = SIZE_MAX;
    memory_map_build(&map, entries, ARRAY_SIZE(entries));
    paging_initialise(&map);
    enable_paging();
    kernel_tables = taken;
    return 0;
}

static __attribute__((unused)) int start_with_2mib_pages(void **state)
{
    largest = 1;
    return start(state);
}

static int end(void **state)
{
    (void)state;
    largest = PAGE_LARGEST_LEVEL;
    return 0;
}

static struct paging_4gb_chunk *new_chunk(void)
{
    struct paging_4gb_chunk *chunk = paging_new_4gb(PAGING_IS_PRESENT);

    assert_non_null(chunk);
    return chunk;
}

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
    assert_int_equal(PAGING_CHUNK_PAGES, ARCH_BITS == 64 ? 2 : 3);
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
        frames_left = left;
    }
    frames_left = SIZE_MAX;
    assert_null(paging_new_4gb(PAGE_FLAG_LARGE));
}

static void guard_pages(void **state)
{
    struct paging_4gb_chunk *chunks[] = {paging_kernel_chunk(), new_chunk(), new_chunk()};
    uint8_t *pages[] = {page_memory(0x42003000), page_memory(0x42004000),
                        page_memory(0x42000000 + LEAF_BYTES - PAGE)};
    size_t before = taken;
    paddr_t frame;

    (void)state;
    paging_switch(chunks[1]);
    for (size_t i = 0; i < TLB_ENTRIES; i++) {
        touch((vaddr_t)page_memory(0x42000000) + i * PAGE);
    }
    frames_left = 0;
    assert_int_equal(paging_guard_page(pages[0]), -ENOMEM);
    check_tlb();
    frames_left = SIZE_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        assert_int_equal(paging_guard_page(pages[i]), OK);
        assert_int_equal(paging_guard_page(pages[i]), -EISTKN);
        check_tlb();
        for (size_t j = 0; j < ARRAY_SIZE(chunks); j++) {
            assert_false(paging_is_mapped(chunks[j], pages[i]));
            assert_int_equal(
                paging_get_physical_address(chunks[j], (void *)page_memory(0x42005000), &frame),
                OK);
            assert_true(frame == 0x42005000);
        }
        touch((vaddr_t)page_memory(0x42005000));
    }
    struct paging_4gb_chunk *late = new_chunk();

    assert_false(paging_is_mapped(late, pages[0]));
    paging_free_4gb(late);
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        paging_unguard_page(pages[i]);
        check_tlb();
        for (size_t j = 0; j < ARRAY_SIZE(chunks); j++) {
            assert_int_equal(paging_get_physical_address(chunks[j], pages[i], &frame), OK);
            assert_true(frame == page_physical(pages[i]));
        }
    }
    assert_true(page_entry_is_large(paging_entry(chunks[1], (vaddr_t)pages[0])));
    /* Of a page of 1 GiB, the table of 2 MiB pages stays. */
    assert_int_equal(taken, before + (largest == 2));
    EXPECT_PANIC(paging_unguard_page(pages[0]));
    EXPECT_PANIC(paging_guard_page((void *)(KERNEL_TEXT)));
    paging_free_4gb(chunks[1]);
    paging_free_4gb(chunks[2]);
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

/* The first run of so many pages, by looking at each. */
static void finds_free_runs(const struct paging_4gb_chunk *chunk, size_t page)
{
    size_t limit = SPANS * SPAN_PAGES, count = 1 + (size_t)rand() % 40, run = 0, expected = limit;
    vaddr_t first = address_of(page), last = first;

    if (page >= limit) {
        return;
    }
    for (size_t i = page; i < limit && run < count; i++) {
        run = model[i].flags ? 0 : run + 1;
        expected = run == count ? i + 1 - count : limit;
    }
    while ((last - first) / PAGE < count && last < address_of(0) + limit * PAGE) {
        (void)paging_extend_free_run(chunk, &first, &last, count);
    }
    if (expected < limit) {
        assert_true(first == address_of(expected));
    } else {
        assert_true(first + count * PAGE > address_of(0) + limit * PAGE);
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
        unsigned what = (unsigned)rand() % 64;

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
        } else if (what < 62) {
            size_t span = page / SPAN_PAGES * SPAN_PAGES;

            frames_left = SIZE_MAX;
            for (size_t j = span; j < span + SPAN_PAGES; j++) {
                if (model[j].flags) {
                    assert_true(page_entry_frame(paging_take(chunk, (void *)address_of(j))) > 0 ||
                                model[j].frame < PAGING_4MIB_BYTES);
                    set_model(j, 1, 0, 0);
                }
            }
        } else {
            finds_free_runs(chunk, page);
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

static void releases_in_parts(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    size_t before = taken, released = 0;
    vaddr_t start_at = NEAR + LEAF_BYTES - 3 * PAGE;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        void *frame = pmm_alloc_page();

        assert_int_equal(
            paging_map(chunk, (void *)(start_at + i * PAGE), (void *)page_physical(frame), USER),
            OK);
    }
    size_t used = taken - before;

    assert_int_equal(used, 6 + (ARCH_BITS == 64 ? 4 : 2));
    vaddr_t at = paging_release_part(chunk, 0x40000000, FAR, 2, &released);

    assert_true(at == start_at + 2 * PAGE && released == 2);
    released = 0;
    at = paging_release_part(chunk, at, start_at + 4 * PAGE, SIZE_MAX, &released);
    assert_true(at == start_at + 4 * PAGE && released == 3); /* two pages and a table */
    check_chunk(chunk);
    paging_release_range(chunk, 0x40000000, FAR);
    assert_int_equal(taken, before);
    paging_free_4gb(chunk);
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
        TEST(guard_pages),
        TEST(byte_heap_pages),
        TEST(random_changes),
        TEST(releases_in_parts),
        TEST(refuses_what_is_not_a_page),
        TEST(finds_what_may_be_written_and_executed),
        TEST(walks_step_by_step),
#if ARCH_BITS == 64
        TEST_2MIB(maps_the_kernel),
        TEST_2MIB(guard_pages),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
