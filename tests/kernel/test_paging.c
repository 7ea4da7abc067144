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
#include "base/status.h"

#define RW      (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE)
#define USER_RW (RW | PAGING_ACCESS_FROM_ALL)
#define MIB4    PAGING_4MIB_BYTES
#define TABLES  (PAGE_LEVELS - 1) /* of a page that is alone */

/* An entry without the bit for pages that are not executable, which i386 does not have. */
#define RAW(entry) ((entry) & ~(page_entry_bits_t)PAGE_NX)

static struct paging_4gb_chunk *new_chunk(void)
{
    return paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
}

static bool is_identity(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    paddr_t phys = 0;

    return paging_get_physical_address(chunk, (void *)address, &phys) == OK && phys == address;
}

/* Where the kernel sees it. */
static bool is_kernels(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    paddr_t phys = 0;

    return paging_get_physical_address(chunk, (void *)address, &phys) == OK &&
           phys == page_physical((void *)address);
}

/* Every address range of layout.h, at both of its ends: mapped as the map says, for whom it says. */
static const struct {
    vaddr_t start, last;
    bool is_mapped;
} ranges[] = {
#if ARCH_BITS == 64
    {0x0000000000000000, 0x00007FFFFFFFFFFF, false}, /* the user's */
    {0xFFFF800000000000, 0xFFFF800000000FFF, false}, /* page 0 */
    {0xFFFF800000001000, 0xFFFF80000009FFFF, true},  /* boot info, thunk, heap table */
    {0xFFFF8000000A0000, 0xFFFF8000000FFFFF, true},  /* VGA, ROM */
    {0xFFFF800000100000, 0xFFFF800000FFFFFF, true},  /* kernel, low zone */
    {0xFFFF800001000000, 0xFFFF800001FFFFFF, true},  /* pool */
    {0xFFFF9FFFFFE00000, 0xFFFF9FFFFFFFFFFF, false}, /* no RAM */
    {0xFFFFA00000000000, 0xFFFFFFFF800FFFFF, false}, /* byte heap, devices */
    {0xFFFFFFFF80100000, 0xFFFFFFFF80100FFF, true},  /* kernel */
    {0xFFFFFFFFFFFFF000, 0xFFFFFFFFFFFFFFFF, false},
#else
    {0x00000000, 0x00000FFF, false}, /* NULL */
    {0x00001000, 0x0009FFFF, true},  /* boot info, thunk, heap table */
    {0x000A0000, 0x000FFFFF, true},  /* VGA, ROM */
    {0x003FA000, 0x003FFFFF, false}, /* user stack and its guards */
    {0x00400000, 0x00FFFFFF, false}, /* user program */
    {0x01000000, 0x073FFFFF, true},  /* pool */
    {0x07400000, 0x7FFFFFFF, true},  /* frame zone */
    {0x80000000, 0xBFFFFFFF, false}, /* process heap */
    {0xC0C00000, 0xC0FFFFFF, false}, /* behind the window, which has a test of its own */
    {0xC1000000, 0xCFFFFFFF, false}, /* byte heap */
    {0xD0000000, 0xFFFFFFFF, true},  /* MMIO */
#endif
};

KTEST(paging_new_chunk_follows_the_address_map)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        vaddr_t ends[] = {ranges[i].start, ranges[i].last};

        for (size_t end = 0; end < 2; end++) {
            KEXPECT(paging_is_mapped(chunk, (void *)ends[end]) == ranges[i].is_mapped);
            KEXPECT(!ranges[i].is_mapped || is_kernels(chunk, ends[end]));
            KEXPECT(!(paging_get(chunk, (void *)ends[end]) & PAGING_ACCESS_FROM_ALL));
        }
    }
    KEXPECT(paging_get(chunk, page_memory(0x01000000)) & PAGING_GLOBAL);
    paging_free_4gb(chunk);
}

/* Physical 4 to 16 MiB, for the kernel alone, in the kernel's chunk and in a new one: on i386 in the window, as
 * the program hides them. */
