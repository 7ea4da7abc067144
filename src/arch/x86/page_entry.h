/*
 * arch/x86/page_entry.h - what the two formats of tables have in common: bits 0 to 11, and the
 * steps of a walk. Part of arch/page_table.h, whose flags are these bits.
 */
#ifndef ARCH_X86_PAGE_ENTRY_H
#define ARCH_X86_PAGE_ENTRY_H

#include "arch/x86/cpu.h"

#define PAGE_OFFSET_BITS 12 /* of an address, within a page */

static inline unsigned page_level_shift(unsigned level)
{
    return PAGE_OFFSET_BITS + level * PAGE_INDEX_BITS;
}

static inline vaddr_t page_level_bytes(unsigned level)
{
    return (vaddr_t)1 << page_level_shift(level);
}

static inline unsigned page_table_index(vaddr_t address, unsigned level)
{
    return (unsigned)(address >> page_level_shift(level)) % PAGE_TABLE_ENTRIES;
}

/* PAGE_NX is 0 where there is no such bit. */
static inline struct page_entry page_entry_make(paddr_t frame, uint32_t flags, unsigned level)
{
    page_entry_bits_t large = level > 0 ? PAGE_FLAG_LARGE : 0;
    page_entry_bits_t never = flags & PAGE_FLAG_EXECUTABLE ? 0 : PAGE_NX;

    return (struct page_entry){frame | (flags & PAGE_FLAGS_IN_ENTRY) | PAGE_FLAG_PRESENT | large |
                               never};
}

/* USER alone makes it differ from an empty one. */
static inline struct page_entry page_entry_promise(uint32_t marks)
{
    return (struct page_entry){PAGE_FLAG_USER | marks};
}

static inline struct page_entry page_entry_hide(struct page_entry entry)
{
    return (struct page_entry){entry.bits & ~(page_entry_bits_t)PAGE_FLAG_PRESENT};
}

static inline struct page_entry page_entry_change(struct page_entry entry, uint32_t set,
                                                  uint32_t clear)
{
    return (struct page_entry){(entry.bits & ~(page_entry_bits_t)clear) | set};
}

static inline struct page_entry page_entry_make_table(paddr_t table, bool is_own)
{
    return (struct page_entry){table | PAGE_FLAG_PRESENT | PAGE_FLAG_WRITEABLE | PAGE_FLAG_USER |
                               (is_own ? PAGE_FLAG_OWN : 0)};
}

static inline struct page_entry page_entry_part(struct page_entry entry, unsigned level, unsigned i)
{
    page_entry_bits_t large = level == 1 ? PAGE_FLAG_LARGE : 0; /* the parts are pages of level 0 */

    return (struct page_entry){(entry.bits & ~large) +
                               ((page_entry_bits_t)i << page_level_shift(level - 1))};
}

static inline bool page_entry_is_empty(struct page_entry entry)
{
    return entry.bits == 0;
}

static inline bool page_entry_is_present(struct page_entry entry)
{
    return entry.bits & PAGE_FLAG_PRESENT;
}

static inline bool page_entry_is_large(struct page_entry entry)
{
    return entry.bits & PAGE_FLAG_LARGE;
}

static inline bool page_entry_is_table(struct page_entry entry)
{
    return (entry.bits & (PAGE_FLAG_PRESENT | PAGE_FLAG_LARGE)) == PAGE_FLAG_PRESENT;
}

static inline bool page_entry_is_promised(struct page_entry entry)
{
    return entry.bits != 0 && (entry.bits & (PAGE_FLAG_PRESENT | PAGE_FRAME_MASK)) == 0;
}

/* No large page has that mark: paging refuses it. */
static inline bool page_entry_is_own_table(struct page_entry entry)
{
    return entry.bits & PAGE_FLAG_OWN;
}

static inline paddr_t page_entry_frame(struct page_entry entry)
{
    return entry.bits & PAGE_FRAME_MASK;
}

static inline uint32_t page_entry_flags(struct page_entry entry)
{
    bool is_executable = page_entry_is_present(entry) && !(entry.bits & PAGE_NX);

    return (uint32_t)(entry.bits & PAGE_FLAGS_IN_ENTRY) |
           (is_executable ? PAGE_FLAG_EXECUTABLE : 0);
}

static inline uint32_t page_entry_marks(struct page_entry entry)
{
    return (uint32_t)entry.bits & (PAGE_FLAG_MARK_1 | PAGE_FLAG_MARK_2 | PAGE_FLAG_MARK_3);
}

static inline page_rights_t page_entry_rights(struct page_entry entry)
{
    uint32_t flags = page_entry_flags(entry);

    if (!(flags & PAGE_FLAG_PRESENT)) {
        return 0;
    }
    return (page_rights_t)(PAGE_READ | (flags & PAGE_FLAG_WRITEABLE ? PAGE_WRITE : 0) |
                           (flags & PAGE_FLAG_USER ? PAGE_USER : 0) |
                           (flags & PAGE_FLAG_EXECUTABLE ? PAGE_EXECUTE : 0) |
                           (flags & PAGE_FLAG_UNCACHED ? PAGE_DEVICE : 0));
}

static inline uint32_t page_flags_of_rights(page_rights_t rights)
{
    return (rights ? PAGE_FLAG_PRESENT : 0) | (rights & PAGE_WRITE ? PAGE_FLAG_WRITEABLE : 0) |
           (rights & PAGE_USER ? PAGE_FLAG_USER : 0) |
           (rights & PAGE_EXECUTE ? PAGE_FLAG_EXECUTABLE : 0) |
           (rights & PAGE_DEVICE ? PAGE_FLAG_UNCACHED | PAGE_FLAG_WRITE_THROUGH : 0);
}

static inline bool page_entry_is_same(struct page_entry a, struct page_entry b)
{
    page_entry_bits_t changing = PAGE_FLAG_ACCESSED | PAGE_FLAG_DIRTY | PAGE_COUNT_MASK;

    return ((a.bits ^ b.bits) & ~changing) == 0;
}

static inline void page_table_load(paddr_t root)
{
    cpu_write_cr3(root);
}

static inline paddr_t page_table_root(void)
{
    return cpu_read_cr3();
}

static inline void page_flush(vaddr_t address)
{
    cpu_invalidate_page(address);
}

#endif
