/*
 * descriptors.c - pipes, copies of descriptors, and what can be set about one. Scratch files have
 * no copies.
 */
#define _GNU_SOURCE /* pipe2, dup3 */
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "layer.h"

static uint32_t close_flag(int flags)
{
    return (flags & O_CLOEXEC) ? FILE_CLOSE_ON_EXECUTE : 0;
}

/* The flags of a descriptor of the kernel's (abi/file.h), or -1. */
static int get_flags(int descriptor)
{
    uint32_t flags = 0;
    intptr_t result = syscall_control(descriptor, CONTROL_GET_FLAGS, &flags);

    return result < 0 ? layer_result_about(descriptor, result) : (int)flags;
}

/* Those of the bits in `which` become as in `flags`. 0 or -1. */
static int set_flags(int descriptor, uint32_t which, uint32_t flags)
{
    int old = get_flags(descriptor);
    uint32_t value = ((uint32_t)old & ~which) | flags;

    return old < 0 ? old
                   : layer_result_about(descriptor,
                                        syscall_control(descriptor, CONTROL_SET_FLAGS, &value));
}

int pipe2(int ends[2], int flags)
{
    if (flags & ~(O_CLOEXEC | O_NONBLOCK)) {
        return layer_fail(EINVAL);
    }
    int result = layer_result(syscall_pipe(ends));

    for (int i = 0; result == 0 && flags && i < 2; i++) {
        set_flags(ends[i], FILE_CLOSE_ON_EXECUTE | FILE_NO_WAIT,
                  close_flag(flags) | ((flags & O_NONBLOCK) ? FILE_NO_WAIT : 0));
    }
    return result;
}

int pipe(int ends[2])
{
    return pipe2(ends, 0);
}

static int duplicate(int descriptor, int number, uint32_t flags)
{
    if (number < 0 || number >= FILE_DESCRIPTORS) {
        return layer_fail(flags & FILE_LOWEST ? EINVAL : EBADF);
    }
    return layer_result_about(descriptor, syscall_duplicate(descriptor, (uint32_t)number, flags));
}

int dup(int descriptor)
{
    return duplicate(descriptor, 0, FILE_LOWEST);
}

int dup3(int descriptor, int number, int flags)
{
    if (descriptor == number || flags & ~O_CLOEXEC) {
        return layer_fail(EINVAL);
    }
    return duplicate(descriptor, number, close_flag(flags));
}

int dup2(int descriptor, int number)
{
    if (descriptor == number) {
        return fcntl(descriptor, F_GETFD) < 0 ? -1 : number;
    }
    return dup3(descriptor, number, 0);
}

/* What is open for reading or writing, as open() names it. */
static int access_mode(int flags)
{
    return flags & FILE_WRITE ? (flags & FILE_READ ? O_RDWR : O_WRONLY) : O_RDONLY;
}

int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    int value = 0, flags;

    va_start(arguments, command);
    if (command != F_GETFD && command != F_GETFL) {
        value = va_arg(arguments, int);
    }
    va_end(arguments);
    flags = get_flags(descriptor);
    if (flags < 0) {
        return flags;
    }
    switch (command) {
    case F_GETFD: return flags & FILE_CLOSE_ON_EXECUTE ? FD_CLOEXEC : 0;
    case F_GETFL:
        return access_mode(flags) | ((flags & FILE_NO_WAIT) ? O_NONBLOCK : 0) |
               ((flags & FILE_APPEND) ? O_APPEND : 0);
    case F_SETFD:
        return set_flags(descriptor, FILE_CLOSE_ON_EXECUTE,
                         (value & FD_CLOEXEC) ? FILE_CLOSE_ON_EXECUTE : 0);
    case F_SETFL:
        return set_flags(descriptor, FILE_NO_WAIT, (value & O_NONBLOCK) ? FILE_NO_WAIT : 0);
    case F_DUPFD: return duplicate(descriptor, value, FILE_LOWEST);
    case F_DUPFD_CLOEXEC: return duplicate(descriptor, value, FILE_LOWEST | FILE_CLOSE_ON_EXECUTE);
    default: return layer_fail(EINVAL);
    }
}
