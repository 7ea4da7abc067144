/*
 * test_block_cache.c - what the block cache keeps, what it drops, and what it asks of devices.
 * Sources: src/device/block_cache.c src/device/block.c src/lib/string.c src/lib/tree.c
 * Sources: tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/block_cache.h"
#include "base/status.h"
#include "task/task.h"

#include "stub_kmem_malloc.h"

#define BLOCK_CACHE_SECTORS 8 /* in a page */
#define BLOCK_BYTES         (BLOCK_CACHE_SECTORS * SECTOR_BYTES)
#define COUNT(array)        (sizeof(array) / sizeof((array)[0]))

/* A disk in which every byte shows where it is. */
struct disk {
    struct block_device device;
    unsigned seed;
    unsigned reads, sectors; /* calls, and what they asked for */
    uint32_t last_lba;
    bool fails;
    uint32_t bad_lba; /* 0: none */
};

static struct disk a, b;

static uint8_t content(const struct disk *disk, uint32_t lba, uint32_t offset)
{
    uint64_t mixed =
        ((uint64_t)lba * SECTOR_BYTES + offset + 1) * 2654435761u + disk->seed * 40503u;
    return (uint8_t)(mixed >> 24 ^ mixed >> 9 ^ mixed >> 40);
}

static int disk_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    struct disk *disk = device->driver_data;
    uint8_t *to = buffer;

    assert_true(count > 0 && lba < device->sector_count && count <= device->sector_count - lba);
    assert_int_equal((uintptr_t)buffer % 2, 0);
    disk->reads++;
    disk->sectors += count;
    disk->last_lba = lba;
    if (disk->fails || (disk->bad_lba - lba < count && disk->bad_lba)) {
        memset(buffer, 0xDB, SECTOR_BYTES);
        return -EIO;
    }
    for (uint32_t i = 0; i < count * SECTOR_BYTES; i++) {
        to[i] = content(disk, lba + i / SECTOR_BYTES, i % SECTOR_BYTES);
    }
    return OK;
}

static const struct block_operations operations = {.read = disk_read};

/* What others do while block_cache.c lets them run; NULL: nothing. */
static void (*in_pause)(void);

bool task_pause(void)
{
    if (in_pause) {
        in_pause();
    }
    return true;
}

static void make_disk(struct disk *disk, uint32_t sectors, unsigned seed)
{
    *disk = (struct disk){.device = {.name = "disk",
                                     .sector_count = sectors,
                                     .sector_bytes = SECTOR_BYTES,
                                     .operations = &operations,
                                     .driver_data = disk},
                          .seed = seed};
}

static struct block_cache_stats stats(void)
{
    struct block_cache_stats now;

    block_cache_get_stats(&now);
    return now;
}

static int setup(void **state)
{
    (void)state;
    stub_pmm_set_pages(32768, 32768);
    make_disk(&a, 100000, 1);
    make_disk(&b, 100000, 2);
    return stub_kmem_live() == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    stub_kmem_fail_at(0);
    block_cache_forget(&a.device);
    block_cache_forget(&b.device);
    return stub_kmem_live() == 0 && stats().pages == 0 ? 0 : -1;
}

/* Reads into memory of exactly that size, `odd` bytes behind an aligned address, and compares. */
static int read_at(struct disk *disk, uint32_t lba, uint32_t offset, uint32_t length, uint32_t odd)
{
    uint8_t *memory = malloc(length + odd);
    int status = block_cache_read(&disk->device, lba, offset, memory + odd, length);

    for (uint32_t i = 0; status == OK && i < length; i++) {
        uint32_t at = offset + i;

        if (memory[odd + i] != content(disk, lba + at / SECTOR_BYTES, at % SECTOR_BYTES)) {
            fail_msg("wrong byte %u of %u from sector %u", i, length, lba);
        }
    }
    free(memory);
    return status;
}

/* One sector of block number n: does it come from the cache? */
static bool is_cached(struct disk *disk, uint32_t n)
{
    const void *sector = NULL;
    unsigned reads = disk->reads;

    assert_int_equal(block_cache_sector(&disk->device, n * BLOCK_CACHE_SECTORS, &sector), OK);
    assert_int_equal(((const uint8_t *)sector)[7], content(disk, n * BLOCK_CACHE_SECTORS, 7));
    return disk->reads == reads;
}

