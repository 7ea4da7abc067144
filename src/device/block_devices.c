/*
 * device/block_devices.c - see block_devices.h.
 *
 * Size before speed.
 */
#include "device/block_devices.h"

#include <stdbool.h>

#include "debug/panic.h"
#include "lib/format.h"
#include "lib/string.h"

static struct {
    struct block_entry entries[BLOCK_DEVICES_MAX];
    struct partition_device views[BLOCK_DEVICES_MAX]; /* of the entry of that index */
    size_t count;
} devices;

static struct block_entry *add(const char *name)
{
    KASSERT(devices.count < BLOCK_DEVICES_MAX && !block_device_find(name));
    struct block_entry *entry = &devices.entries[devices.count++];

    *entry = (struct block_entry){.device = NULL};
    string_copy(entry->name, name, sizeof(entry->name));
    return entry;
}

static bool overlap(const struct partition *one, const struct partition *other)
{
    return one->first_lba < other->first_lba
               ? other->first_lba - one->first_lba < one->sector_count
               : one->first_lba - other->first_lba < other->sector_count;
}

void block_devices_add(const char *name, struct block_device *disk,
                       const struct partition *partitions, size_t count)
{
    add(name)->device = disk;
    for (size_t i = 0; i < count; i++) {
        struct partition_device *view = &devices.views[devices.count];
        char own_name[BLOCK_NAME_BYTES_MAX];

        format_to_buffer(own_name, sizeof(own_name), "%sp%u", name, partitions[i].number);
        struct block_entry *entry = add(own_name);

        partition_open(disk, &partitions[i], view);
        view->device.name = entry->name;
        for (size_t j = 0; j < count; j++) {
            view->device.is_read_only |= i != j && overlap(&partitions[i], &partitions[j]);
        }
        entry->device = &view->device;
        entry->whole = disk;
        entry->number = partitions[i].number;
        entry->type = partitions[i].type;
    }
}

const struct block_entry *block_devices_get(size_t i)
{
    return i < devices.count ? &devices.entries[i] : NULL;
}

struct block_device *block_device_find(const char *name)
{
    for (size_t i = 0; i < devices.count; i++) {
        if (strcmp(devices.entries[i].name, name) == 0) {
            return devices.entries[i].device;
        }
    }
    return NULL;
}

struct block_device *block_device_find_partition(const struct block_device *disk, uint8_t number)
{
    for (size_t i = 0; i < devices.count; i++) {
        if (devices.entries[i].whole == disk && devices.entries[i].number == number) {
            return devices.entries[i].device;
        }
    }
    return NULL;
}
