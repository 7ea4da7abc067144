/*
 * tests/programs/fault_breakpoint.c - executes a breakpoint.
 * Expect: status 131
 * Says: breakpoint
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("int3");
    return 0;
}
