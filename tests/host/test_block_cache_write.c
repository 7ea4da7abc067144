/*
 * test_block_cache_write.c - what the block cache writes: when, in which order, what it never
 * writes, and who is told when that fails. In the end, many random calls beside a simple model.
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
#include "random.h"

#include "stub_kmem_malloc.h"

#define SECTORS    4003 /* the last page is not full */
#define PAGES_MIN  BLOCK_CACHE_PAGES_MIN
#define WRITES_MAX 4096

/* A disk in memory, and what was asked of it. */
struct disk {
    struct block_device device;
    uint8_t *bytes;
    bool is_pinned[SECTORS]; /* must not be written */
    unsigned reads, writes, flushes;
    unsigned fail_write, fail_read, fail_flush; /* the call that fails, from 1; 0: none */
    bool fails_on;                              /* and so do all writes that follow */
    uint32_t bad_lba;                           /* a write of it fails; 0: none does */
    struct {
        uint32_t lba, count;
    } written[WRITES_MAX];
};

static struct disk a, b;
static void (*at_pause)(void);

bool task_pause(void)
{
    if (at_pause) {
        at_pause();
    }
    return false; /* cancelled: which changes nothing */
}

static bool is_it_now(unsigned *left)
{
    return *left > 0 && --*left == 0;
}

static int disk_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    struct disk *disk = device->driver_data;

    assert_true(count > 0 && lba < SECTORS && count <= SECTORS - lba);
    disk->reads++;
    if (is_it_now(&disk->fail_read)) {
        memset(buffer, 0xDB, device->sector_bytes);
        return -EIO;
    }
    memcpy(buffer, disk->bytes + (size_t)lba * device->sector_bytes,
           (size_t)count * device->sector_bytes);
    return OK;
}

/* A failed write has written the first half. */
static int disk_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    struct disk *disk = device->driver_data;
    uint32_t written = count;

    assert_true(count > 0 && lba < SECTORS && count <= SECTORS - lba);
    assert_int_equal((uintptr_t)buffer % 2, 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_false(disk->is_pinned[lba + i]);
    }
    disk->written[disk->writes % WRITES_MAX].lba = lba;
    disk->written[disk->writes++ % WRITES_MAX].count = count;
    bool fails = is_it_now(&disk->fail_write);
    if (fails && disk->fails_on) {
        disk->fail_write = 1;
    }
    if (fails || (disk->bad_lba && disk->bad_lba - lba < count)) {
        written = count / 2;
    }
    memcpy(disk->bytes + (size_t)lba * device->sector_bytes, buffer,
           (size_t)written * device->sector_bytes);
    return written == count ? OK : -EIO;
}

static int disk_flush(struct block_device *device)
{
    struct disk *disk = device->driver_data;

    disk->flushes++;
    return is_it_now(&disk->fail_flush) ? -EIO : OK;
}

static const struct block_operations operations = {disk_read, disk_write, disk_flush};

static void make_disk(struct disk *disk, uint32_t sector_bytes)
{
    free(disk->bytes);
    memset(disk, 0, sizeof(*disk));
    disk->bytes = calloc(SECTORS, sector_bytes);
    disk->device = (struct block_device){.name = "disk",
                                         .sector_count = SECTORS,
                                         .sector_bytes = sector_bytes,
                                         .operations = &operations,
                                         .driver_data = disk};
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
    stub_pmm_set_pages(1000, 1000); /* PAGES_MIN */
    at_pause = NULL;
    make_disk(&a, SECTOR_BYTES);
    make_disk(&b, 2048);
    return stub_kmem_live() == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    stub_kmem_fail_at(0);
    block_cache_discard(&a.device, 0, UINT32_MAX);
    block_cache_discard(&b.device, 0, UINT32_MAX);
    block_cache_forget(&a.device);
    block_cache_forget(&b.device);
    free(a.bytes);
    free(b.bytes);
    a.bytes = b.bytes = NULL;
    return stub_kmem_live() == 0 && stats().pages == 0 && stats().dirty == 0 ? 0 : -1;
}

static struct cached_block *get(struct disk *disk, uint32_t lba)
{
    struct cached_block *block = NULL;

    assert_int_equal(block_cache_get(&disk->device, lba, &block), OK);
    return block;
}

