/*
 * syscall/usercopy.c - see usercopy.h.
 */
#include "syscall/usercopy.h"

#include <stdbool.h>
#include <stdint.h>

#include "arch/trap.h"
#include "arch/user_access.h"
#include "base/align.h"
#include "base/status.h"
#include "layout.h"
#include "process/process.h"

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
        return behind < limit ? trap_user_page_error() : limit - start == max ? -EBOUNDS : -EINVARG;
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
