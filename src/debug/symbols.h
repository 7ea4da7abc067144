/*
 * debug/symbols.h - the kernel's own symbol table, for backtrace.c alone.
 *
 * tools/mksymbols.py writes these from `nm -n` of the first link; the linker script places their
 * section after all else, so that a table of any size moves no code. Everything is in ascending
 * order of address.
 */
#ifndef DEBUG_SYMBOLS_H
#define DEBUG_SYMBOLS_H

#include <stdint.h>

#define SYMBOLS_SECTION __attribute__((section(".symbols")))

extern const uint32_t symbol_count;       /* 0 in the first link */
extern const uint32_t symbol_text_end;    /* the first address after the last function */
extern const uint32_t symbol_addresses[]; /* symbol_count of them */
extern const char symbol_names[];         /* as many strings, each with its NUL */

#endif
