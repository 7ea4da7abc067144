/*
 * farstub.c - the same with its own code segment: the place where the registers are taken back is
 * mapped, and the kernel's.
 * Verdict: status 142
 * Arguments: trap_return+3
 */
#include <stdlib.h>

#include "attack.h"

#define USER_CODE_SELECTOR 0x1B

int main(int argc, char **argv)
{
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed)) target = {argc > 1 ? (uint32_t)atoi(argv[1]) : 0, USER_CODE_SELECTOR};

    __asm__ volatile("lcall *%0" : : "m"(target) : "memory");
    return STATUS_SUCCEEDED;
}
