/*
 * files.c - open files as POSIX has them: each function is a call of the kernel's.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

static uint32_t open_flags(int flags)
{
    int mode = flags & O_ACCMODE;
    uint32_t writing = mode == O_RDONLY ? 0 : OPEN_WRITE;

    return (mode == O_WRONLY ? 0 : OPEN_READ) | writing | ((flags & O_CREAT) ? OPEN_CREATE : 0) |
           ((flags & O_CREAT) && (flags & O_EXCL) ? OPEN_EXCLUSIVE : 0) |
           (writing && (flags & O_TRUNC) ? OPEN_TRUNCATE : 0) |
           (writing && (flags & O_APPEND) ? OPEN_APPEND : 0) |
           ((flags & O_DIRECTORY) ? OPEN_DIRECTORY : 0);
}

int open(const char *path, int flags, ...)
{
    intptr_t result = syscall_open_file(path, open_flags(flags));
    int descriptor = (flags & O_CREAT) ? layer_result_of_new_path(path, result)
                                       : layer_result_of_path(path, result);

    if (descriptor >= 0 && flags & O_CLOEXEC) {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
    return descriptor;
}

int close(int descriptor)
{
    return layer_result_about(descriptor, syscall_close(descriptor));
}

_READ_WRITE_RETURN_TYPE read(int descriptor, void *buffer, size_t length)
{
    return layer_result_about(descriptor, syscall_read(descriptor, buffer, length));
}

_READ_WRITE_RETURN_TYPE write(int descriptor, const void *buffer, size_t length)
{
    int result = layer_result_about(descriptor, syscall_write_file(descriptor, buffer, length));

    if (result < 0 && errno == EPIPE) {
        raise(SIGPIPE); /* which ends the program, if it has not arranged for anything else */
        /* cppcheck-suppress unreachableCode ; raise() comes back when the signal is caught */
        errno = EPIPE;
    }
    return result;
}

/* Positions below 0 are no positions; the kernel would take them for very large ones. */
static bool make_transfer(struct file_transfer *transfer, const void *buffer, size_t length,
                          off_t position)
{
    *transfer = (struct file_transfer){(uint64_t)position, (uintptr_t)buffer, length};
    return position >= 0;
}

ssize_t pread(int descriptor, void *buffer, size_t length, off_t position)
{
    struct file_transfer transfer;

    return make_transfer(&transfer, buffer, length, position)
               ? layer_result_about(descriptor, syscall_read_at(descriptor, &transfer))
               : layer_fail(EINVAL);
}

ssize_t pwrite(int descriptor, const void *buffer, size_t length, off_t position)
{
    struct file_transfer transfer;

    return make_transfer(&transfer, buffer, length, position)
               ? layer_result_about(descriptor, syscall_write_at(descriptor, &transfer))
               : layer_fail(EINVAL);
}

off_t lseek(int descriptor, off_t offset, int from)
{
    int64_t position = offset;

    _Static_assert(SEEK_SET == FILE_SEEK_SET && SEEK_CUR == FILE_SEEK_CUR &&
                       SEEK_END == FILE_SEEK_END,
                   "the same numbers");
    if (layer_result_about(descriptor, syscall_seek_file(descriptor, &position, (uint32_t)from)) <
        0) {
        return -1;
    }
    return position == (off_t)position ? (off_t)position : layer_fail(EOVERFLOW);
}

int ftruncate(int descriptor, off_t size)
{
    uint64_t new_size = (uint64_t)size;

    return size < 0 ? layer_fail(EINVAL)
                    : layer_result_about(descriptor, syscall_resize_file(descriptor, &new_size));
}

int truncate(const char *path, off_t size)
{
    int descriptor = open(path, O_WRONLY), result, error;

    if (descriptor < 0) {
        return -1;
    }
    result = ftruncate(descriptor, size);
    error = errno;
    close(descriptor);
    errno = error;
    return result;
}

int fsync(int descriptor)
{
    int result = layer_result_about(descriptor, syscall_sync_file(descriptor));

    return result < 0 && errno == ESPIPE ? layer_fail(EINVAL) : result; /* no file of a drive */
}

int fdatasync(int descriptor)
{
    return fsync(descriptor);
}

void sync(void)
{
    (void)syscall_sync_file(-1);
}

/* ---------------------------------------------------------------- what a file is */

static mode_t mode_of(const struct file_details *details)
{
    mode_t rights = S_IRUSR | (details->flags & FILE_IS_READ_ONLY ? 0 : S_IWUSR);

    switch (details->kind) {
    case FILE_IS_DIRECTORY: return S_IFDIR | rights | S_IXUSR;
    case FILE_IS_PLAIN: return S_IFREG | rights | S_IXUSR;
    case FILE_IS_PIPE: return S_IFIFO | rights;
    default: return S_IFCHR | rights;
    }
}

static void fill_stat(struct stat *out, const struct file_details *details)
{
    *out = (struct stat){
        .st_dev = (dev_t)details->drive,
        .st_ino = (ino_t)details->number,
        .st_mode = mode_of(details),
        .st_nlink = (nlink_t)details->links,
        .st_size = (off_t)details->size,
        .st_blksize = details->kind == FILE_IS_DEVICE ? 1024 : 4096,
        .st_blocks = (blkcnt_t)(details->size / 512 + (details->size % 512 != 0)),
    };
    out->st_mtime = (time_t)details->modified;
    out->st_ctime = (time_t)details->modified;
    out->st_atime = (time_t)details->accessed;
}

int fstat(int descriptor, struct stat *out)
{
    struct file_details details;
    int result = layer_result_about(descriptor, syscall_stat_file(descriptor, NULL, &details));

    if (result == 0) {
        fill_stat(out, &details);
    }
    return result;
}

int stat(const char *path, struct stat *out)
{
    struct file_details details;
    int result = layer_result_of_path(path, syscall_stat_file(-1, path, &details));

    if (result == 0) {
        fill_stat(out, &details);
    }
    return result;
}

int lstat(const char *path, struct stat *out)
{
    return stat(path, out); /* there are no links */
}

int access(const char *path, int mode)
{
    struct stat out;

    if (stat(path, &out) < 0) {
        return -1;
    }
    return mode & W_OK && !(out.st_mode & S_IWUSR) ? layer_fail(EROFS) : 0;
}

int isatty(int descriptor)
{
    struct stat out;
    uint32_t mode;

    if (syscall_control(descriptor, CONTROL_GET_MODE, &mode) == 0) {
        return 1;
    }
    if (fstat(descriptor, &out) == 0) {
        errno = ENOTTY;
    }
    return 0;
}
