/*
 * fs/file.c - open files: a volume, a node in it, a position.
 *
 * One volume can be mounted, as drive 0. A second file system would bring a table of functions
 * here; until then the calls are direct.
 *
 * Size before speed.
 */
#include "fs/file.h"

#include "debug/panic.h"
#include "fs/fat16.h"
#include "fs/file_contents.h"
#include "fs/path.h"
#include "base/align.h"
#include "memory/heap/kmem_cache.h"
#include "base/status.h"

#define DRIVE_MOUNTED 0

struct file {
    uint32_t references;
    struct page_object *contents; /* NULL until it is read or mapped */
    struct fat16_node node;
    uint32_t position; /* of a file: byte; of a directory: entry */
};

static struct {
    struct fat16_volume volume;
    bool is_mounted;
    uint32_t open_files;
} files;

int fs_mount(struct block_device *device, uint32_t first_lba)
{
    if (files.is_mounted) {
        return -EBUSY;
    }
    int status = fat16_mount(device, first_lba, &files.volume);
    files.is_mounted = status == OK;
    return status;
}

int fs_unmount(void)
{
    if (files.open_files || !file_contents_forget()) {
        return -EBUSY;
    }
    if (files.is_mounted) {
        fat16_unmount(&files.volume);
        files.is_mounted = false;
    }
    return OK;
}

/* Follows the path from the root. */
static int find(const char *rest, struct fat16_node *node)
{
    uint8_t name[PATH_NAME_BYTES];
    int status;

    fat16_root(node);
    while ((status = path_next(&rest, name)) == 1) {
        struct fat16_node directory = *node;

        if (!directory.is_directory) {
            return -ENOTDIR;
        }
        status = fat16_lookup(&files.volume, &directory, name, node);
        if (status < 0) {
            return status;
        }
    }
    return status;
}

int file_open(const char *path, struct file **file)
{
    struct fat16_node node;
    unsigned drive;
    const char *rest;
    int status = path_open(path, &drive, &rest);

    if (status < 0) {
        return status;
    }
    if (drive != DRIVE_MOUNTED || !files.is_mounted) {
        return -ENOENT;
    }
    status = find(rest, &node);
    if (status < 0) {
        return status;
    }
    struct file *opened = kmem_alloc(sizeof(*opened));
    if (!opened) {
        return -ENOMEM;
    }
    *opened = (struct file){.references = 1, .node = node};
    files.open_files++;
    *file = opened;
    return OK;
}

/* Sets file->contents, of a file that is not empty. */
static int find_contents(struct file *file)
{
    if (!file->contents) {
        file->contents = file_contents_get(&files.volume, &file->node);
    }
    return file->contents ? OK : -ENOMEM;
}

int file_contents(struct file *file, struct page_object **contents)
{
    int status = file->node.is_directory ? -EISDIR : find_contents(file);

    if (status == OK) {
        *contents = page_object_hold(file->contents);
    }
    return status;
}

int file_read(struct file *file, void *buffer, size_t length)
{
    uint32_t start = file->position;
    uint32_t left = start < file->node.size ? file->node.size - start : 0;

    if (file->node.is_directory) {
        return -EISDIR;
    }
    /* The count must fit the result. */
    uint32_t count = (uint32_t)MIN(MIN(length, (size_t)left), (size_t)INT32_MAX);
    int status = count ? find_contents(file) : OK;

    /* Before the read, which may wait: another process that shares the position reads on. */
    file->position = start + count;
    if (status == OK) {
        status = file_contents_read(file->contents, start, buffer, count);
    }
    if (status < 0) {
        file->position = start;
        return status;
    }
    return (int)count;
}

int file_seek(struct file *file, uint32_t position)
{
    if (file->node.is_directory) {
        return -EISDIR;
    }
    if (position > file->node.size) {
        return -EINVARG;
    }
    file->position = position;
    return OK;
}

uint32_t file_position(const struct file *file)
{
    return file->position;
}

void file_stat(const struct file *file, struct file_stat *stat)
{
    *stat = (struct file_stat){
        .size = file->node.size,
        .is_directory = file->node.is_directory,
        .is_read_only = file->node.is_read_only,
    };
}

int file_read_directory(struct file *file, struct directory_entry *entry)
{
    if (!file->node.is_directory) {
        return -ENOTDIR;
    }
    /* In copies: another process that shares them may read the folder, too, meanwhile. */
    struct fat16_node node = file->node;
    uint32_t index = file->position;
    int status = fat16_read_directory(&files.volume, &node, &index, entry);

    file->node = node;
    file->position = index;
    return status;
}

struct file *file_hold(struct file *file)
{
    file->references++;
    return file;
}

void file_close(struct file *file)
{
    if (file && --file->references == 0) {
        KASSERT(files.open_files > 0);
        files.open_files--;
        if (file->contents) {
            page_object_release(file->contents);
        }
        kmem_free(file);
    }
}
