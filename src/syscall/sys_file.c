/*
 * syscall/sys_file.c - files, by descriptor.
 *
 * Every argument is checked before anything moves: a call that fails with -EINVARG has not changed
 * the file's position.
 *
 * Size before speed.
 */
#include <stddef.h>

#include "fs/file_object.h"
#include "base/status.h"
#include "syscall/descriptor.h"
#include "syscall/syscall.h"
#include "syscall/user_path.h"
#include "syscall/usercopy.h"
#include "process/process.h"

_Static_assert(sizeof(struct file_stat) == 8 && sizeof(struct directory_entry) == 24,
               "no padding: these go to programs as they are");

/* The process's place for a descriptor; NULL when there is no such one. */
static struct file **place_of(uintptr_t descriptor)
{
    uint32_t index = (uint32_t)descriptor - FILE_DESCRIPTOR_FIRST;

    return index < FILE_DESCRIPTORS_MAX ? &process_current()->files[index] : NULL;
}

struct file *descriptor_file(uintptr_t descriptor)
{
    struct file **place = place_of(descriptor);

    return place ? *place : NULL;
}

static int open_user_path(struct user_pointer source, struct file **file)
{
    char path[PATH_BYTES_MAX];
    int status = copy_path_from_user(path, source);

    return status < 0 ? status : file_open_at(process_current()->folder, path, FILE_READ, 0, file);
}

/* open(path): the lowest free descriptor; -EBUSY when all are in use, -ELIMIT when the family has
 * as many open files as it may */
intptr_t sys_open(const uintptr_t *arguments)
{
    struct file *file;
    int status = open_user_path(user_pointer(arguments[0]), &file);

    return status < 0 ? status : descriptor_of_new(file);
}

intptr_t descriptor_of_new(struct file *file)
{
    int status = OK;

    for (uint32_t n = FILE_DESCRIPTOR_FIRST; n < FILE_DESCRIPTOR_FIRST + FILE_DESCRIPTORS_MAX;
         n++) {
        struct file **place = place_of(n);

        if (!*place) {
            if (!family_charge(process_current()->family, FAMILY_FILES, 1)) {
                status = -ELIMIT;
                break;
            }
            *place = file;
            return (intptr_t)n;
        }
    }
    file_close(file);
    return status < 0 ? status : -EBUSY;
}

/* read(descriptor, buffer, length): how many bytes, fewer than length only at the file's end */
intptr_t sys_read(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    struct user_pointer buffer = user_pointer(arguments[1]);
    size_t length = arguments[2];

    if (!file || user_range_check_write(buffer, length) < 0) {
        return -EINVARG;
    }
    return file_read_to(file, io_buffer_of_user(buffer), length);
}

/* seek(descriptor, offset, FILE_SEEK_...): the new position, up to INT32_MAX */
intptr_t sys_seek(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    int64_t position = (int32_t)arguments[1];
    uint32_t from = (uint32_t)arguments[2];
    struct file_stat stat;

    if (!file || from > FILE_SEEK_END) {
        return -EINVARG;
    }
    file_stat(file, &stat);
    if (from == FILE_SEEK_CUR) {
        position += (int64_t)file_position(file);
    } else if (from == FILE_SEEK_END) {
        position += stat.size;
    }
    if (stat.is_directory) {
        return -EISDIR;
    }
    if (position < 0 || position > INT32_MAX) {
        return -EINVARG;
    }
    int status = file_seek(file, (uint32_t)position);
    return status < 0 ? status : (intptr_t)position;
}

/* stat(path, out): 0 */
intptr_t sys_stat(const uintptr_t *arguments)
{
    struct file *file;
    struct file_stat stat;
    int status = open_user_path(user_pointer(arguments[0]), &file);

    if (status < 0) {
        return status;
    }
    file_stat(file, &stat);
    file_close(file);
    return copy_to_user(user_pointer(arguments[1]), &stat, sizeof(stat));
}

/* descriptor_stat(descriptor, out): 0 */
intptr_t sys_descriptor_stat(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    struct file_stat stat;

    if (!file) {
        return -EINVARG;
    }
    file_stat(file, &stat);
    return copy_to_user(user_pointer(arguments[1]), &stat, sizeof(stat));
}

/* read_directory(descriptor, out): 1, 0 at the end */
intptr_t sys_read_directory(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    struct user_pointer out = user_pointer(arguments[1]);
    struct directory_entry entry;

    if (!file || user_range_check_write(out, sizeof(entry)) < 0) {
        return -EINVARG;
    }
    int status = file_read_directory(file, &entry);
    if (status == 1 && copy_to_user(out, &entry, sizeof(entry)) < 0) {
        return -EINVARG;
    }
    return status;
}

/* close(descriptor): 0 */
intptr_t sys_close(const uintptr_t *arguments)
{
    struct file **place = place_of(arguments[0]);

    if (!place || !*place) {
        return -EINVARG;
    }
    file_close(*place);
    *place = NULL;
    family_give_back(process_current()->family, FAMILY_FILES, 1);
    return OK;
}
