/*
 * drupe.h - what a program with newlib can have of the kernel beyond C's own library: every system
 * call (docs/syscalls.md), as a function or by its number. Numbers, functions and structs are in
 * abi/.
 */
#ifndef DRUPE_H
#define DRUPE_H

#include <stdint.h>

#include "abi/file.h"
#include "abi/keys.h"
#include "abi/syscall_stubs.h"
#include "abi/syscalls.h"

/* The error number of errno.h for a result that is an error (syscall_is_error()). */
int system_call_errno(intptr_t result);

#endif
