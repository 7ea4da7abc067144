/*
 * stub_kheap.c - the kernel heap at its own addresses, but with table and index in malloc()ed
 * memory: a process cannot have 0x7E00 (stub_memory.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "debug/panic.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "stub_memory.h"

static struct heap heap;
static struct heap_table table;

void stub_map_memory(uintptr_t address, size_t bytes)
{
    void *memory = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);

    if (memory != (void *)address) {
        perror("stub_map_memory");
        exit(2);
    }
}

void stub_kheap_create(size_t blocks)
{
    static HEAP_BLOCK_TABLE_ENTRY entries[STUB_KHEAP_BLOCKS_MAX];
    static uint64_t index[HEAP_INDEX_BYTES(STUB_KHEAP_BLOCKS_MAX) / sizeof(uint64_t) + 1];
    static bool is_mapped;

    if (!is_mapped) {
        stub_map_memory(HEAP_ADDRESS, STUB_KHEAP_BLOCKS_MAX * HEAP_BLOCK_SIZE_BYTES);
        is_mapped = true;
    }
    table.entries = entries;
    table.total = blocks;
    KASSERT(blocks <= STUB_KHEAP_BLOCKS_MAX);
    KASSERT(heap_create(&heap, (void *)HEAP_ADDRESS,
                        (void *)(HEAP_ADDRESS + blocks * HEAP_BLOCK_SIZE_BYTES), &table) == 0);
    KASSERT(heap_attach_index(&heap, index, sizeof(index)) == 0);
}

struct heap *kheap_get(void)
{
    return &heap;
}

void *kmalloc(size_t size)
{
    return heap_malloc(&heap, size);
}

void *kzalloc(size_t size)
{
    void *memory = kmalloc(size);

    return memory == NULL ? NULL : memset(memory, 0, size);
}

void kfree(void *ptr)
{
    if (heap_free(&heap, ptr) != 0) {
        panic("kfree(%p)", ptr);
    }
}
