/*
 * touch - makes files that are not there, empty; those that are there count as written now.
 */
#include <stdlib.h>
#include <tools.h>

#define USAGE \
    "Usage: touch FILE ...\nMakes empty files, or gives files that are there the present time.\n"

static intptr_t touch(const char *path)
{
    intptr_t file = syscall_open_file(path, OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE);

    if (file >= 0) {
        return syscall_close((int)file);
    }
    if (file != -EEXISTS) {
        return file;
    }
    return syscall_set_times(path, NULL, -1);
}

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
        intptr_t now = touch(argv[i]);

        if (now < 0) {
            status = tool_error("touch", argv[i], "touched", now);
        }
    }
    return status;
}
