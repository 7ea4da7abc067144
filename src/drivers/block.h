/*
 * drivers/block.h - one way to read any disk.
 *
 * A driver fills a struct block_device and hands out a pointer to it; everything
 * above (partition, cache, file system) reads through block_read() and does not
 * know which driver it talks to.
 */
#ifndef DRIVERS_BLOCK_H
#define DRIVERS_BLOCK_H

#include <stdint.h>

#define SECTOR_BYTES 512

struct block_device {
    const char *name;      /* for messages, such as "ata0" */
    const char *mode;      /* how it is read at present, for messages, such as "DMA" */
    uint32_t sector_count; /* capacity; a disk larger than 2 TiB is cut to 2^32 - 1 */
    void *driver_data;     /* the driver's own */
    /*
     * Reads count sectors from lba into buffer (2-byte aligned, count * SECTOR_BYTES long).
     * 0 or -EIO. The range has been checked. Never waits for ever.
     */
    int (*read)(struct block_device *device, uint32_t lba, uint32_t count, void *buffer);
};

/* Reads count sectors from lba. 0; -EBOUNDS beyond the device's end; -EIO. count 0 is fine. */
int block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer);

#endif
