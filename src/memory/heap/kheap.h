/*
 * memory/heap/kheap.h - the kernel's instance of the block heap: kmalloc() and friends.
 *
 * The pool is [HEAP_ADDRESS, pool_end), the table lies at HEAP_TABLE_ADDRESS with the index right
 * after it (layout.h), all physically: the kernel sees them at page_memory() of these. kmalloc(50)
 * takes one block, kmalloc(5000) two; on a fresh heap the first block is at HEAP_ADDRESS. For
 * objects that are much smaller than a block see kmem_cache.h.
 *
 * Memory belongs to the caller until kfree(). The address that the call came from is noted as the
 * allocation's owner (heap_for_each_allocation()). Not for interrupt handlers.
 */
#ifndef MEMORY_HEAP_KHEAP_H
#define MEMORY_HEAP_KHEAP_H

#include <stdbool.h>
#include <stddef.h>

#include "memory/heap/heap.h"

/*
 * Makes the kernel heap from page_memory(HEAP_ADDRESS) to pool_end: a multiple of 4096 above it, at
 * most page_memory(HEAP_END). Panics when the heap cannot be created. Once, before all else here.
 */
void kheap_init(void *pool_end);

/* The heap itself, for statistics, heap_reserve() and the page allocator. */
struct heap *kheap_get(void);

/*
 * size bytes, aligned to 4096, contents undefined. NULL for 0 and when there is no room. It does
 * not wait: it may be refused though pages of files could go, when enough was done for one stretch
 * (fs/page_object.h). A system call that returns -ENOMEM for that is made again by itself
 * (syscall/syscall.c); others that can wait ask page_cache_may_try_again(). Those that cannot, and
 * what is done for nobody in particular, have to do without.
 */
void *kmalloc(size_t size);

/* The same with the size bytes zeroed. */
void *kzalloc(size_t size);

/* count * size zeroed bytes; also NULL when the product does not fit a size_t. */
void *kcalloc(size_t count, size_t size);

/*
 * Gives back what one of the above returned; NULL does nothing. Any other pointer, a page of pmm.h
 * included, is a bug of the kernel: a panic that names the pointer, what is wrong with it and the
 * caller.
 */
void kfree(void *ptr);

/*
 * The page allocator's share of the pool. Such an allocation is marked as frames, out of the
 * table's sight: kfree() of it is a panic, and what kmalloc() returned is not one.
 * kheap_take_frames(): count blocks side by side, or NULL. kheap_give_back_frames(): -EINVARG, and
 * nothing changes, for all that is not the start of frames that are taken.
 */
void *kheap_take_frames(size_t count, const void *owner);
int kheap_give_back_frames(void *frames, const void *freer);

/* Is ptr the start of an allocation of kheap_take_frames() that lives? Any pointer. */
bool kheap_is_frames(const void *ptr);

/* Blocks that are taken as frames now. */
size_t kheap_frame_blocks(void);

/*
 * For the page allocator's promises: when a request of kmalloc() and company would leave fewer than
 * *floor blocks free, may_take() is asked, and false refuses it. *floor may change at any time.
 */
void kheap_set_floor(const size_t *floor, bool (*may_take)(size_t blocks));

/*
 * When no blocks side by side are free for a small request of kmalloc() and company (up to 8
 * blocks), give_up() is asked of frames of the pool, one after the other. 1: this frame is free
 * now; 0: it stays; -EBUSY: no frame is to be asked for now, and the next request begins with this
 * one. It may call kfree(), but not kmalloc(). Requests go on where the last one stopped. When all
 * were asked in vain, some more are asked for each frame that is taken from then on.
 */
void kheap_set_reclaimer(int (*give_up)(void *frame));

/* From now on, a line on the console for each call of the above: size, address, caller. */
void kheap_set_trace(bool is_on);

#endif
