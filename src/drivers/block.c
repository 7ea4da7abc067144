/*
 * drivers/block.c - see block.h.
 *
 * Size before speed.
 */
#include "drivers/block.h"

#include "base/status.h"

int block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    if (lba > device->sector_count || count > device->sector_count - lba) {
        return -EBOUNDS;
    }
    return count ? device->read(device, lba, count, buffer) : OK;
}
