/*
 * device/block.h - one way to read and write any disk.
 *
 * A driver fills a struct block_device and hands out a pointer to it; everything above (partition,
 * cache, file system) uses the functions below and does not know which driver it talks to.
 *
 * A disk may keep what was written in a memory of its own, which loses it without power.
 * block_flush() returns when all of that is on the medium; until then the disk may have written
 * some of it, in any order. A single sector is written whole or not at all.
 */
#ifndef DEVICE_BLOCK_H
#define DEVICE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/tree.h"

/* A sector of most disks, of all that Drupe's drivers accept, and of the boot sector. */
#define SECTOR_BYTES 512
/* A device's sectors have as many bytes or more, up to this; a power of two. */
#define SECTOR_BYTES_MAX 4096

struct block_device;

/*
 * What a driver offers. The range has been checked and is not empty; buffers are 2-byte aligned and
 * as long as the sectors. None waits for ever; none lets another task run.
 */
struct block_operations {
    /* 0 or -EIO; after an error the buffer holds anything. */
    int (*read)(struct block_device *device, uint32_t lba, uint32_t count, void *buffer);
    /* 0; -ERDONLY: the disk is protected; -EIO: any of the sectors may have been written. NULL: the
     * device can only be read. */
    int (*write)(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer);
    /* 0 or -EIO. NULL: what write() has written is on the medium. */
    int (*flush)(struct block_device *device);
};

struct block_device {
    const char *name;      /* for messages, such as "ata0" */
    const char *mode;      /* how it is read at present, for messages, such as "DMA" */
    uint32_t sector_count; /* capacity; a disk larger than 2^32 - 1 sectors is cut to that */
    uint32_t sector_bytes;
    bool is_read_only;
    const struct block_operations *operations;
    void *driver_data; /* the driver's own */

    /* The block cache's own; zero in the beginning, and again when it forgets the device. */
    struct tree dirty_pages;
    int write_error; /* 0 or the status of a write that nobody has been told of */
};

/* Reads count sectors from lba into buffer. 0; -EBOUNDS beyond the device's end; -EIO. count 0 is
 * fine. */
int block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer);

/* Writes them: 0; -EBOUNDS; -ERDONLY; -EIO, and then any of them may have been written. */
int block_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer);

/* Returns when all that was written is on the medium. 0; -EIO: some of it may not be. */
int block_flush(struct block_device *device);

#endif
