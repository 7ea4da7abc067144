/*
 * paging_fixture.h - paging.c with frames, a CPU, and a kernel's map of its own. The CPU is played
 * by a TLB that remembers translations until they are flushed. In both formats: 32 bits have
 * i386's, 64 bits x86_64's. To be included once, after cmocka.h.
 */
#ifndef TESTS_HOST_PAGING_FIXTURE_H
#define TESTS_HOST_PAGING_FIXTURE_H

/* Frames' physical addresses are what they are; here they are far up, where no RAM is. */
#undef DIRECT_MAP

#include "arch/x86/cpu.h"
#include "debug/printk.h"
#include "memory/heap/kmem_cache.h"
#include "memory/page.h"

static void note_flush(uintptr_t address);
static void note_root(uintptr_t root);

#define cpu_invalidate_page(address) note_flush(address)
#define cpu_write_cr3(root)          note_root(root)
#define cpu_read_cr3()               0

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
static struct page frame_pages[FRAMES];
static size_t taken, next_frame, frames_left = SIZE_MAX; /* before there are none */
static size_t promised;                                  /* beside these */

static void *take_frame(void)
{
    while (is_taken[next_frame]) {
        next_frame = (next_frame + 1) % FRAMES;
    }
    is_taken[next_frame] = true;
    taken++;
    assert_true(taken < FRAMES);
    memset(&frame_pages[next_frame], 0xA5, sizeof(struct page));
    return memset(frames[next_frame], 0xA5, PAGE);
}

void *pmm_alloc_page(void)
{
    if (frames_left == 0) {
        return NULL;
    }
    frames_left--;
    return take_frame();
}

void *pmm_alloc_promised_page(void)
{
    assert_true(promised > 0);
    promised--;
    return take_frame();
}

void *pmm_alloc_promised_zeroed_page(void)
{
    return memset(pmm_alloc_promised_page(), 0, PAGE);
}

void pmm_give_back_promise(size_t count)
{
    assert_true(count <= promised);
    promised -= count;
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

struct page *page_of(const void *frame)
{
    size_t i = (size_t)((const uint8_t(*)[PAGE])frame - frames);

    assert_true(i < FRAMES && is_taken[i]);
    return &frame_pages[i];
}

bool page_release(void *frame)
{
    assert_in_range(page_of(frame)->holders, 1, FRAMES);
    return --page_of(frame)->holders == 0 && pmm_free_page(frame) == OK;
}

int pmm_free_zeroed_page(void *page)
{
    for (size_t i = 0; i < PAGE; i++) {
        assert_int_equal(((uint8_t *)page)[i], 0);
    }
    return pmm_free_page(page);
}

/* Small objects: the structs of chunks. */
static size_t objects;

void *kmem_alloc(size_t size)
{
    objects++;
    return malloc(size);
}

void kmem_free(void *object)
{
    objects -= object != NULL;
    free(object);
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
            assert_int_equal(page_count(chunk->counts, &table[i], address), in_use);
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
    taken = next_frame = promised = 0;
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

#endif
