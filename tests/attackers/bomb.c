/*
 * bomb.c - starts itself until there is no memory; every child does the same, and tries again later.
 * (There is no command that ends a whole family at once: one that never rested would grow as fast as
 * another program could kill it.)
 * Verdict: status 137
 */
#include "attack.h"

#define SLEEP_MS 2000

int main(void)
{
    for (;;) {
        if (start("bomb.elf", NULL) < 0) {
            process_sleep(SLEEP_MS);
        }
    }
}
