/*
 * mv - gives files and folders other names, on the same drive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                   \
    "Usage: mv FROM TO\n"                                                       \
    "       mv FROM ... FOLDER\n"                                               \
    "Renames files and folders; a file that has the new name is replaced. To\n" \
    "another drive: cp, then rm.\n"

int main(int argc, char **argv)
{
    static char to[1024];
    int status = EXIT_SUCCESS;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc < 3) {
        return tool_usage(USAGE);
    }
    const char *last = argv[argc - 1];
    bool into_folder = tool_is_folder(last);

    if (argc > 3 && !into_folder) {
        return tool_error("mv", last, "moved into", -ENOTDIR);
    }
    for (int i = 1; i < argc - 1; i++) {
        intptr_t now = -EBADPATH;

        if (!into_folder) {
            now = syscall_rename(argv[i], last);
        } else if (tool_join(to, sizeof(to), last, argv[i])) {
            now = syscall_rename(argv[i], to);
        }
        if (now < 0) {
            status = tool_error("mv", argv[i], "moved", now);
        }
        if (now == -EOTHERDRIVE) {
            dprintf(FILE_ERRORS, "mv: To another drive, cp copies it; then rm removes it.\n");
        }
    }
    return status;
}
