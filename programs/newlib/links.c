/*
 * links.c - a file has one name, and no name stands for another.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "layer.h"

int link(const char *path, const char *new_path)
{
    struct stat out;

    (void)new_path;
    return stat(path, &out) < 0 ? -1 : layer_fail(ENOSYS);
}

int symlink(const char *target, const char *path)
{
    struct stat out;

    (void)target;
    return stat(path, &out) == 0 ? layer_fail(EEXIST) : errno == ENOENT ? layer_fail(EPERM) : -1;
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
    struct stat out;

    (void)buffer;
    (void)size;
    return stat(path, &out) < 0 ? -1 : layer_fail(EINVAL); /* what is there is no link */
}
