/*
 * syscall/sys_volume.c - files, folders and drives by path; and what files can do since they are
 * written: any position, any size.
 *
 * 64-bit numbers are passed by pointer, the same for both sizes of words.
 */
#include <stddef.h>

#include "abi/volume.h"
#include "base/align.h"
#include "base/status.h"
#include "drivers/rtc.h"
#include "fs/file_object.h"
#include "fs/node_contents.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "process/process.h"
#include "syscall/descriptor.h"
#include "syscall/syscall.h"
#include "syscall/user_path.h"
#include "syscall/usercopy.h"

_Static_assert(sizeof(struct file_details) == 64 && sizeof(struct directory_record) == 32 &&
                   offsetof(struct directory_record, name) == DIRECTORY_RECORD_NAME &&
                   sizeof(struct volume_details) == 224,
               "no padding: these go to programs as they are");
_Static_assert(OPEN_READ == FILE_READ && OPEN_WRITE == FILE_WRITE && OPEN_APPEND == FILE_APPEND,
               "an open file keeps these as they are");
_Static_assert((int)FILE_IS_PLAIN == NODE_FILE && (int)FILE_IS_DIRECTORY == NODE_DIRECTORY &&
                   (int)FILE_IS_DEVICE == NODE_DEVICE,
               "kinds are the same");

#define OPEN_FLAGS                                                                         \
    (OPEN_READ | OPEN_WRITE | OPEN_APPEND | OPEN_CREATE | OPEN_EXCLUSIVE | OPEN_TRUNCATE | \
     OPEN_DIRECTORY)

/* Of a folder, at once. */
#define LISTED_BYTES (4096 - NODE_LISTING_SLACK)

static struct node *folder(void)
{
    return process_current()->folder;
}

/* ---------------------------------------------------------------- opening */

static unsigned vfs_flags_of(uint32_t flags)
{
    return (flags & OPEN_CREATE ? VFS_CREATE : 0) | (flags & OPEN_EXCLUSIVE ? VFS_EXCLUSIVE : 0) |
           (flags & OPEN_TRUNCATE ? VFS_TRUNCATE : 0) |
           (flags & OPEN_DIRECTORY ? VFS_DIRECTORY : 0);
}

/* open_file(path, flags): a descriptor */
intptr_t sys_open_file(const uintptr_t *arguments)
{
    char path[PATH_BYTES_MAX];
    uint32_t flags = (uint32_t)arguments[1];
    int status = copy_path_from_user(path, user_pointer(arguments[0]));

    if (status < 0) {
        return status;
    }
    if (flags & ~OPEN_FLAGS || !(flags & (OPEN_READ | OPEN_WRITE)) ||
        (flags & (OPEN_TRUNCATE | OPEN_APPEND) && !(flags & OPEN_WRITE)) ||
        (flags & OPEN_EXCLUSIVE && !(flags & OPEN_CREATE)) ||
        (flags & OPEN_DIRECTORY && flags & OPEN_CREATE)) {
        return -EINVARG;
    }
    return descriptor_open(path, flags & (OPEN_READ | OPEN_WRITE | OPEN_APPEND),
                           vfs_flags_of(flags));
}

/* ---------------------------------------------------------------- positions and sizes */

/* The node of an open file that allows `access` (FILE_READ, FILE_WRITE), or an error. It stays:
 * only its process itself could close the file, and that waits for the end of this call. */
static int node_for(uintptr_t descriptor, uint32_t access, struct node **node)
{
    struct file *file = descriptor_file(descriptor);

    if (!file) {
        return -EINVARG;
    }
    *node = file->node;
    if (!*node) {
        return -ENOSEEK;
    }
    return (file->flags & access) != 0 ? OK : -EMODE;
}

/* What READ_AT and WRITE_AT are to do. */
static int read_transfer(uintptr_t source, struct file_transfer *transfer)
{
    if (copy_from_user(transfer, user_pointer(source), sizeof(*transfer)) < 0 ||
        transfer->position > INT64_MAX || transfer->buffer > UINTPTR_MAX) {
        return -EINVARG;
    }
    transfer->length = MIN(transfer->length, (uint64_t)INT32_MAX);
    return OK;
}

