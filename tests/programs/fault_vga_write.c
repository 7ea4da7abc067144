/*
 * tests/programs/fault_vga_write.c - writes to the screen's memory.
 * Expect: status 142
 * Says: wrote to address 000b8000: that page is the kernel
 */
#include "check.h"

int main(void)
{
    *at(0xB8000) = 1;
    return 0;
}
