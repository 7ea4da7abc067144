/*
 * fs/device_file.h - a device as an open file.
 */
#ifndef FS_DEVICE_FILE_H
#define FS_DEVICE_FILE_H

#include <stdint.h>

#include "device/device.h"
#include "fs/file.h"

/* Opens device for FILE_READ, FILE_WRITE or both; *file is the caller's, to close. 0 or -ENOMEM. */
int device_file_open(const struct device *device, uint32_t flags, struct file **file);

/* The one open file of the console that programs begin with, with a reference of the caller's. It
 * takes no memory. */
struct file *device_file_console(void);

#endif