KTEST(paging_low_zone_is_shown_elsewhere)
{
    struct paging_4gb_chunk *chunks[] = {paging_kernel_chunk(), new_chunk()};
    vaddr_t start = ARCH_BITS == 64 ? (vaddr_t)0xFFFF800000400000ull : 0xC0000000;

    KEXPECT(chunks[1]);
    for (size_t i = 0; i < 2; i++) {
        for (vaddr_t address = start; address < start + 0xC00000; address += 0x7F123) {
            uint32_t entry = (uint32_t)paging_get(chunks[i], (void *)address);
            paddr_t phys = 0;

            KEXPECT(paging_get_physical_address(chunks[i], (void *)address, &phys) == OK);
            KEXPECT(phys == address - start + 0x400000);
            KEXPECT(page_memory(phys) == (void *)address);
            KEXPECT(page_physical((void *)address) == phys);
            KEXPECT((entry & (PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL |
                              PAGING_CACHE_DISABLED)) == PAGING_IS_WRITEABLE);
        }
    }
    KEXPECT(page_physical(page_memory(0x3FFFFF)) == 0x3FFFFF);
    KEXPECT(page_physical(page_memory(0x1000000)) == 0x1000000);
#if ARCH_BITS != 64
    KEXPECT(page_physical((void *)0xC0C00000) == 0xC0C00000);
    KEXPECT(page_memory(0x3FFFFF) == (void *)0x3FFFFF);
    KEXPECT(page_memory(0x1000000) == (void *)0x1000000);
    KEXPECT(paging_get(chunks[1], (void *)0xD0000000) & PAGING_CACHE_DISABLED);
#endif
    paging_free_4gb(chunks[1]);
}

/* No page of a new chunk is a user's, with any flags. */
KTEST(paging_kernel_memory_is_never_the_users)
{
    struct paging_4gb_chunk *chunk = paging_new_4gb(USER_RW);

    KEXPECT(chunk);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        vaddr_t last = ranges[i].last - ranges[i].start < 1u << 30 ? ranges[i].last
                                                                   : ranges[i].start + (1u << 30);

        for (vaddr_t page = ranges[i].start; page <= last && page >= ranges[i].start;
             page += PAGE_SIZE_BYTES) {
            KEXPECT(!(paging_get(chunk, (void *)page) & PAGING_ACCESS_FROM_ALL));
        }
    }
    paging_free_4gb(chunk);
}

/* What may be written is not executed, in any address space; i386 cannot keep anybody from it. */
KTEST(paging_nothing_is_writable_and_executable)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    const struct paging_4gb_chunk *where;
    vaddr_t address = 0;

    KEXPECT(chunk);
    KEXPECT(!paging_find_writable_and_executable(&where, &address));
    KEXPECT(paging_map(chunk, (void *)0x80000000, (void *)0x01802000,
                       USER_RW | PAGING_IS_EXECUTABLE) == OK);
    KEXPECT(paging_find_writable_and_executable(&where, &address) == (ARCH_BITS == 64));
    KEXPECT(ARCH_BITS != 64 || (where == chunk && address == 0x80000000));
    paging_free_4gb(chunk);
}

