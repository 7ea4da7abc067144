/*
 * fs/fat16.c - see fat16.h.
 *
 * Size before speed.
 */
#include "fs/fat16.h"

#include <stddef.h>

#include "device/block_cache.h"
#include "base/align.h"
#include "lib/string.h"
#include "base/status.h"
#include "task/task.h"

/* The boot record, up to where FAT16 says more than Drupe needs (specification, section 3.1). */
struct fat16_boot_record {
    uint8_t jump[3];
    char oem_name[8];
    uint16_t bytes_per_sector;
    uint8_t sectors_per_cluster;
    uint16_t reserved_sectors;
    uint8_t fat_count;
    uint16_t root_entries;
    uint16_t total_sectors_16;
    uint8_t media;
    uint16_t fat_sectors;
    uint16_t sectors_per_track;
    uint16_t heads;
    uint32_t hidden_sectors;
    uint32_t total_sectors_32;
} __attribute__((packed));

/* A directory entry (section 6). */
struct fat16_entry {
    uint8_t name[PATH_NAME_BYTES];
    uint8_t attributes;
    uint8_t reserved[8];
    uint16_t first_cluster_high; /* FAT32's */
    uint16_t time, date;
    uint16_t first_cluster;
    uint32_t size;
} __attribute__((packed));

_Static_assert(sizeof(struct fat16_boot_record) == 36, "boot record");
_Static_assert(sizeof(struct fat16_entry) == 32, "directory entry");

#define BOOT_SIGNATURE_OFFSET 510 /* 0x55 0xAA */
#define ENTRIES_PER_SECTOR    (SECTOR_BYTES / sizeof(struct fat16_entry))
#define DIRECTORY_ENTRIES_MAX 65536 /* the specification's limit: 2 MiB */
#define FAT_PER_SECTOR        (SECTOR_BYTES / 2)

#define CLUSTERS_MIN        4085 /* fewer: FAT12 (section 3.5) */
#define CLUSTERS_MAX        65524
#define CLUSTER_FIRST       2
#define CHAIN_END           0xFFF8 /* and above */
#define ENTRY_END           0x00   /* no entry from here on was ever used */
#define ENTRY_DELETED       0xE5
#define ENTRY_E5            0x05 /* stands for a name that begins with 0xE5 */
#define ATTRIBUTE_READ_ONLY 0x01
#define ATTRIBUTE_VOLUME    0x08 /* a label, or part of a long name */
#define ATTRIBUTE_DIRECTORY 0x10

/* Clusters of a chain, or entries of a folder, between two pauses. */
#define STEPS_AT_ONCE 512

/* After step number count of a search. No pointer into the cache may be kept over this. */
static int pause_at(uint32_t count)
{
    bool goes_on = count % STEPS_AT_ONCE != STEPS_AT_ONCE - 1 || task_pause();

    return goes_on ? OK : -EINTERRUPTED;
}

/* ---------------------------------------------------------------- the volume */

/* Volumes of others: by the name in their boot record, or by FAT's fields. NULL: nothing known. */
static const char *find_foreign(const struct fat16_boot_record *record)
{
    if (memcmp(record->oem_name, "NTFS    ", sizeof(record->oem_name)) == 0) {
        return "it is an NTFS volume, not FAT16";
    }
    if (memcmp(record->oem_name, "EXFAT   ", sizeof(record->oem_name)) == 0) {
        return "it is an exFAT volume, not FAT16";
    }
    if (record->fat_count > 0 && record->fat_sectors == 0 && record->root_entries == 0 &&
        record->total_sectors_32 != 0) {
        return "it is a FAT32 volume, not FAT16";
    }
    return NULL;
}

/* Checks the numbers and fills in *volume. NULL, or the rule that is broken. */
static const char *understand(const struct fat16_boot_record *record, uint32_t first_lba,
                              struct fat16_volume *volume)
{
    const uint8_t *signature = (const uint8_t *)record + BOOT_SIGNATURE_OFFSET;
    uint32_t room = volume->device->sector_count - first_lba;
    uint32_t total = record->total_sectors_16 ? record->total_sectors_16 : record->total_sectors_32;
    uint32_t spc = record->sectors_per_cluster;
    uint32_t root_bytes = record->root_entries * sizeof(struct fat16_entry);
    const char *foreign = find_foreign(record);

