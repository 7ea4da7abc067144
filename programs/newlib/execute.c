/*
 * execute.c - another program in place of this one: execve(), and its relatives, that name the file
 * or the arguments in other ways.
 *
 * Descriptors of the disk's files stay open. What is in the buffers of streams, the functions of
 * atexit() and scratch files go with the program.
 */
#define _GNU_SOURCE /* execvpe() */ /* NOLINT(bugprone-reserved-identifier): features.h gives it its meaning */
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

int execve(const char *path, char *const arguments[], char *const environment[])
{
    if (strlen(path) >= PATH_MAX) {
        return layer_fail(ENAMETOOLONG);
    }
    return layer_fail(layer_program_errno(syscall_execute(path, arguments, environment)));
}

int execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

/* What layer_search() finds is started with these. */
struct strings {
    char *const *arguments;
    char *const *environment;
};

static int start(void *context, const char *path)
{
    const struct strings *strings = context;

    execve(path, strings->arguments, strings->environment);
    return errno;
}

int execvpe(const char *file, char *const arguments[], char *const environment[])
{
    struct strings strings = {arguments, environment};

    return layer_fail(layer_search(file, start, &strings));
}

int execvp(const char *file, char *const arguments[])
{
    return execvpe(file, arguments, environ);
}

/* ---------------------------------------------------------------- arguments one by one */

/* How many arguments there are, from first to the last before NULL. */
static size_t count(const char *first, va_list list)
{
    size_t number = 0;

    for (const char *argument = first; argument; argument = va_arg(list, const char *)) {
        number++;
    }
    return number;
}

/* Makes an array of them, NULL included. */
static void collect(const char *first, va_list list, char **arguments)
{
    for (const char *argument = first; argument; argument = va_arg(list, const char *)) {
        *arguments++ = (char *)argument; /* nobody writes to it */
    }
    *arguments = NULL;
}

/*
 * The body of the functions below: EXECUTE(arguments) with an array of the arguments from first on.
 * The array is on the stack, so that these functions can be called between vfork() and the other
 * program, or in a signal handler.
 */
#define WITH_ARGUMENTS(first, EXECUTE)                                                  \
    va_list list;                                                                       \
    va_start(list, first);                                                              \
    char **arguments = __builtin_alloca((count(first, list) + 1) * sizeof(*arguments)); \
    va_end(list);                                                                       \
    va_start(list, first);                                                              \
    collect(first, list, arguments);                                                    \
    EXECUTE;                                                                            \
    va_end(list)

int execl(const char *path, const char *first, ...)
{
    WITH_ARGUMENTS(first, execv(path, arguments));
    return -1;
}

int execlp(const char *file, const char *first, ...)
{
    WITH_ARGUMENTS(first, execvp(file, arguments));
    return -1;
}

/* Behind the NULL stands the environment. */
static char *const *environment_behind(const char *first, va_list list)
{
    while (first) {
        first = va_arg(list, const char *);
    }
    return va_arg(list, char *const *);
}

int execle(const char *path, const char *first, ...)
{
    va_list behind;

    va_start(behind, first);
    char *const *environment = environment_behind(first, behind);
    va_end(behind);
    WITH_ARGUMENTS(first, execve(path, arguments, environment));
    return -1;
}

int execlpe(const char *file, const char *first, ...)
{
    va_list behind;

    va_start(behind, first);
    char *const *environment = environment_behind(first, behind);
    va_end(behind);
    WITH_ARGUMENTS(first, execvpe(file, arguments, environment));
    return -1;
}
