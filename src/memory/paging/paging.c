/*
 * memory/paging/paging.c - trees of page tables.
 *
 * Theory of operation
 *   One chunk, the kernel's, is built at boot and is the model of all others. A new chunk is a copy of
 *   the kernel's part of its root: the tables behind these entries all chunks share. What architecture
 *   this is, is said by arch/page_table.h: how many levels there are, what an entry looks like, and which
 *   addresses the kernel maps. On i386 the kernel's part is the whole root:
 *
 *       directory            0   first 4 MiB: a table, each chunk's own (the user stack is in it)
 *                      1 -   3   user program: empty, then the chunk's own tables
 *                      4 - 511   pool and frame zone: the kernel's 4 MiB pages
 *                    512 - 767   process heap: empty, then the chunk's own tables
 *                    768 - 770   the window on RAM at 4 to 16 MiB: the kernel's 4 MiB pages
 *                    772 - 831   the byte heap: empty, then tables that the kernel's chunk owns
 *                    832 - 1023  MMIO: the kernel's 4 MiB pages, uncached
 *
 *   and on x86_64 it is the upper half:
 *
 *       root                 0 - 255   the user's: empty, then the chunk's own tables
 *                          256 - 511   the direct map of all RAM, the byte heap, the kernel: tables that are
 *                                      there from the start and stay, so that changes below them need no
 *                                      walk over all chunks
 *
 *   Every function that changes a mapping has the same three steps: walk_own() goes down as far as there
 *   are tables of the chunk's own; where one lacks, paging_complete_path() makes it (an empty one, a split large
 *   page, or a copy of what the kernel shares); the entry is written, and what became empty goes back.
 *
 * Invariants
 *   - An entry is 0, or present, or promised or hidden (a process's page: user_pages.h). A table
 *     that becomes empty is all zeros, so it goes back through pmm_free_zeroed_page() and costs no
 *     clearing when it is next needed.
 *   - The entry that leads to a table which only this chunk uses says so (OWN), and page_count() of it is the
 *     number of the table's entries that are not 0: never 0, but for the moment inside paging_map() and
 *     paging_unmap(). chunk->own_tables is the number of such tables.
 *   - In the kernel's own chunk every table is its own, and none is marked: its entries are copied into
 *     others.
 *   - Any other entry is 0, a large page, or a table that the kernel's chunk owns and all chunks share.
 *   - Tables, roots and chunks may lie where their address is not the physical one: entries and CR3 hold
 *     page_physical() of them.
 *
 * The kernel's own mappings change in two ranges only, the byte heap and the kernel stacks. Their
 * tables are made for the first page that they are needed for and go with the last. Where an entry
 * of the root changes with it, which happens on i386, all chunks get the new one.
 */
#include "memory/paging/paging.h"

#include "base/align.h"
#include "base/compiler.h"
#include "base/status.h"
#include "debug/backtrace.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/memory_map.h"
#include "memory/paging/paging_internal.h"

#define KERNEL_PAGE (PAGE_FLAG_PRESENT | PAGE_FLAG_WRITEABLE | PAGE_FLAG_GLOBAL)

/* 0 where an entry has room for the count of its table. */
#define COUNTS_BYTES sizeof(struct page_counts)

/* What a page's entry may have, and paging_new_4gb()'s flags. */
#define PAGE_FLAGS      ((PAGE_FLAGS_IN_ENTRY & ~PAGE_FLAG_LARGE) | PAGE_FLAG_EXECUTABLE)
#define NEW_CHUNK_FLAGS (PAGE_FLAG_PRESENT | PAGE_FLAG_WRITEABLE | PAGE_FLAG_USER)

static struct {
    struct paging_4gb_chunk kernel;
    struct page_counts kernel_counts;
    struct page_entry kernel_root[ENTRIES] __attribute__((aligned(PAGE_SIZE_BYTES)));
    /* The first table that the kernel's chunk needs: on i386 it is the only one. */
    struct page_entry kernel_first_table[ENTRIES] __attribute__((aligned(PAGE_SIZE_BYTES)));
    bool is_first_table_used;
    unsigned largest_level;           /* of the kernel's pages */
    struct paging_4gb_chunk *current; /* NULL: paging is off */
    struct list_node chunks;          /* all but the kernel's */
} paging __attribute__((aligned(PAGE_SIZE_BYTES)));

