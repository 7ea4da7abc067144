/*
 * process/address_map.h - what lies where in a program's address space: one map for each word size.
 *
 *                        32 bits                    64 bits
 *   program              0x00400000, 12 MiB         0x0000000000400000, to the heap
 *   stack                below 0x003FF000, 16 KiB   below 0x00007FFFFFFFF000, 16 KiB to 1 MiB
 *   process_malloc()     from 0x80000000            from 0x0000100000000000, 16 TiB
 *   the break            from 0xB0000000, 256 MiB   from 0x0000200000000000, 16 TiB
 *
 * A stack is 16 KiB unless the file has a PT_GNU_STACK, as ordinary compilers' files have. That of
 * a 64-bit program then is 64 KiB, or as large as is written there ("ld -z stack-size=N").
 *
 * Nothing is mapped in the page below a stack and in the one above it. In both maps the break lies
 * above what process_malloc() gives out first, so one rule serves both: process_malloc() goes on
 * into the break's part when its own is full. With 16 TiB, that is more than any RAM, it never is.
 */
#ifndef PROCESS_ADDRESS_MAP_H
#define PROCESS_ADDRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"
#include "layout.h"

struct address_map {
    vaddr_t program_start, program_end;
    vaddr_t stack_top;
    size_t stack_bytes;     /* of a program that has a PT_GNU_STACK, and does not say there */
    size_t stack_bytes_max; /* that it may ask for */
    vaddr_t heap_start;     /* process_malloc()'s addresses */
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
            .stack_bytes = USER64_STACK_BYTES,
            .stack_bytes_max = USER64_STACK_BYTES_MAX,
            .heap_start = USER64_AREAS_ADDRESS,
            .break_start = USER64_BREAK_ADDRESS,
            .heap_end = USER64_HEAP_END,
        };
    }
    return (struct address_map){
        .program_start = USER_PROGRAM_ADDRESS,
        .program_end = USER_PROGRAM_END,
        .stack_top = USER_STACK_TOP,
        .stack_bytes = USER_STACK_BYTES,
        .stack_bytes_max = USER_STACK_BYTES,
        .heap_start = PROCESS_HEAP_ADDRESS,
        .break_start = PROCESS_BREAK_ADDRESS,
        .heap_end = PROCESS_HEAP_END,
    };
}

#endif
