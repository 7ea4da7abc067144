/*
 * tests/programs/fault_above_stack.c - reads above its stack.
 * Expect: status 142
 * Says: guard page above the stack
 */
#include "check.h"

int main(void)
{
    return *at(0x3FF000);
}
