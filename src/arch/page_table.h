/*
 * arch/page_table.h - one entry, one table, one flush. What is mapped where is memory/paging's.
 *
 * An address space is a tree of tables. A table is a page of PAGE_TABLE_ENTRIES entries; the root's
 * entries are those of level PAGE_LEVELS - 1, and entries of level 0 always map single pages:
 *
 *                        level 3    level 2    level 1    level 0
 *     i386                                     4 MiB      4 KiB      an entry of that level covers so much
 *     x86_64             512 GiB    1 GiB      2 MiB      4 KiB
 *
 * An entry is empty (0), or it leads to the table of the level below, or it maps a page that is as
 * large as what it covers. From PAGE_LARGEST_LEVEL up there are tables alone; the levels between 0
 * and page_table_largest_level() may have large pages.
 *
 * Flags are what an entry says beside an address. They are numbers of their own, and the same for
 * every architecture; that bits 0 to 11 are where x86 has them, makes translating them cheap there.
 *
 * A table that belongs to one address space alone is marked in the entry that leads to it (OWN).
 * How many entries of such a table are in use is kept where the architecture has room: in bits of
 * that entry which the CPU ignores, where there are ten of them (x86_64), or else in a struct
 * page_counts beside the root (i386, which needs them for the root's entries alone).
 *
 * Sources: Intel SDM volume 3, sections 4.3 (i386), 4.5 (x86_64), 4.10 (what must be flushed).
 */
#ifndef ARCH_PAGE_TABLE_H
#define ARCH_PAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"

#define PAGE_FLAG_PRESENT       0x001u
#define PAGE_FLAG_WRITEABLE     0x002u
#define PAGE_FLAG_USER          0x004u
#define PAGE_FLAG_WRITE_THROUGH 0x008u
#define PAGE_FLAG_UNCACHED      0x010u
#define PAGE_FLAG_ACCESSED      0x020u /* set by the CPU */
#define PAGE_FLAG_DIRTY         0x040u /* set by the CPU */
#define PAGE_FLAG_LARGE         0x080u /* maps a page, though its level is not 0 */
#define PAGE_FLAG_GLOBAL        0x100u /* stays in the TLB when the root changes */
#define PAGE_FLAG_MARK_1        0x200u /* the marks mean nothing to the CPU */
#define PAGE_FLAG_MARK_2        0x400u
#define PAGE_FLAG_MARK_3        0x800u
#define PAGE_FLAG_OWN           PAGE_FLAG_MARK_1 /* of an entry that leads to a table */
#define PAGE_FLAG_SHARED        PAGE_FLAG_MARK_3 /* of one that maps a page: others hold the frame, too */
#define PAGE_FLAGS_IN_ENTRY     0xFFFu
#define PAGE_FLAG_EXECUTABLE    0x1000u /* without it the CPU refuses to, where it can */

/*
 * From the architecture's half, below:
 *
 *   page_entry_bits_t        an unsigned number as large as an entry
 *   struct page_entry        {page_entry_bits_t bits;}; only arch/ looks inside
 *   PAGE_LEVELS, PAGE_INDEX_BITS, PAGE_LARGEST_LEVEL
 *   PAGE_ROOT_KERNEL_FIRST   the root's entries from this one on are the kernel's, or lead to it; those
 *                            before are empty in a new address space
 *   PAGE_MIXED_TABLES        so many entries from the root's first on cover pages of the kernel and of the
 *                            user: each address space has tables of its own for them
 *   PAGE_CAN_FORBID_EXECUTION
 *   struct page_counts       see above; may be empty
 */
#define PAGE_TABLE_ENTRIES (1u << PAGE_INDEX_BITS)

#if ARCH_BITS == 64
#include "arch/x86_64/page_entry.h"
#else
#include "arch/i386/page_entry.h"
#endif

/* ---------------------------------------------------------------- geometry */

/* An entry of level covers 1 << this bytes. */
static inline unsigned page_level_shift(unsigned level);
static inline vaddr_t page_level_bytes(unsigned level);

/* Which entry of its table leads to address. */
static inline unsigned page_table_index(vaddr_t address, unsigned level);

/* Can there be an address like that? Do all addresses from first to last exist, side by side? */
static inline bool page_address_is_canonical(vaddr_t address);
static inline bool page_range_is_canonical(vaddr_t first, vaddr_t last);

/* What entries of level are called, in words for a report. */
static inline const char *page_level_name(unsigned level);

/* ---------------------------------------------------------------- entries */

