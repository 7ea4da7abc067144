/*
 * memory/paging/paging.h - virtual memory: one chunk, that is one address space, for each process.
 *
 * A linear address, as an i386 CPU sees it (Intel SDM volume 3, section 4.3):
 *
 *   31          22 21          12 11           0
 *  +--------------+--------------+--------------+
 *  |  directory   |    table     |    offset    |   4 KiB page
 *  +--------------+--------------+--------------+
 *  |  directory   |           offset            |   4 MiB page (LARGE_PAGE in the directory entry)
 *  +--------------+-----------------------------+
 *
 * 1,024 directory entries of 4 MiB each; 1,024 table entries of 4 KiB each. In long mode there are
 * four steps of 9 bits in place of two of 10, and large pages are of 2 MiB and 1 GiB (section 4.5):
 *
 *   47        39 38        30 29        21 20        12 11         0
 *  +------------+------------+------------+------------+------------+
 *  |    root    |  pointer   | directory  |   table    |   offset   |   bits 63 to 48 are copies of bit 47
 *  +------------+------------+------------+------------+------------+
 *
 * arch/page_table.h knows how many steps there are and what an entry looks like; all that is here
 * is the same for both. "4gb" in names is what a 32-bit program sees.
 *
 * A chunk maps addresses as layout.h draws them. What is the kernel's is the same in every chunk:
 * supervisor-only, global, at its place in the kernel's part. What is the user's starts out
 * unmapped.
 *
 * A parameter called phys is a physical address, and so is what an entry holds. A page of pmm.h is
 * named by the address where the kernel sees it, which may differ: page_physical().
 *
 * Addresses of pages must be multiples of 4096 (or of 4 MiB where a function says so), else
 * -EINVARG and nothing changes. Every change of a mapping that may be in use is followed by
 * INVLPG. Functions that may need pages for tables return -ENOMEM when there are none, and nothing
 * has changed. Tables of tables that all chunks share are the kernel's alone: a mapping there, in
 * another chunk, is -EINVARG (on i386 there are none).
 */
#ifndef MEMORY_PAGING_PAGING_H
#define MEMORY_PAGING_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/page_table.h"
#include "base/list.h"
#include "base/types.h"
#include "layout.h"
#include "memory/paging/chunk.h"
#include "memory/pmm.h"

/* Flags of an entry, by the seed's names. */
#define PAGING_IS_PRESENT      PAGE_FLAG_PRESENT
#define PAGING_IS_WRITEABLE    PAGE_FLAG_WRITEABLE
#define PAGING_ACCESS_FROM_ALL PAGE_FLAG_USER
#define PAGING_WRITE_THROUGH   PAGE_FLAG_WRITE_THROUGH
#define PAGING_CACHE_DISABLED  PAGE_FLAG_UNCACHED
#define PAGING_ACCESSED        PAGE_FLAG_ACCESSED
#define PAGING_DIRTY           PAGE_FLAG_DIRTY
#define PAGING_LARGE_PAGE      PAGE_FLAG_LARGE
#define PAGING_GLOBAL          PAGE_FLAG_GLOBAL
#define PAGING_SOFTWARE_1      PAGE_FLAG_MARK_1
#define PAGING_SOFTWARE_2      PAGE_FLAG_MARK_2
#define PAGING_FLAGS_MASK      PAGE_FLAGS_IN_ENTRY
/* Not one of the seed's: without it code in the page does not run, where the CPU can keep it from
 * that. */
#define PAGING_IS_EXECUTABLE PAGE_FLAG_EXECUTABLE

#define PAGING_TOTAL_ENTRIES_PER_TABLE PAGE_TABLE_ENTRIES

/* What paging_map_4mib() maps. */
#define PAGING_4MIB_BYTES 0x400000u

struct memory_map;

/*
 * Builds the kernel's own chunk: page_kernel_ranges(), of RAM what map says is usable. Once. On
 * i386 it takes no memory: directory and table are part of the kernel.
 */
