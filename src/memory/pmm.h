/*
 * memory/pmm.h - physical pages: single frames, and runs of them that are contiguous.
 *
 * What processes are made of (pages, page tables, stacks) comes from here. There are three places to
 * take frames from, each a block heap (heap/heap.h), and they are tried in this order:
 *
 *   the frame zone    RAM from FRAME_ZONE_ADDRESS to FRAME_ZONE_END; pmm's own
 *   the window        RAM at 4 to 16 MiB, seen from WINDOW_ADDRESS on; pmm's own
 *   the kernel pool   shared with kmalloc(); the last sixteenth of it is never given to pmm's
 *                     callers, so that no program, however greedy, leaves the kernel without memory
 *
 * Frames are named by the address where the kernel sees them, in every process's address space. In
 * zone and pool that is the physical address, in the window it is not: page_physical() gives what
 * belongs in an entry of a page table, in CR3 or in a device's register, and page_memory() leads back.
 * Frames are the caller's until freed; the contents are undefined unless it says otherwise.
 *
 * Free: frame or run goes back to the place that its address lies in. NULL does nothing and returns
 * 0. A pointer that is not what the call takes back gives -EINVARG, and nothing changes. That includes
 * blocks of the pool that kmalloc() handed out; kfree() refuses frames in turn.
 *
 * Counts are in pages of PAGE_SIZE_BYTES. No lock: calls must not overlap, and interrupt handlers
 * may not call.
 */
#ifndef MEMORY_PMM_H
#define MEMORY_PMM_H

#include <stddef.h>
#include <stdint.h>

#include "base/types.h"
#include "layout.h"

struct memory_map;



/* Where the kernel sees the byte at a physical address: RAM that pmm or kmalloc() manages. */
static inline void *page_memory(paddr_t physical)
{
    return (void *)(physical - WINDOW_PHYSICAL < WINDOW_BYTES
                        ? physical + (WINDOW_ADDRESS - WINDOW_PHYSICAL)
                        : physical);
}

/* The physical address of kernel memory: a frame, a block of the pool, or a part of the kernel. */
static inline paddr_t page_physical(const void *memory)
{
    uint32_t address = (uint32_t)(uintptr_t)memory;

    return address - WINDOW_ADDRESS < WINDOW_BYTES ? address - (WINDOW_ADDRESS - WINDOW_PHYSICAL)
                                                   : address;
}

/* Frames that are kept back, all zero, by pmm_free_zeroed_page(). */
#define PMM_ZEROED_PAGES_MAX 16

/* The part of the pool that is the kernel's alone: 1 / this. */
#define PMM_POOL_KERNEL_FRACTION 16

/*
 * Lays out frame zone and window as map says. After kheap_init(), and after what is not RAM in the pool
 * has been reserved there (heap_reserve()). Without usable RAM elsewhere there is just the pool.
 */
void pmm_init(const struct memory_map *map);

/* One frame, or NULL when there is none left. */
void *pmm_alloc_page(void);

/* The same, all zero. */
void *pmm_alloc_zeroed_page(void);

/* count frames that are contiguous. NULL when count is 0 or no run is long enough. */
void *pmm_alloc_frames(size_t count);

/* A single frame; -EINVARG for a run of more than one. */
int pmm_free_page(void *page);

/*
 * A single frame that is all zero, as an emptied page table is: that is the caller's promise
 * (DEBUG_HEAP=1 checks it). A few such frames are kept for pmm_alloc_zeroed_page(); they count as
 * free, and are handed out to any caller when the others are gone.
 */
int pmm_free_zeroed_page(void *page);

/* A run of any length, one included, by the address that pmm_alloc_frames() returned. */
int pmm_free_frames(void *frames);

/*
 * Total: the pages that pmm manages, zone, window and pool together, without what its own tables take.
 * Free: those of them that have no owner, the kernel's last sixteenth and the zeroed frames
 * included. Both are exact and cost next to nothing.
 */
size_t pmm_get_free_pages(void);
size_t pmm_get_total_pages(void);

/*
 * Where every usable page of the firmware's map is: usable = free + used + reserved, total = free +
 * used, reserved = kernel + bookkeeping + unreachable.
 */
struct pmm_stats {
    uint64_t usable;
    size_t total;
    size_t free;
    size_t used;          /* by all callers: pmm's and kmalloc()'s */
    uint64_t reserved;    /* not managed here: */
    size_t kernel;        /*   below USER_PROGRAM_ADDRESS: low memory, the kernel's image */
    size_t bookkeeping;   /*   the zone's own tables */
    uint64_t unreachable; /*   where no process's directory shows it: from FRAME_ZONE_END on, too
                               small a zone */
    size_t zone_total;
    size_t zone_free;
    size_t window_total;
    size_t window_free;
    size_t pool_total;
    size_t pool_free;
    size_t pool_taken;  /* of the pool's used pages, those that pmm handed out */
    size_t pool_kernel; /* of pool_total, what pmm leaves to the kernel */
    size_t zeroed;      /* frames kept zeroed; in zone_free as well */
};
void pmm_get_stats(struct pmm_stats *stats);

/* printk()s them. */
void pmm_print_stats(void);

/* A read-only view of the frame zone's heap; it has no blocks when there is no zone. Frames that
 * are kept zeroed are taken in its table. */
struct heap;
const struct heap *pmm_get_zone(void);

/* The window's heap. Its addresses are the kernel's, from WINDOW_ADDRESS on. */
const struct heap *pmm_get_window(void);

/* Fills one page with zeros. page: aligned to 4. */
static inline void pmm_zero_page(void *page)
{
    uint32_t count = PAGE_SIZE_BYTES / 4;

    __asm__ volatile("rep stosl" : "+D"(page), "+c"(count) : "a"(0) : "memory");
}

#endif
