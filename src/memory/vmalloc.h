/*
 * memory/vmalloc.h - the kernel's byte heap: memory in one piece for the kernel, out of single
 * frames.
 *
 * A heap of bytes (heap/byte_heap.h) in the kernel's window, VMALLOC_ADDRESS to VMALLOC_END. It
 * starts with VMALLOC_START_BYTES at its first use, grows on demand by frames (pmm.h) that are
 * mapped at its end in every process's address space, and gives frames back when much is free
 * there. Its pieces lie side by side for the kernel only, not in physical memory: no buffers for
 * DMA.
 *
 * Which allocator for what? Objects up to 2 KiB: kmem_alloc(), which costs the least. Whole blocks,
 * and what a device reads: kmalloc(). Sizes between and beyond: vmalloc() rounds up to 16 bytes
 * instead of 4,096 (kmem_alloc(2049) takes 4,096), and finds room for 16 MiB where the pool is full
 * or in pieces. It costs a header of four words, and page tables: one for each 4 MiB (x86_64: 2
 * MiB). So kmem_alloc() leaves its large sizes to kmalloc(): they are few, and fast. The users are
 * the byte-granular heaps of other kernels' documents.
 *
 * Memory belongs to the caller until vfree(), and is aligned to 16. No lock: calls must not
 * overlap, and interrupt handlers may not call. Needs enable_paging(). While many pages are mapped
 * or given back, interrupts are served; no other task runs.
 */
#ifndef MEMORY_VMALLOC_H
#define MEMORY_VMALLOC_H

#include <stddef.h>

#define VMALLOC_START_BYTES 0x100000

/* Makes the heap now instead of at the first vmalloc(). 0, also when it is there; -ENOMEM when
 * VMALLOC_START_BYTES cannot be had. */
int vmalloc_initialise(void);

/* size bytes, contents undefined. NULL for 0 and when there is no room. Where even the first
 * VMALLOC_START_BYTES cannot be had, the heap starts smaller. */
void *vmalloc(size_t size);

/* The same with the size bytes zeroed. */
void *vzalloc(size_t size);

/* Gives back what one of the two returned; NULL does nothing. Any other pointer, or a header that
 * was written over, is a bug of the kernel: a panic that names the pointer, what is wrong with it
 * and the caller. */
void vfree(void *ptr);

/* Bytes of allocations and of free memory, headers included: their sum is what the heap has. Both
 * are 0 before the first use. */
size_t vmalloc_used_bytes(void);
size_t vmalloc_free_bytes(void);

/* Gives every free page at the end back; without allocations that is all of them, and the next use
 * starts the heap anew. Returns the bytes. */
size_t vmalloc_trim(void);

/* The heap itself, to look at: byte_heap_check() and company. NULL before the first use. */
struct byte_heap;
const struct byte_heap *vmalloc_get(void);

#endif