/* ---------------------------------------------------------------- hits and misses */

static void test_second_read_is_a_hit(void **state)
{
    struct block_cache_stats before = stats(), after;

    (void)state;
    assert_int_equal(read_at(&a, 13, 0, SECTOR_BYTES, 0), OK);
    assert_int_equal(a.reads, 1);
    assert_int_equal(a.sectors, BLOCK_CACHE_SECTORS);
    assert_int_equal(a.last_lba, 8); /* the whole block around it */
    assert_int_equal(read_at(&a, 13, 0, SECTOR_BYTES, 0), OK);
    assert_int_equal(read_at(&a, 8, 0, BLOCK_BYTES, 0), OK);
    assert_int_equal(read_at(&a, 15, 511, 1, 0), OK);
    assert_int_equal(a.reads, 1);
    after = stats();
    assert_int_equal(after.misses - before.misses, 1);
    assert_int_equal(after.hits - before.hits, 1 + 8 + 1);
    assert_int_equal(after.pages, 1);
}

static void test_counts_sectors_that_are_touched(void **state)
{
    static const struct {
        uint32_t lba, offset, length, sectors;
    } lines[] = {{0, 0, 1, 1},      {0, 511, 1, 1}, {0, 511, 2, 2},     {3, 100, 412, 1},
                 {3, 100, 413, 2},  {7, 1, 512, 2}, {4, 0, 8 * 512, 8}, {4, 1, 8 * 512, 9},
                 {0, 0, 16384, 32}, {5, 5, 0, 0}};

    (void)state;
    for (unsigned i = 0; i < COUNT(lines); i++) {
        struct block_cache_stats before = stats();

        assert_int_equal(read_at(&a, lines[i].lba, lines[i].offset, lines[i].length, 0), OK);
        assert_int_equal(stats().hits + stats().misses - before.hits - before.misses,
                         lines[i].sectors);
    }
}

static void test_any_offset_and_length(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        random = random * 1664525 + 1013904223;
        uint32_t lba = (random >> 8) % 300;
        random = random * 1664525 + 1013904223;
        uint32_t length = (random >> 8) % (i % 10 ? 9000 : 150000);
        random = random * 1664525 + 1013904223;

        assert_int_equal(read_at(&a, lba, (random >> 8) % SECTOR_BYTES, length, random >> 30), OK);
        if (i % 50 == 0) {
            block_cache_shrink(3);
        }
        if (i % 200 == 0) {
            block_cache_forget(&a.device);
        }
    }
}

static void test_two_devices(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 30; n++) {
        assert_int_equal(read_at(&a, n * 8, 0, BLOCK_BYTES, 0), OK);
        assert_int_equal(read_at(&b, n * 8, 0, BLOCK_BYTES, 0), OK);
    }
    assert_int_equal(a.reads, 30);
    assert_int_equal(b.reads, 30);
    block_cache_forget(&a.device);
    assert_int_equal(stats().pages, 30);
    for (uint32_t n = 0; n < 30; n++) {
        assert_true(is_cached(&b, n));
        assert_false(is_cached(&a, n));
    }
}

/* Enough that some share a chain, with any hash. */
static void test_many_devices(void **state)
{
    enum { DISKS = 1000 };
    struct disk *disks = calloc(DISKS, sizeof(*disks));

    (void)state;
    for (unsigned i = 0; i < DISKS; i++) {
        make_disk(&disks[i], 100, i);
        assert_false(is_cached(&disks[i], 3));
    }
    for (unsigned i = 0; i < DISKS; i++) {
        assert_true(is_cached(&disks[i], 3));
        block_cache_forget(&disks[i].device);
    }
    free(disks);
}

static void test_sector_pointer(void **state)
{
    const void *first, *second;

    (void)state;
    assert_int_equal(block_cache_sector(&a.device, 17, &first), OK);
    assert_int_equal(block_cache_sector(&a.device, 19, &second), OK);
    assert_int_equal((const uint8_t *)second - (const uint8_t *)first, 2 * SECTOR_BYTES);
    assert_int_equal((uintptr_t)first % 4, 0);
}

