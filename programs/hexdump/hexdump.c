/*
 * hexdump - bytes as hexadecimal numbers, and as characters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

#define USAGE "Usage: hexdump [FILE ...]\nShows bytes as hexadecimal numbers and as characters.\n"
#define WIDTH 16

static void show_row(uint64_t position, const unsigned char *bytes, unsigned count)
{
    char row[100];
    int used = snprintf(row, sizeof(row), "%08llx ", (unsigned long long)position);

    for (unsigned i = 0; i < WIDTH; i++) {
        used += i < count ? snprintf(row + used, sizeof(row) - (size_t)used, "%s%02x",
                                     i == WIDTH / 2 ? "  " : " ", bytes[i])
                          : snprintf(row + used, sizeof(row) - (size_t)used, "%s",
                                     i == WIDTH / 2 ? "    " : "   ");
    }
    used += snprintf(row + used, sizeof(row) - (size_t)used, "  ");
    for (unsigned i = 0; i < count; i++) {
        row[used++] = (char)(bytes[i] >= ' ' && bytes[i] < 0x7F ? bytes[i] : '.');
    }
    row[used] = '\0';
    printf("%s\n", row);
}

static int show(int descriptor, const char *path)
{
    static unsigned char buffer[4096];
    uint64_t position = 0;
    unsigned kept = 0;
    intptr_t length;

    /* A pipe may give a few bytes at a time: rows are filled first. */
    while ((length = syscall_read(descriptor, buffer + kept, sizeof(buffer) - kept)) > 0) {
        unsigned filled = kept + (unsigned)length, at = 0;

        for (; filled - at >= WIDTH; at += WIDTH) {
            show_row(position + at, buffer + at, WIDTH);
        }
        kept = filled - at;
        for (unsigned i = 0; i < kept; i++) {
            buffer[i] = buffer[at + i];
        }
        position += at;
    }
    if (kept > 0) {
        show_row(position, buffer, kept);
    }
    return length < 0 ? tool_error("hexdump", path ? path : "input", "read", length) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    return show_help(argc, argv, USAGE) ? EXIT_SUCCESS
                                        : tool_for_each_file("hexdump", argc - 1, argv + 1, show);
}
