/*
 * tests/kernel/test_vmalloc.c - the kernel's byte heap on real page tables. What the heap itself
 * does is tested on the host (tests/host/test_byte_heap.c).
 */
#include "ktest.h"
#include "layout.h"
#include "base/align.h"
#include "base/list.h"
#include "memory/heap/byte_heap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "memory/vmalloc.h"
#include "base/status.h"

#define MIB     0x100000u
#define USER_RW (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

/* What size bytes take: a header, in multiples of 16. */
#define PIECE(size) ALIGN_UP((size) + BYTE_HEAP_HEADER_BYTES, 16)

/* Tables for that many bytes: in long mode one more, which leads to the others. */
#define TABLES(bytes) \
    (ALIGN_UP(bytes, LARGE_PAGE_SIZE_BYTES) / LARGE_PAGE_SIZE_BYTES + PAGE_LEVELS / 4)

static void fill(uint32_t *memory, size_t bytes, uint32_t what)
{
    for (size_t i = 0; i < bytes / 4; i++) {
        memory[i] = (uint32_t)(what + i);
    }
}

static bool is_filled(const uint32_t *memory, size_t bytes, uint32_t what)
{
    for (size_t i = 0; i < bytes / 4; i++) {
        if (memory[i] != (uint32_t)(what + i)) {
            return false;
        }
    }
    return true;
}

/* From nothing to 1 MiB, to 17 MiB and more (on a small machine to half of what there is), and back
 * to nothing. */
KTEST(vmalloc_starts_at_1_mib_and_grows_to_17)
{
    size_t pages = pmm_get_free_pages();
    size_t count = MIN((size_t)17, pages * PAGE_SIZE_BYTES / MIB / 2);
    uint32_t *pieces[17];

    KEXPECT(vmalloc_used_bytes() == 0 && vmalloc_free_bytes() == 0 && !vmalloc_get());
    KEXPECT(vmalloc_initialise() == OK && vmalloc_initialise() == OK);
    KEXPECT(vmalloc_used_bytes() == 0 && vmalloc_free_bytes() == MIB);
    KEXPECT(pages - pmm_get_free_pages() == 256 + TABLES(MIB));
    KEXPECT(count > 1);
    for (uint32_t i = 0; i < count; i++) {
        pieces[i] = vmalloc(MIB);
        KEXPECT((uintptr_t)pieces[i] >= VMALLOC_ADDRESS && (uintptr_t)pieces[i] < VMALLOC_END);
        fill(pieces[i], MIB, i << 20);
    }
    KEXPECT(vmalloc_used_bytes() >= count * MIB);
    size_t bytes = vmalloc_used_bytes() + vmalloc_free_bytes();
    KEXPECT(pages - pmm_get_free_pages() == bytes / PAGE_SIZE_BYTES + TABLES(bytes));
    KEXPECT(byte_heap_check(vmalloc_get(), NULL) == OK);
    for (uint32_t i = 0; i < count; i++) {
        KEXPECT(is_filled(pieces[i], MIB, i << 20));
        vfree(pieces[i]);
    }
    KEXPECT(vmalloc_used_bytes() == 0 && vmalloc_free_bytes() == MIB);
    KEXPECT(pages - pmm_get_free_pages() == 256 + TABLES(MIB));
    KEXPECT(vmalloc_trim() == MIB && vmalloc_trim() == 0);
    KEXPECT(!vmalloc_get());
    KEXPECT(pages == pmm_get_free_pages());
}

/* Bytes, not blocks. */
KTEST(vmalloc_is_byte_granular)
{
    uint8_t *fifty = vmalloc(50);
    size_t used = vmalloc_used_bytes();
    uint8_t *next = vzalloc(5000);

    KEXPECT(fifty && next);
    KEXPECT(used == PIECE(50));
    KEXPECT(vmalloc_used_bytes() - used == PIECE(5000));
    KEXPECT((size_t)(next - fifty) == PIECE(50));
    for (size_t i = 0; i < 5000; i++) {
        KEXPECT(next[i] == 0);
    }
    KEXPECT(!vmalloc(0) && !vmalloc(SIZE_MAX) && !vmalloc(VMALLOC_END - VMALLOC_ADDRESS + 1));
    vfree(fifty);
    vfree(next);
    vfree(NULL);
    KEXPECT(vmalloc_used_bytes() == 0);
    vmalloc_trim();
}

/* An address space made before, one made after, and the kernel's own show the same; no user may
 * look; and what is given back is gone from all of them. */
