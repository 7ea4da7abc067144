/*
 * job.h - runs a command line: programs, pipes between them, files in place of screen and keyboard.
 *
 * Each pipeline is a job: a family of its own, whose parts ctrl-C ends together. The shell waits
 * for all of it; its status is that of its last part. A built-in command runs in the shell itself;
 * in a pipe in a copy of the shell, so that the shell never waits for the pipe's reader: there
 * "cd" and "exit" do nothing to the shell itself.
 */
#ifndef SHELL_JOB_H
#define SHELL_JOB_H

#include <drupe.h>
#include <stdbool.h>
#include <stddef.h>

#include "parse.h"

#define STATUS_USAGE     2   /* the line is none, or a built-in command's arguments are */
#define STATUS_NOT_FOUND 127 /* there is no such program, or it cannot be started */

/* A word of a command: up to WORD_BYTES. */
struct argument {
    struct argument *next;
    char text[];
};

/* A built-in command: gets what follows its name, and returns its status. */
typedef int built_in(struct argument *arguments);

/* The built-in command of that name, or NULL. */
typedef built_in *built_in_finder(const char *name);

/* To be called once. is_quiet: a status that is not 0 gets no sentence, as in a script. */
void job_initialise(built_in_finder *find_built_in, bool is_quiet);

/* The words $0, $1, ... and how many there are; they are kept. */
void job_set_arguments(int count, char **words);

/* Runs the line and returns the status of what ran last, which $? is then. */
int job_run_line(const char *line);

/* "hello", or "[5] hello" for one in the background, and how it ended. */
void job_tell_status(const char *who, int status);

#endif
