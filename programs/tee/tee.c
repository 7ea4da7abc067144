/*
 * tee - what comes in goes out, and into files.
 */
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                      \
    "Usage: tee [-a] [FILE ...]\n" \
    "Copies its input to its output and to files. -a: to the end of the files.\n"
#define FILES_MAX 8

int main(int argc, char **argv)
{
    static char buffer[4096];
    int files[FILES_MAX] = {FILE_OUTPUT}, count = 1, first = 1, status = EXIT_SUCCESS;
    uint32_t flags = OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE;
    intptr_t length;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc > 1 && strcmp(argv[1], "-a") == 0) {
        flags = OPEN_WRITE | OPEN_CREATE | OPEN_APPEND;
        first++;
    }
    if (argc - first >= FILES_MAX) {
        return tool_usage(USAGE);
    }
    for (int i = first; i < argc; i++) {
        intptr_t file = syscall_open_file(argv[i], flags);

        if (file < 0) {
            status = tool_error("tee", argv[i], "written", file);
        } else {
            files[count++] = (int)file;
        }
    }
    while ((length = syscall_read(FILE_INPUT, buffer, sizeof(buffer))) > 0) {
        for (int i = 0; i < count; i++) {
            int written = tool_write(files[i], buffer, (size_t)length);

            if (written < 0) {
                return tool_error("tee", "output", "written", written);
            }
        }
    }
    return length < 0 ? tool_error("tee", "input", "read", length) : status;
}
