/*
 * uniq - of equal lines, one behind the other, only one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                       \
    "Usage: uniq [-c] [FILE ...]\n" \
    "Of lines that are equal and follow each other shows one. -c: with how many they\nwere.\n"

static bool with_count;

static void show(const char *line, unsigned count)
{
    if (count > 0 && with_count) {
        printf("%7u %s\n", count, line);
    } else if (count > 0) {
        printf("%s\n", line);
    }
}

static int work(int descriptor, const char *path)
{
    static struct tool_lines lines;
    char *last = NULL;
    unsigned count = 0;

    tool_lines_begin(&lines, descriptor);
    while (tool_lines_next(&lines)) {
        if (count > 0 && strcmp(last, lines.line) == 0) {
            count++;
            continue;
        }
        show(last, count);
        char *copy = realloc(last, lines.length + 1);

        if (!copy) {
            lines.status = -ENOMEM;
            count = 0;
            break;
        }
        last = copy;
        memcpy(last, lines.line, lines.length + 1);
        count = 1;
    }
    show(last, count);
    free(last);
    tool_lines_end(&lines);
    return lines.status < 0 ? tool_error("uniq", path ? path : "input", "read", lines.status)
                            : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first = 1;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        with_count = true;
        first++;
    }
    return tool_for_each_file("uniq", argc - first, argv + first, work);
}
