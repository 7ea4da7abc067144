/*
 * test_memory_map.c - the firmware's list made sound: real maps and nasty ones.
 * Sources: src/memory/memory_map.c tests/host/stub_memory.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "layout.h"
#include "base/align.h"
#include "memory/memory_map.h"
#include "base/status.h"
#include "stub_memory.h"

#define TOP MEMORY_MAP_ADDRESS_LIMIT

/* ---------------------------------------------------------------- maps and what they mean */

struct map_case {
    const char *name;
    struct e820_entry entries[8];    /* up to the first that is all zero */
    size_t count;                    /* unless this says otherwise */
    struct memory_range expected[8]; /* up to the first empty one */
};

static const struct map_case map_cases[] = {
    {"QEMU pc, 20 MiB",
     {{0x0, 0x9FC00, 1, 1},
      {0x9FC00, 0x400, 2, 1},
      {0xF0000, 0x10000, 2, 1},
      {0x100000, 0x12E0000, 1, 1},
      {0x13E0000, 0x20000, 2, 1},
      {0xFFFC0000, 0x40000, 2, 1}},
     0,
     {{0x0, 0x9F000}, {0x100000, 0x13E0000}}},
    {"QEMU pc, 128 MiB",
     {{0x0, 0x9FC00, 1, 1},
      {0x9FC00, 0x400, 2, 1},
      {0xF0000, 0x10000, 2, 1},
      {0x100000, 0x7EE0000, 1, 1},
      {0x7FE0000, 0x20000, 2, 1},
      {0xFFFC0000, 0x40000, 2, 1}},
     0,
     {{0x0, 0x9F000}, {0x100000, 0x7FE0000}}},
    {"QEMU pc, 4096 MiB",
     {{0x0, 0x9FC00, 1, 1},
      {0x9FC00, 0x400, 2, 1},
      {0xF0000, 0x10000, 2, 1},
      {0x100000, 0xBFEE0000, 1, 1},
      {0xBFFE0000, 0x20000, 2, 1},
      {0xFFFC0000, 0x40000, 2, 1},
      {0x100000000, 0x40000000, 1, 1}},
     0,
     {{0x0, 0x9F000}, {0x100000, 0xBFFE0000}, {0x100000000, 0x140000000}}},
    {"no entries", {{0}}, 0, {{0}}},
    {"only reserved entries", {{0x0, 0x100000, 2, 1}}, 0, {{0}}},
    {"one page", {{0x1000, 0x1000, 1, 1}}, 0, {{0x1000, 0x2000}}},
    {"less than a page", {{0x1000, 0xFFF, 1, 1}}, 0, {{0}}},
    {"a page's bytes across two pages", {{0x1800, 0x1000, 1, 1}}, 0, {{0}}},
    {"usable is rounded inwards", {{0x1001, 0x4000, 1, 1}}, 0, {{0x2000, 0x5000}}},
    {"reserved is rounded outwards",
     {{0x0, 0x10000, 1, 1}, {0x4FFF, 2, 2, 1}},
     0,
     {{0x0, 0x4000}, {0x6000, 0x10000}}},
    {"one reserved byte costs a page",
     {{0x0, 0x10000, 1, 1}, {0x5000, 1, 2, 1}},
     0,
     {{0x0, 0x5000}, {0x6000, 0x10000}}},
    {"unsorted",
     {{0x30000, 0x1000, 1, 1}, {0x10000, 0x1000, 1, 1}, {0x20000, 0x1000, 1, 1}},
     0,
     {{0x10000, 0x11000}, {0x20000, 0x21000}, {0x30000, 0x31000}}},
    {"touching ranges become one",
     {{0x3000, 0x1000, 1, 1}, {0x1000, 0x1000, 1, 1}, {0x2000, 0x1000, 1, 1}},
     0,
     {{0x1000, 0x4000}}},
    {"ranges that touch inside a page",
     {{0x1000, 0x800, 1, 1}, {0x1800, 0x1800, 1, 1}},
     0,
     {{0x1000, 0x3000}}},
    {"overlapping usable ranges",
     {{0x1000, 0x3000, 1, 1}, {0x3000, 0x4000, 1, 1}, {0x2000, 0x1000, 1, 1}},
     0,
     {{0x1000, 0x7000}}},
    {"one range swallows several",
     {{0x2000, 0x1000, 1, 1}, {0x6000, 0x1000, 1, 1}, {0xA000, 0x1000, 1, 1}, {0x0, 0xC000, 1, 1}},
     0,
     {{0x0, 0xC000}}},
    {"the same entry twice",
     {{0x1000, 0x3000, 1, 1}, {0x1000, 0x3000, 1, 1}},
     0,
     {{0x1000, 0x4000}}},
    {"reserved wins when it comes first",
     {{0x2000, 0x1000, 2, 1}, {0x0, 0x4000, 1, 1}},
     0,
     {{0x0, 0x2000}, {0x3000, 0x4000}}},
    {"reserved over all of it", {{0x1000, 0x3000, 1, 1}, {0x0, 0x10000, 2, 1}}, 0, {{0}}},
    {"reserved exactly over it", {{0x1000, 0x3000, 1, 1}, {0x1000, 0x3000, 2, 1}}, 0, {{0}}},
    {"reserved over the start",
     {{0x1000, 0x3000, 1, 1}, {0x0, 0x2000, 2, 1}},
     0,
     {{0x2000, 0x4000}}},
    {"reserved over the end",
     {{0x1000, 0x3000, 1, 1}, {0x3000, 0x2000, 2, 1}},
     0,
     {{0x1000, 0x3000}}},
    {"reserved across several",
     {{0x1000, 0x3000, 1, 1},
      {0x6000, 0x1000, 1, 1},
      {0x8000, 0x3000, 1, 1},
      {0x3000, 0x6000, 2, 1}},
     0,
     {{0x1000, 0x3000}, {0x9000, 0xB000}}},
    {"every other type is reserved",
     {{0x0, 0x10000, 1, 1},
      {0x1000, 1, 3, 1},
      {0x3000, 1, 4, 1},
      {0x5000, 1, 5, 1},
      {0x7000, 1, 0, 1},
      {0x9000, 1, 0xFFFFFFFF, 1}},
     0,
     {{0x0, 0x1000},
      {0x2000, 0x3000},
      {0x4000, 0x5000},
      {0x6000, 0x7000},
      {0x8000, 0x9000},
      {0xA000, 0x10000}}},
    {"length 0 means nothing",
     {{0x0, 0x4000, 1, 1}, {0x2000, 0, 2, 1}, {0x10000, 0, 1, 1}},
     0,
     {{0x0, 0x4000}}},
    {"entries that are not enabled mean nothing",
     {{0x0, 0x4000, 1, 1}, {0x8000, 0x4000, 1, 0}, {0x1000, 0x1000, 2, 0}},
     0,
     {{0x0, 0x4000}}},
    {"non-volatile memory is not used",
     {{0x0, 0x8000, 1, 1}, {0x4000, 0x10000, 1, 3}},
     0,
     {{0x0, 0x4000}}},
    {"a usable entry that wraps is nonsense",
     {{0x1000, 0x1000, 1, 1}, {0x4000, UINT64_MAX - 0x2FFF, 1, 1}},
     0,
     {{0x1000, 0x2000}}},
    {"a usable entry that ends at 2^64 exactly",
     {{0x4000, UINT64_MAX - 0x3FFF, 1, 1}},
     0,
     {{0x4000, TOP}}},
    {"a reserved entry that wraps reserves to the end",
     {{0x1000, 0x8000, 1, 1}, {0x4000, UINT64_MAX, 2, 1}},
     0,
     {{0x1000, 0x4000}}},
    {"everything usable, everything but a page reserved",
     {{0x0, UINT64_MAX, 1, 1}, {0x0, 0x5000, 2, 1}, {0x6000, UINT64_MAX, 2, 1}},
     0,
     {{0x5000, 0x6000}}},
    {"beyond any processor's addresses",
     {{TOP - 0x1000, 0x3000, 1, 1}, {TOP, 0x1000, 1, 1}, {UINT64_MAX, 1, 2, 1}},
     0,
     {{TOP - 0x1000, TOP}}},
    {"across 4 GiB", {{0xFFFFF000, 0x2000, 1, 1}}, 0, {{0xFFFFF000, 0x100001000}}},
    {"an all-zero entry in the middle",
     {{0x1000, 0x1000, 1, 1}, {0}, {0x4000, 0x1000, 1, 1}},
     3,
     {{0x1000, 0x2000}, {0x4000, 0x5000}}},
};

