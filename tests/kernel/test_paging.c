/*
 * tests/kernel/test_paging.c - virtual memory on the real MMU.
 */
#include "arch/x86/cpu.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/memory.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "base/align.h"
#include "base/status.h"

#define RW      (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE)
#define USER_RW (RW | PAGING_ACCESS_FROM_ALL)
#define MIB4    0x400000u
#define LARGE   LARGE_PAGE_SIZE_BYTES

#define LAST_PAGE ((void *)~(vaddr_t)(PAGE_SIZE_BYTES - 1))

/* What leads from the root to one page. */
#define TABLES (PAGE_LEVELS - 1)

static struct paging_4gb_chunk *new_chunk(void)
{
    return paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
}

/* Does the entry for address say that? Whether the page may be executed is not looked at. */
static bool is_entry(const struct paging_4gb_chunk *chunk, vaddr_t address, paddr_t frame,
                     uint32_t flags)
{
    struct page_entry entry = paging_entry(chunk, address);

    return page_entry_frame(entry) == frame &&
           (page_entry_flags(entry) & PAGING_FLAGS_MASK) == flags;
}

/* A page of the kernel's, as a parameter called phys wants it. */
static void *frame_of(const volatile void *page)
{
    return (void *)page_physical((const void *)page);
}

KTEST(paging_new_chunk_takes_few_pages)
{
    struct paging_4gb_chunk *first = new_chunk(); /* with it come the slabs of small objects */
    size_t before = pmm_get_free_pages();
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(first && chunk);
    KEXPECT(before - pmm_get_free_pages() == PAGING_CHUNK_PAGES);
    paging_free_4gb(first);
    KEXPECT(PAGING_CHUNK_PAGES <= 3);
    paging_free_4gb(chunk);
    paging_free_4gb(NULL);
}

KTEST(paging_new_4gb_refuses_unknown_flags)
{
    KEXPECT(!paging_new_4gb(PAGING_LARGE_PAGE));
    KEXPECT(!paging_new_4gb(0x80000000));
}

KTEST(paging_control_registers)
{
    KEXPECT(cpu_read_cr0() & CR0_PG);
    KEXPECT(cpu_read_cr0() & CR0_WP);
    KEXPECT(paging_read_directory() == page_physical(paging_current()->directory_entry));
}

KTEST(paging_map_refuses_misaligned)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    KEXPECT(paging_map(chunk, (void *)0x80000001, (void *)0x2000, RW) == -EINVARG);
    KEXPECT(paging_map(chunk, (void *)0x80000000, (void *)0x2800, RW) == -EINVARG);
    KEXPECT(paging_map(chunk, (void *)0x80000000, (void *)0x2000, RW | PAGING_LARGE_PAGE) ==
            -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x80000800, (void *)0x2000, 1, RW) == -EINVARG);
    KEXPECT(paging_map_to(chunk, (void *)0x80000000, (void *)0x2000, (void *)0x3001, RW) ==
            -EINVARG);
    KEXPECT(paging_map_to(chunk, (void *)0x80000000, (void *)0x4000, (void *)0x3000, RW) ==
            -EINVARG);
    KEXPECT(paging_unmap(chunk, (void *)0x80000001) == -EINVARG);
    KEXPECT(paging_set(chunk, (void *)0x80000001, 0x2003) == -EINVARG);
    KEXPECT(!paging_is_mapped(chunk, (void *)0x80000000));
    paging_free_4gb(chunk);
}

KTEST(paging_map_translate_unmap)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    paddr_t phys = 0xABCDEF;

    KEXPECT(chunk);
    KEXPECT(paging_map(chunk, (void *)0x80001000, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(paging_get_physical_address(chunk, (void *)0x80001ABC, &phys) == OK);
    KEXPECT(phys == 0x01802ABC);
    KEXPECT(is_entry(chunk, 0x80001000, 0x01802000, USER_RW));
    KEXPECT(paging_unmap(chunk, (void *)0x80001000) == OK);
    phys = 0xABCDEF;
    KEXPECT(paging_get_physical_address(chunk, (void *)0x80001ABC, &phys) == -EINVARG);
    KEXPECT(phys == 0xABCDEF);
    KEXPECT(paging_unmap(chunk, (void *)0x80001000) == -EINVARG);
    paging_free_4gb(chunk);
}

/* "unmapped" is not the same as physical address 0. */
KTEST(paging_frame_zero_is_not_unmapped)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    paddr_t phys = 1;

    KEXPECT(chunk);
    KEXPECT(paging_map(chunk, (void *)0x80000000, (void *)0, RW) == OK);
    KEXPECT(paging_is_mapped(chunk, (void *)0x80000000));
    KEXPECT(paging_get_physical_address(chunk, (void *)0x80000000, &phys) == OK && phys == 0);
    paging_free_4gb(chunk);
}

