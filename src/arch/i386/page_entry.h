/*
 * arch/i386/page_entry.h - the format of IA-32's tables without PAE (SDM volume 3, section 4.3).
 *
 *   31                                  12 11    9 8   7   6   5   4   3   2   1   0
 *  +--------------------------------------+-------+---+---+---+---+---+---+---+---+---+
 *  |  frame or table                      | marks | G |PS | D | A |PCD|PWT| U | W | P |
 *  +--------------------------------------+-------+---+---+---+---+---+---+---+---+---+
 *
 * Two levels; nothing keeps the CPU from executing what it can read. Part of arch/page_table.h.
 */
#ifndef ARCH_I386_PAGE_ENTRY_H
#define ARCH_I386_PAGE_ENTRY_H

#include <stdbool.h>

#include "base/types.h"

typedef uint32_t page_entry_bits_t;

struct page_entry {
    page_entry_bits_t bits;
};

#define PAGE_LEVELS               2u
#define PAGE_INDEX_BITS           10
#define PAGE_LARGEST_LEVEL        1u
#define PAGE_ROOT_KERNEL_FIRST    0u /* they are all over it: layout.h */
#define PAGE_MIXED_TABLES         1u /* the kernel, and behind it the user's stack */
#define PAGE_CAN_FORBID_EXECUTION 0

#define PAGE_FRAME_MASK 0xFFFFF000u
#define PAGE_NX         0u
#define PAGE_COUNT_MASK 0u

/* Of the tables that the root's entries lead to. */
struct page_counts {
    uint16_t of_table[1u << PAGE_INDEX_BITS];
};

static inline bool page_address_is_canonical(vaddr_t address)
{
    (void)address;
    return true;
}

static inline bool page_range_is_canonical(vaddr_t first, vaddr_t last)
{
    return first <= last;
}

static inline const char *page_level_name(unsigned level)
{
    return level == 0 ? "table" : "directory";
}

/* Which of them is for the table of address. */
static inline unsigned page_count_index(vaddr_t address)
{
    return address >> (12 + PAGE_INDEX_BITS);
}

static inline unsigned page_count(const struct page_counts *counts, const struct page_entry *slot,
                                  vaddr_t address)
{
    (void)slot;
    return counts->of_table[page_count_index(address)];
}

static inline void page_count_set(struct page_counts *counts, struct page_entry *slot,
                                  vaddr_t address, unsigned count)
{
    (void)slot;
    counts->of_table[page_count_index(address)] = (uint16_t)count;
}

static inline void page_count_up(struct page_counts *counts, struct page_entry *slot,
                                 vaddr_t address)
{
    (void)slot;
    counts->of_table[page_count_index(address)]++;
}

static inline unsigned page_count_down(struct page_counts *counts, struct page_entry *slot,
                                       vaddr_t address)
{
    (void)slot;
    return --counts->of_table[page_count_index(address)];
}

#endif
