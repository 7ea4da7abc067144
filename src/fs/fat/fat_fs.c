/*
 * fs/fat/fat_fs.c - see fat_fs.h. A node's number is the place of its entry; of one that has none
 * any more, a number beyond all places.
 *
 * Size before speed.
 */
#include "fs/fat/fat_fs.h"

#include "abi/file.h"
#include "base/align.h"
#include "base/status.h"
#include "device/partition.h"
#include "fs/fat/chain.h"
#include "fs/fat/commit.h"
#include "fs/fat/mount.h"
#include "fs/fat/time.h"
#include "fs/fat/tree.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/paging.h"

#define NUMBER_ROOT    UINT64_MAX
#define NUMBER_REMOVED (1ULL << 63)

struct fat_node {
    struct node node;
    struct fat_file file;
    bool has_map; /* an object of file's, by node_count_kept() */
};

struct fat_mounted {
    struct volume volume;
    struct fat_volume *fat;
    struct partition_device view; /* of a volume that does not begin where its device does */
    uint64_t removed;             /* how many nodes have lost their names */
};

static const struct node_operations operations;

static struct fat_node *fat_node_of(struct node *node)
{
    return LIST_ENTRY(node, struct fat_node, node);
}

static struct fat_file *file_of(struct node *node)
{
    return &fat_node_of(node)->file;
}

static struct fat_mounted *mounted_of(struct volume *volume)
{
    return LIST_ENTRY(volume, struct fat_mounted, volume);
}

static struct fat_volume *fat_of(const struct node *node)
{
    return mounted_of(node->volume)->fat;
}

static uint64_t number_of(const struct fat_place *place)
{
    return (uint64_t)place->sector * (SECTOR_BYTES_MAX / sizeof(struct fat_entry)) +
           place->offset / sizeof(struct fat_entry);
}

/* After what may have made the file's map, or have forgotten it. */
static void count_map(struct node *node)
{
    struct fat_node *fat_node = fat_node_of(node);
    bool has_map = fat_node->file.runs != NULL;

    node_count_kept((int)has_map - (int)fat_node->has_map);
    fat_node->has_map = has_map;
}

static void enter(struct fat_node *made, struct volume *volume, uint64_t number)
{
    struct node *node = &made->node;

    made->has_map = false;
    node_enter(node, &operations, volume, number, made->file.is_folder ? NODE_DIRECTORY : NODE_FILE,
               made->file.size);
    node->is_read_only = made->file.attributes & FAT_READ_ONLY;
    node->times = (struct node_times){.modified = made->file.modified,
                                      .accessed = made->file.accessed,
                                      .created = made->file.created};
}

/* The file has another place, or none, from now on. */
static void renumber(struct node *node)
{
    const struct fat_file *file = file_of(node);

    node_renumber(node, file->is_removed ? NUMBER_REMOVED | ++mounted_of(node->volume)->removed
                                         : number_of(&file->place));
}

/* ---------------------------------------------------------------- names */

static int look_up(struct node *directory, const char *name, size_t length, struct node **node)
{
    struct fat_volume *fat = fat_of(directory);
    struct fat_file found;
    int status = fat_look_up(fat, file_of(directory), name, length, &found);

    if (status < 0) {
        return status;
    }
    *node = node_find(directory->volume, number_of(&found.place));
    if (*node) {
        return OK;
    }
    struct fat_node *made = kmem_alloc(sizeof(*made));
    if (!made) {
        return -ENOMEM;
    }
    made->file = found;
    enter(made, directory->volume, number_of(&found.place));
    *node = &made->node;
    return OK;
}

/* Fills in the record of an entry, but for what node_listing_add() does: its name's length. Of one
 * that is in memory, what is known there counts: it may not be written yet. */
static size_t describe(struct node *directory, const struct fat_found *found,
                       const struct node_listing *listing)
{
    struct directory_record *record = node_listing_next(listing);
    char *name = node_listing_name(listing);
    const struct fat_entry *entry = &found->entry;
    uint64_t number = number_of(&found->place);
    const struct node *node = node_peek(directory->volume, number);

    record->number = number;
    record->kind = entry->attributes & FAT_DIRECTORY ? NODE_DIRECTORY : NODE_FILE;
    bool is_marked = entry->attributes & FAT_READ_ONLY;

    if (node) {
        is_marked = node->is_read_only;
        record->size = node->size;
        record->modified = node->times.modified;
    } else {
        record->size = record->kind == NODE_DIRECTORY ? 0 : entry->size;
        record->modified = fat_time_read(entry->modified_date, entry->modified_time, 0);
    }
    record->flags = is_marked ? FILE_IS_READ_ONLY : 0;
    if (listing->wants_short_names) {
        size_t length = fat_alias_text(entry->name, FAT_LOWER_BASE | FAT_LOWER_EXTENSION, name);

        if (length < FILE_NAME_BYTES) { /* letters beyond ASCII may be too long in UTF-8 */
            return length;
        }
    }
    return fat_found_name(fat_of(directory), found, name);
}

