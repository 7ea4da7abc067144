/*
 * tests/kernel/test_seeds_vana.c - the lines of Vana's document, typed with its names.
 */
#include "ktest.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/process.h"

#include "memory/seeds/vana.h"

/* kheap_init() as the document writes it, for a heap of its own. */
KTEST(seeds_vana_kheap_init)
{
    struct heap own_heap;
    struct heap_table own_table;
    HEAP_BLOCK_TABLE_ENTRY *entries = kmalloc(25600);

    KEXPECT(entries);
    int total_table_entries = VANA_HEAP_SIZE_BYTES / VANA_HEAP_BLOCK_SIZE;
    own_table.entries = entries;
    own_table.total = total_table_entries;

    void *end = (void *)(VANA_HEAP_ADDRESS + VANA_HEAP_SIZE_BYTES);
    int res = heap_create(&own_heap, (void *)(VANA_HEAP_ADDRESS), end, &own_table);
    int start = heap_get_start_block(&own_heap, 25600);
    int none = heap_get_start_block(&own_heap, 25601);
    heap_mark_blocks_taken(&own_heap, 1, 2);
    heap_mark_blocks_taken(&own_heap, 2, 2); /* not free: nothing changes */
    heap_mark_blocks_taken(&own_heap, -1, 2);
    bool is_marked = entries[0] == 0 && entries[1] == 0xC1 && entries[2] == 0x01 && entries[3] == 0;
    int behind = heap_get_start_block(&own_heap, 2);
    void *one = heap_malloc(&own_heap, 50);
    heap_free(&own_heap, (void *)(VANA_HEAP_ADDRESS + VANA_HEAP_BLOCK_SIZE));
    bool is_free = entries[1] == 0 && entries[2] == 0;
    bool is_sound = heap_check(&own_heap) == OK;
    kfree(entries);
    if (res < 0) {
        print("Failed to create heap\n");
    }
    KEXPECT(res == 0 && start == 0 && none == -ENOMEM);
    KEXPECT(is_marked && behind == 3 && is_free && is_sound);
    KEXPECT(one == (void *)0x01000000);
}

KTEST(seeds_vana_kernel_heap)
{
    kheap_init();
    unsigned char *memory = kzalloc(5000);

    KEXPECT(memory && kernel_heap.saddr == page_memory(VANA_HEAP_ADDRESS));
    KEXPECT(kernel_heap_table.entries == page_memory(VANA_HEAP_TABLE_ADDRESS));
    KEXPECT(memory[0] == 0 && memory[4999] == 0);
    kfree(memory);
    /* By hand in the kernel's own heap, which has an index. */
    int block = heap_get_start_block(&kernel_heap, 3);
    KEXPECT(block >= 0);
    heap_mark_blocks_taken(&kernel_heap, block, 3);
    bool is_sound = heap_check(&kernel_heap) == OK;
    kfree(heap_block_to_address(&kernel_heap, block));
    KEXPECT(is_sound);
}

KTEST(seeds_vana_paging)
{
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk =
        paging_new_4gb(PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL);
    uint32_t *frame = kzalloc(PAGING_PAGE_SIZE);
    uint32_t flags = PAGING_IS_PRESENT | PAGING_IS_WRITEABLE;
    uint32_t *virt = (uint32_t *)VANA_PROGRAM_VIRTUAL_ADDRESS;

    KEXPECT(chunk && frame);
    enable_paging();
    paging_switch(chunk);
    paging_switch(before);
    paging_load_directory(chunk->directory_entry);
    bool is_current = paging_current() == chunk;
    int mapped = paging_map(virt, frame, flags);
    int mapped_in = paging_map(chunk, virt + 1024, frame, flags);
    int range = paging_map_range(virt + 2048, frame, 1, flags);
    int range_in = paging_map_range(chunk, virt + 3072, frame, 1, flags);
    int misaligned = paging_map_range((void *)0x400001, frame, 1, flags);
    virt[3072] = 0x5EED;
    void *where = paging_get_physical_address(chunk->directory_entry, (char *)(virt + 2048) + 5);
    void *nowhere = paging_get_physical_address(chunk->directory_entry, (void *)0x80000000);
    uint32_t seen = virt[0] & virt[1024] & virt[2048];
    paging_load_directory(NULL); /* none: nothing happens */
    bool is_still = paging_current() == chunk;
    paging_load_directory(before->directory_entry);
    bool is_back = paging_current() == before;
    paging_free_4gb(chunk);
    uint32_t written = frame[0];
    kfree(frame);
    KEXPECT(is_current && is_still && is_back);
    KEXPECT(mapped == 0 && mapped_in == 0 && range == 0 && range_in == 0 && misaligned < 0);
    KEXPECT(seen == 0x5EED && written == 0x5EED);
    KEXPECT(where == (char *)seed_physical(frame) + 5 && nowhere == NULL);
    KEXPECT(paging_align_address((void *)0x1001) == (void *)0x2000);
    KEXPECT(paging_align_to_lower_page((void *)0x1FFF) == (void *)0x1000);
}

KTEST(seeds_vana_constants)
{
    KEXPECT(VANA_HEAP_SIZE_BYTES == 104857600 && VANA_HEAP_BLOCK_SIZE == 4096);
    KEXPECT(VANA_HEAP_ADDRESS == 0x01000000 && VANA_HEAP_TABLE_ADDRESS == 0x7E00);
    KEXPECT(VANA_PROGRAM_VIRTUAL_ADDRESS == 0x400000 && VANA_USER_PROGRAM_STACK_SIZE == 16384);
    KEXPECT(VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START == 0x3FF000);
    KEXPECT(PAGING_TOTAL_ENTRIES_PER_TABLE == (ARCH_BITS == 64 ? 512 : 1024) &&
            PAGING_IS_WRITEABLE == 2);
}