KTEST(paging_table_goes_back_when_empty)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    KEXPECT(chunk);
    size_t before = pmm_get_free_pages();
    void *first = (void *)0x80000000;
    void *last = (void *)(0x80000000 + LARGE - 4096);
    void *next = (void *)(0x80000000 + LARGE);

    KEXPECT(paging_map(chunk, first, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(paging_map(chunk, last, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES);
    KEXPECT(paging_map(chunk, next, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES - 1);
    KEXPECT(paging_unmap(chunk, first) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES - 1);
    KEXPECT(paging_unmap(chunk, last) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES);
    KEXPECT(paging_missing_tables(chunk, (vaddr_t)first) == 1);
    KEXPECT(paging_unmap(chunk, next) == OK);
    KEXPECT(paging_missing_tables(chunk, (vaddr_t)first) == TABLES);
    KEXPECT(pmm_get_free_pages() == before);
    paging_free_4gb(chunk);
}

KTEST(paging_free_gives_back_tables_in_use)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    for (uint32_t i = 0; i < 40; i++) {
        KEXPECT(paging_map(chunk, (void *)(vaddr_t)(0x80000000 + i * LARGE), (void *)0x01802000,
                           RW) == OK);
    }
    paging_free_4gb(chunk); /* the runner counts */
}

KTEST(paging_map_range_and_to)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    /* across a table's end */
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802000, 4, USER_RW) == OK);
    for (uint32_t i = 0; i < 4; i++) {
        paddr_t phys = 0;

        KEXPECT(paging_get_physical_address(chunk, (void *)(vaddr_t)(0x803FE000 + i * 4096),
                                            &phys) == OK);
        KEXPECT(phys == 0x01802000 + i * 4096);
    }
    KEXPECT(!paging_is_mapped(chunk, (void *)0x80402000));
    KEXPECT(paging_map_to(chunk, (void *)0x90000000, (void *)0x01802000, (void *)0x01805000, RW) ==
            OK);
    KEXPECT(paging_is_mapped(chunk, (void *)0x90002000));
    KEXPECT(!paging_is_mapped(chunk, (void *)0x90003000));
    KEXPECT(paging_map_to(chunk, (void *)0x90003000, (void *)0x01802000, (void *)0x01802000, RW) ==
            OK);
    KEXPECT(!paging_is_mapped(chunk, (void *)0x90003000));
    /* neither may wrap */
    KEXPECT(paging_map_range(chunk, LAST_PAGE, (void *)0x01802000, 2, RW) == -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x80000000, LAST_PAGE, 2, RW) == -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x80000000, (void *)0, SIZE_MAX, RW) == -EINVARG);
    paging_free_4gb(chunk);
}

KTEST(paging_map_4mib_translates_with_offset)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    paddr_t phys = 0;

    KEXPECT(chunk);
    KEXPECT(paging_map_4mib(chunk, (void *)0x80400000, (void *)0x01400000, USER_RW) == OK);
    KEXPECT(is_entry(chunk, 0x80400000, 0x01400000, USER_RW | PAGING_LARGE_PAGE));
    KEXPECT(paging_get_physical_address(chunk, (void *)0x805234AB, &phys) == OK);
    KEXPECT(phys == 0x015234AB);
    KEXPECT(paging_get_physical_address(chunk, (void *)0x807234AB, &phys) == OK);
    KEXPECT(phys == 0x017234AB);
    KEXPECT(paging_is_mapped(chunk, (void *)0x807FFFFF));
    KEXPECT(!paging_is_mapped(chunk, (void *)0x80800000));
    KEXPECT(paging_map_4mib(chunk, (void *)0x80401000, (void *)0x01400000, RW) == -EINVARG);
    KEXPECT(paging_map_4mib(chunk, (void *)0x80400000, (void *)0x01401000, RW) == -EINVARG);
    /* The mark of private tables is none of a page's. */
    KEXPECT(paging_map_4mib(chunk, (void *)0x80400000, (void *)0x01400000,
                            RW | PAGING_SOFTWARE_1) == -EINVARG);
    paging_free_4gb(chunk);
}

KTEST(paging_map_4mib_replaces_a_table)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    KEXPECT(chunk);
    size_t before = pmm_get_free_pages();

    KEXPECT(paging_map(chunk, (void *)0x80400000, (void *)0x01802000, RW) == OK);
    KEXPECT(paging_map_4mib(chunk, (void *)0x80400000, (void *)0x01400000, RW) == OK);
    KEXPECT(pmm_get_free_pages() == before - (TABLES - 1));
    paging_free_4gb(chunk);
}

