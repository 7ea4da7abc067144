/*
 * syscall/user_path.h - a path that a program names.
 */
#ifndef SYSCALL_USER_PATH_H
#define SYSCALL_USER_PATH_H

#include "base/types.h"
#include "config.h"

/* Reads the string at source, a path (fs/vfs.h). 0; -EINVARG for a bad pointer;
 * -EBADPATH for what is empty or too long. */
int copy_path_from_user(char path[PATH_BYTES_MAX], struct user_pointer source);

#endif
