/*
 * fs/fat/log.c - see log.h.
 *
 * Size before speed.
 */
#include "fs/fat/log.h"

#include "base/align.h"
#include "base/status.h"
#include "device/block_cache.h"
#include "fs/fat/changes.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "task/task.h"

#define HEAD_SECTOR(volume) ((volume)->log.first + 1)
#define HALF_SECTOR(volume, sequence) \
    ((volume)->log.first + 2 + (uint32_t)((sequence)&1) * (volume)->log.half)

static const char header_magic[] = "DRUPELOG";
static const char head_magic[] = "DRUPEHED";
static const char list_magic[] = "DRUPETXN";

/* The sectors of a list of that many entries. */
static uint32_t list_sectors(const struct fat_volume *volume, uint32_t count)
{
    uint32_t bytes = (uint32_t)(sizeof(struct fat_log_list) +
                                count * sizeof(((struct fat_log_list *)NULL)->entries[0]));

    return (bytes + volume->sector_bytes - 1) / volume->sector_bytes;
}

static uint32_t list_crc(const struct fat_log_list *list)
{
    static const uint32_t zero = 0;
    uint32_t crc = fat_crc(0, list, offsetof(struct fat_log_list, crc));

    crc = fat_crc(crc, &zero, sizeof(zero));
    return fat_crc(crc, list->entries, list->count * sizeof(list->entries[0]));
}

/* ---------------------------------------------------------------- finding it */

static bool is_header(const struct fat_volume *volume, const struct fat_log_header *header)
{
    return memcmp(header->magic, header_magic, sizeof(header->magic)) == 0 &&
           header->version == FAT_LOG_VERSION && header->serial == volume->serial &&
           header->first == FAT_LOG_SECTOR &&
           header->crc == fat_crc(0, header, offsetof(struct fat_log_header, crc)) &&
           header->sectors > 2 && header->sectors <= volume->reserved_sectors - FAT_LOG_SECTOR;
}

int fat_log_find(struct fat_volume *volume)
{
    const uint8_t *bytes;

    volume->log = (struct fat_log){0};
    if (volume->reserved_sectors <= FAT_LOG_SECTOR + 2) {
        return OK;
    }
    int status = fat_sector_read(volume, FAT_LOG_SECTOR, &bytes);
    if (status < 0) {
        return status;
    }
    const struct fat_log_header *header = (const struct fat_log_header *)bytes;
    if (!is_header(volume, header)) {
        return OK;
    }
    uint32_t half = (header->sectors - 2) / 2;
    uint32_t room = MIN(half, FAT_CHANGES_MAX);
    while (room > 0 && list_sectors(volume, room) + room > half) {
        room--;
    }
    if (room < FAT_LOG_ROOM_MIN) {
        return OK;
    }
    half = list_sectors(volume, room) + room; /* the rest would be of no use */
    volume->log.buffer = kmem_alloc((size_t)half * volume->sector_bytes);
    if (!volume->log.buffer) {
        return -ENOMEM;
    }
    volume->log.first = FAT_LOG_SECTOR;
    volume->log.half = half;
    volume->log.room = room;
    return OK;
}

void fat_log_close(struct fat_volume *volume)
{
    kmem_free(volume->log.buffer);
    volume->log = (struct fat_log){0};
}

/* ---------------------------------------------------------------- recovery */

/* The first and the last sector that a transaction may write: not the log's own, no FAT that is
 * only a copy. Folders' clusters can lie anywhere behind them. */
static bool may_be_written(const struct fat_volume *volume, uint32_t sector)
{
    uint64_t end = volume->data_sector + (uint64_t)volume->clusters * volume->cluster_sectors;

    return sector < end && (sector < volume->log.first || sector >= volume->reserved_sectors);
}

/* Reads a half into the buffer: its list, when it is whole; else NULL. *status: -EIO. */
static const struct fat_log_list *read_half(struct fat_volume *volume, unsigned which, int *status)
{
    const struct fat_log_list *list = (const struct fat_log_list *)(void *)volume->log.buffer;

    *status = block_cache_read(volume->device, HALF_SECTOR(volume, which), 0, volume->log.buffer,
                               volume->log.half * volume->sector_bytes);
    if (*status < 0 || memcmp(list->magic, list_magic, sizeof(list->magic)) != 0 ||
        list->serial != volume->serial || (list->sequence & 1) != which ||
        list->count > volume->log.room || list->crc != list_crc(list)) {
        return NULL;
    }
    const uint8_t *sector =
        volume->log.buffer + list_sectors(volume, list->count) * volume->sector_bytes;
    for (uint32_t i = 0; i < list->count; i++, sector += volume->sector_bytes) {
        if (!may_be_written(volume, list->entries[i].sector) ||
            fat_crc(0, sector, volume->sector_bytes) != list->entries[i].after) {
            return NULL;
        }
    }
    return list;
}

/* What both halves say of the places: each entry, and whether it holds for what stands there. */
struct places {
    uint32_t count;
    struct {
        uint32_t sector;
        uint32_t now; /* the CRC of what stands there */
        bool is_known;
    } places[2 * FAT_CHANGES_MAX];
};

static int add_places(struct fat_volume *volume, const struct fat_log_list *list,
                      struct places *places)
{
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t sector = list->entries[i].sector, p = 0;

        while (p < places->count && places->places[p].sector != sector) {
            p++;
        }
        if (p == places->count) {
            const uint8_t *bytes;
            int status = fat_sector_read(volume, sector, &bytes);

            if (status < 0) {
                return status;
            }
            places->places[places->count++] = (typeof(places->places[0])){
                .sector = sector, .now = fat_crc(0, bytes, volume->sector_bytes)};
        }
        places->places[p].is_known |= places->places[p].now == list->entries[i].before ||
                                      places->places[p].now == list->entries[i].after;
    }
    return OK;
}

