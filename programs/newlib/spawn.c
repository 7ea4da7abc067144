/*
 * spawn.c - starting other programs without fork(): posix_spawn(), system() and popen(). So a large
 * program can start a small one where there is no room for a copy of itself.
 *
 * What file actions do to the child's descriptors is done to the caller's, which the child
 * inherits, and undone when the child is there: nothing else of the caller runs meanwhile.
 *
 * system() and popen() run a line in the shell, 0:/shell.elf.
 */
#define _GNU_SOURCE /* pipe2, dup3 */
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer.h"

#define SHELL            "/shell.elf"
#define STATUS_NOT_FOUND 127                    /* as shells have it */
#define SAVED_FIRST      (FILE_DESCRIPTORS / 2) /* where the caller's own descriptors are kept */

/* ---------------------------------------------------------------- file actions */

struct action {
    struct action *next;
    enum { ACTION_OPEN, ACTION_CLOSE, ACTION_DUPLICATE } what;
    int number; /* of the child's descriptor */
    int source; /* to duplicate */
    int flags;  /* to open */
    char path[];
};

struct __posix_spawn_file_actions {
    struct action *first, **end;
};

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
    *actions = malloc(sizeof(**actions));
    if (!*actions) {
        return ENOMEM;
    }
    (*actions)->first = NULL;
    (*actions)->end = &(*actions)->first;
    return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
    struct action *action = (*actions)->first;

    while (action) {
        struct action *next = action->next;

        free(action);
        action = next;
    }
    free(*actions);
    *actions = NULL;
    return 0;
}

static bool is_number(int number)
{
    return number >= 0 && number < FILE_DESCRIPTORS;
}

/* Appends an action with a copy of path. 0, or an error of errno.h. */
static int add(posix_spawn_file_actions_t *actions, struct action action, const char *path)
{
    struct action *added;

    if (!is_number(action.number)) {
        return EBADF;
    }
    added = malloc(sizeof(*added) + strlen(path) + 1);
    if (!added) {
        return ENOMEM;
    }
    *added = action;
    strcpy(added->path, path);
    *(*actions)->end = added;
    (*actions)->end = &added->next;
    return 0;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions, int number,
                                     const char *restrict path, int flags, mode_t mode)
{
    (void)mode; /* there are no rights */
    return add(actions, (struct action){.what = ACTION_OPEN, .number = number, .flags = flags},
               path);
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int number)
{
    return add(actions, (struct action){.what = ACTION_CLOSE, .number = number}, "");
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int source, int number)
{
    return !is_number(source) ? EBADF
                              : add(actions,
                                    (struct action){
                                        .what = ACTION_DUPLICATE,
                                        .number = number,
                                        .source = source,
                                    },
                                    "");
}

/* What the caller's descriptors were: undone in the opposite order, as a copy may have a number
 * that a later action takes. */
struct saved {
    int count;
    struct {
        int number;
        int copy;  /* -1: it was free */
        int flags; /* F_GETFD */
    } items[FILE_DESCRIPTORS];
};

static int save(struct saved *saved, int number)
{
    int flags = fcntl(number, F_GETFD), copy = -1;

    for (int i = 0; i < saved->count; i++) {
        if (saved->items[i].number == number) {
            return 0;
        }
    }
    if (flags >= 0) {
        copy = fcntl(number, F_DUPFD_CLOEXEC, SAVED_FIRST);
        if (copy < 0) {
            return errno;
        }
    }
    saved->items[saved->count].number = number;
    saved->items[saved->count].copy = copy;
    saved->items[saved->count++].flags = flags;
    return 0;
}

static void restore(struct saved *saved)
{
    while (saved->count > 0) {
        int number = saved->items[--saved->count].number, copy = saved->items[saved->count].copy;

        if (copy < 0) {
            close(number);
        } else {
            dup2(copy, number);
            fcntl(number, F_SETFD, saved->items[saved->count].flags);
            close(copy);
        }
    }
}

/* The file gets the action's number, and keeps no other. */
static int open_as(const struct action *action)
{
    int opened, result;

    close(action->number);
    opened = open(action->path, action->flags);
    if (opened < 0 || opened == action->number) {
        return opened;
    }
    result = dup3(opened, action->number, action->flags & O_CLOEXEC);
    close(opened);
    return result;
}