static inline bool is_own_table(const struct paging_4gb_chunk *chunk, struct page_entry entry)
{
    return chunk == &paging.kernel ? page_entry_is_table(entry) : page_entry_is_own_table(entry);
}

static inline void flush_page(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    if (chunk == paging.current) {
        page_flush(address);
    }
}

/* For changes of many pages at once, global ones among them. */
static void flush_all(void)
{
    if (paging.current) {
        page_flush_all();
    }
}

/*
 * The kernel's entry of level for address was old and is another one now. If it is one of the root,
 * all chunks that had the old one get the new one. (The CPU marks in each chunk's own copy that it
 * was used.) Whichever chunk is in use, nothing of what the old one led to stays in the TLB.
 */
static void share_entry(vaddr_t address, unsigned level, struct page_entry old)
{
    unsigned index = page_table_index(address, ROOT_LEVEL);

    if (level == ROOT_LEVEL) {
        LIST_FOR_EACH(node, &paging.chunks) {
            struct paging_4gb_chunk *chunk = LIST_ENTRY(node, struct paging_4gb_chunk, link);

            if (page_entry_is_same(root_of(chunk)[index], old)) {
                root_of(chunk)[index] = paging.kernel_root[index];
            }
        }
    }
    flush_all();
}

bool paging_is_aligned(const void *address)
{
    return IS_ALIGNED((uintptr_t)address, PAGE_SIZE_BYTES);
}

void *paging_align_address(void *address)
{
    return (void *)ALIGN_UP((uintptr_t)address, PAGE_SIZE_BYTES);
}

void *paging_align_to_lower_page(void *address)
{
    return (void *)ALIGN_DOWN((uintptr_t)address, PAGE_SIZE_BYTES);
}

/* ---------------------------------------------------------------- down to an entry */

/* The entry that maps address, or is empty, in tables whoever's they are; *level is its level. */
static inline struct page_entry find_entry(const struct paging_4gb_chunk *chunk, vaddr_t address,
                                           unsigned *level)
{
    const struct page_entry *table = root_of(chunk);

    if (!page_address_is_canonical(address)) {
        *level = ROOT_LEVEL;
        return (struct page_entry){0};
    }
    FOR_EACH_LEVEL(unsigned at = ROOT_LEVEL; at > 0; at--)
    {
        struct page_entry entry = table[page_table_index(address, at)];

        if (!page_entry_is_table(entry)) {
            *level = at;
            return entry;
        }
        table = table_of(entry);
    }
    *level = 0;
    return table[page_table_index(address, 0)];
}

NOINLINE size_t paging_drop_tables(struct paging_4gb_chunk *chunk, const struct path *path,
                                   unsigned level, vaddr_t address)
{
    size_t dropped = 0;

    do {
        struct page_entry old = *path->slot[level];

        *path->slot[level] = (struct page_entry){0};
        if (chunk == &paging.kernel) {
            share_entry(address, level, old);
        }
        flush_page(chunk, address);
        pmm_free_zeroed_page(table_of(old));
        chunk->own_tables--;
        dropped++;
        level++;
    } while (level <= ROOT_LEVEL &&
             page_count_down(chunk->counts, path->slot[level], address) == 0);
    return dropped;
}

static struct page_entry *new_table(struct paging_4gb_chunk *chunk, bool is_zeroed)
{
    if (chunk->promised_tables > 0) {
        chunk->promised_tables--;
        return is_zeroed ? pmm_alloc_promised_zeroed_page() : pmm_alloc_promised_page();
    }
    if (chunk == &paging.kernel && !paging.is_first_table_used) {
        paging.is_first_table_used = true;
        return paging.kernel_first_table;
    }
    return is_zeroed ? pmm_alloc_zeroed_page() : pmm_alloc_page();
}

/* Puts table, with count entries in use, in place of what is at slot, address's entry. */
static inline void put_table(struct paging_4gb_chunk *chunk, struct page_entry *slot,
                             vaddr_t address, struct page_entry *table, unsigned count)
{
    *slot = page_entry_make_table(page_physical(table), chunk != &paging.kernel);
    page_count_set(chunk->counts, slot, address, count);
    chunk->own_tables++;
}

/*
 * Puts a table of the chunk's own, with the same mappings, in place of the entry at
 * path->slot[level]: an empty one, a split large page, or a copy of a table of pages that the
 * kernel shares. 0; -ENOMEM; -EINVARG for a table of tables that the kernel shares.
 */