void paging_initialise(const struct memory_map *map);

/* The chunk that holds the kernel's mappings and no user memory. */
struct paging_4gb_chunk *paging_kernel_chunk(void);

/* Turns paging on, with the kernel's chunk: page_table_enable(). */
void enable_paging(void);

/*
 * A new chunk: PAGING_CHUNK_PAGES of memory, all kernel mappings, no user page. flags are PeachOS's
 * parameter: PAGING_IS_PRESENT, PAGING_IS_WRITEABLE and PAGING_ACCESS_FROM_ALL are accepted and
 * change nothing, for what a page allows is said when it is mapped, and the kernel's is never the
 * user's; other bits are refused. NULL when out of memory or on bad flags.
 */
struct paging_4gb_chunk *paging_new_4gb(uint32_t flags);

/*
 * Gives back the chunk and its tables; the pages that they map stay their owners' (see
 * user_pages_release()). The chunk in use is left for the kernel's first. NULL is fine.
 */
void paging_free_4gb(struct paging_4gb_chunk *chunk);

/*
 * Makes a chunk that was used what paging_new_4gb() returns, and leaves it for the kernel's if it
 * is in use. True: it is. False, and nothing has changed: it still has pages or tables for the
 * user.
 */
bool paging_reset_4gb(struct paging_4gb_chunk *chunk);

/* The chunk that has this directory_entry; NULL when none has. Walks the list of all chunks. */
struct paging_4gb_chunk *paging_find_chunk(const page_entry_bits_t *directory);

/* Pages that paging_new_4gb() takes for a chunk: the root, and tables that both sides share. The
 * structs are small objects. */
#define PAGING_CHUNK_PAGES (1 + PAGE_MIXED_TABLES)

/* And objects: the chunk, and the counts of its tables where these have no room in entries. */
enum { PAGING_COUNTS_BYTES = sizeof(struct page_counts) };
#define PAGING_CHUNK_OBJECTS (PAGING_COUNTS_BYTES > 0 ? 2 : 1)

/* Pages mapped between start and end, multiples of 4 MiB, and the chunk's own tables that lead
 * there. What is the kernel's does not count. */
size_t paging_count_private(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end);

/* How many tables lack for a page at address: what mapping one there would take, or unmapping the
 * last one has given back. */
static inline size_t paging_missing_tables(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    const struct page_entry *table = (const struct page_entry *)chunk->directory_entry;

    for (unsigned level = PAGE_LEVELS - 1;; level--) {
        struct page_entry entry = table[page_table_index(address, level)];

        if (page_entry_is_empty(entry)) {
            return level;
        }
        if (level == 1 || !page_entry_is_table(entry)) {
            return 0;
        }
        table = (const struct page_entry *)page_memory(page_entry_frame(entry));
    }
}

/* Makes chunk the address space in use. Costs nothing if it is already. */
void paging_switch(struct paging_4gb_chunk *chunk);
/* NULL until paging is enabled. */
struct paging_4gb_chunk *paging_current(void);

/* Maps the page at virt to the frame at phys. flags: any PAGING_... but LARGE_PAGE; PRESENT is
 * implied. What was mapped there is replaced. Inside a large page the page is split first. */
int paging_map(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags);

/* Maps count pages from virt to consecutive frames from phys. All or nothing: on an error (-ENOMEM
 * for a table, -EINVARG) every address is mapped as it was before. */
int paging_map_range(struct paging_4gb_chunk *chunk, void *virt, void *phys, size_t count,
                     uint32_t flags);

/* The same for the frames [phys, phys_end); phys_end < phys is -EINVARG. */
int paging_map_to(struct paging_4gb_chunk *chunk, void *virt, void *phys, void *phys_end,
                  uint32_t flags);

/* Maps 4 MiB from virt to phys, both multiples of 4 MiB, with one directory entry (in long mode:
 * two, of 2 MiB). Pages that were mapped there one by one are replaced, and their tables go back.
 * PAGING_SOFTWARE_1 is -EINVARG: in directory entries the bit is paging's own. */