static int list(struct node *directory, uint64_t *cursor, struct node_listing *listing)
{
    struct fat_volume *fat = fat_of(directory);
    uint32_t index;
    struct fat_folder folder =
        fat_folder_resume(fat, file_of(directory)->first_cluster, *cursor, &index);
    struct fat_found found;
    int status = 1;

    while (listing->left > 0 && (status = fat_folder_next(fat, &folder, &index, &found)) == 1) {
        if (!fat_entry_is_dot(&found.entry)) {
            size_t length = describe(directory, &found, listing);

            if (!node_listing_add(listing, length)) {
                break;
            }
        }
        *cursor = fat_folder_cursor(&folder, index);
    }
    return status;
}

static int create(struct node *directory, const char *name, size_t length, unsigned kind,
                  int64_t now, struct node **node)
{
    struct fat_node *made = kmem_alloc(sizeof(*made));

    if (!made) {
        return -ENOMEM;
    }
    int status = fat_create(fat_of(directory), file_of(directory), name, length,
                            kind == NODE_DIRECTORY ? FAT_DIRECTORY : FAT_ARCHIVE, now, &made->file);
    if (status < 0 && status != -EEXISTS) {
        kmem_free(made);
        return status;
    }
    uint64_t number = number_of(&made->file.place);
    *node = status == -EEXISTS ? node_find(directory->volume, number) : NULL;
    if (*node) {
        kmem_free(made);
        return status;
    }
    enter(made, directory->volume, number);
    *node = &made->node;
    return status;
}

static int remove(struct node *directory, const char *name, size_t length, struct node *node)
{
    int status = fat_remove(fat_of(node), file_of(directory), file_of(node));

    (void)name;
    (void)length;
    if (status == OK) {
        renumber(node);
    }
    return status;
}

static int rename(struct node *directory, const char *name, size_t length, struct node *node,
                  struct node *new_directory, const char *new_name, size_t new_length,
                  struct node *replaced)
{
    int status = fat_rename(fat_of(node), file_of(directory), file_of(node), file_of(new_directory),
                            new_name, new_length, replaced ? file_of(replaced) : NULL);

    (void)name;
    (void)length;
    if (status == OK) {
        if (replaced && replaced != node) {
            renumber(replaced);
        }
        renumber(node);
    }
    return status;
}

/* ---------------------------------------------------------------- contents */

