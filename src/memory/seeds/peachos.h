/*
 * memory/seeds/peachos.h - the names of PeachOS's memory manager, over Drupe's.
 *
 *   PeachOS                        Drupe                       what differs, and why
 *   ---------------------------------------------------------------------------------------------------
 *   PEACHOS_HEAP_SIZE_BYTES        HEAP_SIZE_BYTES             100 MiB; less where there is less RAM
 *   PEACHOS_HEAP_BLOCK_SIZE        HEAP_BLOCK_SIZE_BYTES
 *   PEACHOS_HEAP_ADDRESS           HEAP_ADDRESS
 *   PEACHOS_HEAP_TABLE_ADDRESS     HEAP_TABLE_ADDRESS
 *   HEAP_BLOCK_TABLE_ENTRY         the same                    an entry of the table, one byte
 *   HEAP_BLOCK_TABLE_ENTRY_TAKEN   the same                    0x01
 *   HEAP_BLOCK_TABLE_ENTRY_FREE    the same                    0x00
 *   HEAP_BLOCK_HAS_NEXT            the same                    0x80
 *   HEAP_BLOCK_IS_FIRST            the same                    0x40
 *   struct heap_table, struct heap the same names              struct heap has counts and an index besides
 *   kernel_heap                    *kheap_get()                not a variable of everybody: it is the heap's own
 *   kernel_heap_table              *kheap_get()->table
 *   heap_create(heap, p, end, t)   the same                    -EINVARG for bad bounds, a wrong total and NULL
 *   heap_validate_alignment(ptr)   inside heap_create()
 *   heap_validate_table(p, end, t) inside heap_create()
 *   heap_align_value_to_upper(n)   inside heap_malloc()        exact multiples stay as they are
 *   heap_malloc(heap, size)        the same                    best fit by an index, not the first fit by a search
 *   heap_malloc_blocks(heap, n)    heap_malloc_owned()
 *   heap_get_start_block(heap, n)  reads the table             first fit, as there
 *   heap_address_to_block(heap, p) saddr and the block size
 *   heap_block_to_address(heap, b) saddr and the block size
 *   heap_mark_blocks_taken(h,b,n)  heap_malloc_at()            blocks that are not free stay as they are
 *   heap_mark_blocks_free(heap, b) heap_free()                 only from an allocation's first block on
 *   heap_free(heap, ptr)           the same                    returns 0 or -EINVARG instead of nothing
 *   kheap_init()                   kheap_init(pool_end)        the kernel heap is there from the start: nothing
 *                                                              is left to do. "failed to create heap" is a panic
 *   kmalloc kfree memset           the same                    kmalloc(0) is NULL; a wrong kfree is a panic
 *
 * A file includes one of the five headers at most, and after all others that it needs.
 */
#ifndef MEMORY_SEEDS_PEACHOS_H
#define MEMORY_SEEDS_PEACHOS_H

#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/seeds/heap_steps.h"
#include "memory/seeds/seeds.h"

#define PEACHOS_HEAP_SIZE_BYTES    HEAP_SIZE_BYTES
#define PEACHOS_HEAP_BLOCK_SIZE    HEAP_BLOCK_SIZE_BYTES
#define PEACHOS_HEAP_ADDRESS       HEAP_ADDRESS
#define PEACHOS_HEAP_TABLE_ADDRESS HEAP_TABLE_ADDRESS

#define kernel_heap       (*kheap_get())
#define kernel_heap_table (*kheap_get()->table)

#define kheap_init() seed_kheap_init()

#endif
