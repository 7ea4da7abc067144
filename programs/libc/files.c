/*
 * files.c - the file commands as C functions.
 */
#include "include/drupe.h"

int file_open(const char *path)
{
    return syscall_open(path);
}

int file_read(int descriptor, void *buffer, size_t length)
{
    return syscall_read(descriptor, buffer, length);
}

#define SIGNAL_PIPE 13 /* POSIX's number */

int file_write(int descriptor, const void *buffer, size_t length)
{
    const char *from = buffer;

    for (size_t done = 0; done < length;) {
        intptr_t count = syscall_write_file(descriptor, from + done, length - done);

        if (count == -EPIPE) {
            syscall_exit_by_signal(SIGNAL_PIPE);
        }
        if (count < 0) {
            return (int)count;
        }
        done += (size_t)count;
    }
    return (int)length;
}

int file_pipe(int ends[2])
{
    return syscall_pipe(ends);
}

int file_duplicate(int descriptor, int number)
{
    return number < 0 ? syscall_duplicate(descriptor, 0, FILE_LOWEST)
                      : syscall_duplicate(descriptor, (uint32_t)number, 0);
}

int file_seek(int descriptor, int offset, int from)
{
    return syscall_seek(descriptor, offset, (uint32_t)from);
}

int file_stat(const char *path, struct file_stat *stat)
{
    return syscall_stat(path, stat);
}

int file_descriptor_stat(int descriptor, struct file_stat *stat)
{
    return syscall_descriptor_stat(descriptor, stat);
}

int file_read_directory(int descriptor, struct directory_entry *entry)
{
    return syscall_read_directory(descriptor, entry);
}

int file_close(int descriptor)
{
    return syscall_close(descriptor);
}