/* ---------------------------------------------------------------- bounds of the device */

static void test_last_block_is_shorter(void **state)
{
    (void)state;
    for (uint32_t rest = 1; rest <= 8; rest++) {
        const void *sector;

        make_disk(&a, 80 + rest, rest);
        assert_int_equal(read_at(&a, 79 + rest, 0, SECTOR_BYTES, 0), OK);
        assert_int_equal(a.sectors, rest);
        assert_int_equal(read_at(&a, 80, 0, rest * SECTOR_BYTES, 1), OK);
        assert_int_equal(read_at(&a, 70, 3, (10 + rest) * SECTOR_BYTES - 3, 0), OK);
        assert_int_equal(read_at(&a, 70, 3, (10 + rest) * SECTOR_BYTES - 2, 0), -EBOUNDS);
        assert_int_equal(block_cache_sector(&a.device, 79 + rest, &sector), OK);
        assert_int_equal(block_cache_sector(&a.device, 80 + rest, &sector), -EBOUNDS);
        block_cache_forget(&a.device);
    }
}

static void test_beyond_the_end(void **state)
{
    const void *sector;
    uint8_t byte;

    (void)state;
    make_disk(&a, 100, 1);
    assert_int_equal(block_cache_read(&a.device, 100, 0, &byte, 1), -EBOUNDS);
    assert_int_equal(block_cache_read(&a.device, 101, 0, &byte, 0), -EBOUNDS);
    assert_int_equal(block_cache_read(&a.device, 100, 0, &byte, 0), OK);
    assert_int_equal(block_cache_read(&a.device, 99, 511, &byte, 2), -EBOUNDS);
    assert_int_equal(block_cache_read(&a.device, 99, 511, &byte, 1), OK);
    assert_int_equal(block_cache_read(&a.device, 0, 0, &byte, UINT32_MAX), -EBOUNDS);
    assert_int_equal(block_cache_read(&a.device, 1, 511, &byte, UINT32_MAX), -EBOUNDS);
    assert_int_equal(block_cache_read(&a.device, UINT32_MAX, 0, &byte, 1), -EBOUNDS);
    assert_int_equal(block_cache_sector(&a.device, UINT32_MAX, &sector), -EBOUNDS);
    assert_int_equal(a.reads, 1);
}

static void test_largest_device(void **state)
{
    (void)state;
    make_disk(&a, UINT32_MAX, 1);
    assert_int_equal(read_at(&a, UINT32_MAX - 1, 0, SECTOR_BYTES, 0), OK);
    assert_int_equal(a.sectors, 7);
    assert_int_equal(read_at(&a, UINT32_MAX - 200, 0, 200 * SECTOR_BYTES, 0), OK);
    assert_int_equal(read_at(&a, UINT32_MAX - 200, 1, 200 * SECTOR_BYTES, 0), -EBOUNDS);
}

/* ---------------------------------------------------------------- long reads */

static void test_long_reads_are_one_transfer(void **state)
{
    (void)state;
    assert_int_equal(read_at(&a, 3, 0, 100 * SECTOR_BYTES, 0), OK);
    assert_int_equal(a.reads, 1);
    assert_int_equal(a.sectors, 100);
    assert_int_equal(stats().pages, 0);
    /* One sector short of long. */
    assert_int_equal(read_at(&a, 0, 0, BLOCK_CACHE_LONG_BYTES - SECTOR_BYTES, 0), OK);
    assert_int_equal(a.reads, 1 + 8);
    assert_int_equal(stats().pages, 8);
    block_cache_forget(&a.device);
    a.reads = 0;
    assert_int_equal(read_at(&a, 0, 0, BLOCK_CACHE_LONG_BYTES, 0), OK);
    assert_int_equal(a.reads, 1);
    /* The bytes before and behind its whole sectors come through the cache. */
    assert_int_equal(read_at(&a, 1000, 100, 412 + 200 * SECTOR_BYTES + 7, 0), OK);
    assert_int_equal(stats().pages, 2);
    assert_in_range(a.reads, 4, 4);
}

