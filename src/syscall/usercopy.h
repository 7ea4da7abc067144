/*
 * syscall/usercopy.h - what system calls do with a program's memory beyond copies (memory/user.h):
 * strings, checks of a range, words of the program's size. A call's own arguments are syscall.c's.
 *
 * Every function checks that all of the range lies where a user's memory can be
 * (arch/user_access.h), without wrapping, and that each byte is the program's and allows the
 * access; otherwise -EINVARG. They work on the address space in use. Each may wait, for a page that
 * is only absent.
 */
#ifndef SYSCALL_USERCOPY_H
#define SYSCALL_USERCOPY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"
#include "layout.h"
#include "memory/user.h"

/*
 * Copies the string at source into destination, at most size bytes with its NUL. Returns its
 * length; -EBOUNDS when it is longer.
 */
int copy_string_from_user(char *destination, struct user_pointer source, size_t size);

/* Can all of [source, source + length) be read? 0 or -EINVARG; an empty range always can. May wait;
 * -EINTERRUPTED when the task was cancelled meanwhile. */
int user_range_check(struct user_pointer source, size_t length);

/* Can all of it be written? The answer holds until the process runs again. */
int user_range_check_write(struct user_pointer destination, size_t length);

/* Does the range, from 1 byte on, lie in one page? Then a copy to its start, of any part of it,
 * shows whether all of it is the program's, and it need not be checked before. */
static inline bool user_is_in_one_page(struct user_pointer start, size_t length)
{
    return length - 1 < PAGE_SIZE_BYTES - start.address % PAGE_SIZE_BYTES;
}

/* The length of the string at source; -EBOUNDS when there is no NUL within max bytes (up to
 * INT_MAX), and all of them can be read. */
int user_string_length(struct user_pointer source, size_t max);

/*
 * abi_long and pointers, in structs that cross between programs and the kernel, are as large as a
 * word of the running process: 4 bytes or 8. Read and write one at an address; a value that is too
 * large for the program's loses its upper half.
 */
size_t user_long_bytes(void);
int user_read_long(struct user_pointer source, uintptr_t *value);
int user_write_long(struct user_pointer destination, uintptr_t value);

#endif