    if (signature[0] != 0x55 || signature[1] != 0xAA) {
        return "its first sector is no boot record (no 55 AA at its end); it is not formatted";
    }
    if (foreign) {
        return foreign;
    }
    if (record->bytes_per_sector != SECTOR_BYTES) {
        return "its boot record says that its sectors are not of 512 bytes";
    }
    if (spc == 0 || (spc & (spc - 1)) || record->reserved_sectors == 0 || record->fat_count == 0 ||
        record->root_entries == 0 || record->fat_sectors == 0 || total == 0) {
        return "its boot record is not that of a FAT16 volume";
    }
    volume->cluster_sectors = spc;
    volume->root_sectors = ALIGN_UP(root_bytes, SECTOR_BYTES) / SECTOR_BYTES;

    /* No overflow: each term is far below 2^25. */
    uint32_t before_root =
        record->reserved_sectors + (uint32_t)record->fat_count * record->fat_sectors;
    uint32_t before_data = before_root + volume->root_sectors;

    if (before_data >= total) {
        return "its boot record contradicts itself: FATs and root directory fill more than it all";
    }
    volume->cluster_count = (total - before_data) / spc;
    if (volume->cluster_count < CLUSTERS_MIN) {
        return "it is a FAT12 volume (fewer than 4085 clusters), not FAT16";
    }
    if (volume->cluster_count > CLUSTERS_MAX) {
        return "it has more clusters than FAT16 can have (65524)";
    }
    if (volume->cluster_count + CLUSTER_FIRST > record->fat_sectors * FAT_PER_SECTOR) {
        return "its boot record contradicts itself: its FAT is too short for its clusters";
    }
    if (total > room) {
        return "it reaches beyond the end of its partition or of the disk";
    }
    volume->fat_lba = first_lba + record->reserved_sectors;
    volume->root_lba = first_lba + before_root;
    volume->data_lba = first_lba + before_data;
    return NULL;
}

int fat16_mount(struct block_device *device, uint32_t first_lba, struct fat16_volume *volume)
{
    const void *sector;

    block_cache_forget(device); /* it may be another disk than it was */
    *volume = (struct fat16_volume){.device = device};
    int status = block_cache_sector(device, first_lba, &sector);
    if (status == OK && understand(sector, first_lba, volume)) {
        status = -EFSNOTUS;
    }
    if (status < 0) {
        fat16_unmount(volume);
    }
    return status == -EBOUNDS ? -EFSNOTUS : status;
}

const char *fat16_refusal(struct block_device *device, uint32_t first_lba, int status)
{
    struct fat16_volume volume = {.device = device};
    uint8_t sector[SECTOR_BYTES] __attribute__((aligned(4)));
    int now = block_read(device, first_lba, 1, sector);

    if (now < 0) {
        return now == -EBOUNDS ? "it begins behind the end of the disk"
                               : "its first sector cannot be read";
    }
    const char *reason =
        understand((const struct fat16_boot_record *)(const void *)sector, first_lba, &volume);
    if (reason) {
        return reason;
    }
    return status == -ENOMEM ? "there is not enough memory for what belongs to it"
                             : "its first sector could not be read when it was to be mounted";
}

void fat16_unmount(struct fat16_volume *volume)
{
    block_cache_forget(volume->device);
    *volume = (struct fat16_volume){0};
}

/* ---------------------------------------------------------------- chains */

static bool is_cluster(const struct fat16_volume *volume, uint32_t cluster)
{
    return cluster >= CLUSTER_FIRST && cluster - CLUSTER_FIRST < volume->cluster_count;
}

static uint32_t cluster_lba(const struct fat16_volume *volume, uint32_t cluster)
{
    return volume->data_lba + (cluster - CLUSTER_FIRST) * volume->cluster_sectors;
}

/* A sector that the volume's own numbers lead to: one behind the device's end is their fault. */
static int volume_sector(struct fat16_volume *volume, uint32_t lba, const void **sector)
{
    int status = block_cache_sector(volume->device, lba, sector);

    return status == -EBOUNDS ? -ECORRUPT : status;
}

/* The FAT's entry for cluster, a valid number: the next cluster, >= CHAIN_END, or an error for
 * anything that cannot stand in a file's chain. */
static int next_cluster(struct fat16_volume *volume, uint32_t cluster)
{
    const void *sector;
    int status = volume_sector(volume, volume->fat_lba + cluster / FAT_PER_SECTOR, &sector);

    if (status < 0) {
        return status;
    }
    uint16_t next = ((const uint16_t *)sector)[cluster % FAT_PER_SECTOR];
    return next >= CHAIN_END || is_cluster(volume, next) ? next : -ECORRUPT;
}

