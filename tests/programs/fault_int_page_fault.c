/*
 * tests/programs/fault_int_page_fault.c - raises the page fault'\''s vector.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("int $14");
    return 0;
}
