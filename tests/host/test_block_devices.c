/*
 * test_block_devices.c - the table of disks and partitions: names, order, and partitions that share
 * sectors.
 * Sources: src/device/block_devices.c src/device/partition.c src/device/block.c
 * Sources: src/lib/format.c src/lib/string.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/block_devices.h"
#include "base/status.h"

static uint32_t last_lba;
static const char *last_disk;

static int note(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    (void)count;
    (void)buffer;
    last_lba = lba;
    last_disk = device->name;
    return OK;
}

static int note_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    return note(device, lba, count, (void *)(uintptr_t)buffer);
}

static const struct block_operations operations = {.read = note, .write = note_write};

#define DISK(disk_name)                                                           \
    {                                                                             \
        .name = (disk_name), .sector_count = 10000, .sector_bytes = SECTOR_BYTES, \
        .operations = &operations                                                 \
    }
static struct block_device disks[BLOCK_DISKS_MAX] = {DISK("ata0"), DISK("BIOS disk"), DISK("ata2"),
                                                     DISK("ata3"), DISK("ata1")};
static const char *const names[BLOCK_DISKS_MAX] = {"ata0", "bios0", "ata2", "ata3", "ata1"};

static const struct partition partitions[PARTITIONS_MAX] = {
    {.first_lba = 100, .sector_count = 100, .number = 2, .type = 6},
    {.first_lba = 200, .sector_count = 100, .number = 1, .type = 14},
    {.first_lba = 299, .sector_count = 1, .number = 3, .type = 12}, /* the last of number 1 */
    {.first_lba = 9000, .sector_count = UINT32_MAX, .number = 4, .type = 1},
};

/* The table is filled once: one test after the other. */
static void test_an_empty_table(void **state)
{
    (void)state;
    assert_null(block_devices_get(0));
    assert_null(block_device_find("ata0"));
    assert_null(block_device_find_partition(&disks[0], 1));
}

static void test_as_many_as_there_can_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOCK_DISKS_MAX; i++) {
        block_devices_add(names[i], &disks[i], partitions, i == 2 ? 0 : PARTITIONS_MAX);
    }
    size_t count = 0;
    while (block_devices_get(count)) {
        const struct block_entry *entry = block_devices_get(count++);

        assert_ptr_equal(block_device_find(entry->name), entry->device);
        if (entry->whole) {
            assert_ptr_equal(block_device_find_partition(entry->whole, entry->number),
                             entry->device);
        }
    }
    assert_int_equal(count, BLOCK_DEVICES_MAX - PARTITIONS_MAX);
    assert_ptr_equal(block_devices_get(0)->device, &disks[0]);
    assert_string_equal(block_devices_get(1)->name, "ata0p2");
    assert_string_equal(block_devices_get(6)->name, "bios0p2");
    assert_int_equal(block_devices_get(6)->type, 6);
    assert_ptr_equal(block_devices_get(6)->whole, &disks[1]);
    assert_null(block_device_find("ata2p1"));
    assert_null(block_device_find("ata0p"));
    assert_null(block_device_find(""));
    assert_null(block_device_find_partition(&disks[2], 1));
}

static void test_partitions_are_their_disks(void **state)
{
    struct block_device *second = block_device_find("bios0p2");
    uint8_t sector[SECTOR_BYTES] = {0};

    (void)state;
    assert_int_equal(block_read(second, 7, 1, sector), OK);
    assert_int_equal(last_lba, 107);
    assert_string_equal(last_disk, "BIOS disk");
    assert_string_equal(second->name, "bios0p2");
    assert_int_equal(block_read(second, 100, 1, sector), -EBOUNDS);
    assert_int_equal(block_write(second, 99, 1, sector), OK);
    assert_int_equal(block_device_find("ata3p4")->sector_count, 1000);
}

static void test_partitions_that_overlap_cannot_be_written(void **state)
{
    static const char *const shared[] = {"ata0p1", "ata0p3"}, *const own[] = {"ata0p2", "ata0p4"};
    uint8_t sector[SECTOR_BYTES] = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(block_write(block_device_find(shared[i]), 0, 1, sector), -ERDONLY);
        assert_int_equal(block_read(block_device_find(shared[i]), 0, 1, sector), OK);
        assert_int_equal(block_write(block_device_find(own[i]), 0, 1, sector), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_table),
        cmocka_unit_test(test_as_many_as_there_can_be),
        cmocka_unit_test(test_partitions_are_their_disks),
        cmocka_unit_test(test_partitions_that_overlap_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
