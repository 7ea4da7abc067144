/*
 * fs/file.h - open, read, list files by path.
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
#ifndef FS_FILE_H
#define FS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/file.h"
#include "device/block.h"

struct page_object;
struct file; /* an open file or directory; made by file_open(), ended by file_close() */

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

/*
 * Reads up to length bytes at the file's position and moves it. Returns how many were read (0 at
 * the end of the file; fewer than length only there) or an error; after an error the position is
 * unchanged. -EISDIR on a directory.
 */
int file_read(struct file *file, void *buffer, size_t length);

/* Sets the position; beyond the size is -EINVARG. */
int file_seek(struct file *file, uint32_t position);

/* Where the next file_read() begins. */
uint32_t file_position(const struct file *file);

void file_stat(const struct file *file, struct file_stat *stat);

/* The next entry of a directory ("." and ".." and volume labels left out): 1, 0 at the end, or an
 * error. */
int file_read_directory(struct file *file, struct directory_entry *entry);

/*
 * The file's contents as a page object, for those who map it, with a reference of the caller's;
 * -EISDIR on a directory, -ENOMEM. All who have the file open get the same one.
 */
int file_contents(struct file *file, struct page_object **contents);

/* One more who has it open, and closes it: they share its position. Returns file. */
struct file *file_hold(struct file *file);

/* NULL is fine. The last who has it open ends it. */
void file_close(struct file *file);

#endif
