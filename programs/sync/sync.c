/*
 * sync - everything that was written gets to the disks.
 */
#include <stdlib.h>
#include <tools.h>

#define USAGE "Usage: sync\nWrites to the disks what was not written yet.\n"

int main(int argc, char **argv)
{
    intptr_t status;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    status = syscall_sync_file(-1);
    return status < 0 ? tool_error("sync", "everything", "written", status) : EXIT_SUCCESS;
}
