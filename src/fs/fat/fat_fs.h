/*
 * fs/fat/fat_fs.h - FAT volumes as a file system of fs/vfs.h: FAT12, FAT16 and FAT32, read and
 * written.
 *
 * A file gets its room on the disk when its pages are written back; until then it is reserved. So a
 * file's size on the disk follows its contents.
 */
#ifndef FS_FAT_FAT_FS_H
#define FS_FAT_FAT_FS_H

#include "fs/vfs.h"

extern const struct file_system fat_file_system;

#endif
