/*
 * errors.c - the numbers of status.h in words.
 */
#include "include/drupe.h"

const char *error_text(int error)
{
    static const char *const texts[] = {
        [OK] = "no error",
        [EIO] = "the device reported an error",
        [EINVARG] = "an argument is not acceptable",
        [ENOMEM] = "there is not enough memory",
        [EBADPATH] = "no such name is possible (they are like 0:/folder/name.ext, 8.3 characters)",
        [EFSNOTUS] = "the file system is an unknown one",
        [ERDONLY] = "it cannot be written",
        [EUNIMP] = "that is not implemented",
        [EISTKN] = "it is in use already",
        [EINFORMAT] = "it is not of the right format",
        [ENOENT] = "no such file or folder",
        [ENOTDIR] = "it is not a folder",
        [EISDIR] = "it is a folder",
        [ECORRUPT] = "the file system is damaged",
        [EBOUNDS] = "that is beyond the end",
        [ECHILD] = "no such child process",
        [EBUSY] = "none is left",
        [EINTERRUPTED] = "it was interrupted",
        [ELIMIT] = "this job, or all jobs together, have as many as they may",
    };
    unsigned number = error < 0 ? -(unsigned)error : (unsigned)error;

    return number < sizeof(texts) / sizeof(texts[0]) ? texts[number] : "an unknown error";
}