static void fill_block(struct disk *disk, struct cached_block *block, uint8_t value)
{
    memset(block_cache_bytes(block), value, disk->device.sector_bytes);
    block_cache_mark_dirty(block);
}

static void change(struct disk *disk, uint32_t lba, uint8_t value)
{
    struct cached_block *block = get(disk, lba);

    fill_block(disk, block, value);
    block_cache_put(block);
}

static bool all_are(const uint8_t *bytes, size_t length, uint8_t value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, length - 1) == 0;
}

static bool disk_has(const struct disk *disk, uint32_t lba, uint8_t value)
{
    return all_are(disk->bytes + (size_t)lba * disk->device.sector_bytes, disk->device.sector_bytes,
                   value);
}

static bool cache_has(struct disk *disk, uint32_t lba, uint8_t value)
{
    uint8_t bytes[SECTOR_BYTES_MAX];

    assert_int_equal(block_cache_read(&disk->device, lba, 0, bytes, disk->device.sector_bytes), OK);
    return all_are(bytes, disk->device.sector_bytes, value);
}

/* ---------------------------------------------------------------- when */

static void test_dirty_stays_in_memory_until_sync(void **state)
{
    (void)state;
    change(&a, 9, 1);
    change(&a, 9, 2);
    assert_true(cache_has(&a, 9, 2));
    assert_true(disk_has(&a, 9, 0));
    assert_int_equal(a.writes, 0);
    assert_int_equal(stats().dirty, 1);
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(disk_has(&a, 9, 2));
    assert_int_equal(a.writes, 1);
    assert_int_equal(a.written[0].lba, 9);
    assert_int_equal(a.written[0].count, 1);
    assert_int_equal(a.flushes, 1);
    assert_int_equal(stats().dirty, 0);
    assert_int_equal(block_cache_sync(&a.device), OK); /* nothing to write */
    assert_int_equal(a.writes, 1);
    assert_int_equal(block_cache_shrink(10), 1);
    assert_true(cache_has(&a, 9, 2));
}

static void test_sync_writes_in_order_and_in_runs(void **state)
{
    static const uint32_t lbas[] = {4002, 17, 700, 16, 18, 3, 20, 701, 4001, 0, 1000};
    static const struct {
        uint32_t lba, count;
    } runs[] = {{0, 1}, {3, 1}, {16, 3}, {20, 1}, {700, 2}, {1000, 1}, {4001, 2}};

    (void)state;
    for (unsigned i = 0; i < sizeof(lbas) / sizeof(*lbas); i++) {
        change(&a, lbas[i], (uint8_t)(i + 1));
        change(&b, lbas[i], 7);
    }
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_int_equal(a.writes, sizeof(runs) / sizeof(*runs));
    for (unsigned i = 0; i < a.writes; i++) {
        assert_int_equal(a.written[i].lba, runs[i].lba);
        assert_int_equal(a.written[i].count, runs[i].count);
    }
    for (unsigned i = 0; i < sizeof(lbas) / sizeof(*lbas); i++) {
        assert_true(disk_has(&a, lbas[i], (uint8_t)(i + 1)));
    }
    assert_int_equal(b.writes, 0); /* another device's are its own business */
    assert_int_equal(b.flushes, 0);
}

static void test_new_blocks_are_not_read(void **state)
{
    struct cached_block *block;

    (void)state;
    memset(a.bytes, 0x5A, 100 * SECTOR_BYTES);
    assert_int_equal(block_cache_get_new(&a.device, 10, &block), OK);
    assert_int_equal(a.reads, 0);
    assert_true(all_are(block_cache_bytes(block), SECTOR_BYTES, 0));
    assert_true(block_cache_is_dirty(block));
    fill_block(&a, block, 3);
    block_cache_put(block);
    /* Its neighbours are the disk's, and reading them does not read it again. */
    assert_true(cache_has(&a, 11, 0x5A));
    assert_true(cache_has(&a, 9, 0x5A));
    assert_true(cache_has(&a, 10, 3));
    uint8_t bytes[8 * SECTOR_BYTES];
    assert_int_equal(block_cache_read(&a.device, 8, 0, bytes, sizeof(bytes)), OK);
    assert_true(all_are(bytes + 2 * SECTOR_BYTES, SECTOR_BYTES, 3));
    assert_true(all_are(bytes + 3 * SECTOR_BYTES, 5 * SECTOR_BYTES, 0x5A));
    assert_true(disk_has(&a, 10, 0x5A));
    /* One that is here is made new all the same. */
    assert_int_equal(block_cache_get_new(&a.device, 9, &block), OK);
    assert_true(all_are(block_cache_bytes(block), SECTOR_BYTES, 0));
    block_cache_put(block);
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(disk_has(&a, 9, 0) && disk_has(&a, 10, 3) && disk_has(&a, 8, 0x5A));
    assert_int_equal(block_cache_get_new(&a.device, SECTORS, &block), -EBOUNDS);
    assert_int_equal(block_cache_get(&a.device, SECTORS, &block), -EBOUNDS);
}

