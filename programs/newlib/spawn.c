/*
 * spawn.c - starting other programs without fork(): posix_spawn() and system() are command 23.
 *
 * system() has no shell behind it. Its line is a program's name and its arguments, in words as the
 * shell splits them: at blanks, but not between double quotes. What only a shell could do (pipes,
 * files, several commands) is refused.
 */
#include <ctype.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "layer.h"

#define PROGRAM_SUFFIX   ".elf"
#define STATUS_NOT_FOUND 127 /* as shells have it */

static void free_list(struct command_argument *list)
{
    while (list) {
        struct command_argument *next = list->next;

        free(list);
        list = next;
    }
}

/* A new last item of a list, empty. NULL when there is no memory. */
static struct command_argument *add_item(struct command_argument ***link)
{
    struct command_argument *item = calloc(1, sizeof(*item));

    if (item) {
        **link = item;
        *link = &item->next;
    }
    return item;
}

static int add_text(struct command_argument ***link, const char *text)
{
    struct command_argument *item;

    if (strlen(text) >= COMMAND_ARGUMENT_BYTES) {
        return E2BIG;
    }
    item = add_item(link);
    if (!item) {
        return ENOMEM;
    }
    strcpy(item->argument, text);
    return 0;
}

/* The kernel's list for argv, with path as the program. 0, or an error of errno.h. */
static int list_from_argv(const char *path, char *const argv[], struct command_argument **list)
{
    struct command_argument **link = list;
    int error;

    *list = NULL;
    error = add_text(&link, path);
    for (int i = 1; !error && argv[0] && argv[i]; i++) {
        error = add_text(&link, argv[i]);
    }
    return error;
}

/* The same for a line of system()'s; an empty list for one of blanks. */
static int list_from_line(const char *line, struct command_argument **list)
{
    struct command_argument **link = list;

    *list = NULL;
    for (;;) {
        struct command_argument *item;
        bool is_quoted = false;
        size_t length = 0;

        while (isspace((unsigned char)*line)) {
            line++;
        }
        if (!*line) {
            return 0;
        }
        item = add_item(&link);
        if (!item) {
            return ENOMEM;
        }
        for (; *line && (is_quoted || !isspace((unsigned char)*line)); line++) {
            if (*line == '"') {
                is_quoted = !is_quoted;
            } else if (!is_quoted && strchr("|&;<>", *line)) {
                return ENOSYS;
            } else if (length == COMMAND_ARGUMENT_BYTES - 1) {
                return E2BIG;
            } else {
                item->argument[length++] = *line;
            }
        }
        if (is_quoted) {
            return EINVAL;
        }
    }
}

/* The child's pid, or a result of the kernel's below 0. The program may be named without ".elf". */
static int start(struct command_argument *list)
{
    size_t length = strlen(list->argument);
    int pid = syscall_spawn(list, SPAWN_FRONT);

    if (pid < 0 && system_call_errno(pid) == ENOENT &&
        length + sizeof(PROGRAM_SUFFIX) <= COMMAND_ARGUMENT_BYTES) {
        strcpy(list->argument + length, PROGRAM_SUFFIX);
        pid = syscall_spawn(list, SPAWN_FRONT);
    }
    return pid;
}

int system(const char *line)
{
    struct command_argument *list;
    int error, status;
    int pid;

    if (!line) {
        return 1;
    }
    error = list_from_line(line, &list);
    if (error || !list) {
        free_list(list);
        return error ? layer_fail(error) : 0;
    }
    pid = start(list);
    free_list(list);
    if (pid < 0) {
        return system_call_errno(pid) == ENOMEM ? layer_fail(ENOMEM) : STATUS_NOT_FOUND << 8;
    }
    return waitpid(pid, &status, 0) < 0 ? -1 : status;
}

/* What the child could be given besides cannot be made here: its functions do not link. Children
 * have no environment. */
int posix_spawn(pid_t *restrict pid, const char *restrict path,
                const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attributes, char *const argv[],
                char *const environment[])
{
    struct command_argument *list;
    int error;
    int child = 0;

    (void)environment;
    if (actions || attributes) {
        return ENOSYS;
    }
    error = list_from_argv(layer_kernel_path(path), argv, &list);
    if (!error) {
        child = syscall_spawn(list, SPAWN_FRONT);
        error = child < 0 ? system_call_errno(child) : 0;
    }
    free_list(list);
    if (!error && pid) {
        *pid = child;
    }
    return error;
}

/* There is one folder with programs, in which all paths begin. */
int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                 const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attributes, char *const argv[],
                 char *const environment[])
{
    return posix_spawn(pid, file, actions, attributes, argv, environment);
}
