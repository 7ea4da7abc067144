/*
 * df - how much room is on the drives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

#define USAGE \
    "Usage: df\nShows how much room the drives have, in KiB, and how much of it is free.\n"
#define DRIVES 10

int main(int argc, char **argv)
{
    struct volume_details volume;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    printf("%-8s %-8s %12s %12s %12s\n", "drive", "type", "KiB", "used", "free");
    for (uint32_t drive = 0; drive < DRIVES; drive++) {
        if (syscall_volumes(drive, &volume) == 0) {
            printf("%-8s %-8s %12llu %12llu %12llu\n", volume.place, volume.type,
                   (unsigned long long)(volume.bytes / 1024),
                   (unsigned long long)((volume.bytes - volume.free_bytes) / 1024),
                   (unsigned long long)(volume.free_bytes / 1024));
        }
    }
    return EXIT_SUCCESS;
}
