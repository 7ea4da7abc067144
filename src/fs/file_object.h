/*
 * fs/file_object.h - open files and folders of volumes: a node (fs/node.h), and a position in it.
 *
 * Paths and errors are those of fs/vfs.h. Everything may wait.
 */
#ifndef FS_FILE_OBJECT_H
#define FS_FILE_OBJECT_H

#include <stdint.h>

#include "device/block.h"
#include "fs/file.h"
#include "fs/vfs.h"

/*
 * Attaches the FAT volume that starts at sector first_lba of device as drive 0.
 * device must live as long as the mount. 0 or an error (-EFSNOTUS when the boot
 * record is not a FAT one, or contradicts itself or the device's size).
 */
int fs_mount(struct block_device *device, uint32_t first_lba);

/* Detaches drive 0 and gives back its memory. -EINUSE while files are open, or mapped; OK where
 * nothing is mounted. */
int fs_unmount(void);

/* Opens the file or folder at path for reading; on success *file is the caller's, to close. */
int file_open(const char *path, struct file **file);

/* The same, from a working folder (NULL: the root of drive 0), for `flags` (FILE_READ ..., file.h)
 * and as `vfs_flags` (VFS_CREATE ...) say. FILE_WRITE brings VFS_WRITE with it. */
int file_open_at(struct node *folder, const char *path, unsigned flags, unsigned vfs_flags,
                 struct file **file);

#endif
