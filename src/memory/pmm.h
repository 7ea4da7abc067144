/*
 * memory/pmm.h - physical pages: single frames, and runs of them that are contiguous.
 *
 * What processes are made of (pages, page tables, stacks) comes from here. There are four kinds of
 * places to take frames from, each a block heap (heap/heap.h), and they are tried in this order:
 *
 *   the frame zones   RAM from FRAME_ZONE_ADDRESS to FRAME_ZONE_END; pmm's own. i386 has one; x86_64 has
 *                     several where the RAM has large holes, and the lowest is tried first
 *   the tail          RAM between the kernel's end, with structs of frames behind it, and
 *                     USER_STACK_GUARD; pmm's own
 *   the low zone      RAM at 4 to 16 MiB, which i386 sees through its window; pmm's own
 *   the kernel pool   shared with kmalloc(); the last sixteenth of it is never given to pmm's
 *                     callers, so that no program, however greedy, leaves the kernel without memory
 *
 * Frames are named by the address where the kernel sees them, in every process's address space.
 * page_physical() (layout.h) gives what belongs in an entry of a page table, in CR3 or in a
 * device's register, and page_memory() leads back. Frames are the caller's until freed; the
 * contents are undefined unless it says otherwise. A frame may lie beyond 4 GiB, where old devices
 * cannot write to it.
 *
 * Free: frame or run goes back to the place that its address lies in. NULL does nothing and returns
 * 0. A pointer that is not what the call takes back gives -EINVARG, and nothing changes. That
 *   includes
 * blocks of the pool that kmalloc() handed out; kfree() refuses frames in turn.
 *
 * Counts are in pages of PAGE_SIZE_BYTES. No lock: calls must not overlap, and interrupt handlers
 * may not call.
 */
#ifndef MEMORY_PMM_H
#define MEMORY_PMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/words.h"
#include "base/types.h"
#include "layout.h"

struct memory_map;

/* Frames that are kept back, all zero, by pmm_free_zeroed_page(). */
#define PMM_ZEROED_PAGES_MAX 16

/* The part of the pool that is the kernel's alone: 1 / this. */
#define PMM_POOL_KERNEL_FRACTION 16

/*
 * Lays out frame zones and low zone as map says, up to BOOT_MAP_END: what the kernel can see before
 * it has set up paging. After kheap_init(), and after what is not RAM in the pool has been reserved
 * there (heap_reserve()). Without usable RAM elsewhere there is just the pool. RAM from kernel_end,
 * page-aligned, to USER_STACK_GUARD has no holes: it is used for structs of frames (page.h), and
 * what these leave of it is the tail, unless that is small.
 */
void pmm_init(const struct memory_map *map, paddr_t kernel_end);

/* The zones beyond, as the same map says. Once, and only when page_memory() of all RAM is mapped.
 * Does nothing where BOOT_MAP_END is FRAME_ZONE_END. */
void pmm_add_high_zones(const struct memory_map *map);

/* One frame, or NULL when there is none left. */
void *pmm_alloc_page(void);

/* The same, all zero. */
void *pmm_alloc_zeroed_page(void);

/* count frames that are contiguous. NULL when count is 0 or no run is long enough. */
void *pmm_alloc_frames(size_t count);

/*
 * Promises: pages that are spoken for, and not taken yet. pmm_promise(count) makes sure that pages
 * for them stay free: nobody gets the last of these by another call here, or by kmalloc(). False,
 * and nothing is promised, when there are not so many. Each pmm_alloc_promised_page() keeps one of
 * the promises, and never fails; the zeroed page is all zero. A frame that is freed later is no
 * promise again, unless pmm_promise_freed() says so of count frames that have just been freed: it
 * cannot fail.
 */
bool pmm_promise(size_t count);
void pmm_promise_freed(size_t count);
void pmm_give_back_promise(size_t count);
void *pmm_alloc_promised_page(void);
void *pmm_alloc_promised_zeroed_page(void);
size_t pmm_get_promised_pages(void);

/*
 * Who can make frames free when there are too few. reclaim() is called with how many are wanted, in
 * the middle of any call above, and of kmalloc(); it returns how many it has made free. give_up()
 * is called where kmalloc() finds no place in the pool, for a frame there (kheap_set_reclaimer()).
 * Neither may call kmalloc().
 */
void pmm_set_reclaimer(size_t (*reclaim)(size_t count), int (*give_up)(void *frame));

/* How many more could be promised, or taken, now. */
size_t pmm_get_available_pages(void);

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
 * Total: the pages that pmm manages, zones and pool together, without what its own tables take.
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
    size_t kernel;        /*   below LOW_ZONE_PHYSICAL: low memory, the kernel's image, and all else
                               there but the tail */
    size_t bookkeeping;   /*   the zones' own tables */
    uint64_t unreachable; /*   where no process's directory shows it: from FRAME_ZONE_END on, too
                               small a zone */
    size_t zone_total;
    size_t zone_free;
    size_t low_total;
    size_t low_free;
    size_t tail_total;
    size_t tail_free;
    size_t pool_total;
    size_t pool_free;
    size_t pool_taken;  /* of the pool's used pages, those that pmm handed out */
    size_t pool_kernel; /* of pool_total, what pmm leaves to the kernel */
    size_t promised;    /* of the free ones, those that are spoken for */
    size_t zeroed;      /* frames kept zeroed; in zone_free as well */
};
void pmm_get_stats(struct pmm_stats *stats);

/* printk()s them. */
void pmm_print_stats(void);

/* A read-only view of the i-th of all heaps that frames come from, in the order of the kernel's
 * addresses; NULL behind the last. One may have no blocks. Frames that are kept zeroed are taken in
 * their table. */
struct heap;
const struct heap *pmm_get_heap(size_t i);

/* Fills one page with zeros. */
static inline void pmm_zero_page(void *page)
{
    words_fill(page, PAGE_SIZE_BYTES / sizeof(uintptr_t), 0);
}

#endif
