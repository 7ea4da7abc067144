/*
 * tests/programs/fault_invalid_opcode.c - executes an undefined instruction.
 * Expect: status 134
 * Says: invalid opcode
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("ud2");
    return 0;
}
