/*
 * stub_user.h - memory/user.h for host tests: programs have no memory, so every copy fails, but for
 * those that a test makes itself.
 */
#ifndef STUB_USER_H
#define STUB_USER_H

#include "memory/user.h"

typedef int (*stub_user_copy_t)(struct user_pointer destination, const void *source, size_t length);

/* What copies bytes to a program; NULL: nothing does. All pages are absent for a copy at once. */
extern stub_user_copy_t stub_user_copy;

#endif
