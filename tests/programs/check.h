/*
 * tests/programs/check.h - for programs that check the kernel from ring 3.
 */
#ifndef TESTS_PROGRAMS_CHECK_H
#define TESTS_PROGRAMS_CHECK_H

#include <stdio.h>

static int check_failures __attribute__((unused));

/* A pointer that the compiler knows nothing about, so that it warns of nothing. */
static inline volatile int *at(unsigned address)
{
    __asm__ volatile("" : "+r"(address));
    return (volatile int *)address;
}

/* Prints a line and makes check_status() 1 when condition is false. */
#define CHECK(condition)                                                    \
    do {                                                                    \
        if (!(condition)) {                                                 \
            printf("%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
            check_failures++;                                               \
        }                                                                   \
    } while (0)

static inline int check_status(void)
{
    return check_failures ? 1 : 0;
}

/*
 * A system call by number, with its arguments as the ABI wants them and nothing of the libc's.
 * When the kernel changes another register, the result is 0xDEAD.
 */
static inline unsigned raw_call(unsigned command, unsigned a, unsigned b)
{
    unsigned result = command;
    unsigned first = a, second = b;

    __asm__ volatile("push %%esi\n"
                     "push %%edi\n"
                     "push %%ebp\n"
                     "push %%ebx\n"
                     "push %%edx\n"
                     "push %%ecx\n"
                     "mov $0x11111111, %%ebx\n"
                     "mov $0x44444444, %%esi\n"
                     "mov $0x55555555, %%edi\n"
                     "mov $0x66666666, %%ebp\n"
                     "int $0x80\n"
                     "cmp $0x11111111, %%ebx\n"
                     "jne 1f\n"
                     "cmp $0x44444444, %%esi\n"
                     "jne 1f\n"
                     "cmp $0x55555555, %%edi\n"
                     "jne 1f\n"
                     "cmp $0x66666666, %%ebp\n"
                     "jne 1f\n"
                     "cmp %%ecx, (%%esp)\n"
                     "jne 1f\n"
                     "cmp %%edx, 4(%%esp)\n"
                     "je 2f\n"
                     "1: mov $0xDEAD, %%eax\n"
                     "2: pop %%ecx\n"
                     "pop %%edx\n"
                     "pop %%ebx\n"
                     "pop %%ebp\n"
                     "pop %%edi\n"
                     "pop %%esi\n"
                     : "+a"(result), "+c"(first), "+d"(second)
                     :
                     : "memory", "cc");
    return result;
}

#endif
