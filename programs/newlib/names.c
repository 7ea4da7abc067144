/*
 * names.c - what POSIX does with names: files and folders are removed, renamed, made; the working
 * folder.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

int unlink(const char *path)
{
    return layer_result_of_path(path, syscall_remove(path, REMOVE_FILE));
}

int rmdir(const char *path)
{
    return layer_result_of_path(path, syscall_remove(path, REMOVE_DIRECTORY));
}

int mkdir(const char *path, mode_t mode)
{
    (void)mode; /* there are no rights */
    return layer_result_of_path(path, syscall_make_directory(path));
}

int rename(const char *path, const char *new_path)
{
    return layer_result_of_paths(path, new_path, syscall_rename(path, new_path));
}

/* ---------------------------------------------------------------- the working folder */

int chdir(const char *path)
{
    return layer_result_of_path(path, syscall_change_folder(path));
}

char *getcwd(char *buffer, size_t size)
{
    char path[LAYER_PATH_BYTES];

    if (buffer && size == 0) {
        errno = EINVAL;
        return NULL;
    }
    if (layer_result(syscall_get_folder(path, sizeof(path))) < 0) {
        return NULL;
    }
    if (!buffer) { /* as others do: memory for it */
        size = size ? size : strlen(path) + 1;
    }
    if (strlen(path) >= size) {
        errno = ERANGE;
        return NULL;
    }
    if (!buffer) {
        buffer = malloc(size);
    }
    return buffer ? strcpy(buffer, path) : NULL;
}
