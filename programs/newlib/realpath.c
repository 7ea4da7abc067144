/*
 * realpath.c - a file's one name. There are no links, so "." and ".." are a matter of the text,
 * once everything on the way is known to exist. Names stay as they were written.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

/* Appends what path names to out, a folder's path without a slash at its end: "" is the root. */
static void append(char *out, const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 2 && path[0] == '.' && path[1] == '.') {
            char *slash = strrchr(out, '/');

            *(slash ? slash : out) = '\0';
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            strcat(out, "/");
            strncat(out, path, length);
        }
        path += length;
        path += strspn(path, "/");
    }
}

static bool names_drive(const char *path)
{
    return isdigit((unsigned char)path[0]) && path[1] == ':';
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    char folder[PATH_MAX];
    struct stat known;
    char *full;

    if (!path || !*path) {
        errno = path ? ENOENT : EINVAL;
        return NULL;
    }
    if (stat(path, &known) < 0 || !getcwd(folder, sizeof(folder))) {
        return NULL;
    }
    full = malloc(strlen(folder) + strlen(path) + 3);
    if (!full) {
        return NULL;
    }
    full[0] = '\0';
    if (names_drive(path)) {
        if (path[0] != '0') { /* drive 0 has the root */
            strncat(full, path, 2);
        }
        append(full, path + 2);
    } else {
        append(full, path[0] == '/' ? "" : folder);
        append(full, path);
    }
    if (!*full) {
        strcpy(full, "/");
    }
    if (!resolved) {
        return full;
    }
    strcpy(resolved, full);
    free(full);
    return resolved;
}
