/*
 * fs/fat/contents.h - the bytes of files: where they lie, read, written, more, fewer.
 *
 * A file's chain is followed once, when the first of its bytes is wanted, to its end: then it is
 * known to be sound, and where its runs are (clusters side by side). A chain that is longer than
 * the file is allowed; the next who makes the file longer cuts it first.
 *
 * Room can be reserved (fat_file_reserve()) by those who keep written bytes in memory for a while:
 * so that writing them later does not find the volume full.
 */
#ifndef FS_FAT_CONTENTS_H
#define FS_FAT_CONTENTS_H

#include "fs/fat/directory.h"
#include "fs/fat/volume.h"

struct fat_run {
    uint32_t index; /* number of its first cluster in the chain */
    uint32_t cluster, count;
};

/* Runs that are kept; of a file that has more, the rest is looked up in the FAT. */
#define FAT_RUNS_MAX 4096

#define FAT_FILE_BYTES_MAX 0xFFFFFFFFu

/* A file or a folder. One struct for all who have it open. */
struct fat_file {
    struct fat_place place;              /* of its entry; sector 0: the root folder, or removed */
    struct fat_slots slots;              /* of its entry in its folder */
    uint32_t first_cluster;              /* 0: none, or the root of FAT12 and FAT16 */
    uint32_t size;                       /* as its entry says; of a folder: 0 */
    int64_t modified, accessed, created; /* as its entry said when it was opened; time.h */
    uint8_t attributes;
    bool is_folder;
    bool is_removed;   /* it has no entry any more */
    bool is_mapped;    /* the members below are right */
    uint32_t clusters; /* of its chain */
    uint32_t last;     /* the chain's last one; 0: none */
    struct fat_run *runs;
    uint32_t run_count, run_room;
    uint32_t reserved; /* clusters, beyond the chain's */
};

/* The file of an entry. -ECORRUPT: a folder's or a file's first cluster that is none. Nothing is
 * read. To be ended by fat_file_close(). */
int fat_file_open(const struct fat_volume *volume, const struct fat_found *found,
                  struct fat_file *file);

/* Gives back memory and reserved room. */
void fat_file_close(struct fat_volume *volume, struct fat_file *file);

/* Of a file that is removed, or of a folder: its clusters become loose. May wait. */
int fat_file_free(struct fat_volume *volume, struct fat_file *file);

/*
 * From cluster number index (inside the chain) on: *cluster and the count of those that lie side by
 * side. 0; -ECORRUPT: the chain ends before the file, or never; -EIO, -ENOMEM, -EINTERRUPTED. May
 * wait.
 */
int fat_file_run(struct fat_volume *volume, struct fat_file *file, uint32_t index,
                 uint32_t *cluster, uint32_t *count);

/* Reads length bytes at position, all inside the file's size. 0 or an error as above. May wait. */
int fat_file_read(struct fat_volume *volume, struct fat_file *file, uint32_t position, void *buffer,
                  uint32_t length);

/*
 * Writes length bytes at position. The file becomes longer if they reach beyond its end, in pieces
 * that are each whole: bytes, chain and size. What lies between its end and position becomes zero.
 * After an error the file may have some of the pieces. 0; -ENOSPACE; -EFILESIZE; -ERDONLY; errors
 * as above. May wait; goes on when the task is cancelled.
 */
int fat_file_write(struct fat_volume *volume, struct fat_file *file, uint32_t position,
                   const void *buffer, uint32_t length);

/* Makes the file that long; new bytes are zero. Errors as above; when the volume is too full,
 * nothing has changed. */
int fat_file_resize(struct fat_volume *volume, struct fat_file *file, uint64_t size);

/* Reserves what a file of that size will need; less than before gives back. -ENOSPACE,
 * -EFILESIZE. */
int fat_file_reserve(struct fat_volume *volume, struct fat_file *file, uint64_t size);

/* Clusters that are free, or will be by the next commit, and that nobody has reserved. */
uint32_t fat_available(const struct fat_volume *volume);

#endif
