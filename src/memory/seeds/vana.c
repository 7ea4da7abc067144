/*
 * memory/seeds/vana.c - the examples of Vana's document. The one of process_malloc() and
 * process_free() is the program seeds itself, in whose memory they work.
 *
 * Size before speed.
 */
#include "memory/seeds/vana.h"

#include "base/align.h"
#include "memory/pmm.h"
#include "base/status.h"

#define USER_FLAGS (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

void seed_vana_load_directory(page_entry_bits_t *directory)
{
    struct paging_4gb_chunk *chunk = paging_find_chunk(directory);

    if (chunk != NULL) {
        paging_switch(chunk);
    }
}

void *seed_vana_get_physical(page_entry_bits_t *directory, void *virt)
{
    const struct paging_4gb_chunk *chunk = paging_find_chunk(directory);
    paddr_t physical;

    if (chunk == NULL || (paging_get_physical_address)(chunk, virt, &physical) < 0) {
        return NULL;
    }
    return (void *)physical;
}

static int show_constants(void)
{
    seed_number("VANA_HEAP_SIZE_BYTES         %u", VANA_HEAP_SIZE_BYTES, 104857600);
    seed_number("VANA_HEAP_BLOCK_SIZE         %u", VANA_HEAP_BLOCK_SIZE, 4096);
    seed_number("VANA_HEAP_ADDRESS            0x%08x", VANA_HEAP_ADDRESS, 0x01000000);
    seed_number("VANA_HEAP_TABLE_ADDRESS      0x%08x", VANA_HEAP_TABLE_ADDRESS, 0x7E00);
    seed_number("VANA_PROGRAM_VIRTUAL_ADDRESS 0x%06x", VANA_PROGRAM_VIRTUAL_ADDRESS, 0x400000);
    seed_number("VANA_USER_PROGRAM_STACK_SIZE %u", VANA_USER_PROGRAM_STACK_SIZE, 16384);
    seed_number("VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START 0x%06x",
                VANA_PROGRAM_VIRTUAL_STACK_ADDRESS_START, 0x3FF000);
    seed_number("PAGING_PAGE_SIZE             %u", PAGING_PAGE_SIZE, 4096);
    seed_number("PAGING_TOTAL_ENTRIES_PER_TABLE %u", PAGING_TOTAL_ENTRIES_PER_TABLE,
                ARCH_BITS == 64 ? 512 : 1024);
    return OK;
}

/* kheap_init() as the document has it, for a heap beside the kernel's own; heap_malloc() by its
 * steps. */
static int show_heap(void)
{
    struct heap_table table = {.total = VANA_HEAP_SIZE_BYTES / VANA_HEAP_BLOCK_SIZE};
    struct heap heap;
    int res;

    table.entries = kzalloc(table.total);
    if (table.entries == NULL) {
        return -ENOMEM;
    }
    seed_number("total table entries: %u", table.total, 25600);
    res = heap_create(&heap, (void *)VANA_HEAP_ADDRESS, (void *)VANA_HEAP_ADDRESS, &table);
    if (res < 0) {
        print("an end that does not fit the table: failed to create heap\n");
    }
    seed_number("  heap_create: %d", (uint32_t)res, (uint32_t)-EINVARG);
    res = heap_create(&heap, (void *)VANA_HEAP_ADDRESS,
                      (void *)(VANA_HEAP_ADDRESS + VANA_HEAP_SIZE_BYTES), &table);
    if (res < 0) {
        print("failed to create heap\n");
    }
    seed_number("the right end, heap_create: %d", (uint32_t)res, 0);

    int start = heap_get_start_block(&heap, 2);
    seed_number("heap_get_start_block for 2 blocks: %d", (uint32_t)start, 0);
    heap_mark_blocks_taken(&heap, start, 2);
    seed_bytes("heap_mark_blocks_taken: %s", table.entries, 4, "c1 01 00 00");
    seed_number("heap_malloc of 50 bytes: 0x%08x", seed_low(heap_malloc(&heap, 50)),
                VANA_HEAP_ADDRESS + 2 * VANA_HEAP_BLOCK_SIZE);
    seed_bytes("  the table: %s", table.entries, 4, "c1 01 41 00");
    heap_free(&heap, (void *)VANA_HEAP_ADDRESS);
    seed_bytes("heap_free clears to the entry without has-next: %s", table.entries, 4,
               "00 00 41 00");
    kfree(table.entries);
    return OK;
}

