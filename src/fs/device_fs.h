/*
 * fs/device_fs.h - /dev: a folder that has the devices (device/device.h) as its files.
 */
#ifndef FS_DEVICE_FS_H
#define FS_DEVICE_FS_H

#include "device/device.h"
#include "fs/vfs.h"

/* It has one volume. */
extern const struct file_system device_file_system;

/* The device that a node of kind NODE_DEVICE is. */
const struct device *device_fs_device(const struct node *node);

#endif
