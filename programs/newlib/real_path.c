/*
 * real_path.c - realpath(): a path's one full form, "0:/folder/name.ext".
 *
 * There are no links, so "." and ".." are a matter of the text; names are in lower case, as the
 * kernel lists them. What lies below /tmp/ keeps its name.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"

#define ROOT "0:/"

/* Puts path's names behind ROOT in out, which has room for them. False when ".." follows what is no
 * folder. */
static bool resolve(const char *path, char *out)
{
    struct stat known;
    char *end = stpcpy(out, ROOT);

    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 2 && path[0] == '.' && path[1] == '.') {
            *end = '\0';
            if (stat(out, &known) < 0) {
                return false;
            }
            if (!S_ISDIR(known.st_mode)) {
                errno = ENOTDIR;
                return false;
            }
            while (end > out + strlen(ROOT) && *--end != '/') {
            }
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            if (end > out + strlen(ROOT)) {
                *end++ = '/';
            }
            for (size_t i = 0; i < length; i++) {
                *end++ = (char)tolower((unsigned char)path[i]);
            }
        }
        path += length;
        path += strspn(path, "/");
    }
    *end = '\0';
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
    full = malloc(sizeof(ROOT) + strlen(path));
    if (!full) {
        return NULL;
    }
    if (scratch_is_name(path)) {
        strcpy(full, path);
    } else if (!resolve(strncmp(path, ROOT, 2) == 0 ? path + 2 : path, full)) {
        goto fail;
    }
    if (stat(full, &known) < 0) {
        goto fail;
    }
    if (path[strlen(path) - 1] == '/' && !S_ISDIR(known.st_mode)) {
        errno = ENOTDIR;
        goto fail;
    }
    if (!resolved) {
        return full;
    }
    strcpy(resolved, full);
    free(full);
    return resolved;

fail:
    free(full);
    return NULL;
}