/* A driver must not see an odd address, nor a cached block be read again. */
static void test_long_reads_that_cannot_be_direct(void **state)
{
    (void)state;
    assert_int_equal(read_at(&a, 0, 0, 100 * BLOCK_BYTES, 1), OK);
    assert_int_equal(a.reads, 100);
    assert_int_equal(a.sectors, 800);
    assert_int_equal(read_at(&a, 0, 0, 100 * BLOCK_BYTES, 0), OK);
    assert_int_equal(a.reads, 100);
    /* 20 blocks, one cached, 20 blocks. */
    assert_true(is_cached(&a, 50));
    block_cache_forget(&a.device);
    a.reads = 0;
    assert_false(is_cached(&a, 20));
    assert_int_equal(read_at(&a, 0, 0, 41 * BLOCK_BYTES, 0), OK);
    assert_int_equal(a.reads, 3);
    assert_int_equal(stats().pages, 1);
    /* 5 blocks, which is not long, one cached, the rest. */
    assert_int_equal(read_at(&a, 15 * 8, 0, 30 * BLOCK_BYTES, 0), OK);
    assert_int_equal(a.reads, 3 + 5 + 1);
}

/* ---------------------------------------------------------------- order and size */

static void fill(uint32_t blocks)
{
    for (uint32_t n = 0; n < blocks; n++) {
        assert_false(is_cached(&a, n));
    }
    assert_int_equal(stats().pages, blocks);
}

static void test_least_recently_used_goes(void **state)
{
    (void)state;
    stub_pmm_set_pages(1000, 1000); /* the least, 64 */
    fill(64);
    assert_true(is_cached(&a, 0)); /* used again: 1 is the oldest */
    assert_true(is_cached(&a, 2));
    assert_false(is_cached(&a, 64)); /* in the place of 1 */
    assert_false(is_cached(&a, 65)); /* of 3 */
    assert_int_equal(stats().pages, 64);
    assert_true(is_cached(&a, 0));
    assert_true(is_cached(&a, 2));
    assert_true(is_cached(&a, 4));
    assert_false(is_cached(&a, 1)); /* of 5 */
    assert_false(is_cached(&a, 3));
    assert_true(is_cached(&a, 7));
    assert_false(is_cached(&a, 6));
}

/* More than fits, in a circle: every read is a miss, as it must be. */
static void test_circle_of_one_too_many(void **state)
{
    (void)state;
    stub_pmm_set_pages(1000, 1000);
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t n = 0; n < 65; n++) {
            assert_false(is_cached(&a, n));
        }
    }
    assert_int_equal(stats().pages, 64);
}

static void test_size_follows_memory(void **state)
{
    static const struct {
        unsigned total, pages;
    } lines[] = {{100, 64},     {1024, 64},    {1040, 65},    {8000, 500},
                 {16384, 1024}, {16400, 1024}, {500000, 1024}};

    (void)state;
    for (unsigned i = 0; i < COUNT(lines); i++) {
        stub_pmm_set_pages(lines[i].total, lines[i].total);
        for (uint32_t n = 0; n < lines[i].pages + 10; n++) {
            assert_false(is_cached(&a, n));
        }
        assert_int_equal(stats().pages, lines[i].pages);
        assert_int_equal(stub_kmem_live(), 2 * lines[i].pages);
        block_cache_forget(&a.device);
    }
}

/* ---------------------------------------------------------------- many pages go */

#define PAGES_BETWEEN_PAUSES 64 /* at most: some 30,000 instructions */

static uint32_t pauses, pages_before, most_between;

static void note_pause(void)
{
    uint32_t gone = pages_before - stats().pages;

    pauses++;
    most_between = gone > most_between ? gone : most_between;
    pages_before = stats().pages;
}

/* The same, where others change what comes next in the walk. */
static void read_in_pause(void)
{
    note_pause();
    (void)block_cache_shrink(3);
    for (uint32_t n = 0; n < 5; n++) {
        (void)is_cached(&b, pauses * 5 + n);
    }
    pages_before = stats().pages;
}

static void fill_for_pauses(void (*others)(void))
{
    fill(1024);
    in_pause = others;
    pauses = most_between = 0;
    pages_before = stats().pages;
}

