/*
 * fs/file_object.h - files and folders of a volume, by path.
 *
 * Paths look like "0:/dir/name.ext": a drive digit, a colon, names separated by
 * single slashes. Drive 0 is the volume that fs_mount() attached: a FAT16
 * partition. Names are 8.3, in any case.
 *
 * Errors are those of status.h: -EBADPATH, -ENOENT, -ENOTDIR, -EISDIR, -EIO,
 * -ECORRUPT, -ENOMEM, -EFSNOTUS, -EINVARG.
 *
 * Opening, reading and listing may let others run (task_pause()) between the pieces of long
 * searches, on damaged or very full volumes; when the running task was cancelled they end with
 * -EINTERRUPTED.
 */
#ifndef FS_FILE_OBJECT_H
#define FS_FILE_OBJECT_H

#include <stdint.h>

#include "device/block.h"
#include "fs/file.h"

/*
 * Attaches the FAT16 volume that starts at sector first_lba of device as drive 0.
 * device must live as long as the mount. 0 or an error (-EFSNOTUS when the boot
 * record is not a FAT16 one, or contradicts itself or the device's size).
 */
int fs_mount(struct block_device *device, uint32_t first_lba);

/* Detaches drive 0 and gives back its memory. -EBUSY while files are open, or mapped. */
int fs_unmount(void);

/* Opens the file or directory at path for reading; on success *file is the caller's, to close. */
int file_open(const char *path, struct file **file);

#endif
