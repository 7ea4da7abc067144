/*
 * memory/user.c - see user.h.
 *
 * The range check keeps the kernel's pages out: ring 0 could touch those without a fault. Whether
 * a user page exists and is writeable the CPU finds out itself (CR0.WP is on): arch/user_access.h
 * has the instructions that can fault. A page that is only absent is brought then
 * (process/fault.c), for which the task may wait: a file is read.
 */
#include "memory/user.h"

#include "arch/trap.h"
#include "arch/user_access.h"
#include "base/status.h"

int copy_from_user(void *destination, struct user_pointer source, size_t length)
{
    vaddr_t end = user_range_end(source.address);

    if (!end || length > end - source.address) {
        return -EINVARG;
    }
    return user_access_copy(destination, (const void *)source.address, length)
               ? OK
               : trap_user_page_error();
}

int copy_to_user(struct user_pointer destination, const void *source, size_t length)
{
    vaddr_t end = user_range_end(destination.address);

    if (!end || length > end - destination.address) {
        return -EINVARG;
    }
    return user_access_copy((void *)destination.address, source, length) ? OK
                                                                         : trap_user_page_error();
}

/* Nothing runs between the two assignments but the copy and its fault. */
static bool is_at_once;

bool copy_to_user_at_once(struct user_pointer destination, const void *source, size_t length)
{
    is_at_once = true;

    int status = copy_to_user(destination, source, length);

    is_at_once = false;
    return status == OK;
}

bool user_copy_waits(void)
{
    return !is_at_once;
}
