/*
 * farstub.c - the same with its own code segment: the place where the registers are taken back is
 * mapped, and the kernel's.
 * Verdict: status 142
 * Arguments: trap_return+3
 */
#include "attack.h"

#define USER_CODE_SELECTOR    0x1B
#define USER_CODE_64_SELECTOR 0x2B

int main(int argc, char **argv)
{
    far_call(argc > 1 ? number_of(argv[1]) : 0,
             IS_64_BIT ? USER_CODE_64_SELECTOR : USER_CODE_SELECTOR);
    return STATUS_SUCCEEDED;
}
