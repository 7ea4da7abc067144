/*
 * deaf.c - takes ctrl-C as a key like others, and spins.
 * Verdict: status 137
 */
#include "attack.h"

int main(void)
{
    catch_interrupt(1);
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}
