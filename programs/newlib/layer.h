/*
 * layer.h - what the files of the system layer share.
 *
 * newlib calls the functions that POSIX names (read, sbrk, ...); here they become Drupe's commands.
 * A descriptor belongs to one of two:
 *
 *   below SCRATCH_DESCRIPTOR    a file, the console, a pipe    files.c, descriptors.c: the kernel's own
 *   from there on               a scratch file                 scratch.c: below /tmp, in memory
 */
#ifndef NEWLIB_LAYER_H
#define NEWLIB_LAYER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "include/drupe.h"

#define SCRATCH_DESCRIPTOR FILE_DESCRIPTORS
#define SCRATCH_FOLDER     "/tmp/"

/* files.c: the same for a call about a descriptor of the kernel's. */
int layer_result_about(int descriptor, intptr_t result);

/* errors.c: -EINVARG, the kernel's one error for wrong arguments, which errno.h's names hide. */
extern const intptr_t layer_invalid_argument;

/* A result of a system call as C has it: -1 and errno for an error. */
int layer_result(intptr_t result);

/* errno and -1. */
int layer_fail(int error);

/* paths.c: a path as the kernel has it, until the next call; and whether a slash at its end says
 * that it must be a folder. */
const char *layer_kernel_path(const char *path);
bool layer_asks_for_folder(const char *path);

/* errors.c: the error number of errno.h for a result that says why a program was not started. */
int layer_program_errno(intptr_t result);

/*
 * search.c: calls start() for one path after the other that file may mean, until it gives something
 * else than that nothing is there. 0, or an error of errno.h, as start() has it.
 */
typedef int layer_start(void *context, const char *path);
int layer_search(const char *file, layer_start *start, void *context);

/* scratch.c, with the arguments and results of the functions that they serve. */
bool scratch_has(int descriptor);
bool scratch_is_name(const char *path);
int scratch_open(const char *path, int flags);
int scratch_read(int descriptor, void *buffer, size_t length);
int scratch_write(int descriptor, const void *buffer, size_t length);
off_t scratch_seek(int descriptor, off_t offset, int from);
int scratch_flags(int descriptor); /* that it was opened with */
int scratch_close(int descriptor);
int scratch_fstat(int descriptor, struct stat *out);
int scratch_stat(const char *path, struct stat *out);
int scratch_unlink(const char *path);

#endif
