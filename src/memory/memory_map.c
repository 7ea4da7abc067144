/*
 * memory/memory_map.c - the firmware's list made sound, in four steps:
 *
 *   1. add       every usable entry, to the byte, merging what overlaps or touches
 *   2. subtract  every other entry, rounded outwards to pages
 *   3. clip      to what can be trusted, if the list was cut short
 *   4. trim      each range inwards to whole pages
 *
 * ranges[] is sorted, and its ranges are apart, after each step. No step but the first makes
 * memory usable, and it takes only what an entry calls usable; so everything that has to be left
 * out for want of room (a range in step 1, the smaller half of a split in step 2) errs towards too
 * little.
 *
 * Size before speed.
 */
#include "memory/memory_map.h"

#include "debug/printk.h"
#include "layout.h"
#include "base/align.h"
#include "base/status.h"

#define BYTES_PER_KIB_SHIFT 10

/* ---------------------------------------------------------------- the array */

/* Takes count ranges out of the array, from index on. */
static void remove_ranges(struct memory_map *map, size_t index, size_t count)
{
    for (size_t i = index; i + count < map->count; i++) {
        map->ranges[i] = map->ranges[i + count];
    }
    map->count -= count;
}

/* Puts range at index; false when the array is full. */
static bool insert_range(struct memory_map *map, size_t index, struct memory_range range)
{
    if (map->count == MEMORY_MAP_RANGES_MAX) {
        map->has_lost_memory = true;
        return false;
    }
    for (size_t i = map->count; i > index; i--) {
        map->ranges[i] = map->ranges[i - 1];
    }
    map->ranges[index] = range;
    map->count++;
    return true;
}

static void add_usable(struct memory_map *map, struct memory_range added)
{
    size_t first = 0;
    while (first < map->count && map->ranges[first].end < added.start) {
        first++;
    }

    /* ranges[first, last) overlap or touch the new one: all become one. */
    size_t last = first;
    while (last < map->count && map->ranges[last].start <= added.end) {
        added.start = MIN(added.start, map->ranges[last].start);
        added.end = MAX(added.end, map->ranges[last].end);
        last++;
    }
    if (last == first) {
        insert_range(map, first, added);
    } else {
        map->ranges[first] = added;
        remove_ranges(map, first + 1, last - first - 1);
    }
}

static void subtract(struct memory_map *map, struct memory_range taken)
{
    size_t i = 0;

    while (i < map->count) {
        struct memory_range *range = &map->ranges[i];

        if (range->end <= taken.start || range->start >= taken.end) {
            i++;
            continue;
        }
        struct memory_range below = {.start = range->start, .end = taken.start};
        struct memory_range above = {.start = taken.end, .end = range->end};
        bool has_below = below.start < below.end;
        bool has_above = above.start < above.end;

        if (has_below && has_above) {
            *range = below;
            if (!insert_range(map, i + 1, above) &&
                above.end - above.start > below.end - below.start) {
                *range = above;
            }
            i++;
        } else if (has_below) {
            *range = below;
            i++;
        } else if (has_above) {
            *range = above;
            i++;
        } else {
            remove_ranges(map, i, 1);
        }
    }
}

static void trim_to_pages(struct memory_map *map)
{
    size_t i = 0;

    while (i < map->count) {
        struct memory_range *range = &map->ranges[i];

        range->start = ALIGN_UP(range->start, PAGE_SIZE_BYTES);
        range->end = ALIGN_DOWN(range->end, PAGE_SIZE_BYTES);
        if (range->start < range->end) {
            i++;
        } else {
            remove_ranges(map, i, 1);
        }
    }
}

/* ---------------------------------------------------------------- entries */

static bool entry_counts(const struct e820_entry *entry)
{
    return entry->length != 0 && (entry->attributes & E820_ATTRIBUTE_ENABLED) &&
           entry->base < MEMORY_MAP_ADDRESS_LIMIT;
}

static bool entry_is_usable(const struct e820_entry *entry)
{
    return entry->type == E820_TYPE_USABLE && !(entry->attributes & E820_ATTRIBUTE_NON_VOLATILE);
}

static bool entry_wraps(const struct e820_entry *entry)
{
    return entry->length - 1 > UINT64_MAX - entry->base;
}

/* The bytes of an entry that counts, cut to the address limit (so that nothing wraps later). */
static struct memory_range entry_range(const struct e820_entry *entry)
{
    struct memory_range range = {.start = entry->base, .end = MEMORY_MAP_ADDRESS_LIMIT};

    if (entry->length < MEMORY_MAP_ADDRESS_LIMIT - entry->base) {
        range.end = entry->base + entry->length;
    }
    return range;
}

