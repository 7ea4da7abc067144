/*
 * cat - shows files. It shows how a file is read: open, read until nothing comes, close; and that
 * bytes go to the console by their number, not up to a NUL, so any file can be shown.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE        "Usage: cat FILE ...\nShows files one after the other.\n"
#define BUFFER_BYTES 4096

static int show(const char *path)
{
    int file = file_open(path);
    int length = file;

    if (file >= 0) {
        static char buffer[BUFFER_BYTES];

        while ((length = file_read(file, buffer, sizeof(buffer))) > 0) {
            console_write(buffer, (size_t)length);
        }
        file_close(file);
    }
    if (length < 0) {
        printf("cat: '%s' cannot be shown: %s.\n", path, error_text(length));
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
    if (argc < 2) {
        print(USAGE);
        return EXIT_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        if (show(argv[i]) != EXIT_SUCCESS) {
            status = EXIT_FAILURE;
        }
    }
    return status;
}