static size_t case_count(const struct map_case *map_case)
{
    size_t count = map_case->count;
    static const struct e820_entry none;

    while (map_case->count == 0 && memcmp(&map_case->entries[count], &none, sizeof(none)) != 0) {
        count++;
    }
    return count;
}

/* What every map must fulfil, for any input. */
static void assert_is_sound(const struct memory_map *map)
{
    assert_true(map->count <= MEMORY_MAP_RANGES_MAX);
    for (size_t i = 0; i < map->count; i++) {
        assert_true(map->ranges[i].start < map->ranges[i].end);
        assert_int_equal(map->ranges[i].start % PAGE_SIZE_BYTES, 0);
        assert_int_equal(map->ranges[i].end % PAGE_SIZE_BYTES, 0);
        assert_true(i == 0 || map->ranges[i - 1].end < map->ranges[i].start);
    }
}

static void check_case(void **state)
{
    const struct map_case *map_case = *state;
    static struct memory_map map;
    size_t expected = 0;

    memset(&map, 0xA5, sizeof(map));
    while (map_case->expected[expected].end != 0) {
        expected++;
    }
    assert_int_equal(memory_map_build(&map, map_case->entries, case_count(map_case)), expected);
    assert_int_equal(map.count, expected);
    assert_is_sound(&map);
    for (size_t i = 0; i < expected; i++) {
        assert_int_equal(map.ranges[i].start, map_case->expected[i].start);
        assert_int_equal(map.ranges[i].end, map_case->expected[i].end);
    }
    assert_false(map.has_lost_memory);
    assert_false(map.is_truncated);
}

