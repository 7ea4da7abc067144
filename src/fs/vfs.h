/*
 * fs/vfs.h - volumes by drive, nodes by path. What is the same in all file systems is here: how a
 * path is followed, who may be removed, what a name must not be.
 *
 * Paths. Drive 0 is the volume that the machine was started from, drive 1 is in memory; further
 * ones follow. Names are separated by one '/' or several.
 *
 *   0:/folder/name     from the root of that drive
 *   /folder/name       from the root of drive 0; /tmp is the root of drive 1, /dev has the devices
 *   folder/name        from the working folder
 *   . and ..           this folder, and the one that it lies in; from a drive to drive 0
 *
 * Where another drive begins, nothing can be made, removed or renamed: so no file is hidden behind
 * it. What drive 0 has of that name itself is 0:/tmp.
 *
 * A path that ends with '/' names a folder. Names have up to NAME_UNITS_MAX and NAME_BYTES_MAX,
 * paths up to PATH_BYTES_MAX with their NUL: -EBADPATH.
 *
 * Errors of all that follows a path: -EBADPATH, -ENOENT, -ENOTDIR, -EIO, -ECORRUPT, -ENOMEM,
 * -EINTERRUPTED. Everything may wait.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/node.h"

/* Drives are 0: to 9:, and one that paths reach as /dev only. */
#define VFS_DRIVE_START   0u /* the machine was started from it */
#define VFS_DRIVE_MEMORY  1u
#define VFS_DRIVE_OTHERS  2u /* and those behind it: other volumes that were found */
#define VFS_DRIVE_DEVICES 10u
#define VFS_DRIVES        11u

/* How a volume is mounted. */
#define VFS_READ_ONLY 1u

struct block_device;

/* A kind of volumes. */
struct file_system {
    const char *name;
    /* The volume that begins at that sector of device (NULL, 0: one that needs no device), with its
     * root: initialised by volume_initialise(). -EFSNOTUS: it is not one of this kind; -ENOMEM,
     * -EIO. May wait. */
    int (*mount)(struct block_device *device, uint64_t first_sector, unsigned flags,
                 struct volume **volume);
};

/* Mounts it. -EISTKN: the drive is taken; else as mount() above. */
int vfs_mount(unsigned drive, const struct file_system *file_system, struct block_device *device,
              uint64_t first_sector, unsigned flags);

/* Writes what is to be written, and takes the drive off. -EINUSE while files of it are open or
 * mapped, or somebody works in its folders; -ENOENT: it has none. An error of writing is returned,
 * and the drive is off all the same. */
int vfs_unmount(unsigned drive);

/* The volume of a drive; NULL: none. It may go as soon as anybody waits. */
struct volume *vfs_volume(unsigned drive);

/* The same, for those who wait while they use it: it is not unmounted (-EINUSE) until each of them
 * has released it. */
struct volume *vfs_hold_volume(unsigned drive);
void vfs_release_volume(struct volume *volume);

/* ---------------------------------------------------------------- by path */

/* What follows a path starts at `folder` if it is relative: the working folder of a process; NULL:
 * the root of drive 0. */

#define VFS_WRITE     0x01u /* for node_begin_writing(), whose errors come, too */
#define VFS_CREATE    0x02u /* a file, if nobody has the name */
#define VFS_EXCLUSIVE 0x04u /* with VFS_CREATE: -EEXISTS if somebody has */
#define VFS_TRUNCATE  0x08u /* with VFS_WRITE: its size is 0 from now on */
#define VFS_DIRECTORY 0x10u /* -ENOTDIR if it is none; not with VFS_CREATE */

/* The node that the path names, held for the caller; with VFS_WRITE, it is one of its writers, and
 * ends that by node_end_writing(). Nothing is created with -EDEVICENAME (such a name no disk gets)
 * and -ENODEVICE (in /dev). */
int vfs_open(struct node *folder, const char *path, unsigned flags, struct node **node);

/* -EEXISTS, -EDEVICENAME, -ENOSPACE, -ERDONLY. */
int vfs_make_directory(struct node *folder, const char *path);

/* Removes the name of a file, or of an empty folder: -EISDIR and -ENOTDIR for the other kind;
 * -ENOTEMPTY; -ERDONLY; -EINUSE: it is the root of a drive. */
int vfs_remove(struct node *folder, const char *path);
int vfs_remove_directory(struct node *folder, const char *path);

/* The name at old_path becomes new_path; what had that name is replaced: a file by a file, an empty
 * folder by a folder. -EOTHERDRIVE; -EINVARG: a folder below itself; -EDEVICENAME; as
 * vfs_remove(). */
int vfs_rename(struct node *folder, const char *old_path, const char *new_path);

/* Writes the path of a folder, as "/folder/name", "/tmp/name" or "2:/name": 0, or -EBADPATH when it
 * does not fit size bytes; -ENOENT: it has been removed. */
int vfs_path_of(struct node *folder, char *path, size_t size);

/* Everything that is not written yet, of all drives, gets to the disks. The first error. */
int vfs_sync(void);

/* The same of one volume; and whether there is anything to be written of it. */
int vfs_sync_volume(struct volume *volume);
bool vfs_is_changed(const struct volume *volume);

/* Nobody unmounts the volume until vfs_give_up_claim(). False: somebody has claimed it already, and
 * may be unmounting it. */
bool vfs_claim(struct volume *volume);
void vfs_give_up_claim(struct volume *volume);

/* Before the machine goes off: the same, and volumes on disks of which nobody has anything open are
 * unmounted. The first error; -EINUSE: all is written, but somebody has something open. May
 * wait. */
int vfs_end(void);

/* ---------------------------------------------------------------- by node */

/* Entries of a folder, with the volume locked around the operation: as node_operations' list().
 * -ENOTDIR. */
int node_list(struct node *directory, uint64_t *cursor, struct node_listing *listing);

#endif
