/*
 * bomb.c - starts itself until it may not any more; every child does the same, and tries again at
 * once.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    catch_interrupt(1);
    for (;;) {
        if (start("bomb.elf", NULL) < 0) {
            process_yield();
        }
    }
}
