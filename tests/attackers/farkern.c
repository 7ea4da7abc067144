/*
 * farkern.c - a far call into the middle of the code that all system calls come through, with the
 * kernel's code segment.
 * Verdict: status 141
 * Arguments: trap_return-3
 */
#include <stdlib.h>

#include "attack.h"

#define KERNEL_CODE_SELECTOR 0x08

int main(int argc, char **argv)
{
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed))
    target = {argc > 1 ? (uint32_t)atoi(argv[1]) : 0, KERNEL_CODE_SELECTOR};

    __asm__ volatile("lcall *%0" : : "m"(target) : "memory");
    return STATUS_SUCCEEDED;
}
