/*
 * fs/fat/chain.c - see chain.h.
 */
#include "fs/fat/chain.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "fs/fat/changes.h"
#include "lib/string.h"
#include "task/task.h"

int fat_pause(uint32_t count)
{
    return count % FAT_STEPS_AT_ONCE != FAT_STEPS_AT_ONCE - 1 || task_pause() ? OK : -EINTERRUPTED;
}

/* ---------------------------------------------------------------- one entry */

uint32_t fat_table_offset(const struct fat_volume *volume, uint32_t cluster)
{
    return volume->bits == 32   ? cluster * 4
           : volume->bits == 16 ? cluster * 2
                                : cluster + cluster / 2;
}

bool fat_table_is_split(const struct fat_volume *volume, uint32_t cluster)
{
    return volume->bits == 12 &&
           (fat_table_offset(volume, cluster) + 1) % volume->sector_bytes == 0;
}

/* FAT12 and FAT16 say in fewer bits what FAT32 does. */
uint32_t fat_table_widen(const struct fat_volume *volume, uint32_t value)
{
    uint32_t mask = volume->bits == 12 ? 0xFFF : volume->bits == 16 ? 0xFFFF : FAT_VALUE_MASK;

    value &= mask;
    return value >= (FAT_BAD & mask) ? value | (FAT_BAD & ~0xFu) : value;
}

static uint32_t get32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

int fat_table_get(struct fat_volume *volume, uint32_t cluster, uint32_t *value)
{
    uint32_t offset = fat_table_offset(volume, cluster);
    uint32_t sector = volume->fat_sector + offset / volume->sector_bytes;
    uint32_t at = offset % volume->sector_bytes;
    const uint8_t *bytes;
    int status = fat_sector_read(volume, sector, &bytes);

    if (status < 0) {
        return status;
    }
    if (volume->bits == 32) {
        *value = fat_table_widen(volume, get32(bytes + at));
        return OK;
    }
    uint32_t low = bytes[at], high;
    if (at + 1 < volume->sector_bytes) {
        high = bytes[at + 1];
    } else { /* FAT12's, over the sector's border */
        status = fat_sector_read(volume, sector + 1, &bytes);
        if (status < 0) {
            return status;
        }
        high = bytes[0];
    }
    low |= high << 8;
    *value = fat_table_widen(volume, volume->bits == 12 && cluster % 2 ? low >> 4 : low);
    return OK;
}

int fat_table_set(struct fat_volume *volume, uint32_t cluster, uint32_t value)
{
    uint32_t offset = fat_table_offset(volume, cluster);
    uint32_t sector = volume->fat_sector + offset / volume->sector_bytes;
    uint32_t at = offset % volume->sector_bytes;
    uint8_t *bytes, *second;
    int status = fat_sector_change(volume, sector, FAT_KIND_TABLE, &bytes);

    if (status < 0) {
        return status;
    }
    bytes += at;
    if (volume->bits == 32) {
        uint32_t kept = get32(bytes) & ~FAT_VALUE_MASK;

        value = kept | (value & FAT_VALUE_MASK);
        memcpy(bytes, &value, sizeof(value));
        return OK;
    }
    second = bytes + 1;
    if (at + 1 == volume->sector_bytes) {
        status = fat_sector_change(volume, sector + 1, FAT_KIND_TABLE, &second);
        if (status < 0) {
            return status;
        }
    }
    if (volume->bits == 16) {
        *bytes = (uint8_t)value;
        *second = (uint8_t)(value >> 8);
    } else if (cluster % 2) {
        *bytes = (uint8_t)((*bytes & 0x0F) | value << 4);
        *second = (uint8_t)(value >> 4);
    } else {
        *bytes = (uint8_t)value;
        *second = (uint8_t)((*second & 0xF0) | (value >> 8 & 0x0F));
    }
    return OK;
}

int fat_chain_next(struct fat_volume *volume, uint32_t cluster, uint32_t *next)
{
    int status = fat_table_get(volume, cluster, next);

    if (status == OK && *next >= FAT_END) {
        *next = FAT_END;
    } else if (status == OK && !fat_is_cluster(volume, *next)) {
        status = -ECORRUPT;
    }
    return status;
}

/* ---------------------------------------------------------------- runs */

/*
 * Most chains are straight for long: so entries of a sector of the FAT are compared in rows, and
 * the rest one by one. Both functions: from cluster on, as long as entries say "the next one"; up
 * to cluster `end`, whose entry is not looked at. `entries`: cluster's.
 */
#define PAIR_STEP 0x00020002u /* FAT16: two entries are read at once */
#define ROW_16    16

