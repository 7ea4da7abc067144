/*
 * fs/file_object.c - see file_object.h.
 */
#include "fs/file_object.h"

#include "base/align.h"
#include "base/status.h"
#include "fs/device_file.h"
#include "fs/device_fs.h"
#include "fs/fat/fat_fs.h"
#include "fs/node_contents.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"

struct file_object {
    struct file file;
    uint32_t told; /* errors of writing that it knows of: node_take_error() */
};

int fs_mount(struct block_device *device, uint32_t first_lba)
{
    return vfs_mount(VFS_DRIVE_START, &fat_file_system, device, first_lba, 0);
}

int fs_unmount(void)
{
    int status = vfs_unmount(VFS_DRIVE_START);

    return status == -ENOENT ? OK : status;
}

/* ---------------------------------------------------------------- files */

static int read_file(struct file *file, struct io_buffer to, size_t length)
{
    struct node *node = file->node;
    uint64_t start = file->position;
    uint64_t left = start < node->size ? node->size - start : 0;

    /* Before the read, which may wait: another process that shares the position reads on. */
    uint64_t expected = start + MIN((uint64_t)length, left);

    file->position = expected;

    int status = node_read(node, start, to, length);

    /* An error, or the file has become shorter; unless others have moved the position since. */
    if (file->position == expected) {
        file->position = start + (status > 0 ? (uint64_t)status : 0);
    }
    return status;
}

static int write_file(struct file *file, struct io_buffer from, size_t length)
{
    uint64_t position = file->flags & FILE_APPEND ? NODE_END : file->position;
    int status = node_write(file->node, &position, from, length);

    if (status > 0) {
        file->position = position;
    }
    return status;
}

static int seek_in_file(struct file *file, uint64_t position)
{
    if (!(file->flags & FILE_WRITE) && position > file->node->size) {
        return -EINVARG;
    }
    file->position = position;
    return OK;
}

static void stat_object(const struct file *file, struct file_stat *stat)
{
    const struct node *node = file->node;

    stat->size = (uint32_t)MIN(node->size, (uint64_t)UINT32_MAX);
    stat->is_directory = node->kind == NODE_DIRECTORY;
    stat->is_read_only = node->is_read_only;
}

static int contents_of(struct file *file, struct page_object **contents)
{
    *contents = page_object_hold(&file->node->contents);
    return OK;
}

static int take_error(struct file *file)
{
    struct file_object *object = LIST_ENTRY(file, struct file_object, file);

    return node_take_error(object->file.node, &object->told);
}

/* Nobody has the node open by a file with these flags any more. */
static void let_go(struct node *node, uint32_t flags)
{
    if (flags & FILE_WRITE) {
        node_end_writing(node);
    }
    node_release(node);
}

static void close_object(struct file *file)
{
    struct file_object *object = LIST_ENTRY(file, struct file_object, file);
    struct node *node = object->file.node;
    uint32_t flags = file->flags;

    kmem_free(object);
    let_go(node, flags);
}

static const struct file_operations file_operations = {
    .read = read_file,
    .write = write_file,
    .seek = seek_in_file,
    .stat = stat_object,
    .contents = contents_of,
    .take_error = take_error,
    .close = close_object,
};

/* ---------------------------------------------------------------- folders */

/* The form of READ_DIRECTORY: with short names. Files that have none are left out. */
static int read_directory(struct file *file, struct directory_entry *entry)
{
    struct node_listing listing = {.size = DIRECTORY_RECORD_BYTES_MAX, .wants_short_names = true};
    int status;

    listing.bytes = kmem_alloc(DIRECTORY_RECORD_BYTES_MAX + NODE_LISTING_SLACK);
    if (!listing.bytes) {
        return -ENOMEM;
    }
    const struct directory_record *found = node_listing_next(&listing);
    const char *name = node_listing_name(&listing);

    do {
        listing.used = 0;
        listing.left = 1;
        status = node_list(file->node, &file->position, &listing);
    } while (status == 1 && strnlen(name, FILE_NAME_BYTES) == FILE_NAME_BYTES);
    if (status == 1) {
        *entry = (struct directory_entry){
            .stat.size = (uint32_t)MIN(found->size, (uint64_t)UINT32_MAX),
            .stat.is_directory = found->kind == NODE_DIRECTORY,
            .stat.is_read_only = found->flags & FILE_IS_READ_ONLY,
        };
        (void)string_copy(entry->name, name, sizeof(entry->name));
    }
    kmem_free(listing.bytes);
    return status;
}

static int read_no_bytes(struct file *file, struct io_buffer to, size_t length)
{
    (void)file;
    (void)to;
    (void)length;
    return -EISDIR;
}

static int seek_nowhere(struct file *file, uint64_t position)
{
    (void)file;
    (void)position;
    return -EISDIR;
}

static int no_contents(struct file *file, struct page_object **contents)
{
    (void)file;
    (void)contents;
    return -EISDIR;
}

static const struct file_operations directory_operations = {
    .read = read_no_bytes,
    .seek = seek_nowhere,
    .stat = stat_object,
    .read_directory = read_directory,
    .contents = no_contents,
    .take_error = take_error,
    .close = close_object,
};

/* ---------------------------------------------------------------- opening */

int file_open_at(struct node *folder, const char *path, unsigned flags, unsigned vfs_flags,
                 struct file **file)
{
    /* Before the path, which may create a file or cut it: want of memory is to change nothing. */
    struct file_object *object = kmem_alloc(sizeof(*object));
    struct node *node;
    int status =
        object ? vfs_open(folder, path, vfs_flags | (flags & FILE_WRITE ? VFS_WRITE : 0), &node)
               : -ENOMEM;

    if (status == OK && node->kind != NODE_DEVICE) {
        file_initialise(&object->file,
                        node->kind == NODE_DIRECTORY ? &directory_operations : &file_operations,
                        flags);
        object->file.node = node;
        object->told = node_errors_told(node);
        *file = &object->file;
        return OK;
    }
    kmem_free(object);
    if (status == OK) {
        status = device_file_open(device_fs_device(node), flags, file);
        let_go(node, flags);
    }
    return status;
}

int file_open(const char *path, struct file **file)
{
    return file_open_at(NULL, path, FILE_READ, 0, file);
}
