/*
 * stub_devices.c - fs/device_fs.h and fs/device_file.h for host tests of volumes, which have no
 * devices.
 */
#include "base/status.h"
#include "fs/device_file.h"
#include "fs/device_fs.h"

const struct device *device_fs_device(const struct node *node)
{
    (void)node;
    return NULL;
}

int device_file_open(const struct device *device, uint32_t flags, struct file **file)
{
    (void)device;
    (void)flags;
    (void)file;
    return -ENOENT;
}