KTEST(paging_map_inside_4mib_splits_it)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    paddr_t phys = 0;

    KEXPECT(chunk);
    KEXPECT(paging_map_4mib(chunk, (void *)0x80400000, (void *)0x01400000, USER_RW) == OK);
    KEXPECT(paging_map(chunk, (void *)0x80402000, (void *)0x01802000, RW) == OK);
    KEXPECT(paging_get_physical_address(chunk, (void *)0x80402010, &phys) == OK);
    KEXPECT(phys == 0x01802010);
    KEXPECT(is_entry(chunk, 0x80401000, 0x01401000, USER_RW));
    KEXPECT(is_entry(chunk, 0x80400000 + LARGE - 4096, 0x01400000 + LARGE - 4096, USER_RW));
    KEXPECT(paging_unmap(chunk, (void *)0x80403000) == OK);
    KEXPECT(!paging_is_mapped(chunk, (void *)0x80403000));
    KEXPECT(paging_is_mapped(chunk, (void *)0x80404000));
    paging_free_4gb(chunk);
}

/* A change in one chunk is not seen in another, nor in the kernel's. */
KTEST(paging_chunks_are_separate)
{
    struct paging_4gb_chunk *a = new_chunk();
    struct paging_4gb_chunk *b = new_chunk();

    KEXPECT(a && b);
    KEXPECT(paging_map(a, (void *)0x00400000, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(paging_map(a, (void *)USER_STACK_BOTTOM, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(!paging_is_mapped(b, (void *)0x00400000));
    KEXPECT(!paging_is_mapped(b, (void *)USER_STACK_BOTTOM));
    KEXPECT(!paging_is_mapped(paging_kernel_chunk(), (void *)USER_STACK_BOTTOM));
    paging_free_4gb(a);
    paging_free_4gb(b);
}

/* The demonstration of the linear directory: the same bytes seen at two addresses. */
static bool demonstrate(struct paging_4gb_chunk *chunk, char *frame)
{
    bool is_same;

    if (paging_map(chunk, (void *)0x2000, frame_of(frame), RW) != OK) {
        return false;
    }
    paging_switch(chunk);
    memcpy((char *)0x2000, "AWESOME!", 9);
    is_same = memcmp(frame, "AWESOME!", 9) == 0;
    paging_switch(paging_kernel_chunk());
    return is_same;
}

KTEST(paging_demo_awesome_at_a_fresh_frame)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    char *frame = kcalloc(1, 4096);

    KEXPECT(chunk && frame);
    KEXPECT(demonstrate(chunk, frame));
    kfree(frame);
    paging_free_4gb(chunk);
}

/* With frame 0x1802000, which is reserved first: allocate up to it, keep it, free the rest. Where
 * RAM ends before, with one in the middle of the pool. */
KTEST(paging_demo_awesome_at_0x1802000)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    struct heap_stats stats;

    heap_get_stats(kheap_get(), &stats);
    size_t memory = (stats.total - stats.reserved) * PAGE_SIZE_BYTES;
    paddr_t place =
        memory > 0x803000 * 2 ? 0x1802000 : HEAP_ADDRESS + ALIGN_DOWN(memory / 2, PAGE_SIZE_BYTES);
    size_t bytes = place + PAGE_SIZE_BYTES - HEAP_ADDRESS;
    char *all = kmalloc(bytes);
    char *frame = page_memory(place);

    KEXPECT(chunk && all);
    KEXPECT(all <= frame);
    KEXPECT(all + bytes > frame);
    KEXPECT(demonstrate(chunk, frame));
    kfree(all);
    paging_free_4gb(chunk);
}

/* Each change of a mapping in use is seen at once: without INVLPG the old one would answer. */
KTEST(paging_changes_take_effect_at_once)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    uint32_t *a = kzalloc(4096);
    uint32_t *b = kzalloc(4096);
    volatile uint32_t *window = (uint32_t *)0x80000000;

    KEXPECT(chunk && a && b);
    *a = 1;
    *b = 2;
    paging_switch(chunk);
    paging_map(chunk, (void *)window, frame_of(a), RW);
    uint32_t first = *window;
    paging_map(chunk, (void *)window, frame_of(b), RW);
    uint32_t second = *window;
    paging_unmap(chunk, (void *)window);
    paging_map(chunk, (void *)window, frame_of(a), RW);
    uint32_t third = *window;
    paging_switch(paging_kernel_chunk());
    KEXPECT(first == 1 && second == 2 && third == 1);
    kfree(a);
    kfree(b);
    paging_free_4gb(chunk);
}

KTEST(paging_cpu_sets_accessed_and_dirty)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    void *frame = kzalloc(4096);
    volatile uint32_t *window = (uint32_t *)0x80000000;

    KEXPECT(chunk && frame);
    paging_switch(chunk);
    paging_map(chunk, (void *)window, frame_of(frame), RW);
    page_entry_bits_t fresh = paging_get(chunk, (void *)window);
    (void)*window;
    page_entry_bits_t read = paging_get(chunk, (void *)window);
    *window = 1;
    page_entry_bits_t written = paging_get(chunk, (void *)window);
    paging_switch(paging_kernel_chunk());
    KEXPECT(!(fresh & (PAGING_ACCESSED | PAGING_DIRTY)));
    KEXPECT((read & (PAGING_ACCESSED | PAGING_DIRTY)) == PAGING_ACCESSED);
    KEXPECT((written & (PAGING_ACCESSED | PAGING_DIRTY)) == (PAGING_ACCESSED | PAGING_DIRTY));
    kfree(frame);
    paging_free_4gb(chunk);
}

