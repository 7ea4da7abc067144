/*
 * device/block.c - see block.h.
 *
 * Size before speed.
 */
#include "device/block.h"

#include "base/status.h"

static bool is_inside(const struct block_device *device, uint32_t lba, uint32_t count)
{
    return lba <= device->sector_count && count <= device->sector_count - lba;
}

int block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    if (!is_inside(device, lba, count)) {
        return -EBOUNDS;
    }
    return count ? device->operations->read(device, lba, count, buffer) : OK;
}

int block_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    if (!is_inside(device, lba, count)) {
        return -EBOUNDS;
    }
    if (device->is_read_only || !device->operations->write) {
        return -ERDONLY;
    }
    return count ? device->operations->write(device, lba, count, buffer) : OK;
}

int block_flush(struct block_device *device)
{
    return device->operations->flush ? device->operations->flush(device) : OK;
}