/* ---------------------------------------------------------------- too much */

static void test_null_arguments(void **state)
{
    (void)state;
    static struct memory_map map;
    struct e820_entry entry = {0, 0x1000, 1, 1};

    assert_int_equal(memory_map_build(NULL, &entry, 1), -EINVARG);
    assert_int_equal(memory_map_build(&map, NULL, 1), -EINVARG);
    assert_int_equal(memory_map_build(&map, NULL, 0), 0);
}

static void test_ranges_exactly_full_and_one_too_many(void **state)
{
    (void)state;
    static struct memory_map map;
    static struct e820_entry entries[MEMORY_MAP_RANGES_MAX + 1];

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        entries[i] = (struct e820_entry){0x2000 * i, 0x1000, 1, 1};
    }
    assert_int_equal(memory_map_build(&map, entries, MEMORY_MAP_RANGES_MAX), MEMORY_MAP_RANGES_MAX);
    assert_false(map.has_lost_memory);
    assert_is_sound(&map);

    assert_int_equal(memory_map_build(&map, entries, MEMORY_MAP_RANGES_MAX + 1),
                     MEMORY_MAP_RANGES_MAX);
    assert_true(map.has_lost_memory);
    assert_is_sound(&map);
    assert_int_equal(memory_map_total_usable_bytes(&map), MEMORY_MAP_RANGES_MAX * 0x1000);
}

static void test_reserved_entries_beyond_the_raw_copy_still_count(void **state)
{
    (void)state;
    static struct memory_map map;
    static struct e820_entry entries[MEMORY_MAP_RAW_MAX + 2];

    for (size_t i = 0; i < MEMORY_MAP_RAW_MAX + 1; i++) {
        entries[i] = (struct e820_entry){0x100000, 0x100000, 1, 1};
    }
    entries[MEMORY_MAP_RAW_MAX + 1] = (struct e820_entry){0x180000, 0x1000, 2, 1};
    memory_map_build(&map, entries, ARRAY_SIZE(entries));
    assert_int_equal(map.count, 2);
    assert_false(memory_map_is_usable(&map, 0x180000, 0x181000));
    assert_int_equal(map.raw_count, ARRAY_SIZE(entries));
    stub_printk_clear();
    memory_map_print(&map);
    assert_non_null(strstr(stub_printk_text, "and 2 more"));
}

