/*
 * tests/kernel/x86_64/test_address_map.c - what is mapped where in long mode (layout_arch.h).
 */
#include "base/status.h"
#include "ktest.h"
#include "layout.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"

static struct paging_4gb_chunk *new_chunk(void)
{
    return paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
}

static bool shows(const struct paging_4gb_chunk *chunk, vaddr_t address, paddr_t physical)
{
    paddr_t found = 0;

    return paging_get_physical_address(chunk, (void *)address, &found) == OK && found == physical;
}

/* Every range, at both of its ends: mapped as the map says. */
KTEST(paging_new_chunk_follows_the_address_map)
{
    struct heap_stats pool;
    heap_get_stats(kheap_get(), &pool);
    const vaddr_t pool_end =
        DIRECT_MAP + HEAP_ADDRESS + (pool.total - pool.reserved) * PAGE_SIZE_BYTES;
    const struct {
        vaddr_t start, last;
        bool is_mapped;
        paddr_t physical; /* of start */
    } ranges[] = {
        {0x0000000000000000, 0x00007FFFFFFFFFFF, false, 0},       /* the user's */
        {0xFFFF800000001000, 0xFFFF80000009EFFF, true, 0x1000},   /* boot info, thunk, heap table */
        {0xFFFF8000000A0000, 0xFFFF8000000FFFFF, true, 0xA0000},  /* VGA, ROM */
        {0xFFFF800000100000, 0xFFFF8000003FFFFF, true, 0x100000}, /* the kernel, once more */
        {0xFFFF800000400000, 0xFFFF800000FFFFFF, true, 0x400000}, /* low zone */
        {0xFFFF800001000000, pool_end - 1, true, 0x1000000},      /* pool: as far as there is RAM */
        {0xFFFFA00000000000, 0xFFFFA00FFFFFFFFF, false, 0},       /* byte heap */
        {0xFFFFFFFF80100000, 0xFFFFFFFF80100FFF, true, 0x100000}, /* the kernel */
        {0xFFFFFFFF80400000, 0xFFFFFFFFFFFFFFFF, false, 0},       /* behind it */
    };
    struct paging_4gb_chunk *chunk = new_chunk();

    KEXPECT(chunk);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        vaddr_t ends[] = {ranges[i].start, ranges[i].last};

        for (size_t end = 0; end < 2; end++) {
            KEXPECT(paging_is_mapped(chunk, (void *)ends[end]) == ranges[i].is_mapped);
            KEXPECT(!ranges[i].is_mapped ||
                    shows(chunk, ends[end], ranges[i].physical + (ends[end] - ranges[i].start)));
        }
    }
    /* Addresses that do not exist are no mapped ones. */
    KEXPECT(!paging_is_mapped(chunk, (void *)USER_END));
    KEXPECT(!paging_is_mapped(chunk, (void *)0xFFFF7FFFFFFFFFFFul));
    KEXPECT(paging_map(chunk, (void *)USER_END, (void *)0x1802000, PAGING_IS_WRITEABLE) ==
            -EINVARG);
    paging_free_4gb(chunk);
}

/* All pages from address on that table, of that level, leads to: how many are a user's, how many
 * can be executed, and of these the lowest and the end of the highest. */
struct found {
    size_t pages, of_the_user;
    vaddr_t first_code, code_end;
};

static void look(const struct page_entry *table, unsigned level, vaddr_t address, unsigned first,
                 struct found *found)
{
    for (unsigned i = first; i < PAGE_TABLE_ENTRIES; i++) {
        vaddr_t at = address + i * page_level_bytes(level);

        if (level == PAGE_LEVELS - 1) {
            at |= 0xFFFF000000000000;
        }
        if (!page_entry_is_present(table[i])) {
            continue;
        }
        if (level > 0 && page_entry_is_table(table[i])) {
            look(page_memory(page_entry_frame(table[i])), level - 1, at, 0, found);
            continue;
        }
        uint32_t flags = page_entry_flags(table[i]);

        found->pages++;
        found->of_the_user += (flags & PAGING_ACCESS_FROM_ALL) != 0;
        if (flags & PAGING_IS_EXECUTABLE) {
            found->first_code = found->first_code ? found->first_code : at;
            found->code_end = at + page_level_bytes(level);
        }
    }
}

/* Of all that the kernel has mapped nothing is a program's, and only its own text is code. */
KTEST(paging_kernel_memory_is_never_the_users_and_only_text_is_code)
{
    extern uint8_t kernel_start[], kernel_text_end[];
    struct paging_4gb_chunk *chunk = new_chunk();
    struct found found = {0};

    KEXPECT(chunk);
    look((const struct page_entry *)chunk->directory_entry, PAGE_LEVELS - 1, 0,
         PAGE_ROOT_KERNEL_FIRST, &found);
    KEXPECT(found.pages > 100);
    KEXPECT(found.of_the_user == 0);
    KEXPECT(found.first_code == (vaddr_t)kernel_start);
    KEXPECT(found.code_end == (vaddr_t)kernel_text_end);
    paging_free_4gb(chunk);
}

/* The kernel's half is one for all: another chunk cannot change it, and what changes is seen in
 * each. */
KTEST(paging_kernel_half_is_shared)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    void *high = (void *)(MMIO_ADDRESS + 0x10000000);
    void *page = page_memory(HEAP_ADDRESS);

    KEXPECT(chunk);
    KEXPECT(paging_map(chunk, page, (void *)0x1802000, PAGING_IS_WRITEABLE) == -EINVARG);
    KEXPECT(paging_unmap(chunk, page) == -EINVARG);
    KEXPECT(shows(chunk, (vaddr_t)page, HEAP_ADDRESS));
    KEXPECT(paging_map(paging_kernel_chunk(), high, (void *)0xE0000000, PAGING_CACHE_DISABLED) ==
            OK);
    KEXPECT(shows(chunk, (vaddr_t)high, 0xE0000000));
    KEXPECT(paging_unmap(paging_kernel_chunk(), high) == OK);
    KEXPECT(!paging_is_mapped(chunk, high));
    for (unsigned i = PAGE_ROOT_KERNEL_FIRST; i < PAGE_TABLE_ENTRIES; i++) {
        KEXPECT((chunk->directory_entry[i] & ~(page_entry_bits_t)PAGING_ACCESSED) ==
                (paging_kernel_chunk()->directory_entry[i] & ~(page_entry_bits_t)PAGING_ACCESSED));
    }
    paging_free_4gb(chunk);
}

/* The lower 48 bits of such an address are those of one that exists: a page of the direct map. */
KTEST(paging_changes_no_address_for_one_that_is_none)
{
    struct paging_4gb_chunk *chunk = paging_kernel_chunk();
    void *none = (void *)(USER_END + HEAP_ADDRESS);
    void *page = page_memory(HEAP_ADDRESS);
    page_entry_bits_t entry = paging_get(chunk, page);

    KEXPECT(entry != 0);
    KEXPECT(paging_map(chunk, none, (void *)HEAP_ADDRESS, 0) == -EINVARG);
    KEXPECT(paging_map_4mib(chunk, none, (void *)HEAP_ADDRESS, 0) == -EINVARG);
    KEXPECT(paging_unmap(chunk, none) == -EINVARG);
    KEXPECT(paging_set(chunk, none, 0) == -EINVARG);
    KEXPECT(!paging_is_mapped(chunk, none));
    KEXPECT(paging_get(chunk, page) == entry);
}
