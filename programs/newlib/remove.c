/*
 * remove.c - remove(), of folders, too. newlib has it in one object with _remove_r(), so both are
 * here: a program gets either this object or that one.
 */
#include <errno.h>
#include <reent.h>
#include <stdio.h>
#include <unistd.h>

int _remove_r(struct _reent *reent, const char *path)
{
    int result = unlink(path);

    (void)reent;
    return result < 0 && errno == EISDIR ? rmdir(path) : result;
}

int remove(const char *path)
{
    return _remove_r(_REENT, path);
}
