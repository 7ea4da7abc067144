/*
 * errors.c - the kernel's error numbers as errno has them.
 *
 * status.h and errno.h use the same names for different numbers: the first set is saved as an enum
 * before the second comes in.
 */
#include "base/status.h"

enum {
    KERNEL_IO = EIO,
    KERNEL_INVARG = EINVARG,
    KERNEL_NOMEM = ENOMEM,
    KERNEL_BADPATH = EBADPATH,
    KERNEL_FSNOTUS = EFSNOTUS,
    KERNEL_RDONLY = ERDONLY,
    KERNEL_UNIMP = EUNIMP,
    KERNEL_ISTKN = EISTKN,
    KERNEL_INFORMAT = EINFORMAT,
    KERNEL_NOENT = ENOENT,
    KERNEL_NOTDIR = ENOTDIR,
    KERNEL_ISDIR = EISDIR,
    KERNEL_CORRUPT = ECORRUPT,
    KERNEL_BOUNDS = EBOUNDS,
    KERNEL_CHILD = ECHILD,
    KERNEL_BUSY = EBUSY,
    KERNEL_INTERRUPTED = EINTERRUPTED,
    KERNEL_LIMIT = ELIMIT,
    KERNEL_2BIG = E2BIG,
    KERNEL_MODE = EMODE,
    KERNEL_NOSEEK = ENOSEEK,
    KERNEL_PIPE = EPIPE,
    KERNEL_AGAIN = EAGAIN,
    KERNEL_PROGRAMS_FIRST = E64BIT, /* why an ELF file is no program for Drupe */
    KERNEL_PROGRAMS_LAST = ECUTOFF,
    KERNEL_SHAREDPAGE = ESHAREDPAGE,
    KERNEL_NOTCODE = ENOTCODE,
    KERNEL_EXISTS = EEXISTS,
    KERNEL_NOTEMPTY = ENOTEMPTY,
    KERNEL_NOSPACE = ENOSPACE,
    KERNEL_OTHERDRIVE = EOTHERDRIVE,
    KERNEL_FILESIZE = EFILESIZE,
    KERNEL_RUNNING = ERUNNING,
    KERNEL_INUSE = EINUSE,
    KERNEL_WRITEEXEC = EWRITEEXEC,
    KERNEL_WRITTEN = EWRITTEN,
    KERNEL_DEVICENAME = EDEVICENAME,
    KERNEL_NODEVICE = ENODEVICE,
};

#undef EIO
#undef ENOMEM
#undef ENOENT
#undef ENOTDIR
#undef EISDIR
#undef ECHILD
#undef EBUSY
#undef E2BIG
#undef EPIPE
#undef EAGAIN
#undef ENOTEMPTY

#include <string.h>

#include "layer.h"
#include "lib/utf8.h"

int system_call_errno(intptr_t result)
{
    static const unsigned char errors[] = {
        [KERNEL_IO] = EIO,
        [KERNEL_INVARG] = EINVAL,
        [KERNEL_NOMEM] = ENOMEM,
        [KERNEL_BADPATH] = ENOENT, /* no file can have such a name */
        [KERNEL_FSNOTUS] = ENODEV,
        [KERNEL_RDONLY] = EROFS,
        [KERNEL_UNIMP] = ENOSYS,
        [KERNEL_ISTKN] = EEXIST,
        [KERNEL_INFORMAT] = ENOEXEC,
        [KERNEL_NOENT] = ENOENT,
        [KERNEL_NOTDIR] = ENOTDIR,
        [KERNEL_ISDIR] = EISDIR,
        [KERNEL_CORRUPT] = EIO,
        [KERNEL_BOUNDS] = EINVAL,
        [KERNEL_CHILD] = ECHILD,
        [KERNEL_BUSY] = EMFILE, /* of what programs ask for, only descriptors run out so */
        [KERNEL_INTERRUPTED] = EINTR,
        [KERNEL_LIMIT] = EAGAIN,
        [KERNEL_2BIG] = E2BIG,
        [KERNEL_MODE] = EBADF,
        [KERNEL_NOSEEK] = ESPIPE,
        [KERNEL_PIPE] = EPIPE,
        [KERNEL_AGAIN] = EAGAIN,
        [KERNEL_PROGRAMS_FIRST... KERNEL_PROGRAMS_LAST] = ENOEXEC,
        [KERNEL_SHAREDPAGE] = ENOEXEC,
        [KERNEL_NOTCODE] = ENOEXEC,
        [KERNEL_EXISTS] = EEXIST,
        [KERNEL_NOTEMPTY] = ENOTEMPTY,
        [KERNEL_NOSPACE] = ENOSPC,
        [KERNEL_OTHERDRIVE] = EXDEV,
        [KERNEL_FILESIZE] = EFBIG,
        [KERNEL_RUNNING] = ETXTBSY,
        [KERNEL_INUSE] = EBUSY,
        [KERNEL_WRITEEXEC] = ENOEXEC,
        [KERNEL_WRITTEN] = ETXTBSY,
        [KERNEL_DEVICENAME] = EINVAL,
        [KERNEL_NODEVICE] = EROFS,
    };
    uintptr_t number = 0 - (uintptr_t)result;

    return number < sizeof(errors) && errors[number] ? errors[number] : EIO;
}

/* POSIX has an error of its own for what is no ordinary file. */
int layer_program_errno(intptr_t result)
{
    int error = system_call_errno(result);

    return error == EISDIR ? EACCES : error;
}

int layer_fail(int error)
{
    errno = error;
    return -1;
}

int layer_result(intptr_t result)
{
    return result < 0 ? layer_fail(system_call_errno(result)) : result;
}

/* Is it a descriptor that is open? */
static bool is_open(int descriptor)
{
    struct file_stat known;

    return descriptor >= 0 && syscall_descriptor_stat(descriptor, &known) >= 0;
}

int layer_result_about(int descriptor, intptr_t result)
{
    return result == -KERNEL_INVARG && !is_open(descriptor) ? layer_fail(EBADF)
                                                            : layer_result(result);
}

bool layer_is_no_path(intptr_t result)
{
    return result == -KERNEL_BADPATH;
}

/* Why the kernel takes a path for none: it is empty, or it or a name in it is too long. Otherwise
 * it has a character that names cannot have. */
static int path_error(const char *path, int otherwise)
{
    size_t units = 0, bytes = 0;

    if (*path == '\0') {
        return ENOENT;
    }
    for (const char *c = path; *c; c++) {
        bytes = *c == '/' ? 0 : bytes + 1;
        units = *c == '/' ? 0 : units + utf8_units((uint8_t)*c);
        if (units > NAME_UNITS_MAX || bytes >= NAME_BYTES_MAX) {
            return ENAMETOOLONG;
        }
    }
    return strlen(path) >= LAYER_PATH_BYTES ? ENAMETOOLONG : otherwise;
}

int layer_result_of_path(const char *path, intptr_t result)
{
    return layer_is_no_path(result) ? layer_fail(path_error(path, ENOENT)) : layer_result(result);
}

int layer_result_of_new_path(const char *path, intptr_t result)
{
    return layer_is_no_path(result) ? layer_fail(path_error(path, EINVAL)) : layer_result(result);
}
