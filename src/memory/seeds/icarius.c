/*
 * memory/seeds/icarius.c - a linear page directory, and the examples of Icarius's document.
 *
 * Size before speed.
 */
#include "memory/seeds/icarius.h"

#include <stdbool.h>

#include "layout.h"
#include "base/align.h"
#include "lib/format.h"
#include "lib/string.h"
#include "memory/pmm.h"
#include "base/status.h"

/* What the document says. */
#define POOL_ADDRESS   0x01000000u
#define POOL_BYTES     104857600u
#define POOL_LAST_BYTE 0x073FFFFFu
#define TABLE_ADDRESS  0x7E00u
#define TABLE_LAST     0xE1FFu
#define DEMO_VIRTUAL   0x2000u
#define DEMO_PHYSICAL  0x1802000u

#define LARGE_PAGES  1024u /* 4 MiB each */
#define FLAG_COLUMNS 12
#define LINE_BYTES   80

#define ENTRIES_AT_ONCE 128 /* between two moments in which interrupts are served */

/* ---------------------------------------------------------------- the directory */

static vaddr_t large_page_address(uint32_t index)
{
    return (vaddr_t)index * PAGING_4MIB_BYTES;
}

/* These are the same in every directory: the kernel's window, the gap behind it, and the byte heap,
 * whose tables come and go. On x86_64 all that is above 4 GiB. */
static bool is_kernels_own(uint32_t index)
{
    vaddr_t address = large_page_address(index);

    return address >= USER_END && address < MMIO_ADDRESS;
}

void page_init_directory(PageDirectory *self, const uint8_t flags)
{
    struct paging_4gb_chunk *chunk = paging_new_4gb(PAGING_IS_PRESENT | PAGING_IS_WRITEABLE);
    uint32_t page_flags = flags & ~(uint32_t)(PAGING_ACCESS_FROM_ALL | PAGING_LARGE_PAGE);
    int status = OK;

    self->directory = NULL;
    if (chunk == NULL) {
        return;
    }
    /* The stack that a process would have, with its guard pages; and what is below, unless the
     * kernel is there and it is linear anyway. */
    uintptr_t first =
        paging_is_mapped(chunk, (void *)KERNEL_PHYSICAL) ? USER_STACK_GUARD : PAGE_SIZE_BYTES;

    status = paging_map_range(chunk, (void *)first, (void *)first,
                              (PAGING_4MIB_BYTES - first) / PAGE_SIZE_BYTES, page_flags);
    for (uint32_t i = 1; status == OK && i < LARGE_PAGES; i++) {
        vaddr_t address = large_page_address(i);

        if (paging_missing_tables(chunk, address) > 0 && !is_kernels_own(i)) {
            status = paging_map_4mib(chunk, (void *)address, (void *)address, page_flags);
        }
        if (i % ENTRIES_AT_ONCE == 0) {
            cpu_let_interrupts_in(); /* with four levels it takes a while */
        }
    }
    if (status < 0) {
        paging_free_4gb(chunk);
        return;
    }
    self->directory = chunk->directory_entry;
}

void page_free_directory(PageDirectory *self)
{
    paging_free_4gb(paging_find_chunk(self->directory));
    self->directory = NULL;
}

int virt_address_map(PageEntry *directory, void *virt, const uint32_t entry)
{
    struct paging_4gb_chunk *chunk = paging_find_chunk(directory);

    if (chunk == NULL) {
        return -EINVARG;
    }
    return paging_map(chunk, virt, seed_pointer(entry & ~PAGING_FLAGS_MASK),
                      entry & PAGING_FLAGS_MASK & ~(PAGING_LARGE_PAGE | PAGING_GLOBAL));
}

void page_switch(PageEntry *directory)
{
    struct paging_4gb_chunk *chunk = paging_find_chunk(directory);

    if (chunk != NULL) {
        paging_switch(chunk);
        page_flush_all(); /* the kernel's own translations, which stay, may be other ones here */
    }
}

/* ---------------------------------------------------------------- examples */

/* Heap: where it is, and how large. */
static int show_places(void)
{
    uint32_t pool = seed_low(kheap_get()->saddr);
    uint32_t table = seed_low(kheap_descriptor.entries);

    seed_number("heap data pool starts at 0x%08x", pool, POOL_ADDRESS);
    seed_number("heap data pool is made for %u bytes", HEAP_SIZE_BYTES, POOL_BYTES);
    seed_number("its last byte is then 0x%08x", HEAP_ADDRESS + HEAP_SIZE_BYTES - 1, POOL_LAST_BYTE);
    seed_number("blocks of %u bytes", HEAP_BLOCK_SIZE_BYTES, 4096);
    seed_number("HeapDescriptor at 0x%08x, one byte for each block", table, TABLE_ADDRESS);
    seed_number("HeapDescriptor for 100 MiB: %u bytes",
                HEAP_SIZE_BYTES / HEAP_BLOCK_SIZE_BYTES * sizeof(HeapEntry), 25600);
    seed_number("its last byte is then 0x%08x", table + HEAP_SIZE_BYTES / HEAP_BLOCK_SIZE_BYTES - 1,
                TABLE_LAST);
    seed_number("room for it ends at 0x%08x", HEAP_TABLE_AREA_END - 1, 0x7FFFF);
    seed_printf("in this machine: %u blocks\n", (unsigned)kheap_descriptor.total);
    return OK;
}

