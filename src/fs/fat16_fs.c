/*
 * fs/fat16_fs.c - see fat16_fs.h. A file is known by its first cluster and its size: on a sound
 * volume no two have the same. Empty files have no cluster: they share a node.
 *
 * Size before speed.
 */
#include "fs/fat16_fs.h"

#include "base/align.h"
#include "base/status.h"
#include "fs/fat16.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/paging.h"

#define NUMBER_DIRECTORY (1ULL << 63)
#define NUMBER_ROOT      UINT64_MAX

struct fat16_file {
    struct node node;
    struct fat16_node fat; /* with the place that was read last */
};

struct fat16_mounted {
    struct volume volume;
    struct fat16_volume fat;
};

static const struct node_operations operations;

static struct fat16_file *file_of(struct node *node)
{
    return LIST_ENTRY(node, struct fat16_file, node);
}

static struct fat16_volume *volume_of(const struct node *node)
{
    return &LIST_ENTRY(node->volume, struct fat16_mounted, volume)->fat;
}

static uint64_t number_of(const struct fat16_node *fat)
{
    uint64_t number = (uint64_t)fat->first_cluster << 32;

    return fat->is_directory ? NUMBER_DIRECTORY | number
           : fat->size > 0   ? number | fat->size
                             : fat->is_read_only; /* no cluster is below 2 */
}

static int enter(struct volume *volume, uint64_t number, const struct fat16_node *fat,
                 struct node **node)
{
    struct fat16_file *file;

    *node = node_find(volume, number);
    if (*node) {
        return OK;
    }
    file = kmem_alloc(sizeof(*file));
    if (!file) {
        return -ENOMEM;
    }
    node_enter(&file->node, &operations, volume, number,
               fat->is_directory ? NODE_DIRECTORY : NODE_FILE, fat->size);
    file->node.is_read_only = fat->is_read_only;
    file->fat = *fat;
    *node = &file->node;
    return OK;
}

static int look_up(struct node *directory, const char *name, size_t length, struct node **node)
{
    char text[8 + 1 + 3 + 1];
    uint8_t padded[PATH_NAME_BYTES];
    struct fat16_node found;
    const char *rest = text;

    if (length >= sizeof(text)) {
        return -EBADPATH;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    if (path_next(&rest, padded) != 1) {
        return -EBADPATH;
    }
    int status = fat16_lookup(volume_of(directory), &file_of(directory)->fat, padded, &found);

    return status < 0 ? status : enter(directory->volume, number_of(&found), &found, node);
}

static int list(struct node *directory, uint64_t *cursor, struct node_entry *entry)
{
    struct directory_entry found;
    struct fat16_node fat = file_of(directory)->fat, node;
    uint32_t index = (uint32_t)*cursor;
    int status = fat16_read_directory(volume_of(directory), &fat, &index, &found, &node);

    *cursor = index;
    file_of(directory)->fat = fat;
    if (status == 1) {
        entry->number = number_of(&node);
        entry->size = found.stat.size;
        entry->modified = 0;
        entry->kind = found.stat.is_directory ? NODE_DIRECTORY : NODE_FILE;
        entry->is_read_only = found.stat.is_read_only;
        memcpy(entry->name, found.name, sizeof(found.name));
        memcpy(entry->alias, found.name, sizeof(found.name));
    }
    return status;
}

/* ---------------------------------------------------------------- contents */

/* length bytes from page index on; what the file has not is zero. */
static int read_at(struct node *node, uint32_t index, uint8_t *buffer, size_t length)
{
    uint64_t position = (uint64_t)index * PAGE_SIZE_BYTES;
    size_t bytes = position < node->size ? (size_t)MIN(node->size - position, (uint64_t)length) : 0;
    int status = bytes > 0 ? fat16_read(volume_of(node), &file_of(node)->fat, (uint32_t)position,
                                        buffer, (uint32_t)bytes)
                           : OK;

    memset(buffer + bytes, 0, length - bytes);
    return status;
}

/* Several pages at once come in one long read, if there is memory for it: not a frame at a time. */
static int fill(struct node *node, uint32_t index, void *const frames[], size_t count)
{
    uint8_t *buffer = count > 1 ? kmalloc(count * PAGE_SIZE_BYTES) : NULL;
    int status = OK;

    if (buffer) {
        status = read_at(node, index, buffer, count * PAGE_SIZE_BYTES);
        for (size_t i = 0; status == OK && i < count; i++) {
            memcpy(frames[i], buffer + i * PAGE_SIZE_BYTES, PAGE_SIZE_BYTES);
        }
        kfree(buffer);
        return status;
    }
    for (size_t i = 0; status == OK && i < count; i++) {
        status = read_at(node, index + (uint32_t)i, frames[i], PAGE_SIZE_BYTES);
    }
    return status;
}

static void forget(struct node *node)
{
    kmem_free(file_of(node));
}

static const struct node_operations operations = {
    .look_up = look_up,
    .list = list,
    .fill = fill,
    .forget = forget,
};

/* ---------------------------------------------------------------- volumes */

static void figures(struct volume *volume, struct volume_figures *figures)
{
    const struct fat16_volume *fat = &LIST_ENTRY(volume, struct fat16_mounted, volume)->fat;

    *figures = (struct volume_figures){
        .cluster_bytes = fat->cluster_sectors * SECTOR_BYTES,
        .bytes = (uint64_t)fat->cluster_count * fat->cluster_sectors * SECTOR_BYTES,
    };
}

static void end(struct volume *volume)
{
    struct fat16_mounted *mounted = LIST_ENTRY(volume, struct fat16_mounted, volume);

    fat16_unmount(&mounted->fat);
    kmem_free(mounted);
}

static const struct volume_operations volume_operations = {.figures = figures, .end = end};

static int mount(struct block_device *device, uint64_t first_sector, unsigned flags,
                 struct volume **volume)
{
    struct fat16_mounted *mounted = kmem_zalloc(sizeof(*mounted));
    struct fat16_node root;

    (void)flags;
    if (!mounted) {
        return -ENOMEM;
    }
    int status = first_sector > UINT32_MAX
                     ? -EFSNOTUS
                     : fat16_mount(device, (uint32_t)first_sector, &mounted->fat);
    if (status == OK) {
        volume_initialise(&mounted->volume, &volume_operations);
        mounted->volume.type = "FAT16";
        mounted->volume.source = device->name;
        mounted->volume.is_read_only = true;
        fat16_root(&root);
        status = enter(&mounted->volume, NUMBER_ROOT, &root, &mounted->volume.root);
        if (status < 0) {
            fat16_unmount(&mounted->fat);
        }
    }
    if (status < 0) {
        kmem_free(mounted);
        return status;
    }
    *volume = &mounted->volume;
    return OK;
}

const struct file_system fat16_file_system = {.name = "FAT16", .mount = mount};
