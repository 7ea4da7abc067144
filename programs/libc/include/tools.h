/*
 * tools.h - what the small programs that work on files have in common: sentences for what goes
 * wrong, input line by line, output that is written as a whole.
 */
#ifndef TOOLS_H
#define TOOLS_H

#include <drupe.h>
#include <stdbool.h>
#include <stddef.h>

/* "cp: 'a.txt' cannot be read: no such file or folder." to descriptor 2. Returns EXIT_FAILURE. */
int tool_error(const char *program, const char *path, const char *verb, intptr_t status);

/* Prints the usage. Returns EXIT_USAGE. */
int tool_usage(const char *usage);

/* Writes all of it to a descriptor: 0 or an error. When nobody reads the pipe any more, the program
 * ends. */
int tool_write(int descriptor, const void *buffer, size_t length);

/* Copies all that comes from one descriptor to another. 0 or an error. */
int tool_copy(int from, int to);

/* Is there a folder of that name? */
bool tool_is_folder(const char *path);

/* Do both paths lead to the same file or folder? */
bool tool_is_same(const char *path, const char *other);

/* "folder/name" of a path's last name, in `to`. False: it does not fit size bytes. */
bool tool_join(char *to, size_t size, const char *folder, const char *path);

/* The entries of a folder, one after the other, with their whole names. Small, as there may be one
 * on the stack for each folder in a folder. */
struct tool_folder {
    int descriptor;
    int status; /* below 0: the error that has ended it */
    intptr_t used, filled;
    void *records; /* struct directory_record, one behind the other */
};

/* Opens it; false: status says why not. tool_folder_end() is to be called in any case. */
bool tool_folder_begin(struct tool_folder *folder, const char *path);

/* The next entry, good until the next call; NULL: the end, or an error. */
const struct directory_record *tool_folder_next(struct tool_folder *folder);
void tool_folder_end(struct tool_folder *folder);

/* The last name of a path. */
const char *tool_last_name(const char *path);

/* Input line by line. */
struct tool_lines {
    int descriptor;
    int status; /* below 0: the error that has ended it */
    size_t used, filled;
    char buffer[4096];
    char *line; /* the last one, without its line feed and with a NUL behind it */
    size_t length, room;
    bool has_end; /* there was a line feed */
};

void tool_lines_begin(struct tool_lines *lines, int descriptor);
bool tool_lines_next(struct tool_lines *lines); /* false: the end, or an error */
void tool_lines_end(struct tool_lines *lines);

/* Calls work for each of the files, or, when there is none, for input; "-" is input, too. The
 * worst status. */
int tool_for_each_file(const char *program, int count, char **paths,
                       int (*work)(int descriptor, const char *path));

/* The options that come first, as "-r -p" or "-rp": for the letter letters[n], *found[n] becomes
 * true. The place in argv of what follows, or -1 when there is another letter. */
int tool_options(int argc, char **argv, const char *letters, bool *const found[]);

/* A decimal number below 2^31, or -1. */
int tool_number(const char *text);

/* How many lines are meant by the first argument, if it is "-n NUMBER", "-nNUMBER" or "-NUMBER":
 * into *count, or -1 for what is no number. The place in argv of what follows. */
int tool_line_count(int argc, char **argv, int *count);

#endif
