/*
 * test_partition.c - finding the FAT volume in a master boot record.
 * Sources: src/device/partition.c src/device/block.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/partition.h"
#include "layout.h"
#include "base/status.h"

#define SIGNATURE    0xD2A5B4C3u
#define DISK_SECTORS 100000

static uint8_t record[SECTOR_BYTES];
static int result;

static int fake_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    (void)device;
    assert_int_equal(lba, 0);
    assert_int_equal(count, 1);
    if (result == OK) {
        memcpy(buffer, record, SECTOR_BYTES);
    }
    return result;
}

static const struct block_operations fake_operations = {.read = fake_read};
static struct block_device device = {
    .name = "fake", .sector_bytes = SECTOR_BYTES, .operations = &fake_operations};

static void put_dword(unsigned offset, uint32_t value)
{
    memcpy(record + offset, &value, sizeof(value));
}

static void put_entry(unsigned index, uint8_t active, uint8_t type, uint32_t first, uint32_t count)
{
    unsigned offset = PARTITION_TABLE_OFFSET + index * 16;

    record[offset] = active;
    record[offset + 4] = type;
    put_dword(offset + 8, first);
    put_dword(offset + 12, count);
}

static int reset(void **state)
{
    (void)state;
    memset(record, 0, sizeof(record));
    record[510] = 0x55;
    record[511] = 0xAA;
    put_dword(DISK_SIGNATURE_OFFSET, SIGNATURE);
    put_entry(0, 0x80, 0x0E, 2048, 40000);
    device.sector_count = DISK_SECTORS;
    result = OK;
    return 0;
}

static int find(struct partition *partition)
{
    *partition = (struct partition){.first_lba = 0xAAAA, .sector_count = 0xBBBB};
    return partition_find(&device, SIGNATURE, partition);
}

static void assert_found(uint32_t first, uint32_t count)
{
    struct partition partition;

    assert_int_equal(find(&partition), OK);
    assert_int_equal(partition.first_lba, first);
    assert_int_equal(partition.sector_count, count);
}

static void assert_not_found(int expected)
{
    struct partition partition;

    assert_int_equal(find(&partition), expected);
    assert_int_equal(partition.first_lba, 0xAAAA); /* left alone */
}

static void test_found(void **state)
{
    (void)state;
    assert_found(2048, 40000);
}

static void test_no_boot_record(void **state)
{
    (void)state;
    record[510] = 0xAA;
    record[511] = 0x55;
    assert_not_found(-EFSNOTUS);
    record[510] = 0x55;
    assert_not_found(-EFSNOTUS);
    record[510] = 0;
    record[511] = 0xAA;
    assert_not_found(-EFSNOTUS);
}

static void test_blank_disk(void **state)
{
    (void)state;
    memset(record, 0, sizeof(record));
    assert_not_found(-EFSNOTUS);
    memset(record, 0xFF, sizeof(record));
    assert_not_found(-EFSNOTUS);
}

static void test_other_signature(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 4; byte++) {
        record[DISK_SIGNATURE_OFFSET + byte] ^= 1;
        assert_not_found(-ENOENT);
        record[DISK_SIGNATURE_OFFSET + byte] ^= 1;
    }
    assert_found(2048, 40000);
}

static void test_types(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        put_entry(0, 0x80, (uint8_t)type, 2048, 40000);
        if (type == 0x01 || type == 0x04 || type == 0x06 || type == 0x0B || type == 0x0C ||
            type == 0x0E) {
            assert_found(2048, 40000);
        } else {
            assert_not_found(-ENOENT);
        }
    }
}

static void test_empty_table(void **state)
{
    (void)state;
    put_entry(0, 0, 0, 0, 0);
    assert_not_found(-ENOENT);
}

static void test_fourth_entry(void **state)
{
    (void)state;
    put_entry(0, 0, 0x83, 63, 100);
    put_entry(1, 0, 0x07, 200, 100);
    put_entry(2, 0x80, 0x83, 300, 100);
    put_entry(3, 0, 0x06, 400, 5000);
    assert_found(400, 5000);
}

static void test_second_is_active(void **state)
{
    (void)state;
    put_entry(0, 0, 0x0E, 2048, 10000);
    put_entry(1, 0x80, 0x06, 20000, 10000);
    assert_found(20000, 10000);
}

static void test_none_active(void **state)
{
    (void)state;
    put_entry(0, 0, 0x0E, 2048, 10000);
    put_entry(1, 0, 0x06, 20000, 10000);
    assert_found(2048, 10000);
}

static void test_two_active(void **state)
{
    (void)state;
    put_entry(1, 0x80, 0x0E, 50000, 10000);
    put_entry(2, 0x80, 0x06, 20000, 10000);
    assert_found(2048, 40000);
}

