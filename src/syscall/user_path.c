/*
 * syscall/user_path.c - see user_path.h.
 *
 * Size before speed.
 */
#include "syscall/user_path.h"

#include "base/status.h"
#include "syscall/usercopy.h"

int copy_path_from_user(char path[PATH_BYTES_MAX], struct user_pointer source)
{
    int status = copy_string_from_user(path, source, PATH_BYTES_MAX);

    return status > 0 ? OK : status == 0 || status == -EBOUNDS ? -EBADPATH : status;
}
