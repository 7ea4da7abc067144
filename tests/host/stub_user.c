/*
 * stub_user.c - memory/user.h for host tests: programs have no memory, so every copy fails.
 */
#include "base/status.h"
#include "memory/user.h"

int copy_from_user(void *destination, struct user_pointer source, size_t length)
{
    (void)destination;
    (void)source;
    return length ? -EINVARG : OK;
}

int copy_to_user(struct user_pointer destination, const void *source, size_t length)
{
    (void)destination;
    (void)source;
    return length ? -EINVARG : OK;
}

bool copy_to_user_at_once(struct user_pointer destination, const void *source, size_t length)
{
    return copy_to_user(destination, source, length) == OK;
}
