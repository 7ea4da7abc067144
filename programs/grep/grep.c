/*
 * grep - lines that have a text in them.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                       \
    "Usage: grep [-i] [-n] [-v] [-c] TEXT [FILE ...]\n"                             \
    "Shows the lines that have TEXT in them. -i: capitals or not; -n: with their\n" \
    "numbers; -v: the others; -c: only how many. Status 1: there is none.\n"

static bool any_case, with_numbers, others, only_count, with_names, has_found;
static const char *text;

static bool begins_with(const char *line)
{
    for (const char *c = text; *c; c++, line++) {
        if (*line != *c && !(any_case && *line && tolower(*line) == tolower(*c))) {
            return false;
        }
    }
    return true;
}

static bool has_text(const char *line)
{
    do {
        if (begins_with(line)) {
            return true;
        }
    } while (*line++);
    return false;
}

static int show(int descriptor, const char *path)
{
    static struct tool_lines lines;
    unsigned number = 0, count = 0;

    tool_lines_begin(&lines, descriptor);
    while (tool_lines_next(&lines)) {
        number++;
        if (has_text(lines.line) == others) {
            continue;
        }
        count++;
        has_found = true;
        if (!only_count) {
            printf("%s%s", with_names ? path : "", with_names ? ":" : "");
            if (with_numbers) {
                printf("%u:", number);
            }
            printf("%s\n", lines.line);
        }
    }
    tool_lines_end(&lines);
    if (lines.status < 0) {
        return tool_error("grep", path ? path : "input", "searched", lines.status);
    }
    if (only_count) {
        printf("%s%s%u\n", with_names ? path : "", with_names ? ":" : "", count);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first = 1, status;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
        for (const char *c = argv[first] + 1; *c; c++) {
            any_case = any_case || *c == 'i';
            with_numbers = with_numbers || *c == 'n';
            others = others || *c == 'v';
            only_count = only_count || *c == 'c';
            if (!strchr("invc", *c)) {
                return tool_usage(USAGE);
            }
        }
    }
    if (first == argc) {
        return tool_usage(USAGE);
    }
    text = argv[first++];
    with_names = argc - first > 1;
    status = tool_for_each_file("grep", argc - first, argv + first, show);
    return status != EXIT_SUCCESS ? EXIT_USAGE : has_found ? EXIT_SUCCESS : EXIT_FAILURE;
}
