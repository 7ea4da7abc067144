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
