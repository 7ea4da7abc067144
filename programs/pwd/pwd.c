/*
 * pwd - the working folder: where relative paths begin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

#define USAGE "Usage: pwd\nShows the folder that relative paths begin in.\n"

int main(int argc, char **argv)
{
    static char path[1024];
    intptr_t status;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    status = syscall_get_folder(path, sizeof(path));
    if (status < 0) {
        return tool_error("pwd", ".", "named", status);
    }
    printf("%s\n", path);
    return EXIT_SUCCESS;
}
