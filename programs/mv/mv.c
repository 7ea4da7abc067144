/*
 * mv - gives files and folders other names, or brings them to another drive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define USAGE                                                                     \
    "Usage: mv FROM TO\n"                                                         \
    "       mv FROM ... FOLDER\n"                                                 \
    "Renames files and folders; a file that has the new name is replaced. What\n" \
    "goes to another drive is copied, and then removed.\n"

/* Runs a program with its arguments; false when it could not do all of its work. It says why. */
static bool run(char *path, char *flags, char *from, char *to)
{
    char *const words[] = {path, flags, from, to, NULL};
    int status;
    int pid = process_spawn_program(&(struct spawn_request){.path = path, .arguments = words});

    if (pid < 0) {
        (void)tool_error("mv", path, "started", pid);
        return false;
    }
    return process_wait(pid, &status) == pid && status == EXIT_SUCCESS;
}

/* To another drive: what is there already stays, unless it is a file in the place of one. */
static int move(char *from, char *to)
{
    intptr_t status = syscall_rename(from, to);

    if (status == -EINVARG) { /* for paths that are no wild pointers there is no other reason */
        dprintf(FILE_ERRORS, "mv: '%s' cannot be moved into itself.\n", from);
        return EXIT_FAILURE;
    }
    if (status == -EOTHERDRIVE && tool_is_folder(to)) {
        status = -EEXISTS;
    }
    if (status != -EOTHERDRIVE) {
        return status < 0 ? tool_error("mv", from, "moved", status) : EXIT_SUCCESS;
    }
    return run("/cp.elf", "-rp", from, to) && run("/rm.elf", "-r", from, NULL) ? EXIT_SUCCESS
                                                                               : EXIT_FAILURE;
}

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
    /* "mv notes Notes": where case makes no difference, that is one folder, spelled differently. */
    bool is_respelled = argc == 3 && tool_is_same(argv[1], last) &&
                        strcmp(tool_last_name(argv[1]), tool_last_name(last)) != 0;
    bool into_folder = tool_is_folder(last) && !is_respelled;

    if (argc > 3 && !into_folder) {
        return tool_error("mv", last, "moved into", -ENOTDIR);
    }
    for (int i = 1; i < argc - 1; i++) {
        int now = !into_folder ? move(argv[i], argv[argc - 1])
                  : tool_join(to, sizeof(to), last, argv[i])
                      ? move(argv[i], to)
                      : tool_error("mv", argv[i], "moved", -EBADPATH);

        status = now > status ? now : status;
    }
    return status;
}
