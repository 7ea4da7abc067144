/*
 * tests/programs/fault_null_read.c - reads through a NULL pointer.
 * Expect: status 142
 * Says: read address 00000000: NULL
 */
#include "check.h"

int main(void)
{
    return *at(0);
}
