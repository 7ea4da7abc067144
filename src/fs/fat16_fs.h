/*
 * fs/fat16_fs.h - FAT16 volumes as nodes (fs/node.h), to be read.
 */
#ifndef FS_FAT16_FS_H
#define FS_FAT16_FS_H

#include "fs/vfs.h"

extern const struct file_system fat16_file_system;

#endif