/* read_at(descriptor, transfer): how many bytes */
intptr_t sys_read_at(const uintptr_t *arguments)
{
    struct file_transfer transfer;
    struct node *node;
    int status = read_transfer(arguments[1], &transfer);

    if (status < 0) {
        return status;
    }
    struct user_pointer buffer = user_pointer((uintptr_t)transfer.buffer);

    if (!user_is_in_one_page(buffer, (size_t)transfer.length) &&
        user_range_check_write(buffer, (size_t)transfer.length) < 0) {
        return -EINVARG;
    }
    status = node_for(arguments[0], FILE_READ, &node);
    if (status < 0) {
        return status;
    }
    status = node_read(node, transfer.position, io_buffer_of_user(buffer), (size_t)transfer.length);
    /* At the end nothing was copied: so the buffer is looked at now. */
    return status == 0 ? user_range_check_write(buffer, (size_t)transfer.length) : status;
}

/* write_at(descriptor, transfer): how many bytes */
intptr_t sys_write_at(const uintptr_t *arguments)
{
    struct file_transfer transfer;
    struct node *node;
    int status = read_transfer(arguments[1], &transfer);

    if (status < 0) {
        return status;
    }
    struct user_pointer buffer = user_pointer((uintptr_t)transfer.buffer);

    if (user_range_check(buffer, (size_t)transfer.length) < 0) {
        return -EINVARG;
    }
    status = node_for(arguments[0], FILE_WRITE, &node);
    return status < 0 ? status
                      : node_write(node, &transfer.position, io_buffer_of_user(buffer),
                                   (size_t)transfer.length);
}

/* seek_file(descriptor, position, from): 0, and *position is the new one */
intptr_t sys_seek_file(const uintptr_t *arguments)
{
    struct file *file;
    uint32_t from = (uint32_t)arguments[2];
    int64_t position;
    uint64_t base = 0;

    int status = copy_from_user(&position, user_pointer(arguments[1]), sizeof(position));
    if (status < 0) {
        return status;
    }
    file = descriptor_file(arguments[0]);
    if (!file || from > FILE_SEEK_END) {
        return -EINVARG;
    }
    struct node *node = file->node;

    if (!node) {
        return -ENOSEEK;
    }
    if (node->kind == NODE_DIRECTORY) { /* it can be listed again from the start, nothing else */
        if (from != FILE_SEEK_SET || position != 0) {
            return -EISDIR;
        }
        file->position = 0;
        return OK;
    }
    base = from == FILE_SEEK_CUR ? file_position(file) : from == FILE_SEEK_END ? node->size : 0;
    if (__builtin_add_overflow(position, (int64_t)base, &position) || position < 0) {
        return -EINVARG;
    }
    uint64_t before = file->position;

    status = file_seek(file, (uint64_t)position);
    if (status == OK) {
        status = copy_to_user(user_pointer(arguments[1]), &position, sizeof(position));
        if (status < 0) { /* the call may be made again */
            file->position = before;
        }
    }
    return status;
}

/* resize_file(descriptor, size): 0 */
intptr_t sys_resize_file(const uintptr_t *arguments)
{
    uint64_t size;
    struct node *node;

    int status = copy_from_user(&size, user_pointer(arguments[1]), sizeof(size));
    if (status < 0 || size > INT64_MAX) {
        return status < 0 ? status : -EINVARG;
    }
    status = node_for(arguments[0], FILE_WRITE, &node);
    return status < 0 ? status : node_resize(node, size);
}

/* sync_file(descriptor or -1): 0 */
intptr_t sys_sync_file(const uintptr_t *arguments)
{
    struct node *node;

    if ((int32_t)arguments[0] == -1) {
        return vfs_sync();
    }
    int status = node_for(arguments[0], FILE_READ | FILE_WRITE, &node);

    if (status == OK) {
        int now = node_sync(node);

        status = file_take_error(descriptor_file(arguments[0]));
        status = status < 0 ? status : now;
    }
    return status;
}

/* ---------------------------------------------------------------- names */

