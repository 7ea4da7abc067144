/*
 * missing.c - what other systems have and the kernel has not: -1, and ENOSYS in errno. They are here
 * so that programs link that would call them on other systems only.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer.h"

pid_t fork(void)
{
    return layer_fail(ENOSYS);
}

int execve(const char *path, char *const arguments[], char *const environment[])
{
    (void)path;
    (void)arguments;
    (void)environment;
    return layer_fail(ENOSYS);
}

int pipe(int descriptors[2])
{
    (void)descriptors;
    return layer_fail(ENOSYS);
}

int dup(int descriptor)
{
    (void)descriptor;
    return layer_fail(ENOSYS);
}

int dup2(int descriptor, int copy)
{
    (void)descriptor;
    (void)copy;
    return layer_fail(ENOSYS);
}

int fcntl(int descriptor, int command, ...)
{
    (void)descriptor;
    (void)command;
    return layer_fail(ENOSYS);
}

int ftruncate(int descriptor, off_t length)
{
    (void)descriptor;
    (void)length;
    return layer_fail(ENOSYS);
}

int rmdir(const char *path)
{
    (void)path;
    return layer_fail(ENOSYS);
}

int mkdir(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return layer_fail(ENOSYS);
}

int chmod(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return layer_fail(ENOSYS);
}

int chdir(const char *path)
{
    (void)path;
    return layer_fail(ENOSYS);
}
