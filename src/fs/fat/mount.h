/*
 * fs/fat/mount.h - a FAT volume, from its mount to its unmount.
 */
#ifndef FS_FAT_MOUNT_H
#define FS_FAT_MOUNT_H

#include "fs/fat/volume.h"

/*
 * Reads and checks the volume that the device is (a partition: its view), recovers what a power cut
 * has left, and returns it in *result. Whatever forbids writing makes it read-only, with a remark:
 * a sector that cannot be read or written as well, except for the first one (-EIO).
 * -EFSNOTUS: it is no FAT volume, contradicts itself, or is larger than the device; -ENOMEM; -EIO;
 * -EINTERRUPTED. May wait for long.
 */
int fat_mount(struct block_device *device, bool is_read_only, struct fat_volume **result);

/* Why fat_mount() has returned status (below 0) for that device, in words that end a sentence: "it
 * is an NTFS volume, not FAT". */
const char *fat_refusal(struct block_device *device, int status);

/* Writes all that is to be written, and frees the volume, whatever comes of it: 0, or -EIO,
 * -ERDONLY. All files are closed. */
int fat_unmount(struct fat_volume *volume);

#endif
