/*
 * files.c - files as POSIX has them. The kernel's can be read, not written: what would write to a
 * disk is ENOSYS.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

/* Is it a descriptor of the kernel's that is open? */
static bool is_open(int descriptor, struct file_stat *known)
{
    return descriptor >= 0 && descriptor < SCRATCH_DESCRIPTOR &&
           syscall_descriptor_stat(descriptor, known) >= 0;
}

/* A call's result about a descriptor of the kernel's, as C has it: the kernel has one error for all
 * arguments that are wrong. */
int layer_result_about(int descriptor, intptr_t result)
{
    struct file_stat known;

    return result == layer_invalid_argument && !is_open(descriptor, &known) ? layer_fail(EBADF)
                                                                            : layer_result(result);
}

static mode_t mode_of(const struct file_stat *stat)
{
    if (stat->kind != FILE_KIND_PLAIN) {
        return (stat->kind == FILE_KIND_PIPE ? S_IFIFO : S_IFCHR) | S_IRUSR | S_IWUSR;
    }
    return stat->is_directory ? S_IFDIR | S_IRUSR | S_IXUSR : S_IFREG | S_IRUSR | S_IXUSR;
}

static void fill_stat(struct stat *out, const struct file_stat *stat)
{
    *out = (struct stat){
        .st_mode = mode_of(stat),
        .st_nlink = 1,
        .st_size = (off_t)stat->size,
        .st_blksize = stat->kind == FILE_KIND_DEVICE ? 1024 : 4096,
        .st_blocks = (blkcnt_t)(stat->size / 512 + (stat->size % 512 != 0)),
    };
}

int open(const char *path, int flags, ...)
{
    if (scratch_is_name(path)) {
        return scratch_open(path, flags);
    }
    if ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC))) {
        return layer_fail(ENOSYS);
    }
    int descriptor = layer_result(syscall_open(layer_kernel_path(path)));
    struct file_stat known;

    if (descriptor >= 0 && layer_asks_for_folder(path) && is_open(descriptor, &known) &&
        !known.is_directory) {
        close(descriptor);
        return layer_fail(ENOTDIR);
    }
    return descriptor;
}

int close(int descriptor)
{
    if (scratch_has(descriptor)) {
        return scratch_close(descriptor);
    }
    return layer_result_about(descriptor, syscall_close(descriptor));
}

_READ_WRITE_RETURN_TYPE read(int descriptor, void *buffer, size_t length)
{
    if (scratch_has(descriptor)) {
        return scratch_read(descriptor, buffer, length);
    }
    return layer_result_about(descriptor, syscall_read(descriptor, buffer, length));
}

_READ_WRITE_RETURN_TYPE write(int descriptor, const void *buffer, size_t length)
{
    if (scratch_has(descriptor)) {
        return scratch_write(descriptor, buffer, length);
    }
    int result = layer_result_about(descriptor, syscall_write_file(descriptor, buffer, length));

    if (result < 0 && errno == EPIPE) {
        raise(SIGPIPE); /* which ends the program, if it has not arranged for anything else */
        errno = EPIPE;
    }
    return result;
}

off_t lseek(int descriptor, off_t offset, int from)
{
    if (scratch_has(descriptor)) {
        return scratch_seek(descriptor, offset, from);
    }
    _Static_assert(SEEK_SET == FILE_SEEK_SET && SEEK_CUR == FILE_SEEK_CUR &&
                       SEEK_END == FILE_SEEK_END,
                   "the same numbers");
    return layer_result_about(descriptor, syscall_seek(descriptor, (int)offset, (uint32_t)from));
}

int fstat(int descriptor, struct stat *out)
{
    struct file_stat known;

    if (scratch_has(descriptor)) {
        return scratch_fstat(descriptor, out);
    }
    if (!is_open(descriptor, &known)) {
        return layer_fail(EBADF);
    }
    fill_stat(out, &known);
    return 0;
}

int stat(const char *path, struct stat *out)
{
    struct file_stat known;

    if (scratch_is_name(path)) {
        return scratch_stat(path, out);
    }
    int result = layer_result(syscall_stat(layer_kernel_path(path), &known));
    if (result < 0) {
        return result;
    }
    if (layer_asks_for_folder(path) && !known.is_directory) {
        return layer_fail(ENOTDIR);
    }
    fill_stat(out, &known);
    return 0;
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
    return (mode & W_OK) && !scratch_is_name(path) ? layer_fail(EROFS) : 0;
}

int isatty(int descriptor)
{
    struct stat out;
    uint32_t mode;

    if (!scratch_has(descriptor) && syscall_control(descriptor, CONTROL_GET_MODE, &mode) == 0) {
        return 1;
    }
    if (fstat(descriptor, &out) == 0) {
        errno = ENOTTY;
    }
    return 0;
}

int unlink(const char *path)
{
    struct stat out;

    if (scratch_is_name(path)) {
        return scratch_unlink(path);
    }
    return stat(path, &out) < 0 ? -1 : layer_fail(ENOSYS);
}

/* newlib's rename() is link() and unlink(). */
int link(const char *path, const char *new_path)
{
    struct stat out;

    (void)new_path;
    return stat(path, &out) < 0 ? -1 : layer_fail(ENOSYS);
}

char *getcwd(char *buffer, size_t size)
{
    if (!buffer || size < sizeof("0:/")) {
        errno = buffer ? ERANGE : EINVAL;
        return NULL;
    }
    return strcpy(buffer, "0:/");
}

/* Nothing waits to be written: no disk can be written. */
int fsync(int descriptor)
{
    struct stat known;

    if (fstat(descriptor, &known) < 0) {
        return -1;
    }
    return S_ISREG(known.st_mode) || S_ISDIR(known.st_mode) ? 0 : layer_fail(EINVAL);
}

int fdatasync(int descriptor)
{
    return fsync(descriptor);
}

void sync(void)
{
}
