/*
 * tests/kernel/test_seeds_peachos.c - the lines of PeachOS's memory manager, typed with its names.
 */
#include "ktest.h"
#include "base/status.h"

#include "memory/seeds/peachos.h"

/* kheap_init() as PeachOS writes it, for a heap of its own. */
KTEST(seeds_peachos_kheap_init)
{
    struct heap own_heap;
    struct heap_table own_table;
    HEAP_BLOCK_TABLE_ENTRY *entries = kmalloc(25600);

    KEXPECT(entries);
    int total_table_entries = PEACHOS_HEAP_SIZE_BYTES / PEACHOS_HEAP_BLOCK_SIZE;
    own_table.entries = entries;
    own_table.total = total_table_entries;
    void *end = (void *)(PEACHOS_HEAP_ADDRESS + PEACHOS_HEAP_SIZE_BYTES);
    int res = heap_create(&own_heap, (void *)(PEACHOS_HEAP_ADDRESS), end, &own_table);
    void *one = heap_malloc(&own_heap, 50);
    void *two = heap_malloc(&own_heap, 5000);
    bool is_right = entries[0] == 0x41 && entries[1] == 0xC1 && entries[2] == 0x01;
    int block = heap_address_to_block(&own_heap, two);
    heap_mark_blocks_free(&own_heap, block + 1); /* not the first: nothing changes */
    heap_mark_blocks_free(&own_heap, -1);
    bool is_same = entries[1] == 0xC1 && entries[2] == 0x01;
    heap_mark_blocks_free(&own_heap, block);
    bool is_free = entries[0] == 0x41 && entries[1] == 0 && entries[2] == 0;
    heap_free(&own_heap, one);
    void *all = heap_malloc_blocks(&own_heap, 25600);
    void *more = heap_malloc_blocks(&own_heap, 1);
    void *wraps = heap_malloc_blocks(&own_heap, 0x100001);
    kfree(entries);
    KEXPECT(res == 0);
    KEXPECT(one == (void *)0x01000000 && two == (void *)0x01001000 && block == 1);
    KEXPECT(is_right && is_same && is_free);
    KEXPECT(all == (void *)0x01000000 && !more && !wraps);
}

KTEST(seeds_peachos_steps)
{
    HEAP_BLOCK_TABLE_ENTRY entries[4];
    struct heap_table table = {.entries = entries, .total = 4};
    char *start = (char *)PEACHOS_HEAP_ADDRESS;

    KEXPECT(heap_validate_alignment(start) && !heap_validate_alignment(start + 1));
    KEXPECT(heap_validate_table(start, start + 4 * 4096, &table) == 0);
    KEXPECT(heap_validate_table(start, start + 5 * 4096, &table) == -EINVARG);
    KEXPECT(heap_validate_table(start, start - 4096, &table) == -EINVARG);
    KEXPECT(heap_align_value_to_upper(0) == 0 && heap_align_value_to_upper(1) == 4096);
    KEXPECT(heap_align_value_to_upper(4096) == 4096 && heap_align_value_to_upper(4097) == 8192);
    KEXPECT(HEAP_BLOCK_TABLE_ENTRY_TAKEN == 0x01 && HEAP_BLOCK_TABLE_ENTRY_FREE == 0x00);
    KEXPECT(HEAP_BLOCK_HAS_NEXT == 0x80 && HEAP_BLOCK_IS_FIRST == 0x40);
}

KTEST(seeds_peachos_kernel_heap)
{
    kheap_init();
    char *memory = kmalloc(50);

    KEXPECT(memory && kernel_heap.saddr == page_memory(PEACHOS_HEAP_ADDRESS));
    KEXPECT(kernel_heap_table.entries == page_memory(PEACHOS_HEAP_TABLE_ADDRESS));
    KEXPECT(kernel_heap_table.entries[heap_address_to_block(&kernel_heap, memory)] == 0x41);
    memset(memory, 'x', 50);
    kfree(memory);
}
