/*
 * sort - lines in the order of their bytes. Merge sort: lines that are equal stay as they were.
 */
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                         \
    "Usage: sort [-r] [-n] [-u] [FILE ...]\n"                                         \
    "Shows all lines in order. -r: the last one first; -n: by the number that they\n" \
    "begin with; -u: of equal ones only one.\n"

static bool backwards, by_number, only_one;

static struct {
    char **lines;
    size_t count, room;
} all;

/* The number that a line begins with. */
static int64_t number_of(const char *line)
{
    int64_t number = 0;
    bool is_negative;

    while (*line == ' ' || *line == '\t') {
        line++;
    }
    is_negative = *line == '-';
    line += is_negative;
    for (; *line >= '0' && *line <= '9' && number < INT64_MAX / 20; line++) {
        number = number * 10 + (*line - '0');
    }
    return is_negative ? -number : number;
}

static int compare(const char *a, const char *b)
{
    int order = 0;

    if (by_number) {
        int64_t first = number_of(a), second = number_of(b);

        order = first < second ? -1 : first > second;
    }
    order = order ? order : strcmp(a, b);
    return backwards ? -order : order;
}

/* NOLINTNEXTLINE(misc-no-recursion): halves count each time */
static void merge_sort(char **lines, char **other, size_t count)
{
    size_t half = count / 2, left = 0, right = half;

    if (count < 2) {
        return;
    }
    merge_sort(lines, other, half);
    merge_sort(lines + half, other, count - half);
    for (size_t i = 0; i < count; i++) {
        bool take_left = right == count || (left < half && compare(lines[left], lines[right]) <= 0);

        other[i] = lines[take_left ? left++ : right++];
    }
    memcpy(lines, other, count * sizeof(*lines));
}

static int add(const char *line, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy && all.count == all.room) {
        size_t room = all.room ? 2 * all.room : 256;
        char **lines = realloc(all.lines, room * sizeof(*lines));

        if (!lines) {
            free(copy);
            return -ENOMEM;
        }
        all.lines = lines;
        all.room = room;
    }
    if (!copy) {
        return -ENOMEM;
    }
    memcpy(copy, line, length + 1);
    all.lines[all.count++] = copy;
    return 0;
}

static int read_all(int descriptor, const char *path)
{
    static struct tool_lines lines;
    int status = 0;

    tool_lines_begin(&lines, descriptor);
    while (status == 0 && tool_lines_next(&lines)) {
        status = add(lines.line, lines.length);
    }
    tool_lines_end(&lines);
    status = status < 0 ? status : lines.status;
    return status < 0 ? tool_error("sort", path ? path : "input", "read", status) : EXIT_SUCCESS;
}

static int show_all(void)
{
    int status = 0;

    for (size_t i = 0; status == 0 && i < all.count; i++) {
        if (only_one && i > 0 && strcmp(all.lines[i], all.lines[i - 1]) == 0) {
            continue;
        }
        status = tool_write(FILE_OUTPUT, all.lines[i], strlen(all.lines[i]));
        status = status < 0 ? status : tool_write(FILE_OUTPUT, "\n", 1);
    }
    return status;
}

int main(int argc, char **argv)
{
    int first = 1, status;
    char **other;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
        for (const char *c = argv[first] + 1; *c; c++) {
            backwards = backwards || *c == 'r';
            by_number = by_number || *c == 'n';
            only_one = only_one || *c == 'u';
            if (!strchr("rnu", *c)) {
                return tool_usage(USAGE);
            }
        }
    }
    status = tool_for_each_file("sort", argc - first, argv + first, read_all);
    other = malloc((all.count + 1) * sizeof(*other));
    if (!other) {
        return tool_error("sort", "input", "sorted", -ENOMEM);
    }
    merge_sort(all.lines, other, all.count);
    int written = show_all();

    return written < 0 ? tool_error("sort", "output", "written", written) : status;
}
