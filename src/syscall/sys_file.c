/*
 * syscall/sys_file.c - files, by descriptor.
 *
 * Every argument is checked before anything moves: a call that fails with -EINVARG has not changed
 * the file's position.
 */
#include <stddef.h>

#include "fs/device_file.h"
#include "fs/file_object.h"
#include "fs/pipe.h"
#include "base/align.h"
#include "base/status.h"
#include "syscall/descriptor.h"
#include "syscall/syscall.h"
#include "syscall/user_path.h"
#include "syscall/usercopy.h"
#include "process/process.h"

_Static_assert(sizeof(struct file_stat) == 8 && sizeof(struct directory_entry) == 24,
               "no padding: these go to programs as they are");

struct file *descriptor_file(uintptr_t descriptor)
{
    return descriptors_file(&process_current()->descriptors, descriptor);
}

/* Gives file, whose reference is taken over, the lowest free number from `from` on. */
static intptr_t add_descriptor(struct file *file, uint32_t from)
{
    struct process *process = process_current();
    int number = descriptors_add(&process->descriptors, process->family, file, from);

    if (number < 0) {
        file_close(file);
    }
    return number;
}

intptr_t descriptor_open(const char *path, unsigned flags, unsigned vfs_flags)
{
    struct process *process = process_current();
    struct file *file;
    int number = descriptors_reserve(&process->descriptors, process->family, FILE_DESCRIPTOR_FIRST);

    if (number < 0) {
        return number;
    }
    int status = file_open_at(process->folder, path, flags, vfs_flags, &file);

    if (status < 0) {
        descriptors_cancel(process->family, number);
        return status;
    }
    descriptors_put(&process->descriptors, number, file);
    return number;
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

    return status < 0 ? status : add_descriptor(file, FILE_DESCRIPTOR_FIRST);
}

/* read(descriptor, buffer, length): how many bytes, fewer than length only at the file's end */
intptr_t sys_read(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    struct user_pointer buffer = user_pointer(arguments[1]);
    size_t length = arguments[2];

    if (!file || (!file->operations->is_atomic && !user_is_in_one_page(buffer, length) &&
                  user_range_check_write(buffer, length) < 0)) {
        return -EINVARG;
    }
    int result = file_read_to(file, io_buffer_of_user(buffer), length);

    /* At the end nothing was copied: so the buffer is looked at now. */
    return result == 0 && !file->operations->is_atomic ? user_range_check_write(buffer, length)
                                                       : result;
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
    uint64_t before = file->position;
    int status = file_read_directory(file, &entry);
    int copied = status == 1 ? copy_to_user(out, &entry, sizeof(entry)) : OK;

    if (copied < 0) { /* the call may be made again */
        file->position = before;
    }
    return copied < 0 ? copied : status;
}

/* close(descriptor): 0; an error when something that was written to the file is lost: it is closed
 * all the same */
intptr_t sys_close(const uintptr_t *arguments)
{
    struct process *process = process_current();
    struct file *file = descriptor_file(arguments[0]);
    int lost = file && file_is_writable(file) ? file_take_error(file) : OK;
    int status = descriptors_close(&process->descriptors, process->family, arguments[0]);

    return status < 0 ? status : lost;
}

/* write_file(descriptor, buffer, length): how many bytes. Nothing is written when a part of the
 * buffer is not there. */
intptr_t sys_write_file(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    struct user_pointer buffer = user_pointer(arguments[1]);
    size_t length = arguments[2];

    if (!file || ((!file->operations->is_atomic || length > FILE_ATOMIC_BYTES) &&
                  user_range_check(buffer, length) < 0)) {
        return -EINVARG;
    }
    return file_write_from(file, io_buffer_of_user(buffer), length);
}

/* What can be set of a descriptor's flags. */
#define SETTABLE (FILE_NO_WAIT | FILE_CLOSE_ON_EXECUTE)