/* length bytes from page index on; what the file does not have on the disk is zero. */
static int read_at(struct node *node, uint32_t index, uint8_t *buffer, size_t length)
{
    struct fat_file *file = file_of(node);
    uint64_t position = (uint64_t)index * PAGE_SIZE_BYTES;
    size_t bytes = position < file->size ? (size_t)MIN(file->size - position, (uint64_t)length) : 0;
    int status =
        bytes > 0 ? fat_file_read(fat_of(node), file, (uint32_t)position, buffer, (uint32_t)bytes)
                  : OK;

    count_map(node);
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

/* Writes length bytes from page index on, as far as the file reaches. */
static int write_at(struct node *node, uint32_t index, const uint8_t *buffer, size_t length)
{
    uint64_t position = (uint64_t)index * PAGE_SIZE_BYTES;
    uint64_t size = MIN(node->size, (uint64_t)FAT_FILE_BYTES_MAX);

    if (position >= size) {
        return OK;
    }
    int status = fat_file_write(fat_of(node), file_of(node), (uint32_t)position, buffer,
                                (uint32_t)MIN(size - position, (uint64_t)length));

    count_map(node);
    return status;
}

static int write_back(struct node *node, uint32_t index, void *const frames[], size_t count)
{
    uint8_t *buffer = count > 1 ? kmalloc(count * PAGE_SIZE_BYTES) : NULL;
    int status = OK;

    if (buffer) {
        for (size_t i = 0; i < count; i++) {
            memcpy(buffer + i * PAGE_SIZE_BYTES, frames[i], PAGE_SIZE_BYTES);
        }
        status = write_at(node, index, buffer, count * PAGE_SIZE_BYTES);
        kfree(buffer);
        return status;
    }
    for (size_t i = 0; status == OK && i < count; i++) {
        status = write_at(node, index + (uint32_t)i, frames[i], PAGE_SIZE_BYTES);
    }
    return status;
}

/* More room is only reserved: write_back() and write_attributes() take it. A file on the disk is
 * longer than its node only where an earlier resize() has failed. */
static int resize(struct node *node, uint64_t size)
{
    struct fat_file *file = file_of(node);
    int status = size < file->size ? fat_file_resize(fat_of(node), file, size)
                                   : fat_file_reserve(fat_of(node), file, size);

    count_map(node);
    return status;
}

static int lengthen(struct node *node, uint64_t size)
{
    int status = fat_file_resize(fat_of(node), file_of(node), size);

    count_map(node);
    return status;
}

static int write_attributes(struct node *node)
{
    struct fat_volume *fat = fat_of(node);
    struct fat_file *file = file_of(node);
    uint8_t attributes =
        (uint8_t)((file->attributes & ~FAT_READ_ONLY) | (node->is_read_only ? FAT_READ_ONLY : 0));
    int status = node->kind == NODE_FILE && node->size != file->size
                     ? fat_file_resize(fat, file, node->size)
                     : OK;

    count_map(node);
    return status == OK ? fat_set_attributes(fat, file, attributes, node->times.modified,
                                             node->times.accessed)
                        : status;
}

static void forget(struct node *node)
{
    (void)fat_forget(fat_of(node), file_of(node));
    count_map(node);
    kmem_free(fat_node_of(node));
}

static const struct node_operations operations = {
    .look_up = look_up,
    .list = list,
    .create = create,
    .remove = remove,
    .rename = rename,
    .fill = fill,
    .write_back = write_back,
    .resize = resize,
    .lengthen = lengthen,
    .write_attributes = write_attributes,
    .forget = forget,
};

/* ---------------------------------------------------------------- volumes */

static int sync(struct volume *volume)
{
    return fat_commit(mounted_of(volume)->fat);
}

static bool is_changed(const struct volume *volume)
{
    const struct fat_volume *fat = LIST_ENTRY(volume, const struct fat_mounted, volume)->fat;

    return !fat->is_read_only &&
           (fat->change_count > 0 || fat->space.loose_count > 0 || fat->is_unflushed);
}

static void figures(struct volume *volume, struct volume_figures *figures)
{
    struct fat_volume *fat = mounted_of(volume)->fat;

    /* Nobody may have asked for a cluster yet. If the FAT cannot be read, what the volume says of
     * itself is the best that there is. */
    (void)fat_chain_count_free(fat);
    *figures = (struct volume_figures){
        .bytes = (uint64_t)fat->clusters * fat->cluster_bytes,
        .free_bytes = (uint64_t)fat_available(fat) * fat->cluster_bytes,
        .cluster_bytes = fat->cluster_bytes,
    };
}

static void end(struct volume *volume)
{
    struct fat_mounted *mounted = mounted_of(volume);

    (void)fat_unmount(mounted->fat);
    kmem_free(mounted);
}

static const struct volume_operations volume_operations = {
    .sync = sync,
    .is_changed = is_changed,
    .figures = figures,
    .end = end,
};

/* The volume is mounted as far as this folder knows: as one of the VFS. */
static int make_volume(struct fat_mounted *mounted, const char *source)
{
    struct volume *volume = &mounted->volume;
    struct fat_node *root = kmem_alloc(sizeof(*root));

    if (!root) {
        return -ENOMEM;
    }
    volume_initialise(volume, &volume_operations);
    volume->type = fat_type_name(mounted->fat);
    volume->source = source;
    volume->remark = mounted->fat->remark;
    volume->is_read_only = mounted->fat->is_read_only;
    fat_root(mounted->fat, &root->file);
    enter(root, volume, NUMBER_ROOT);
    volume->root = &root->node;
    return OK;
}

static int mount(struct block_device *device, uint64_t first_sector, unsigned flags,
                 struct volume **volume)
{
    struct fat_mounted *mounted = kmem_zalloc(sizeof(*mounted));
    const char *source = device->name;

    if (!mounted) {
        return -ENOMEM;
    }
    if (first_sector > 0) {
        struct partition whole = {.first_lba = (uint32_t)MIN(first_sector, (uint64_t)UINT32_MAX),
                                  .sector_count = UINT32_MAX};

        partition_open(device, &whole, &mounted->view);
        device = &mounted->view.device;
    }
    int status = fat_mount(device, flags & VFS_READ_ONLY, &mounted->fat);
    if (status == OK) {
        status = make_volume(mounted, source);
        if (status < 0) {
            (void)fat_unmount(mounted->fat);
        }
    }
    if (status < 0) {
        kmem_free(mounted);
        return status;
    }
    *volume = &mounted->volume;
    return OK;
}

const struct file_system fat_file_system = {.name = "FAT", .mount = mount};
