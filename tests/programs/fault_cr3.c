/*
 * tests/programs/fault_cr3.c - loads CR3.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"((uintptr_t)0));
    return 0;
}
