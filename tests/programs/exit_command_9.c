/*
 * tests/programs/exit_command_9.c - ends by command 9.
 * Expect: status 0
 * Says: init exited with status 0
 */
#include <drupe.h>

int main(void)
{
    __asm__ volatile("int $0x80" : : "a"(9) : "memory");
    return 5;
}
