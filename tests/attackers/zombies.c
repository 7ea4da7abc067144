/*
 * zombies.c - starts children that end at once, waits for none of them, and never stops.
 * Verdict: status 137
 */
#include "attack.h"

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        return 0;
    }
    for (;;) {
        start("zombies.elf", "child");
    }
}