static void test_long_reads_see_what_is_dirty(void **state)
{
    uint8_t *bytes = malloc(400 * SECTOR_BYTES);

    (void)state;
    change(&a, 150, 9);
    assert_int_equal(block_cache_read(&a.device, 0, 0, bytes, 400 * SECTOR_BYTES), OK);
    for (uint32_t i = 0; i < 400; i++) {
        assert_true(all_are(bytes + i * SECTOR_BYTES, SECTOR_BYTES, i == 150 ? 9 : 0));
    }
    free(bytes);
}

static void test_room_is_made_by_writing(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * PAGES_MIN; i++) {
        change(&a, i * 8, (uint8_t)(i + 1));
    }
    assert_int_equal(stats().pages, PAGES_MIN);
    assert_int_equal(a.writes, 2 * PAGES_MIN);
    for (uint32_t i = 0; i < 2 * PAGES_MIN; i++) {
        assert_true(disk_has(&a, i * 8, (uint8_t)(i + 1)));
        assert_int_equal(a.written[i].count, 1);
    }
    assert_int_equal(a.flushes, 0);
    for (uint32_t i = 0; i < 3 * PAGES_MIN; i++) {
        assert_true(cache_has(&a, i * 8, (uint8_t)(i + 1)));
    }
}

static void test_write_back(void **state)
{
    struct cached_block *first, *second;

    (void)state;
    first = get(&a, 4);
    second = get(&a, 5);
    fill_block(&a, first, 1);
    fill_block(&a, second, 2);
    assert_int_equal(block_cache_write_back(second), OK);
    assert_true(disk_has(&a, 5, 2));
    assert_true(disk_has(&a, 4, 0));
    assert_false(block_cache_is_dirty(second));
    assert_true(block_cache_is_dirty(first));
    assert_int_equal(block_cache_write_back(second), OK); /* it is clean */
    assert_int_equal(a.writes, 1);
    a.fail_write = 1;
    assert_int_equal(block_cache_write_back(first), -EIO);
    assert_true(block_cache_is_dirty(first));
    block_cache_put(first);
    block_cache_put(second);
    assert_int_equal(block_cache_sync(&a.device), OK); /* the error has been reported */
    assert_true(disk_has(&a, 4, 1));
}

/* ---------------------------------------------------------------- what stays */

static void test_held_blocks_stay(void **state)
{
    struct cached_block *held[PAGES_MIN];

    (void)state;
    for (uint32_t i = 0; i < PAGES_MIN; i++) {
        held[i] = get(&a, i * 8 + i % 8);
        fill_block(&a, held[i], (uint8_t)(i + 1));
    }
    assert_int_equal(block_cache_shrink(SIZE_MAX), 0);
    for (uint32_t i = 0; i < PAGES_MIN; i++) {
        assert_true(cache_has(&a, 2000 + i * 8, 0)); /* there is room beyond */
    }
    assert_int_equal(a.writes, 0);
    for (uint32_t i = 0; i < PAGES_MIN; i++) {
        assert_true(all_are(block_cache_bytes(held[i]), SECTOR_BYTES, (uint8_t)(i + 1)));
        block_cache_put(held[i]);
    }
    assert_int_equal(block_cache_shrink(SIZE_MAX), 1); /* the others are dirty */
}

