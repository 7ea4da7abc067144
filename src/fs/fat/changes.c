/*
 * fs/fat/changes.c - see changes.h.
 *
 * Size before speed.
 */
#include "fs/fat/changes.h"

#include "base/status.h"
#include "debug/panic.h"
#include "device/block_cache.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "task/task.h"

/* Four bits at a time: the remainders of their polynomials, reflected. */
uint32_t fat_crc(uint32_t crc, const void *bytes, size_t length)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    const uint8_t *byte = bytes;

    crc = ~crc;
    for (; length > 0; length--, byte++) {
        crc = table[(crc ^ *byte) & 0xF] ^ crc >> 4;
        crc = table[(crc ^ *byte >> 4) & 0xF] ^ crc >> 4;
    }
    return ~crc;
}

static void close_window(struct fat_volume *volume)
{
    if (volume->window) {
        block_cache_put(volume->window);
        volume->window = NULL;
    }
}

/* A sector that the volume's own numbers lead to: one behind the device's end is their fault. */
static int get_block(struct fat_volume *volume, uint32_t sector, struct cached_block **block)
{
    int status = block_cache_get(volume->device, sector, block);

    return status == -EBOUNDS ? -ECORRUPT : status;
}

int fat_sector_load(struct fat_volume *volume, uint32_t sector)
{
    close_window(volume);

    int status = get_block(volume, sector, &volume->window);

    if (status < 0) {
        volume->window = NULL;
        return status;
    }
    volume->window_sector = sector;
    volume->window_bytes = block_cache_bytes(volume->window);
    return OK;
}

struct fat_change *fat_change_find(struct fat_volume *volume, uint32_t sector)
{
    for (uint32_t i = 0; i < volume->change_count; i++) {
        if (volume->changes[i].sector == sector) {
            return &volume->changes[i];
        }
    }
    return NULL;
}

/* Adds a change of that sector, which nothing of it is changed of yet. An operation may add as many
 * as there can be, and each costs 12 instructions for a byte: so others run in between. */
static int add(struct fat_volume *volume, uint32_t sector, enum fat_kind kind,
               struct fat_change **change)
{
    struct cached_block *block;
    uint8_t *stands = NULL;

    if (volume->change_count == volume->changes_max) {
        return -ENOMEM;
    }
    if (kind == FAT_KIND_TABLE) {
        stands = kmem_alloc(volume->sector_bytes);
        if (!stands) {
            return -ENOMEM;
        }
    }
    int status = get_block(volume, sector, &block);
    if (status < 0) {
        kmem_free(stands);
        return status;
    }
    if (stands) {
        memcpy(stands, block_cache_bytes(block), volume->sector_bytes);
    }
    block_cache_pin(block);
    block_cache_mark_dirty(block);
    block_cache_put(block);
    *change = &volume->changes[volume->change_count++];
    **change = (struct fat_change){
        .sector = sector,
        .block = block,
        .stands = stands,
        .before = fat_crc(0, block_cache_bytes(block), volume->sector_bytes),
        .kind = (uint8_t)kind,
        .is_new = true,
    };
    (void)task_pause();
    return OK;
}

int fat_sector_change(struct fat_volume *volume, uint32_t sector, enum fat_kind kind,
                      uint8_t **bytes)
{
    struct fat_change *change = fat_change_find(volume, sector);

    KASSERT(volume->is_operating);
    if (!change || !change->saved) {
        uint8_t *saved = kmem_alloc(volume->sector_bytes);
        int status = !saved ? -ENOMEM : change ? OK : add(volume, sector, kind, &change);

        if (status < 0) {
            kmem_free(saved);
            return status;
        }
        memcpy(saved, block_cache_bytes(change->block), volume->sector_bytes);
        change->saved = saved;
    }
    *bytes = block_cache_bytes(change->block);
    return OK;
}

bool fat_changes_order(struct fat_volume *volume, uint32_t from, uint32_t to)
{
    struct fat_change *first = fat_change_find(volume, from);
    struct fat_change *second = fat_change_find(volume, to);

    if (from == to) {
        return true; /* one sector, written whole */
    }
    if (!first || !second || first->has_moved || first->kind == FAT_KIND_PARENT ||
        second->kind == FAT_KIND_REMOVAL || second->kind == FAT_KIND_PARENT) {
        return false;
    }
    first->kind = FAT_KIND_REMOVAL;
    second->has_moved = true;
    return true;
}