static int make_table(struct paging_4gb_chunk *chunk, vaddr_t address, const struct path *path,
                      unsigned level)
{
    struct page_entry *slot = path->slot[level];
    struct page_entry old = *slot;
    unsigned count = 0;

    if (page_entry_is_table(old) && level > 1) {
        return -EINVARG;
    }
    struct page_entry *table = new_table(chunk, page_entry_is_empty(old));
    if (!table) {
        return -ENOMEM;
    }
    if (page_entry_is_table(old)) {
        memcpy(table, table_of(old), PAGE_SIZE_BYTES);
        for (unsigned i = 0; i < ENTRIES; i++) {
            count += !page_entry_is_empty(table[i]);
        }
    } else if (!page_entry_is_empty(old)) {
        for (unsigned i = 0; i < ENTRIES; i++) {
            table[i] = page_entry_part(old, level, i);
        }
        count = ENTRIES;
    } else if (level < ROOT_LEVEL) {
        page_count_up(chunk->counts, path->slot[level + 1], address);
    }
    put_table(chunk, slot, address, table, count);
    if (!page_entry_is_empty(old) && chunk == paging.current) {
        flush_all();
    }
    return OK;
}

/* paging_complete_path(), for those who are in a hurry. */
static inline __attribute__((always_inline)) int complete_path_here(struct paging_4gb_chunk *chunk,
                                                                    vaddr_t address,
                                                                    unsigned to_level,
                                                                    struct path *path)
{
    struct page_entry *table = root_of(chunk);

    for (unsigned level = ROOT_LEVEL; level > to_level; level--) {
        struct page_entry *slot = &table[page_table_index(address, level)];

        path->slot[level] = slot;
        int status = is_own_table(chunk, *slot) ? OK : make_table(chunk, address, path, level);

        if (status < 0) {
            if (level < ROOT_LEVEL &&
                page_count(chunk->counts, path->slot[level + 1], address) == 0) {
                (void)paging_drop_tables(chunk, path, level + 1, address);
            }
            return status;
        }
        table = table_of(*slot);
    }
    path->slot[to_level] = &table[page_table_index(address, to_level)];
    return OK;
}

NOINLINE int paging_complete_path(struct paging_4gb_chunk *chunk, vaddr_t address,
                                  unsigned to_level, struct path *path)
{
    return complete_path_here(chunk, address, to_level, path);
}

/* ---------------------------------------------------------------- single pages */

/* Writes the entry of address, at the end of path. */
static inline void write_entry(struct paging_4gb_chunk *chunk, const struct path *path,
                               vaddr_t address, struct page_entry entry)
{
    struct page_entry old = *path->slot[0];

    *path->slot[0] = entry;
    if (!page_entry_is_empty(old)) {
        /* Not-present entries are never cached, so only a change of a present one needs this. */
        flush_page(chunk, address);
        if (page_entry_is_empty(entry) &&
            page_count_down(chunk->counts, path->slot[1], address) == 0) {
            struct path emptied = *path; /* which then is the only one in memory */

            (void)paging_drop_tables(chunk, &emptied, 1, address);
        }
    } else if (!page_entry_is_empty(entry)) {
        page_count_up(chunk->counts, path->slot[1], address);
    }
}

/* set_entry() where tables lack. On its own, so that path costs the others no memory. */
static NOINLINE int set_entry_slowly(struct paging_4gb_chunk *chunk, vaddr_t address,
                                     struct page_entry entry)
{
    struct path path;
    int status = complete_path_here(chunk, address, 0, &path);

    if (status == OK) {
        write_entry(chunk, &path, address, entry);
    }
    return status;
}

static inline int set_entry(struct paging_4gb_chunk *chunk, vaddr_t address,
                            struct page_entry entry)
{
    struct path path;

    if (walk_own(chunk, address, &path) > 0) {
        return set_entry_slowly(chunk, address, entry);
    }
    write_entry(chunk, &path, address, entry);
    return OK;
}

/* Unmaps address, and sets *old to the entry that was there; to an empty one when nothing was. An
 * error when a table of the chunk's own is needed for it and cannot be had. */
static inline int clear_entry(struct paging_4gb_chunk *chunk, vaddr_t address,
                              struct page_entry *old)
{
    struct path path;

