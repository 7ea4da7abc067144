/*
 * nowait.c - starts hundreds of children that end, waits for none of them, and dies of a fault.
 * Verdict: status 142
 */
#include "attack.h"

#define CHILDREN 300

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        return 0;
    }
    for (int i = 0; i < CHILDREN; i++) {
        int pid = start("nowait.elf", "child");

        if (pid < 0 && pid != -ENOMEM && pid != -ELIMIT) {
            return STATUS_SUCCEEDED;
        }
    }
    *at(0) = 0;
    return STATUS_SUCCEEDED;
}