static void test_a_split_without_room_keeps_the_larger_half(void **state)
{
    (void)state;
    static struct memory_map map;
    static struct e820_entry entries[MEMORY_MAP_RANGES_MAX + 1];

    for (size_t large_is_above = 0; large_is_above < 2; large_is_above++) {
        for (size_t i = 0; i < MEMORY_MAP_RANGES_MAX; i++) {
            entries[i] = (struct e820_entry){0x20000 * i, 0x10000, 1, 1};
        }
        uint64_t hole = large_is_above ? 0x42000 : 0x4D000; /* in the third range */
        entries[MEMORY_MAP_RANGES_MAX] = (struct e820_entry){hole, 0x1000, 2, 1};
        memory_map_build(&map, entries, ARRAY_SIZE(entries));
        assert_is_sound(&map);
        assert_int_equal(map.count, MEMORY_MAP_RANGES_MAX);
        assert_true(map.has_lost_memory);
        assert_int_equal(map.ranges[2].start, large_is_above ? 0x43000 : 0x40000);
        assert_int_equal(map.ranges[2].end, large_is_above ? 0x50000 : 0x4D000);
        stub_printk_clear();
        memory_map_print(&map);
        assert_non_null(strstr(stub_printk_text, "the others are not used"));
    }
}

static void test_a_truncated_list_is_trusted_below_its_last_entry(void **state)
{
    (void)state;
    static struct memory_map map;
    static const struct e820_entry entries[] = {
        {0x0, 0x8000000, 1, 1}, {0x1000000, 0x1000, 2, 1}, {0x2000800, 0x10000, 1, 1}};

    memory_map_build_truncated(&map, entries, ARRAY_SIZE(entries));
    assert_true(map.is_truncated);
    assert_int_equal(map.count, 2);
    assert_int_equal(map.ranges[0].end, 0x1000000);
    assert_int_equal(map.ranges[1].start, 0x1001000);
    assert_int_equal(map.ranges[1].end, 0x2000000);
    stub_printk_clear();
    memory_map_print(&map);
    assert_non_null(strstr(stub_printk_text, "The list goes on"));
}

static void test_a_truncated_unsorted_list_is_not_trusted(void **state)
{
    (void)state;
    static struct memory_map map;
    static const struct e820_entry entries[] = {
        {0x2000000, 0x10000, 1, 1}, {0x0, 0x1000000, 1, 1}, {0x3000000, 0x1000, 1, 1}};

    assert_int_equal(memory_map_build_truncated(&map, entries, ARRAY_SIZE(entries)), 0);
    assert_int_equal(memory_map_build_truncated(&map, NULL, 0), 0);
}

/* Against a byte per page: small addresses, entries of every kind, and too many of them. */
static void test_random_maps_against_a_page_array(void **state)
{
    (void)state;
    enum { PAGES = 256, ENTRIES = 90 };
    static struct memory_map map;
    static struct e820_entry entries[ENTRIES];
    uint32_t seed = 12345;

    for (unsigned round = 0; round < 2000; round++) {
        static uint8_t usable_byte[PAGES * PAGE_SIZE_BYTES / 256]; /* one for 256 bytes */
        static uint8_t reserved_page[PAGES];
        size_t count = round % ENTRIES;

        memset(usable_byte, 0, sizeof(usable_byte));
        memset(reserved_page, 0, sizeof(reserved_page));
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t from = (seed >> 8) % ARRAY_SIZE(usable_byte);
            seed = seed * 1664525 + 1013904223;
            uint32_t length = (seed >> 8) % (round % 3 == 0 ? 40 : 400);
            seed = seed * 1664525 + 1013904223;
            bool is_usable = (seed >> 8) % 3 != 0;

            length = MIN(length, ARRAY_SIZE(usable_byte) - from);
            entries[i] = (struct e820_entry){from * 256, length * 256, is_usable ? 1 : 2, 1};
            if (is_usable) {
                memset(usable_byte + from, 1, length);
            } else if (length > 0) {
                memset(reserved_page + from / 16, 1, (from + length - 1) / 16 - from / 16 + 1);
            }
        }
        memory_map_build(&map, entries, count);
        assert_is_sound(&map);
        for (size_t page = 0; page < PAGES; page++) {
            bool expected = memchr(usable_byte + page * 16, 0, 16) == NULL && !reserved_page[page];
            bool found = memory_map_is_usable(&map, page * 0x1000, (page + 1) * 0x1000);

            assert_true(expected || !found);
            assert_true(found || !expected || map.has_lost_memory);
        }
    }
}

