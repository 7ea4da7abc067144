/*
 * fuzz_elf64.c - fuzz_elf.c with files of 64 bits as its examples.
 * Sources: src/process/elf.c src/lib/string.c
 */
#define ELF_BITS 64
#include "fuzz_elf.c" /* NOLINT(bugprone-suspicious-include) */
