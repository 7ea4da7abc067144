/*
 * bad_pointers.h - addresses that no system call may follow. Nothing of the process's is there,
 * unless it has asked for memory: then the first page of the heap is.
 */
#ifndef TESTS_PROGRAMS_BAD_POINTERS_H
#define TESTS_PROGRAMS_BAD_POINTERS_H

#include <stddef.h>
#include <stdint.h>

#include "own_map.h"

/* An address that a 32-bit program cannot name; it has 0 in its place. */
#define WIDE(address) (IS_64_BIT ? (uintptr_t)(address##ull) : 0)

static const uintptr_t bad_pointers[] = {
    0x00000000,
    0x00000001,
    0x00000FFF,
    0x00001000,
    0x00007E00,
    0x000B8000,
    0x00100000,
    0x003FA000,
    0x003FAFFF,
    0x003FF000,
    0x00FFFFFF,
    0x01000000,
    0x07400000,
    0x7FFFFFFF,
    0x80000000,
    0xBFFFFFFF,
    0xC0000000,
    0xFFFFF000,
    0xFFFFFFFC,
    0xFFFFFFFF,
    OWN_STACK_BOTTOM - 1,
    OWN_STACK_TOP,
    OWN_HEAP_START - 1,
    OWN_HEAP_START,
    OWN_BREAK_START - 1,
    OWN_BREAK_START,
    OWN_HEAP_END - 1,
    OWN_HEAP_END,
    WIDE(0x0000000100400000), /* the program, but for bit 32 */
    WIDE(0x00007FFFFFFFFFFF),
    WIDE(0x0000800000000000), /* no address */
    WIDE(0x8000000000400000),
    WIDE(0xFFFF7FFFFFFFFFFF),
    WIDE(0xFFFF800000000000), /* the kernel's */
    WIDE(0xFFFF800001000000),
    WIDE(0xFFFFFFFF80100000),
    UINTPTR_MAX,
};
#define BAD_POINTERS (sizeof(bad_pointers) / sizeof(bad_pointers[0]))

#endif
