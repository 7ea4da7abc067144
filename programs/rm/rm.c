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
    static uint64_t buffer[64];
    size_t length = strlen(path);
    int status = EXIT_SUCCESS;

    while (status == EXIT_SUCCESS) {
        const struct directory_record *record = (const void *)buffer;
        intptr_t folder = syscall_open_file(path, OPEN_READ | OPEN_DIRECTORY);
        intptr_t bytes =
            folder < 0 ? folder : syscall_list_directory((int)folder, buffer, sizeof(buffer));

        if (folder >= 0) {
            syscall_close((int)folder);
        }
        if (bytes < 0) {
            return tool_error("rm", path, "read", bytes);
        }
        if (bytes == 0) {
            break;
        }
        if (length + strlen(record->name) + 2 > PATH_BYTES) {
            return tool_error("rm", path, "emptied", -EBADPATH);
        }
        path[length] = '/';
        strcpy(path + length + 1, record->name);
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
    int status = EXIT_SUCCESS, first = 1;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
        for (const char *c = argv[first] + 1; *c; c++) {
            with_folders = with_folders || *c == 'r';
            is_quiet = is_quiet || *c == 'f';
            if (*c != 'r' && *c != 'f') {
                return tool_usage(USAGE);
            }
        }
    }
    if (first == argc && !is_quiet) {
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
