/*
 * wc - counts lines, words and bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

#define USAGE "Usage: wc [FILE ...]\nCounts lines, words and bytes of files, or of its input.\n"

static int count(int descriptor, const char *path)
{
    static char buffer[16384];
    uint64_t lines = 0, words = 0, bytes = 0;
    bool in_word = false;
    intptr_t length;

    while ((length = syscall_read(descriptor, buffer, sizeof(buffer))) > 0) {
        bytes += (uint64_t)length;
        for (intptr_t i = 0; i < length; i++) {
            bool is_blank = buffer[i] == ' ' || (buffer[i] >= '\t' && buffer[i] <= '\r');

            lines += buffer[i] == '\n';
            words += !is_blank && !in_word;
            in_word = !is_blank;
        }
    }
    if (length < 0) {
        return tool_error("wc", path ? path : "input", "read", length);
    }
    printf("%7llu %7llu %7llu%s%s\n", (unsigned long long)lines, (unsigned long long)words,
           (unsigned long long)bytes, path ? " " : "", path ? path : "");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    return show_help(argc, argv, USAGE) ? EXIT_SUCCESS
                                        : tool_for_each_file("wc", argc - 1, argv + 1, count);
}
