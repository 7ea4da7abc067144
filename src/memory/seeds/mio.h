/*
 * memory/seeds/mio.h - the names of MioOS's document on memory, over Drupe's.
 *
 *   MioOS (C++)                    Drupe                       what differs, and why
 *   ---------------------------------------------------------------------------------------------------
 *   pmm::, vmm::                   (C has no namespaces: the bare names)
 *   kmalloc(size)                  kmem_alloc() to 2 KiB,      bytes, not blocks. Classes of sizes instead of first
 *                                  vmalloc() beyond            fit: little waste, and no search
 *   kcalloc(num, size)             the same, zeroed            NULL when num * size does not fit
 *   kfree(ptr)                     kmem_free() or vfree()      a wrong pointer is a panic with the caller's name
 *   alloc_frame(num_blocks)        pmm_alloc_frames(count)     side by side, never over a gap in the RAM; best fit;
 *                                                              not from the window (layout.h), so that the address
 *                                                              is also where the kernel sees the frame
 *   free_frame(ptr)                pmm_free_frames(frames)     returns 0 or -EINVARG instead of nothing
 *   alloc_page(virt, phys, flags)  paging_map(current, ...)    returns 0 or a negative status; PRESENT is implied
 *   alloc_page_4mib(...)           paging_map_4mib(...)        misaligned is refused
 *   free_page(virt)                paging_unmap(current, ...)  4 KiB or 4 MiB, as it was mapped; false when nothing was
 *   virtual_to_physical(virt)      paging_get_physical_address() keeps the offset; NULL where nothing is mapped
 *   is_mapped(virt)                paging_is_mapped()
 *   PRESENT WRITABLE USER ...      PAGING_IS_PRESENT ...       the bits are the CPU's
 *
 * "Current" is the address space in use (paging_current()). RAM from 2 GiB on is reported and not
 * used. A file includes one of the five headers at most, and after all others that it needs.
 */
#ifndef MEMORY_SEEDS_MIO_H
#define MEMORY_SEEDS_MIO_H

#include <stdbool.h>

#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "memory/seeds/seeds.h"
#include "base/status.h"

enum PAGING_FLAGS {
    PRESENT = PAGING_IS_PRESENT,
    WRITABLE = PAGING_IS_WRITEABLE,
    USER = PAGING_ACCESS_FROM_ALL,
    WRITETHROUGH = PAGING_WRITE_THROUGH,
    NOTCACHABLE = PAGING_CACHE_DISABLED,
    ACCESSED = PAGING_ACCESSED,
    DIRTY = PAGING_DIRTY,
    PS = PAGING_LARGE_PAGE,
    CPU_GLOBAL = PAGING_GLOBAL,
};

/* ---------------------------------------------------------------- bytes */

void *seed_mio_kmalloc(size_t size);
void *seed_mio_kcalloc(size_t num, size_t size);
void seed_mio_kfree(void *ptr);

#define kmalloc(size)      seed_mio_kmalloc(size)
#define kcalloc(num, size) seed_mio_kcalloc(num, size)
#define kfree(ptr)         seed_mio_kfree(ptr)

/* ---------------------------------------------------------------- pmm:: */

static inline void *alloc_frame(const uint64_t num_blocks)
{
    return num_blocks <= SIZE_MAX ? seed_alloc_frames((size_t)num_blocks) : NULL;
}

static inline int free_frame(void *ptr)
{
    return pmm_free_frames(ptr);
}

/* ---------------------------------------------------------------- vmm:: */

static inline int alloc_page(const uint32_t virt, const uint32_t phys, const uint32_t flags)
{
    return paging_map(paging_current(), seed_pointer(virt), seed_pointer(phys), flags);
}

static inline int alloc_page_4mib(const uint32_t virt, const uint32_t phys, const uint32_t flags)
{
    return paging_map_4mib(paging_current(), seed_pointer(virt), seed_pointer(phys), flags);
}

bool free_page(uint32_t virt);

static inline bool is_mapped(const uint32_t virt)
{
    return paging_is_mapped(paging_current(), seed_pointer(virt));
}

static inline void *virtual_to_physical(const uint32_t virt)
{
    paddr_t physical;

    return paging_get_physical_address(paging_current(), seed_pointer(virt), &physical) == OK
               ? (void *)physical
               : NULL;
}

#endif
