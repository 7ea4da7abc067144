/*
 * process/descriptors.h - a process's numbers for its open files.
 *
 * Each number holds one reference to its file; several numbers, and several processes, may share a
 * file and its position. Numbers from FILE_DESCRIPTOR_FIRST on are charged to the family. The first
 * three are not: every process has them.
 */
#ifndef PROCESS_DESCRIPTORS_H
#define PROCESS_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/file.h"
#include "fs/file.h"
#include "process/family.h"

struct descriptors {
    struct file *files[FILE_DESCRIPTORS]; /* NULL: the number is free */
    uint32_t open;                        /* a bit for each number: it has a file */
    uint32_t close_on_execute;            /* the same, for execute() */
};

_Static_assert(FILE_DESCRIPTORS <= 32, "a bit for each");

/* The file with that number, without a reference of the caller's; NULL: there is none. */
static inline struct file *descriptors_file(const struct descriptors *descriptors, uintptr_t number)
{
    return (uint32_t)number < FILE_DESCRIPTORS ? descriptors->files[(uint32_t)number] : NULL;
}

/*
 * Keeps the lowest free number from `from` on, before a file is opened or made for it: what then
 * fails has changed nothing. Returns the number; -EBUSY when none is free, -ELIMIT when the family
 * has as many open files as it may. The process does not run, and has no other number, until
 * descriptors_put() or descriptors_cancel().
 */
int descriptors_reserve(const struct descriptors *descriptors, struct family *family,
                        uint32_t from);

/* The number that was kept is the file's, whose reference is taken over; or nobody's. */
void descriptors_put(struct descriptors *descriptors, int number, struct file *file);
void descriptors_cancel(struct family *family, int number);

/*
 * Gives file the lowest free number from `from` on, and takes over the caller's reference. Returns
 * the number, or an error of descriptors_reserve(): then the reference is still the caller's.
 */
int descriptors_add(struct descriptors *descriptors, struct family *family, struct file *file,
                    uint32_t from);

/* Gives file that number, in place of what had it, likewise. Returns the number; -EINVARG when
 * there is no such number, -ELIMIT. */
int descriptors_replace(struct descriptors *descriptors, struct family *family, struct file *file,
                        uintptr_t number);

/* 0, or -EINVARG when nothing has that number. */
int descriptors_close(struct descriptors *descriptors, struct family *family, uintptr_t number);

/* The first three are the console's. For a process that the kernel starts. */
void descriptors_begin(struct descriptors *to);

/* The numbers [first, end), which are free in to, become what they are in from. 0 or -ELIMIT; then
 * a part has. */
int descriptors_inherit(struct descriptors *to, struct family *family,
                        const struct descriptors *from, uint32_t first, uint32_t end);

/* Closes those that another program in the process's place is not to have. */
void descriptors_execute(struct descriptors *descriptors, struct family *family);

/* Closes all. */
void descriptors_end(struct descriptors *descriptors, struct family *family);

#endif
