/*
 * syscall/usercopy.c - see usercopy.h.
 *
 * The range check keeps the kernel's pages out: ring 0 could touch those without a fault. Whether
 * a user page exists and is writeable the CPU finds out itself (CR0.WP is on): arch/user_access.h
 * has the instructions that can fault. A page that is only absent is brought then
 * (process/fault.c), for which the task may
 * wait: a file is read. So what a call has found out before may have changed after it, but for the
 * process's own memory, files and descriptors.
 */
#include "syscall/usercopy.h"

#include <stdbool.h>
#include <stdint.h>

#include "arch/user_access.h"
#include "base/align.h"
#include "base/status.h"
#include "layout.h"
#include "process/process.h"
#include "task/task.h"

int copy_from_user(void *destination, struct user_pointer source, size_t length)
{
    vaddr_t end = user_range_end(source.address);

    if (!end || length > end - source.address) {
        return -EINVARG;
    }
    return user_access_copy(destination, (const void *)source.address, length) ? OK : -EINVARG;
}

int copy_to_user(struct user_pointer destination, const void *source, size_t length)
{
    vaddr_t end = user_range_end(destination.address);

    if (!end || length > end - destination.address) {
        return -EINVARG;
    }
    return user_access_copy((void *)destination.address, source, length) ? OK : -EINVARG;
}

/* The areas decide; nothing is touched. While the others run nothing changes: only the process
 * itself maps and unmaps its memory. */
static int check_range(struct user_pointer start, size_t length, page_rights_t access)
{
    vaddr_t end = user_range_end(start.address);

    if (length == 0) {
        return OK;
    }
    if (!end || length > end - start.address) {
        return -EINVARG;
    }
    return address_space_check(&process_current()->space, start.address, length, access);
}

int user_range_check(struct user_pointer source, size_t length)
{
    return check_range(source, length, PAGE_READ);
}

int user_range_check_write(struct user_pointer destination, size_t length)
{
    return check_range(destination, length, PAGE_WRITE);
}

int user_string_length(struct user_pointer source, size_t max)
{
    vaddr_t start = source.address;
    vaddr_t limit = MIN(user_range_end(start), start + max < start ? UINTPTR_MAX : start + max);
    vaddr_t behind = start;

    if (limit <= start) {
        return -EINVARG;
    }
    if (!user_access_find_nul(&behind, limit - start)) {
        return behind == limit && limit - start == max ? -EBOUNDS : -EINVARG;
    }
    return (int)(behind - 1 - start);
}

int copy_string_from_user(char *destination, struct user_pointer source, size_t size)
{
    int length = user_string_length(source, size);

    if (length < 0) {
        return length;
    }
    int status = copy_from_user(destination, source, (size_t)length + 1);

    destination[length] = '\0'; /* others may have changed it while the copy waited */
    return status < 0 ? status : length;
}

size_t user_long_bytes(void)
{
    return process_word_bytes(process_current());
}

/* Little-endian: a word of the program's is the lower half of one of the kernel's, or all of it. */
int user_read_long(struct user_pointer source, uintptr_t *value)
{
    *value = 0;
    return copy_from_user(value, source, user_long_bytes());
}

int user_write_long(struct user_pointer destination, uintptr_t value)
{
    return copy_to_user(destination, &value, user_long_bytes());
}
