/*
 * test_elf64.c - test_elf.c for files of 64 bits; built for 32 bits, that they are refused.
 * Sources: src/process/elf.c src/lib/string.c
 */
#define ELF_BITS 64
#include "test_elf.c" /* NOLINT(bugprone-suspicious-include) */
