/*
 * bare_call.h - a system call of Drupe's without arguments, and without the C library's wrapper:
 * what the kernel itself costs.
 */
#ifndef TESTS_BENCH_BARE_CALL_H
#define TESTS_BENCH_BARE_CALL_H

#include "abi/syscalls.h"

static inline __attribute__((always_inline)) void bare_call(long command)
{
#ifdef __x86_64__
    __asm__ volatile("syscall" : "+a"(command) : : "rcx", "r11", "memory");
#else
    __asm__ volatile("int %1" : "+a"(command) : "i"(SYSCALL_VECTOR) : "memory");
#endif
}

#endif
