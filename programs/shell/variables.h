/*
 * variables.h - the shell's variables, and the environment that it gives to programs.
 *
 * A variable is the shell's own until it is exported: then each program that starts gets it as
 * "NAME=value" in its environment. What the shell has got in its own environment is exported.
 */
#ifndef SHELL_VARIABLES_H
#define SHELL_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

/* To be called once: the shell's own environment becomes variables. */
void variables_initialise(void);

/* The value of a variable, whose name has no NUL; NULL: it has none. Good until it is set again. */
const char *variable_value(const char *name, size_t length);

/* Names have length bytes and no NUL. False: there is no memory. */
bool variable_set(const char *name, size_t length, const char *value);
bool variable_export(const char *name, size_t length);
void variable_unset(const char *name, size_t length);

/*
 * What a program gets: the count strings of `own`, "NAME=value", and the exported variables with
 * other names. NULL behind the last. The array is the caller's to free, its strings are not; it
 * holds until a variable changes. NULL: there is no memory.
 */
char **variables_environment(char *const *own, size_t count);

/* Prints the exported ones, each as a line that a script can have. */
void variables_show_exported(void);

#endif
