/*
 * fs/device_fs.c - see device_fs.h. A device's number is its place in the order of registration,
 * from 1.
 *
 * Size before speed.
 */
#include "fs/device_fs.h"

#include "base/align.h"
#include "base/status.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"

#define NUMBER_ROOT 0

struct device_node {
    struct node node;
    const struct device *device; /* NULL: the root */
};

static const struct node_operations operations;

const struct device *device_fs_device(const struct node *node)
{
    return LIST_ENTRY(node, const struct device_node, node)->device;
}

static int enter(struct volume *volume, uint64_t number, const struct device *device,
                 struct node **node)
{
    struct device_node *made;

    *node = node_find(volume, number);
    if (*node) {
        return OK;
    }
    made = kmem_alloc(sizeof(*made));
    if (!made) {
        return -ENOMEM;
    }
    node_enter(&made->node, &operations, volume, number, device ? NODE_DEVICE : NODE_DIRECTORY, 0);
    made->device = device;
    *node = &made->node;
    return OK;
}

static int look_up(struct node *directory, const char *name, size_t length, struct node **node)
{
    const struct device *device;

    for (size_t n = 0; (device = device_at(n)) != NULL; n++) {
        if (strlen(device->name) == length && memcmp(device->name, name, length) == 0) {
            return enter(directory->volume, n + 1, device, node);
        }
    }
    return -ENOENT;
}

static int list(struct node *directory, uint64_t *cursor, struct node_listing *listing)
{
    const struct device *device = NULL;

    (void)directory;
    while (listing->left > 0 && (device = device_at((size_t)*cursor)) != NULL) {
        struct directory_record *record = node_listing_next(listing);

        *record = (struct directory_record){.number = *cursor + 1, .kind = NODE_DEVICE};
        size_t length = string_copy(node_listing_name(listing), device->name, NAME_BYTES_MAX);
        if (!node_listing_add(listing, length)) {
            break;
        }
        ++*cursor;
    }
    return device || listing->left == 0;
}

/* Drivers alone make devices. */
static int create(struct node *directory, const char *name, size_t length, unsigned kind,
                  int64_t now, struct node **node)
{
    int status = look_up(directory, name, length, node);

    (void)now;
    return status == OK                             ? -EEXISTS
           : status == -ENOENT && kind == NODE_FILE ? -ENODEVICE
           : status == -ENOENT                      ? -ERDONLY
                                                    : status;
}

static void forget(struct node *node)
{
    kmem_free(LIST_ENTRY(node, struct device_node, node));
}

static const struct node_operations operations = {
    .look_up = look_up,
    .list = list,
    .create = create,
    .forget = forget,
};

static void figures(struct volume *volume, struct volume_figures *figures)
{
    (void)volume;
    *figures = (struct volume_figures){0};
}

static struct volume only;

static void end(struct volume *volume)
{
    (void)volume;
}

static const struct volume_operations volume_operations = {.figures = figures, .end = end};

static int mount(struct block_device *device, uint64_t first_sector, unsigned flags,
                 struct volume **volume)
{
    (void)device;
    (void)first_sector;
    (void)flags;
    volume_initialise(&only, &volume_operations);
    only.type = "devices";
    *volume = &only;

    int status = enter(&only, NUMBER_ROOT, NULL, &only.root);

    if (status == OK) {
        only.root->is_read_only = true; /* its names, not the devices */
    }
    return status;
}

const struct file_system device_file_system = {.name = "devices", .mount = mount};
