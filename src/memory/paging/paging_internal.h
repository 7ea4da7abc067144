/*
 * memory/paging/paging_internal.h - what paging.c and user_pages.c share: the way down to an entry.
 */
#ifndef MEMORY_PAGING_PAGING_INTERNAL_H
#define MEMORY_PAGING_PAGING_INTERNAL_H

#include "arch/page_table.h"
#include "base/align.h"
#include "layout.h"
#include "memory/paging/chunk.h"

#define ENTRIES    PAGE_TABLE_ENTRIES
#define ROOT_LEVEL (PAGE_LEVELS - 1)

/* A loop over levels becomes straight code: the compiler then knows each level. */
#define FOR_EACH_LEVEL _Pragma("GCC unroll 4") for

/* The entries by which the CPU gets to an address, from slot[ROOT_LEVEL] on. */
struct path {
    struct page_entry *slot[PAGE_LEVELS];
};

static inline struct page_entry *root_of(const struct paging_4gb_chunk *chunk)
{
    return (struct page_entry *)chunk->directory_entry;
}

static inline struct page_entry *table_of(struct page_entry entry)
{
    return page_memory(page_entry_frame(entry));
}

/* Where the next entry of level begins to count; 0 behind the last one of all. */
static inline vaddr_t next_entry(vaddr_t address, unsigned level)
{
    return ALIGN_DOWN(address, page_level_bytes(level)) + page_level_bytes(level);
}

/*
 * Goes down through tables that are marked as the chunk's own. Returns the level of the last slot
 * that was
 * reached: 0, or that of one which does not lead to such a table. (In the kernel's chunk none is
 * marked.)
 */
static inline __attribute__((always_inline)) unsigned walk_own(const struct paging_4gb_chunk *chunk,
                                                               vaddr_t address, struct path *path)
{
    struct page_entry *table = root_of(chunk);

    FOR_EACH_LEVEL(unsigned level = ROOT_LEVEL; level > 0; level--)
    {
        path->slot[level] = &table[page_table_index(address, level)];
        if (!page_entry_is_own_table(*path->slot[level])) {
            return level;
        }
        table = table_of(*path->slot[level]);
    }
    path->slot[0] = &table[page_table_index(address, 0)];
    return 0;
}

/*
 * Gives back the emptied table behind path->slot[level], and those above that are empty without it.
 * Returns how many. The CPU keeps entries that lead to tables too, and may have fetched this one
 * again for a walk since the last INVLPG: without another one it would go on reading the frame as a
 * table when it belongs to another owner (SDM volume 3, section 4.10.4; INVLPG of any address is
 * enough).
 */
size_t paging_drop_tables(struct paging_4gb_chunk *chunk, const struct path *path, unsigned level,
                          vaddr_t address);

/*
 * Fills in path down to to_level, with tables of the chunk's own: those that lack are made. 0,
 * -ENOMEM or -EINVARG; on an error every address is mapped as before: tables that are still empty
 * go back, one that shows the pages that an entry further up showed may stay.
 */
int paging_complete_path(struct paging_4gb_chunk *chunk, vaddr_t address, unsigned to_level,
                         struct path *path);

/* Makes the chunk's own tables for pages from start to last. On an error every address is mapped as
 * before: see paging_complete_path(). */
int paging_make_tables(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t last);

#endif
