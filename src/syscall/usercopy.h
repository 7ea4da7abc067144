/*
 * syscall/usercopy.h - the only code that touches a user's memory.
 *
 * Every function checks that all of the range lies in the three places that can be a user's
 * (stack, program, process heap), without wrapping, and that each byte is really mapped and
 * allows the access; otherwise -EINVARG. They work on the address space in use.
 */
#ifndef SYSCALL_USERCOPY_H
#define SYSCALL_USERCOPY_H

#include <stddef.h>
#include <stdint.h>

int copy_from_user(void *destination, uint32_t source, size_t length);
int copy_to_user(uint32_t destination, const void *source, size_t length);

/*
 * Copies the string at source into destination, at most size bytes with its NUL. Returns its
 * length; -EINVARG also when no NUL is found within size bytes.
 */
int copy_string_from_user(char *destination, uint32_t source, size_t size);

/* Can all of [source, source + length) be read? 0 or -EINVARG; an empty range always can. */
int user_range_check(uint32_t source, size_t length);

/* Can all of it be written? The answer holds until the process runs again. */
int user_range_check_write(uint32_t destination, size_t length);

/* The length of the string at source, or -EINVARG when there is no NUL within max bytes. */
int user_string_length(uint32_t source, size_t max);

#endif
