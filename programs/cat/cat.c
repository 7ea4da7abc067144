/*
 * cat - shows files. It shows how a file is read: open, read until nothing comes, close; and that
 * bytes go to output by their number, not up to a NUL, so any file can be shown.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE        "Usage: cat [FILE ...]\nShows files one after the other, or its input.\n"
#define BUFFER_BYTES 4096

/* From descriptor to output. 0 or an error. */
static int copy(int descriptor)
{
    static char buffer[BUFFER_BYTES];
    int length;

    while ((length = file_read(descriptor, buffer, sizeof(buffer))) > 0) {
        length = file_write(FILE_OUTPUT, buffer, (size_t)length);
        if (length < 0) {
            break;
        }
    }
    return length;
}

static int show(const char *path)
{
    int file = file_open(path);
    int length = file;

    if (file >= 0) {
        length = copy(file);
        file_close(file);
    }
    if (length < 0) {
        dprintf(FILE_ERRORS, "cat: '%s' cannot be shown: %s.\n", path, error_text(length));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc < 2 && copy(FILE_INPUT) < 0) {
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        if (show(argv[i]) != EXIT_SUCCESS) {
            status = EXIT_FAILURE;
        }
    }
    return status;
}
