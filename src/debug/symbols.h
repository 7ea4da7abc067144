/*
 * debug/symbols.h - the kernel's own symbol table, for backtrace.c alone.
 *
 * tools/mksymbols.py writes these from `nm -n` of the first link; the linker script places their
 * section after all else, so that a table of any size moves no code. It is packed, as it is read
 * when there is time and loaded always. For each function, in ascending order of address:
 *
 *     size            bytes to the next function; SYMBOL_SIZE_IS_LONG: the next two bytes say it
 *     name, NUL       a byte from SYMBOL_PAIR_FIRST on stands for two others, each of which may
 *                     stand for two again (Philip Gage, "A New Algorithm for Data Compression",
 *                     The C Users Journal, February 1994)
 */
#ifndef DEBUG_SYMBOLS_H
#define DEBUG_SYMBOLS_H

#include <stdint.h>

#define SYMBOLS_SECTION __attribute__((section(".symbols")))

#define SYMBOL_SIZE_IS_LONG 0xFF
#define SYMBOL_PAIR_FIRST   0x80

extern const uintptr_t symbol_text_start; /* of the first function; 0 in the first link */
extern const uintptr_t symbol_text_end;   /* the first address after the last one; 0 there, too */
extern const uint8_t symbol_table[];
extern const uint8_t symbol_pairs[][2];

#endif
