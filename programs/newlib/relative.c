/*
 * relative.c - paths that begin in an open folder. Each function finds the folder's own path, and
 * does with both together what its namesake without "at" does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer.h"

struct full_path {
    char text[LAYER_PATH_BYTES];
};

/* Does it begin with "/" or with a drive, "2:"? */
static bool is_absolute(const char *path)
{
    return path[0] == '/' || (path[0] >= '0' && path[0] <= '9' && path[1] == ':');
}

/* The path from the working folder, or from the root, maybe in `room`; NULL and errno. */
static const char *full_path(struct full_path *room, int folder, const char *path)
{
    size_t length;

    if (folder == AT_FDCWD || is_absolute(path)) {
        return path;
    }
    if (path[0] == '\0') {
        errno = ENOENT;
        return NULL;
    }
    if (layer_result_about(folder,
                           syscall_descriptor_path(folder, room->text, sizeof(room->text))) < 0) {
        return NULL;
    }
    length = strlen(room->text);
    if (length + 1 + strlen(path) >= sizeof(room->text)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    room->text[length] = '/';
    strcpy(room->text + length + 1, path);
    return room->text;
}

int openat(int folder, const char *path, int flags, ...)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    return full ? open(full, flags) : -1; /* a mode has no effect */
}

int fstatat(int folder, const char *restrict path, struct stat *restrict out, int flags)
{
    struct full_path room;
    const char *full;

    if (flags & AT_EMPTY_PATH && path[0] == '\0') {
        return folder == AT_FDCWD ? stat(".", out) : fstat(folder, out);
    }
    full = full_path(&room, folder, path);
    return full ? stat(full, out) : -1;
}

int faccessat(int folder, const char *path, int mode, int flags)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    (void)flags; /* the user who counts is the only one */
    return full ? access(full, mode) : -1;
}

int eaccess(const char *path, int mode)
{
    return access(path, mode);
}

int euidaccess(const char *path, int mode)
{
    return access(path, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    return full ? mkdir(full, mode) : -1;
}

int unlinkat(int folder, const char *path, int flags)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    if (!full) {
        return -1;
    }
    return (flags & AT_REMOVEDIR) ? rmdir(full) : unlink(full);
}

int renameat(int folder, const char *path, int new_folder, const char *new_path)
{
    struct full_path room, new_room;
    const char *full = full_path(&room, folder, path);
    const char *new_full = full ? full_path(&new_room, new_folder, new_path) : NULL;

    return new_full ? rename(full, new_full) : -1;
}

int linkat(int folder, const char *path, int new_folder, const char *new_path, int flags)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    (void)new_folder;
    (void)flags;
    return full ? link(full, new_path) : -1;
}

int symlinkat(const char *target, int folder, const char *path)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    return full ? symlink(target, full) : -1;
}

ssize_t readlinkat(int folder, const char *restrict path, char *restrict buffer, size_t size)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    return full ? readlink(full, buffer, size) : -1;
}

int fchmodat(int folder, const char *path, mode_t mode, int flags)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    (void)flags; /* there are no links */
    return full ? chmod(full, mode) : -1;
}

int fchownat(int folder, const char *path, uid_t owner, gid_t group, int flags)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    (void)flags;
    return full ? chown(full, owner, group) : -1;
}

int utimensat(int folder, const char *path, const struct timespec *times, int flags)
{
    struct full_path room;
    const char *full = full_path(&room, folder, path);

    (void)flags;
    return full ? layer_set_times(full, -1, times) : -1;
}

int fchdir(int folder)
{
    struct full_path room;
    const char *full = full_path(&room, folder, ".");

    return full ? chdir(full) : -1;
}
