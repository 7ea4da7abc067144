/*
 * memory/io_buffer.h - where bytes of a file, a pipe or a device go to, or come from: the kernel's
 * memory or a program's. So one function serves both, and what a program reads is copied once.
 *
 * An io_buffer is a place without a length: whoever passes one passes how many bytes it has room
 * for. It belongs to the address space in use, and is no longer of use after the call that got it.
 */
#ifndef MEMORY_IO_BUFFER_H
#define MEMORY_IO_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/types.h"
#include "lib/string.h"
#include "memory/user.h"

struct io_buffer {
    vaddr_t address;
    bool is_user; /* a program's address; otherwise the kernel's */
};

static inline struct io_buffer io_buffer_of_kernel(const void *memory)
{
    return (struct io_buffer){(vaddr_t)memory, false};
}

static inline struct io_buffer io_buffer_of_user(struct user_pointer pointer)
{
    return (struct io_buffer){pointer.address, true};
}

/* The same, offset bytes further. */
static inline struct io_buffer io_buffer_add(struct io_buffer buffer, size_t offset)
{
    buffer.address += offset;
    return buffer;
}

/* Copies length bytes into the buffer. 0, or an error of copy_to_user(); then some may have been
 * copied. May wait, for a program's page that is only absent. */
static inline int io_buffer_put(struct io_buffer to, const void *from, size_t length)
{
    if (to.is_user) {
        return copy_to_user(user_pointer(to.address), from, length);
    }
    memcpy((void *)to.address, from, length);
    return OK;
}

/* The same without a wait: false also when a page of the program's is only absent. */
static inline bool io_buffer_put_at_once(struct io_buffer to, const void *from, size_t length)
{
    if (to.is_user) {
        return copy_to_user_at_once(user_pointer(to.address), from, length);
    }
    memcpy((void *)to.address, from, length);
    return true;
}

/* Copies length bytes out of the buffer, likewise. */
static inline int io_buffer_take(void *to, struct io_buffer from, size_t length)
{
    if (from.is_user) {
        return copy_from_user(to, user_pointer(from.address), length);
    }
    memcpy(to, (const void *)from.address, length);
    return OK;
}

#endif
