/*
 * fs/fat/volume.h - a mounted FAT volume: where its parts lie, and what is known about it.
 *
 * The files of this folder, from below:
 *
 *   format.h  volume.h     what stands on the disk; one mounted volume
 *   names.h   time.h       names and times as FAT writes them
 *   changes.h              sectors that were changed and are not on the disk yet
 *   chain.h                the FAT: chains of clusters, free ones
 *   steps.h                in which steps the FAT's changed sectors are written
 *   log.h                  transactions in the volume's reserved sectors
 *   commit.h               operations, and how their changes get to the disk
 *   directory.h            entries of folders
 *   contents.h             bytes of files
 *   tree.h                 create, remove, rename
 *   check.h                what a power cut leaves behind on a volume without a log
 *   mount.h                all of it together
 *   fat_fs.h               as a file system of fs/vfs.h
 *
 * Only the last knows the VFS. All of them rely on its lock: calls for one volume do not overlap.
 *
 * Sectors are the device's, numbered from the volume's first; where FAT counts in larger ones,
 * fat_understand() has multiplied. Nothing on the disk is trusted: each number is checked where it
 * is read, and each walk has a bound.
 */
#ifndef FS_FAT_VOLUME_H
#define FS_FAT_VOLUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/block.h"
#include "fs/fat/format.h"

struct cached_block;

/* What a changed sector is: they are written in this order, with a flush between. */
enum fat_kind {
    FAT_KIND_TABLE,   /* of a FAT */
    FAT_KIND_REMOVAL, /* of a folder: has lost a name that another sector gets */
    FAT_KIND_PARENT,  /* of a folder: its ".." names the folder that it moves to */
    FAT_KIND_FOLDER,  /* of a folder */
    FAT_KIND_RECORD,  /* boot record, FSInfo */
    FAT_KINDS,
};

struct fat_change {
    uint32_t sector;
    struct cached_block *block; /* pinned */
    uint8_t *saved;  /* its bytes before the operation; NULL: as they are, or none runs */
    uint8_t *stands; /* of a FAT: what stands on the disk; NULL: of no FAT */
    uint32_t before; /* CRC-32 of what stands on the disk */
    uint8_t kind;
    uint8_t steps;  /* of a FAT: in which it is written (steps.h) */
    bool has_moved; /* a name has moved here from another sector */
    bool is_new;    /* the running operation was the first to change it */
};

/* As many as the block cache lets one volume pin, with some to spare. */
#define FAT_CHANGES_MAX 56

/* Chains that are no file's any more, and will be free once the disk knows that. */
#define FAT_LOOSE_MAX 32

struct fat_loose {
    uint32_t after;    /* the last cluster that the file keeps: the chain is cut there; 0: none */
    uint32_t first;    /* the first that it loses */
    uint32_t clusters; /* about how many */
    bool is_folder;
};

/* What an operation changes beside sectors, and what comes back when it fails. */
struct fat_space {
    uint32_t free; /* clusters */
    uint32_t next; /* where the search for a free one begins */
    uint32_t loose_count;
    struct fat_loose loose[FAT_LOOSE_MAX];
};

struct fat_log {
    uint32_t first;    /* its first sector (log.h); 0: the volume has none */
    uint32_t half;     /* sectors of each of its two halves */
    uint32_t room;     /* sectors that a transaction can have */
    uint64_t sequence; /* of the last transaction */
    uint8_t *buffer;   /* as long as a half */
};

struct fat_volume {
    struct block_device *device;
    unsigned bits; /* 12, 16 or 32 */
    uint32_t sector_bytes;
    uint32_t cluster_sectors, cluster_bytes;
    unsigned cluster_shift; /* cluster_bytes is 1 << that */
    uint32_t reserved_sectors;
    uint32_t fat_sector;                /* of the FAT that is read */
    uint32_t fat_sectors;               /* of one FAT */
    uint32_t fat_copies;                /* beside it: they follow it; written only */
    uint32_t root_sector, root_sectors; /* FAT12 and FAT16 */
    uint32_t root_cluster;              /* FAT32; else 0 */
    uint32_t data_sector;
    uint32_t clusters;    /* their numbers are 2 to clusters + 1 */
    uint32_t info_sector; /* 0: none that can be used */
    uint32_t serial;
    bool is_read_only;
    const char
        *remark; /* a sentence without its end: why it is read-only, what it lacks; or NULL */

    struct cached_block *window; /* the sector read last, held; NULL: none */
    uint32_t window_sector;
    const uint8_t *window_bytes;

    struct fat_change *changes; /* room for changes_max */
    uint32_t change_count, changes_max;
    bool is_operating;
    bool is_counted;    /* space.free is right */
    bool is_marked;     /* as not unmounted, on the disk */
    bool has_flags;     /* its boot record has a byte for such a mark */
    bool is_unflushed;  /* contents were written since the last flush */
    bool frees_folders; /* clusters of folders were freed by the running transaction */
    uint32_t removed;   /* nodes without a name whose clusters are not free yet */
    struct fat_space space, space_before; /* ... the operation */
    uint64_t reserved;                    /* clusters that were promised to files */
    struct fat_log log;
    struct fat_scratch *scratch; /* directory.h's */
    uint8_t *part;               /* steps.h's: a sector that is written in part */
};

/*
 * Checks the numbers of the boot record at bytes, of which at least 512 bytes are there, against
 * each other and against the device, and fills in the volume's geometry. NULL, or the rule that is
 * broken, in words that end a sentence: "it is an NTFS volume, not FAT". A volume that can be read
 * though something about it is wrong becomes read-only, with a remark.
 */
const char *fat_understand(const void *bytes, struct fat_volume *volume);

static inline bool fat_is_cluster(const struct fat_volume *volume, uint32_t cluster)
{
    return cluster >= FAT_CLUSTER_FIRST && cluster - FAT_CLUSTER_FIRST < volume->clusters;
}

/* The first sector of a valid cluster. */
static inline uint32_t fat_cluster_sector(const struct fat_volume *volume, uint32_t cluster)
{
    return volume->data_sector + (cluster - FAT_CLUSTER_FIRST) * volume->cluster_sectors;
}

/* How many clusters that many bytes fill. */
static inline uint32_t fat_clusters_of(const struct fat_volume *volume, uint64_t bytes)
{
    return (uint32_t)((bytes + volume->cluster_bytes - 1) >> volume->cluster_shift);
}

/* "FAT12", "FAT16" or "FAT32". */
const char *fat_type_name(const struct fat_volume *volume);

#endif