bool fat_changes_order_parent(struct fat_volume *volume, uint32_t sector)
{
    struct fat_change *change = fat_change_find(volume, sector);

    if (!change || change->has_moved || change->kind == FAT_KIND_REMOVAL) {
        return false;
    }
    change->kind = FAT_KIND_PARENT;
    return true;
}

bool fat_is_changed(const struct fat_volume *volume, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < volume->change_count; i++) {
        if (volume->changes[i].sector - first < count) {
            return true;
        }
    }
    return false;
}

void fat_changes_begin(struct fat_volume *volume)
{
    KASSERT(!volume->is_operating);
    volume->is_operating = true;
    volume->space_before = volume->space;
}

void fat_changes_keep(struct fat_volume *volume)
{
    for (uint32_t i = 0; i < volume->change_count; i++) {
        kmem_free(volume->changes[i].saved);
        volume->changes[i].saved = NULL;
        volume->changes[i].is_new = false;
    }
    volume->is_operating = false;
}

/* Takes a change off the list. */
static void drop(struct fat_volume *volume, struct fat_change *change)
{
    kmem_free(change->stands);
    *change = volume->changes[--volume->change_count];
}

void fat_changes_undo(struct fat_volume *volume)
{
    for (uint32_t i = volume->change_count; i-- > 0;) {
        struct fat_change *change = &volume->changes[i];

        if (change->saved) {
            memcpy(block_cache_bytes(change->block), change->saved, volume->sector_bytes);
            kmem_free(change->saved);
            change->saved = NULL;
        }
        if (change->is_new) {
            block_cache_unpin(change->block); /* dirty, with the disk's own bytes: harmless */
            drop(volume, change);
        }
    }
    volume->space = volume->space_before;
    volume->is_operating = false;
}

/* The same sector of the FATs that are only written. */
static int write_copies(struct fat_volume *volume, uint32_t sector, const uint8_t *bytes)
{
    int status = OK;

    for (uint32_t copy = 1; status == OK && copy <= volume->fat_copies; copy++) {
        status = block_cache_write(volume->device, sector + copy * volume->fat_sectors, 1, bytes);
    }
    return status;
}

/* These bytes stand in the change's sector now. */
static void note_written(const struct fat_volume *volume, struct fat_change *change,
                         const uint8_t *bytes)
{
    if (change->stands) {
        memcpy(change->stands, bytes, volume->sector_bytes);
    }
    change->before = fat_crc(0, bytes, volume->sector_bytes);
}

int fat_change_write(struct fat_volume *volume, uint32_t number)
{
    struct fat_change *change = &volume->changes[number];
    struct cached_block *block = change->block;

    block_cache_hold(block);
    block_cache_unpin(block);
    volume->is_unflushed = true;
    int status = block_cache_write_back(block);
    if (status == OK && change->kind == FAT_KIND_TABLE) {
        status = write_copies(volume, change->sector, block_cache_bytes(block));
        if (status < 0) {
            note_written(volume, change, block_cache_bytes(block));
        }
    }
    if (status == OK) {
        drop(volume, change);
    } else {
        block_cache_pin(block);
        block_cache_mark_dirty(block);
    }
    block_cache_put(block);
    return status;
}

int fat_change_write_part(struct fat_volume *volume, uint32_t number, const uint8_t *bytes)
{
    struct fat_change *change = &volume->changes[number];

    /* The block is pinned, with all of the change: it is not touched. */
    volume->is_unflushed = true;
    int status = block_write(volume->device, change->sector, 1, bytes);
    if (status == OK) {
        note_written(volume, change, bytes);
        status = write_copies(volume, change->sector, bytes);
    }
    return status;
}

int fat_flush(struct fat_volume *volume)
{
    int status = volume->is_unflushed ? block_flush(volume->device) : OK;

    volume->is_unflushed &= status < 0;
    return status;
}

void fat_changes_forget(struct fat_volume *volume)
{
    close_window(volume);
    if (volume->is_operating) {
        fat_changes_undo(volume);
    }
    while (volume->change_count > 0) {
        struct fat_change *change = &volume->changes[volume->change_count - 1];

        block_cache_unpin(change->block);
        block_cache_discard(volume->device, change->sector, 1);
        drop(volume, change);
    }
}
