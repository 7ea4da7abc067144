/*
 * lib/status_text.c - see status_text.h. Each says which rule was broken and, where there is
 * something to be done about it, what.
 */
#include "lib/status_text.h"

#include <stddef.h>

#include "base/status.h"

const char *status_text(int status)
{
    static const char *const texts[] = {
        [OK] = "no error",
        [EIO] = "the device reported an error",
        [EINVARG] = "an argument is not acceptable",
        [ENOMEM] = "there is not enough memory",
        [EBADPATH] = "it has a character that names cannot have, or is too long, or names no drive",
        [EFSNOTUS] = "the file system is an unknown one",
        [ERDONLY] = "it cannot be written",
        [EUNIMP] = "that is not implemented",
        [EISTKN] = "it is taken already",
        [EINFORMAT] = "it is not of the right format",
        [ENOENT] = "no such file or folder",
        [ENOTDIR] = "it is not a folder",
        [EISDIR] = "it is a folder",
        [ECORRUPT] = "the file system is damaged",
        [EBOUNDS] = "that is beyond the end",
        [ECHILD] = "no such child process",
        [EBUSY] = "none is left",
        [EINTERRUPTED] = "it was interrupted",
        [E64BIT] = "it is a 64-bit program (build it with gcc -m32)",
        [EMACHINE] = "it is a program for another kind of processor (i386 is needed)",
        [ENOTLINKED] = "it is not a program at fixed addresses (link it with -static -no-pie)",
        [EDYNAMIC] = "it needs a dynamic linker (link it with -static -no-pie)",
        [ENOSEGMENT] = "it has nothing to load (no PT_LOAD segment)",
        [EADDRESS] =
            "its addresses are not from 0x400000 to 0xffffff (link it with programs/program.ld)",
        [ETOOLARGE] =
            "it is too large: it ends behind 0xffffff, and 12 MiB from 0x400000 on is all there is",
        [EOVERLAP] = "two of its segments overlap",
        [ENOENTRY] = "it begins outside what it loads (ENTRY in the linker script)",
        [ECUTOFF] = "the file ends too early (copy it again)",
        [ELIMIT] = "this job, or all jobs together, have as many as they may (ps, kill -f)",
        [ESHAREDPAGE] =
            "segments with different rights share a page (link it with programs/program.ld)",
        [ENOTCODE] = "it begins in a segment that may not be executed (_start belongs in .text)",
        [E2BIG] = "its arguments are more than its stack can take",
        [EMODE] = "it is not open for that",
        [ENOSEEK] = "it has no position (it is a pipe or a device)",
        [EPIPE] = "nobody reads from the pipe any more",
        [EAGAIN] = "nothing is there yet",
        [EEXISTS] = "that name is taken already",
        [ENOTEMPTY] = "the folder is not empty",
        [ENOSPACE] = "there is no room left on the drive",
        [EOTHERDRIVE] = "that is on another drive",
        [EFILESIZE] = "a file cannot be so large there",
        [ERUNNING] = "it is a program that runs",
        [EINUSE] = "it is in use",
        [EWRITTEN] = "somebody has it open for writing",
        [EDEVICENAME] = "Windows calls a device so, and could not open it (as con, nul, com1)",
        [ENODEVICE] = "there is no such device",
        [EWRITEEXEC] = "a segment may be written to and executed (link it without ld's -N and -n)",
    };
    unsigned number = status < 0 ? -(unsigned)status : (unsigned)status;

    _Static_assert(sizeof(texts) / sizeof(texts[0]) == STATUS_MAX + 1, "words for each");
    return number <= STATUS_MAX ? texts[number] : "an unknown error";
}
