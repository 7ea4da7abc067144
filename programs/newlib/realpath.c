/*
 * realpath.c - a file's one name: paths.c's text, once everything on the way is known to exist.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"

/* Is what stands before each ".." a folder? If not, errno says why. */
static bool has_folders_only(const char *path, char *copy)
{
    struct stat known;

    for (const char *part = path; (part = strstr(part, "/..")) != NULL; part += 3) {
        if (part > path && (part[3] == '/' || !part[3])) {
            memcpy(copy, path, (size_t)(part + 1 - path));
            copy[part + 1 - path] = '\0';
            if (stat(copy, &known) < 0) { /* with its slash */
                return false;
            }
        }
    }
    return true;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    struct stat known;
    char *full;

    if (!path || !*path) {
        errno = path ? ENOENT : EINVAL;
        return NULL;
    }
    full = malloc(strlen(path) + sizeof("0:/") + 1);
    if (!full) {
        return NULL;
    }
    if (!has_folders_only(path, full) || stat(path, &known) < 0) {
        free(full);
        return NULL;
    }
    if (scratch_is_name(path)) {
        strcpy(full, path);
    } else {
        strcpy(full, layer_kernel_path(path));
        for (char *c = full; *c; c++) {
            *c = (char)tolower((unsigned char)*c); /* as the kernel lists names */
        }
    }
    if (!resolved) {
        return full;
    }
    strcpy(resolved, full);
    free(full);
    return resolved;
}
