/*
 * fs/fat/directory.h - entries of folders: found, listed, written, removed.
 *
 * A folder is a row of slots of 32 bytes: in clusters, or as FAT12's and FAT16's root in a row of
 * sectors that never grows. An entry is one slot, after the slots of its long name if it has one;
 * long-name slots that do not fit the entry behind them are ignored. The first slot that begins
 * with
 * 0 is behind the last one in use.
 */
#ifndef FS_FAT_DIRECTORY_H
#define FS_FAT_DIRECTORY_H

#include "fs/fat/names.h"
#include "fs/fat/volume.h"
#include "lib/string.h"

/* A folder, and how far its chain has been followed. */
struct fat_folder {
    uint32_t first_cluster; /* 0: the root folder of FAT12 and FAT16 */
    uint32_t cluster;       /* number cluster_index of its chain */
    uint32_t cluster_index;
    uint32_t sector; /* whose first slot is number sector_slot; 0: not known */
    uint32_t sector_slot;
};

/* Where a slot lies. */
struct fat_place {
    uint32_t sector;
    uint32_t offset; /* bytes */
};

/* The slots of an entry in its folder. */
struct fat_slots {
    uint32_t first; /* of its long name; the entry's own if it has none */
    uint32_t last;  /* the entry's own */
};

/* An entry that was found. */
struct fat_found {
    struct fat_slots slots;
    struct fat_place place; /* of the entry's own slot */
    struct fat_entry entry;
    uint32_t unit_count; /* of its long name, in scratch->units; 0: none */
};

/* For names that are worked on: too large for a kernel stack. One for each volume. */
struct fat_scratch {
    uint16_t units[FAT_LONG_SLOTS_MAX * FAT_SLOT_UNITS]; /* read from slots */
    uint16_t wanted[FAT_NAME_UNITS_MAX]; /* the name that is looked for, or written */
    uint32_t wanted_count;
    uint8_t wanted_alias[FAT_ALIAS_BYTES];
    bool has_wanted_alias; /* the name could be an alias */
};

/* The root folder. */
struct fat_folder fat_folder_root(const struct fat_volume *volume);

/* A folder's first cluster, as its entry says; 0 or the root's cluster in ".." is the root. */
struct fat_folder fat_folder_at(const struct fat_volume *volume, uint32_t first_cluster);

static inline uint32_t fat_entry_cluster(const struct fat_volume *volume,
                                         const struct fat_entry *entry)
{
    return entry->first_cluster_low |
           (volume->bits == 32 ? (uint32_t)entry->first_cluster_high << 16 : 0);
}

static inline void fat_entry_set_cluster(const struct fat_volume *volume, struct fat_entry *entry,
                                         uint32_t cluster)
{
    entry->first_cluster_low = (uint16_t)cluster;
    entry->first_cluster_high = volume->bits == 32 ? (uint16_t)(cluster >> 16) : 0;
}

/*
 * The first entry from slot *index on that is a file or a folder: 1, *found filled in, its long
 * name in the scratch, and *index behind it; 0 at the end, *index the first slot behind the last
 * one in use. "." and ".." are entries, too. -ECORRUPT, -EIO, -ENOMEM, -EINTERRUPTED. May wait.
 */
int fat_folder_next(struct fat_volume *volume, struct fat_folder *folder, uint32_t *index,
                    struct fat_found *found);

/*
 * A folder's walk can stop behind an entry, and go on later from a cursor, if the folder has not
 * been removed meanwhile: the chain is not followed anew. 0 is the cursor of its start.
 */
static inline uint64_t fat_folder_cursor(const struct fat_folder *folder, uint32_t index)
{
    return (uint64_t)folder->cluster << 32 | index;
}

struct fat_folder fat_folder_resume(const struct fat_volume *volume, uint32_t first_cluster,
                                    uint64_t cursor, uint32_t *index);

/* Is it "." or ".."? */
static inline bool fat_entry_is_dot(const struct fat_entry *entry)
{
    return entry->name[0] == '.' && (memcmp(entry->name, ".          ", FAT_ALIAS_BYTES) == 0 ||
                                     memcmp(entry->name, "..         ", FAT_ALIAS_BYTES) == 0);
}

/* The entry of that name. 0; -ENOENT; -EBADPATH: a name that no entry can have; errors as above. */
int fat_folder_find(struct fat_volume *volume, struct fat_folder *folder, const char *name,
                    size_t length, struct fat_found *found);

/* Has it no entry but "." and ".."? 1 or 0, or an error. */
int fat_folder_is_empty(struct fat_volume *volume, struct fat_folder *folder);

/* The changed sectors that fat_folder_add() needs at most, and fat_folder_remove(). */
#define FAT_ADD_SECTORS    12
#define FAT_REMOVE_SECTORS 3

/*
 * In the running operation: an entry of that name, with the other members of *entry, of which name
 * and name_case are set. The folder grows if it must. *found: the new entry; or with -EEXISTS, the
 * one that has the name. -EBADPATH; -EDEVICENAME: nobody has the name, and nobody gets it
 * (fat_name_is_device()); -ENOSPACE: no cluster is free, or the folder has 65,536 slots,
 * or as many as a root of fixed length can have; -ENOMEM, -EIO, -ECORRUPT.
 */
int fat_folder_add(struct fat_volume *volume, struct fat_folder *folder, const char *name,
                   size_t length, struct fat_entry *entry, struct fat_found *found);

/* In the running operation: takes out an entry, and its long name. */
int fat_folder_remove(struct fat_volume *volume, struct fat_folder *folder,
                      const struct fat_slots *slots);

/* The entry at these slots, as it is now: it must be at that place, or -ENOENT. Errors as above. */
int fat_folder_read(struct fat_volume *volume, struct fat_folder *folder,
                    const struct fat_slots *slots, const struct fat_place *place,
                    struct fat_entry *entry);

/* In the running operation: the entry at that place, to be changed. */
int fat_entry_change(struct fat_volume *volume, const struct fat_place *place,
                     struct fat_entry **entry);

/* Writes a free cluster that is to be a folder's, at once: two entries (NULL: none), and zeros. */
int fat_folder_clear_cluster(struct fat_volume *volume, uint32_t cluster,
                             const struct fat_entry dots[2]);

/*
 * Counts the long-name slots of a folder that belong to no entry, and slots behind its end that
 * look like entries, as a power cut leaves them; and removes them if `removes`, in operations of
 * its own. Their number, or an error.
 */
int fat_folder_orphans(struct fat_volume *volume, struct fat_folder *folder, bool removes);

/* The name of an entry that fat_folder_next() or fat_folder_find() has just found, and its
 * length. */
size_t fat_found_name(const struct fat_volume *volume, const struct fat_found *found,
                      char text[FAT_TEXT_BYTES]);

#endif
