/*
 * tests/programs/fault_cli.c - turns interrupts off.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("cli");
    return 0;
}
