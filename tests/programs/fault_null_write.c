/*
 * tests/programs/fault_null_write.c - writes through a NULL pointer.
 * Expect: status 142
 * Says: wrote to address 00000ffc: NULL
 */
#include "check.h"

int main(void)
{
    *at(0xFFC) = 1;
    return 0;
}
