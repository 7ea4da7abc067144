/*
 * rm - removes files; with -r folders and all that is in them.
 */
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                        \
    "Usage: rm [-r] [-f] NAME ...\n"                                                 \
    "Removes files. -r: folders, too, with all that is in them. -f: it is fine if\n" \
    "they are not there.\n"

#define PATH_BYTES 1024

static bool with_folders, is_quiet;

static int remove_path(char *path);

/* Takes the first entry again and again: what was removed is not there any more. */
/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int empty_folder(char *path)
{
    size_t length = strlen(path);
    int status = EXIT_SUCCESS;

    while (status == EXIT_SUCCESS) {
        struct tool_folder folder;
        const struct directory_record *record =
            tool_folder_begin(&folder, path) ? tool_folder_next(&folder) : NULL;
        bool fits = record && length + strlen(record->name) + 2 <= PATH_BYTES;

        if (fits) {
            path[length] = '/';
            strcpy(path + length + 1, record->name);
        }
        tool_folder_end(&folder);
        if (folder.status < 0) {
            return tool_error("rm", path, "read", folder.status);
        }
        if (!record) {
            break;
        }
        if (!fits) {
            return tool_error("rm", path, "emptied", -EBADPATH);
        }
        status = remove_path(path);
        path[length] = '\0';
    }
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int remove_path(char *path)
{
    intptr_t status = syscall_remove(path, REMOVE_FILE);

    if (status == -EISDIR && with_folders) {
        int emptied = empty_folder(path);

        if (emptied != EXIT_SUCCESS) {
            return emptied;
        }
        status = syscall_remove(path, REMOVE_DIRECTORY);
    }
    return status == 0 || (status == -ENOENT && is_quiet)
               ? EXIT_SUCCESS
               : tool_error("rm", path, "removed", status);
}

int main(int argc, char **argv)
{
    static char path[PATH_BYTES];
    int first = tool_options(argc, argv, "rf", (bool *const[]){&with_folders, &is_quiet});
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (first < 0 || (first == argc && !is_quiet)) {
        return tool_usage(USAGE);
    }
    for (int i = first; i < argc; i++) {
        int now;

        if (strlen(argv[i]) >= sizeof(path)) {
            now = tool_error("rm", argv[i], "removed", -EBADPATH);
        } else {
            strcpy(path, argv[i]);
            now = remove_path(path);
        }
        status = now > status ? now : status;
    }
    return status;
}