/* Walks a file's chain to its end: it must have one, and not before the file's. Nobody writes to
 * the volume, so once is enough. */
static int check_chain(struct fat16_volume *volume, const struct fat16_node *node)
{
    uint32_t cluster_bytes = volume->cluster_sectors * SECTOR_BYTES;
    uint32_t needed = node->size / cluster_bytes + (node->size % cluster_bytes != 0);
    uint32_t length = 0;
    typeof(volume->checked[0]) *checked =
        &volume->checked[node->first_cluster % FAT16_CHECKED_FILES];

    if (needed == 0 ||
        (checked->first_cluster == node->first_cluster && checked->clusters >= needed)) {
        return OK;
    }
    for (int cluster = (int)node->first_cluster; cluster < CHAIN_END; length++) {
        if (!is_cluster(volume, (uint32_t)cluster) || length == volume->cluster_count) {
            return -ECORRUPT;
        }
        int status = pause_at(length);
        if (status < 0) {
            return status;
        }
        cluster = next_cluster(volume, (uint32_t)cluster);
        if (cluster < 0) {
            return cluster;
        }
    }
    if (length < needed) {
        return -ECORRUPT;
    }
    checked->first_cluster = node->first_cluster;
    checked->clusters = length;
    return OK;
}

/* Makes node->cluster the chain's number index. -ECORRUPT when the chain is shorter. */
static int seek_cluster(struct fat16_volume *volume, struct fat16_node *node, uint32_t index)
{
    if (node->cluster == 0 || index < node->cluster_index) {
        node->cluster = node->first_cluster;
        node->cluster_index = 0;
        if (!is_cluster(volume, node->cluster)) {
            node->cluster = 0;
            return -ECORRUPT;
        }
    }
    while (node->cluster_index < index) {
        int next = next_cluster(volume, node->cluster);

        if (next < 0) {
            return next;
        }
        if (next >= CHAIN_END) {
            return -ECORRUPT;
        }
        node->cluster = (uint32_t)next;
        node->cluster_index++;
        next = pause_at(node->cluster_index);
        if (next < 0) {
            return next;
        }
    }
    return OK;
}

/* ---------------------------------------------------------------- files */

/* How many bytes from byte `offset` of the current cluster on lie one behind the other on the disk,
 * at most wanted. Moves the node along the clusters that it counts. */
static int contiguous_bytes(struct fat16_volume *volume, struct fat16_node *node, uint32_t offset,
                            uint32_t wanted)
{
    uint32_t cluster_bytes = volume->cluster_sectors * SECTOR_BYTES;
    uint32_t count = cluster_bytes - offset;

    while (count < wanted) {
        int next = next_cluster(volume, node->cluster);

        if (next < 0) {
            return next;
        }
        if ((uint32_t)next != node->cluster + 1) {
            break;
        }
        node->cluster = (uint32_t)next;
        node->cluster_index++;
        count += cluster_bytes;
    }
    return (int)MIN(count, wanted);
}

int fat16_read(struct fat16_volume *volume, struct fat16_node *node, uint32_t position,
               void *buffer, uint32_t length)
{
    uint32_t cluster_bytes = volume->cluster_sectors * SECTOR_BYTES;
    uint8_t *to = buffer;

    while (length > 0) {
        uint32_t offset = position % cluster_bytes;
        int status = seek_cluster(volume, node, position / cluster_bytes);

        if (status < 0) {
            return status;
        }
        uint32_t lba = cluster_lba(volume, node->cluster) + offset / SECTOR_BYTES;
        int count = contiguous_bytes(volume, node, offset, length);
        if (count < 0) {
            return count;
        }
        status = block_cache_read(volume->device, lba, offset % SECTOR_BYTES, to, (uint32_t)count);
        if (status < 0) {
            return status;
        }
        to += count;
        position += (uint32_t)count;
        length -= (uint32_t)count;
    }
    return OK;
}

/* ---------------------------------------------------------------- directories */

void fat16_root(struct fat16_node *node)
{
    *node = (struct fat16_node){.is_directory = true};
}

