/*
 * drivers/block_cache.h - what was read from disks, kept for the next time.
 *
 * A block is BLOCK_CACHE_SECTORS sectors from a multiple of that, in a page of the kernel heap; a
 * device's last block may be shorter. When the cache may not grow, the block that was used longest
 * ago makes room. Pages are taken one by one as blocks come in: up to a sixteenth of all pages, but
 * at least BLOCK_CACHE_PAGES_MIN and at most BLOCK_CACHE_PAGES_MAX, and no more once less than a
 * sixteenth is free.
 *
 * Long reads of what is not here go to the device in one transfer and leave the cache alone. So do
 * reads that fail: only what the device gave without an error is kept. A bad sector fails the reads
 * that need it, not those of its neighbours.
 *
 * No lock: calls must not overlap, and interrupt handlers may not call.
 */
#ifndef DRIVERS_BLOCK_CACHE_H
#define DRIVERS_BLOCK_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/block.h"

#define BLOCK_CACHE_SECTORS   8
#define BLOCK_CACHE_PAGES_MIN 64
#define BLOCK_CACHE_PAGES_MAX 1024
#define BLOCK_CACHE_FRACTION  16

/* A read of this many bytes or more is long. */
#define BLOCK_CACHE_LONG_BYTES 32768

/*
 * Reads length bytes from byte offset (below SECTOR_BYTES) of sector lba on, into kernel memory of
 * any alignment. 0; -EBOUNDS beyond the device's end; -EIO; -ENOMEM.
 */
int block_cache_read(struct block_device *device, uint32_t lba, uint32_t offset, void *buffer,
                     uint32_t length);

/* The sector itself, in *sector, until the next call of anything here. Errors as above. */
int block_cache_sector(struct block_device *device, uint32_t lba, const void **sector);

/* Drops all of a device's blocks: it is no longer used, or was written to. */
void block_cache_forget(const struct block_device *device);

/* Gives back at most that many pages, those used longest ago first. Returns how many it gave back.
 * For tests, which compare what is free: in the running kernel the cache stops growing in time. */
size_t block_cache_shrink(size_t pages);

struct block_cache_stats {
    uint32_t hits;   /* sectors that were there, or of which a part was wanted and there */
    uint32_t misses; /* sectors that had to be read */
    uint32_t pages;
};
void block_cache_get_stats(struct block_cache_stats *stats);

#endif
