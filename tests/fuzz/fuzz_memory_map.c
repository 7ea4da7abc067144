/*
 * fuzz_memory_map.c - any list of E820 entries. Ranges are sorted, whole pages, and apart; no byte
 * of them is reserved or unnamed; and unless the map says that memory was lost, every usable page
 * is among them.
 * Sources: src/memory/memory_map.c tests/host/stub_memory.c
 *
 *   byte 0     bit 0: the list was cut short; bit 1: entries are raw (24 bytes), else compact
 *   compact    base and length in units of 256 bytes, type, attributes: 2 + 2 + 1 + 1 bytes
 */
#include "fuzz.h"

#include "layout.h"
#include "base/align.h"
#include "memory/memory_map.h"
#include "base/status.h"
#include "stub_memory.h"

#define ENTRIES_MAX 100
#define UNIT        256

static struct e820_entry entries[ENTRIES_MAX];
static size_t count;
static bool is_truncated;

/* What the rules in memory_map.h say of the page at address, entry by entry. */
static bool is_page_usable(uint64_t address)
{
    static const uint64_t limit = MEMORY_MAP_ADDRESS_LIMIT;
    uint64_t covered = address; /* [address, covered) is named usable */
    bool has_grown = true;

    if (address + PAGE_SIZE_BYTES > limit) {
        return false;
    }
    if (is_truncated) {
        for (size_t i = 0; i < count; i++) {
            if ((i > 0 && entries[i].base < entries[i - 1].base) ||
                address + PAGE_SIZE_BYTES > entries[count - 1].base) {
                return false;
            }
        }
        if (count == 0) {
            return false;
        }
    }
    while (has_grown && covered < address + PAGE_SIZE_BYTES) {
        has_grown = false;
        for (size_t i = 0; i < count; i++) {
            const struct e820_entry *e = &entries[i];
            bool wraps = e->length != 0 && e->length - 1 > UINT64_MAX - e->base;
            uint64_t end =
                wraps || e->length > limit - MIN(e->base, limit) ? limit : e->base + e->length;
            bool counts = e->length != 0 && (e->attributes & 1) && e->base < limit;

            if (!counts) {
                continue;
            }
            if (e->type != E820_TYPE_USABLE || (e->attributes & 2)) {
                if (e->base < address + PAGE_SIZE_BYTES && end > address) {
                    return false;
                }
            } else if (!wraps && e->base <= covered && end > covered) {
                covered = end;
                has_grown = true;
            }
        }
    }
    /* A reserved entry may come behind those that were looked at last. */
    for (size_t i = 0; i < count; i++) {
        const struct e820_entry *e = &entries[i];
        bool is_reserved = e->type != E820_TYPE_USABLE || (e->attributes & 2);
        uint64_t length = MIN(e->length, limit - MIN(e->base, limit));

        if (is_reserved && (e->attributes & 1) && e->base < limit && e->length != 0 &&
            e->base < address + PAGE_SIZE_BYTES && e->base + length > address) {
            return false;
        }
    }
    return covered >= address + PAGE_SIZE_BYTES;
}

static void check_page(const struct memory_map *map, uint64_t address)
{
    uint64_t page = ALIGN_DOWN(address, PAGE_SIZE_BYTES);
    bool is_usable = memory_map_is_usable(map, page, page + PAGE_SIZE_BYTES);
    bool must_be = is_page_usable(page);

    FUZZ_CHECK(is_usable <= must_be);
    FUZZ_CHECK(map->has_lost_memory || is_usable == must_be);
    FUZZ_CHECK(memory_map_usable_bytes(map, page, page + PAGE_SIZE_BYTES) ==
               (is_usable ? PAGE_SIZE_BYTES : 0u));
}

static void check_ranges(const struct memory_map *map)
{
    struct memory_range walked = {.end = 0};
    uint64_t bytes = 0;

    FUZZ_CHECK(map->count <= MEMORY_MAP_RANGES_MAX);
    for (size_t i = 0; i < map->count; i++) {
        const struct memory_range *range = &map->ranges[i];

        FUZZ_CHECK(range->start < range->end && range->end <= MEMORY_MAP_ADDRESS_LIMIT);
        FUZZ_CHECK(range->start % PAGE_SIZE_BYTES == 0 && range->end % PAGE_SIZE_BYTES == 0);
        FUZZ_CHECK(i == 0 || map->ranges[i - 1].end < range->start);
        FUZZ_CHECK(memory_map_next_range(map, walked.end, UINT64_MAX, &walked));
        FUZZ_CHECK(walked.start == range->start && walked.end == range->end);
        bytes += range->end - range->start;
    }
    FUZZ_CHECK(!memory_map_next_range(map, walked.end, UINT64_MAX, &walked));
    FUZZ_CHECK(memory_map_total_usable_bytes(map) == bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.data = data, .left = size};
    static struct memory_map map;
    uint8_t shape = fuzz_byte(&input);

    is_truncated = shape & 1;
    for (count = 0; count < ENTRIES_MAX && input.left > 0; count++) {
        struct e820_entry *entry = &entries[count];

        if (shape & 2) {
            entry->base = fuzz_dword(&input) | (uint64_t)fuzz_dword(&input) << 32;
            entry->length = fuzz_dword(&input) | (uint64_t)fuzz_dword(&input) << 32;
            entry->type = fuzz_dword(&input);
            entry->attributes = fuzz_dword(&input);
        } else {
            entry->base = (uint64_t)fuzz_word(&input) * UNIT;
            entry->length = (uint64_t)fuzz_word(&input) * UNIT;
            entry->type = fuzz_byte(&input) % 4;
            entry->attributes = fuzz_byte(&input) % 8 ? 1 : 3;
        }
    }
    int result = is_truncated ? memory_map_build_truncated(&map, entries, count)
                              : memory_map_build(&map, entries, count);
    FUZZ_CHECK(result == (int)map.count);
    check_ranges(&map);
    for (size_t i = 0; i < count; i++) {
        uint64_t edges[] = {entries[i].base, entries[i].base + entries[i].length};

        for (size_t j = 0; j < 2; j++) {
            uint64_t edge = MIN(edges[j], MEMORY_MAP_ADDRESS_LIMIT);
            check_page(&map, edge);
            check_page(&map, edge + PAGE_SIZE_BYTES);
            check_page(&map, edge - MIN(edge, PAGE_SIZE_BYTES));
        }
    }
    stub_printk_clear();
    memory_map_print(&map);
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const struct e820_entry pc[] = {
        {0x0, 0x9FC00, 1, 1},
        {0x9FC00, 0x400, 2, 1},
        {0xF0000, 0x10000, 2, 1},
        {0x100000, 0xBFEE0000, 1, 1},
        {0xBFFE0000, 0x20000, 2, 1},
        {0xFFFC0000, 0x40000, 2, 1},
        {0x100000000, 0x40000000, 1, 1},
    };

    if (number < 2) {
        data[0] = (uint8_t)(2 + number);
        memcpy(data + 1, pc, sizeof(pc));
        return 1 + sizeof(pc);
    }
    size_t length = fuzz_seed_random(number, data, 30 + number * 40);
    data[0] = number & 1;
    return number < 16 ? length : 0;
}