/* Only 0x80 is active (a status of 1 to 0x7F is not valid). */
static void test_odd_status(void **state)
{
    (void)state;
    put_entry(0, 0, 0x0E, 2048, 10000);
    put_entry(1, 0x7F, 0x0E, 20000, 10000);
    assert_found(2048, 10000);
}

static void test_exactly_to_the_end(void **state)
{
    (void)state;
    put_entry(0, 0x80, 0x0E, 2048, DISK_SECTORS - 2048);
    assert_found(2048, DISK_SECTORS - 2048);
    put_entry(0, 0x80, 0x0E, DISK_SECTORS - 1, 1);
    assert_found(DISK_SECTORS - 1, 1);
}

static void test_outside_the_device(void **state)
{
    static const struct {
        uint32_t first, count;
    } outside[] = {
        {2048, DISK_SECTORS - 2047},
        {DISK_SECTORS, 1},
        {DISK_SECTORS + 1, 1},
        {UINT32_MAX, 1},
        {1, UINT32_MAX},
        {2048, UINT32_MAX - 2047},
        {UINT32_MAX, UINT32_MAX},
        {0x80000000u, 0x80000000u},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        put_entry(0, 0x80, 0x0E, outside[i].first, outside[i].count);
        assert_not_found(-ENOENT);
    }
}

static void test_outside_but_another_fits(void **state)
{
    (void)state;
    put_entry(0, 0x80, 0x0E, DISK_SECTORS, 1);
    put_entry(1, 0, 0x0E, 2048, 5000);
    assert_found(2048, 5000);
}

static void test_zero_length_or_start(void **state)
{
    (void)state;
    put_entry(0, 0x80, 0x0E, 2048, 0);
    assert_not_found(-ENOENT);
    put_entry(0, 0x80, 0x0E, 0, 4000);
    assert_not_found(-ENOENT);
}

static void test_read_error(void **state)
{
    (void)state;
    result = -EIO;
    assert_not_found(-EIO);
}

static void test_no_sectors(void **state)
{
    struct partition partition;

    (void)state;
    device.sector_count = 0;
    assert_true(find(&partition) < 0);
}

/* All that are in use, active ones first, of any type and with any end. */
static void test_list(void **state)
{
    struct partition partitions[PARTITIONS_MAX];

    (void)state;
    put_entry(0, 0, 0x0C, 63, 100);
    put_entry(1, 0, 0, 500, 100);              /* not in use */
    put_entry(2, 0x80, 0xEE, 1, DISK_SECTORS); /* ends behind the disk */
    put_entry(3, 0, 0x06, 0xFFFFFFFF, 0xFFFFFFFF);
    assert_int_equal(partition_list(&device, SIGNATURE, partitions), 3);
    assert_int_equal(partitions[0].number, 3);
    assert_int_equal(partitions[0].type, PARTITION_TYPE_GPT);
    assert_true(partitions[0].is_active);
    assert_int_equal(partitions[1].number, 1);
    assert_int_equal(partitions[1].first_lba, 63);
    assert_int_equal(partitions[2].number, 4);
    assert_int_equal(partitions[2].sector_count, 0xFFFFFFFF);
    assert_int_equal(partition_list(&device, SIGNATURE + 1, partitions), -ENOENT);
}

/* Of a disk with any signature; containers are left out. */
static void test_list_any(void **state)
{
    static const uint8_t containers[] = {0x05, 0x0F, 0x85, 0xEE};
    struct partition partitions[PARTITIONS_MAX];

    (void)state;
    record[DISK_SIGNATURE_OFFSET] ^= 1;
    assert_int_equal(partition_list_any(&device, partitions), 1);
    assert_int_equal(partitions[0].first_lba, 2048);
    for (size_t i = 0; i < sizeof(containers); i++) {
        put_entry(1, 0, containers[i], 1, 100);
        put_entry(2, 0, 0x0C, 50000, 0xFFFFFFFF); /* the end is cut off later */
        assert_int_equal(partition_list_any(&device, partitions), 2);
        assert_int_equal(partitions[1].number, 3);
    }
    record[510] = 0;
    assert_int_equal(partition_list_any(&device, partitions), -EFSNOTUS);
    result = -EIO;
    assert_int_equal(partition_list_any(&device, partitions), -EIO);
}

/* A volume's boot record in place of a table: what looks like entries are none. */
static void test_list_of_no_table(void **state)
{
    struct partition partitions[PARTITIONS_MAX];

    (void)state;
    put_entry(3, 0x61, 0, 0, 0); /* not in use, and no status */
    assert_int_equal(partition_list_any(&device, partitions), 0);
    put_entry(3, 0, 0x0E, DISK_SECTORS, 1);
    assert_int_equal(partition_list_any(&device, partitions), 0);
    put_entry(3, 0, 0x0E, DISK_SECTORS - 1, 1);
    assert_int_equal(partition_list_any(&device, partitions), 2);
    memset(record, 0, 510);
    assert_int_equal(partition_list_any(&device, partitions), 0);
}

