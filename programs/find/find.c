/*
 * find - all that is in folders, and in the folders in these.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                          \
    "Usage: find [FOLDER ...] [-name PATTERN] [-type f|d]\n"                           \
    "Shows the paths of all files and folders below. -name: those whose names are\n"   \
    "like PATTERN (* stands for any text, ? for a character); -type: only files, or\n" \
    "folders.\n"

#define PATH_BYTES 1024

static const char *pattern;
static uint8_t only_kind;

/* Is the name like the pattern? Where a '*' does not reach far enough, it takes one more. */
static bool is_like(const char *name, const char *like)
{
    const char *star = NULL, *behind = NULL;

    while (*name) {
        if (*like == '*') {
            star = ++like;
            behind = name;
        } else if (*like == '?' || *like == *name) {
            like++;
            name++;
        } else if (star) {
            like = star;
            name = ++behind;
        } else {
            return false;
        }
    }
    while (*like == '*') {
        like++;
    }
    return *like == '\0';
}

static void show(const char *path, uint8_t kind)
{
    if ((!only_kind || only_kind == kind) && (!pattern || is_like(tool_last_name(path), pattern))) {
        printf("%s\n", path);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int find(char *path)
{
    size_t length = strlen(path);
    size_t start = length + (length > 0 && path[length - 1] != '/');
    const struct directory_record *record;
    struct tool_folder folder;
    int status = EXIT_SUCCESS;

    (void)tool_folder_begin(&folder, path);
    while ((record = tool_folder_next(&folder)) != NULL) {
        if (start + strlen(record->name) >= PATH_BYTES) {
            status = tool_error("find", path, "searched", -EBADPATH);
            continue;
        }
        path[start - 1] = '/';
        strcpy(path + start, record->name);
        show(path, record->kind);
        if (record->kind == FILE_IS_DIRECTORY) {
            int now = find(path);

            status = now > status ? now : status;
        }
        path[length] = '\0';
    }
    tool_folder_end(&folder);
    return folder.status < 0 ? tool_error("find", path, "searched", folder.status) : status;
}

int main(int argc, char **argv)
{
    static char path[PATH_BYTES];
    int status = EXIT_SUCCESS, folders = 1;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    while (folders < argc && argv[folders][0] != '-') {
        folders++;
    }
    for (int i = folders; i < argc; i += 2) {
        bool has_value = i + 1 < argc;

        if (has_value && strcmp(argv[i], "-name") == 0) {
            pattern = argv[i + 1];
        } else if (has_value && strcmp(argv[i], "-type") == 0 && argv[i + 1][0] == 'f') {
            only_kind = FILE_IS_PLAIN;
        } else if (has_value && strcmp(argv[i], "-type") == 0 && argv[i + 1][0] == 'd') {
            only_kind = FILE_IS_DIRECTORY;
        } else {
            return tool_usage(USAGE);
        }
    }
    for (int i = 1; i < folders || (i == 1 && folders == 1); i++) {
        const char *start = folders == 1 ? "." : argv[i];
        int now;

        if (strlen(start) >= sizeof(path)) {
            now = tool_error("find", start, "searched", -EBADPATH);
        } else {
            strcpy(path, start);
            show(path, FILE_IS_DIRECTORY);
            now = find(path);
        }
        status = now > status ? now : status;
    }
    return status;
}
