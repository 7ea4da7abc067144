/*
 * tests/kernel/sections.h - is what the kernel never writes still what was loaded?
 */
#ifndef TESTS_KERNEL_SECTIONS_H
#define TESTS_KERNEL_SECTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct sections_sums {
    uint32_t a, b;
};

/* The sums of abi/kernel_header.h over the dwords from start to end. */
struct sections_sums sections_sum(const void *start, const void *end);

/* Sums up header, text and rodata as they are now. */
void sections_remember(void);

/* Are their sums the same? */
bool sections_are_unchanged(void);

#endif