/* A heap like the kernel's as it is after the start, when nobody has taken anything yet. Nobody
 * writes to its pool: what it hands out are numbers. */
static int show_first_blocks(void)
{
    HeapDescriptor descriptor = {.total = HEAP_SIZE_BYTES / HEAP_BLOCK_SIZE_BYTES};
    struct heap heap;

    descriptor.entries = kmalloc(descriptor.total);
    if (descriptor.entries == NULL) {
        return -ENOMEM;
    }
    seed_number("a heap as it is at the start: heap_create gives %d",
                (uint32_t)heap_create(&heap, (void *)HEAP_ADDRESS, (void *)HEAP_END, &descriptor),
                0);
    seed_bytes("  table before:           %s", descriptor.entries, 4, "00 00 00 00");
    seed_number("  first block:            0x%08x", seed_low(heap_malloc(&heap, 50)), POOL_ADDRESS);
    seed_bytes("  table after 50 bytes:   %s", descriptor.entries, 4, "41 00 00 00");
    seed_number("  5000 bytes:             0x%08x", seed_low(heap_malloc(&heap, 5000)),
                POOL_ADDRESS + 4096);
    seed_bytes("  table after 5000 bytes: %s", descriptor.entries, 4, "41 c1 01 00");
    (void)heap_free(&heap, (void *)(POOL_ADDRESS + 4096));
    (void)heap_free(&heap, (void *)POOL_ADDRESS);
    seed_bytes("  table after both frees: %s", descriptor.entries, 4, "00 00 00 00");
    kfree(descriptor.entries);
    return OK;
}

static const uint8_t *table_of(const void *ptr)
{
    return kheap_descriptor.entries + (seed_low(ptr) - HEAP_ADDRESS) / HEAP_BLOCK_SIZE_BYTES;
}

/* kmalloc(50), kmalloc(5000), on the kernel's own heap. */
static int show_kmalloc(void)
{
    size_t free_before = heap_free_blocks(kheap_get());
    char *one = kmalloc(50);
    size_t free_after_one = heap_free_blocks(kheap_get());
    char *two = kmalloc(5000);
    size_t free_after_two = heap_free_blocks(kheap_get());

    if (one == NULL || two == NULL) {
        kfree(one);
        kfree(two);
        return -ENOMEM;
    }
    seed_number("kmalloc(50):   %u block", free_before - free_after_one, 1);
    seed_bytes("  its byte:    %s", table_of(one), 1, "41");
    seed_number("kmalloc(5000): %u blocks", free_after_one - free_after_two, 2);
    seed_bytes("  its bytes:   %s", table_of(two), 2, "c1 01");
    kfree(one);
    kfree(two);
    seed_bytes("kfree of both: %s", table_of(one), 1, "00");
    seed_bytes("               %s", table_of(two), 2, "00 00");
    seed_number("free blocks:   %u, as before", heap_free_blocks(kheap_get()), free_before);

    unsigned char *zeroed = kcalloc(5000);
    uint32_t sum = 0;
    if (zeroed == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < 5000; i++) {
        sum += zeroed[i];
    }
    seed_number("kcalloc(5000): the sum of its bytes is %u", sum, 0);
    kfree(zeroed);
    return OK;
}

static bool is_linear(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    paddr_t physical;

    return paging_get_physical_address(chunk, (const void *)address, &physical) == OK &&
           physical == address;
}

/* Paging: what is linear. */
static int show_directory(void)
{
    size_t pages = seed_free_frames();
    PageDirectory directory;

    page_init_directory(&directory, PAGE_PRESENT | PAGE_READ_WRITE);
    if (directory.directory == NULL) {
        return -ENOMEM;
    }
    struct paging_4gb_chunk *chunk = paging_find_chunk(directory.directory);
    uint32_t linear = 0, own = 0, kernels = 0;

    for (uint32_t i = 0; i < LARGE_PAGES; i++) {
        vaddr_t address = large_page_address(i) + PAGE_SIZE_BYTES;

        kernels += is_kernels_own(i);
        if (is_kernels_own(i)) {
            own += paging_get(chunk, (void *)address) ==
                   paging_get(paging_kernel_chunk(), (void *)address);
        } else if (is_linear(chunk, address) || is_linear(chunk, address + PAGE_SIZE_BYTES)) {
            linear++; /* one of two pages may be the guard page below a kernel stack */
        }
        if (i % ENTRIES_AT_ONCE == 0) {
            cpu_let_interrupts_in();
        }
    }
    seed_number("PageDirectory: %u entries", LARGE_PAGES, 1024);
    seed_number("  entry 2 starts at 0x%x", 2 * PAGING_4MIB_BYTES, 0x800000);
    seed_number("  every table: 1024 entries of %u bytes", PAGING_4MIB_BYTES / LARGE_PAGES, 4096);
    seed_number("  linear entries: %u", linear, 1024 - kernels);
    seed_number("  the kernel's window at 0xc0000000: %u", own, ARCH_BITS == 64 ? 0 : 64);
    page_free_directory(&directory);
    seed_number("  free frames afterwards: %u, as before", seed_free_frames(), pages);
    return OK;
}

