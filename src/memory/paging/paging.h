/*
 * memory/paging/paging.h - virtual memory: one chunk of 4 GiB for each process.
 *
 * A linear address, as the CPU sees it (Intel SDM volume 3, section 4.3):
 *
 *   31          22 21          12 11           0
 *  +--------------+--------------+--------------+
 *  |  directory   |    table     |    offset    |   4 KiB page
 *  +--------------+--------------+--------------+
 *  |  directory   |           offset            |   4 MiB page (LARGE_PAGE in the directory entry)
 *  +--------------+-----------------------------+
 *
 * 1,024 directory entries of 4 MiB each; 1,024 table entries of 4 KiB each.
 *
 * A chunk maps all 4 GiB as layout.h draws them. What is the kernel's is the same in every chunk:
 * supervisor-only, global, at its physical address or in the kernel's window. What is the user's starts
 * out unmapped.
 *
 * A parameter called phys is a physical address, and so is what an entry holds. A page of pmm.h is named
 * by the address where the kernel sees it, which differs for pages of the window: page_physical().
 *
 * Addresses of pages must be multiples of 4096 (or of 4 MiB where a function says so), else
 * -EINVARG and nothing changes. Every change of a mapping that may be in use is followed by
 * INVLPG. Functions that may need a page for a table return -ENOMEM when there is none.
 */
#ifndef MEMORY_PAGING_PAGING_H
#define MEMORY_PAGING_PAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"
#include "base/list.h"
#include "memory/pmm.h"

/* Entry flags, at the bits the CPU gives them (SDM volume 3, tables 4-4 to 4-6). */
#define PAGING_IS_PRESENT      0x001
#define PAGING_IS_WRITEABLE    0x002
#define PAGING_ACCESS_FROM_ALL 0x004 /* user */
#define PAGING_WRITE_THROUGH   0x008
#define PAGING_CACHE_DISABLED  0x010
#define PAGING_ACCESSED        0x020 /* set by the CPU */
#define PAGING_DIRTY           0x040 /* set by the CPU */
#define PAGING_LARGE_PAGE      0x080 /* in a directory entry: a 4 MiB page */
#define PAGING_GLOBAL          0x100 /* stays in the TLB when CR3 changes */
#define PAGING_SOFTWARE_1      0x200 /* 0x200 to 0x800 mean nothing to the CPU */
#define PAGING_SOFTWARE_2      0x400
#define PAGING_FLAGS_MASK      0xFFF

#define PAGING_TOTAL_ENTRIES_PER_TABLE 1024

struct paging_4gb_chunk {
    uint32_t *directory_entry; /* 1,024 entries; CR3 holds page_physical() of it */
    struct list_node link;     /* on the list of all chunks */
    /* Bit i: directory entry i points to a table that belongs to this chunk alone. */
    uint32_t private_tables[PAGING_TOTAL_ENTRIES_PER_TABLE / 32];
    /* How many entries of private table i are in use. Meaningless where there is none. */
    uint16_t entries_in_use[PAGING_TOTAL_ENTRIES_PER_TABLE];
};

/*
 * Builds the kernel's own chunk: kernel text and rodata read-only, the rest as layout.h says.
 * Once. Takes no memory: directory and table are part of the kernel.
 */
void paging_initialise(void);

/* The chunk that holds the kernel's mappings and no user memory. */
struct paging_4gb_chunk *paging_kernel_chunk(void);

/* Loads the kernel's chunk and turns paging on: CR4.PSE and PGE, CR0.PG and WP. */
void enable_paging(void);

/*
 * A new chunk: 12 KiB of memory, all kernel mappings, no user page. flags are PeachOS's parameter:
 * PAGING_IS_PRESENT, PAGING_IS_WRITEABLE and PAGING_ACCESS_FROM_ALL are accepted and change
 * nothing, for what a page allows is said when it is mapped, and the kernel's is never the user's;
 * other bits are refused. NULL when out of memory or on bad flags.
 */
struct paging_4gb_chunk *paging_new_4gb(uint32_t flags);

/*
 * Gives back the chunk and its tables; the pages that they map stay their owners' (see
 * paging_release_range). The chunk in use is left for the kernel's first. NULL is fine.
 */
void paging_free_4gb(struct paging_4gb_chunk *chunk);

