/*
 * fs/fat/changes.h - sectors of a volume in memory, and those of them that were changed: the
 * running transaction.
 *
 * A changed sector is pinned in the block cache, so that it does not reach the disk before its time
 * (commit.h). Operations follow one another in a transaction; an operation that fails takes back
 * what it has changed, and only that: each sector's bytes are saved before the operation's first
 * change. Taking back needs no memory.
 */
#ifndef FS_FAT_CHANGES_H
#define FS_FAT_CHANGES_H

#include "base/status.h"
#include "fs/fat/volume.h"

/* CRC-32 (IEEE 802.3) of length bytes; crc: of what comes before them, or 0. */
uint32_t fat_crc(uint32_t crc, const void *bytes, size_t length);

/* The sector as it is now, to be read, until the next call of a function here. 0; -ECORRUPT: it
 * lies behind the device's end; -EIO, -ENOMEM. May wait. */
int fat_sector_load(struct fat_volume *volume, uint32_t sector); /* into the window */

static inline int fat_sector_read(struct fat_volume *volume, uint32_t sector, const uint8_t **bytes)
{
    int status =
        volume->window && volume->window_sector == sector ? OK : fat_sector_load(volume, sector);

    *bytes = volume->window_bytes;
    return status;
}

/* The same to be changed by the running operation; the pointer is good until that ends. -ENOMEM
 * also if the transaction is full (fat_changes_room() said so). Lets others run when the sector was
 * not changed yet. */
int fat_sector_change(struct fat_volume *volume, uint32_t sector, enum fat_kind kind,
                      uint8_t **bytes);

/* What a commit itself changes: boot record, the FAT's first sector (two, with FAT12), FSInfo. */
#define FAT_COMMIT_SECTORS 4

/*
 * A name moves from one sector of a folder to another, both changed by the running operation: the
 * first is to be written before the second. False: other names have moved the other way, and there
 * must be a commit between the two.
 */
bool fat_changes_order(struct fat_volume *volume, uint32_t from, uint32_t to);

/* The same for a folder that moves, and for the sector of its "..": that is to be written when the
 * folder has lost its old name, and before it has the new one. */
bool fat_changes_order_parent(struct fat_volume *volume, uint32_t sector);

/* How many more sectors operations can change before there must be a commit. */
static inline uint32_t fat_changes_room(const struct fat_volume *volume)
{
    uint32_t used = volume->change_count + FAT_COMMIT_SECTORS;

    return used < volume->changes_max ? volume->changes_max - used : 0;
}

/* Is one of those sectors changed? So it may not be written as part of a file: on a damaged volume
 * a folder's cluster can be a file's, too. */
bool fat_is_changed(const struct fat_volume *volume, uint32_t first, uint32_t count);

/* The begin of an operation, and its end: keep all, or take all back. */
void fat_changes_begin(struct fat_volume *volume);
void fat_changes_keep(struct fat_volume *volume);
void fat_changes_undo(struct fat_volume *volume);

/* The change of that sector; NULL: it has none. */
struct fat_change *fat_change_find(struct fat_volume *volume, uint32_t sector);

/* Writes change number `number` to its place, a FAT's sector into all FATs; then it is no change
 * any more, and the last one has its number. 0; -EIO, -ERDONLY: it still is one. */
int fat_change_write(struct fat_volume *volume, uint32_t number);

/* The same for a sector of a FAT of which only a part is to be seen on the disk yet: these bytes.
 * It stays a change. */
int fat_change_write_part(struct fat_volume *volume, uint32_t number, const uint8_t *bytes);

/* Waits until all that was written is on the medium, unless nothing was since the last time. 0;
 * -EIO. */
int fat_flush(struct fat_volume *volume);

/* Gives up all changes, and what is held of the block cache. */
void fat_changes_forget(struct fat_volume *volume);

#endif