KTEST(paging_new_chunk_takes_few_pages)
{
    size_t before = pmm_get_free_pages();
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    KEXPECT(PAGING_CHUNK_PAGES == (ARCH_BITS == 64 ? 2 : 3));
    KEXPECT(before - pmm_get_free_pages() == PAGING_CHUNK_PAGES);
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
    KEXPECT(ARCH_BITS == 64 || cpu_read_cr4() & CR4_PSE);
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
    KEXPECT(RAW(paging_get(chunk, (void *)0x80001000)) == (0x01802000 | USER_RW));
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

    KEXPECT(paging_map(chunk, (void *)0x80000000, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(paging_map(chunk, (void *)0x801FF000, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES);
    KEXPECT(paging_map(chunk, (void *)0x80400000, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES - 1);
    KEXPECT(paging_unmap(chunk, (void *)0x80000000) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES - 1);
    KEXPECT(paging_unmap(chunk, (void *)0x801FF000) == OK);
    KEXPECT(pmm_get_free_pages() == before - TABLES);
    KEXPECT(paging_missing_tables(chunk, 0x80000000) == 1);
    KEXPECT(paging_unmap(chunk, (void *)0x80400000) == OK);
    KEXPECT(pmm_get_free_pages() == before);
    paging_free_4gb(chunk);
}

KTEST(paging_free_gives_back_tables_in_use)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    for (uint32_t i = 0; i < 40; i++) {
        KEXPECT(paging_map(chunk, (void *)(uintptr_t)(0x80000000 + i * MIB4), (void *)0x01802000,
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

        KEXPECT(paging_get_physical_address(chunk, (void *)(uintptr_t)(0x803FE000 + i * 4096),
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
    KEXPECT(paging_map_range(chunk, (void *)(0 - (uintptr_t)4096), (void *)0x01802000, 2, RW) ==
            -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x80000000, (void *)(0 - (uintptr_t)4096), 2, RW) ==
            -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x80000000, (void *)0, SIZE_MAX, RW) == -EINVARG);
    paging_free_4gb(chunk);
}

KTEST(paging_map_4mib_translates_with_offset)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    paddr_t phys = 0;

    KEXPECT(chunk);
    KEXPECT(paging_map_4mib(chunk, (void *)0x80400000, (void *)0x01400000, USER_RW) == OK);
    KEXPECT(RAW(paging_get(chunk, (void *)0x80400000)) ==
            (0x01400000 | USER_RW | PAGING_LARGE_PAGE));
    KEXPECT(paging_get_physical_address(chunk, (void *)0x805234AB, &phys) == OK);
    KEXPECT(phys == 0x015234AB);
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
    KEXPECT(pmm_get_free_pages() == before);
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
    KEXPECT(RAW(paging_get(chunk, (void *)0x80401000)) == (0x01401000 | USER_RW));
    KEXPECT(RAW(paging_get(chunk, (void *)0x807FF000)) == (0x017FF000 | USER_RW));
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
    KEXPECT(paging_map(a, (void *)0x05000000, (void *)0x01802000, RW) == OK);
    KEXPECT(paging_map(a, (void *)0x00400000, (void *)0x01802000, USER_RW) == OK);
    KEXPECT(paging_map(a, (void *)USER_STACK_BOTTOM, (void *)0x01802000, USER_RW) == OK);
    /* On i386 the kernel's pool is there. */
    KEXPECT(is_identity(b, 0x05000000) == (ARCH_BITS != 64));
    KEXPECT(is_identity(paging_kernel_chunk(), 0x05000000) == (ARCH_BITS != 64));
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

    if (paging_map(chunk, (void *)0x2000, (void *)page_physical(frame), RW) != OK) {
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

/* With frame 0x1802000, which is reserved first: allocate up to it, keep it, free the rest. */
KTEST(paging_demo_awesome_at_0x1802000)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    char *all = kmalloc(0x1803000 - HEAP_ADDRESS);
    char *frame = page_memory(0x1802000);

    KEXPECT(chunk && all);
    KEXPECT(all <= frame && all + 0x803000 > frame);
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
    paging_map(chunk, (void *)window, (void *)page_physical(a), RW);
    uint32_t first = *window;
    paging_map(chunk, (void *)window, (void *)page_physical(b), RW);
    uint32_t second = *window;
    paging_unmap(chunk, (void *)window);
    paging_map(chunk, (void *)window, (void *)page_physical(a), RW);
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
    paging_map(chunk, (void *)window, (void *)page_physical(frame), RW);
    uint32_t fresh = (uint32_t)paging_get(chunk, (void *)window);
    (void)*window;
    uint32_t read = (uint32_t)paging_get(chunk, (void *)window);
    *window = 1;
    uint32_t written = (uint32_t)paging_get(chunk, (void *)window);
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
    KEXPECT(paging_align_address((void *)(0 - (uintptr_t)4096)) == (void *)(0 - (uintptr_t)4096));
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
    KEXPECT(RAW(paging_get(chunk, (void *)0x80000000)) == (0x01802000 | RW | PAGING_SOFTWARE_1));
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
    /* the first table of a range can be had, the second cannot */
    pmm_free_page(list_take_first(&taken));
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

/* A range over mapped pages whose second table cannot be had: what was mapped is mapped as before. */
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
    KEXPECT(RAW(paging_get(chunk, (void *)0x803FE000)) == (0x01900000 | USER_RW));
    KEXPECT(RAW(paging_get(chunk, (void *)0x803FF000)) == (0x01901000 | RW));
    /* A wrong argument changes nothing either, wherever it is found out. */
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802800, 2, RW) == -EINVARG);
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802000, 2,
                             RW | PAGING_LARGE_PAGE) == -EINVARG);
    KEXPECT(RAW(paging_get(chunk, (void *)0x803FE000)) == (0x01900000 | USER_RW));
    KEXPECT(paging_map_range(chunk, (void *)0x803FE000, (void *)0x01802000, 3, RW) == OK);
    KEXPECT(RAW(paging_get(chunk, (void *)0x803FE000)) == (0x01802000 | RW));
    KEXPECT(RAW(paging_get(chunk, (void *)0x80400000)) == (0x01804000 | RW));
    KEXPECT(pmm_get_free_pages() == free_before - TABLES - 1);
    paging_free_4gb(chunk);
}

/* A guard page is counted out of its table once: guarding it again changes nothing. */
KTEST(paging_guard_page_twice)
{
    uint8_t *page = pmm_alloc_page();

    KEXPECT(page);
    bool was_large = paging_get(paging_kernel_chunk(), page) & PAGING_LARGE_PAGE;
    KEXPECT(paging_guard_page(page) == OK);
    KEXPECT(paging_guard_page(page) == -EISTKN);
    KEXPECT(paging_guard_page(page) == -EISTKN);
    KEXPECT(!paging_is_mapped(paging_kernel_chunk(), page));
    paging_unguard_page(page);
    KEXPECT(is_kernels(paging_kernel_chunk(), (vaddr_t)page));
    /* The last guard page is gone, and the table with it. */
    KEXPECT(!was_large || paging_get(paging_kernel_chunk(), page) & PAGING_LARGE_PAGE);
    pmm_free_page(page);
}

/* A guard page is gone from every chunk, old and new, and comes back. */
KTEST(paging_guard_page_in_all_chunks)
{
    struct paging_4gb_chunk *before = new_chunk();
    uint8_t *page = pmm_alloc_page();

    KEXPECT(before && page);
    KEXPECT(paging_guard_page(page) == OK);
    struct paging_4gb_chunk *after = new_chunk();
    KEXPECT(after);
    KEXPECT(!paging_is_mapped(before, page));
    KEXPECT(!paging_is_mapped(after, page));
    KEXPECT(!paging_is_mapped(paging_kernel_chunk(), page));
    KEXPECT(is_kernels(before, (vaddr_t)page + 4096));
    KEXPECT(is_kernels(after, (vaddr_t)page - 4096));
    paging_unguard_page(page);
    KEXPECT(is_kernels(before, (vaddr_t)page));
    KEXPECT(is_kernels(after, (vaddr_t)page));
    KEXPECT(is_kernels(paging_kernel_chunk(), (vaddr_t)page));
    pmm_free_page(page);
    paging_free_4gb(before);
    paging_free_4gb(after);
}

static bool is_same_entry(const struct paging_4gb_chunk *chunk, uint32_t index)
{
    struct page_entry own = {chunk->directory_entry[index]};
    struct page_entry kernels = {paging_kernel_chunk()->directory_entry[index]};

    return page_entry_is_same(own, kernels);
}

/* Some chunks have used the 4 MiB around a guard page and some have not, when the page or the
 * table there is replaced: none may keep the old one. */
KTEST(paging_guard_page_in_chunks_that_used_it_or_not)
{
    struct paging_4gb_chunk *chunks[2] = {new_chunk(), new_chunk()};
    uint8_t *page = pmm_alloc_page();
    uint32_t index = page_table_index((vaddr_t)page, PAGE_LEVELS - 1);

    KEXPECT(chunks[0] && chunks[1] && page);
    chunks[0]->directory_entry[index] |= PAGING_ACCESSED | PAGING_DIRTY;
    chunks[1]->directory_entry[index] &= ~(page_entry_bits_t)(PAGING_ACCESSED | PAGING_DIRTY);
    KEXPECT(paging_guard_page(page) == OK);
    KEXPECT(is_same_entry(chunks[0], index) && is_same_entry(chunks[1], index));
    chunks[0]->directory_entry[index] |= PAGING_ACCESSED;
    chunks[1]->directory_entry[index] &= ~(page_entry_bits_t)PAGING_ACCESSED;
    paging_unguard_page(page);
    KEXPECT(is_same_entry(chunks[0], index) && is_same_entry(chunks[1], index));
    pmm_free_page(page);
    paging_free_4gb(chunks[0]);
    paging_free_4gb(chunks[1]);
}

/* A 4 MiB page that was used is seen anew when another takes its place. */
KTEST(paging_map_4mib_over_another)
{
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = new_chunk();
    volatile uint32_t *a = kmalloc(PAGE_SIZE_BYTES);
    paddr_t offset = page_physical((void *)a) % MIB4;
    const volatile uint32_t *b = a + MIB4 / sizeof(*a); /* only looked at */
    const volatile uint32_t *seen = (const volatile uint32_t *)(PROCESS_HEAP_ADDRESS + offset);

    KEXPECT(chunk && a);
    *a = ~*b;
    paging_switch(chunk);
    int first_status = paging_map_4mib(chunk, (void *)PROCESS_HEAP_ADDRESS,
                                       (void *)(page_physical((void *)a) - offset), RW);
    bool is_first_seen = *seen == *a;
    int second_status = paging_map_4mib(chunk, (void *)PROCESS_HEAP_ADDRESS,
                                        (void *)(page_physical((void *)b) - offset), RW);
    bool is_second_seen = *seen == *b;
    paging_switch(before);
    paging_free_4gb(chunk);
    kfree((void *)a);
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