int paging_map_4mib(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags);

/* Unmaps one page: a later touch faults. A table that holds no page any more goes back.
 * -EINVARG when nothing is mapped at virt. */
int paging_unmap(struct paging_4gb_chunk *chunk, void *virt);

/* The same, and returns the entry that was there, or an empty one. virt is page-aligned. As bits,
 * which cost less to return on i386. */
page_entry_bits_t paging_take_bits(struct paging_4gb_chunk *chunk, void *virt);
static inline struct page_entry paging_take(struct paging_4gb_chunk *chunk, void *virt)
{
    return (struct page_entry){paging_take_bits(chunk, virt)};
}

bool paging_is_mapped(const struct paging_4gb_chunk *chunk, const void *virt);

/* Where virt (any address, the offset is kept) lies in physical memory. -EINVARG when it is not
 * mapped; *phys is then unchanged. */
int paging_get_physical_address(const struct paging_4gb_chunk *chunk, const void *virt,
                                paddr_t *phys);

/* The raw entry that maps virt: a table's, or one further up for a large page (LARGE_PAGE set);
 * 0 where there is no table. */
page_entry_bits_t paging_get(const struct paging_4gb_chunk *chunk, const void *virt);

/* The same for those who ask what it says. */
static inline struct page_entry paging_entry(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    return (struct page_entry){paging_get(chunk, (const void *)address)};
}

/* Writes the raw table entry for virt; 0 unmaps. */
int paging_set(struct paging_4gb_chunk *chunk, void *virt, page_entry_bits_t entry);

/* Writes the entry of address, which has a table of the chunk's own; neither it nor the new one is
 * empty. */
void paging_write(struct paging_4gb_chunk *chunk, vaddr_t address, struct page_entry entry);

/* One step of the CPU's walk to an address: an entry, and where in its table it is. */
struct paging_step {
    unsigned level;
    unsigned index;
    struct page_entry entry;
};

/* Fills in the steps to address, the root's first, and returns how many there are. The last one
 * maps a page or is not present. */
size_t paging_walk(const struct paging_4gb_chunk *chunk, vaddr_t address,
                   struct paging_step steps[PAGE_LEVELS]);

/*
 * Looks through all tables of all chunks for a page that may be written and executed. true: there
 * is one, at *address in *chunk. false: none, or the CPU executes whatever it can read (i386).
 */
bool paging_find_writable_and_executable(const struct paging_4gb_chunk **chunk, vaddr_t *address);

/* The next multiple of 4096: 0x1001 -> 0x2000, 0 -> 0; beyond 0xFFFFF000 it wraps to 0. */
void *paging_align_address(void *address);
void *paging_align_to_lower_page(void *address);
bool paging_is_aligned(const void *address);

/* CR3 as it is. */
static inline paddr_t paging_read_directory(void)
{
    return page_table_root();
}
/* Loads CR3 with a physical address: everything but global pages leaves the TLB. */
static inline void paging_load_directory(void *directory)
{
    page_table_load((paddr_t)directory);
}

/*
 * Maps a page of the byte heap or of the kernel stacks, VMALLOC_ADDRESS to KERNEL_STACKS_END, to
 * frame (the kernel's address of a page of pmm.h), for the kernel, in every chunk. 0, or -ENOMEM
 * when there is no page for a table. Unmapping returns the frame, which is the caller's again.
 * Panics when virt is not in that range, or is mapped or not mapped already.
 */
int paging_map_kernel_page(void *virt, void *frame);
void *paging_unmap_kernel_page(void *virt);

/*
 * paging_print.c, a panic reporter: if the frame is of a page fault or a double fault, prints which
 * range of the memory map CR2 lies in, and its walk in the chunk in use, in words.
 */
struct trap_frame;
void paging_report_fault(const struct trap_frame *frame);

#endif
