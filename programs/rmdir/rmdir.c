/*
 * rmdir - removes empty folders.
 */
#include <stdlib.h>
#include <tools.h>

#define USAGE "Usage: rmdir FOLDER ...\nRemoves folders that have nothing in them.\n"

int main(int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc < 2) {
        return tool_usage(USAGE);
    }
    for (int i = 1; i < argc; i++) {
        intptr_t now = syscall_remove(argv[i], REMOVE_DIRECTORY);

        if (now < 0) {
            status = tool_error("rmdir", argv[i], "removed", now);
        }
    }
    return status;
}
