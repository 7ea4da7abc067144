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
static int copy_entries(int folder, char *from, char *to)
{
    size_t from_length = strlen(from), to_length = strlen(to);
    uint64_t buffer[48]; /* one for each folder that is open */
    intptr_t bytes;
    int status = EXIT_SUCCESS;

    while ((bytes = syscall_list_directory(folder, buffer, sizeof(buffer))) > 0) {
        for (intptr_t at = 0; at < bytes;) {
            const struct directory_record *record = (const void *)((char *)buffer + at);
            int now = append(from, from_length, record->name) && append(to, to_length, record->name)
                          ? copy(from, to)
                          : tool_error("cp", from, "copied", -EBADPATH);

            status = now > status ? now : status;
            at += record->bytes;
        }
    }
    from[from_length] = to[to_length] = '\0';
    return bytes < 0 ? tool_error("cp", from, "read", bytes) : status;
}

/* NOLINTNEXTLINE(misc-no-recursion): not deeper than a path has names */
static int copy_folder(char *from, char *to)
{
    intptr_t folder = syscall_open_file(from, OPEN_READ | OPEN_DIRECTORY);
    struct file_details source;
    intptr_t status = folder < 0 ? folder : syscall_stat_file((int)folder, NULL, &source);

    if (status < 0) {
        syscall_close((int)folder);
        return tool_error("cp", from, "read", status);
    }
    if (made.number && source.drive == made.drive && source.number == made.number) {
        syscall_close((int)folder);
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
        syscall_close((int)folder);
        return tool_error("cp", to, "made", status);
    }
    int copied = copy_entries((int)folder, from, to);

    syscall_close((int)folder);
    status = keep_times(to, &source, 0);
    return status < 0 ? tool_error("cp", to, "given its times", status) : copied;
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
    int status = EXIT_SUCCESS, first = 1;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
        for (const char *c = argv[first] + 1; *c; c++) {
            with_folders = with_folders || *c == 'r';
            keeps_times = keeps_times || *c == 'p';
            if (*c != 'r' && *c != 'p') {
                return tool_usage(USAGE);
            }
        }
    }
    if (argc - first < 2) {
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
