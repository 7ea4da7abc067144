/*
 * fs/fat/check.h - a whole volume, looked through at the mount after a power cut.
 *
 * It repairs what ordered writes may leave: clusters that belong to nothing, chains longer than
 * their files, long-name slots without an entry, entries behind the end of a folder, FATs that
 * differ; and a ".." that names another folder. Whatever else is wrong (a cluster in two files, a
 * chain that ends too early) contradicts: then it repairs nothing.
 */
#ifndef FS_FAT_CHECK_H
#define FS_FAT_CHECK_H

#include "fs/fat/volume.h"

/* 0: all is well now, in memory; fat_commit() brings it to the disk. space.free is counted.
 * -ECORRUPT: it contradicts itself, and nothing was changed; -ENOMEM, -EIO; -EINTERRUPTED. May wait
 * for long. */
int fat_check(struct fat_volume *volume);

#endif