static void check_pauses(void)
{
    in_pause = NULL;
    assert_in_range(pauses, 10, 16);
    assert_in_range(most_between, 1, PAGES_BETWEEN_PAUSES);
    for (uint32_t n = 0; n < 1024; n++) {
        assert_false(is_cached(&a, n));
    }
    block_cache_forget(&a.device);
}

static void test_a_full_cache_goes_in_pieces(void **state)
{
    (void)state;
    fill_for_pauses(note_pause);
    block_cache_forget(&a.device);
    check_pauses();

    fill_for_pauses(note_pause);
    block_cache_discard(&a.device, 0, a.device.sector_count);
    check_pauses();

    fill_for_pauses(note_pause);
    block_cache_discard(&a.device, 0, 512 * BLOCK_CACHE_SECTORS);
    block_cache_discard(&a.device, 512 * BLOCK_CACHE_SECTORS, 512 * BLOCK_CACHE_SECTORS);
    check_pauses();
}

static void test_others_use_the_cache_in_a_pause(void **state)
{
    (void)state;
    fill_for_pauses(read_in_pause);
    block_cache_forget(&a.device);
    check_pauses();
    block_cache_forget(&b.device);

    fill_for_pauses(read_in_pause);
    block_cache_discard(&a.device, 0, a.device.sector_count);
    check_pauses();
}

static void drop_all_in_pause(void)
{
    note_pause();
    (void)block_cache_shrink(SIZE_MAX); /* the walk's next page goes, too */
}

static void test_all_pages_go_in_a_pause(void **state)
{
    (void)state;
    fill_for_pauses(drop_all_in_pause);
    block_cache_forget(&a.device);
    in_pause = NULL;
    assert_int_equal(pauses, 1);
    assert_int_equal(stats().pages, 0);
}

static void test_does_not_grow_when_little_is_free(void **state)
{
    (void)state;
    stub_pmm_set_pages(16000, 1001);
    fill(5);
    stub_pmm_set_pages(16000, 1000);
    for (uint32_t n = 5; n < 20; n++) {
        assert_false(is_cached(&a, n));
    }
    assert_int_equal(stats().pages, 5);
    block_cache_forget(&a.device);
    assert_false(is_cached(&a, 1)); /* one is needed to read at all */
    assert_false(is_cached(&a, 2));
    assert_int_equal(stats().pages, 1);
}

static void test_shrink(void **state)
{
    (void)state;
    fill(10);
    assert_int_equal(block_cache_shrink(0), 0);
    assert_int_equal(block_cache_shrink(4), 4);
    assert_int_equal(stats().pages, 6);
    assert_true(is_cached(&a, 4));
    assert_false(is_cached(&a, 3));
    assert_int_equal(block_cache_shrink(SIZE_MAX), 7);
    assert_int_equal(stub_kmem_live(), 0);
    assert_int_equal(block_cache_shrink(1), 0);
}

/* ---------------------------------------------------------------- errors */

static void test_failed_reads_are_not_kept(void **state)
{
    struct block_cache_stats before = stats();

    (void)state;
    a.fails = true;
    assert_int_equal(read_at(&a, 0, 0, 10, 0), -EIO);
    assert_int_equal(read_at(&a, 0, 0, 100000, 0), -EIO);
    assert_int_equal(stats().pages, 0);
    assert_int_equal(stub_kmem_live(), 0);
    assert_int_equal(stats().misses, before.misses);
    a.fails = false;
    assert_int_equal(read_at(&a, 0, 0, 10, 0), OK);
    a.fails = true;
    assert_int_equal(read_at(&a, 0, 0, BLOCK_BYTES, 0), OK); /* no need to ask */
    assert_int_equal(read_at(&a, 0, 0, BLOCK_BYTES + 1, 0), -EIO);
}

