/*
 * abi/syscall_stubs.h - each system call as a C function, for programs: syscall_write(buffer,
 * length).
 *
 * They are made from the table abi/syscalls.def, and give what the kernel gives: a result, or a
 * negated error (abi/syscalls.h says which is which). The C libraries' functions stand on them.
 */
#ifndef ABI_SYSCALL_STUBS_H
#define ABI_SYSCALL_STUBS_H

#include <stddef.h>
#include <stdint.h>

#include "abi/file.h"
#include "abi/mapping.h"
#include "abi/syscalls.h"
#include "abi/volume.h"

/* The C library's (system_call.asm): any call, with as many arguments as it has; those with fewer
 * ignore the rest. */
intptr_t system_call(uintptr_t number, uintptr_t argument0, uintptr_t argument1,
                     uintptr_t argument2);

/* An argument of the table as a parameter, and as the word that is passed. */
#define STUB_PARAMETER_OF(type, name, is_signed) type name
#define STUB_WORD_OF(type, name, is_signed)      (uintptr_t) name
#define STUB_PARAMETER(argument)                 STUB_PARAMETER_OF argument
#define STUB_WORD(argument)                      STUB_WORD_OF argument

#define STUB_0(NAME, name, result) STUB_DEFINE(NAME, name, (void), 0, 0, 0)
#define STUB_1(NAME, name, result, a) \
    STUB_DEFINE(NAME, name, (STUB_PARAMETER(a)), STUB_WORD(a), 0, 0)
#define STUB_2(NAME, name, result, a, b) \
    STUB_DEFINE(NAME, name, (STUB_PARAMETER(a), STUB_PARAMETER(b)), STUB_WORD(a), STUB_WORD(b), 0)
#define STUB_3(NAME, name, result, a, b, c)                                            \
    STUB_DEFINE(NAME, name, (STUB_PARAMETER(a), STUB_PARAMETER(b), STUB_PARAMETER(c)), \
                STUB_WORD(a), STUB_WORD(b), STUB_WORD(c))
#define STUB_DEFINE(NAME, name, parameters, ...)         \
    static inline intptr_t syscall_##name parameters     \
    {                                                    \
        return system_call(SYSCALL_##NAME, __VA_ARGS__); \
    }

/* STUB_n by the number of arguments. */
#define STUB_CHOOSE(result, a, b, c, stub, ...) stub
#define SYSCALL(number, NAME, name, ...) \
    STUB_CHOOSE(__VA_ARGS__, STUB_3, STUB_2, STUB_1, STUB_0, none)(NAME, name, __VA_ARGS__)
#include "abi/syscalls.def"
#undef SYSCALL

#undef STUB_PARAMETER_OF
#undef STUB_WORD_OF
#undef STUB_PARAMETER
#undef STUB_WORD
#undef STUB_0
#undef STUB_1
#undef STUB_2
#undef STUB_3
#undef STUB_DEFINE
#undef STUB_CHOOSE

#endif
