/*
 * fs/fat/check.c - see check.h. Two rounds: the first only looks, and the second, when that has
 * found no contradiction, repairs. Each cluster that is found in use has a bit.
 *
 * Size before speed.
 */
#include "fs/fat/check.h"

#include "base/align.h"
#include "base/status.h"
#include "device/block_cache.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "fs/fat/commit.h"
#include "fs/fat/directory.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"

struct check {
    struct fat_volume *volume;
    bool repairs;
    uint8_t *used; /* a bit per cluster */
    struct check_folder {
        uint32_t cluster, parent; /* first clusters */
    } * folders;                  /* that are still to be looked through */
    uint32_t folder_count, folder_room;
};

/* Notes that the cluster is in use. False: it was already. */
static bool use(struct check *check, uint32_t cluster)
{
    uint32_t bit = cluster - FAT_CLUSTER_FIRST;
    bool is_new = !(check->used[bit / 8] >> bit % 8 & 1);

    check->used[bit / 8] |= (uint8_t)(1u << bit % 8);
    return is_new;
}

static int add_folder(struct check *check, uint32_t cluster, uint32_t parent)
{
    if (check->folder_count == check->folder_room) {
        uint32_t room = check->folder_room ? 2 * check->folder_room : 64;
        struct check_folder *folders = kmem_alloc(room * sizeof(*folders));

        if (!folders) {
            return -ENOMEM;
        }
        if (check->folders) {
            memcpy(folders, check->folders, check->folder_count * sizeof(*folders));
        }
        kmem_free(check->folders);
        check->folders = folders;
        check->folder_room = room;
    }
    check->folders[check->folder_count++] = (struct check_folder){cluster, parent};
    return OK;
}

/* Follows a chain for `wanted` clusters, or, if that is 0, to its end. *surplus: the last one that
 * is wanted, when the chain goes on behind it; else 0. */
static int follow(struct check *check, uint32_t cluster, uint32_t wanted, uint32_t *surplus)
{
    *surplus = 0;
    for (uint32_t i = 1;; i++) {
        uint32_t next;

        if (!fat_is_cluster(check->volume, cluster) || !use(check, cluster)) {
            return -ECORRUPT;
        }
        int status = fat_table_get(check->volume, cluster, &next);
        if (status == OK) {
            status = fat_pause(i);
        }
        if (status < 0) {
            return status;
        }
        if (i == wanted) {
            *surplus = next < FAT_END ? cluster : 0;
            return OK;
        }
        if (next >= FAT_END) {
            return wanted == 0 ? OK : -ECORRUPT;
        }
        cluster = next;
    }
}

static int check_file(struct check *check, const struct fat_found *found)
{
    struct fat_volume *volume = check->volume;
    uint32_t cluster = fat_entry_cluster(volume, &found->entry);
    uint32_t wanted = fat_clusters_of(volume, found->entry.size);
    uint32_t surplus = 0;
    int status = wanted ? follow(check, cluster, wanted, &surplus) : OK;

    if (status < 0 || !check->repairs || (surplus == 0 && (wanted || cluster == 0))) {
        return status;
    }
    /* What is cut off is nobody's, and becomes free with all that is. */
    status = fat_begin(volume, 2);
    if (status == OK && surplus) {
        status = fat_table_set(volume, surplus, FAT_END_WRITTEN);
        return fat_end(volume, status);
    }
    if (status == OK) {
        struct fat_entry *entry;

        status = fat_entry_change(volume, &found->place, &entry);
        if (status == OK) {
            fat_entry_set_cluster(volume, entry, 0);
        }
        return fat_end(volume, status);
    }
    return status;
}

/* "." or "..", whose clusters are known: another number is replaced. */
static int check_dot(struct check *check, const struct fat_found *found, uint32_t cluster)
{
    struct fat_volume *volume = check->volume;
    struct fat_entry *entry;

    if (!fat_entry_is_dot(&found->entry) || !(found->entry.attributes & FAT_DIRECTORY) ||
        (found->entry.name[1] == '.') != (found->slots.last == 1)) {
        return -ECORRUPT;
    }
    cluster = found->slots.last == 1 && cluster == volume->root_cluster ? 0 : cluster;
    if (fat_entry_cluster(volume, &found->entry) == cluster || !check->repairs) {
        return OK;
    }
    int status = fat_begin(volume, 1);
    if (status == OK) {
        status = fat_entry_change(volume, &found->place, &entry);
        if (status == OK) {
            fat_entry_set_cluster(volume, entry, cluster);
        }
        status = fat_end(volume, status);
    }
    return status;
}

