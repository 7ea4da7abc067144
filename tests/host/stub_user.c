/*
 * stub_user.c - see stub_user.h.
 */
#include "stub_user.h"

#include "base/status.h"

stub_user_copy_t stub_user_copy;

int copy_from_user(void *destination, struct user_pointer source, size_t length)
{
    (void)destination;
    (void)source;
    return length ? -EINVARG : OK;
}

int copy_to_user(struct user_pointer destination, const void *source, size_t length)
{
    return !length ? OK : stub_user_copy ? stub_user_copy(destination, source, length) : -EINVARG;
}

bool copy_to_user_at_once(struct user_pointer destination, const void *source, size_t length)
{
    (void)destination;
    (void)source;
    return length == 0;
}
