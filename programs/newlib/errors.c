/*
 * errors.c - the kernel's error numbers as errno has them.
 *
 * status.h and errno.h use the same names for different numbers: the first set is saved as an enum
 * before the second comes in.
 */
#include "status.h"

enum {
    STATUS_IO = EIO,
    STATUS_INVARG = EINVARG,
    STATUS_NOMEM = ENOMEM,
    STATUS_BADPATH = EBADPATH,
    STATUS_FSNOTUS = EFSNOTUS,
    STATUS_RDONLY = ERDONLY,
    STATUS_UNIMP = EUNIMP,
    STATUS_ISTKN = EISTKN,
    STATUS_INFORMAT = EINFORMAT,
    STATUS_NOENT = ENOENT,
    STATUS_NOTDIR = ENOTDIR,
    STATUS_ISDIR = EISDIR,
    STATUS_CORRUPT = ECORRUPT,
    STATUS_BOUNDS = EBOUNDS,
    STATUS_CHILD = ECHILD,
    STATUS_BUSY = EBUSY,
    STATUS_INTERRUPTED = EINTERRUPTED,
};

#undef EIO
#undef ENOMEM
#undef ENOENT
#undef ENOTDIR
#undef EISDIR
#undef ECHILD
#undef EBUSY

#include "layer.h"

int system_call_errno(int32_t result)
{
    static const unsigned char errors[] = {
        [STATUS_IO] = EIO,
        [STATUS_INVARG] = EINVAL,
        [STATUS_NOMEM] = ENOMEM,
        [STATUS_BADPATH] = ENOENT, /* no file can have such a name */
        [STATUS_FSNOTUS] = ENODEV,
        [STATUS_RDONLY] = EROFS,
        [STATUS_UNIMP] = ENOSYS,
        [STATUS_ISTKN] = EEXIST,
        [STATUS_INFORMAT] = ENOEXEC,
        [STATUS_NOENT] = ENOENT,
        [STATUS_NOTDIR] = ENOTDIR,
        [STATUS_ISDIR] = EISDIR,
        [STATUS_CORRUPT] = EIO,
        [STATUS_BOUNDS] = EINVAL,
        [STATUS_CHILD] = ECHILD,
        [STATUS_BUSY] = EMFILE, /* of what programs ask for, only descriptors run out so */
        [STATUS_INTERRUPTED] = EINTR,
    };
    uint32_t number = 0u - (uint32_t)result;

    return number < sizeof(errors) && errors[number] ? errors[number] : EIO;
}

int layer_fail(int error)
{
    errno = error;
    return -1;
}

int layer_result(int32_t result)
{
    return result < 0 ? layer_fail(system_call_errno(result)) : result;
}