static uint32_t last_lba, last_count;

static int note_read(struct block_device *whole, uint32_t lba, uint32_t count, void *buffer)
{
    (void)whole;
    (void)buffer;
    last_lba = lba;
    last_count = count;
    return OK;
}

static int note_write(struct block_device *whole, uint32_t lba, uint32_t count, const void *buffer)
{
    (void)buffer;
    assert_string_equal(whole->name, "whole");
    last_lba = lba;
    last_count = count;
    return OK;
}

static unsigned flushes;

static int note_flush(struct block_device *whole)
{
    assert_string_equal(whole->name, "whole");
    flushes++;
    return -EIO;
}

/* Nothing outside the partition, nor behind the disk's end, is read or written through its
 * device. */
static void test_open(void **state)
{
    static const struct block_operations reads = {.read = note_read};
    static const struct block_operations all = {
        .read = note_read, .write = note_write, .flush = note_flush};
    struct block_device whole = {.name = "whole",
                                 .sector_count = DISK_SECTORS,
                                 .sector_bytes = SECTOR_BYTES,
                                 .operations = &all};
    struct partition partition = {.first_lba = 2048, .sector_count = 1000, .number = 1};
    struct partition_device view;

    (void)state;
    partition_open(&whole, &partition, &view);
    assert_int_equal(view.device.sector_count, 1000);
    assert_int_equal(block_read(&view.device, 0, 1, record), OK);
    assert_int_equal(last_lba, 2048);
    assert_int_equal(block_read(&view.device, 990, 10, record), OK);
    assert_int_equal(last_lba, 2048 + 990);
    assert_int_equal(last_count, 10);
    assert_int_equal(block_read(&view.device, 990, 11, record), -EBOUNDS);
    assert_int_equal(block_write(&view.device, 991, 9, record), OK);
    assert_int_equal(last_lba, 2048 + 991);
    assert_int_equal(last_count, 9);
    assert_int_equal(block_write(&view.device, 991, 10, record), -EBOUNDS);
    assert_int_equal(block_write(&view.device, UINT32_MAX - 2047, 1, record), -EBOUNDS);
    assert_int_equal(last_count, 9);
    assert_int_equal(block_flush(&view.device), -EIO);
    assert_int_equal(flushes, 1);
    partition.sector_count = 0xFFFFFFFF;
    partition_open(&whole, &partition, &view);
    assert_int_equal(view.device.sector_count, DISK_SECTORS - 2048);
    partition.first_lba = DISK_SECTORS;
    partition_open(&whole, &partition, &view);
    assert_int_equal(view.device.sector_count, 0);
    assert_int_equal(block_read(&view.device, 0, 1, record), -EBOUNDS);

    /* A disk that can only be read has such partitions. */
    partition.first_lba = 2048;
    whole.is_read_only = true;
    partition_open(&whole, &partition, &view);
    assert_int_equal(block_write(&view.device, 0, 1, record), -ERDONLY);
    whole.is_read_only = false;
    whole.operations = &reads;
    partition_open(&whole, &partition, &view);
    assert_true(view.device.is_read_only);
    assert_int_equal(block_write(&view.device, 0, 1, record), -ERDONLY);
}

/* The record has no place in a sector of another size. */
static void test_other_sectors(void **state)
{
    struct partition partitions[PARTITIONS_MAX];

    (void)state;
    device.sector_bytes = 4096;
    assert_int_equal(partition_list(&device, SIGNATURE, partitions), -EFSNOTUS);
    device.sector_bytes = SECTOR_BYTES;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_list, reset),
        cmocka_unit_test_setup(test_list_any, reset),
        cmocka_unit_test_setup(test_list_of_no_table, reset),
        cmocka_unit_test_setup(test_open, reset),
        cmocka_unit_test_setup(test_other_sectors, reset),
        cmocka_unit_test_setup(test_found, reset),
        cmocka_unit_test_setup(test_no_boot_record, reset),
        cmocka_unit_test_setup(test_blank_disk, reset),
        cmocka_unit_test_setup(test_other_signature, reset),
        cmocka_unit_test_setup(test_types, reset),
        cmocka_unit_test_setup(test_empty_table, reset),
        cmocka_unit_test_setup(test_fourth_entry, reset),
        cmocka_unit_test_setup(test_second_is_active, reset),
        cmocka_unit_test_setup(test_none_active, reset),
        cmocka_unit_test_setup(test_two_active, reset),
        cmocka_unit_test_setup(test_odd_status, reset),
        cmocka_unit_test_setup(test_exactly_to_the_end, reset),
        cmocka_unit_test_setup(test_outside_the_device, reset),
        cmocka_unit_test_setup(test_outside_but_another_fits, reset),
        cmocka_unit_test_setup(test_zero_length_or_start, reset),
        cmocka_unit_test_setup(test_read_error, reset),
        cmocka_unit_test_setup(test_no_sectors, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
