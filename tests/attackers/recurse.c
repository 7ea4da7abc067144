/*
 * recurse.c - a function that calls itself for ever.
 * Verdict: status 142
 */
#include "attack.h"

static int dig(volatile int *from)
{
    volatile int here[16];

    here[0] = *from + 1;
    return here[0] ? dig(here) + here[0] : 0;
}

int main(void)
{
    volatile int start_here = 0;

    return dig(&start_here) & 0;
}
