/*
 * fs/fat/commit.h - operations on a volume, and how what they change gets to the disk.
 *
 *     int status = fat_begin(volume, 12);
 *     if (status == OK) {
 *         ... change sectors, extend and release chains ...
 *         status = fat_end(volume, status);
 *     }
 *
 * On a volume with a log, a commit is one or more whole transactions (log.h). On one without, it is a
 * row of writes with a flush between the kinds, so that a power cut at any time loses clusters, or
 * leaves a chain longer than its file, and never more:
 *
 *     contents, new clusters of folders - FATs with the new chains - folders - FATs without the loose
 *     chains, FSInfo
 *
 * The check at the next mount (check.h) repairs that. Renaming over two sectors takes two commits
 * then, and the name is gone between them.
 */
#ifndef FS_FAT_COMMIT_H
#define FS_FAT_COMMIT_H

#include "fs/fat/volume.h"

/* The begin of an operation that changes at most that many sectors and releases at most 4 chains.
 * Commits first, if the transaction is too full. -ERDONLY; errors of fat_commit(). May wait. */
int fat_begin(struct fat_volume *volume, uint32_t sectors);

/* Its end: with OK all is kept, in memory; with an error all is taken back. Returns status. */
int fat_end(struct fat_volume *volume, int status);

/*
 * All operations up to now, and the contents that were written, are on the disk, and survive. Loose
 * chains are free afterwards. 0; -EIO, -ERDONLY: something could not be written; it is still there,
 * and the next commit tries again. May wait for long; goes on when the task is cancelled.
 */
int fat_commit(struct fat_volume *volume);

/* Commits, marks the volume as unmounted and leaves its log empty. */
int fat_commit_last(struct fat_volume *volume);

#endif