static int build(struct memory_map *map, const struct e820_entry *entries, size_t count,
                 bool is_truncated)
{
    if (map == NULL || (entries == NULL && count != 0)) {
        return -EINVARG;
    }
    map->count = 0;
    map->is_truncated = is_truncated;
    map->has_lost_memory = false;
    map->raw_count = count;
    for (size_t i = 0; i < count && i < MEMORY_MAP_RAW_MAX; i++) {
        map->raw[i] = entries[i];
    }

    for (size_t i = 0; i < count; i++) {
        if (entry_counts(&entries[i]) && entry_is_usable(&entries[i]) &&
            !entry_wraps(&entries[i])) {
            add_usable(map, entry_range(&entries[i]));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (entry_counts(&entries[i]) && !entry_is_usable(&entries[i])) {
            struct memory_range range = entry_range(&entries[i]);

            range.start = ALIGN_DOWN(range.start, PAGE_SIZE_BYTES);
            range.end = ALIGN_UP(range.end, PAGE_SIZE_BYTES);
            subtract(map, range);
        }
    }
    if (is_truncated) {
        uint64_t trusted_end = 0;

        for (size_t i = 0; i < count; i++) {
            if (entries[i].base < trusted_end) {
                trusted_end = 0;
                break;
            }
            trusted_end = entries[i].base;
        }
        struct memory_range unknown = {.start = trusted_end, .end = MEMORY_MAP_ADDRESS_LIMIT};
        subtract(map, unknown);
    }
    trim_to_pages(map);
    return (int)map->count;
}

int memory_map_build(struct memory_map *map, const struct e820_entry *entries, size_t count)
{
    return build(map, entries, count, false);
}

int memory_map_build_truncated(struct memory_map *map, const struct e820_entry *entries,
                               size_t count)
{
    return build(map, entries, count, true);
}

/* ---------------------------------------------------------------- questions */

uint64_t memory_map_usable_bytes(const struct memory_map *map, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < map->count; i++) {
        uint64_t low = MAX(map->ranges[i].start, start);
        uint64_t high = MIN(map->ranges[i].end, end);

        if (low < high) {
            bytes += high - low;
        }
    }
    return bytes;
}

uint64_t memory_map_total_usable_bytes(const struct memory_map *map)
{
    return memory_map_usable_bytes(map, 0, MEMORY_MAP_ADDRESS_LIMIT);
}

bool memory_map_is_usable(const struct memory_map *map, uint64_t start, uint64_t end)
{
    /* Ranges are apart: what is usable throughout lies in one of them. */
    for (size_t i = 0; i < map->count; i++) {
        if (start < end && start >= map->ranges[i].start && end <= map->ranges[i].end) {
            return true;
        }
    }
    return false;
}

bool memory_map_next_range(const struct memory_map *map, uint64_t start, uint64_t end,
                           struct memory_range *range)
{
    for (size_t i = 0; i < map->count; i++) {
        uint64_t low = map->ranges[i].start;
        uint64_t high = MIN(map->ranges[i].end, ALIGN_DOWN(end, PAGE_SIZE_BYTES));

        if (start > low) {
            if (start >= high) {
                continue; /* also keeps the next line from wrapping */
            }
            low = ALIGN_UP(start, PAGE_SIZE_BYTES);
        }
        if (low < high) {
            range->start = low;
            range->end = high;
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- printing */

static const char *type_name(const struct e820_entry *entry)
{
    static const char *const names[] = {
        [E820_TYPE_USABLE] = "usable",           [E820_TYPE_RESERVED] = "reserved",
        [E820_TYPE_ACPI_TABLES] = "ACPI tables", [E820_TYPE_ACPI_NVS] = "ACPI NVS",
        [E820_TYPE_UNUSABLE] = "faulty",         [E820_TYPE_DISABLED] = "disabled",
        [E820_TYPE_PERSISTENT] = "persistent",
    };

    if (!(entry->attributes & E820_ATTRIBUTE_ENABLED)) {
        return "to be ignored";
    }
    if (entry->type >= ARRAY_SIZE(names) || names[entry->type] == NULL) {
        return "reserved (unknown type)";
    }
    return names[entry->type];
}

static unsigned long long kib(uint64_t bytes)
{
    return bytes >> BYTES_PER_KIB_SHIFT;
}

void memory_map_print(const struct memory_map *map)
{
    size_t shown = MIN(map->raw_count, (size_t)MEMORY_MAP_RAW_MAX);
    uint64_t total = memory_map_total_usable_bytes(map);
    uint64_t reachable = memory_map_usable_bytes(map, 0, FRAME_ZONE_END);

    printk("The firmware's memory map, %zu entries:\n", map->raw_count);
    for (size_t i = 0; i < shown; i++) {
        const struct e820_entry *entry = &map->raw[i];

        /* The last byte, not the end: an entry may reach 2^64. */
        printk("  %011llx-%011llx %10llu KiB  %s\n", (unsigned long long)entry->base,
               (unsigned long long)(entry->length == 0 ? entry->base
                                                       : entry->base + (entry->length - 1)),
               kib(entry->length), type_name(entry));
    }
    if (shown < map->raw_count) {
        printk("  and %zu more\n", map->raw_count - shown);
    }
    if (map->is_truncated) {
        printk("  The list goes on; what it may say is taken as reserved.\n");
    }
    if (map->has_lost_memory) {
        printk("  Usable memory is in more than %d pieces; the others are not used.\n",
               MEMORY_MAP_RANGES_MAX);
    }
    printk("Usable: %llu KiB below " FRAME_ZONE_END_NAME, kib(reachable));
    if (total > reachable) {
        printk("; %llu KiB above " FRAME_ZONE_END_NAME ": reported, not used",
               kib(total - reachable));
    }
    printk(".\n");
}
