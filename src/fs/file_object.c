/*
 * fs/file_object.c - open files of a volume: a node in it, and its contents in the page cache.
 *
 * One volume can be mounted, as drive 0. A second file system would bring a table of functions
 * here; until then the calls are direct.
 *
 * Size before speed.
 */
#include "fs/file_object.h"

#include "debug/panic.h"
#include "fs/fat16.h"
#include "fs/file_contents.h"
#include "fs/path.h"
#include "base/align.h"
#include "memory/heap/kmem_cache.h"
#include "base/status.h"
#include "task/task.h"

#define DRIVE_MOUNTED 0

/* What is read between two pauses. */
#define READ_PIECE_BYTES 65536

struct file_object {
    struct file file;
    struct page_object *contents; /* NULL until it is read or mapped */
    struct fat16_node node;
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

static struct file_object *object_of(const struct file *file)
{
    return LIST_ENTRY(file, struct file_object, file);
}

/* Sets object->contents, of a file that is not empty. */
static int find_contents(struct file_object *object)
{
    if (!object->contents) {
        object->contents = file_contents_get(&files.volume, &object->node);
    }
    return object->contents ? OK : -ENOMEM;
}

static int contents_of(struct file *file, struct page_object **contents)
{
    struct file_object *object = object_of(file);
    int status = find_contents(object);

    if (status == OK) {
        *contents = page_object_hold(object->contents);
    }
    return status;
}

static int copy_out(struct file_object *object, uint32_t start, struct io_buffer to,
                    uint32_t length)
{
    int status = length ? find_contents(object) : OK;

    for (uint32_t done = 0, piece; status == OK && done < length; done += piece) {
        piece = MIN(length - done, (uint32_t)READ_PIECE_BYTES);
        status = file_contents_read(object->contents, start + done, io_buffer_add(to, done), piece);
        if (status == OK && done + piece < length && !task_pause()) {
            status = -EINTERRUPTED;
        }
    }
    return status;
}

static int read_file(struct file *file, struct io_buffer to, size_t length)
{
    struct file_object *object = object_of(file);
    uint32_t start = (uint32_t)file->position;
    uint32_t left = start < object->node.size ? object->node.size - start : 0;
    uint32_t count = (uint32_t)MIN(length, (size_t)left);

    /* Before the read, which may wait: another process that shares the position reads on. */
    file->position = start + count;
    int status = copy_out(object, start, to, count);
    if (status < 0) {
        file->position = start;
        return status;
    }
    return (int)count;
}

static int seek_in_file(struct file *file, uint64_t position)
{
    if (position > object_of(file)->node.size) {
        return -EINVARG;
    }
    file->position = position;
    return OK;
}

static void stat_object(const struct file *file, struct file_stat *stat)
{
    const struct fat16_node *node = &object_of(file)->node;

    stat->size = node->size;
    stat->is_directory = node->is_directory;
    stat->is_read_only = node->is_read_only;
}

static void close_object(struct file *file)
{
    struct file_object *object = object_of(file);

    KASSERT(files.open_files > 0);
    files.open_files--;
    if (object->contents) {
        page_object_release(object->contents);
    }
    kmem_free(object);
}

static const struct file_operations file_operations = {
    .read = read_file,
    .seek = seek_in_file,
    .stat = stat_object,
    .contents = contents_of,
    .close = close_object,
};

/* ---------------------------------------------------------------- folders */

static int read_directory(struct file *file, struct directory_entry *entry)
{
    struct file_object *object = object_of(file);
    /* In copies: another process that shares them may read the folder, too, meanwhile. */
    struct fat16_node node = object->node;
    uint32_t index = (uint32_t)file->position;
    int status = fat16_read_directory(&files.volume, &node, &index, entry);

    object->node = node;
    file->position = index;
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
    .close = close_object,
};

/* ---------------------------------------------------------------- opening */

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
    struct file_object *opened = kmem_alloc(sizeof(*opened));
    if (!opened) {
        return -ENOMEM;
    }
    *opened = (struct file_object){.node = node};
    file_initialise(&opened->file, node.is_directory ? &directory_operations : &file_operations,
                    FILE_READ);
    files.open_files++;
    *file = &opened->file;
    return OK;
}