/* rename(old, new): 0 */
intptr_t sys_rename(const uintptr_t *arguments)
{
    /* Not both on the stack, which the file system needs, too. */
    char *paths = kmem_alloc(2 * PATH_BYTES_MAX);

    if (!paths) {
        return -ENOMEM;
    }
    int status = copy_path_from_user(paths, user_pointer(arguments[0]));

    if (status == OK) {
        status = copy_path_from_user(paths + PATH_BYTES_MAX, user_pointer(arguments[1]));
    }
    if (status == OK) {
        status = vfs_rename(folder(), paths, paths + PATH_BYTES_MAX);
    }
    kmem_free(paths);
    return status;
}

/* remove(path, what): 0 */
intptr_t sys_remove(const uintptr_t *arguments)
{
    char path[PATH_BYTES_MAX];
    uint32_t what = (uint32_t)arguments[1];
    int status = copy_path_from_user(path, user_pointer(arguments[0]));

    if (status < 0) {
        return status;
    }
    return what == REMOVE_FILE        ? vfs_remove(folder(), path)
           : what == REMOVE_DIRECTORY ? vfs_remove_directory(folder(), path)
                                      : -EINVARG;
}

/* make_directory(path): 0 */
intptr_t sys_make_directory(const uintptr_t *arguments)
{
    char path[PATH_BYTES_MAX];
    int status = copy_path_from_user(path, user_pointer(arguments[0]));

    return status < 0 ? status : vfs_make_directory(folder(), path);
}

/* What the path of a program means, held. */
static int open_path(struct user_pointer source, unsigned flags, struct node **node)
{
    char path[PATH_BYTES_MAX];
    int status = copy_path_from_user(path, source);

    return status < 0 ? status : vfs_open(folder(), path, flags, node);
}

/* change_folder(path): 0 */
intptr_t sys_change_folder(const uintptr_t *arguments)
{
    struct node *node;
    int status = open_path(user_pointer(arguments[0]), VFS_DIRECTORY, &node);

    if (status == OK) {
        process_set_folder(process_current(), node);
        node_release(node);
    }
    return status;
}

static intptr_t give_path_of(struct node *node, const uintptr_t *arguments)
{
    char path[PATH_BYTES_MAX];
    int status = vfs_path_of(node, path, MIN((size_t)arguments[1], sizeof(path)));

    return status < 0 ? status : copy_to_user(user_pointer(arguments[0]), path, strlen(path) + 1);
}

/* get_folder(buffer, size): 0 */
intptr_t sys_get_folder(const uintptr_t *arguments)
{
    return give_path_of(folder(), arguments);
}

/* descriptor_path(folder's descriptor, buffer, size): 0 */
intptr_t sys_descriptor_path(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);

    if (!file) {
        return -EINVARG;
    }
    return file->node && file->node->kind == NODE_DIRECTORY
               ? give_path_of(file->node, arguments + 1)
               : -ENOTDIR;
}

/* ---------------------------------------------------------------- what there is */

static void describe_node(const struct node *node, struct file_details *details)
{
    /* Each member: so there is nothing to be zeroed before. */
    details->size = node->size;
    details->number = node->number;
    details->modified = node->times.modified;
    details->accessed = node->times.accessed;
    details->created = node->times.created;
    details->kind = node->kind;
    details->flags = node->is_read_only || node->volume->is_read_only ? FILE_IS_READ_ONLY : 0;
    details->drive = node->volume->drive;
    details->links = !node->is_removed;
    details->piece_bytes = PAGE_SIZE_BYTES;
    details->reserved = 0;
}

static int describe_descriptor(uintptr_t descriptor, struct file_details *details)
{
    struct file *file = descriptor_file(descriptor);

    if (!file) {
        return -EINVARG;
    }
    const struct node *node = file->node;

    if (node) {
        describe_node(node, details);
    } else {
        struct file_stat stat;

        file_stat(file, &stat);
        *details = (struct file_details){
            .kind = stat.kind == FILE_KIND_DEVICE ? FILE_IS_DEVICE : FILE_IS_PIPE,
            .links = 1,
        };
    }
    return OK;
}

static int describe_path(struct user_pointer source, struct file_details *details)
{
    struct node *node;
    int status = open_path(source, 0, &node);

    if (status == OK) {
        describe_node(node, details);
        node_release(node);
    }
    return status;
}