KTEST(vmalloc_is_the_same_in_every_address_space)
{
    size_t pages = pmm_get_free_pages();
    struct paging_4gb_chunk *chunks[3] = {paging_new_4gb(USER_RW)};
    uint32_t *memory = vmalloc(6 * MIB);
    uint32_t wrong = 0;

    chunks[1] = paging_new_4gb(USER_RW);
    chunks[2] = paging_kernel_chunk();
    KEXPECT(chunks[0] && chunks[1] && memory);
    for (uint32_t i = 0; i < 3; i++) {
        paging_switch(chunks[i]);
        wrong += i > 0 && !is_filled(memory, 6 * MIB, i - 1);
        fill(memory, 6 * MIB, i);
        for (uint32_t offset = 0; offset < 6 * MIB; offset += PAGE_SIZE_BYTES) {
            page_entry_bits_t entry = paging_get(chunks[i], (uint8_t *)memory + offset);

            wrong += entry != paging_get(chunks[0], (uint8_t *)memory + offset);
            wrong += !(entry & PAGING_GLOBAL) || entry & PAGING_ACCESS_FROM_ALL;
        }
    }
    paging_switch(chunks[0]); /* frees happen in any address space */
    vfree(memory);
    vmalloc_trim();
    for (uint32_t i = 0; i < 3; i++) {
        for (vaddr_t address = VMALLOC_ADDRESS; address < VMALLOC_END;
             address += LARGE_PAGE_SIZE_BYTES) {
            wrong += paging_is_mapped(chunks[i], (void *)address);
        }
    }
    paging_switch(chunks[2]);
    paging_free_4gb(chunks[0]);
    paging_free_4gb(chunks[1]);
    kmem_reap();
    KEXPECT(wrong == 0);
    KEXPECT(pages == pmm_get_free_pages());
}

/* A page that was taken out and comes in again elsewhere is the new one: no stale translation is
 * left. */
KTEST(vmalloc_leaves_no_stale_translation)
{
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t *memory = vmalloc(2 * MIB);
        void *page = pmm_alloc_page(); /* so that the frames change places */

        KEXPECT(memory && page);
        fill(memory, 2 * MIB, round);
        for (uint32_t offset = 0; offset < 2 * MIB; offset += PAGE_SIZE_BYTES) {
            uint32_t *at = memory + offset / 4;
            paddr_t frame;

            KEXPECT(paging_get_physical_address(paging_kernel_chunk(), at, &frame) == OK);
            KEXPECT(*(const uint32_t *)page_memory(frame) == round + offset / 4);
        }
        vfree(memory);
        vmalloc_trim();
        KEXPECT(pmm_free_page(page) == OK);
    }
}

/* All that the machine has, or the kernel has addresses for, in pieces: contents stay apart, the
 * kernel keeps its share, all comes back. */
KTEST(vmalloc_until_there_is_no_more)
{
    size_t pages = pmm_get_free_pages();
    struct list_node *piece;
    struct list_node taken;
    struct pmm_stats stats;
    size_t count = 0, wrong = 0;

    list_initialise(&taken);
    while ((piece = vmalloc(300000)) != NULL) {
        list_append(&taken, piece);
        fill((uint32_t *)(piece + 1), 300000 - sizeof(*piece), (uint32_t)(uintptr_t)piece);
        count++;
    }
    pmm_get_stats(&stats);
    bool are_addresses_left = vmalloc_used_bytes() < VMALLOC_END - VMALLOC_ADDRESS - 2 * MIB;
    wrong += byte_heap_check(vmalloc_get(), NULL) != OK;
    while ((piece = list_take_first(&taken)) != NULL) {
        wrong += !is_filled((uint32_t *)(piece + 1), 300000 - sizeof(*piece),
                            (uint32_t)(uintptr_t)piece);
        vfree(piece);
    }
    vmalloc_trim();
    KEXPECT(count > 0 && wrong == 0);
    KEXPECT(stats.pool_free >= stats.pool_kernel);
    KEXPECT(!are_addresses_left ||
            stats.free <= stats.promised + stats.pool_kernel + 300000 / PAGE_SIZE_BYTES + 2);
    /* The zeroed frames are among the free ones in either case. */
    KEXPECT(pages == pmm_get_free_pages());
}

/* Where 1 MiB cannot be had, what there is will do. */
KTEST(vmalloc_with_a_few_pages)
{
    enum { LEFT = 20 };
    size_t pages = pmm_get_free_pages();
    struct list_node taken;
    void *page, *left[LEFT];
    uint32_t *memory;
    bool is_sound, is_refused;

    list_initialise(&taken);
    for (int i = 0; i < LEFT; i++) {
        left[i] = pmm_alloc_page();
    }
    while ((page = pmm_alloc_page()) != NULL) {
        list_append(&taken, page);
    }
    for (int i = 0; i < LEFT; i++) {
        pmm_free_page(left[i]);
    }
    is_refused = vmalloc_initialise() == -ENOMEM && !vmalloc(80000);
    memory = vmalloc(50000);
    if (memory) {
        fill(memory, 50000, 1);
    }
    is_sound = memory && is_filled(memory, 50000, 1);
    vfree(memory);
    vmalloc_trim();
    while ((page = list_take_first(&taken)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(is_refused && is_sound);
    KEXPECT(pages == pmm_get_free_pages());
}
