/*
 * drupe.h - the kernel's own services, one function per system call (abi/syscalls.h says what each
 * takes and gives). Results below 0 are the negated errors of status.h.
 */
#ifndef DRUPE_H
#define DRUPE_H

#include "abi/file.h"
#include "abi/keys.h"
#include "abi/syscall_stubs.h"
#include "abi/syscalls.h"
#include "lib/key_decoder.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

int system_sum(int a, int b);
/* On the screen in any case; what printf() prints goes where the program's output goes. */
int print(const char *string);

/* The next key, or 0 when none waits. */
int getkey(void);
/* The next key; waits for it. */
int getkeyblock(void);

/* Whole pages, zeroed. malloc() of stdlib.h is made of these and suits small sizes. */
void *page_malloc(size_t size);
int page_free(void *pages);

/* Shows bytes on the screen unchanged, with any values. Returns length. */
int console_write(const void *buffer, size_t length);

/* Starts the program of that name ("shell.elf") beside this one. */
int process_load_start(const char *name);
/* The same with arguments: the list's first item is the name. */
int invoke_system_command(struct command_argument *command);
/* The same from a line of text, split as by command_split(); -EINVARG for an empty one. */
int system_run(const char *line);

/*
 * A line of text as the list that invoke_system_command() and process_spawn() take. Words end at
 * blanks, except between double quotes, which are left out: `a "b c"` is two words, `""` an empty
 * one. Returns the number of words, 0 with an empty list for a line of blanks; -EINVARG for a word
 * that does not fit a struct command_argument, -EINFORMAT for a quote without its second, -ENOMEM.
 * The list is the caller's, who gives it to command_free() also when the kernel has had it.
 */
int command_split(const char *line, struct command_argument **list);
void command_free(struct command_argument *list);

/*
 * Processes. process_spawn starts a child, and every child is waited for once: process_wait returns
 * the pid of one that has ended (WAIT_ANY: of any), its status in *status, which may be NULL.
 * With SPAWN_FRONT the child has the keyboard until it ends. With SPAWN_FAMILY a child of the first
 * shell begins a family, whose limits are its own. process_kill: a process of this family; the
 * first shell and what it starts without that flag reach all. process_kill_family: all of a
 * process's family.
 */
int process_spawn(struct command_argument *command, unsigned flags);
/* The same by path, with an environment (`environ` of stdlib.h hands on one's own), and, if the
 * request says so, beside another child, as a part of the same job. abi/syscalls.h has the
 * struct. */
int process_spawn_program(const struct spawn_request *request);
int process_wait(int pid, int *status);
int process_kill(int pid);
int process_kill_family(int pid);
int process_id(void);
/* Lets the others run first; sleeps at least that long. */
int process_yield(void);
int process_sleep(uint32_t milliseconds);

/* Fills in up to capacity of list's items. Returns how many processes there are. */
int process_list(struct process_info *list, size_t capacity);
/* All of them, in memory that the caller frees. Returns how many, or -ENOMEM. */
int process_list_all(struct process_info **list);

int memory_figures(struct memory_figures *figures);
/* Shows the kernel's memory: abi/syscalls.h has what there is to see. 0, or -ENOENT behind the
 * last run and for what has no name, -EINVARG for a process that does not live. */
int memory_look(unsigned what, uintptr_t number, void *out);
/* An example of a document (SEEDS_...), numbered from 0: the kernel runs it, and
 * text[SEEDS_TEXT_BYTES] is what it shows. The text's length, 0 behind the last example,
 * -ENOMEM. */
int seeds(unsigned document, unsigned example, char *text);
/* Since the kernel started, modulo 2^32. */
uint32_t uptime_ms(void);

/* With 1, ctrl-C is key 3 and does not end this program. Returns what it was before. */
int catch_interrupt(int on);

int get_program_arguments(struct process_arguments *out);
void exit_status(int status) __attribute__((noreturn));

/* Prints usage when the program's first argument is --help. Was it? */
int show_help(int argc, char **argv, const char *usage);

/* An error as words that end a sentence: "no such file or folder". */
const char *error_text(int error);

/*
 * Files and folders. A path without a drive ("folder/name") begins in the working folder; names
 * have up to 255 characters of UTF-8. file_open gives a descriptor from FILE_DESCRIPTOR_FIRST on; a
 * process has FILE_DESCRIPTORS_MAX of these, and all are closed when it ends.
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
 * Descriptors 0 to 2 (FILE_INPUT, FILE_OUTPUT, FILE_ERRORS) are open when a program begins, and
 * what it starts has the same. file_write writes all of it: length, or an error; when nobody reads
 * from a pipe any more, it ends the program with status 141. file_pipe makes a pipe: what is
 * written to ends[1] is read from ends[0]. file_duplicate makes number, or the lowest free one for
 * -1, a copy of descriptor, and returns it.
 */
int file_write(int descriptor, const void *buffer, size_t length);
int file_pipe(int ends[2]);
int file_duplicate(int descriptor, int number);

/*
 * Reads keys into line, at most size - 1 bytes and a NUL, until Enter, which is not stored.
 * Backspace takes a character back; one that does not fit beeps. With echo the keys are shown.
 * Returns the length in bytes.
 */
size_t read_line(char *line, size_t size, int echo);

/* For what has no function here, abi/syscall_stubs.h has one for each call, and system_call() for
 * any. */

#endif
