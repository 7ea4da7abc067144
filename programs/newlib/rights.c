/*
 * rights.c - who may do what with a file. A FAT knows one right, and no owners: a file can be
 * marked, so that nobody writes to it. All files are user 0's.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer.h"

static bool is_marked(mode_t mode)
{
    return !(mode & S_IWUSR);
}

int chmod(const char *path, mode_t mode)
{
    return layer_result_of_path(path, syscall_set_read_only(-1, path, is_marked(mode)));
}

int fchmod(int descriptor, mode_t mode)
{
    return layer_result_about(descriptor, syscall_set_read_only(descriptor, NULL, is_marked(mode)));
}

/* What exists can only be given to whom it belongs already; -1: as it is. */
static int give(uid_t owner, gid_t group)
{
    bool is_to_root = owner == 0 || owner == (uid_t)-1;

    return is_to_root && (group == 0 || group == (gid_t)-1) ? 0 : layer_fail(EPERM);
}

int chown(const char *path, uid_t owner, gid_t group)
{
    struct stat known;

    return stat(path, &known) < 0 ? -1 : give(owner, group);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return chown(path, owner, group);
}

int fchown(int descriptor, uid_t owner, gid_t group)
{
    struct stat known;

    return fstat(descriptor, &known) < 0 ? -1 : give(owner, group);
}
