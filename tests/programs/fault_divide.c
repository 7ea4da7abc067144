/*
 * tests/programs/fault_divide.c - divides by zero.
 * Expect: status 128
 * Says: divide error
 */
#include <drupe.h>

int main(void)
{
    /* In C the compiler could do without the instruction. */
    __asm__ volatile("idivl %0" : : "r"(0), "a"(1), "d"(0));
    return 0;
}