/* The block that made room for one that could not be read is gone, the others are not. */
/* One bad sector: those beside it are read, kept, and not asked for again. */
static void test_neighbours_of_a_bad_sector(void **state)
{
    (void)state;
    const void *sector;

    a.bad_lba = 19; /* of the block that begins with 16 */
    assert_int_equal(read_at(&a, 16, 0, 3 * SECTOR_BYTES, 0), OK);
    assert_int_equal(a.reads, 2); /* the whole block, then what was wanted */
    assert_int_equal(stats().pages, 1);
    uint32_t misses = stats().misses, hits = stats().hits;
    assert_int_equal(read_at(&a, 17, 1, SECTOR_BYTES, 0), OK);
    assert_int_equal(a.reads, 2);
    assert_int_equal(stats().hits, hits + 2);
    assert_int_equal(read_at(&a, 20, 0, 4 * SECTOR_BYTES, 0), OK);
    assert_int_equal(a.reads, 3);
    assert_int_equal(stats().misses, misses + 4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_at(&a, 18, 511, 2, 0), -EIO);
        assert_int_equal(read_at(&a, 19, 511, 1, 0), -EIO);
        assert_int_equal(read_at(&a, 18, 0, 3 * SECTOR_BYTES, 0), -EIO);
        assert_int_equal(block_cache_sector(&a.device, 19, &sector), -EIO);
        assert_int_equal(block_cache_sector(&a.device, 18, &sector), OK);
    }
    assert_int_equal(read_at(&a, 16, 0, 3 * SECTOR_BYTES, 0), OK);
    assert_int_equal(read_at(&a, 23, 0, 2 * SECTOR_BYTES, 0), OK);
    assert_int_equal(stats().pages, 2);

    a.bad_lba = 0; /* it is well again */
    assert_int_equal(read_at(&a, 16, 0, BLOCK_BYTES, 0), OK);
    unsigned reads = a.reads;
    assert_int_equal(read_at(&a, 16, 0, BLOCK_BYTES, 0), OK);
    assert_int_equal(a.reads, reads);

    /* All of a block that is not there is wanted: no second try. */
    a.bad_lba = 40;
    assert_int_equal(read_at(&a, 40, 0, BLOCK_BYTES, 0), -EIO);
    assert_int_equal(a.reads, reads + 1);

    /* The bad one alone is wanted from a block that is not there: nothing stays. */
    a.bad_lba = 40;
    assert_int_equal(block_cache_sector(&a.device, 40, &sector), -EIO);
    assert_int_equal(stats().pages, 2);
}

static void test_failed_read_when_full(void **state)
{
    (void)state;
    stub_pmm_set_pages(1000, 1000);
    fill(64);
    a.fails = true;
    assert_int_equal(read_at(&a, 9999, 0, 10, 0), -EIO);
    a.fails = false;
    for (uint32_t n = 1; n < 64; n++) {
        assert_true(is_cached(&a, n));
    }
    assert_false(is_cached(&a, 0));
}

static void test_no_memory(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        stub_kmem_fail_from(n);
        assert_int_equal(read_at(&a, 0, 0, 10, 0), -ENOMEM);
        assert_int_equal(stub_kmem_live(), 0);
    }
    stub_kmem_fail_from(7); /* three blocks */
    for (uint32_t n = 0; n < 10; n++) {
        assert_false(is_cached(&a, n));
    }
    assert_int_equal(stats().pages, 3);
    assert_true(is_cached(&a, 7) && is_cached(&a, 8) && is_cached(&a, 9));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_second_read_is_a_hit),
        test(test_counts_sectors_that_are_touched),
        test(test_any_offset_and_length),
        test(test_two_devices),
        test(test_many_devices),
        test(test_sector_pointer),
        test(test_last_block_is_shorter),
        test(test_beyond_the_end),
        test(test_largest_device),
        test(test_long_reads_are_one_transfer),
        test(test_long_reads_that_cannot_be_direct),
        test(test_least_recently_used_goes),
        test(test_circle_of_one_too_many),
        test(test_size_follows_memory),
        test(test_does_not_grow_when_little_is_free),
        test(test_a_full_cache_goes_in_pieces),
        test(test_others_use_the_cache_in_a_pause),
        test(test_all_pages_go_in_a_pause),
        test(test_shrink),
        test(test_failed_reads_are_not_kept),
        test(test_neighbours_of_a_bad_sector),
        test(test_failed_read_when_full),
        test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
