/*
 * tests/kernel/sections.h - is what the kernel never writes still what was loaded?
 */
#ifndef TESTS_KERNEL_SECTIONS_H
#define TESTS_KERNEL_SECTIONS_H

#include <stdbool.h>

/* Sums up header, text and rodata as they are now. */
void sections_remember(void);

/* Are their sums the same? */
bool sections_are_unchanged(void);

#endif
