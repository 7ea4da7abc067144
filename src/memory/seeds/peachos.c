/*
 * memory/seeds/peachos.c - the examples of PeachOS's memory manager.
 *
 * Size before speed.
 */
#include "memory/seeds/peachos.h"

#include "base/align.h"
#include "memory/pmm.h"
#include "base/status.h"

#define SMALL_BLOCKS 8

static int show_constants(void)
{
    seed_number("PEACHOS_HEAP_SIZE_BYTES    %u", PEACHOS_HEAP_SIZE_BYTES, 104857600);
    seed_number("PEACHOS_HEAP_BLOCK_SIZE    %u", PEACHOS_HEAP_BLOCK_SIZE, 4096);
    seed_number("PEACHOS_HEAP_ADDRESS       0x%08x", PEACHOS_HEAP_ADDRESS, 0x01000000);
    seed_number("PEACHOS_HEAP_TABLE_ADDRESS 0x%08x", PEACHOS_HEAP_TABLE_ADDRESS, 0x7E00);
    seed_number("HEAP_BLOCK_TABLE_ENTRY_TAKEN 0x%02x", HEAP_BLOCK_TABLE_ENTRY_TAKEN, 0x01);
    seed_number("HEAP_BLOCK_TABLE_ENTRY_FREE  0x%02x", HEAP_BLOCK_TABLE_ENTRY_FREE, 0x00);
    seed_number("HEAP_BLOCK_HAS_NEXT          0x%02x", HEAP_BLOCK_HAS_NEXT, 0x80);
    seed_number("HEAP_BLOCK_IS_FIRST          0x%02x", HEAP_BLOCK_IS_FIRST, 0x40);
    seed_number("kernel_heap starts at 0x%08x", seed_low(kernel_heap.saddr), PEACHOS_HEAP_ADDRESS);
    seed_number("its table is at 0x%08x", seed_low(kernel_heap_table.entries),
                PEACHOS_HEAP_TABLE_ADDRESS);
    return OK;
}

/* What heap_create() refuses. */
static int show_create(void)
{
    HEAP_BLOCK_TABLE_ENTRY entries[SMALL_BLOCKS];
    struct heap_table table = {.entries = entries, .total = SMALL_BLOCKS};
    struct heap heap;
    char *start = (char *)PEACHOS_HEAP_ADDRESS;
    char *end = start + SMALL_BLOCKS * PEACHOS_HEAP_BLOCK_SIZE;

    seed_number("heap_validate_alignment(0x01000000): %u", (uint32_t)heap_validate_alignment(start),
                1);
    seed_number("heap_validate_alignment(0x01000001): %u",
                (uint32_t)heap_validate_alignment(start + 1), 0);
    seed_number("heap_validate_table, 8 entries for 8 blocks: %d",
                (uint32_t)heap_validate_table(start, end, &table), 0);
    seed_number("heap_validate_table, 8 entries for 7 blocks: %d",
                (uint32_t)heap_validate_table(start, end - PEACHOS_HEAP_BLOCK_SIZE, &table),
                (uint32_t)-EINVARG);
    seed_number("heap_create, misaligned start: %d",
                (uint32_t)heap_create(&heap, start + 1, end, &table), (uint32_t)-EINVARG);
    seed_number("heap_create, misaligned end: %d",
                (uint32_t)heap_create(&heap, start, end - 1, &table), (uint32_t)-EINVARG);
    seed_number("heap_create, wrong total: %d",
                (uint32_t)heap_create(&heap, start, end + PEACHOS_HEAP_BLOCK_SIZE, &table),
                (uint32_t)-EINVARG);
    seed_number("heap_create, 8 blocks: %d", (uint32_t)heap_create(&heap, start, end, &table), 0);
    return OK;
}

