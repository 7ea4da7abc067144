/*
 * syscall/user_path.c - see user_path.h.
 *
 * Size before speed.
 */
#include "syscall/user_path.h"

#include "base/status.h"
#include "fs/path.h"
#include "syscall/usercopy.h"

/* Not inline: of two long buffers, the caller has one on its stack for long. */
__attribute__((noinline)) int copy_path_from_user(char path[PATH_BYTES_MAX],
                                                  struct user_pointer source)
{
    char name[PATH_BYTES_MAX];

    int status = copy_string_from_user(name, source, sizeof(name));

    if (status < 0) {
        return status == -EBOUNDS ? -EBADPATH : status;
    }
    return name[0] && path_complete(path, name) == OK ? OK : -EBADPATH;
}
