/*
 * fs/fat16.h - reads FAT16 volumes (Microsoft, "FAT: General Overview of On-Disk Format", 1.03).
 *
 *   first_lba    boot record with the BPB (the volume's parameters), reserved sectors
 *   fat_lba      1 or more copies of the FAT, of which the first is read: 16 bits per cluster,
 *                which name the next one of its file
 *   root_lba     the root directory, of fixed length
 *   data_lba     clusters, the first of which is number 2
 *
 * Nothing on the disk is trusted: every cluster number is checked, every chain is walked with a
 * bound, so that a damaged volume is an error (-ECORRUPT) and never a hang or wrong data.
 *
 * Everything is read through the block cache, which is where sectors are held. Functions that
 * follow a chain or search a folder may let others run, and give -EINTERRUPTED (file.h).
 */
#ifndef FS_FAT16_H
#define FS_FAT16_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/file.h"
#include "device/block.h"
#include "fs/path.h"

/* Files whose chains are known to be sound: as many as a shell's user goes on using. */
#define FAT16_CHECKED_FILES 32

struct fat16_volume {
    struct block_device *device;
    uint32_t fat_lba, root_lba, data_lba;
    uint32_t root_sectors;
    uint32_t cluster_sectors;
    uint32_t cluster_count; /* cluster numbers are 2 to cluster_count + 1 */
    struct {
        uint32_t first_cluster; /* 0: none */
        uint32_t clusters;
    } checked[FAT16_CHECKED_FILES]; /* each at its first cluster, modulo how many there are */
};

/* A file or directory, and how far a reader has followed its chain. */
struct fat16_node {
    uint32_t first_cluster; /* 0: the root directory, or an empty file */
    uint32_t size;          /* bytes; of a directory: 0 */
    bool is_directory;
    bool is_read_only;
    uint32_t cluster; /* number cluster_index of the chain */
    uint32_t cluster_index;
};

/*
 * Reads and checks the BPB of the volume at first_lba of device. 0; -EFSNOTUS when it is no FAT16
 * volume, contradicts itself, or is larger than the device; -ENOMEM; -EIO.
 */
int fat16_mount(struct block_device *device, uint32_t first_lba, struct fat16_volume *volume);

/* Why fat16_mount() has returned status (below 0) for that volume, in words that end a sentence:
 * "it is a FAT32 volume". */
const char *fat16_refusal(struct block_device *device, uint32_t first_lba, int status);

/* Lets the cache forget the volume's device. */
void fat16_unmount(struct fat16_volume *volume);

/* The root directory. */
void fat16_root(struct fat16_node *node);

/* Looks name up in directory. 0 and *node; -ENOENT, -ECORRUPT, -EIO. A file's whole chain has been
 * walked once: it ends, and is as long as the file's size asks. */
int fat16_lookup(struct fat16_volume *volume, const struct fat16_node *directory,
                 const uint8_t name[PATH_NAME_BYTES], struct fat16_node *node);

/* Reads length bytes at position; the caller has cut both to the file's size. 0 or an error. */
int fat16_read(struct fat16_volume *volume, struct fat16_node *node, uint32_t position,
               void *buffer, uint32_t length);

/*
 * Entry number *index or a later one of directory that is a file or a folder: 1, *result and *node
 * filled in and *index behind it; 0 at the end; -ECORRUPT, -EIO.
 */
int fat16_read_directory(struct fat16_volume *volume, struct fat16_node *directory, uint32_t *index,
                         struct directory_entry *result, struct fat16_node *node);

#endif