    if (walk_own(chunk, address, &path) == 0) { /* as nearly always: one walk does */
        *old = *path.slot[0];
        if (!page_entry_is_empty(*old)) {
            write_entry(chunk, &path, address, (struct page_entry){0});
        }
        return OK;
    }
    *old = paging_entry(chunk, address);
    return page_entry_is_empty(*old) ? OK
                                     : set_entry_slowly(chunk, address, (struct page_entry){0});
}

/* Both are aligned, and flags has nothing but what a page's entry may have. */
static inline bool is_mappable(const void *virt, const void *phys, uint32_t flags)
{
    return !(((vaddr_t)virt | (paddr_t)phys) & (PAGE_SIZE_BYTES - 1)) &&
           !((paddr_t)phys & ~(paddr_t)PAGE_FRAME_MASK) && !(flags & ~(uint32_t)PAGE_FLAGS) &&
           page_address_is_canonical((vaddr_t)virt);
}

int paging_map(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags)
{
    if (!is_mappable(virt, phys, flags)) {
        return -EINVARG;
    }
    return set_entry(chunk, (vaddr_t)virt, page_entry_make((paddr_t)phys, flags, 0));
}

int paging_unmap(struct paging_4gb_chunk *chunk, void *virt)
{
    struct page_entry old = {0};
    bool can_be = paging_is_aligned(virt) && page_address_is_canonical((vaddr_t)virt);
    int status = can_be ? clear_entry(chunk, (vaddr_t)virt, &old) : OK;

    return page_entry_is_empty(old) ? -EINVARG : status;
}

page_entry_bits_t paging_take_bits(struct paging_4gb_chunk *chunk, void *virt)
{
    struct page_entry old;

    return clear_entry(chunk, (vaddr_t)virt, &old) == OK ? old.bits : 0;
}

/* ---------------------------------------------------------------- ranges */

/* Gives back all tables of the chunk's own that entries of `level` in table lead to; the pages that
 * they map stay. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as there are levels of tables, four at most */
static void free_tables(struct paging_4gb_chunk *chunk, const struct page_entry *table,
                        unsigned level)
{
    for (unsigned i = 0; i < ENTRIES && chunk->own_tables > 0; i++) {
        if (is_own_table(chunk, table[i])) {
            struct page_entry *below = table_of(table[i]);

            if (level > 1) {
                free_tables(chunk, below, level - 1);
            }
            pmm_free_page(below);
            chunk->own_tables--;
        }
    }
}

int paging_make_tables(struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t last)
{
    const unsigned shift = page_level_shift(1);
    const vaddr_t first = start >> shift;
    struct path path;

    for (vaddr_t number = first; number <= last >> shift; number++) {
        int status = paging_complete_path(chunk, number << shift, 0, &path);

        if (status == OK) {
            continue;
        }
        while (number-- > first) {
            if (paging_complete_path(chunk, number << shift, 0, &path) == OK &&
                page_count(chunk->counts, path.slot[1], number << shift) == 0) {
                (void)paging_drop_tables(chunk, &path, 1, number << shift);
            }
        }
        return status;
    }
    return OK;
}

/* Do count pages from address on fit below the end of all addresses? */
static inline bool is_in_reach(uintptr_t address, size_t count)
{
    return count <= ((uintptr_t)0 - address - 1) / PAGE_SIZE_BYTES + 1;
}

int paging_map_range(struct paging_4gb_chunk *chunk, void *virt, void *phys, size_t count,
                     uint32_t flags)
{
    vaddr_t address = (vaddr_t)virt;
    paddr_t frame = (paddr_t)phys;

    if (!is_in_reach(address, count) || !is_in_reach(frame, count) ||
        !is_mappable(virt, phys, flags)) {
        return -EINVARG;
    }
    if (count == 0) {
        return OK;
    }
    vaddr_t last = address + (count - 1) * PAGE_SIZE_BYTES;

    if (!page_range_is_canonical(address, last) ||
        !is_mappable(virt, (void *)(frame + (count - 1) * PAGE_SIZE_BYTES), flags)) {
        return -EINVARG;
    }
    /* The tables first: nothing can fail once the first entry is replaced. */
    int status = paging_make_tables(chunk, address, last);

    for (size_t i = 0; status == OK && i < count; i++) {
        status = set_entry(chunk, address + i * PAGE_SIZE_BYTES,
                           page_entry_make(frame + i * PAGE_SIZE_BYTES, flags, 0));
    }
    return status;
}

