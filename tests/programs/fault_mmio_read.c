/*
 * tests/programs/fault_mmio_read.c - reads a device's memory.
 * Expect: status 142
 * Says: read address fee00000: that page is the kernel
 */
#include "check.h"

int main(void)
{
    return *at(0xFEE00000);
}
