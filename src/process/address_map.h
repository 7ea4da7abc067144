/*
 * process/address_map.h - what lies where in a program's address space: one map for each word size.
 *
 *                        32 bits                    64 bits
 *   program              0x00400000, 12 MiB         0x0000000000400000, to the heap
 *   stack of 16 KiB      below 0x003FF000           below 0x00007FFFFFFFF000
 *   a larger stack       below 0xC0000000           below 0x00007FFFFFFFF000
 *   process_malloc()     from 0x80000000            from 0x0000100000000000, 16 TiB
 *   the break            from 0xB0000000, 256 MiB   from 0x0000200000000000, 16 TiB
 *
 * A stack is as large as the file's PT_GNU_STACK says ("ld -z stack-size=N"), from 16 KiB to 16
 * MiB. If it does not say, it is 16 KiB; of a 64-bit program that has a PT_GNU_STACK, as ordinary
 * compilers' files have, 64 KiB.
 *
 * Nothing is mapped in the page below a stack and in the one above it; the larger one of a 32-bit
 * program ends where all that it may have does. In both maps the break lies above what
 * process_malloc() gives out first, so one rule serves both: process_malloc() goes on into the
 * break's part when its own is full. With 16 TiB, that is more than any RAM, it never is.
 */
#ifndef PROCESS_ADDRESS_MAP_H
#define PROCESS_ADDRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"
#include "layout.h"

struct address_map {
    vaddr_t program_start, program_end;
    vaddr_t stack_top;       /* of USER_STACK_BYTES */
    vaddr_t large_stack_top; /* of a larger one */
    size_t stack_bytes;      /* of a program that has a PT_GNU_STACK, and does not say there */
    vaddr_t heap_start;      /* process_malloc()'s addresses */
    vaddr_t break_start;
    vaddr_t heap_end;
};

/* Inline, so that the i386 kernel, which has one map, has constants. */
static inline __attribute__((always_inline)) struct address_map address_map(bool is_64_bit)
{
    if (ARCH_BITS == 64 && is_64_bit) {
        return (struct address_map){
            .program_start = USER_PROGRAM_ADDRESS,
            .program_end = USER64_PROGRAM_END,
            .stack_top = USER64_STACK_TOP,
            .large_stack_top = USER64_STACK_TOP,
            .stack_bytes = USER64_STACK_BYTES,
            .heap_start = USER64_AREAS_ADDRESS,
            .break_start = USER64_BREAK_ADDRESS,
            .heap_end = USER64_HEAP_END,
        };
    }
    return (struct address_map){
        .program_start = USER_PROGRAM_ADDRESS,
        .program_end = USER_PROGRAM_END,
        .stack_top = USER_STACK_TOP,
        .large_stack_top = PROCESS_HEAP_END,
        .stack_bytes = USER_STACK_BYTES,
        .heap_start = PROCESS_HEAP_ADDRESS,
        .break_start = PROCESS_BREAK_ADDRESS,
        .heap_end = PROCESS_HEAP_END,
    };
}

#endif