int paging_map_to(struct paging_4gb_chunk *chunk, void *virt, void *phys, void *phys_end,
                  uint32_t flags)
{
    if (!paging_is_aligned(virt) || !paging_is_aligned(phys) || !paging_is_aligned(phys_end) ||
        (paddr_t)phys_end < (paddr_t)phys) {
        return -EINVARG;
    }
    return paging_map_range(chunk, virt, phys,
                            ((paddr_t)phys_end - (paddr_t)phys) / PAGE_SIZE_BYTES, flags);
}

/* Maps what one entry of level covers, around address, with that entry; path leads to it. Tables
 * that were there go back. */
static void write_large_entry(struct paging_4gb_chunk *chunk, vaddr_t address,
                              const struct path *path, unsigned level, struct page_entry entry)
{
    struct page_entry *slot = path->slot[level];
    struct page_entry old = *slot;

    *slot = entry;
    if (page_entry_is_empty(old)) {
        if (level < ROOT_LEVEL) {
            page_count_up(chunk->counts, path->slot[level + 1], address);
        }
        return;
    }
    if (chunk == paging.current) {
        flush_all();
    }
    if (is_own_table(chunk, old)) {
        if (level > 1) {
            free_tables(chunk, table_of(old), level - 1);
        }
        pmm_free_page(table_of(old));
        chunk->own_tables--;
    }
}

int paging_map_4mib(struct paging_4gb_chunk *chunk, void *virt, void *phys, uint32_t flags)
{
    vaddr_t address = (vaddr_t)virt;
    struct path path;

    if (!IS_ALIGNED(address | (paddr_t)phys, (uintptr_t)PAGING_4MIB_BYTES) ||
        !page_address_is_canonical(address) || ((paddr_t)phys & ~(paddr_t)PAGE_FRAME_MASK) ||
        (flags & ~(uint32_t)((PAGE_FLAGS_IN_ENTRY & ~PAGE_FLAG_OWN) | PAGE_FLAG_EXECUTABLE))) {
        return -EINVARG;
    }
    int status = paging_complete_path(chunk, address, 1, &path);

    /* All entries are side by side in the same table. */
    for (size_t offset = 0; status == OK && offset < PAGING_4MIB_BYTES;
         offset += page_level_bytes(1)) {
        write_large_entry(chunk, address, &path, 1,
                          page_entry_make((paddr_t)phys + offset, flags, 1));
        path.slot[1]++;
    }
    return status;
}

/* ---------------------------------------------------------------- looking things up */

page_entry_bits_t paging_get(const struct paging_4gb_chunk *chunk, const void *virt)
{
    unsigned level;

    return find_entry(chunk, (vaddr_t)virt, &level).bits;
}

int paging_set(struct paging_4gb_chunk *chunk, void *virt, page_entry_bits_t entry)
{
    struct page_entry new_entry = {entry};

    if (!paging_is_aligned(virt) || !page_address_is_canonical((vaddr_t)virt) ||
        (entry && !page_entry_is_present(new_entry)) || page_entry_is_large(new_entry)) {
        return -EINVARG;
    }
    if (!entry && !paging_is_mapped(chunk, virt)) {
        return OK; /* as it is; no table is made to say so */
    }
    return set_entry(chunk, (vaddr_t)virt, new_entry);
}

bool paging_is_mapped(const struct paging_4gb_chunk *chunk, const void *virt)
{
    return page_entry_is_present(paging_entry(chunk, (vaddr_t)virt));
}

int paging_get_physical_address(const struct paging_4gb_chunk *chunk, const void *virt,
                                paddr_t *phys)
{
    unsigned level;
    struct page_entry entry = find_entry(chunk, (vaddr_t)virt, &level);

    if (!page_entry_is_present(entry)) {
        return -EINVARG;
    }
    *phys = page_entry_frame(entry) + ((vaddr_t)virt & (page_level_bytes(level) - 1));
    return OK;
}

size_t paging_walk(const struct paging_4gb_chunk *chunk, vaddr_t address,
                   struct paging_step steps[PAGE_LEVELS])
{
    const struct page_entry *table = root_of(chunk);
    size_t count = 0;