/* ---------------------------------------------------------------- questions */

static struct memory_map two_ranges; /* [0x1000, 0x4000) and [0x8000, 0xA000) */

static int build_two_ranges(void **state)
{
    (void)state;
    static const struct e820_entry entries[] = {{0x1000, 0x3000, 1, 1}, {0x8000, 0x2000, 1, 1}};

    return memory_map_build(&two_ranges, entries, ARRAY_SIZE(entries)) == 2 ? 0 : -1;
}

static void test_usable_bytes(void **state)
{
    (void)state;
    assert_int_equal(memory_map_total_usable_bytes(&two_ranges), 0x5000);
    assert_int_equal(memory_map_usable_bytes(&two_ranges, 0, UINT64_MAX), 0x5000);
    assert_int_equal(memory_map_usable_bytes(&two_ranges, 0x2000, 0x9000), 0x3000);
    assert_int_equal(memory_map_usable_bytes(&two_ranges, 0x1FFF, 0x2001), 2);
    assert_int_equal(memory_map_usable_bytes(&two_ranges, 0x4000, 0x8000), 0);
    assert_int_equal(memory_map_usable_bytes(&two_ranges, 0x2000, 0x2000), 0);
    assert_int_equal(memory_map_usable_bytes(&two_ranges, 0x9000, 0x2000), 0);
}

static void test_usable_bytes_above_4_gib(void **state)
{
    (void)state;
    static struct memory_map map;
    static const struct e820_entry entry = {0x100000000, 0x300000000, 1, 1};

    memory_map_build(&map, &entry, 1);
    assert_int_equal(memory_map_total_usable_bytes(&map), 0x300000000);
    assert_int_equal(memory_map_usable_bytes(&map, 0, 0x100000000), 0);
    assert_int_equal(memory_map_usable_bytes(&map, 0, 0x100001000), 0x1000);
}

static void test_is_usable(void **state)
{
    (void)state;
    assert_true(memory_map_is_usable(&two_ranges, 0x1000, 0x4000));
    assert_true(memory_map_is_usable(&two_ranges, 0x1001, 0x1002));
    assert_true(memory_map_is_usable(&two_ranges, 0x9FFF, 0xA000));
    assert_false(memory_map_is_usable(&two_ranges, 0xFFF, 0x2000));
    assert_false(memory_map_is_usable(&two_ranges, 0x3000, 0x4001));
    assert_false(memory_map_is_usable(&two_ranges, 0x3000, 0x9000)); /* a gap between */
    assert_false(memory_map_is_usable(&two_ranges, 0x2000, 0x2000));
    assert_false(memory_map_is_usable(&two_ranges, 0x3000, 0x2000));
    assert_false(memory_map_is_usable(&two_ranges, 0x2000, UINT64_MAX));
}

/* Walks [start, end) and returns a word for each range found, 0 after the last. */
static void assert_walk(uint64_t start, uint64_t end, const struct memory_range *expected)
{
    struct memory_range range = {.end = start};

    while (memory_map_next_range(&two_ranges, range.end, end, &range)) {
        assert_int_equal(range.start, expected->start);
        assert_int_equal(range.end, expected->end);
        expected++;
    }
    assert_int_equal(expected->end, 0);
}