/* Twice the usual number is the end: an error, and all is well when blocks are put back. */
static void test_all_pages_held(void **state)
{
    struct cached_block *held[2 * PAGES_MIN], *one_more;

    (void)state;
    for (uint32_t i = 0; i < 2 * PAGES_MIN; i++) {
        held[i] = get(&a, i * 8);
    }
    assert_int_equal(block_cache_get(&a.device, 3000, &one_more), -ENOMEM);
    assert_int_equal(block_cache_get_new(&a.device, 3000, &one_more), -ENOMEM);
    block_cache_hold(held[5]);
    block_cache_put(held[5]);
    assert_int_equal(block_cache_get(&a.device, 3000, &one_more), -ENOMEM);
    block_cache_put(held[5]);
    assert_int_equal(block_cache_get(&a.device, 3000, &one_more), OK);
    held[5] = one_more;
    for (uint32_t i = 0; i < 2 * PAGES_MIN; i++) {
        block_cache_put(held[i]);
    }
    assert_int_equal(stats().pages, 2 * PAGES_MIN);
}

static void test_pinned_blocks_are_not_written(void **state)
{
    struct cached_block *block = get(&a, 40);

    (void)state;
    fill_block(&a, block, 6);
    block_cache_pin(block);
    block_cache_pin(block);
    block_cache_put(block); /* the pin keeps it */
    a.is_pinned[40] = true;
    change(&a, 41, 7); /* of the same page */
    for (uint32_t i = 0; i < 2 * PAGES_MIN; i++) {
        change(&a, 1000 + i * 8, 1);
    }
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(disk_has(&a, 41, 7));
    assert_true(disk_has(&a, 40, 0));
    assert_true(all_are(block_cache_bytes(block), SECTOR_BYTES, 6));
    block_cache_unpin(block);
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_int_equal(stats().dirty, 1);
    a.is_pinned[40] = false;
    block_cache_unpin(block);
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(disk_has(&a, 40, 6));
}

/* ---------------------------------------------------------------- whole sectors, and none */

static void test_direct_writes(void **state)
{
    static uint8_t bytes[100 * SECTOR_BYTES];

    (void)state;
    change(&a, 9, 1);
    assert_true(cache_has(&a, 30, 0));
    memset(bytes, 8, sizeof(bytes));
    a.writes = 0;
    assert_int_equal(block_cache_write(&a.device, 5, 100, bytes), OK);
    assert_int_equal(a.writes, 1);
    assert_int_equal(stats().dirty, 0); /* what was dirty is older */
    assert_int_equal(stats().pages, 2);
    for (uint32_t lba = 0; lba < 120; lba++) {
        uint8_t value = lba >= 5 && lba < 105 ? 8 : 0;

        assert_true(disk_has(&a, lba, value) && cache_has(&a, lba, value));
    }
    change(&a, 9, 1);
    change(&a, 4, 2);
    a.fail_write = 1;
    assert_int_equal(block_cache_write(&a.device, 5, 10, bytes), -EIO);
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(cache_has(&a, 9, 8)); /* read anew */
    assert_true(disk_has(&a, 4, 2));
    assert_int_equal(block_cache_write(&a.device, SECTORS - 1, 2, bytes), -EBOUNDS);
    a.device.is_read_only = true;
    assert_int_equal(block_cache_write(&a.device, 5, 10, bytes), -ERDONLY);
}

static void test_discarded_blocks_are_not_written(void **state)
{
    static const struct {
        uint32_t lba, count;
    } ranges[] = {{10, 1},         {10, 6}, {0, 100}, {0, UINT32_MAX}, {SECTORS, 1},
                  {UINT32_MAX, 1}, {16, 0}, {15, 2},  {9, SECTORS}};

    (void)state;
    for (unsigned i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        memset(a.bytes, 0, (size_t)SECTORS * SECTOR_BYTES);
        for (uint32_t lba = 0; lba < 40; lba++) {
            change(&a, lba, 5);
        }
        change(&a, 4002, 5);
        change(&b, 10, 5);
        block_cache_discard(&a.device, ranges[i].lba, ranges[i].count);
        assert_int_equal(block_cache_sync(&a.device), OK);
        for (uint32_t lba = 0; lba < SECTORS; lba++) {
            bool is_discarded = lba >= ranges[i].lba && lba - ranges[i].lba < ranges[i].count;
            uint8_t value = !is_discarded && (lba < 40 || lba == 4002) ? 5 : 0;

            if (!disk_has(&a, lba, value) ||
                ((lba < 50 || lba > 4000) && !cache_has(&a, lba, value))) {
                fail_msg("range %u, sector %u", i, lba);
            }
        }
        assert_true(cache_has(&b, 10, 5));
        assert_int_equal(stats().dirty, 1);
        block_cache_discard(&a.device, 0, UINT32_MAX);
        block_cache_forget(&a.device);
    }
}

