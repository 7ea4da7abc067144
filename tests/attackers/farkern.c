/*
 * farkern.c - a far call into the middle of the code that all system calls come through, with the
 * kernel's code segment.
 * Verdict: status 141
 * Arguments: trap_return-3
 */
#include "attack.h"

#define KERNEL_CODE_SELECTOR 0x08

int main(int argc, char **argv)
{
    far_call(argc > 1 ? number_of(argv[1]) : 0, KERNEL_CODE_SELECTOR);
    return STATUS_SUCCEEDED;
}
