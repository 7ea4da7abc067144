/*
 * status.h - the error numbers, shared by kernel and programs.
 *
 * A function that can fail returns 0 or a count on success and one of these,
 * negated, on failure (`return -EINVARG;`). Numbers 1 to 9 are PeachOS's. lib/status_text.c has
 * them in words, once for the kernel and all programs.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define OK           0
#define EIO          1  /* the device reported an error, or did not answer in time */
#define EINVARG      2  /* an argument (pointer, size, number) that the call does not accept */
#define ENOMEM       3  /* out of memory */
#define EBADPATH     4  /* not a path: no drive, a name that the drive cannot have, too long */
#define EFSNOTUS     5  /* the volume is not one of this file system's */
#define ERDONLY      6  /* not writable */
#define EUNIMP       7  /* not implemented */
#define EISTKN       8  /* already taken */
#define EINFORMAT    9  /* the file is not of the expected format */
#define ENOENT       10 /* no such file or directory */
#define ENOTDIR      11 /* a directory was needed */
#define EISDIR       12 /* a file was needed */
#define ECORRUPT     13 /* the volume contradicts itself (chain loop, cluster out of range) */
#define EBOUNDS      14 /* beyond the end of the device or file */
#define ECHILD       15 /* no such child process */
#define EBUSY        16 /* in use; none left */
#define EINTERRUPTED 17 /* the process is about to be ended */

/* Why an ELF file is no program that can be started here; EINFORMAT for everything else. */
#define E64BIT     18 /* it is made for 64 bits */
#define EMACHINE   19 /* it is made for another kind of processor */
#define ENOTLINKED 20 /* an object file, a library or a position-independent program */
#define EDYNAMIC   21 /* it needs a dynamic linker */
#define ENOSEGMENT 22 /* it has nothing to load */
#define EADDRESS   23 /* it lies at addresses where no program lies */
#define ETOOLARGE  24 /* it does not fit there */
#define EOVERLAP   25 /* two of its segments share addresses */
#define ENOENTRY   26 /* it begins outside what is loaded of it */
#define ECUTOFF    27 /* the file is shorter than its headers say */

#define ELIMIT 28 /* a family (a job of the shell), or all together, have as many as they may */

/* Two more reasons why an ELF file cannot be started. */
#define ESHAREDPAGE 29 /* two segments of a 64-bit program share a page, but not their rights */
#define ENOTCODE    30 /* a 64-bit program begins in a segment that may not be executed */
#define E2BIG       31 /* arguments and environment are too large, or too large for the stack */

/* Of open files. */
#define EMODE   32 /* it is not open for that: not for reading, not for writing, not to be mapped */
#define ENOSEEK 33 /* it has no position: a pipe or a device */
#define EPIPE   34 /* nobody reads from the pipe any more */
#define EAGAIN  35 /* it would have to wait, and was told not to */
/* Of files that are written. */
#define EEXISTS     36 /* somebody has that name already */
#define ENOTEMPTY   37 /* the folder has something in it */
#define ENOSPACE    38 /* the volume, or one of its folders, is full */
#define EOTHERDRIVE 39 /* the two names are on different drives */
#define EFILESIZE   40 /* larger than a file can be there */
#define ERUNNING    41 /* it is a program that runs */
#define EINUSE      42 /* the root of a drive, or a drive that somebody uses */
/* A third one. */
#define EWRITEEXEC 43 /* a segment of a 64-bit program may be both written to and executed */
/* Of files that are programs, a second one. */
#define EWRITTEN 44 /* it cannot run: somebody can write to it */
/* Of names. */
#define EDEVICENAME 45 /* Windows could not open a file of that name: it has a device called so */
#define ENODEVICE   46 /* there is no such device, and none can be made by opening it */
#define STATUS_MAX  46

/* Is number one of the reasons why an ELF file is no program? EINFORMAT, which files have as well,
 * is none. */
#define STATUS_IS_OF_ELF(number)                                               \
    (((number) >= E64BIT && (number) <= ECUTOFF) || (number) == ESHAREDPAGE || \
     (number) == ENOTCODE || (number) == EWRITEEXEC)

#endif