/* The frame of the document if it is free, else any; kfree() gives it back. */
static char *take_demo_frame(void)
{
    size_t block = (DEMO_PHYSICAL - HEAP_ADDRESS) / HEAP_BLOCK_SIZE_BYTES;

    if (heap_malloc_at(kheap_get(), block, 1, (const void *)take_demo_frame) == OK) {
        return memset(page_memory(DEMO_PHYSICAL), 0, PAGE_SIZE_BYTES);
    }
    return kcalloc(4096);
}

/* The entry's low 12 bits, the highest first. */
static void write_flags(uint32_t entry, char text[FLAG_COLUMNS + 1])
{
    for (uint32_t bit = 0; bit < FLAG_COLUMNS; bit++) {
        text[FLAG_COLUMNS - 1 - bit] = entry >> bit & 1 ? '1' : '0';
    }
    text[FLAG_COLUMNS] = '\0';
}

static int show_paging(void)
{
    struct paging_4gb_chunk *before = paging_current();
    size_t pages = seed_free_frames();
    char at_virtual[9] = "", at_physical[9] = "", flags[FLAG_COLUMNS + 1];
    char line[LINE_BYTES], right[LINE_BYTES];
    PageDirectory kpage_dir;
    PageDirectory *ptr_kpage_dir = &kpage_dir;
    char *ptr_phy_addr = take_demo_frame();
    char *ptr_virt = (char *)DEMO_VIRTUAL;

    page_init_directory(&kpage_dir, PAGE_PRESENT | PAGE_READ_WRITE);
    if (ptr_phy_addr == NULL || kpage_dir.directory == NULL ||
        virt_address_map(ptr_kpage_dir->directory, (void *)0x2000,
                         seed_low(ptr_phy_addr) | PAGE_ACCESSED | PAGE_PRESENT | PAGE_READ_WRITE) <
            0) {
        kfree(ptr_phy_addr);
        page_free_directory(&kpage_dir);
        return -ENOMEM;
    }
    if (seed_low(ptr_phy_addr) != DEMO_PHYSICAL) {
        seed_printf("(The frame at 0x1802000 is %s: 0x%x does instead.)\n",
                    DEMO_PHYSICAL < HEAP_ADDRESS + kheap_descriptor.total * PAGE_SIZE_BYTES
                        ? "in use"
                        : "beyond this machine's pool",
                    (unsigned)seed_low(ptr_phy_addr));
    }
    page_switch(ptr_kpage_dir->directory);

    asm_do_sti();
    kprintf("Enable Interrupts...\n");
    ptr_virt[0] = 'A';
    ptr_virt[1] = 'W';
    ptr_virt[2] = 'E';
    ptr_virt[3] = 'S';
    ptr_virt[4] = 'O';
    ptr_virt[5] = 'M';
    ptr_virt[6] = 'E';
    ptr_virt[7] = '!';
    __asm__ volatile("" : : : "memory"); /* the compiler does not know that both are one place */
    memcpy(at_virtual, ptr_virt, 8);
    memcpy(at_physical, ptr_phy_addr, 8);
    paging_switch(before);

    kprintf("Initializing Virtual Memory Paging...\n");
    kprintf("Testing Paging...\n");
    paddr_t points_to = 0;
    (void)paging_get_physical_address(paging_find_chunk(kpage_dir.directory), ptr_virt, &points_to);
    seed_number("Virtual Address 0x2000 now points to Physical Address 0x%x...",
                (uint32_t)points_to, seed_low(ptr_phy_addr));
    (void)format_to_buffer(line, sizeof(line), "%s] == Physical 0x%x [%s", at_virtual,
                           (unsigned)seed_low(ptr_phy_addr), at_physical);
    (void)format_to_buffer(right, sizeof(right), "AWESOME!] == Physical 0x%x [AWESOME!",
                           (unsigned)seed_low(ptr_phy_addr));
    seed_text("Virtual 0x2000 [%s]", line, right);
    write_flags((uint32_t)paging_get(paging_find_chunk(kpage_dir.directory), ptr_virt), flags);
    seed_text("flags of the entry: %s (dirty, accessed, writeable, present)", flags,
              "000001100011");
    seed_number("a misaligned address is refused: %d",
                (uint32_t)virt_address_map(kpage_dir.directory, (void *)0x2001,
                                           seed_low(ptr_phy_addr) | PAGE_PRESENT),
                (uint32_t)-EINVARG);

    page_free_directory(&kpage_dir);
    kfree(ptr_phy_addr);
    seed_number("free frames afterwards: %u, as before", seed_free_frames(), pages);
    return OK;
}

static const seed_example_t examples[] = {show_places, show_first_blocks, show_kmalloc,
                                          show_directory, show_paging};
const struct seed_examples seed_icarius_examples = {examples, ARRAY_SIZE(examples)};
