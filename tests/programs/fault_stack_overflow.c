/*
 * tests/programs/fault_stack_overflow.c - calls itself until the stack is full.
 * Expect: status 142
 * Says: the guard page below the stack: the stack is full
 */
#include <drupe.h>

/* Not static, and its result used after the call: no tail call. */
int dig(volatile int *from);

int dig(volatile int *from)
{
    volatile int here[64];

    here[0] = *from + 1;
    return here[0] ? dig(here) + here[0] : 0;
}

int main(void)
{
    volatile int start = 1;

    return dig(&start);
}
