/*
 * paths.c - POSIX's paths as the kernel has them: "0:/folder/name.ext".
 *
 * All paths begin in the root, with or without a slash in front. There are no links, so "." and
 * ".." are a matter of the text: ".." takes the name before it away, whether or not there is such a
 * folder.
 */
#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "layer.h"

#define ROOT       "0:/"
#define ROOT_CHARS (sizeof(ROOT) - 1)

/* Makes a path with no more than ROOT, names, and single slashes between them. False when out, of
 * size bytes, is too small. */
static bool resolve(const char *path, char *out, size_t size)
{
    size_t end = ROOT_CHARS;

    if (strncmp(path, ROOT, ROOT_CHARS) == 0) {
        path += ROOT_CHARS;
    }
    strcpy(out, ROOT);
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 2 && path[0] == '.' && path[1] == '.') {
            while (end > ROOT_CHARS && out[--end] != '/') {
            }
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            if (length + 2 > size - end) {
                return false;
            }
            if (end > ROOT_CHARS) {
                out[end++] = '/';
            }
            memcpy(out + end, path, length);
            end += length;
        }
        path += length;
        path += strspn(path, "/");
    }
    out[end] = '\0';
    return true;
}

const char *layer_kernel_path(const char *path)
{
    static char resolved[PATH_MAX];

    bool is_on_another_drive = isdigit((unsigned char)path[0]) && path[0] != '0' && path[1] == ':';

    /* Nothing has the empty name, and the kernel refuses what is longer. */
    return *path && !is_on_another_drive && resolve(path, resolved, sizeof(resolved)) ? resolved
                                                                                      : path;
}

bool layer_asks_for_folder(const char *path)
{
    return *path && path[strlen(path) - 1] == '/';
}