static int show_kheap(void)
{
    size_t free_before = heap_free_blocks(&kernel_heap);
    unsigned char *memory;
    unsigned char *copy;

    kheap_init();
    memory = kzalloc(5000);
    copy = kmalloc(5000);
    if (memory == NULL || copy == NULL) {
        kfree(memory);
        kfree(copy);
        return -ENOMEM;
    }
    seed_number("kzalloc and kmalloc of 5000 bytes: %u blocks",
                free_before - heap_free_blocks(&kernel_heap), 4);
    seed_number("kzalloc: the last byte is %u", memory[4999], 0);
    memset(memory, 0x5A, 5000);
    memcpy(copy, memory, 5000);
    seed_number("memset, memcpy, memcmp: %d", (uint32_t)memcmp(copy, memory, 5000), 0);
    copy[4999]++;
    seed_number("one byte more: memcmp > 0: %u", memcmp(copy, memory, 5000) > 0, 1);
    kfree(memory);
    kfree(copy);
    seed_number("free blocks: %u, as before", heap_free_blocks(&kernel_heap), free_before);
    return OK;
}

static int show_alignment(void)
{
    seed_number("paging_align_address(0x1001):       0x%x",
                seed_low(paging_align_address((void *)0x1001)), 0x2000);
    seed_number("paging_align_address(0x1000):       0x%x",
                seed_low(paging_align_address((void *)0x1000)), 0x1000);
    seed_number("paging_align_address(0):            0x%x",
                seed_low(paging_align_address((void *)0)), 0);
    seed_number("paging_align_to_lower_page(0x1FFF): 0x%x",
                seed_low(paging_align_to_lower_page((void *)0x1FFF)), 0x1000);
    return OK;
}

/* A directory of one's own: mapped, looked up, switched to, written through, given back. */
static int show_paging(void)
{
    size_t pages = seed_free_frames();
    struct paging_4gb_chunk *before = paging_current();
    struct paging_4gb_chunk *chunk = paging_new_4gb(USER_FLAGS);
    uint32_t *frames = seed_alloc_frames(2);
    uint32_t *virt = (uint32_t *)VANA_PROGRAM_VIRTUAL_ADDRESS;
    int status = -ENOMEM;

    if (chunk == NULL || frames == NULL) {
        goto out;
    }
    enable_paging();
    paging_load_directory(chunk->directory_entry);
    seed_number("CR3 holds the new directory: %u",
                paging_read_directory() == page_physical(chunk->directory_entry), 1);
    status = paging_map_range(virt, frames, 2, PAGING_IS_WRITEABLE);
    if (status < 0) {
        goto out;
    }
    frames[0] = 1;
    frames[1024] = 2;
    seed_number("the program's first page shows its frame: %u", virt[0], 1);
    seed_number("and the second its own: %u", virt[1024], 2);
    seed_number(
        "paging_get_physical_address of page 2, byte 5, in frame 2: byte %u",
        seed_low(paging_get_physical_address(chunk->directory_entry, (uint8_t *)virt + 0x1005)) -
            seed_low(frames + 1024),
        5);
    (void)paging_map(virt, frames + 1024, PAGING_IS_WRITEABLE);
    seed_number("paging_map to the other frame, at once: %u", virt[0], 2);
    seed_number(
        "the kernel at 1 MiB is identity-mapped: 0x%x",
        seed_low(paging_get_physical_address(chunk->directory_entry, (void *)KERNEL_ADDRESS)),
        0x100000);
    seed_number("misaligned: %d", (uint32_t)paging_map((void *)0x400001, frames, 0),
                (uint32_t)-EINVARG);
    seed_number("a misaligned range: %d",
                (uint32_t)paging_map_range(virt, (uint8_t *)frames + 1, 2, 0), (uint32_t)-EINVARG);
out:
    paging_switch(before);
    paging_free_4gb(chunk);
    (void)pmm_free_frames(frames);
    if (status == OK) {
        seed_number("free frames afterwards: %u, as before", seed_free_frames(), pages);
    }
    return status;
}

static const seed_example_t examples[] = {show_constants, show_heap, show_kheap, show_alignment,
                                          show_paging};
const struct seed_examples seed_vana_examples = {examples, ARRAY_SIZE(examples)};
