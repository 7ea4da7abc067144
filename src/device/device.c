/*
 * device/device.c - see device.h.
 *
 * Size before speed.
 */
#include "device/device.h"

#include "debug/panic.h"
#include "lib/string.h"

static struct list_node all = {&all, &all};

void device_add(struct device *device)
{
    KASSERT(!device_find(device->name));
    list_append(&all, &device->link);
}

struct device *device_find(const char *name)
{
    LIST_FOR_EACH(link, &all) {
        struct device *device = LIST_ENTRY(link, struct device, link);

        if (strcmp(device->name, name) == 0) {
            return device;
        }
    }
    return NULL;
}

struct device *device_at(size_t n)
{
    LIST_FOR_EACH(link, &all) {
        if (n-- == 0) {
            return LIST_ENTRY(link, struct device, link);
        }
    }
    return NULL;
}
