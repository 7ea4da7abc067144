/*
 * mappings.c - <sys/mman.h> over commands 44 to 46 and 49.
 *
 * A file that is mapped is open for reading, and for writing, too, if a shared mapping is to be
 * written to (EACCES). A page is written to or executed, not both (ENOTSUP).
 */
#include <sys/mman.h>

#include "layer.h"

#define RIGHTS_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

_Static_assert(PROT_READ == MAPPING_READ && PROT_WRITE == MAPPING_WRITE &&
                   PROT_EXEC == MAPPING_EXECUTE && MAP_SHARED == MAPPING_SHARED &&
                   MAP_PRIVATE == MAPPING_PRIVATE && MAP_FIXED == MAPPING_FIXED &&
                   MAP_ANONYMOUS == MAPPING_ANONYMOUS,
               "the kernel's numbers");

/* Where POSIX has other errors for a mapping than for other calls. EBADF: not open for that. */
static int mapping_error(intptr_t result)
{
    int error = system_call_errno(result);

    return error == EROFS || error == EBADF ? EACCES : error == EISDIR ? ENODEV : error;
}

/* 0, or why pages cannot have these rights. */
static int rights_error(int rights)
{
    if (rights & ~RIGHTS_ALL) {
        return EINVAL;
    }
    return (rights & PROT_WRITE) && (rights & PROT_EXEC) ? ENOTSUP : 0;
}

/* 0, or why what that descriptor stands for cannot be mapped. */
static int descriptor_error(int descriptor)
{
    struct file_stat known;

    if (syscall_descriptor_stat(descriptor, &known) < 0) {
        return EBADF;
    }
    return known.kind != FILE_KIND_PLAIN ? ENODEV : 0;
}

void *mmap(void *address, size_t length, int rights, int flags, int descriptor, off_t offset)
{
    bool is_anonymous = flags & MAP_ANONYMOUS;
    struct memory_mapping mapping = {
        .address = (uintptr_t)address,
        .length = length,
        .rights = (uint32_t)rights,
        .flags = (uint32_t)flags,
        .descriptor = descriptor,
        .offset = is_anonymous ? 0 : (uint64_t)offset, /* a negative one is too large */
    };
    int error = rights_error(rights);

    if (!error && !is_anonymous) {
        error = descriptor_error(descriptor);
    }
    if (!error) {
        intptr_t result = syscall_map(&mapping);

        if (!syscall_is_error(result)) {
            return (void *)result;
        }
        error = mapping_error(result);
    }
    errno = error;
    return MAP_FAILED;
}

int munmap(void *address, size_t length)
{
    return layer_result(syscall_unmap((uintptr_t)address, length));
}

int mprotect(void *address, size_t length, int rights)
{
    int error = rights_error(rights);

    if (!error && length > 0) {
        intptr_t result = syscall_protect((uintptr_t)address, length, (uint32_t)rights);

        error = result < 0 ? mapping_error(result) : 0;
    }
    return error ? layer_fail(error) : 0;
}

int msync(void *address, size_t length, int flags)
{
    if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) ||
        !(flags & MS_ASYNC) == !(flags & MS_SYNC)) {
        return layer_fail(EINVAL);
    }
    return layer_result(syscall_sync_mapping((uintptr_t)address, length));
}

/* Advice changes nothing; whether the addresses are good ones the kernel says as for msync(). */
int posix_madvise(void *address, size_t length, int advice)
{
    if (advice < POSIX_MADV_NORMAL || advice > POSIX_MADV_DONTNEED) {
        return EINVAL;
    }
    intptr_t result = syscall_sync_mapping((uintptr_t)address, length);

    return result < 0 ? system_call_errno(result) : 0;
}
