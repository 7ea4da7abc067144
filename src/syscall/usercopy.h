/*
 * syscall/usercopy.h - the only code that touches a user's memory.
 *
 * Every function checks that all of the range lies in the three places that can be a user's
 * (stack, program, process heap), without wrapping, and that each byte is really mapped and
 * allows the access; otherwise -EINVARG. They work on the address space in use.
 */
#ifndef SYSCALL_USERCOPY_H
#define SYSCALL_USERCOPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int copy_from_user(void *destination, uint32_t source, size_t length);
int copy_to_user(uint32_t destination, const void *source, size_t length);

/* May length bytes from address be written? The answer holds until the system call returns, or
 * sleeps. */
bool user_can_write(uint32_t address, size_t length);

/*
 * Copies the string at source into destination, at most size bytes with its NUL. Returns its
 * length; -EINVARG also when no NUL is found within size bytes.
 */
int copy_string_from_user(char *destination, uint32_t source, size_t size);

/* The length of the string at source, or -EINVARG when there is no NUL within max bytes. */
int user_string_length(uint32_t source, size_t max);

/*
 * Copies the path at source into path, PATH_BYTES_MAX bytes. One without a drive is on drive 0:
 * "dir/name.ext" becomes "0:/dir/name.ext". 0; -EINVARG for a bad pointer; -EBADPATH for what is
 * empty or too long. Whether it is a path in all else is for fs/file.h to say.
 */
int user_path(char *path, uint32_t source);

#endif
