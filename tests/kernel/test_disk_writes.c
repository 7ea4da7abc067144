/*
 * tests/kernel/test_disk_writes.c - what is written to a disk is there afterwards.
 *
 * By ATA, the disk is the secondary channel's master where there is one
 * (tests/system/test_disk_writes.py compares its image on the host), else the end of the disk that
 * the kernel was booted from, which has its contents again when the test is over. By the BIOS it is
 * the end of the boot disk.
 */
#include "failing.h"
#include "ktest.h"

#include "abi/boot_info.h"
#include "base/align.h"
#include "base/status.h"
#include "debug/printk.h"
#include "device/block_cache.h"
#include "drivers/ata.h"
#include "drivers/bios_disk.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"

#define SECONDARY      0x170
#define SPARE_SECTORS  300 /* at the end of the boot disk */
#define NTH_SECTORS    90  /* of these, every third is written while writes fail */
#define BUFFER_BYTES   0x50000
#define SCRATCH_DIRECT 2000 /* sectors that are written directly, from 0 */
#define SCRATCH_CACHED 3000 /* from here on through the cache, every third sector */
#define SCRATCH_BLOCKS 100

/* test_disk_writes.py has the same. */
static void fill_pattern(void *to, uint32_t lba, uint32_t count)
{
    uint32_t *words = to;

    for (uint32_t i = 0; i < count * SECTOR_BYTES / 4; i++) {
        words[i] = (lba + i / (SECTOR_BYTES / 4)) * 2654435769u + i % (SECTOR_BYTES / 4) * 40503u;
    }
}

static bool has_pattern(const uint8_t *bytes, uint32_t lba, uint32_t count)
{
    static uint32_t sector[SECTOR_BYTES / 4];

    for (uint32_t i = 0; i < count; i++) {
        fill_pattern(sector, lba + i, 1);
        if (memcmp(bytes + i * SECTOR_BYTES, sector, SECTOR_BYTES) != 0) {
            return false;
        }
    }
    return true;
}

/* count sectors from lba on, from a buffer there: they are on the disk, and their neighbours are
 * what they were. What is read comes to another address, by DMA. */
static bool write_and_look(struct block_device *device, uint32_t lba, uint32_t count,
                           uint8_t *buffer, uint8_t *other)
{
    static uint8_t before[2][SECTOR_BYTES], after[2][SECTOR_BYTES];

    fill_pattern(other, lba * 7, count);
    memcpy(buffer, other, count * SECTOR_BYTES);
    memset(other, 0, count * SECTOR_BYTES);
    return block_read(device, lba - 1, 1, before[0]) == OK &&
           block_read(device, lba + count, 1, before[1]) == OK &&
           block_write(device, lba, count, buffer) == OK &&
           block_read(device, lba, count, other) == OK && has_pattern(other, lba * 7, count) &&
           block_read(device, lba - 1, 1, after[0]) == OK &&
           block_read(device, lba + count, 1, after[1]) == OK &&
           memcmp(before, after, sizeof(before)) == 0;
}

KTEST(disk_writes_are_read_back)
{
    static const uint32_t starts[] = {0, 2, 511, 4094, 0xFE00, 0xFFFE};
    static const uint32_t counts[] = {1, 7, 8, 127, 128, 129, 256, 257};
    bool is_right = ata_initialise() > 0;

    KEXPECT(is_right);
    struct block_device *device = ata_find(SECONDARY, false);
    device = device ? device : ata_device(0);
    uint32_t first = device->sector_count - SPARE_SECTORS;
    uint8_t *saved = kmalloc(SPARE_SECTORS * SECTOR_BYTES);
    uint8_t *buffer = kmalloc(BUFFER_BYTES), *other = kmalloc(BUFFER_BYTES);

    KEXPECT(saved && buffer && other);
    KEXPECT(block_read(device, first, SPARE_SECTORS, saved) == OK);
    for (size_t i = 0; is_right && i < ARRAY_SIZE(starts); i++) {
        uint8_t *from = buffer + (-(uintptr_t)buffer & 0xFFFF) + starts[i];

        for (size_t j = 0; is_right && j < ARRAY_SIZE(counts); j++) {
            is_right = write_and_look(device, first + 2 + (uint32_t)j, counts[j], from, other);
        }
    }
    is_right = block_flush(device) == OK && is_right;
    KEXPECT(block_write(device, first, SPARE_SECTORS, saved) == OK);
    KEXPECT(block_read(device, first, SPARE_SECTORS, buffer) == OK);
    is_right = memcmp(buffer, saved, SPARE_SECTORS * SECTOR_BYTES) == 0 && is_right;
    kfree(saved);
    kfree(buffer);
    kfree(other);
    KEXPECT(is_right);
}

/* The n-th write fails, for every n, while the cache makes room and when it is told to sync: the
 * sync says so, once, and the next one writes what is missing. */
