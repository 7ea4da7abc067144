/*
 * drupe.h - the kernel's own services, one function a system call (abi/syscalls.h tells what each
 * takes and gives). Results below 0 are the negated errors of status.h.
 */
#ifndef DRUPE_H
#define DRUPE_H

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
 * Reads keys into line, at most size - 1 and a NUL, until Enter, which is not stored. Backspace
 * takes one back. With echo the keys are shown. Returns the length.
 */
size_t read_line(char *line, size_t size, int echo);

/* Any command, for what has no function here yet. Those with fewer arguments ignore the rest. */
int32_t system_call(uint32_t command, uint32_t argument0, uint32_t argument1, uint32_t argument2);

#endif