static int check_folder(struct check *check, uint32_t first_cluster, uint32_t parent)
{
    struct fat_volume *volume = check->volume;
    struct fat_folder folder = {.first_cluster = first_cluster};
    struct fat_found found;
    uint32_t dots = first_cluster == volume->root_cluster ? 0 : 2;
    uint32_t index = 0, surplus;
    int status = first_cluster ? follow(check, first_cluster, 0, &surplus) : OK;

    if (status == OK) {
        status = fat_folder_orphans(volume, &folder, check->repairs);
    }
    if (status < 0) {
        return status;
    }
    while ((status = fat_folder_next(volume, &folder, &index, &found)) == 1) {
        if (found.slots.last < dots) {
            status = check_dot(check, &found, found.slots.last ? parent : first_cluster);
            if (status < 0) {
                break;
            }
            continue;
        }
        if (fat_entry_is_dot(&found.entry) || found.slots.first < dots) {
            return -ECORRUPT;
        }
        status = found.entry.attributes & FAT_DIRECTORY
                     ? add_folder(check, fat_entry_cluster(volume, &found.entry), first_cluster)
                     : check_file(check, &found);
        if (status < 0) {
            break;
        }
    }
    return status == 0 && index < dots ? -ECORRUPT : status;
}

/* Clusters that are allocated and nobody's become free, but for bad ones. Counts the free ones. */
static int sweep(struct check *check)
{
    struct fat_volume *volume = check->volume;
    uint32_t free = 0;

    for (uint32_t i = 0; i < volume->clusters; i++) {
        uint32_t cluster = FAT_CLUSTER_FIRST + i, value;
        bool is_used = check->used[i / 8] >> i % 8 & 1;
        int status = fat_table_get(volume, cluster, &value);

        if (status == OK && is_used && value == FAT_FREE) {
            status = -ECORRUPT;
        }
        if (status == OK && !is_used && value != FAT_BAD) {
            free += !fat_table_is_split(volume, cluster);
            if (value != FAT_FREE && check->repairs) {
                status = fat_begin(volume, 2);
                if (status == OK) {
                    status = fat_end(volume, fat_table_set(volume, cluster, FAT_FREE));
                }
            }
        }
        if (status < 0) {
            return status;
        }
        (void)fat_pause(i);
    }
    volume->space.free = free;
    volume->is_counted = true;
    return OK;
}

/* All FATs become like the one that is read. */
static int level_copies(struct fat_volume *volume)
{
    uint8_t *first = kmem_alloc(volume->sector_bytes), *copy = kmem_alloc(volume->sector_bytes);
    int status = first && copy ? OK : -ENOMEM;

    for (uint32_t i = 0; status == OK && volume->fat_copies && i < volume->fat_sectors; i++) {
        uint32_t sector = volume->fat_sector + i;

        status = block_cache_read(volume->device, sector, 0, first, volume->sector_bytes);
        for (uint32_t c = 1; status == OK && c <= volume->fat_copies; c++) {
            uint32_t place = sector + c * volume->fat_sectors;
            int read = block_cache_read(volume->device, place, 0, copy, volume->sector_bytes);

            if (read < 0 || memcmp(first, copy, volume->sector_bytes) != 0) {
                volume->is_unflushed = true;
                status = block_cache_write(volume->device, place, 1, first);
            }
        }
        (void)fat_pause(i);
    }
    kmem_free(first);
    kmem_free(copy);
    return status;
}

static int look_through(struct check *check)
{
    int status;

    memset(check->used, 0, (check->volume->clusters + 7) / 8);
    check->folder_count = 0;
    status = add_folder(check, check->volume->root_cluster, 0);
    while (status == OK && check->folder_count > 0) {
        const struct check_folder *next = &check->folders[--check->folder_count];

        status = check_folder(check, next->cluster, next->parent);
    }
    if (status == OK && check->repairs) {
        status = fat_commit(check->volume); /* an entry that named a chain does not any more */
    }
    return status == OK ? sweep(check) : status;
}

int fat_check(struct fat_volume *volume)
{
    struct check check = {.volume = volume};
    int status = -ENOMEM;

    check.used = kmem_alloc((volume->clusters + 7) / 8);
    if (check.used) {
        status = look_through(&check);
    }
    if (status == OK) {
        check.repairs = true;
        status = level_copies(volume);
        if (status == OK) {
            status = look_through(&check);
        }
    }
    kmem_free(check.used);
    kmem_free(check.folders);
    return status;
}
