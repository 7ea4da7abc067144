/*
 * tests/programs/fault_port.c - writes to an I/O port.
 * Expect: status 141
 * Says: general protection fault
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("outb %0, %1" : : "a"((char)0x11), "Nd"((short)0xF4));
    return 0;
}
