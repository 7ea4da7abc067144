/*
 * device/device.h - what has a name in /dev: the console, and some that are made of code alone.
 *
 * A device is a static struct that registers itself once. It has no position: what is read or
 * written goes on where the last call ended.
 */
#ifndef DEVICE_DEVICE_H
#define DEVICE_DEVICE_H

#include <stddef.h>

#include "base/list.h"
#include "memory/io_buffer.h"

struct device_operations {
    /* Up to length bytes, for the running process. A count, 0: the end, or an error of status.h.
     * May wait; -EINTERRUPTED when the running task was cancelled. */
    int (*read)(struct io_buffer to, size_t length);
    int (*write)(struct io_buffer from, size_t length);
    /* What else it can do: abi/file.h's CONTROL_... 0 or an error. NULL: nothing else. */
    int (*control)(unsigned what, struct user_pointer argument);
};

struct device {
    const char *name;
    const struct device_operations *operations;
    struct list_node link; /* device.c's own */
};

/* Registers device, which lives for ever, under a name that no other has. */
void device_add(struct device *device);

/* The device of that name ("console"); NULL: there is none. */
struct device *device_find(const char *name);

/* The n-th device, from 0, in the order of registration; NULL behind the last. */
struct device *device_at(size_t n);

#endif
