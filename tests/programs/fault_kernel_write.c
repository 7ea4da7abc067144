/*
 * tests/programs/fault_kernel_write.c - writes into the kernel heap.
 * Expect: status 142
 * Says: wrote to address 01000000: that page is the kernel
 */
#include "check.h"

int main(void)
{
    *at(0x01000000) = 1;
    return 0;
}
