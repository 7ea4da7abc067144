/*
 * cp - copies files; with -r folders and all that is in them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                             \
    "Usage: cp [-r] [-p] FROM TO\n"                                       \
    "       cp [-r] [-p] FROM ... FOLDER\n"                               \
    "Copies files. -r: folders, too, with all that is in them. -p: the\n" \
    "copies keep the times.\n"

#define PATH_BYTES 1024

static bool with_folders, keeps_times;

/* The first folder that was made: a copy of what it is in would never end. */
static struct file_details made;

static int copy(char *from, char *to);

/* The copy is complete; status: how it went. Returns that of the whole. */
static intptr_t keep_times(const char *to, const struct file_details *source, intptr_t status)
{
    int64_t times[] = {source->modified, source->accessed};

    return status < 0 || !keeps_times ? status : syscall_set_times(to, times, -1);
}

static int refuse_itself(const char *from, const char *where)
{
    dprintf(FILE_ERRORS, "cp: '%s' cannot be copied %s itself.\n", from, where);
    return EXIT_FAILURE;
}

static int copy_file(const char *from, const char *to)
{
    struct file_details source, target;
    intptr_t in = syscall_open(from), out;
    int status;

    if (in < 0) {
        return tool_error("cp", from, "read", in);
    }
    intptr_t described = syscall_stat_file((int)in, NULL, &source);

    if (described < 0) {
        syscall_close((int)in);
        return tool_error("cp", from, "read", described);
    }
    if (syscall_stat_file(-1, to, &target) == 0 && source.drive == target.drive &&
        source.number == target.number) {
        syscall_close((int)in);
        return refuse_itself(from, "to");
    }
    out = syscall_open_file(to, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
    status = out < 0 ? (int)out : tool_copy((int)in, (int)out);
    syscall_close((int)in);
    if (out >= 0) {
        intptr_t closed = syscall_close((int)out);

        status = (int)keep_times(to, &source, status < 0 ? status : closed);
    }
    return status < 0 ? tool_error("cp", to, "written", status) : EXIT_SUCCESS;
}

/* Appends "/name" to a path of length bytes. */
static bool append(char *path, size_t length, const char *name)
{
    if (length + strlen(name) + 2 > PATH_BYTES) {
        return false;
    }
    path[length] = '/';
    strcpy(path + length + 1, name);
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int copy_entries(struct tool_folder *folder, char *from, char *to)
{
    size_t from_length = strlen(from), to_length = strlen(to);
    const struct directory_record *record;
    int status = EXIT_SUCCESS;

    while ((record = tool_folder_next(folder)) != NULL) {
        int now = append(from, from_length, record->name) && append(to, to_length, record->name)
                      ? copy(from, to)
                      : tool_error("cp", from, "copied", -EBADPATH);

        status = now > status ? now : status;
    }
    from[from_length] = to[to_length] = '\0';
    return folder->status < 0 ? tool_error("cp", from, "read", folder->status) : status;
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int copy_opened(struct tool_folder *folder, char *from, char *to)
{
    struct file_details source;
    intptr_t status =
        folder->status < 0 ? folder->status : syscall_stat_file(folder->descriptor, NULL, &source);

    if (status < 0) {
        return tool_error("cp", from, "read", status);
    }
    if (made.number && source.drive == made.drive && source.number == made.number) {
        return refuse_itself(from, "into");
    }
    status = syscall_make_directory(to);
    if (status == -EEXISTS && tool_is_folder(to)) {
        status = 0;
    }
    if (status == 0 && !made.number) {
        status = syscall_stat_file(-1, to, &made);
    }
    if (status < 0) {
        return tool_error("cp", to, "made", status);
    }
    int copied = copy_entries(folder, from, to);

    status = keep_times(to, &source, 0);
    return status < 0 ? tool_error("cp", to, "given its times", status) : copied;
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int copy_folder(char *from, char *to)
{
    struct tool_folder folder;

    (void)tool_folder_begin(&folder, from);
    int status = copy_opened(&folder, from, to);

    tool_folder_end(&folder);
    return status;
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int copy(char *from, char *to)
{
    if (!tool_is_folder(from)) {
        return copy_file(from, to);
    }
    return with_folders ? copy_folder(from, to)
                        : tool_error("cp", from, "copied without -r", -EISDIR);
}

int main(int argc, char **argv)
{
    static char from[PATH_BYTES], to[PATH_BYTES];
    int first = tool_options(argc, argv, "rp", (bool *const[]){&with_folders, &keeps_times});
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (first < 0 || argc - first < 2) {
        return tool_usage(USAGE);
    }
    bool into_folder = tool_is_folder(argv[argc - 1]);

    if (argc - first > 2 && !into_folder) {
        return tool_error("cp", argv[argc - 1], "copied into", -ENOTDIR);
    }
    for (int i = first; i < argc - 1; i++) {
        made.number = 0;
        bool fits = strlen(argv[i]) < sizeof(from) && strlen(argv[argc - 1]) < sizeof(to);

        if (fits) {
            strcpy(from, argv[i]);
            strcpy(to, argv[argc - 1]);
            fits = !into_folder || tool_join(to, sizeof(to), argv[argc - 1], from);
        }
        int now = fits ? copy(from, to) : tool_error("cp", argv[i], "copied", -EBADPATH);

        status = now > status ? now : status;
    }
    return status;
}