/* Maps frame, which is aligned to what level covers. Present, whatever flags say; LARGE as level
 * says. */
static inline struct page_entry page_entry_make(paddr_t frame, uint32_t flags, unsigned level);

/*
 * Two entries that are neither empty nor present. Promised: no frame yet, the first touch is to
 * bring one. Hidden: a page without any right, which keeps frame and marks. Both keep marks; the
 * CPU sees that no page is there.
 */
static inline struct page_entry page_entry_promise(uint32_t marks);
static inline struct page_entry page_entry_hide(struct page_entry entry);

/* Leads to table; all rights are left to the entries in it. is_own: it is marked as such. */
static inline struct page_entry page_entry_make_table(paddr_t table, bool is_own);

/* entry maps a large page and is of that level: the entry of the level below for part number i of
 * it. */
static inline struct page_entry page_entry_part(struct page_entry entry, unsigned level,
                                                unsigned i);

static inline bool page_entry_is_empty(struct page_entry entry);
static inline bool page_entry_is_present(struct page_entry entry);
static inline bool page_entry_is_large(struct page_entry entry);

/* Of an entry above level 0: does it lead to a table? To one that is marked as the address space's
 * own? */
static inline bool page_entry_is_table(struct page_entry entry);
static inline bool page_entry_is_own_table(struct page_entry entry);

/* Neither empty nor present, and without a frame. */
static inline bool page_entry_is_promised(struct page_entry entry);

/* entry with flags set and others cleared; EXECUTABLE is not one of them. */
static inline struct page_entry page_entry_change(struct page_entry entry, uint32_t set,
                                                  uint32_t clear);

/* Where the page or the table lies, without what flags say; 0 if there is none. */
static inline paddr_t page_entry_frame(struct page_entry entry);

/* All flags that are set. LARGE means nothing at level 0. */
static inline uint32_t page_entry_flags(struct page_entry entry);

/* Of these the marks. */
static inline uint32_t page_entry_marks(struct page_entry entry);

/* The same as rights; those of the entries above count as well. */
static inline page_rights_t page_entry_rights(struct page_entry entry);
static inline uint32_t page_flags_of_rights(page_rights_t rights);

/* Do both say the same, but for what the CPU has set and for counts? */
static inline bool page_entry_is_same(struct page_entry a, struct page_entry b);

/* ---------------------------------------------------------------- entries in use */

/* Of the table for address that the entry at slot, which is above level 0 and own, leads to. */
static inline unsigned page_count(const struct page_counts *counts, const struct page_entry *slot,
                                  vaddr_t address);
static inline void page_count_set(struct page_counts *counts, struct page_entry *slot,
                                  vaddr_t address, unsigned count);
/* Adds one; takes one away, and returns how many are left. */
static inline void page_count_up(struct page_counts *counts, struct page_entry *slot,
                                 vaddr_t address);
static inline unsigned page_count_down(struct page_counts *counts, struct page_entry *slot,
                                       vaddr_t address);

/* ---------------------------------------------------------------- the CPU */

/* The address space in use, by the physical address of its root. Loading it leaves global pages in
 * the TLB. */
static inline void page_table_load(paddr_t root);
static inline paddr_t page_table_root(void);

/* The translation of address, and all that is cached of tables on the way to any. */
static inline void page_flush(vaddr_t address);

/* All translations, global ones too. */
void page_flush_all(void);

/* The level of the largest pages that this CPU has. */
unsigned page_table_largest_level(void);

/* Paging is on from here on, with the root that lies there, which is the one of every fault that no
 * address space survives. Read-only pages are so for the kernel, too. */
void page_table_enable(paddr_t root);

/* ---------------------------------------------------------------- the kernel's own map */

/* Linear addresses [start, end) that show physical ones from frame on. Page-aligned. */
struct page_range {
    vaddr_t start;
    vaddr_t end; /* 0: to the end of the address space */
    paddr_t frame;
    /* 0: nothing is mapped, but the tables that its root entries lead to are made, and stay for
     * ever */
    uint32_t flags;
    bool is_ram; /* only where the firmware reports usable RAM */
};

/* They are apart; what lies between is not mapped. The array is the architecture's. */
const struct page_range *page_kernel_ranges(size_t *count);

/* What begins at start and ends where the next one begins, in words for a report. */
struct page_place {
    vaddr_t start;
    const char *what;
    bool is_stacks; /* a page that is not mapped there may be the guard below a kernel stack */
};

/* In order; the first begins at 0. */
const struct page_place *page_places(size_t *count);

#include "arch/x86/page_entry.h"

#endif
