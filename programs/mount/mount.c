/*
 * mount - which drives there are, and what is on them, in words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

#define USAGE  "Usage: mount\nLists the drives.\n"
#define DRIVES 11

int main(int argc, char **argv)
{
    struct volume_details volume;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    for (uint32_t drive = 0; drive < DRIVES; drive++) {
        if (syscall_volumes(drive, &volume) < 0) {
            continue;
        }
        printf("%s has %s%s%s, %s%s%s.\n", volume.place, volume.type,
               volume.source[0] ? " on " : " in memory", volume.source,
               volume.flags & FILE_IS_READ_ONLY ? "to be read only" : "to be read and written",
               volume.remark[0] ? ": " : "", volume.remark);
    }
    return EXIT_SUCCESS;
}
