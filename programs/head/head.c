/*
 * head - the first lines.
 */
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                             \
    "Usage: head [-NUMBER] [FILE ...]\n"   \
    "       head [-n NUMBER] [FILE ...]\n" \
    "Shows the first 10, or NUMBER, lines.\n"

static int lines_max = 10;

static int show(int descriptor, const char *path)
{
    static struct tool_lines lines;
    int status = 0;

    tool_lines_begin(&lines, descriptor);
    for (int i = 0; i < lines_max && status == 0 && tool_lines_next(&lines); i++) {
        status = tool_write(FILE_OUTPUT, lines.line, lines.length);
        if (status == 0 && lines.has_end) {
            status = tool_write(FILE_OUTPUT, "\n", 1);
        }
    }
    tool_lines_end(&lines);
    status = status < 0 ? status : lines.status;
    return status < 0 ? tool_error("head", path ? path : "input", "shown", status) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    first = tool_line_count(argc, argv, &lines_max);
    if (lines_max < 0) {
        return tool_usage(USAGE);
    }
    return tool_for_each_file("head", argc - first, argv + first, show);
}
