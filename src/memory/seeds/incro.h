/*
 * memory/seeds/incro.h - the names of IncroOS's document on memory, over Drupe's.
 *
 *   IncroOS (64 bits)              Drupe                       what differs, and why
 *   ---------------------------------------------------------------------------------------------------
 *   PTE_PRESENT ... PTE_GLOBAL     PAGING_IS_PRESENT ...       the CPU's bits, 0x1 to 0x100
 *   pmm_init()                     pmm_init(map)               frames are there from the start: nothing is left to do
 *   pmm_alloc_page()               pmm_alloc_page()            the physical address as a number, 0 when there is none.
 *                                                              Frames begin at 0x01000000, not at 0x200000, and the
 *                                                              window's (layout.h) are left out, so that the kernel
 *                                                              sees each at its physical address
 *   pmm_free_page(address)         pmm_free_page(page)         what is not a frame in use is ignored
 *   pmm_get_free_pages()           the same
 *   pmm_get_total_pages()          the same
 *   vmm_init()                     enable_paging()             it is on from the start: nothing is left to do
 *   vmm_map_page(v, p, flags)      paging_map(current, ...)    the i386 kernel has two levels of page tables, not
 *                                                              four: addresses from 4 GiB on give false. PTE_HUGEPAGE
 *                                                              maps 4 MiB. Nothing is executable
 *   vmm_unmap_page(virt)           paging_unmap(current, ...)  a table that becomes empty goes back, which the document
 *                                                              wishes for
 *   vmm_get_physical(virt)         paging_get_physical_address() keeps the offset; 0 where nothing is mapped
 *   vmm_get_cr3()                  paging_read_directory()
 *   heap_init()                    vmalloc_initialise()        the kernel's block heap comes before frames and mappings
 *                                                              here; this one, of bytes, after them, as in the document
 *   kmalloc(size) kfree(ptr)       vmalloc(size) vfree(ptr)    at VMALLOC_ADDRESS, not 0x10000000, which is RAM's here.
 *                                                              1 MiB at first, and more than 16 MiB at most
 *   heap_get_used()                vmalloc_used_bytes()        in bytes, headers included
 *   heap_get_free()                vmalloc_free_bytes()
 *
 * "Current" is the address space in use (paging_current()).
 * A file includes one of the five headers at most, and after all others that it needs.
 */
#ifndef MEMORY_SEEDS_INCRO_H
#define MEMORY_SEEDS_INCRO_H

#include <stdbool.h>

#include "debug/panic.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "memory/seeds/seeds.h"
#include "memory/vmalloc.h"

#define PTE_PRESENT      PAGING_IS_PRESENT
#define PTE_WRITABLE     PAGING_IS_WRITEABLE
#define PTE_USER         PAGING_ACCESS_FROM_ALL
#define PTE_WRITETHROUGH PAGING_WRITE_THROUGH
#define PTE_NOCACHE      PAGING_CACHE_DISABLED
#define PTE_ACCESSED     PAGING_ACCESSED
#define PTE_DIRTY        PAGING_DIRTY
#define PTE_HUGEPAGE     PAGING_LARGE_PAGE
#define PTE_GLOBAL       PAGING_GLOBAL

/* ---------------------------------------------------------------- frames */

static inline void seed_incro_pmm_init(void)
{
    KASSERT(pmm_get_total_pages() > 0); /* memory_initialise() has called pmm_init() */
}

static inline uint64_t seed_incro_alloc_page(void)
{
    void *frame = seed_alloc_frames(1);

    return frame != NULL ? page_physical(frame) : 0;
}

static inline void seed_incro_free_page(uint64_t address)
{
    if (address <= UINT32_MAX &&
        seed_low(page_memory((paddr_t)address)) == address) { /* not one of i386's window */
        (void)pmm_free_page(page_memory((paddr_t)address));
    }
}

#define pmm_init()             seed_incro_pmm_init()
#define pmm_alloc_page()       seed_incro_alloc_page()
#define pmm_free_page(address) seed_incro_free_page(address)

/* ---------------------------------------------------------------- mappings */

static inline void vmm_init(void)
{
    if (paging_current() == NULL) {
        enable_paging();
    }
}

bool vmm_map_page(uint64_t virt, uint64_t phys, uint64_t flags);
void vmm_unmap_page(uint64_t virt);
uint64_t vmm_get_physical(uint64_t virt);

static inline uint64_t vmm_get_cr3(void)
{
    return paging_read_directory();
}

/* ---------------------------------------------------------------- bytes */

/* Where the memory for the first 1 MiB cannot be had, the heap starts smaller, at the first
 * kmalloc(). */
static inline void heap_init(void)
{
    if (vmalloc_initialise() < 0) {
        seed_print("failed to create heap\n");
    }
}

static inline size_t heap_get_used(void)
{
    return vmalloc_used_bytes();
}

static inline size_t heap_get_free(void)
{
    return vmalloc_free_bytes();
}

#define kmalloc(size) vmalloc(size)
#define kfree(ptr)    vfree(ptr)

#endif