static int get_flags(uint32_t descriptor, struct user_pointer out)
{
    const struct descriptors *descriptors = &process_current()->descriptors;
    uint32_t flags = descriptors->files[descriptor]->flags;

    if (descriptors->close_on_execute & 1u << descriptor) {
        flags |= FILE_CLOSE_ON_EXECUTE;
    }
    return copy_to_user(out, &flags, sizeof(flags));
}

static int set_flags(uint32_t descriptor, struct user_pointer source)
{
    struct descriptors *descriptors = &process_current()->descriptors;
    struct file *file = descriptors->files[descriptor];
    uint32_t flags;
    int status = copy_from_user(&flags, source, sizeof(flags));

    if (status == OK && flags & ~(SETTABLE | file->flags)) {
        status = -EINVARG;
    }
    if (status == OK) {
        file->flags = (file->flags & ~FILE_NO_WAIT) | (flags & FILE_NO_WAIT);
        descriptors->close_on_execute &= ~(1u << descriptor);
        descriptors->close_on_execute |= flags & FILE_CLOSE_ON_EXECUTE ? 1u << descriptor : 0;
    }
    return status;
}

/* control(descriptor, what, argument): 0 */
intptr_t sys_control(const uintptr_t *arguments)
{
    struct file *file = descriptor_file(arguments[0]);
    uint32_t descriptor = (uint32_t)arguments[0], what = (uint32_t)arguments[1];
    struct user_pointer argument = user_pointer(arguments[2]);

    if (!file) {
        return -EINVARG;
    }
    switch (what) {
    case CONTROL_GET_FLAGS: return get_flags(descriptor, argument);
    case CONTROL_SET_FLAGS: return set_flags(descriptor, argument);
    default: return file_control(file, what, argument);
    }
}

/* duplicate(descriptor, number, flags): the descriptor that has the same open file: number, in
 * place of what had it, or with FILE_LOWEST the lowest free one from number on */
intptr_t sys_duplicate(const uintptr_t *arguments)
{
    struct process *process = process_current();
    struct descriptors *descriptors = &process->descriptors;
    struct file *file = descriptor_file(arguments[0]);
    uint32_t number = (uint32_t)arguments[1], flags = (uint32_t)arguments[2];
    int result;

    if (!file || flags & ~(FILE_CLOSE_ON_EXECUTE | FILE_LOWEST) || number >= FILE_DESCRIPTORS) {
        return -EINVARG;
    }
    file_hold(file);
    result = flags & FILE_LOWEST ? descriptors_add(descriptors, process->family, file, number)
                                 : descriptors_replace(descriptors, process->family, file, number);
    if (result < 0) {
        file_close(file);
    } else if (flags & FILE_CLOSE_ON_EXECUTE) {
        descriptors->close_on_execute |= 1u << result;
    }
    return result;
}

/* ---------------------------------------------------------------- pipes */

static bool charge_pages(void *family, uint32_t pages)
{
    return family_charge(family, FAMILY_PAGES, pages);
}

static void give_back_pages(void *family, uint32_t pages)
{
    family_give_back(family, FAMILY_PAGES, pages);
}

/* pipe(out): 0; the numbers of the reading and the writing end */
intptr_t sys_pipe(const uintptr_t *arguments)
{
    struct process *process = process_current();
    const struct pipe_charge charge = {charge_pages, give_back_pages, process->family};
    struct file *reader, *writer;
    int32_t numbers[2];
    int status = pipe_create(&charge, &reader, &writer);

    if (status < 0) {
        return status;
    }
    numbers[0] = (int32_t)add_descriptor(reader, 0);
    numbers[1] = numbers[0] < 0 ? numbers[0] : (int32_t)add_descriptor(writer, 0);
    if (numbers[0] < 0) {
        file_close(writer);
    }
    status = numbers[1] < 0 ? numbers[1]
                            : copy_to_user(user_pointer(arguments[0]), numbers, sizeof(numbers));
    for (size_t i = 0; status < 0 && i < ARRAY_SIZE(numbers); i++) {
        if (numbers[i] >= 0) {
            descriptors_close(&process->descriptors, process->family, (uint32_t)numbers[i]);
        }
    }
    return status;
}
