/*
 * arch/x86_64/page_entry.h - the format of tables in long mode (SDM volume 3, section 4.5).
 *
 *   63  62   61     52 51                12 11    9 8   7   6   5   4   3   2   1   0
 *  +---+---+----------+--------------------+-------+---+---+---+---+---+---+---+---+---+
 *  |NX |   |  count   |  frame or table    | marks | G |PS | D | A |PCD|PWT| U | W | P |
 *  +---+---+----------+--------------------+-------+---+---+---+---+---+---+---+---+---+
 *
 * Four levels. EFER.NXE is on before the first entry is used. Of an entry that leads to a table of
 * its own, bits 52 to 61, which the CPU ignores, count the entries of that table that are in use:
 * at most 512. Part of arch/page_table.h.
 */
#ifndef ARCH_X86_64_PAGE_ENTRY_H
#define ARCH_X86_64_PAGE_ENTRY_H

#include <stdbool.h>

#include "base/types.h"

typedef uint64_t page_entry_bits_t;

struct page_entry {
    page_entry_bits_t bits;
};

#define PAGE_LEVELS               4u
#define PAGE_INDEX_BITS           9
#define PAGE_LARGEST_LEVEL        2u
#define PAGE_ROOT_KERNEL_FIRST    256u /* the addresses with bit 47 set */
#define PAGE_MIXED_TABLES         0u
#define PAGE_CAN_FORBID_EXECUTION 1

#define PAGE_FRAME_MASK  0x000FFFFFFFFFF000u
#define PAGE_NX          0x8000000000000000u
#define PAGE_COUNT_SHIFT 52
#define PAGE_COUNT_ONE   0x0010000000000000u
#define PAGE_COUNT_MASK  0x3FF0000000000000u

struct page_counts {
};

/* Bits 63 to 48 are copies of bit 47, or using it is a general protection fault. */
static inline bool page_address_is_canonical(vaddr_t address)
{
    return (address + 0x0000800000000000u) >> 48 == 0;
}

static inline bool page_range_is_canonical(vaddr_t first, vaddr_t last)
{
    return first <= last && page_address_is_canonical(first) && page_address_is_canonical(last) &&
           first >> 47 == last >> 47;
}

static inline const char *page_level_name(unsigned level)
{
    static const char *const names[] = {"table", "directory", "directory pointer", "root"};

    return names[level];
}

static inline unsigned page_count(const struct page_counts *counts, const struct page_entry *slot,
                                  vaddr_t address)
{
    (void)counts;
    (void)address;
    return (unsigned)((slot->bits & PAGE_COUNT_MASK) >> PAGE_COUNT_SHIFT);
}

static inline void page_count_set(struct page_counts *counts, struct page_entry *slot,
                                  vaddr_t address, unsigned count)
{
    (void)counts;
    (void)address;
    slot->bits = (slot->bits & ~PAGE_COUNT_MASK) | (page_entry_bits_t)count << PAGE_COUNT_SHIFT;
}

static inline void page_count_up(struct page_counts *counts, struct page_entry *slot,
                                 vaddr_t address)
{
    (void)counts;
    (void)address;
    slot->bits += PAGE_COUNT_ONE;
}

static inline unsigned page_count_down(struct page_counts *counts, struct page_entry *slot,
                                       vaddr_t address)
{
    slot->bits -= PAGE_COUNT_ONE;
    return page_count(counts, slot, address);
}

#endif