/* Entry number index of a directory, in the cache: 1, 0 behind the last, or an error. */
static int directory_entry_at(struct fat16_volume *volume, struct fat16_node *directory,
                              uint32_t index, const struct fat16_entry **entry)
{
    uint32_t number = index / ENTRIES_PER_SECTOR;
    uint32_t lba;
    const void *sector;
    int status;

    if (directory->first_cluster == 0) {
        if (number >= volume->root_sectors) {
            return 0;
        }
        lba = volume->root_lba + number;
    } else {
        uint32_t cluster_index = number / volume->cluster_sectors;

        if (cluster_index > 0 && cluster_index > directory->cluster_index) {
            /* A chain's end is the directory's, where files have a size instead. */
            status = seek_cluster(volume, directory, cluster_index - 1);
            if (status < 0) {
                return status;
            }
            status = next_cluster(volume, directory->cluster);
            if (status < 0 || status >= CHAIN_END) {
                return status < 0 ? status : 0;
            }
        }
        if (index >= DIRECTORY_ENTRIES_MAX) {
            return -ECORRUPT; /* the chain goes round */
        }
        status = seek_cluster(volume, directory, cluster_index);
        if (status < 0) {
            return status;
        }
        lba = cluster_lba(volume, directory->cluster) + number % volume->cluster_sectors;
    }
    status = volume_sector(volume, lba, &sector);
    if (status < 0) {
        return status;
    }
    *entry = (const struct fat16_entry *)sector + index % ENTRIES_PER_SECTOR;
    return (*entry)->name[0] == ENTRY_END ? 0 : 1;
}

/* The first entry from *index on that names a file or folder: 1, 0 at the end, or an error. */
static int next_entry(struct fat16_volume *volume, struct fat16_node *directory, uint32_t *index,
                      const struct fat16_entry **entry)
{
    int status;

    while ((status = directory_entry_at(volume, directory, *index, entry)) == 1) {
        (*index)++;
        if ((*entry)->name[0] != ENTRY_DELETED && !((*entry)->attributes & ATTRIBUTE_VOLUME)) {
            return 1;
        }
        status = pause_at(*index);
        if (status < 0) {
            break;
        }
    }
    return status;
}

static bool is_named(const struct fat16_entry *entry, const uint8_t name[PATH_NAME_BYTES])
{
    uint8_t first = entry->name[0] == ENTRY_E5 ? 0xE5 : entry->name[0];

    return first == name[0] && memcmp(entry->name + 1, name + 1, PATH_NAME_BYTES - 1) == 0;
}

/* What an entry says of its file or folder. */
static struct fat16_node node_of(const struct fat16_entry *entry)
{
    bool is_directory = (entry->attributes & ATTRIBUTE_DIRECTORY) != 0;

    return (struct fat16_node){
        .first_cluster = entry->first_cluster,
        .size = is_directory ? 0 : entry->size,
        .is_directory = is_directory,
        .is_read_only = (entry->attributes & ATTRIBUTE_READ_ONLY) != 0,
    };
}

int fat16_lookup(struct fat16_volume *volume, const struct fat16_node *directory,
                 const uint8_t name[PATH_NAME_BYTES], struct fat16_node *node)
{
    struct fat16_node reader = *directory;
    const struct fat16_entry *entry;
    uint32_t index = 0;
    int status;

    while ((status = next_entry(volume, &reader, &index, &entry)) == 1) {
        if (!is_named(entry, name)) {
            status = pause_at(index);
            if (status < 0) {
                return status;
            }
            continue;
        }
        *node = node_of(entry);
        if (node->is_directory) {
            return is_cluster(volume, node->first_cluster) ? OK : -ECORRUPT;
        }
        return check_chain(volume, node);
    }
    return status < 0 ? status : -ENOENT;
}

/* "NAME    EXT" -> "name.ext" */
static void readable_name(const struct fat16_entry *entry, char *name)
{
    for (int i = 0; i < PATH_NAME_BYTES; i++) {
        if (i == 8 && entry->name[i] != ' ') {
            *name++ = '.';
        }
        if (entry->name[i] != ' ') {
            *name++ =
                (char)(i == 0 && entry->name[0] == ENTRY_E5 ? 0xE5
                                                            : char_to_lower((char)entry->name[i]));
        }
    }
    *name = '\0';
}

int fat16_read_directory(struct fat16_volume *volume, struct fat16_node *directory, uint32_t *index,
                         struct directory_entry *result, struct fat16_node *node)
{
    const struct fat16_entry *entry;
    int status;

    while ((status = next_entry(volume, directory, index, &entry)) == 1) {
        if (entry->name[0] == '.') { /* "." and ".." */
            status = pause_at(*index);
            if (status < 0) {
                break;
            }
            continue;
        }
        *node = node_of(entry);
        *result = (struct directory_entry){
            .stat.size = node->size,
            .stat.is_directory = node->is_directory,
            .stat.is_read_only = node->is_read_only,
        };
        readable_name(entry, result->name);
        return 1;
    }
    return status;
}
