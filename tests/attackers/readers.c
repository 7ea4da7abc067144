/*
 * readers.c - as many processes as there can be read a file again and again: each holds what the
 * kernel reads into while the others run. The first takes all memory that is left.
 * Verdict: status 137
 */
#include "attack.h"

int main(int argc, char **argv)
{
    static char buffer[65536];
    int file = file_open("0:/readers.elf");

    (void)argv;
    if (argc > 1) {
        process_sleep(4000); /* until all are there */
    }
    while (argc == 1 && start("readers.elf", "child") >= 0) {
    }
    for (;;) {
        while (argc == 1 && page_malloc(PAGE_BYTES)) {
        }
        file_seek(file, 0, FILE_SEEK_SET);
        file_read(file, buffer, sizeof(buffer));
    }
}
