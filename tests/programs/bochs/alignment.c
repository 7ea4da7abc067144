/*
 * tests/programs/bochs/alignment.c - asks for alignment checks and then reads across a boundary.
 * Needs a CPU that checks: Bochs does (tests/system/test_bochs.py), QEMU's TCG does not.
 * Expect: status 145
 * Says: alignment check
 */
#include "../check.h"

static _Alignas(4) char bytes[8];

int main(void)
{
    int value;

    __asm__ volatile("pushf\n"
                     "orl $0x40000, (%%esp)\n" /* EFLAGS.AC */
                     "popf\n"
                     "movl (%1), %0\n" /* aligned: goes well */
                     : "=r"(value)
                     : "r"(bytes)
                     : "cc", "memory");
    CHECK(raw_call(0, 20, 22) == 42); /* the kernel does not mind the flag */
    __asm__ volatile("movl 1(%1), %0" : "=r"(value) : "r"(bytes) : "memory");
    return 0;
}
