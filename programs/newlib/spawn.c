/*
 * spawn.c - starting other programs without fork(): posix_spawn() and system(). So a large program
 * can start a small one where there is no room for a copy of itself.
 *
 * system() has no shell behind it. Its line is a program's name and its arguments, in words as the
 * shell splits them: at blanks, but not between double quotes. What only a shell could do (pipes,
 * files, several commands) is refused.
 */
#include <ctype.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer.h"

#define STATUS_NOT_FOUND 127 /* as shells have it */

/* A child that is to be. */
struct child {
    char *const *arguments;
    char *const *environment;
    pid_t pid; /* once it is */
};

static int start(void *context, const char *path)
{
    struct child *child = context;

    if (strlen(path) >= PATH_MAX) {
        return ENAMETOOLONG;
    }
    intptr_t pid = syscall_spawn_posix(path, child->arguments, child->environment);

    if (pid < 0) {
        return layer_program_errno(pid);
    }
    child->pid = (pid_t)pid;
    return 0;
}

/* ---------------------------------------------------------------- posix_spawn() */

/* What the child could be given besides cannot be made here: its functions do not link. */
static int spawn(pid_t *pid, bool is_searched, const char *file, bool has_more,
                 char *const arguments[], char *const environment[])
{
    struct child child = {.arguments = arguments, .environment = environment};

    if (has_more) {
        return ENOSYS;
    }
    int error = is_searched ? layer_search(file, start, &child) : start(&child, file);

    if (!error && pid) {
        *pid = child.pid;
    }
    return error;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attributes, char *const argv[],
                char *const environment[])
{
    return spawn(pid, false, path, actions || attributes, argv, environment);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attributes, char *const argv[],
                 char *const environment[])
{
    return spawn(pid, true, file, actions || attributes, argv, environment);
}

/* ---------------------------------------------------------------- system() */

/* Splits the line into words, whose characters go to text, and pointers to them, with a NULL behind
 * the last, to words. 0, or an error of errno.h. */
static int split(const char *line, char *text, char **words)
{
    for (;;) {
        bool is_quoted = false;

        while (isspace((unsigned char)*line)) {
            line++;
        }
        if (!*line) {
            *words = NULL;
            return 0;
        }
        *words++ = text;
        for (; *line && (is_quoted || !isspace((unsigned char)*line)); line++) {
            if (*line == '"') {
                is_quoted = !is_quoted;
            } else if (!is_quoted && strchr("|&;<>", *line)) {
                return ENOSYS;
            } else {
                *text++ = *line;
            }
        }
        if (is_quoted) {
            return EINVAL;
        }
        *text++ = '\0';
    }
}

/* Runs the program that the words name; its status, as waitpid() gives it, or -1. */
static int run(char **words)
{
    struct child child = {.arguments = words, .environment = environ};
    int status = 0;
    int error = words[0] ? layer_search(words[0], start, &child) : 0;

    if (error == ENOMEM || error == EAGAIN) {
        return layer_fail(error);
    }
    if (error) {
        return STATUS_NOT_FOUND << 8;
    }
    return words[0] && waitpid(child.pid, &status, 0) < 0 ? -1 : status;
}

int system(const char *line)
{
    if (!line) {
        return 1;
    }
    size_t length = strlen(line);
    char **words = malloc((length / 2 + 2) * sizeof(*words)); /* with a blank behind each */
    char *text = malloc(length + 1);
    int error = words && text ? split(line, text, words) : ENOMEM;
    int status = error ? layer_fail(error) : run(words);

    free(text);
    free(words);
    return status;
}
