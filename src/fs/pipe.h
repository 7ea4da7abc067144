/*
 * fs/pipe.h - a pipe: bytes from one open file to another, in order.
 *
 *   read     waits until there are bytes, and gives what there is. 0: all are read, and nobody has
 *            the writing end open any more
 *   write    waits for room. Up to FILE_ATOMIC_BYTES go in at once and stay together; more may mix
 *            with what others write. -EPIPE: nobody has the reading end open any more
 *
 * A wait ends with -EINTERRUPTED when the running task is cancelled. With FILE_NO_WAIT a call that
 * would wait does not: a count of what was done before, or -EAGAIN.
 *
 * Those who wait for each other around a circle wait for ever, until somebody ends one of them.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/file.h"

/* What a pipe holds. It begins small; when much is written at once, it grows, if there is
 * memory. */
#define PIPE_BYTES       4096
#define PIPE_BYTES_LARGE 16384

/* Who is charged for its memory, in pages. */
struct pipe_charge {
    bool (*take)(void *charged, uint32_t pages);
    void (*give_back)(void *charged, uint32_t pages);
    void *charged; /* outlives the pipe */
};

/* A new pipe; both ends are the caller's, to close. 0, or -ENOMEM: no memory, or no charge. */
int pipe_create(const struct pipe_charge *charge, struct file **reader, struct file **writer);

#endif
