/*
 * tests/kernel/test_seeds_incro.c - the lines of IncroOS's document, typed with its names.
 */
#include "ktest.h"
#include "base/align.h"
#include "base/status.h"
#include "memory/heap/byte_heap.h"

#include "memory/seeds/incro.h"

/* In the document's order: frames, mappings, heap. */
KTEST(seeds_incro_frames)
{
    pmm_init();
    size_t pages = pmm_get_free_pages();
    uint64_t page = pmm_alloc_page();

    KEXPECT(page && page % 4096 == 0 && pages - pmm_get_free_pages() == 1);
    pmm_free_page(page + 1); /* nothing happens */
    pmm_free_page(page | 1ull << 32);
    KEXPECT(pages - pmm_get_free_pages() == 1);
    pmm_free_page(page);
    pmm_free_page(page);
    KEXPECT(pages == pmm_get_free_pages() && pmm_get_total_pages() >= pages);
}

KTEST(seeds_incro_mappings)
{
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = paging_new_4gb(0);
    uint64_t frame = pmm_alloc_page();
    uint64_t virt = 0x80000000;
    volatile uint32_t *at = (volatile uint32_t *)0x80000000;

    KEXPECT(chunk && frame);
    vmm_init();
    paging_switch(chunk);
    bool is_loaded = vmm_get_cr3() == page_physical(chunk->directory_entry);
    bool is_mapped = vmm_map_page(virt, frame, PTE_PRESENT | PTE_WRITABLE);
    *at = 0x5EED;
    uint32_t flags = paging_get(chunk, (void *)0x80000000) & PAGING_FLAGS_MASK;
    uint64_t where = vmm_get_physical(virt + 0x123);
    uint32_t seen = *(volatile uint32_t *)page_memory((paddr_t)frame);
    vmm_unmap_page(virt);
    uint64_t nowhere = vmm_get_physical(virt);
    vmm_unmap_page(virt); /* nothing happens */
    bool is_refused = !vmm_map_page(virt + 1, frame, PTE_PRESENT) &&
                      !vmm_map_page(1ull << 47, frame, PTE_PRESENT) &&
                      !vmm_map_page(virt, 1ull << 52, PTE_PRESENT) &&
                      !vmm_map_page(virt + 4096, 0, PTE_PRESENT | PTE_HUGEPAGE);
    /* From 4 GiB on there are addresses if, as in the document, there are four levels. */
    bool is_far_right = vmm_map_page(1ull << 40, frame, PTE_PRESENT) == (PAGE_LEVELS == 4) &&
                        vmm_get_physical(1ull << 40 | 5) == (PAGE_LEVELS == 4 ? frame + 5 : 0);
    vmm_unmap_page(1ull << 40);
    uint64_t beyond = vmm_get_physical(1ull << 40 | 5) | vmm_get_physical(1ull << 32 | 0x100000);
    bool is_huge = vmm_map_page(virt, 0x01000000, PTE_PRESENT | PTE_HUGEPAGE) &&
                   vmm_get_physical(virt + 0x234567) == 0x01234567;
    paging_switch(before);
    paging_free_4gb(chunk);
    pmm_free_page(frame);
    KEXPECT(is_loaded && is_mapped && where == frame + 0x123 && seen == 0x5EED);
    KEXPECT(flags == (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED | PTE_DIRTY));
    KEXPECT(nowhere == 0 && is_refused && is_far_right && beyond == 0 && is_huge);
    KEXPECT(PTE_PRESENT == 0x1 && PTE_WRITABLE == 0x2 && PTE_USER == 0x4 &&
            PTE_WRITETHROUGH == 0x8);
    KEXPECT(PTE_NOCACHE == 0x10 && PTE_ACCESSED == 0x20 && PTE_DIRTY == 0x40);
    KEXPECT(PTE_HUGEPAGE == 0x80 && PTE_GLOBAL == 0x100);
}

/* What size bytes take: a header, in multiples of 16. */
#define PIECE(size) ALIGN_UP((size) + BYTE_HEAP_HEADER_BYTES, 16)

/* From 1 MiB to 16 MiB, and back. */
KTEST(seeds_incro_heap)
{
    heap_init();
    KEXPECT(heap_get_used() == 0 && heap_get_free() == 0x100000);
    char *small = kmalloc(50);
    size_t used = heap_get_used();
    char *large = kmalloc(15 * 0x100000);
    size_t used_large = heap_get_used();

    KEXPECT(small && large);
    large[15 * 0x100000 - 1] = 1;
    kfree(small);
    kfree(large);
    size_t used_after = heap_get_used(), free_after = heap_get_free();
    vmalloc_trim();
    KEXPECT(used == PIECE(50) && used_large == PIECE(50) + PIECE(15 * 0x100000));
    KEXPECT(used_after == 0 && free_after == 0x100000);
}
