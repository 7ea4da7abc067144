/*
 * tests/programs/fault_jump_to_null.c - jumps to address 0.
 * Expect: status 142
 * Says: address 00000000: NULL
 */
#include <drupe.h>

int main(void)
{
    ((void (*)(void))0)();
    return 0;
}
