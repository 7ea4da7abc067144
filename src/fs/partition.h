/*
 * fs/partition.h - the master boot record: which disk is this, and where is its FAT16 volume?
 */
#ifndef FS_PARTITION_H
#define FS_PARTITION_H

#include <stdint.h>

#include "drivers/block.h"

struct partition {
    uint32_t first_lba;
    uint32_t sector_count;
};

/*
 * Reads LBA 0 of device. When it is a boot record with the given disk signature, *partition is its
 * first FAT16 partition, the active one if there are several.
 * -ENOENT: another signature, or no such partition; -EFSNOTUS: no boot record; -EIO.
 */
int partition_find(struct block_device *device, uint32_t signature, struct partition *partition);

#endif
