/*
 * tests/programs/fault_unmapped.c - reads where nothing is mapped.
 * Expect: status 142
 * Says: read address 80000000: nothing is mapped there
 */
#include "check.h"

int main(void)
{
    return *at(0x80000000);
}