KTEST(disk_each_nth_write_fails)
{
    struct block_device device;
    bool is_right = ata_initialise() > 0;
    uint32_t n = 0;

    KEXPECT(is_right);
    device = *ata_device(0); /* its blocks are nobody else's */
    uint32_t first = device.sector_count - NTH_SECTORS;
    uint8_t *saved = kmalloc(NTH_SECTORS * SECTOR_BYTES);
    uint8_t *found = kmalloc(NTH_SECTORS * SECTOR_BYTES);

    KEXPECT(saved && found && block_read(&device, first, NTH_SECTORS, saved) == OK);
    for (bool has_failed = true; is_right && has_failed;) {
        failing_start_write(++n);
        for (uint32_t i = 0; i < NTH_SECTORS; i += 3) {
            struct cached_block *block = NULL;

            KEXPECT(block_cache_get(&device, first + i, &block) == OK);
            fill_pattern(block_cache_bytes(block), n * i, 1);
            block_cache_mark_dirty(block);
            block_cache_put(block);
        }
        int status = block_cache_sync(&device);
        has_failed = failing_stop();
        is_right = status == (has_failed ? -EIO : OK) && block_cache_sync(&device) == OK;
        block_cache_forget(&device);
        is_right = is_right && block_read(&device, first, NTH_SECTORS, found) == OK;
        for (uint32_t i = 0; is_right && i < NTH_SECTORS; i++) {
            const uint8_t *sector = found + i * SECTOR_BYTES;

            is_right = i % 3 == 0 ? has_pattern(sector, n * i, 1)
                                  : memcmp(sector, saved + i * SECTOR_BYTES, SECTOR_BYTES) == 0;
        }
    }
    printk("info: %u writes, each failed in turn\n", n - 1);
    KEXPECT(block_write(&device, first, NTH_SECTORS, saved) == OK);
    kfree(saved);
    kfree(found);
    KEXPECT(is_right && n > NTH_SECTORS / 8);
}

/* What the BIOS writes, the controller's own driver reads; and the other way round. */
KTEST(disk_writes_by_the_bios)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);
    struct block_device *bios = bios_disk_open(info->drive);
    uint8_t *saved = kmalloc(SPARE_SECTORS * SECTOR_BYTES);
    uint8_t *buffer = kmalloc(SPARE_SECTORS * SECTOR_BYTES);

    KEXPECT(bios && ata_initialise() > 0 && saved && buffer);
    uint32_t first = bios->sector_count - SPARE_SECTORS;

    KEXPECT(block_read(bios, first, SPARE_SECTORS, saved) == OK);
    fill_pattern(buffer, first, SPARE_SECTORS);
    KEXPECT(block_write(bios, first + 1, SPARE_SECTORS - 2, buffer + SECTOR_BYTES) == OK);
    memset(buffer, 0, SPARE_SECTORS * SECTOR_BYTES);
    KEXPECT(block_read(ata_device(0), first, SPARE_SECTORS, buffer) == OK);
    bool is_right = has_pattern(buffer + SECTOR_BYTES, first + 1, SPARE_SECTORS - 2) &&
                    memcmp(buffer, saved, SECTOR_BYTES) == 0 &&
                    memcmp(buffer + (SPARE_SECTORS - 1) * SECTOR_BYTES,
                           saved + (SPARE_SECTORS - 1) * SECTOR_BYTES, SECTOR_BYTES) == 0;
    KEXPECT(block_write(ata_device(0), first, SPARE_SECTORS, saved) == OK);
    KEXPECT(block_read(bios, first, SPARE_SECTORS, buffer) == OK);
    is_right = memcmp(buffer, saved, SPARE_SECTORS * SECTOR_BYTES) == 0 && is_right;
    kfree(saved);
    kfree(buffer);
    KEXPECT(is_right);
}

static void report(const char *what, uint32_t lba, uint32_t count, int status)
{
    if (status < 0) {
        printk("%s %u sectors from %u: error %d\n", what, count, lba, status);
    }
}

/* Every sector of a scratch disk gets its pattern, in pieces of many sizes and through the cache.
 * Errors are printed; whether they are right is for the host to say. */
KTEST_BY_NAME(disk_scratch_is_written)
{
    static const uint32_t counts[] = {1, 8, 16, 127, 256, 300};
    struct block_device *device = ata_initialise() > 0 ? ata_find(SECONDARY, false) : NULL;
    uint8_t *buffer = kmalloc(BUFFER_BYTES);
    uint32_t lba = 0;

    KEXPECT(device && buffer);
    for (size_t i = 0; lba < SCRATCH_DIRECT; i++) {
        uint32_t count = MIN(counts[i % ARRAY_SIZE(counts)], SCRATCH_DIRECT - lba);

        fill_pattern(buffer, lba, count);
        report("write", lba, count, block_write(device, lba, count, buffer));
        lba += count;
    }
    report("flush", 0, 0, block_flush(device));
    kfree(buffer);
    for (uint32_t i = 0; i < SCRATCH_BLOCKS; i++) {
        struct cached_block *block = NULL;

        lba = SCRATCH_CACHED + 3 * i;
        KEXPECT((i % 2 ? block_cache_get : block_cache_get_new)(device, lba, &block) == OK);
        fill_pattern(block_cache_bytes(block), lba, 1);
        block_cache_mark_dirty(block);
        block_cache_put(block);
    }
    report("sync", 0, 0, block_cache_sync(device));
    report("second sync", 0, 0, block_cache_sync(device));
    block_cache_discard(device, 0, UINT32_MAX);
    block_cache_forget(device);
    printk("mode %s\n", device->mode);
}

/* The boot disk's last sectors get their patterns through the BIOS. */
KTEST_BY_NAME(disk_end_is_written_by_the_bios)
{
    const struct boot_info *info = page_memory(BOOT_INFO_ADDRESS);
    struct block_device *bios = bios_disk_open(info->drive);
    uint8_t *buffer = kmalloc(SPARE_SECTORS * SECTOR_BYTES);

    KEXPECT(bios && buffer);
    uint32_t first = bios->sector_count - SPARE_SECTORS;

    fill_pattern(buffer, first, SPARE_SECTORS);
    report("write", 0, SPARE_SECTORS, block_write(bios, first, SPARE_SECTORS, buffer));
    kfree(buffer);
    printk("mode %s\n", bios->mode);
}