/* Two volumes of a disk: the end of the one leaves the other's blocks alone. */
static void test_forget_is_one_volumes_business(void **state)
{
    struct block_device other = a.device;

    (void)state;
    change(&a, 3, 4);
    struct cached_block *block;
    assert_int_equal(block_cache_get(&other, 3, &block), OK);
    block_cache_put(block);
    block_cache_forget(&other);
    assert_true(cache_has(&a, 3, 4));
    assert_int_equal(stats().pages, 1);
}

/* ---------------------------------------------------------------- errors */

static void test_an_error_is_reported_once_and_tried_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        change(&a, i * 100, (uint8_t)(i + 1));
    }
    a.bad_lba = 200;
    for (unsigned i = 0; i < 2; i++) {
        a.writes = 0;
        assert_int_equal(block_cache_sync(&a.device), -EIO);
        assert_int_equal(a.writes, i == 0 ? 5 : 1);
        assert_int_equal(stats().dirty, 1);
    }
    assert_int_equal(a.flushes, 2);
    assert_true(cache_has(&a, 200, 3));
    a.bad_lba = 0;
    assert_int_equal(block_cache_sync(&a.device), OK);
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(disk_has(&a, i * 100, (uint8_t)(i + 1)));
    }
}

static void test_an_error_while_room_is_made_stays_until_sync(void **state)
{
    (void)state;
    change(&a, 8, 1);
    a.bad_lba = 8;
    for (uint32_t i = 0; i < 2 * PAGES_MIN; i++) {
        assert_true(cache_has(&a, 1000 + i * 8, 0));
    }
    assert_int_equal(a.writes, 1); /* not again and again */
    assert_int_equal(stats().pages, PAGES_MIN);
    a.bad_lba = 0;
    assert_int_equal(block_cache_sync(&a.device), -EIO);
    assert_true(disk_has(&a, 8, 1));
    assert_int_equal(block_cache_sync(&a.device), OK);
}

static void test_every_write_fails(void **state)
{
    struct cached_block *block;
    uint32_t got = 0;

    (void)state;
    a.fail_write = 1;
    a.fails_on = true;
    while (got < SECTORS / 8 && block_cache_get_new(&a.device, got * 8, &block) == OK) {
        block_cache_put(block);
        got++;
    }
    assert_int_equal(got, 2 * PAGES_MIN); /* the memory for it has an end */
    assert_int_equal(a.writes, 1);
    assert_int_equal(block_cache_sync(&a.device), -EIO);
    assert_in_range(a.writes, 3, 10); /* nor does sync take for ever */
    a.fail_write = 0;
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_int_equal(stats().dirty, 0);
}

static void test_flush_fails(void **state)
{
    (void)state;
    change(&a, 8, 1);
    a.fail_flush = 1;
    assert_int_equal(block_cache_sync(&a.device), -EIO);
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(disk_has(&a, 8, 1));
}

static void test_a_protected_device(void **state)
{
    (void)state;
    change(&a, 8, 1);
    a.device.is_read_only = true;
    assert_int_equal(block_cache_sync(&a.device), -ERDONLY);
    assert_int_equal(a.writes, 0);
    assert_true(cache_has(&a, 8, 1));
}

/* The n-th write fails, for every n: the caller is told, or the sync is; then all goes well. The
 * n-th read: what is wanted is read alone. */
static void test_each_nth_error(void **state)
{
    bool is_over = false;

    (void)state;
    for (unsigned nth = 1; !is_over; nth++) {
        unsigned errors = 0;

        memset(a.bytes, 0, (size_t)SECTORS * SECTOR_BYTES);
        a.fail_write = nth % 2 ? nth / 2 + 1 : 0;
        a.fail_read = nth % 2 ? 0 : nth / 2;
        for (uint32_t i = 0; i < PAGES_MIN + 20; i++) {
            struct cached_block *block;

            while (block_cache_get(&a.device, i * 9, &block) != OK) {
                errors++;
            }
            fill_block(&a, block, 3);
            if (i % 3 == 0 && block_cache_write_back(block) != OK) {
                errors++;
                assert_true(block_cache_is_dirty(block));
            }
            block_cache_put(block);
        }
        errors += block_cache_sync(&a.device) != OK;
        assert_int_equal(errors, nth % 2 && a.fail_write == 0 ? 1 : 0);
        is_over = nth > 2 && (a.fail_write > 0 || a.fail_read > 0);
        a.fail_write = a.fail_read = 0;
        assert_int_equal(block_cache_sync(&a.device), OK);
        for (uint32_t i = 0; i < PAGES_MIN + 20; i++) {
            assert_true(disk_has(&a, i * 9, 3));
        }
        block_cache_forget(&a.device);
    }
}

