/*
 * device/partition.h - the master boot record: which disk is this, and which partitions has it?
 */
#ifndef DEVICE_PARTITION_H
#define DEVICE_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "device/block.h"

#define PARTITIONS_MAX 4

#define PARTITION_TYPE_GPT 0xEE /* stands for a whole disk that has a GPT */

struct partition {
    uint32_t first_lba;
    uint32_t sector_count;
    uint8_t number; /* 1 to 4: the place in the table */
    uint8_t type;   /* what the table says; the partition's own boot record decides */
    bool is_active;
};

/*
 * Reads LBA 0 of device. When it is a boot record with the given disk signature, partitions are the
 * entries that are in use (a type, a first sector, a length), active ones first, else in the
 * table's order. Returns how many. They may reach beyond the device. -ENOENT: another signature;
 * -EFSNOTUS: no boot record, or sectors that are not of SECTOR_BYTES; -EIO.
 */
int partition_list(struct block_device *device, uint32_t signature,
                   struct partition partitions[PARTITIONS_MAX]);

/*
 * The partitions of a disk that may be no boot disk, and have any signature, or no table at all: a
 * volume's boot record looks like a partition table, too. Returns how many entries are in use and
 * can be a volume's (no extended partition, no GPT); 0 where any of the four entries cannot be one,
 * as its status is neither 0 nor 80h or it begins behind the disk's end. Errors as above.
 */
int partition_list_any(struct block_device *device, struct partition partitions[PARTITIONS_MAX]);

/*
 * The first of these whose type is one of FAT's and which lies on the device. 0; -ENOENT: there
 * is none; the errors of partition_list(), *partition as it was.
 */
int partition_find(struct block_device *device, uint32_t signature, struct partition *partition);

/* A partition as a device: its sector 0 is the partition's first, and nothing before or behind the
 * partition can be read or written through it. */
struct partition_device {
    struct block_device device;
    struct block_device *whole;
    uint32_t first_lba;
};

/* Makes *view show that partition of whole; what lies behind whole's end is cut off. Both must live
 * as long as view->device is used. */
void partition_open(struct block_device *whole, const struct partition *partition,
                    struct partition_device *view);

#endif
