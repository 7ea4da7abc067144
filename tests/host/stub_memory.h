/*
 * stub_memory.h - the kernel around memory/, for host tests: a printk() that keeps its text, a
 * panic() that comes back, and a kernel heap in ordinary memory.
 */
#ifndef STUB_MEMORY_H
#define STUB_MEMORY_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/heap/heap.h"

/* What was printed since the last stub_printk_clear(). */
extern char stub_printk_text[8192];
void stub_printk_clear(void);

/* True when running `action` (a statement) ends in a panic; stub_panic_text is its sentence. */
extern jmp_buf stub_panic_return;
extern bool stub_panic_is_expected;
extern char stub_panic_text[512];
#define STUB_PANICS(action)                   \
    ({                                        \
        volatile bool panicked = true;        \
        stub_panic_is_expected = true;        \
        if (setjmp(stub_panic_return) == 0) { \
            action;                           \
            panicked = false;                 \
        }                                     \
        stub_panic_is_expected = false;       \
        panicked;                             \
    })

/* A new, empty kernel heap: kheap_get(), kmalloc() ... work on blocks blocks from HEAP_ADDRESS
 * on. */
#define STUB_KHEAP_BLOCKS_MAX 4096
void stub_kheap_create(size_t blocks);

/* Makes [address, address + bytes) ordinary memory; once for each range. */
void stub_map_memory(uintptr_t address, size_t bytes);

#endif
