/*
 * tail - the last lines. They are kept in a ring while the input goes by.
 */
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                             \
    "Usage: tail [-NUMBER] [FILE ...]\n"   \
    "       tail [-n NUMBER] [FILE ...]\n" \
    "Shows the last 10, or NUMBER, lines.\n"

static int lines_max = 10;

struct kept {
    char *text;
    size_t length; /* with the line feed, if there was one */
};

static int keep(struct kept *kept, const struct tool_lines *lines)
{
    free(kept->text);
    kept->length = lines->length + lines->has_end;
    kept->text = malloc(kept->length + 1);
    if (!kept->text) {
        return -ENOMEM;
    }
    memcpy(kept->text, lines->line, lines->length);
    kept->text[lines->length] = '\n';
    return 0;
}

static int show(int descriptor, const char *path)
{
    static struct tool_lines lines;
    struct kept *ring = calloc((size_t)lines_max + 1, sizeof(*ring));
    int count = 0, status = ring ? 0 : -ENOMEM;

    tool_lines_begin(&lines, descriptor);
    while (status == 0 && lines_max > 0 && tool_lines_next(&lines)) {
        status = keep(&ring[count++ % lines_max], &lines);
    }
    tool_lines_end(&lines);
    status = status < 0 ? status : lines.status;
    for (int i = count > lines_max ? count - lines_max : 0; status == 0 && i < count; i++) {
        status = tool_write(FILE_OUTPUT, ring[i % lines_max].text, ring[i % lines_max].length);
    }
    for (int i = 0; ring && i < lines_max; i++) {
        free(ring[i].text);
    }
    free(ring);
    return status < 0 ? tool_error("tail", path ? path : "input", "shown", status) : EXIT_SUCCESS;
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
    return tool_for_each_file("tail", argc - first, argv + first, show);
}
