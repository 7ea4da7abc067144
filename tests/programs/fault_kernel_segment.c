/*
 * tests/programs/fault_kernel_segment.c - loads the kernel'\''s data segment.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("mov %0, %%ds" : : "r"(0x10));
    return 0;
}