/* The chunk that has this directory_entry; NULL when none has. Walks the list of all chunks. */
struct paging_4gb_chunk *paging_find_chunk(const uint32_t *directory);

/* Pages that paging_new_4gb() takes for a chunk. */
#define PAGING_CHUNK_PAGES 3

/* Pages mapped between start and end, multiples of 4 MiB without kernel mappings, and the tables
 * for them. */
size_t paging_count_private(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end);

/* Makes chunk the address space in use. Costs nothing if it is already. */
void paging_switch(struct paging_4gb_chunk *chunk);
/* NULL until paging is enabled. */
struct paging_4gb_chunk *paging_current(void);

/* Maps the page at virt to the frame at phys. flags: any PAGING_... but LARGE_PAGE; PRESENT is
 * implied. What was mapped there is replaced. Inside a 4 MiB page the page is split first. */
int paging_map(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags);

/* Maps count pages from virt to consecutive frames from phys. All or nothing: on an error (-ENOMEM
 * for a table, -EINVARG) every address is mapped as it was before. */
int paging_map_range(struct paging_4gb_chunk *chunk, void *virt, void *phys, size_t count,
                     uint32_t flags);

/* The same for the frames [phys, phys_end); phys_end < phys is -EINVARG. */
int paging_map_to(struct paging_4gb_chunk *chunk, void *virt, void *phys, void *phys_end,
                  uint32_t flags);

/* Maps 4 MiB from virt to phys, both multiples of 4 MiB, with one directory entry. Pages that
 * were mapped there one by one are replaced, and their table goes back. PAGING_SOFTWARE_1 is -EINVARG: in
 * directory entries the bit is paging's own. */
int paging_map_4mib(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags);

/* Unmaps one page: a later touch faults. A table that holds no page any more goes back.
 * -EINVARG when nothing is mapped at virt. */
int paging_unmap(struct paging_4gb_chunk *chunk, void *virt);

/* The same, and returns the entry that was there; 0 when nothing was. virt is page-aligned. */
uint32_t paging_take(struct paging_4gb_chunk *chunk, void *virt);

/*
 * Unmaps every page in [start, end), user memory whose frames came from pmm_alloc_page(), and
 * gives the frames back.
 */
void paging_release_range(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end);

/* The same for about max pages, so that the caller can pause. Returns where it stopped: end when all
 * is done. *released grows by the number of pages that went back, tables included. */
vaddr_t paging_release_part(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end, size_t max,
                            size_t *released);

bool paging_is_mapped(const struct paging_4gb_chunk *chunk, const void *virt);

/* Where virt (any address, the offset is kept) lies in physical memory. -EINVARG when it is not
 * mapped; *phys is then unchanged. */
int paging_get_physical_address(const struct paging_4gb_chunk *chunk, const void *virt,
                                paddr_t *phys);

/* The raw entry that maps virt: a table's, or the directory's for a 4 MiB page (LARGE_PAGE set);
 * 0 where there is no table. */
uint32_t paging_get(const struct paging_4gb_chunk *chunk, const void *virt);

/* Writes the raw table entry for virt; 0 unmaps. */
int paging_set(struct paging_4gb_chunk *chunk, void *virt, uint32_t entry);

/* The next multiple of 4096: 0x1001 -> 0x2000, 0 -> 0; beyond 0xFFFFF000 it wraps to 0. */
void *paging_align_address(void *address);
void *paging_align_to_lower_page(void *address);
bool paging_is_aligned(const void *address);

/* CR3 as it is. paging.asm */
uint32_t paging_read_directory(void);
/* Loads CR3 with a physical address: everything but global pages leaves the TLB. paging.asm */
void paging_load_directory(uint32_t *directory);

/*
 * Takes one of the kernel's own pages out of, and back into, every chunk: the guard page below a
 * kernel stack. page is one of pmm.h's and belongs to the caller. Guarding: 0;
 * -ENOMEM; -EISTKN when it is a guard page already. Unguarding any other page is a panic.
 */
int paging_guard_page(void *page);
void paging_unguard_page(void *page);

/*
 * Maps a page of the byte heap, VMALLOC_ADDRESS to VMALLOC_END, to frame (the kernel's address of a page
 * of pmm.h), for the kernel, in every chunk. 0, or -ENOMEM when there is no page for a table.
 * Unmapping returns the frame, which is the caller's again. Panics when virt is not in that range, or is
 * mapped or not mapped already.
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