static uint32_t skip_straight_16(const uint16_t *entries, uint32_t cluster, uint32_t end)
{
    const uint32_t *pair = (const uint32_t *)(const void *)entries;
    const uint32_t *last = pair + (end - cluster) / ROW_16 * (ROW_16 / 2);
    uint32_t straight = (cluster + 1) | (cluster + 2) << 16;

    while (cluster % 2 == 0 && pair < last && pair[0] == straight &&
           pair[1] == straight + PAIR_STEP && pair[2] == straight + 2 * PAIR_STEP &&
           pair[3] == straight + 3 * PAIR_STEP && pair[4] == straight + 4 * PAIR_STEP &&
           pair[5] == straight + 5 * PAIR_STEP && pair[6] == straight + 6 * PAIR_STEP &&
           pair[7] == straight + 7 * PAIR_STEP) {
        pair += ROW_16 / 2;
        straight += ROW_16 / 2 * PAIR_STEP;
    }
    const uint16_t *entry = (const uint16_t *)(const void *)pair;

    for (cluster += (uint32_t)(entry - entries); cluster < end && *entry == cluster + 1; entry++) {
        cluster++;
    }
    return cluster;
}

#define ROW_32 8

static uint32_t skip_straight_32(const uint32_t *entries, uint32_t cluster, uint32_t end)
{
    for (; end - cluster >= ROW_32; entries += ROW_32, cluster += ROW_32) {
        uint32_t differs = (entries[0] ^ (cluster + 1)) | (entries[1] ^ (cluster + 2)) |
                           (entries[2] ^ (cluster + 3)) | (entries[3] ^ (cluster + 4)) |
                           (entries[4] ^ (cluster + 5)) | (entries[5] ^ (cluster + 6)) |
                           (entries[6] ^ (cluster + 7)) | (entries[7] ^ (cluster + 8));

        if (differs & FAT_VALUE_MASK) {
            break;
        }
    }
    for (; cluster < end && (*entries & FAT_VALUE_MASK) == cluster + 1; entries++) {
        cluster++;
    }
    return cluster;
}

/* The same in the sector of the FAT at hand, up to cluster last. Where all that is left of the
 * sector is straight, that is the next sector's first cluster. FAT16 and FAT32. */
static uint32_t skip_straight(const struct fat_volume *volume, const uint8_t *bytes,
                              uint32_t cluster, uint32_t last)
{
    uint32_t mask = volume->sector_bytes / (volume->bits / 8) - 1;
    uint32_t end = MIN(last, (cluster | mask) + 1);

    return volume->bits == 32
               ? skip_straight_32((const uint32_t *)(const void *)bytes + (cluster & mask), cluster,
                                  end)
               : skip_straight_16((const uint16_t *)(const void *)bytes + (cluster & mask), cluster,
                                  end);
}

/* Where the FAT's entry of a cluster lies. */
static uint32_t entry_sector(const struct fat_volume *volume, uint32_t cluster)
{
    return volume->fat_sector + fat_table_offset(volume, cluster) / volume->sector_bytes;
}

int fat_chain_run(struct fat_volume *volume, uint32_t cluster, uint32_t max, uint32_t *count,
                  uint32_t *next)
{
    uint32_t first = cluster;
    uint32_t end = volume->clusters + FAT_CLUSTER_FIRST - 1;
    uint32_t last = max - 1 < end - cluster ? cluster + max - 1 : end;

    for (uint32_t steps = 0;; steps++) {
        int status = fat_pause(steps);

        if (status == OK && volume->bits != 12) {
            uint32_t sector = entry_sector(volume, cluster);
            const uint8_t *bytes;

            status = fat_sector_read(volume, sector, &bytes);
            if (status == OK) {
                cluster = skip_straight(volume, bytes, cluster, last);
                if (entry_sector(volume, cluster) != sector) {
                    continue;
                }
            }
        }
        status = status == OK ? fat_chain_next(volume, cluster, next) : status;
        if (status < 0) {
            return status;
        }
        if (*next != cluster + 1 || cluster == last) {
            *count = cluster - first + 1;
            return OK;
        }
        cluster++;
    }
}

/* ---------------------------------------------------------------- free clusters */

/* Is that cluster free for whoever wants one? 1 or 0; an error. */
static int is_free(struct fat_volume *volume, uint32_t cluster)
{
    uint32_t value;
    int status = fat_table_get(volume, cluster, &value);

    return status == OK ? value == FAT_FREE && !fat_table_is_split(volume, cluster) : status;
}

/*
 * May the entry of cluster `after`, the end of a chain, come to name cluster `at`? A split one
 * changes in two steps, the low bits first (steps.h): between them it must be an end still. So of
 * an entry with 8 low bits the number must end with F8 to FF, of one with 4 with 8 to F.
 */
static bool is_fitting(const struct fat_volume *volume, uint32_t after, uint32_t at)
{
    uint32_t low = after % 2 ? 0x00F : 0x0FF;

    return !after || !fat_table_is_split(volume, after) || (at & low) >= (FAT_END & low);
}

/* The next free cluster from *cluster on, round the end, that fits behind `after` (0: any does):
 * *cluster, or -ENOSPACE. */
