/*
 * kernel/boot_disk.h - which disk was booted, and which volume on it is drive 0?
 */
#ifndef KERNEL_BOOT_DISK_H
#define KERNEL_BOOT_DISK_H

#include "abi/boot_info.h"

/*
 * Finds the disk that the boot sector came from and mounts its volume as drive 0: of several FAT
 * volumes the one with the file at init_path, of those the active or first one. Says which disk,
 * partition and sector. Where there is none, says why of each partition, and ends with fatal().
 * Then every other FAT volume, of a partition or of a disk without a partition table, gets a drive
 * from 2 on, up to 9, in the order of the disks.
 */
void boot_disk_mount(const struct boot_info *info, const char *init_path);

/* What was mounted, for messages: "ata0, partition 1". */
const char *boot_disk_name(void);

#endif
