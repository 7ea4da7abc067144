/*
 * tools.c - see tools.h.
 */
#include "include/tools.h"

#include "include/stdio.h"
#include "include/stdlib.h"
#include "include/string.h"

/* Of a folder, that are read at once. */
#define FOLDER_BYTES 4096

_Static_assert(FOLDER_BYTES >= DIRECTORY_RECORD_BYTES_MAX, "the longest name");

int tool_error(const char *program, const char *path, const char *verb, intptr_t status)
{
    static char text[1400];
    int length = snprintf(text, sizeof(text), "%s: '%s' cannot be %s: %s.\n", program, path, verb,
                          error_text((int)status));

    (void)tool_write(FILE_ERRORS, text, (size_t)length);
    return EXIT_FAILURE;
}

int tool_usage(const char *usage)
{
    (void)tool_write(FILE_ERRORS, usage, strlen(usage));
    return EXIT_USAGE;
}

int tool_write(int descriptor, const void *buffer, size_t length)
{
    int status = file_write(descriptor, buffer, length);

    return status < 0 ? status : 0;
}

int tool_copy(int from, int to)
{
    static char buffer[16384];
    intptr_t count;

    while ((count = syscall_read(from, buffer, sizeof(buffer))) > 0) {
        int status = tool_write(to, buffer, (size_t)count);

        if (status < 0) {
            return status;
        }
    }
    return (int)count;
}

bool tool_folder_begin(struct tool_folder *folder, const char *path)
{
    folder->descriptor = (int)syscall_open_file(path, OPEN_READ | OPEN_DIRECTORY);
    folder->records = folder->descriptor < 0 ? NULL : malloc(FOLDER_BYTES);
    folder->status = folder->descriptor < 0 ? folder->descriptor : folder->records ? 0 : -ENOMEM;
    folder->used = folder->filled = 0;
    return folder->status == 0;
}

const struct directory_record *tool_folder_next(struct tool_folder *folder)
{
    const struct directory_record *record;

    if (folder->status == 0 && folder->used == folder->filled) {
        intptr_t bytes = syscall_list_directory(folder->descriptor, folder->records, FOLDER_BYTES);

        folder->used = 0;
        folder->filled = bytes > 0 ? bytes : 0;
        folder->status = bytes < 0 ? (int)bytes : 0;
    }
    if (folder->status < 0 || folder->filled == 0) {
        return NULL;
    }
    record = (const void *)((const char *)folder->records + folder->used);
    folder->used += record->bytes;
    return record;
}

void tool_folder_end(struct tool_folder *folder)
{
    if (folder->descriptor >= 0) {
        syscall_close(folder->descriptor);
    }
    free(folder->records);
}

bool tool_is_folder(const char *path)
{
    struct file_details details;

    return syscall_stat_file(-1, path, &details) == 0 && details.kind == FILE_IS_DIRECTORY;
}

bool tool_is_same(const char *path, const char *other)
{
    struct file_details one, two;

    return syscall_stat_file(-1, path, &one) == 0 && syscall_stat_file(-1, other, &two) == 0 &&
           one.drive == two.drive && one.number == two.number;
}

const char *tool_last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool tool_join(char *to, size_t size, const char *folder, const char *path)
{
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";

    return (size_t)snprintf(to, size, "%s%s%s", folder, slash, tool_last_name(path)) < size;
}

void tool_lines_begin(struct tool_lines *lines, int descriptor)
{
    lines->descriptor = descriptor;
    lines->status = 0;
    lines->used = lines->filled = 0;
    lines->line = NULL;
    lines->length = lines->room = 0;
}

static bool put(struct tool_lines *lines, char character)
{
    if (lines->length + 1 >= lines->room) {
        size_t room = lines->room ? 2 * lines->room : 128;
        char *line = realloc(lines->line, room);

        if (!line) {
            lines->status = -ENOMEM;
            return false;
        }
        lines->line = line;
        lines->room = room;
    }
    lines->line[lines->length++] = character;
    lines->line[lines->length] = '\0';
    return true;
}

static bool fill(struct tool_lines *lines)
{
    intptr_t count = syscall_read(lines->descriptor, lines->buffer, sizeof(lines->buffer));

    lines->used = 0;
    lines->filled = count > 0 ? (size_t)count : 0;
    lines->status = count < 0 ? (int)count : lines->status;
    return count > 0;
}

bool tool_lines_next(struct tool_lines *lines)
{
    bool has_some = false;

    lines->length = 0;
    lines->has_end = false;
    while (lines->status == 0 && (lines->used < lines->filled || fill(lines))) {
        char character = lines->buffer[lines->used++];

        has_some = true;
        if (character == '\n') {
            lines->has_end = true;
            break;
        }
        if (!put(lines, character)) {
            return false;
        }
    }
    if (has_some && lines->length == 0) { /* an empty line is a string, too */
        has_some = put(lines, '\0');
        lines->length = 0;
    }
    return has_some && lines->status == 0;
}

void tool_lines_end(struct tool_lines *lines)
{
    free(lines->line);
    lines->line = NULL;
}

int tool_for_each_file(const char *program, int count, char **paths,
                       int (*work)(int descriptor, const char *path))
{
    int status = EXIT_SUCCESS;

    if (count == 0) {
        return work(FILE_INPUT, NULL);
    }
    for (int i = 0; i < count; i++) {
        bool is_input = strcmp(paths[i], "-") == 0;
        int file = is_input ? FILE_INPUT : (int)syscall_open(paths[i]);
        int now = file < 0 ? tool_error(program, paths[i], "read", file) : work(file, paths[i]);

        if (file >= 0 && !is_input) {
            syscall_close(file);
        }
        status = now > status ? now : status;
    }
    return status;
}

int tool_options(int argc, char **argv, const char *letters, bool *const found[])
{
    int first = 1;

    for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
        for (const char *c = argv[first] + 1; *c; c++) {
            const char *letter = strchr(letters, *c);

            if (!letter) {
                return -1;
            }
            *found[letter - letters] = true;
        }
    }
    return first;
}

int tool_number(const char *text)
{
    int number = 0;

    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || number > (0x7FFFFFFF - 9) / 10) {
            return -1;
        }
        number = number * 10 + (*c - '0');
    }
    return *text ? number : -1;
}

int tool_line_count(int argc, char **argv, int *count)
{
    const char *option = argc > 1 ? argv[1] : "";

    if (strcmp(option, "-n") == 0) {
        *count = argc > 2 ? tool_number(argv[2]) : -1;
        return argc > 2 ? 3 : 2;
    }
    if (option[0] != '-' || option[1] == '\0') {
        return 1;
    }
    *count = tool_number(option + (option[1] == 'n' ? 2 : 1));
    return 2;
}