/* stat_file(descriptor, path or 0, out): 0 */
intptr_t sys_stat_file(const uintptr_t *arguments)
{
    struct file_details details;
    int status = arguments[1] ? describe_path(user_pointer(arguments[1]), &details)
                              : describe_descriptor(arguments[0], &details);

    return status < 0 ? status
                      : copy_to_user(user_pointer(arguments[2]), &details, sizeof(details));
}

/* list_directory(descriptor, buffer, size): how many bytes; 0 at the end. At most LISTED_BYTES at
 * once. */
intptr_t sys_list_directory(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    struct node_listing listing = {.size = MIN((size_t)arguments[2], (size_t)LISTED_BYTES),
                                   .left = UINT32_MAX};
    struct node *node;

    if (!file) {
        return -EINVARG;
    }
    node = file->node;
    if (!node || node->kind != NODE_DIRECTORY) {
        return -ENOTDIR;
    }
    listing.bytes = kmem_alloc(LISTED_BYTES + NODE_LISTING_SLACK);
    if (!listing.bytes) {
        return -ENOMEM;
    }
    uint64_t cursor = file->position;
    int status = node_list(node, &cursor, &listing);

    if (status == 1 && listing.used == 0) {
        status = -EINVARG; /* not even one fits */
    } else if (status >= 0) {
        status = copy_to_user(user_pointer(arguments[1]), listing.bytes, listing.used);
    }
    if (status >= 0) {
        file->position = cursor;
        status = (int)listing.used;
    }
    kmem_free(listing.bytes);
    return status;
}

/* volumes(drive, out): 0; -ENOENT: there is none */
intptr_t sys_volumes(const uintptr_t *arguments)
{
    struct volume *volume = vfs_hold_volume((unsigned)MIN(arguments[0], (uintptr_t)VFS_DRIVES));
    struct volume_details details = {0};
    struct volume_figures figures = {0};

    if (!volume) {
        return -ENOENT;
    }
    volume_lock(volume);
    volume->operations->figures(volume, &figures);
    volume_unlock(volume);
    details.bytes = figures.bytes;
    details.free_bytes = figures.free_bytes;
    details.piece_bytes = figures.cluster_bytes;
    details.drive = volume->drive;
    details.flags = volume->is_read_only ? FILE_IS_READ_ONLY : 0;
    (void)string_copy(details.type, volume->type, sizeof(details.type));
    (void)string_copy(details.source, volume->source, sizeof(details.source));
    (void)string_copy(details.remark, volume->remark ? volume->remark : "", sizeof(details.remark));
    (void)vfs_path_of(volume->root, details.place, sizeof(details.place));
    vfs_release_volume(volume);
    return copy_to_user(user_pointer(arguments[1]), &details, sizeof(details));
}

/* The node that a path means, or, if that is 0, that is open; held. */
static int named_node(uintptr_t descriptor, uintptr_t path, struct node **node)
{
    struct file *file;

    if (path) {
        return open_path(user_pointer(path), 0, node);
    }
    file = descriptor_file(descriptor);
    if (!file || !file->node) {
        return -EINVARG;
    }
    *node = node_hold(file->node);
    return OK;
}

/* set_times(path or 0, modified and accessed, or 0 for now, descriptor): 0 */
intptr_t sys_set_times(const uintptr_t *arguments)
{
    int64_t times[2] = {rtc_now(), rtc_now()};
    struct node *node;
    int status = OK;

    if (arguments[1]) {
        status = copy_from_user(times, user_pointer(arguments[1]), sizeof(times));
    }
    if (status == OK) {
        status = named_node(arguments[2], arguments[0], &node);
    }
    if (status == OK) {
        struct node_times now = node->times;

        now.modified = times[0];
        now.accessed = times[1];
        status = node_set_times(node, &now);
        node_release(node);
    }
    return status;
}

/* set_read_only(descriptor, path or 0, 1 or 0): 0 */
intptr_t sys_set_read_only(const uintptr_t *arguments)
{
    struct node *node;
    int status = named_node(arguments[0], arguments[1], &node);

    if (status == OK) {
        status = node_set_read_only(node, arguments[2] != 0);
        node_release(node);
    }
    return status;
}
