/*
 * search.c - which file a program's name means, for execvp(), posix_spawnp() and system().
 *
 * A name with a slash is a path. Any other is looked for in the folders of the environment's PATH,
 * with colons between them, or in the root, where the disk has its programs, if there is none. As
 * the shell does, each folder is asked for the name as it is, and then for the name with ".elf".
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"

#define SUFFIX       ".elf"
#define DEFAULT_PATH "/"

/* What is looked for, and what came of it so far. */
struct search {
    const char *file;
    layer_start *start;
    void *context;
    int error; /* ENOENT, or EACCES: something was there */
};

/* Can another folder have what is looked for? */
static bool goes_on(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENAMETOOLONG;
}

/* Starts folder/name, with the suffix. 0, or the error. */
static int start_in(struct search *search, const char *folder, size_t length, const char *suffix)
{
    char path[PATH_MAX];
    int error;

    if (length + 1 + strlen(search->file) + strlen(suffix) >= sizeof(path)) {
        return ENAMETOOLONG;
    }
    memcpy(path, folder, length);
    path[length] = '/';
    strcpy(path + length + 1, search->file);
    strcat(path, suffix);
    error = search->start(search->context, path);
    if (error == EACCES) {
        search->error = EACCES;
    }
    return error;
}

int layer_search(const char *file, layer_start *start, void *context)
{
    struct search search = {file, start, context, ENOENT};
    const char *folder = getenv("PATH");

    if (strchr(file, '/') || !*file) {
        return start(context, file);
    }
    for (folder = folder ? folder : DEFAULT_PATH;; folder++) {
        size_t length = strcspn(folder, ":");
        int error = start_in(&search, folder, length, "");

        if (goes_on(error)) {
            error = start_in(&search, folder, length, SUFFIX);
        }
        if (!goes_on(error)) {
            return error;
        }
        folder += length;
        if (!*folder) {
            return search.error;
        }
    }
}
