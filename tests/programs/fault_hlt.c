/*
 * tests/programs/fault_hlt.c - halts the CPU.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("hlt");
    return 0;
}
