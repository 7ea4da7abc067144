/*
 * stdlib.h - memory, numbers, and the end of the program.
 */
#ifndef STDLIB_H
#define STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define EXIT_USAGE   2 /* Drupe's programs: the arguments make no sense */

/* Memory aligned to 16 bytes, for anything; NULL when there is none, and for size 0. free() and
 * realloc() of a pointer that is not malloc's end the program with a message. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);

/* The environment: strings "NAME=value", NULL behind the last. getenv: name's value, which is not
 * the caller's to change; NULL: there is none. A program that wants to change what its own children
 * get gives them another array (process_spawn_program() of drupe.h). */
extern char **environ;
char *getenv(const char *name);

int abs(int value);
int atoi(const char *string);
/* Decimal digits, with '-' if need be. buffer must hold 12 bytes. Returns buffer. */
char *itoa(int value, char *buffer);

/* Ends the program; main's return value goes here too. */
void exit(int status) __attribute__((noreturn));
/* Ends the program with status ABORT_STATUS. */
#define ABORT_STATUS 134
void abort(void) __attribute__((noreturn));

#endif
