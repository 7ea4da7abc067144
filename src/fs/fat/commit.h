/*
 * fs/fat/commit.h - operations on a volume, and how what they change gets to the disk.
 *
 *     int status = fat_begin(volume, 12);
 *     if (status == OK) {
 *         ... change sectors, extend and release chains ...
 *         status = fat_end(volume, status);
 *     }
 *
 * A commit writes in order, with a flush between the kinds, so that a power cut at any time loses
 * clusters, or leaves a chain longer than its file, and never more:
 *
 *   1. contents of files, new clusters of folders
 *   2. FATs with the new chains: first the clusters that were free, then the links to them
 *      (steps.h)
 *   3. folders that have lost a name which moves into another sector
 *   4. folders that move into another one, which their ".." names
 *   5. other folders
 *   6. boot record, FSInfo
 *   7. FATs without the loose chains: first their files' chains end before them, then they are free
 *
 * A volume with a log has the changes of 2 to 6 in it as one transaction, and those of 7 as more of
 * them, each before its sectors are written to their places: so the next mount writes what the
 * power cut has prevented. On one without, the check at the next mount (check.h) frees what was
 * lost, and a name that was just moving from one sector to another may be gone.
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
 * chains are free afterwards. 0; -EIO, -ERDONLY, -ENOMEM: something could not be written; it is
 * still there, and the next commit tries again. May wait for long; goes on when the task is
 * cancelled.
 */
int fat_commit(struct fat_volume *volume);

/* Writes the changes that fat_log_recover() has found to their places, in the same order. 0; errors
 * of fat_commit(). */
int fat_commit_again(struct fat_volume *volume);

/* Commits, marks the volume as unmounted and leaves its log empty. 0; errors of fat_commit(). */
int fat_commit_last(struct fat_volume *volume);

#endif
