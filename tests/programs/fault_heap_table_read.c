/*
 * tests/programs/fault_heap_table_read.c - reads the kernel heap's table.
 * Expect: status 142
 * Says: read address 00007e00: that page is the kernel
 */
#include "check.h"

int main(void)
{
    return *at(0x7E00);
}