/* A half's sectors to their places; those of the FAT into all FATs. */
static int replay(struct fat_volume *volume, const struct fat_log_list *list)
{
    const uint8_t *bytes =
        volume->log.buffer + list_sectors(volume, list->count) * volume->sector_bytes;
    int status = OK;

    for (uint32_t i = 0; status == OK && i < list->count; i++, bytes += volume->sector_bytes) {
        uint32_t sector = list->entries[i].sector;
        bool is_table =
            sector >= volume->fat_sector && sector - volume->fat_sector < volume->fat_sectors;
        uint32_t copies = is_table ? volume->fat_copies : 0;

        for (uint32_t copy = 0; status == OK && copy <= copies; copy++) {
            status =
                block_cache_write(volume->device, sector + copy * volume->fat_sectors, 1, bytes);
        }
    }
    return status;
}

static int read_head(struct fat_volume *volume, uint64_t *sequence)
{
    const uint8_t *bytes;
    int status = fat_sector_read(volume, HEAD_SECTOR(volume), &bytes);

    if (status < 0) {
        return status;
    }
    const struct fat_log_head *head = (const struct fat_log_head *)bytes;
    *sequence = memcmp(head->magic, head_magic, sizeof(head->magic)) == 0 &&
                        head->serial == volume->serial &&
                        head->crc == fat_crc(0, head, offsetof(struct fat_log_head, crc))
                    ? head->sequence
                    : 0;
    return OK;
}

/* The two halves in the order of their transactions, those that count. Returns how many. */
static int sort_halves(struct fat_volume *volume, unsigned order[2])
{
    uint64_t sequences[2] = {0, 0}, head = 0;
    int status = read_head(volume, &head);

    volume->log.sequence = head;
    for (unsigned half = 0; status == OK && half < 2; half++) {
        const struct fat_log_list *list = read_half(volume, half, &status);

        if (list && list->sequence > head) {
            sequences[half] = list->sequence;
            volume->log.sequence = MAX(volume->log.sequence, list->sequence);
        }
    }
    if (status < 0) {
        return status;
    }
    unsigned first = sequences[1] != 0 && (sequences[0] == 0 || sequences[1] < sequences[0]);
    int count = 0;
    for (unsigned i = 0; i < 2; i++) {
        unsigned half = i ? !first : first;
        /* Of two that do not follow one another, the older is what a third one was to overwrite. */
        if (sequences[half] != 0 && sequences[half] + 1 >= volume->log.sequence) {
            order[count++] = half;
        }
    }
    return count;
}

int fat_log_recover(struct fat_volume *volume, bool *has_loose, bool *is_foreign)
{
    struct places *places = kmem_zalloc(sizeof(*places));
    unsigned order[2];
    int count = places ? sort_halves(volume, order) : -ENOMEM;
    int status = OK;

    *has_loose = *is_foreign = false;
    for (int i = 0; status == OK && i < count; i++) {
        const struct fat_log_list *list = read_half(volume, order[i], &status);

        if (list) {
            *has_loose = list->flags & FAT_LOG_HAS_LOOSE;
            status = add_places(volume, list, places);
        }
    }
    for (uint32_t i = 0; places && i < places->count; i++) {
        *is_foreign |= !places->places[i].is_known;
    }
    kmem_free(places);
    for (int i = 0; status == OK && i < count && !*is_foreign; i++) {
        const struct fat_log_list *list = read_half(volume, order[i], &status);

        if (list) {
            status = replay(volume, list);
        }
    }
    return status < 0 ? status : count;
}

/* ---------------------------------------------------------------- writing */

int fat_log_write(struct fat_volume *volume, bool has_loose)
{
    struct fat_log_list *list = (struct fat_log_list *)(void *)volume->log.buffer;
    uint32_t count = volume->change_count;
    uint32_t list_length = list_sectors(volume, count);
    uint64_t sequence = volume->log.sequence + 1;
    uint8_t *to = volume->log.buffer + list_length * volume->sector_bytes;

    memset(list, 0, list_length * volume->sector_bytes);
    memcpy(list->magic, list_magic, sizeof(list->magic));
    list->serial = volume->serial;
    list->count = count;
    list->sequence = sequence;
    list->flags = has_loose ? FAT_LOG_HAS_LOOSE : 0;
    for (uint32_t i = 0; i < count; i++, to += volume->sector_bytes) {
        const struct fat_change *change = &volume->changes[i];

        memcpy(to, block_cache_bytes(change->block), volume->sector_bytes);
        list->entries[i].sector = change->sector;
        list->entries[i].before = change->before;
        list->entries[i].after = fat_crc(0, to, volume->sector_bytes);
        (void)task_pause();
    }
    list->crc = list_crc(list);
    int status = block_cache_write(volume->device, HALF_SECTOR(volume, sequence),
                                   list_length + count, volume->log.buffer);
    if (status == OK) {
        status = block_flush(volume->device);
    }
    if (status == OK) {
        volume->is_unflushed = false;
        volume->log.sequence = sequence;
    }
    return status;
}

int fat_log_move_head(struct fat_volume *volume)
{
    struct fat_log_head *head = (struct fat_log_head *)(void *)volume->log.buffer;

    memset(head, 0, volume->sector_bytes);
    memcpy(head->magic, head_magic, sizeof(head->magic));
    head->serial = volume->serial;
    head->sequence = volume->log.sequence;
    head->crc = fat_crc(0, head, offsetof(struct fat_log_head, crc));
    int status = block_cache_write(volume->device, HEAD_SECTOR(volume), 1, volume->log.buffer);
    return status == OK ? block_flush(volume->device) : status;
}