/* Allocations of a small heap, by heap_malloc() and by hand. Nobody writes to its pool. */
static int show_steps(void)
{
    HEAP_BLOCK_TABLE_ENTRY entries[SMALL_BLOCKS];
    struct heap_table table = {.entries = entries, .total = SMALL_BLOCKS};
    struct heap heap;
    char *start = (char *)PEACHOS_HEAP_ADDRESS;

    if (heap_create(&heap, start, start + SMALL_BLOCKS * PEACHOS_HEAP_BLOCK_SIZE, &table) < 0) {
        seed_print("failed to create heap\n");
        return OK;
    }
    seed_number("heap_align_value_to_upper(50):   %u", heap_align_value_to_upper(50), 4096);
    seed_number("heap_align_value_to_upper(4096): %u", heap_align_value_to_upper(4096), 4096);
    seed_number("heap_align_value_to_upper(5000): %u", heap_align_value_to_upper(5000), 8192);
    seed_bytes("table before:                 %s", entries, SMALL_BLOCKS,
               "00 00 00 00 00 00 00 00");
    void *one = heap_malloc(&heap, 50);
    seed_bytes("heap_malloc, 50 bytes:        %s", entries, SMALL_BLOCKS,
               "41 00 00 00 00 00 00 00");
    void *three = heap_malloc_blocks(&heap, 3);
    seed_bytes("heap_malloc_blocks, 3:        %s", entries, SMALL_BLOCKS,
               "41 c1 81 01 00 00 00 00");
    seed_number("heap_address_to_block of it:  %u", (uint32_t)heap_address_to_block(&heap, three),
                1);
    heap_free(&heap, one);
    seed_bytes("heap_free of the first:       %s", entries, SMALL_BLOCKS,
               "00 c1 81 01 00 00 00 00");
    int block = heap_get_start_block(&heap, 2);
    seed_number("heap_get_start_block for 2:   %d", (uint32_t)block, 4);
    heap_mark_blocks_taken(&heap, block, 2);
    seed_bytes("heap_mark_blocks_taken:       %s", entries, SMALL_BLOCKS,
               "00 c1 81 01 c1 01 00 00");
    heap_mark_blocks_free(&heap, 1);
    seed_bytes("heap_mark_blocks_free, at 1:  %s", entries, SMALL_BLOCKS,
               "00 00 00 00 c1 01 00 00");
    heap_free(&heap, (char *)heap_block_to_address(&heap, 5)); /* inside one: refused */
    seed_bytes("heap_free inside one:         %s", entries, SMALL_BLOCKS,
               "00 00 00 00 c1 01 00 00");
    seed_number("heap_malloc, 5 blocks: none:  %u",
                seed_low(heap_malloc(&heap, 5 * PEACHOS_HEAP_BLOCK_SIZE)), 0);
    return OK;
}

/* The kernel's own heap: after kheap_init(), two blocks for 5,000 bytes. */
static int show_kheap(void)
{
    size_t free_before = heap_free_blocks(&kernel_heap);

    kheap_init();
    unsigned char *memory = kmalloc(5000);
    if (memory == NULL) {
        return -ENOMEM;
    }
    int block = heap_address_to_block(&kernel_heap, memory);

    memset(memory, 0x5A, 5000);
    seed_number("kmalloc(5000): %u blocks", free_before - heap_free_blocks(&kernel_heap), 2);
    seed_bytes("  their bytes: %s", kernel_heap_table.entries + block, 2, "c1 01");
    seed_number("  memset: the last byte is 0x%02x", memory[4999], 0x5A);
    kfree(memory);
    seed_bytes("kfree:         %s", kernel_heap_table.entries + block, 2, "00 00");
    seed_number("kmalloc(0):    0x%08x", seed_low(kmalloc(0)), 0);
    kfree(NULL);
    seed_number("free blocks:   %u, as before", heap_free_blocks(&kernel_heap), free_before);
    return OK;
}

static const seed_example_t examples[] = {show_constants, show_create, show_steps, show_kheap};
const struct seed_examples seed_peachos_examples = {examples, ARRAY_SIZE(examples)};
