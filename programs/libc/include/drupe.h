/*
 * drupe.h - the kernel's own services, one function a system call (abi/syscalls.h tells what each
 * takes and gives). Results below 0 are the negated errors of status.h.
 */
#ifndef DRUPE_H
#define DRUPE_H

#include "abi/file.h"
#include "abi/keys.h"
#include "abi/syscalls.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

int system_sum(int a, int b);
int print(const char *string);

/* The next key, or 0 when none waits. */
int getkey(void);
/* The next key; waits for it. */
int getkeyblock(void);

/* Whole pages, zeroed. malloc() of stdlib.h is made of these and suits small sizes. */
void *page_malloc(size_t size);
int page_free(void *pages);

/* Starts the program of that name ("shell.elf") beside this one. */
int process_load_start(const char *name);
/* The same with arguments: the list's first item is the name. */
int invoke_system_command(struct command_argument *command);
/* The same from a line of text, split at blanks. -EINVARG for an empty line or a word that does not
 * fit a struct command_argument, -ENOMEM. */
int system_run(const char *line);

int get_program_arguments(struct process_arguments *out);
void exit_status(int status) __attribute__((noreturn));

/*
 * Files and folders. A path without a drive ("dir/name.ext") is on drive 0; names are 8.3, in any
 * case. A descriptor is FILE_DESCRIPTOR_FIRST or more; a process has FILE_DESCRIPTORS_MAX, and all
 * are closed when it ends.
 *
 * file_open: the lowest free descriptor, or -ENOENT, -ENOTDIR, -EBADPATH, -EBUSY (none is free)
 *   and what goes wrong below: -EIO, -ECORRUPT, -ENOMEM. Folders are opened for
 *   file_read_directory(): 1 and an entry, 0 at the end; -ENOTDIR on a file.
 * file_read: how many bytes, fewer than length only at the file's end. All of the buffer must be
 *   the program's. After an error the position is what it was; -EISDIR on a folder.
 * file_seek: the new position; -EINVARG outside the file and above INT32_MAX. Its end is inside.
 */
int file_open(const char *path);
int file_read(int descriptor, void *buffer, size_t length);
int file_seek(int descriptor, int offset, int from);
int file_stat(const char *path, struct file_stat *stat);
int file_descriptor_stat(int descriptor, struct file_stat *stat);
int file_read_directory(int descriptor, struct directory_entry *entry);
int file_close(int descriptor);

/*
 * Reads keys into line, at most size - 1 and a NUL, until Enter, which is not stored. Backspace
 * takes one back. With echo the keys are shown. Returns the length.
 */
size_t read_line(char *line, size_t size, int echo);

/* Any command, for what has no function here yet. Those with fewer arguments ignore the rest. */
int32_t system_call(uint32_t command, uint32_t argument0, uint32_t argument1, uint32_t argument2);

#endif
