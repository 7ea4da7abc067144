/*
 * tests/programs/fault_above_stack.c - reads above its stack.
 * Expect: status 142
 * Says: guard page above the stack
 */
#include "check.h"
#include "own_map.h"

int main(void)
{
    return *at(OWN_STACK_TOP);
}