static int find_free(struct fat_volume *volume, uint32_t after, uint32_t *cluster)
{
    uint32_t at = *cluster;

    for (uint32_t i = 0; i < volume->clusters; i++, at++) {
        if (!fat_is_cluster(volume, at)) {
            at = FAT_CLUSTER_FIRST;
        }
        int status = is_free(volume, at);
        if (status < 0) {
            return status;
        }
        if (status == 1 && is_fitting(volume, after, at)) {
            *cluster = at;
            return OK;
        }
        (void)fat_pause(i);
    }
    return -ENOSPACE;
}

int fat_chain_extend(struct fat_volume *volume, uint32_t after, uint32_t wanted, uint32_t *first,
                     uint32_t *count)
{
    uint32_t at = volume->space.next;
    int status = 0;

    if (after && fat_is_cluster(volume, after + 1) && is_fitting(volume, after, after + 1)) {
        status = is_free(volume, after + 1);
    }
    if (status == 1) {
        at = after + 1;
    } else if (status == 0) {
        status = find_free(volume, after, &at);
        if (status == -ENOSPACE && after) {
            status = find_free(volume, 0, &at); /* a split entry, and the volume is all but full */
        }
    }
    if (status < 0) {
        return status;
    }
    *first = at;
    *count = 0;
    status = after ? fat_table_set(volume, after, at) : OK;
    while (status >= 0) {
        bool has_more = false;

        ++*count;
        /* Two more sectors may be needed, and the caller has some to change, too. */
        if (*count < wanted && fat_changes_room(volume) >= FAT_EXTEND_SECTORS &&
            fat_is_cluster(volume, at + 1)) {
            status = is_free(volume, at + 1);
            has_more = status == 1;
        }
        if (status >= 0) {
            status = fat_table_set(volume, at, has_more ? at + 1 : FAT_END_WRITTEN);
        }
        (void)fat_pause(*count);
        if (!has_more) {
            break;
        }
        at++;
    }
    if (status == OK) {
        volume->space.free -= MIN(*count, volume->space.free);
        volume->space.next = at + 1;
    }
    return status;
}

int fat_chain_count_free(struct fat_volume *volume)
{
    uint32_t free = 0;

    for (uint32_t i = 0; i < volume->clusters && !volume->is_counted; i++) {
        int status = is_free(volume, FAT_CLUSTER_FIRST + i);

        if (status >= 0) {
            free += (uint32_t)status;
            status = fat_pause(i);
        }
        if (status < 0) {
            return status;
        }
    }
    if (!volume->is_counted) {
        volume->space.free = free;
        volume->is_counted = true;
    }
    return OK;
}

/* ---------------------------------------------------------------- loose chains */

void fat_chain_release(struct fat_volume *volume, uint32_t after, uint32_t first, uint32_t clusters,
                       bool is_folder)
{
    KASSERT(volume->space.loose_count < FAT_LOOSE_MAX && fat_is_cluster(volume, first));
    volume->space.loose[volume->space.loose_count++] =
        (struct fat_loose){after, first, clusters, is_folder};
}

bool fat_chain_is_cut(const struct fat_volume *volume, uint32_t cluster)
{
    for (uint32_t i = 0; i < volume->space.loose_count; i++) {
        if (volume->space.loose[i].after == cluster && cluster) {
            return true;
        }
    }
    return false;
}

/* Frees the front of that chain. *is_done: it is all free. */
static int free_front(struct fat_volume *volume, struct fat_loose *loose, bool *is_done)
{
    int status = OK;

    *is_done = false;
    if (loose->after) {
        status = fat_table_set(volume, loose->after, FAT_END_WRITTEN);
        loose->after = 0;
    }
    volume->frees_folders |= loose->is_folder;
    for (uint32_t i = 0; status == OK && fat_changes_room(volume) >= 2; i++) {
        uint32_t next;

        status = fat_table_get(volume, loose->first, &next);
        if (status == OK && next == FAT_FREE) { /* damaged, or it goes round */
            *is_done = true;
            break;
        }
        if (status == OK) {
            status = fat_table_set(volume, loose->first, FAT_FREE);
        }
        if (status < 0) {
            break;
        }
        volume->space.free +=
            volume->space.free < volume->clusters && !fat_table_is_split(volume, loose->first);
        loose->clusters -= loose->clusters > 0;
        if (!fat_is_cluster(volume, next)) {
            *is_done = true;
            break;
        }
        loose->first = next;
        (void)fat_pause(i);
    }
    return status;
}

int fat_chain_free_loose(struct fat_volume *volume)
{
    struct fat_space *space = &volume->space;
    int status = OK;
    bool is_done = true;

    fat_changes_begin(volume);
    while (status == OK && is_done && space->loose_count > 0 &&
           fat_changes_room(volume) >= FAT_EXTEND_SECTORS) {
        status = free_front(volume, &space->loose[0], &is_done);
        if (status == OK && is_done) {
            space->loose_count--;
            memmove(space->loose, space->loose + 1, space->loose_count * sizeof(*space->loose));
        }
    }
    if (status < 0) {
        fat_changes_undo(volume);
    } else {
        fat_changes_keep(volume);
    }
    return status;
}
