/*
 * memory/memory_map.h - which physical memory may be used: the firmware's list made sound.
 *
 * In go E820 entries as the BIOS gave them (abi/e820.h): unsorted, overlapping, not page-aligned.
 * Out come ranges of usable memory that are sorted, page-aligned, and have a gap between them.
 *
 *   - An address is usable when an entry of type 1 names it and no entry of another type does.
 *   - The pages that a reserved entry touches are all reserved; a page is usable when all of it is.
 *   - Entries with attributes bit 0 ("enabled") clear or of length 0 are ignored; type 1 with bit 1
 *     ("non-volatile") set counts as reserved.
 *   - A usable entry that would wrap past 2^64 is nonsense and ignored; a reserved one reserves to
 *     the end.
 *
 * When something does not fit, memory is lost, but never found: see memory_map_build().
 *
 * Sources: ACPI specification 6.5, section 15 (entries, types, attributes); Intel SDM volume 3,
 * section 4.1.4 (no processor has more than 52 physical address bits).
 *
 * All addresses are physical bytes; ranges are [start, end).
 */
#ifndef MEMORY_MEMORY_MAP_H
#define MEMORY_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/e820.h"

#define MEMORY_MAP_RANGES_MAX 64
#define MEMORY_MAP_RAW_MAX    64

/* What lies from here on does not exist for an x86 processor. */
#define MEMORY_MAP_ADDRESS_LIMIT (1ull << 52)

struct memory_range {
    uint64_t start;
    uint64_t end;
};

struct memory_map {
    struct memory_range ranges[MEMORY_MAP_RANGES_MAX]; /* usable; sorted, page-aligned, apart */
    size_t count;                                      /* of ranges */
    bool is_truncated;    /* the firmware's list was longer than what was read */
    bool has_lost_memory; /* usable memory was left out because ranges[] was full */

    /* For memory_map_print(): the first entries as they came. */
    struct e820_entry raw[MEMORY_MAP_RAW_MAX];
    size_t raw_count; /* of all entries given; raw[] holds at most MEMORY_MAP_RAW_MAX of them */
};

/*
 * Builds *map from the firmware's complete list. count may be larger than MEMORY_MAP_RAW_MAX: all
 * entries take part, only the print is cut. A piece of usable memory for which ranges[] has no
 * room is left out. Returns the number of usable ranges, or -EINVARG when map is NULL, or entries
 * is while count is not 0.
 */
int memory_map_build(struct memory_map *map, const struct e820_entry *entries, size_t count);

/*
 * The same for a list that was cut short: entries that were not read may say "reserved" of
 * anything. Firmware that lists in ascending order (all that is known does) puts them above the
 * last entry that was read, so memory from the base of that entry on is not used; when the entries
 * read are not in ascending order, no memory is.
 */
int memory_map_build_truncated(struct memory_map *map, const struct e820_entry *entries,
                               size_t count);

/* Usable bytes in all, wherever they are. */
uint64_t memory_map_total_usable_bytes(const struct memory_map *map);

/* Usable bytes within [start, end). 0 when end <= start. */
uint64_t memory_map_usable_bytes(const struct memory_map *map, uint64_t start, uint64_t end);

/* Is every byte of [start, end) usable? False when end <= start. */
bool memory_map_is_usable(const struct memory_map *map, uint64_t start, uint64_t end);

/*
 * The first usable range within [start, end), cut to whole pages of that window, to *range; false
 * when there is none. To walk all of them:
 *
 *     struct memory_range range = {.end = start};
 *     while (memory_map_next_range(map, range.end, end, &range)) { ... }
 */
bool memory_map_next_range(const struct memory_map *map, uint64_t start, uint64_t end,
                           struct memory_range *range);

/* printk()s the firmware's entries and what is used of them. */
void memory_map_print(const struct memory_map *map);

#endif
