/*
 * fs/fat/log.h - transactions that reach a FAT volume whole or not at all.
 *
 * The protocol. A power cut may let any part of what was written since the last flush reach the
 * disk, in any order, sector by sector.
 *
 *   1. The sectors that operations change (FATs, folders, FSInfo) stay in memory. Operations follow
 *      one another; together they are a transaction, number n.
 *   2. Commit: contents of files that were written are flushed. The new bytes of all changed
 *      sectors are written to a half of the log, n even to the first, n odd to the second, and
 *      before them a list: of each the place, the CRC-32 of what stands there and of what is to
 *      stand there. Flush.
 *   3. Now the transaction has happened. Its sectors are written to their places, in the order of
 *      commit.h. The last of them need no flush: that of commit n + 1 is enough, for only n + 2
 *      overwrites this half.
 *   4. Mounting reads both halves. A half is whole if its list and its sectors fit their CRCs. Of
 *      the halves that are whole, the one with the higher number is written to its places again, in
 *      the same order: so when the power goes then, too, all is as after the first time.
 *   5. A half that is not whole was being written when the power went: its transaction has not
 *      happened. What it overwrote, n - 2, was flushed in its places at commit n - 1; and n - 1
 *      before the half was begun.
 *   6. Before any of it, each place must hold what the log has for it: before, between two steps,
 *      or after. If one does not, another system has written to the volume since: then the log is
 *      out of date, and ignored.
 *   7. A sector in the log may not become part of a file: replaying would overwrite the file. So
 *      when a folder's clusters become free, the places are flushed and the log's *head* is set to
 *      n: transactions up to it are ignored. That is also what an unmount does.
 *
 * Where it lies: in reserved sectors, between FAT_LOG_SECTOR and the FAT, when mkimage has written
 * a header there that names the volume's serial number:
 *
 *   FAT_LOG_SECTOR       header: struct fat_log_header, never written by the kernel
 *   FAT_LOG_SECTOR + 1   head: struct fat_log_head
 *   FAT_LOG_SECTOR + 2   two halves, each a list (struct fat_log_list) and then the sectors
 */
#ifndef FS_FAT_LOG_H
#define FS_FAT_LOG_H

#include "fs/fat/steps.h"
#include "fs/fat/volume.h"

#define FAT_LOG_SECTOR  16
#define FAT_LOG_VERSION 1

/* A log with less room per transaction is not used. */
#define FAT_LOG_ROOM_MIN 32

struct fat_log_header {
    char magic[8]; /* "DRUPELOG" */
    uint32_t version;
    uint32_t serial;  /* the volume's */
    uint32_t first;   /* FAT_LOG_SECTOR */
    uint32_t sectors; /* of the log, this one included */
    uint32_t crc;     /* of all before */
};

struct fat_log_head {
    char magic[8];     /* "DRUPEHED" */
    uint64_t sequence; /* this transaction and older ones are not needed any more */
    uint32_t serial;
    uint32_t crc; /* of all before */
};

#define FAT_LOG_HAS_LOOSE 1u /* chains belong to no file, and are to be freed */

struct fat_log_list {
    char magic[8]; /* "DRUPETX2" */
    uint32_t serial;
    uint32_t count;
    uint64_t sequence;
    uint32_t flags; /* FAT_LOG_HAS_LOOSE */
    uint32_t crc;   /* of the whole list, with 0 here */
    struct fat_log_entry {
        uint32_t sector;
        uint32_t kind;                   /* enum fat_kind */
        uint32_t before, after;          /* CRC-32 of the bytes */
        uint32_t between[FAT_STEPS - 1]; /* behind each step but the last; as before, or as after */
    } entries[];
};

_Static_assert(sizeof(struct fat_log_header) == 28 && sizeof(struct fat_log_head) == 24 &&
                   sizeof(struct fat_log_list) == 32 && sizeof(struct fat_log_entry) == 28,
               "what stands in the log");

/* Finds the log of a volume that is understood, and gets memory for it. 0, with volume->log.first 0
 * if there is none; -EIO, -ENOMEM. */
int fat_log_find(struct fat_volume *volume);

/*
 * Reads what the log has, and changes the sectors of the last transaction as it did: for
 * fat_commit_again(). *has_loose: clusters may be allocated that belong to no file. *is_foreign:
 * another system has written to the volume, and nothing was changed. 1: there was a transaction; 0;
 * -EIO, -ENOMEM. To be repeated at the next mount until fat_log_move_head().
 */
int fat_log_recover(struct fat_volume *volume, bool *has_loose, bool *is_foreign);

/* Step 2 above, for all changes there are, of which volume->log.room hold at most; the changes
 * stay. 0; -EIO, -ENOMEM, -ERDONLY: it has not happened, and may be tried again. */
int fat_log_write(struct fat_volume *volume, bool has_loose);

/* Step 7: nothing in the log is needed, all of it has been flushed in its places. Flushes, too. */
int fat_log_move_head(struct fat_volume *volume);

/* Gives back its memory. */
void fat_log_close(struct fat_volume *volume);

#endif