KTEST(paging_flags_are_the_cpus_bits)
{
    KEXPECT(PAGING_IS_PRESENT == 1u << 0 && PAGING_IS_WRITEABLE == 1u << 1);
    KEXPECT(PAGING_ACCESS_FROM_ALL == 1u << 2 && PAGING_WRITE_THROUGH == 1u << 3);
    KEXPECT(PAGING_CACHE_DISABLED == 1u << 4 && PAGING_ACCESSED == 1u << 5);
    KEXPECT(PAGING_DIRTY == 1u << 6 && PAGING_LARGE_PAGE == 1u << 7 && PAGING_GLOBAL == 1u << 8);
}

KTEST(paging_align)
{
    KEXPECT(paging_align_address((void *)0x1001) == (void *)0x2000);
    KEXPECT(paging_align_address((void *)0x1000) == (void *)0x1000);
    KEXPECT(paging_align_address(NULL) == NULL);
    KEXPECT(paging_align_address((void *)0xFFFFF000) == (void *)0xFFFFF000);
    KEXPECT(paging_align_to_lower_page((void *)0x1FFF) == (void *)0x1000);
    KEXPECT(paging_align_to_lower_page((void *)0x2000) == (void *)0x2000);
    KEXPECT(paging_is_aligned(NULL) && paging_is_aligned((void *)0x1000));
    KEXPECT(!paging_is_aligned((void *)0x1800));
}

KTEST(paging_get_and_set_raw_entries)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    KEXPECT(paging_get(chunk, (void *)0x80000000) == 0);
    KEXPECT(paging_set(chunk, (void *)0x80000000, 0x01802000 | RW | PAGING_SOFTWARE_1) == OK);
    KEXPECT(paging_get(chunk, (void *)0x80000000) == (0x01802000 | RW | PAGING_SOFTWARE_1));
    KEXPECT(paging_set(chunk, (void *)0x80001000, 0x01802000) == -EINVARG); /* not present */
    KEXPECT(paging_set(chunk, (void *)0x80000000, 0) == OK);
    KEXPECT(paging_set(chunk, (void *)0x80000000, 0) == OK);
    KEXPECT(!paging_is_mapped(chunk, (void *)0x80000000));
    paging_free_4gb(chunk);
}

/* Out of memory, at each of its pages, is NULL and loses nothing. */
KTEST(paging_new_4gb_out_of_memory)
{
    struct list_node taken;

    list_initialise(&taken);
    for (uint32_t left = 0; left < PAGING_CHUNK_PAGES; left++) {
        void *page;

        while ((page = pmm_alloc_page()) != NULL) {
            list_append(&taken, page);
        }
        for (uint32_t i = 0; i < left; i++) {
            pmm_free_page(list_take_first(&taken));
        }
        KEXPECT(!new_chunk());
        while ((page = list_take_first(&taken)) != NULL) {
            KEXPECT(pmm_free_page(page) == OK);
        }
    }
}

