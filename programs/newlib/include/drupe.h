/*
 * drupe.h - what a program with newlib can have of the kernel beyond C's own library: every system
 * call by its number (docs/syscalls.md). The numbers and structs are in abi/.
 */
#ifndef DRUPE_H
#define DRUPE_H

#include <stdint.h>

#include "abi/file.h"
#include "abi/keys.h"
#include "abi/syscalls.h"

/* The result as the kernel gives it. Commands with fewer arguments ignore the rest. */
int32_t system_call(uint32_t command, uint32_t argument0, uint32_t argument1, uint32_t argument2);

/* The error number of errno.h for a result of system_call() below 0. */
int system_call_errno(int32_t result);

#endif
