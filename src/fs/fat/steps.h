/*
 * fs/fat/steps.h - in which steps the changed sectors of the FAT get to the disk.
 *
 * A chain that a file or a folder already has becomes longer by two entries: the new cluster's,
 * which becomes an end, and that of the last one until now, which becomes a link. When they lie in
 * two sectors, the first must be on the disk before the second, or the chain leads to a free
 * cluster for a moment. The other way round when it becomes shorter. And a sector may have entries
 * of both kinds for others, which it waits for as they wait for it. So each entry has its step:
 *
 *   FAT_STEP_TAKE   the cluster was free: nobody sees its entry yet
 *   FAT_STEP_LINK   it was in use, and is: it leads to another cluster than before, or is an end
 *   FAT_STEP_FREE   it becomes free: nobody sees it any more
 *   FAT_STEP_LAST   the rest of an entry that becomes free and lies in two sectors
 *
 * There is a flush between two steps. A sector with entries of several steps is written as often,
 * each time with what stands there and the entries up to that step. But a sector is written once,
 * and all sectors without a flush between them, where nothing has to wait for anything.
 *
 * Of a FAT12's entry that lies in two sectors, and that others have given to a file, the low bits
 * change first when it becomes a link, and the high ones when it becomes an end or free. In between
 * it is an end (chain.c chooses what it links to), or some number in a chain that nobody sees. Two
 * cases no order makes safe: a link that others have made becomes an end; and a link is made on a
 * volume that is so full that nothing fits.
 */
#ifndef FS_FAT_STEPS_H
#define FS_FAT_STEPS_H

#include "fs/fat/volume.h"

enum fat_step {
    FAT_STEP_TAKE,
    FAT_STEP_LINK,
    FAT_STEP_FREE,
    FAT_STEP_LAST,
    FAT_STEPS,
};

/* Finds out in which steps the changes of FATs are written, as they are now. 0; -EIO, -ENOMEM. */
int fat_steps_find(struct fat_volume *volume);

/* Such a change's bytes behind a step, until the next call, in *bytes: volume->part if only a part
 * of it is written then. NULL: it is not written in that step. 0; -EIO, -ENOMEM. */
int fat_steps_bytes(struct fat_volume *volume, const struct fat_change *change, enum fat_step step,
                    const uint8_t **bytes);

/* Writes all of them, behind a flush of what was written before. 0; -EIO, -ENOMEM, -ERDONLY:
 * what could not be written, and what comes behind it, are changes still. May wait. */
int fat_steps_write(struct fat_volume *volume);

#endif
