/*
 * tests/programs/counter.c - prints the time-stamp counter before anything else
 * (tools/boot_cost.py).
 * Expect: status 0
 * Says: counter
 */
#include <stdio.h>

int main(void)
{
    unsigned low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    printf("counter %08x%08x\n", high, low);
    return 0;
}
