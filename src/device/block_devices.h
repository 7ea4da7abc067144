/*
 * device/block_devices.h - every disk that was found, and the partitions on it, by name: "ata0",
 * "ata0p1" (the number is the place in its partition table), "bios0".
 *
 * The table is filled while the kernel starts and does not change afterwards.
 */
#ifndef DEVICE_BLOCK_DEVICES_H
#define DEVICE_BLOCK_DEVICES_H

#include <stddef.h>
#include <stdint.h>

#include "device/block.h"
#include "device/partition.h"

#define BLOCK_DISKS_MAX      5
#define BLOCK_DEVICES_MAX    (BLOCK_DISKS_MAX * (1 + PARTITIONS_MAX))
#define BLOCK_NAME_BYTES_MAX 12 /* with its NUL */

struct block_entry {
    struct block_device *device;
    struct block_device *whole; /* the disk that it is a partition of; NULL: it is a disk */
    uint8_t number;             /* of a partition: from 1 */
    uint8_t type;               /* of a partition: what the table says */
    char name[BLOCK_NAME_BYTES_MAX];
};

/*
 * Adds a disk; the device must live for ever. Name: at most 7 bytes, not in use. The partitions, at
 * most PARTITIONS_MAX, are those of partition_list() or partition_list_any(); each becomes a
 * device. Two that share sectors cannot be written: who wrote the one would spoil the other.
 */
void block_devices_add(const char *name, struct block_device *disk,
                       const struct partition *partitions, size_t count);

/* The i-th: each disk, then its partitions. NULL: there are no more. */
const struct block_entry *block_devices_get(size_t i);

/* The device of that name, or of that partition. NULL: there is none. */
struct block_device *block_device_find(const char *name);
struct block_device *block_device_find_partition(const struct block_device *disk, uint8_t number);

#endif
