/*
 * bigframe.c - a stack frame so large that it steps over the guard page, into the kernel's memory.
 * Verdict: status 142
 */
#include "attack.h"

static int step_over(volatile uint8_t *touched)
{
    volatile uint8_t large[16 * PAGE_BYTES];

    large[0] = *touched;
    return large[0];
}

int main(void)
{
    volatile uint8_t byte = 0xBF;

    return step_over(&byte) & 0;
}
