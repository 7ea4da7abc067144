/*
 * drivers/block.c - see block.h.
 *
 * Size before speed.
 */
#include "drivers/block.h"

#include "base/status.h"

static void (*wait_hook)(void);

void block_set_wait_hook(void (*hook)(void))
{
    wait_hook = hook;
}

void block_waits(void)
{
    if (wait_hook) {
        wait_hook();
    }
}

int block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    if (lba > device->sector_count || count > device->sector_count - lba) {
        return -EBOUNDS;
    }
    return count ? device->read(device, lba, count, buffer) : OK;
}
