/*
 * fs/fat/tree.h - files and folders come, go and move.
 *
 * Names are UTF-8 of length bytes, without '/'; neither "." nor "..". Each function is one
 * operation: it happens in memory, whole or not at all, and on the disk by the next fat_commit(),
 * whole or not at all if the volume has a log. All may wait. Errors of all: -EIO, -ECORRUPT,
 * -ENOMEM, -EBADPATH, -ERDONLY, -EINTERRUPTED.
 */
#ifndef FS_FAT_TREE_H
#define FS_FAT_TREE_H

#include "fs/fat/contents.h"

/* The root folder. */
void fat_root(const struct fat_volume *volume, struct fat_file *file);

/* The file or folder of that name in folder. -ENOENT. To be ended by fat_file_close(). */
int fat_look_up(struct fat_volume *volume, const struct fat_file *folder, const char *name,
                size_t length, struct fat_file *file);

/* A new empty file, or folder (attributes with FAT_DIRECTORY), made at that time (seconds since
 * 1970). -EEXISTS: *file is who has the name; -ENOSPACE. Either is to be ended by
 * fat_file_close(). */
int fat_create(struct fat_volume *volume, const struct fat_file *folder, const char *name,
               size_t length, uint8_t attributes, int64_t now, struct fat_file *file);

/* Takes that file's name out of folder, which it lies in: its clusters stay until fat_forget().
 * -ENOTEMPTY. */
int fat_remove(struct fat_volume *volume, const struct fat_file *folder, struct fat_file *file);

/*
 * Gives file, which lies in folder, the place new_name in new_folder. replaced: who has that name
 * now, of the same kind; it loses it as by fat_remove(); NULL: nobody; or file itself, under
 * another spelling. -ENOTEMPTY; -ENOSPACE. Never below itself: the caller has seen to that.
 *
 * What is replaced keeps its place and its spelling.
 */
int fat_rename(struct fat_volume *volume, const struct fat_file *folder, struct fat_file *file,
               const struct fat_file *new_folder, const char *new_name, size_t new_length,
               struct fat_file *replaced);

/* Ends a file: fat_file_close(), and what a removed one has becomes free. An error is lost room,
 * which the next mount's check finds. */
int fat_forget(struct fat_volume *volume, struct fat_file *file);

/* Puts times (seconds since 1970; 0: leave as they are) and attributes into the file's entry. */
int fat_set_attributes(struct fat_volume *volume, struct fat_file *file, uint8_t attributes,
                       int64_t modified, int64_t accessed);

#endif
