/*
 * spinners.c - starts children that spin, and spins itself. Argument: how many (200).
 * Verdict: status 137
 * Arguments: 40
 */
#include <stdlib.h>

#include "attack.h"

#define CHILDREN 200
#define SLEEP_MS 1000

static void spin(void)
{
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}

int main(int argc, char **argv)
{
    int children = argc > 1 ? atoi(argv[1]) : CHILDREN;

    catch_interrupt(1);
    if (children == 0) {
        process_sleep(
            SLEEP_MS); /* until all are there: spinning, they would leave little time for that */
    }
    for (int i = 0; i < children; i++) {
        start("spinners.elf", "0");
    }
    spin();
    return STATUS_SUCCEEDED;
}