    for (unsigned level = ROOT_LEVEL;; level--) {
        unsigned index = page_table_index(address, level);

        steps[count++] =
            (struct paging_step){.level = level, .index = index, .entry = table[index]};
        if (level == 0 || !page_entry_is_table(table[index])) {
            return count;
        }
        table = table_of(table[index]);
    }
}

void paging_write(struct paging_4gb_chunk *chunk, vaddr_t address, struct page_entry entry)
{
    struct path path;

    KASSERT(walk_own(chunk, address, &path) == 0 && !page_entry_is_empty(*path.slot[0]));
    *path.slot[0] = entry;
    flush_page(chunk, address);
}

/* Of the entries of `level` in table that cover [start, end). */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as there are levels of tables, four at most */
static size_t count_private(const struct paging_4gb_chunk *chunk, const struct page_entry *table,
                            unsigned level, vaddr_t start, vaddr_t end)
{
    size_t pages = 0;

    for (vaddr_t next, address = start; address < end; address = next) {
        const struct page_entry *slot = &table[page_table_index(address, level)];

        next = MIN(next_entry(address, level), end);
        if (is_own_table(chunk, *slot)) {
            pages +=
                1 + (level == 1 ? page_count(chunk->counts, slot, address)
                                : count_private(chunk, table_of(*slot), level - 1, address, next));
        }
    }
    return pages;
}

size_t paging_count_private(const struct paging_4gb_chunk *chunk, vaddr_t start, vaddr_t end)
{
    return count_private(chunk, root_of(chunk), ROOT_LEVEL, start, end);
}

/* In table, whose entries are of level and begin to count at start. What an entry allows, those
 * below may only narrow. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as there are levels of tables, four at most */
static bool find_writable_and_executable(const struct page_entry *table, unsigned level,
                                         vaddr_t start, vaddr_t *address)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        page_rights_t rights = page_entry_rights(table[i]);
        vaddr_t at = start + ((vaddr_t)i << page_level_shift(level));

        if ((rights & (PAGE_WRITE | PAGE_EXECUTE)) != (PAGE_WRITE | PAGE_EXECUTE)) {
            continue;
        }
        if (level == 0 || page_entry_is_large(table[i])) {
            *address = at;
            return true;
        }
        if (find_writable_and_executable(table_of(table[i]), level - 1, at, address)) {
            return true;
        }
    }
    return false;
}

