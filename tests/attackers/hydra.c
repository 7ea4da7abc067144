/*
 * hydra.c - each but the first starts two of its kind, or one in a crowd, and ends at once: whoever
 * wants to kill one has to be quick. The first starts more whenever there are few.
 * Verdict: status 137
 */
#include "attack.h"

#define CROWD    40
#define SLEEP_MS 10

int main(int argc, char **argv)
{
    (void)argv;
    do {
        if (process_list(NULL, 0) < CROWD) {
            start("hydra.elf", "head");
        } else {
            process_sleep(SLEEP_MS);
        }
        start("hydra.elf", "head");
        while (argc == 1 && process_list(NULL, 0) >= CROWD) {
            process_wait(WAIT_ANY, NULL);
        }
    } while (argc == 1);
    return 0;
}
