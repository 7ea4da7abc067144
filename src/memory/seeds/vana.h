/*
 * memory/seeds/vana.h - the names of Vana's document on memory management, over Drupe's.
 *
 *   Vana                           Drupe                       what differs, and why
 *   ---------------------------------------------------------------------------------------------------
 *   VANA_HEAP_SIZE_BYTES           HEAP_SIZE_BYTES             100 MiB; less where there is less RAM
 *   VANA_HEAP_BLOCK_SIZE           HEAP_BLOCK_SIZE_BYTES
 *   VANA_HEAP_ADDRESS              HEAP_ADDRESS
 *   VANA_HEAP_TABLE_ADDRESS        HEAP_TABLE_ADDRESS
 *   VANA_PROGRAM_VIRTUAL_ADDRESS   USER_PROGRAM_ADDRESS
 *   VANA_USER_PROGRAM_STACK_SIZE   USER_STACK_BYTES
 *   VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START, _END
 *                                  USER_STACK_TOP, _BOTTOM     a guard page above and below
 *   PAGING_PAGE_SIZE               PAGE_SIZE_BYTES
 *   PAGING_TOTAL_ENTRIES_PER_TABLE, PAGING_IS_WRITEABLE and the other PAGING_... flags: the same names
 *   kernel_heap, kernel_heap_table *kheap_get() and its table  not variables of everybody
 *   kheap_init()                   kheap_init(pool_end)        the kernel heap is there from the start: nothing
 *                                                              is left to do. "failed to create heap" is a panic
 *   heap_create heap_malloc heap_free kmalloc kzalloc kfree    the same names; best fit by an index, not first fit.
 *                                                              heap_free returns a status, a wrong kfree is a panic
 *   heap_get_start_block(heap, n)  reads the table             first fit, as there
 *   heap_mark_blocks_taken(h,b,n)  heap_malloc_at()            blocks that are not free stay as they are
 *   paging_new_4gb(flags)          the same; the chunk's member directory_entry, too
 *                                                              not identity-mapped for the user, whose part starts out
 *                                                              empty; 12 KiB instead of 4 MiB. NULL without memory
 *   paging_switch(chunk)           the same
 *   paging_load_directory(dir)     paging_switch() to the chunk that has the directory: Drupe's function of this
 *                                                              name takes a physical address, which may differ
 *   enable_paging()                the same                    it is on from the start: nothing is left to do
 *   paging_map(virt, phys, flags)  paging_map(chunk, ...)      into the current directory; with a chunk as the first
 *   paging_map_range(v, p, n, f)   paging_map_range(chunk, ..) of four (five) arguments, into that one
 *   paging_align_address, paging_align_to_lower_page           the same names
 *   paging_get_physical_address(directory, virt)
 *                                  the same, of a chunk        the frame with the offset; NULL where nothing is mapped
 *   process_malloc(process, size)  the same                    pages of the process's own, zeroed
 *   process_free(process, ptr)     the same                    returns a status; a later touch of the pages faults
 *   print(text)                    printk("%s", text)
 *   memset memcmp memcpy           the same names              lengths are size_t
 *
 * A file includes one of the five headers at most, and after all others that it needs.
 */
#ifndef MEMORY_SEEDS_VANA_H
#define MEMORY_SEEDS_VANA_H

#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/paging/paging.h"
#include "memory/seeds/heap_steps.h"
#include "memory/seeds/seeds.h"

#define VANA_HEAP_SIZE_BYTES                     HEAP_SIZE_BYTES
#define VANA_HEAP_BLOCK_SIZE                     HEAP_BLOCK_SIZE_BYTES
#define VANA_HEAP_ADDRESS                        HEAP_ADDRESS
#define VANA_HEAP_TABLE_ADDRESS                  HEAP_TABLE_ADDRESS
#define VANA_PROGRAM_VIRTUAL_ADDRESS             USER_PROGRAM_ADDRESS
#define VANA_USER_PROGRAM_STACK_SIZE             USER_STACK_BYTES
#define VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START USER_STACK_TOP
#define VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_END   USER_STACK_BOTTOM

#define PAGING_PAGE_SIZE PAGE_SIZE_BYTES

/* ---------------------------------------------------------------- heap */

#define kernel_heap       (*kheap_get())
#define kernel_heap_table (*kheap_get()->table)

#define kheap_init() seed_kheap_init()

/* ---------------------------------------------------------------- paging */

static inline int seed_vana_map(void *virt, void *phys, uint32_t flags)
{
    return paging_map(paging_current(), virt, seed_physical(phys), flags);
}

static inline int seed_vana_map_range(void *virt, void *phys, size_t count, uint32_t flags)
{
    return paging_map_range(paging_current(), virt, seed_physical(phys), count, flags);
}

static inline int seed_vana_map_in(struct paging_4gb_chunk *chunk, void *virt, void *phys,
                                   uint32_t flags)
{
    return paging_map(chunk, virt, seed_physical(phys), flags);
}

static inline int seed_vana_map_range_in(struct paging_4gb_chunk *chunk, void *virt, void *phys,
                                         size_t count, uint32_t flags)
{
    return paging_map_range(chunk, virt, seed_physical(phys), count, flags);
}

static inline void seed_vana_enable_paging(void)
{
    if (paging_current() == NULL) {
        enable_paging();
    }
}

/* A directory that is none: nothing happens. */
void seed_vana_load_directory(page_entry_bits_t *directory);
void *seed_vana_get_physical(page_entry_bits_t *directory, void *virt);

/* By the number of arguments: into the current directory, or into a chunk's. */
#define SEED_VANA_PICK(a, b, c, d, e, name, ...) name
#define paging_map(...) \
    SEED_VANA_PICK(__VA_ARGS__, 0, seed_vana_map_in, seed_vana_map, 0, 0, 0)(__VA_ARGS__)
#define paging_map_range(...) \
    SEED_VANA_PICK(__VA_ARGS__, seed_vana_map_range_in, seed_vana_map_range, 0, 0, 0)(__VA_ARGS__)

#define enable_paging()                              seed_vana_enable_paging()
#define paging_load_directory(directory)             seed_vana_load_directory(directory)
#define paging_get_physical_address(directory, virt) seed_vana_get_physical(directory, virt)

/* ---------------------------------------------------------------- processes */

/* As process/process.h has them; that is a higher layer than memory. */
struct process;
void *process_malloc(struct process *process, size_t size);
int process_free(struct process *process, void *ptr);

static inline void print(const char *text)
{
    seed_print(text);
}

#endif
