/*
 * layer.h - what the files of the system layer share.
 *
 * newlib calls the functions that POSIX names (read, sbrk, ...); here they become Drupe's commands.
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

/* Bytes of a path, its end included (src/config.h: PATH_BYTES_MAX). */
#define LAYER_PATH_BYTES 1024

/* errors.c, down to layer_program_errno(). */

/* A result of a system call as C has it: -1 and errno for an error. */
int layer_result(intptr_t result);

/* errno and -1. */
int layer_fail(int error);

/* The same for a call about a descriptor: one that is not open has an error of its own. */
int layer_result_about(int descriptor, intptr_t result);

/* The same for a call about a path, or two: one that is too long has an error of its own. */
int layer_result_of_path(const char *path, intptr_t result);
int layer_result_of_paths(const char *path, const char *other, intptr_t result);

/* The error number of errno.h for a result that says why a program was not started. */
int layer_program_errno(intptr_t result);

/*
 * search.c: calls start() for one path after the other that file may mean, until it gives something
 * else than that nothing is there. 0, or an error of errno.h, as start() has it.
 */
typedef int layer_start(void *context, const char *path);
int layer_search(const char *file, layer_start *start, void *context);

/* times.c: utimensat() for a full path, or, if that is NULL, futimens(). */
int layer_set_times(const char *path, int descriptor, const struct timespec *times);

#endif