/* 0, or an error of errno.h. */
static int perform(const struct action *action)
{
    int result = 0;

    switch (action->what) {
    case ACTION_CLOSE: close(action->number); break; /* if it is free, that is fine */
    case ACTION_OPEN: result = open_as(action); break;
    case ACTION_DUPLICATE:
        result = action->source == action->number ? fcntl(action->number, F_SETFD, 0)
                                                  : dup2(action->source, action->number);
        break;
    }
    return result < 0 ? errno : 0;
}

static int perform_all(const struct __posix_spawn_file_actions *actions, struct saved *saved)
{
    int error = 0;

    for (const struct action *action = actions->first; action && !error; action = action->next) {
        error = save(saved, action->number);
        if (!error) {
            error = perform(action);
        }
    }
    return error;
}

/* ---------------------------------------------------------------- posix_spawn() */

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

static int spawn(pid_t *pid, bool is_searched, const char *file,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const arguments[], char *const environment[])
{
    struct child child = {.arguments = arguments, .environment = environment};
    struct saved saved = {.count = 0};
    int kept_errno = errno;
    int error = 0;

    if (attributes) {
        return ENOSYS; /* none can be made */
    }
    if (actions) {
        error = perform_all(*actions, &saved);
    }
    if (!error) {
        error = is_searched ? layer_search(file, start, &child) : start(&child, file);
    }
    restore(&saved);
    errno = kept_errno;
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
    return spawn(pid, false, path, actions, attributes, argv, environment);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attributes, char *const argv[],
                 char *const environment[])
{
    return spawn(pid, true, file, actions, attributes, argv, environment);
}

/* ---------------------------------------------------------------- lines for the shell */

/* Starts the shell with a line to run. 0, or an error of errno.h. */
static int start_shell(pid_t *pid, const posix_spawn_file_actions_t *actions, const char *line)
{
    char *const arguments[] = {"sh", "-c", (char *)line, NULL}; /* nobody writes to it */

    return posix_spawn(pid, SHELL, actions, NULL, arguments, environ);
}

static pid_t wait_for(pid_t pid, int *status)
{
    pid_t ended;

    do {
        ended = waitpid(pid, status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended;
}

int system(const char *line)
{
    int status = 0, error;
    pid_t pid;

    if (!line) {
        return access(SHELL, X_OK) == 0;
    }
    error = start_shell(&pid, NULL, line);
    if (error == ENOENT) {
        return STATUS_NOT_FOUND << 8;
    }
    if (error) {
        return layer_fail(error);
    }
    return wait_for(pid, &status) < 0 ? -1 : status;
}

/* ---------------------------------------------------------------- popen() */

static struct piped {
    struct piped *next;
    FILE *stream;
    pid_t pid;
} * all_piped;

/* The shell runs line with theirs, the child's end of a pipe, as descriptor `number`. */
static int start_piped(struct piped *piped, const char *line, int theirs, int number)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error) {
        return error;
    }
    error = posix_spawn_file_actions_adddup2(&actions, theirs, number);
    if (!error) {
        error = start_shell(&piped->pid, &actions, line);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

FILE *popen(const char *line, const char *mode)
{
    struct piped *piped;
    int ends[2] = {-1, -1}, error;
    int ours = mode[0] == 'w'; /* which of the ends */

    if (mode[0] != 'r' && mode[0] != 'w') {
        errno = EINVAL;
        return NULL;
    }
    piped = malloc(sizeof(*piped));
    if (!piped) {
        return NULL;
    }
    if (pipe2(ends, O_CLOEXEC) < 0) {
        goto no_pipe;
    }
    piped->stream = fdopen(ends[ours], ours ? "w" : "r");
    if (!piped->stream) {
        goto no_stream;
    }
    error = start_piped(piped, line, ends[!ours], ours ? STDIN_FILENO : STDOUT_FILENO);
    close(ends[!ours]);
    if (error) {
        fclose(piped->stream);
        free(piped);
        errno = error;
        return NULL;
    }
    piped->next = all_piped;
    all_piped = piped;
    return piped->stream;

no_stream:
    close(ends[0]);
    close(ends[1]);
no_pipe:
    error = errno; /* as close() leaves it when it works */
    free(piped);
    errno = error;
    return NULL;
}

int pclose(FILE *stream)
{
    struct piped **link = &all_piped;
    int status = 0;

    while (*link && (*link)->stream != stream) {
        link = &(*link)->next;
    }
    if (!*link) {
        return layer_fail(EINVAL); /* popen() has not made it */
    }
    struct piped *piped = *link;
    pid_t pid = piped->pid;

    *link = piped->next;
    free(piped);
    fclose(stream);
    return wait_for(pid, &status) < 0 ? -1 : status;
}
