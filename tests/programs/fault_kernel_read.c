/*
 * tests/programs/fault_kernel_read.c - reads the kernel.
 * Expect: status 142
 * Says: read address 00100000: that page is the kernel
 */
#include "check.h"

int main(void)
{
    return *at(0x100000);
}
