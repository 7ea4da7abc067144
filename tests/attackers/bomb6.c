/*
 * bomb6.c - the same by command 6: nobody waits for these, and each runs before its parent goes on.
 * Verdict: status 137
 */
#include "attack.h"

#define SLEEP_MS 2000

int main(void)
{
    for (;;) {
        if (process_load_start("bomb6.elf") < 0) {
            process_sleep(SLEEP_MS);
        }
    }
}
