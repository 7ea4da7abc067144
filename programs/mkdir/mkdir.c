/*
 * mkdir - makes folders.
 */
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                        \
    "Usage: mkdir [-p] FOLDER ...\n" \
    "Makes folders. -p: those above them, too; it is fine if they are there.\n"

static int make(char *path, bool with_parents)
{
    for (char *slash = path; with_parents && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        (void)syscall_make_directory(path); /* what is wrong the last one says */
        *slash = '/';
    }
    intptr_t status = syscall_make_directory(path);

    return status == 0 || (with_parents && status == -EEXISTS && tool_is_folder(path))
               ? EXIT_SUCCESS
               : tool_error("mkdir", path, "made", status);
}

int main(int argc, char **argv)
{
    bool with_parents = argc > 1 && strcmp(argv[1], "-p") == 0;
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc < 2 + with_parents) {
        return tool_usage(USAGE);
    }
    for (int i = 1 + with_parents; i < argc; i++) {
        int now = make(argv[i], with_parents);

        status = now > status ? now : status;
    }
    return status;
}
