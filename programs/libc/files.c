/*
 * files.c - the file commands as C functions.
 */
#include "include/drupe.h"

#define ADDRESS(pointer) ((uint32_t)(uintptr_t)(pointer))

int file_open(const char *path)
{
    return system_call(SYSCALL_OPEN, ADDRESS(path), 0, 0);
}

int file_read(int descriptor, void *buffer, size_t length)
{
    return system_call(SYSCALL_READ, (uint32_t)descriptor, ADDRESS(buffer), length);
}

int file_seek(int descriptor, int offset, int from)
{
    return system_call(SYSCALL_SEEK, (uint32_t)descriptor, (uint32_t)offset, (uint32_t)from);
}

int file_stat(const char *path, struct file_stat *stat)
{
    return system_call(SYSCALL_STAT, ADDRESS(path), ADDRESS(stat), 0);
}

int file_descriptor_stat(int descriptor, struct file_stat *stat)
{
    return system_call(SYSCALL_DESCRIPTOR_STAT, (uint32_t)descriptor, ADDRESS(stat), 0);
}

int file_read_directory(int descriptor, struct directory_entry *entry)
{
    return system_call(SYSCALL_READ_DIRECTORY, (uint32_t)descriptor, ADDRESS(entry), 0);
}

int file_close(int descriptor)
{
    return system_call(SYSCALL_CLOSE, (uint32_t)descriptor, 0, 0);
}