bool paging_find_writable_and_executable(const struct paging_4gb_chunk **chunk, vaddr_t *address)
{
    *chunk = &paging.kernel;
    if (!PAGE_CAN_FORBID_EXECUTION) {
        return false;
    }
    if (find_writable_and_executable(root_of(*chunk), ROOT_LEVEL, 0, address)) {
        return true;
    }
    LIST_FOR_EACH(node, &paging.chunks) {
        *chunk = LIST_ENTRY(node, struct paging_4gb_chunk, link);
        if (find_writable_and_executable(root_of(*chunk), ROOT_LEVEL, 0, address)) {
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- the kernel's chunk */

/* The level of the largest pages that start and frame are aligned to, and that bytes have room
 * for. */
static unsigned largest_level(vaddr_t start, paddr_t frame, size_t bytes)
{
    unsigned level = paging.largest_level;

    while (level > 0 && (!IS_ALIGNED(start | frame, page_level_bytes(level)) ||
                         bytes < page_level_bytes(level))) {
        level--;
    }
    return level;
}

/* Maps [start, end), where nothing is mapped yet, with the largest pages that fit. end 0: all that
 * follows. */
static void map_kernel(vaddr_t start, vaddr_t end, paddr_t frame, uint32_t flags)
{
    KASSERT(IS_ALIGNED(start | end | frame, (vaddr_t)PAGE_SIZE_BYTES));
    while (start != end) {
        unsigned level = largest_level(start, frame, end - start);
        struct path path;

        if (paging_complete_path(&paging.kernel, start, level, &path) < 0) {
            panic("no memory for the kernel's page tables");
        }
        do { /* larger pages can only begin where a table ends */
            *path.slot[level] = page_entry_make(frame, flags, level);
            if (level < ROOT_LEVEL) {
                page_count_up(paging.kernel.counts, path.slot[level + 1], start);
            }
            path.slot[level]++;
            start += page_level_bytes(level);
            frame += page_level_bytes(level);
        } while (start != end && page_table_index(start, level) != 0 &&
                 end - start >= page_level_bytes(level));
    }
}

/* The tables that the root's entries for [start, end) lead to are there from now on, and stay. */
static void hold_tables(vaddr_t start, vaddr_t end)
{
    struct path path;

    for (vaddr_t address = start; address < end; address = next_entry(address, ROOT_LEVEL)) {
        if (paging_complete_path(&paging.kernel, address, ROOT_LEVEL - 1, &path) < 0) {
            panic("no memory for the kernel's page tables");
        }
        page_count_up(paging.kernel.counts, path.slot[ROOT_LEVEL], address);
    }
}

static void map_kernel_range(const struct page_range *range, const struct memory_map *map)
{
    struct memory_range ram = {.end = range->frame};

    if (range->flags == 0) {
        hold_tables(range->start, range->end);
    } else if (!range->is_ram) {
        map_kernel(range->start, range->end, range->frame, range->flags);
    } else {
        uint64_t end = range->frame + (range->end - range->start);

        while (memory_map_next_range(map, ram.end, end, &ram)) {
            vaddr_t start = range->start + (vaddr_t)(ram.start - range->frame);

            map_kernel(start, start + (vaddr_t)(ram.end - ram.start), (paddr_t)ram.start,
                       range->flags);
        }
    }
}

void paging_initialise(const struct memory_map *map)
{
    size_t count;
    const struct page_range *ranges = page_kernel_ranges(&count);

    list_initialise(&paging.chunks);
    paging.kernel.directory_entry = &paging.kernel_root[0].bits;
    paging.kernel.counts = &paging.kernel_counts;
    paging.largest_level = page_table_largest_level();
    for (size_t i = 0; i < count; i++) {
        map_kernel_range(&ranges[i], map);
    }
}

struct paging_4gb_chunk *paging_kernel_chunk(void)
{
    return &paging.kernel;
}

struct paging_4gb_chunk *paging_current(void)
{
    return paging.current;
}

/* For backtraces, which may follow a damaged frame pointer. */
static bool is_readable(vaddr_t address)
{
    uint32_t flags = page_entry_flags(paging_entry(paging.current, address));

    return (flags & (PAGE_FLAG_PRESENT | PAGE_FLAG_USER)) == PAGE_FLAG_PRESENT;
}

void enable_paging(void)
{
    page_table_enable(page_physical(paging.kernel_root));
    paging.current = &paging.kernel;
    backtrace_set_address_check(is_readable);
    panic_add_reporter(paging_report_fault);

    const struct paging_4gb_chunk *chunk;
    vaddr_t address = 0;

    if (paging_find_writable_and_executable(&chunk, &address)) {
        panic("the kernel's page at %p can be written and executed", (void *)address);
    }
}

void paging_switch(struct paging_4gb_chunk *chunk)
{
    if (chunk != paging.current) {
        paging.current = chunk;
        page_table_load(page_physical(chunk->directory_entry));
    }
}

/* ---------------------------------------------------------------- chunks */

struct paging_4gb_chunk *paging_new_4gb(uint32_t flags)
{
    if (flags & ~(uint32_t)NEW_CHUNK_FLAGS) {
        return NULL;
    }

    struct paging_4gb_chunk *chunk = kmem_alloc(sizeof(*chunk));
    if (!chunk) {
        return NULL;
    }
    chunk->counts = COUNTS_BYTES ? kmem_alloc(COUNTS_BYTES) : NULL; /* each is set with its table */
    if (COUNTS_BYTES && !chunk->counts) {
        goto free_chunk;
    }
    struct page_entry *root = pmm_alloc_page();
    if (!root) {
        goto free_counts;
    }
    memset(root, 0, PAGE_ROOT_KERNEL_FIRST * sizeof(*root));
    memcpy(root + PAGE_ROOT_KERNEL_FIRST, paging.kernel_root + PAGE_ROOT_KERNEL_FIRST,
           (ENTRIES - PAGE_ROOT_KERNEL_FIRST) * sizeof(*root));
    chunk->directory_entry = &root->bits;
    chunk->own_tables = 0;
    chunk->promised_tables = 0;
    chunk->resident = 0;
    for (struct page_entry *slot = root; slot < root + PAGE_MIXED_TABLES; slot++) {
        struct page_entry *kernels = &paging.kernel_root[slot - root];
        vaddr_t address = (vaddr_t)(slot - root) << page_level_shift(ROOT_LEVEL);
        struct page_entry *table = pmm_alloc_page();

        if (!table) {
            goto free_tables;
        }
        memcpy(table, table_of(*kernels), PAGE_SIZE_BYTES);
        put_table(chunk, slot, address, table, page_count(paging.kernel.counts, kernels, address));
    }
    list_append(&paging.chunks, &chunk->link);
    return chunk;

free_tables:
    free_tables(chunk, root, ROOT_LEVEL);
    pmm_free_page(root);
free_counts:
    kmem_free(chunk->counts);
free_chunk:
    kmem_free(chunk);
    return NULL;
}

void paging_free_4gb(struct paging_4gb_chunk *chunk)
{
    if (!chunk) {
        return;
    }
    KASSERT(chunk != &paging.kernel);
    if (chunk == paging.current) {
        paging_switch(&paging.kernel);
    }
    list_remove(&chunk->link);
    free_tables(chunk, root_of(chunk), ROOT_LEVEL);
    KASSERT(chunk->own_tables == 0);
    pmm_give_back_promise(chunk->promised_tables);
    pmm_free_page(chunk->directory_entry);
    kmem_free(chunk->counts);
    kmem_free(chunk);
}

/* Are the user's parts of its tables empty? */
static bool is_as_new(const struct paging_4gb_chunk *chunk)
{
    const struct page_entry *root = root_of(chunk);

    for (const struct page_entry *slot = root; slot < root + PAGE_MIXED_TABLES; slot++) {
        vaddr_t address = (vaddr_t)(slot - root) << page_level_shift(ROOT_LEVEL);

        if (page_count(chunk->counts, slot, address) !=
            page_count(paging.kernel.counts, &paging.kernel_root[slot - root], address)) {
            return false;
        }
    }
    return chunk->own_tables == PAGE_MIXED_TABLES;
}

bool paging_reset_4gb(struct paging_4gb_chunk *chunk)
{
    if (!is_as_new(chunk)) {
        return false;
    }
    if (chunk == paging.current) {
        paging_switch(&paging.kernel);
    }
    pmm_give_back_promise(chunk->promised_tables);
    chunk->promised_tables = 0;
    chunk->resident = 0;
    return true;
}

struct paging_4gb_chunk *paging_find_chunk(const page_entry_bits_t *directory)
{
    if (directory == paging.kernel.directory_entry) {
        return &paging.kernel;
    }
    LIST_FOR_EACH(node, &paging.chunks) {
        struct paging_4gb_chunk *chunk = LIST_ENTRY(node, struct paging_4gb_chunk, link);

        if (chunk->directory_entry == directory) {
            return chunk;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- the kernel's own pages */

static bool is_kernel_page(const void *page)
{
    return paging_is_aligned(page) &&
           range_is_inside((vaddr_t)page, PAGE_SIZE_BYTES, VMALLOC_ADDRESS, KERNEL_STACKS_END);
}

int paging_map_kernel_page(void *virt, void *frame)
{
    struct paging_4gb_chunk *kernel = &paging.kernel;
    vaddr_t address = (vaddr_t)virt;
    size_t missing = paging_missing_tables(kernel, address);
    struct path path;

    KASSERT(is_kernel_page(virt) && !paging_is_mapped(kernel, virt));
    if (paging_complete_path(kernel, address, 0, &path) < 0) {
        return -ENOMEM;
    }
    if (missing > 0) {
        share_entry(address, (unsigned)missing, (struct page_entry){0});
    }
    write_entry(kernel, &path, address, page_entry_make(page_physical(frame), KERNEL_PAGE, 0));
    return OK;
}

void *paging_unmap_kernel_page(void *virt)
{
    struct paging_4gb_chunk *kernel = &paging.kernel;
    vaddr_t address = (vaddr_t)virt;
    struct path path;

    KASSERT(is_kernel_page(virt) && paging_is_mapped(kernel, virt));
    KASSERT(paging_complete_path(kernel, address, 0, &path) == OK); /* it is all there */

    struct page_entry entry = *path.slot[0];

    write_entry(kernel, &path, address, (struct page_entry){0});
    page_flush(
        address); /* whichever chunk is in use; afterwards, or the CPU could read the entry again */
    return page_memory(page_entry_frame(entry));
}
