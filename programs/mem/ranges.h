/*
 * ranges.h - what layout.h says lies where, in words: each kernel has its own list, in
 * i386/ranges.c and x86_64/ranges.c. A program knows that of the kernel which it is made for.
 */
#ifndef MEM_RANGES_H
#define MEM_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
    uintptr_t start;
    const char *what;
};

/* What lies where a CPU knows no addresses. */
extern const char no_address[];

/* In order; each ends where the next begins, the last with the address space. */
extern const struct range ranges[];
extern const size_t range_count;

/* Where RAM that the kernel manages is shown, as far as there is any. */
struct ram_range {
    uintptr_t start, end;
    uintptr_t physical; /* what start shows */
    uintptr_t runs_end; /* runs (abi/syscalls.h) from there on are shown elsewhere */
};
extern const struct ram_range ram_range;

#endif
