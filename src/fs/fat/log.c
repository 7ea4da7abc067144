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
static const char list_magic[] = "DRUPETX2";

/* The sectors of a list of that many entries. */
static uint32_t list_sectors(const struct fat_volume *volume, uint32_t count)
{
    uint32_t bytes = (uint32_t)(sizeof(struct fat_log_list) +
                                count * sizeof(((struct fat_log_list *)NULL)->entries[0]));

    return (bytes + volume->sector_bytes - 1) / volume->sector_bytes;
}

/* The bytes that the list has for its first sector. */
static const uint8_t *sectors_of(const struct fat_volume *volume, const struct fat_log_list *list)
{
    return (const uint8_t *)list + list_sectors(volume, list->count) * volume->sector_bytes;
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

/* Is it a sector that a transaction may write: not the log's own, no FAT that is only a copy; and
 * of that kind? Folders' clusters can lie anywhere behind them. */
static bool may_be_written(const struct fat_volume *volume, const struct fat_log_entry *entry)
{
    uint64_t end = volume->data_sector + (uint64_t)volume->clusters * volume->cluster_sectors;
    uint32_t sector = entry->sector;
    bool is_table =
        sector >= volume->fat_sector && sector - volume->fat_sector < volume->fat_sectors;

    return sector < end && (sector < volume->log.first || sector >= volume->reserved_sectors) &&
           entry->kind < FAT_KINDS && is_table == (entry->kind == FAT_KIND_TABLE);
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
    const uint8_t *sector = sectors_of(volume, list);
    for (uint32_t i = 0; i < list->count; i++, sector += volume->sector_bytes) {
        if (!may_be_written(volume, &list->entries[i]) ||
            fat_crc(0, sector, volume->sector_bytes) != list->entries[i].after) {
            return NULL;
        }
        (void)task_pause();
    }
    return list;
}

/* Does what stands in an entry's place come from the transaction, or from before it? 1 or 0; an
 * error. */
static int is_known(struct fat_volume *volume, const struct fat_log_entry *entry)
{
    const uint8_t *bytes;
    int status = fat_sector_read(volume, entry->sector, &bytes);

    if (status < 0) {
        return status;
    }
    uint32_t now = fat_crc(0, bytes, volume->sector_bytes);
    bool is = now == entry->before || now == entry->after;
    for (unsigned step = 0; step < ARRAY_SIZE(entry->between); step++) {
        is |= now == entry->between[step];
    }
    return is;
}

/* A half's sectors become changes. */
static int change_again(struct fat_volume *volume, const struct fat_log_list *list)
{
    const uint8_t *from = sectors_of(volume, list);
    int status = OK;

    fat_changes_begin(volume);
    for (uint32_t i = 0; status == OK && i < list->count; i++, from += volume->sector_bytes) {
        const struct fat_log_entry *entry = &list->entries[i];
        uint8_t *bytes;

        status = fat_sector_change(volume, entry->sector, (enum fat_kind)entry->kind, &bytes);
        if (status == OK) {
            memcpy(bytes, from, volume->sector_bytes);
        }
        (void)task_pause();
    }
    if (status < 0) {
        fat_changes_undo(volume);
    } else {
        fat_changes_keep(volume);
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

/* The last transaction, in the buffer; NULL: there is none, or *status is an error. */
static const struct fat_log_list *read_last(struct fat_volume *volume, int *status)
{
    const struct fat_log_list *last = NULL;

    *status = read_head(volume, &volume->log.sequence);
    for (unsigned which = 0; *status == OK && which < 2; which++) {
        const struct fat_log_list *list = read_half(volume, which, status);

        if (list && list->sequence > volume->log.sequence) {
            volume->log.sequence = list->sequence;
            last = list;
        }
    }
    /* The second half has overwritten the first one. */
    return *status == OK && last ? read_half(volume, volume->log.sequence & 1, status) : NULL;
}

int fat_log_recover(struct fat_volume *volume, bool *has_loose, bool *is_foreign)
{
    int status;
    const struct fat_log_list *list = read_last(volume, &status);

    *has_loose = *is_foreign = false;
    if (!list) {
        return status;
    }
    *has_loose = list->flags & FAT_LOG_HAS_LOOSE;
    for (uint32_t i = 0; i < list->count && !*is_foreign; i++) {
        status = is_known(volume, &list->entries[i]);
        if (status < 0) {
            return status;
        }
        *is_foreign = !status;
        (void)task_pause();
    }
    status = *is_foreign ? OK : change_again(volume, list);
    return status < 0 ? status : 1;
}

/* ---------------------------------------------------------------- writing */

/* What the list says of a change. */
static int fill_entry(struct fat_volume *volume, const struct fat_change *change,
                      struct fat_log_entry *entry)
{
    int status = OK;

    *entry = (struct fat_log_entry){
        .sector = change->sector,
        .kind = change->kind,
        .before = change->before,
        .after = fat_crc(0, block_cache_bytes(change->block), volume->sector_bytes),
    };
    for (unsigned step = 0; status == OK && step < ARRAY_SIZE(entry->between); step++) {
        const uint8_t *bytes = NULL;

        if (change->stands) {
            status = fat_steps_bytes(volume, change, step, &bytes);
        }
        entry->between[step] =
            bytes == volume->part ? fat_crc(0, bytes, volume->sector_bytes) : entry->after;
    }
    return status;
}

int fat_log_write(struct fat_volume *volume, bool has_loose)
{
    struct fat_log_list *list = (struct fat_log_list *)(void *)volume->log.buffer;
    uint32_t count = volume->change_count;
    uint32_t list_length = list_sectors(volume, count);
    uint64_t sequence = volume->log.sequence + 1;
    uint8_t *to = volume->log.buffer + list_length * volume->sector_bytes;
    int status = OK;

    memset(list, 0, list_length * volume->sector_bytes);
    memcpy(list->magic, list_magic, sizeof(list->magic));
    list->serial = volume->serial;
    list->count = count;
    list->sequence = sequence;
    list->flags = has_loose ? FAT_LOG_HAS_LOOSE : 0;
    for (uint32_t i = 0; status == OK && i < count; i++, to += volume->sector_bytes) {
        memcpy(to, block_cache_bytes(volume->changes[i].block), volume->sector_bytes);
        status = fill_entry(volume, &volume->changes[i], &list->entries[i]);
        (void)task_pause();
    }
    list->crc = list_crc(list);
    if (status == OK) {
        status = block_cache_write(volume->device, HALF_SECTOR(volume, sequence),
                                   list_length + count, volume->log.buffer);
    }
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