static void test_next_range(void **state)
{
    (void)state;
    assert_walk(0, UINT64_MAX, (struct memory_range[]){{0x1000, 0x4000}, {0x8000, 0xA000}, {0}});
    assert_walk(0x2000, 0x9000, (struct memory_range[]){{0x2000, 0x4000}, {0x8000, 0x9000}, {0}});
    assert_walk(0x4000, 0x8000, (struct memory_range[]){{0}});
    assert_walk(0xA000, UINT64_MAX, (struct memory_range[]){{0}});
    assert_walk(0x9000, 0x2000, (struct memory_range[]){{0}});
    assert_walk(UINT64_MAX, UINT64_MAX, (struct memory_range[]){{0}});
}

static void test_next_range_rounds_the_window_inwards(void **state)
{
    (void)state;
    assert_walk(0x1001, 0x8FFF, (struct memory_range[]){{0x2000, 0x4000}, {0}});
    assert_walk(0x1001, 0x2FFF, (struct memory_range[]){{0}});
    assert_walk(0x3001, 0x4000, (struct memory_range[]){{0}});
}

static void test_print(void **state)
{
    (void)state;
    static struct memory_map map;
    static const struct e820_entry entries[] = {{0x0, 0x9FC00, 1, 1},
                                                {0x9FC00, 0x400, 2, 1},
                                                {0x100000, 0xBFEE0000, 1, 1},
                                                {0x100000000, 0x40000000, 1, 1},
                                                {0xFD00000000, 0x300000000, 99, 1},
                                                {0, 0, 4, 0}};

    memory_map_build(&map, entries, ARRAY_SIZE(entries));
    stub_printk_clear();
    memory_map_print(&map);
    assert_non_null(strstr(stub_printk_text, "6 entries"));
    assert_non_null(strstr(stub_printk_text, "00000000000-0000009fbff        639 KiB  usable\n"));
    assert_non_null(strstr(stub_printk_text, "0000009fc00-0000009ffff          1 KiB  reserved\n"));
    assert_non_null(strstr(stub_printk_text, "00100000000-0013fffffff    1048576 KiB  usable\n"));
    assert_non_null(strstr(stub_printk_text, "reserved (unknown type)"));
    assert_non_null(strstr(stub_printk_text, "to be ignored"));
    /* 0x9F000 + 0x7FF00000, and 0x3FFE0000 + 0x40000000 */
    assert_non_null(
        strstr(stub_printk_text, FRAME_ZONE_END == 0x80000000
                                     ? "Usable: 2096764 KiB below 2 GiB; 2097024 KiB above 2 GiB:"
                                       " reported, not used.\n"
                                     : "Usable: 4193788 KiB below 32 TiB.\n"));
}

int main(void)
{
    static const struct CMUnitTest fixed_tests[] = {
        cmocka_unit_test(test_null_arguments),
        cmocka_unit_test(test_ranges_exactly_full_and_one_too_many),
        cmocka_unit_test(test_reserved_entries_beyond_the_raw_copy_still_count),
        cmocka_unit_test(test_a_split_without_room_keeps_the_larger_half),
        cmocka_unit_test(test_a_truncated_list_is_trusted_below_its_last_entry),
        cmocka_unit_test(test_a_truncated_unsorted_list_is_not_trusted),
        cmocka_unit_test(test_random_maps_against_a_page_array),
        cmocka_unit_test_setup(test_usable_bytes, build_two_ranges),
        cmocka_unit_test(test_usable_bytes_above_4_gib),
        cmocka_unit_test_setup(test_is_usable, build_two_ranges),
        cmocka_unit_test_setup(test_next_range, build_two_ranges),
        cmocka_unit_test_setup(test_next_range_rounds_the_window_inwards, build_two_ranges),
        cmocka_unit_test(test_print),
    };
    static struct CMUnitTest tests[ARRAY_SIZE(map_cases) + ARRAY_SIZE(fixed_tests)];

    for (size_t i = 0; i < ARRAY_SIZE(map_cases); i++) {
        tests[i] = (struct CMUnitTest){.name = map_cases[i].name,
                                       .test_func = check_case,
                                       .initial_state = (void *)&map_cases[i]};
    }
    memcpy(tests + ARRAY_SIZE(map_cases), fixed_tests, sizeof(fixed_tests));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