/* ---------------------------------------------------------------- while sync pauses */

static void dirty_more(void)
{
    static const uint32_t lbas[] = {2, 1000, 3000};

    for (unsigned i = 0; i < 3; i++) {
        change(&a, lbas[i], (uint8_t)(a.writes + 10));
    }
    block_cache_shrink(SIZE_MAX);
}

/* Others use the cache meanwhile: what was dirty before is written, and there is an end. */
static void test_others_write_during_sync(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        change(&a, 100 * i, 1);
    }
    at_pause = dirty_more;
    assert_int_equal(block_cache_sync(&a.device), OK);
    at_pause = NULL;
    assert_in_range(a.writes, 20, 25);
    for (uint32_t i = 0; i < 20; i++) {
        assert_true(i == 10 || disk_has(&a, 100 * i, 1));
    }
    assert_int_equal(block_cache_sync(&a.device), OK);
    assert_true(cache_has(&a, 2, a.bytes[2 * SECTOR_BYTES]) && a.bytes[2 * SECTOR_BYTES] >= 10);
}

/* ---------------------------------------------------------------- beside a model */

#define MODEL_SECTORS 1500
#define PINS_MAX      30

static struct model {
    struct disk *disk;
    uint8_t now[MODEL_SECTORS]; /* the value of each sector's bytes */
    struct cached_block *pinned[PINS_MAX];
    uint32_t pinned_lba[PINS_MAX];
} model;

static uint32_t random_lba(void)
{
    return random_below(random_below(3) ? MODEL_SECTORS : 100);
}

static void model_pin(uint32_t slot, uint32_t lba, uint8_t value)
{
    if (model.pinned[slot]) {
        model.disk->is_pinned[model.pinned_lba[slot]] = false;
        block_cache_unpin(model.pinned[slot]);
        model.pinned[slot] = NULL;
    } else if (!model.disk->is_pinned[lba]) {
        struct cached_block *block = get(model.disk, lba);

        fill_block(model.disk, block, value);
        model.now[lba] = value;
        block_cache_pin(block);
        block_cache_put(block);
        model.pinned[slot] = block;
        model.pinned_lba[slot] = lba;
        model.disk->is_pinned[lba] = true;
    }
}

static bool is_any_pinned(uint32_t lba, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (model.disk->is_pinned[lba + i]) {
            return true;
        }
    }
    return false;
}

static void model_write(uint32_t lba, uint32_t count, uint8_t value)
{
    static uint8_t bytes[64 * SECTOR_BYTES_MAX];

    count = count < MODEL_SECTORS - lba ? count : MODEL_SECTORS - lba;
    if (is_any_pinned(lba, count)) {
        return;
    }
    memset(bytes, value, sizeof(bytes));
    assert_int_equal(block_cache_write(&model.disk->device, lba, count, bytes), OK);
    memset(model.now + lba, value, count);
}

static void model_discard(uint32_t lba, uint32_t count)
{
    count = count < MODEL_SECTORS - lba ? count : MODEL_SECTORS - lba;
    if (is_any_pinned(lba, count)) {
        return;
    }
    block_cache_discard(&model.disk->device, lba, count);
    for (uint32_t i = lba; i < lba + count; i++) {
        model.now[i] = model.disk->bytes[(size_t)i * model.disk->device.sector_bytes];
    }
}

static void model_sync(void)
{
    int status = block_cache_sync(&model.disk->device);

    if (status == OK) {
        for (uint32_t lba = 0; lba < MODEL_SECTORS; lba++) {
            assert_true(model.disk->is_pinned[lba] || disk_has(model.disk, lba, model.now[lba]));
        }
    }
}

