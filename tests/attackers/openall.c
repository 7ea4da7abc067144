/*
 * openall.c - opens all the files that a process may, and so do its children, as many as there can
 * be.
 * Verdict: status 137
 */
#include "attack.h"

int main(int argc, char **argv)
{
    (void)argv;
    for (;;) {
        while (file_open("0:/") >= 0) {
        }
        if (argc > 1 || start("openall.elf", "child") < 0) {
            process_sleep(10);
        }
    }
}
