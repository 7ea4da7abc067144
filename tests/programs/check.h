/*
 * tests/programs/check.h - for programs that check the kernel from ring 3.
 */
#ifndef TESTS_PROGRAMS_CHECK_H
#define TESTS_PROGRAMS_CHECK_H

#include <stdint.h>
#include <stdio.h>

static int check_failures __attribute__((unused));

/* A pointer that the compiler knows nothing about, so that it warns of nothing. */
static inline volatile int *at(uintptr_t address)
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
 * raw_call.asm: a system call by number, with its arguments as the program's word size wants them
 * and nothing of the libc's. When the kernel changes another register than it may, the result is
 * 0xDEAD.
 */
uintptr_t raw_call(uintptr_t command, uintptr_t argument0, uintptr_t argument1);

/* The same file: a call with another stack pointer. A 32-bit program has its arguments there; those
 * of a 64-bit program are 0. gate_with_stack: always by `int 0x80`. */
uintptr_t call_with_stack(uintptr_t command, uintptr_t stack);
uintptr_t gate_with_stack(uintptr_t command, uintptr_t stack);

#endif
