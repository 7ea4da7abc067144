/*
 * arch/asm_offsets.h - which constants the architecture's own assembly wants: tools/asm_constants.c
 * prints them.
 */
#ifndef ARCH_ASM_OFFSETS_H
#define ARCH_ASM_OFFSETS_H

#include "base/types.h"

#if ARCH_BITS == 64
#include "arch/x86_64/asm_offsets.h"
#else
#include "arch/i386/asm_offsets.h"
#endif

#endif