static void model_read(uint32_t lba, uint32_t count)
{
    static uint8_t bytes[64 * SECTOR_BYTES_MAX];
    uint32_t size = model.disk->device.sector_bytes;

    count = count < MODEL_SECTORS - lba ? count : MODEL_SECTORS - lba;
    if (block_cache_read(&model.disk->device, lba, 0, bytes, count * size) == OK) {
        for (uint32_t i = 0; i < count; i++) {
            assert_true(all_are(bytes + i * size, size, model.now[lba + i]));
        }
    }
}

static void model_step(void)
{
    uint32_t lba = random_lba(), count = 1 + random_below(63);
    uint8_t value = (uint8_t)random_below(256);
    struct cached_block *block;

    switch (random_below(12)) {
    case 0: model_write(lba, count, value); break;
    case 1: model_discard(lba, random_below(10) ? count / 8 : UINT32_MAX); break;
    case 2: model_pin(random_below(PINS_MAX), lba, value); break;
    case 3:
        if (block_cache_get_new(&model.disk->device, lba, &block) == OK) {
            fill_block(model.disk, block, value);
            model.now[lba] = value;
            block_cache_put(block);
        }
        break;
    case 4:
        if (random_below(10) == 0) {
            model_sync();
        }
        break;
    case 5: block_cache_shrink(random_below(4)); break;
    case 6:
        if (!model.disk->is_pinned[lba]) {
            block = get(model.disk, lba);
            if (block_cache_write_back(block) == OK) {
                assert_true(disk_has(model.disk, lba, model.now[lba]));
            }
            block_cache_put(block);
        }
        break;
    case 7:
    case 8: model_read(lba, count); break;
    default: change(model.disk, lba, model.now[lba] = value);
    }
}

static void run_model(struct disk *disk, unsigned steps, bool with_errors)
{
    memset(&model, 0, sizeof(model));
    model.disk = disk;
    for (unsigned i = 0; i < steps; i++) {
        if (with_errors && random_below(50) == 0) {
            disk->bad_lba = random_below(3) ? random_lba() : 0;
        }
        if (with_errors && disk->bad_lba) {
            /* No direct writes then: what they leave on the disk is anybody's guess. */
            uint32_t lba = random_lba();
            change(disk, lba, model.now[lba] = (uint8_t)i);
            model_read(random_lba(), 20);
            if (i % 64 == 0) {
                model_sync();
            }
        } else {
            model_step();
        }
    }
    disk->bad_lba = 0;
    for (unsigned slot = 0; slot < PINS_MAX; slot++) {
        if (model.pinned[slot]) {
            model_pin(slot, 0, 0);
        }
    }
    (void)block_cache_sync(&disk->device); /* with an error from before */
    assert_int_equal(block_cache_sync(&disk->device), OK);
    for (uint32_t lba = 0; lba < MODEL_SECTORS; lba++) {
        assert_true(disk_has(disk, lba, model.now[lba]));
    }
    block_cache_forget(&disk->device);
    assert_int_equal(stats().pages, 0);
    assert_int_equal(stub_kmem_live(), 0);
}

static void test_beside_a_model(void **state)
{
    (void)state;
    random_state = 1;
    run_model(&a, 60000, false);
    run_model(&b, 30000, false);
}

static void test_beside_a_model_with_errors(void **state)
{
    (void)state;
    random_state = 2;
    run_model(&a, 30000, true);
    make_disk(&b, 4096);
    run_model(&b, 10000, true);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_dirty_stays_in_memory_until_sync),
        test(test_sync_writes_in_order_and_in_runs),
        test(test_new_blocks_are_not_read),
        test(test_long_reads_see_what_is_dirty),
        test(test_room_is_made_by_writing),
        test(test_write_back),
        test(test_held_blocks_stay),
        test(test_all_pages_held),
        test(test_pinned_blocks_are_not_written),
        test(test_direct_writes),
        test(test_discarded_blocks_are_not_written),
        test(test_forget_is_one_volumes_business),
        test(test_an_error_is_reported_once_and_tried_again),
        test(test_an_error_while_room_is_made_stays_until_sync),
        test(test_every_write_fails),
        test(test_flush_fails),
        test(test_a_protected_device),
        test(test_each_nth_error),
        test(test_others_write_during_sync),
        test(test_beside_a_model),
        test(test_beside_a_model_with_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
