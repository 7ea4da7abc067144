/*
 * device/block_cache.h - sectors of disks in memory: what was read, kept for the next time, and
 * what is to be written, kept until it is.
 *
 * It is for what a volume needs for itself (FAT, folders). A sector in it is a *block*; a page of
 * the kernel heap holds the blocks of PAGE_SIZE_BYTES side by side, from a multiple of that on; a
 * device's last page may hold fewer. The life of a block:
 *
 *     block_cache_get()         it is in memory and *held*: its bytes stay where they are
 *     block_cache_mark_dirty()  its bytes were changed, or are about to be; in memory only
 *     block_cache_pin()         it stays dirty and is not written, whatever happens, until unpinned
 *     block_cache_put()         no longer held by this caller
 *     written                   by sync, by write_back, or at any time when the cache needs room
 *
 * So a block that is dirty and not pinned may reach the disk at any moment, and in any order with
 * others. Who needs an order either pins, or calls block_cache_write_back() for what must be first
 * and block_flush() between the two.
 *
 * Several callers may hold a block. The cache does not keep them apart: for that, a volume has a
 * lock of its own. None of this is for interrupt handlers.
 *
 * How many pages: up to a sixteenth of all memory, but at least BLOCK_CACHE_PAGES_MIN and at most
 * BLOCK_CACHE_PAGES_MAX, and no more once less than a sixteenth is free. Then the page that was
 * used longest ago makes room, after its dirty blocks are written. Pages with held or pinned blocks
 * stay. When all do, there may be twice as many pages, and then block_cache_get() fails: nobody may
 * hold and pin the blocks of more than BLOCK_CACHE_PAGES_MIN pages.
 *
 * Errors of writing. Who calls block_cache_write_back() or block_cache_write() is told. An error in
 * a write that nobody asked for stays with the device, and block_cache_sync() returns it, once. A
 * block that could not be written stays dirty and is tried again by the next sync.
 *
 * Long reads of what is not here go to the device in one transfer and leave the cache alone. So do
 * reads that fail: only what the device gave without an error is kept. A bad sector fails the reads
 * that need it, not those of its neighbours.
 *
 * A block is known by the device that it was asked of. Two partitions of a disk have nothing in
 * common here; a partition and its whole disk do not see each other's dirty blocks.
 */
#ifndef DEVICE_BLOCK_CACHE_H
#define DEVICE_BLOCK_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/block.h"

#define BLOCK_CACHE_PAGES_MIN 64
#define BLOCK_CACHE_PAGES_MAX 1024
#define BLOCK_CACHE_FRACTION  16

/* A read of this many bytes or more is long. */
#define BLOCK_CACHE_LONG_BYTES 32768

struct cached_block;

/*
 * The block of sector lba, held, in *block. 0; -EBOUNDS; -EIO: it cannot be read; -ENOMEM. May
 * wait. To be given back by block_cache_put().
 */
int block_cache_get(struct block_device *device, uint32_t lba, struct cached_block **block);

/*
 * The same, but nothing is read: the block is all zeros and dirty, whatever it was before. 0;
 * -EBOUNDS; -ENOMEM. May wait.
 */
int block_cache_get_new(struct block_device *device, uint32_t lba, struct cached_block **block);

/* The sector_bytes bytes of a block that is held or pinned, 512-byte aligned. */
void *block_cache_bytes(struct cached_block *block);

/* For a block that is held or pinned. */
void block_cache_mark_dirty(struct cached_block *block);
bool block_cache_is_dirty(const struct cached_block *block);

/*
 * A dirty block that is held or pinned is not written until each pin has its unpin. While it is
 * pinned, the pointer to it stays valid even when nobody holds it. At most 255 pins.
 */
void block_cache_pin(struct cached_block *block);
void block_cache_unpin(struct cached_block *block);

/* Holds it once more, a block that is held or pinned. */
void block_cache_hold(struct cached_block *block);

void block_cache_put(struct cached_block *block);

/*
 * Writes a block now that is held and not pinned, if it is dirty: 0, and it is with the device, but
 * perhaps not on the medium (block_flush()); -EIO, -ERDONLY: it stays dirty.
 */
int block_cache_write_back(struct cached_block *block);

/*
 * Writes what was dirty when it was called, except for pinned blocks, in the order of the sectors,
 * then flushes the device. 0; -EIO, -ERDONLY: the first error since the last sync that nobody was
 * told of, of any write-back or of this one; the rest is written all the same, unless errors are
 * many. May wait. Goes on when its task is cancelled.
 */
int block_cache_sync(struct block_device *device);

/*
 * Reads length bytes from byte offset (below sector_bytes) of sector lba on, into kernel memory of
 * any alignment; it sees what is dirty. 0; -EBOUNDS beyond the device's end; -EIO; -ENOMEM.
 */
int block_cache_read(struct block_device *device, uint32_t lba, uint32_t offset, void *buffer,
                     uint32_t length);

/*
 * Writes count whole sectors to the device now, for contents that are not kept here: in as few
 * transfers as the device allows. Blocks of them that are here have the new bytes, and are no
 * longer dirty; none may be pinned. buffer: 2-byte aligned. 0; -EBOUNDS; -ERDONLY; -EIO: any of the
 * sectors may have been written, and none is here any more.
 */
int block_cache_write(struct block_device *device, uint32_t lba, uint32_t count,
                      const void *buffer);

/*
 * These sectors have no meaning any more, such as a folder's that was removed: what is dirty of
 * them is not written. To be called before they are given to anybody else. None may be pinned. The
 * range may reach beyond the device. May wait.
 */
void block_cache_discard(struct block_device *device, uint32_t lba, uint32_t count);

/* The sector itself, in *sector, until the next call of anything here. Errors as of
 * block_cache_get(). */
int block_cache_sector(struct block_device *device, uint32_t lba, const void **sector);

/* Drops all of a device's blocks: its volume is no longer used. None may be dirty or held (if they
 * cannot be written: block_cache_discard()). May wait. */
void block_cache_forget(struct block_device *device);

/* Gives back at most that many pages without dirty or held blocks, those used longest ago first.
 * Returns how many it gave back. For tests, which compare what is free: in the running kernel the
 * cache stops growing in time. */
size_t block_cache_shrink(size_t pages);

struct block_cache_stats {
    uint32_t hits;   /* sectors that were there, or of which a part was wanted and there */
    uint32_t misses; /* sectors that had to be read */
    uint32_t pages;
    uint32_t dirty; /* blocks of all devices */
};
void block_cache_get_stats(struct block_cache_stats *stats);

#endif
