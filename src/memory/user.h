/*
 * memory/user.h - copies from and to a program's memory.
 *
 * Every function checks that all of the range lies where a user's memory can be
 * (arch/user_access.h), without wrapping, and that each byte is the program's and allows the
 * access; otherwise -EINVARG. They work on the address space in use. Those whose names do not say
 * "at once" may wait, for a page that is only absent, and give another error when that cannot come:
 * -EIO, -ENOMEM, -EINTERRUPTED. What was found out before it may have changed after it, but for the
 * process's own memory and its own places for open files.
 */
#ifndef MEMORY_USER_H
#define MEMORY_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"

/* 0 or an error; then a part of it may have been copied. */
int copy_from_user(void *destination, struct user_pointer source, size_t length);
int copy_to_user(struct user_pointer destination, const void *source, size_t length);

/* The same for who must not wait: false also when a page is only absent. */
bool copy_to_user_at_once(struct user_pointer destination, const void *source, size_t length);

/* Whether the copy under way waits for pages: asked where a fault of the kernel's is handled. */
bool user_copy_waits(void);

#endif
