/*
 * fs/fat/chain.h - the FAT: which cluster follows which, and which are free.
 *
 * A chain that no file has any more is *loose*: it becomes free in pieces, by
 * fat_chain_free_loose(), and only once the disk knows that the file has lost it (commit.h). So
 * nobody writes over clusters that a file still has if the power goes now.
 */
#ifndef FS_FAT_CHAIN_H
#define FS_FAT_CHAIN_H

#include "fs/fat/volume.h"

/* Steps of a walk between two pauses. */
#define FAT_STEPS_AT_ONCE 512

/* After step number count of a walk: lets others run from time to time. -EINTERRUPTED when the task
 * was cancelled, for walks that change nothing; the others go on. */
int fat_pause(uint32_t count);

/* Where the FAT's entry of a cluster begins, in bytes. FAT12's are one and a half bytes long. */
uint32_t fat_table_offset(const struct fat_volume *volume, uint32_t cluster);

/*
 * Does that entry lie in two sectors? FAT12's can. Such an entry cannot change at once, so nobody
 * gets a cluster of that kind, and it does not count as free; chains of others have some.
 */
bool fat_table_is_split(const struct fat_volume *volume, uint32_t cluster);

/* What the bits of an entry say, in FAT32's values, as below. */
uint32_t fat_table_widen(const struct fat_volume *volume, uint32_t value);

/* The FAT's entry of a cluster (a valid number, or 0 or 1), in FAT32's values: FAT_FREE, FAT_BAD,
 * FAT_END or above, or a number that may be no cluster's. 0; -EIO, -ENOMEM, -ECORRUPT. May wait. */
int fat_table_get(struct fat_volume *volume, uint32_t cluster, uint32_t *value);

/* Sets it, in the running operation; FAT12's can take two changed sectors, others' take one. */
int fat_table_set(struct fat_volume *volume, uint32_t cluster, uint32_t value);

/* What follows a cluster of a chain: a valid number, or FAT_END. -ECORRUPT: neither. */
int fat_chain_next(struct fat_volume *volume, uint32_t cluster, uint32_t *next);

/*
 * How many of the clusters from `cluster` on, which is in a chain, lie one behind the other in it,
 * at most max (1 or more): *count, and what follows the last of them in *next, as above. Fast.
 */
int fat_chain_run(struct fat_volume *volume, uint32_t cluster, uint32_t max, uint32_t *count,
                  uint32_t *next);

/*
 * Takes free clusters that lie one behind the other, at most `wanted` (1 or more), makes a chain of
 * them and hangs it behind cluster `after` (0: behind nothing); behind it, if some are free there.
 * *first and *count say which. -ENOSPACE: none is free. In the running operation.
 */
int fat_chain_extend(struct fat_volume *volume, uint32_t after, uint32_t wanted, uint32_t *first,
                     uint32_t *count);

/* The changed sectors that fat_chain_extend() needs to give one cluster. */
#define FAT_EXTEND_SECTORS 4

/* Cuts a chain behind `after` (0: all of it): what begins at `first`, about `clusters` of them, is
 * loose from now on. There is room for it: fat_begin() has seen to that. */
void fat_chain_release(struct fat_volume *volume, uint32_t after, uint32_t first, uint32_t clusters,
                       bool is_folder);

/* Is the chain to be cut behind that cluster? */
bool fat_chain_is_cut(const struct fat_volume *volume, uint32_t cluster);

/* In an operation of its own: frees loose clusters while the transaction has room. A chain that is
 * damaged is freed as far as it can be followed. */
int fat_chain_free_loose(struct fat_volume *volume);

/* Counts the free clusters, once: space.free. -EIO ..., -EINTERRUPTED. May wait for long. */
int fat_chain_count_free(struct fat_volume *volume);

#endif