KTEST(paging_map_out_of_memory)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    struct list_node taken;
    void *page;

    KEXPECT(chunk);
    list_initialise(&taken);
    while ((page = pmm_alloc_page()) != NULL) {
        list_append(&taken, page);
    }
    int one = paging_map(chunk, (void *)0x80000000, (void *)0x01802000, RW);
    /* what leads to the first page of a range can be had, the second one's table cannot */
    for (uint32_t i = 0; i < TABLES; i++) {
        pmm_free_page(list_take_first(&taken));
    }
    int range = paging_map_range(chunk, (void *)0x803FF000, (void *)0x01802000, 2, RW);
    bool is_mapped = paging_is_mapped(chunk, (void *)0x803FF000);
    while ((page = list_take_first(&taken)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(one == -ENOMEM);
    KEXPECT(range == -ENOMEM);
    KEXPECT(!is_mapped);
    paging_free_4gb(chunk);
}

/* A range over mapped pages whose second table cannot be had: what was mapped is mapped as
 * before. */
KTEST(paging_map_range_keeps_what_it_cannot_replace)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    size_t free_before = pmm_get_free_pages();
    struct list_node taken;
    void *page;

    KEXPECT(chunk);
    KEXPECT(paging_map(chunk, (void *)0x803FE000, (void *)0x01900000, USER_RW) == OK);
    KEXPECT(paging_map(chunk, (void *)0x803FF000, (void *)0x01901000, RW) == OK);
    list_initialise(&taken);
    while ((page = pmm_alloc_page()) != NULL) {
        list_append(&taken, page);
    }
    int over_mapped = paging_map_range(chunk, (void *)0x803FD000, (void *)0x01802000, 4, RW);
    /* Two tables in the middle can be had, the third cannot: neither stays. */
    pmm_free_page(list_take_first(&taken));
    pmm_free_page(list_take_first(&taken));
    size_t free_for_tables = pmm_get_free_pages();
    int wide = paging_map_range(chunk, (void *)0x803FF000, (void *)0x01802000, 2050, RW);
    size_t free_after = pmm_get_free_pages();
    while ((page = list_take_first(&taken)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(over_mapped == -ENOMEM);
    KEXPECT(wide == -ENOMEM);
    KEXPECT(free_after == free_for_tables);
    KEXPECT(!paging_is_mapped(chunk, (void *)0x803FD000));
    KEXPECT(is_entry(chunk, 0x803FE000, 0x01900000, USER_RW));
    KEXPECT(is_entry(chunk, 0x803FF000, 0x01901000, RW));
    /* A wrong argument changes nothing either, wherever it is found out. */
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802800, 2, RW) == -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802000, 2,
                             RW | PAGING_LARGE_PAGE) == -EINVARG);
    KEXPECT(is_entry(chunk, 0x803FE000, 0x01900000, USER_RW));
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802000, 3, RW) == OK);
    KEXPECT(is_entry(chunk, 0x803FE000, 0x01802000, RW));
    KEXPECT(is_entry(chunk, 0x80400000, 0x01804000, RW));
    KEXPECT(pmm_get_free_pages() == free_before - TABLES - 1);
    paging_free_4gb(chunk);
}

/* A 4 MiB page that was used is seen anew when another takes its place. */
KTEST(paging_map_4mib_over_another)
{
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = new_chunk();
    volatile uint32_t *a = kmalloc(PAGE_SIZE_BYTES);
    uint32_t offset = (uint32_t)page_physical((const void *)a) % MIB4;
    const volatile uint32_t *b =
        page_memory(page_physical((const void *)a) - MIB4); /* only looked at */
    const volatile uint32_t *seen =
        (const volatile uint32_t *)(vaddr_t)(PROCESS_HEAP_ADDRESS + offset);

    KEXPECT(chunk && a);
    *a = ~*b;
    paging_switch(chunk);
    int first_status =
        paging_map_4mib(chunk, (void *)PROCESS_HEAP_ADDRESS, (uint8_t *)frame_of(a) - offset, RW);
    bool is_first_seen = *seen == *a;
    int second_status =
        paging_map_4mib(chunk, (void *)PROCESS_HEAP_ADDRESS, (uint8_t *)frame_of(b) - offset, RW);
    bool is_second_seen = *seen == *b;
    paging_switch(before);
    paging_free_4gb(chunk);
    kfree((void *)(uintptr_t)a);
    KEXPECT(first_status == OK && second_status == OK);
    KEXPECT(is_first_seen);
    KEXPECT(is_second_seen);
}

KTEST(paging_kernel_text_is_read_only)
{
    extern uint8_t kernel_start[], kernel_rodata_end[];

    for (uint8_t *page = kernel_start; page < kernel_rodata_end; page += 4096) {
        KEXPECT(!(paging_get(paging_kernel_chunk(), page) & PAGING_IS_WRITEABLE));
    }
    KEXPECT(paging_get(paging_kernel_chunk(), kernel_rodata_end) & PAGING_IS_WRITEABLE);
}
