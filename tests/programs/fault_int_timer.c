/*
 * tests/programs/fault_int_timer.c - raises a hardware interrupt'\''s vector.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("int $0x20");
    return 0;
}
