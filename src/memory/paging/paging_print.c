/*
 * memory/paging/paging_print.c - an address in words: what lies there, and how the CPU gets there.
 *
 * Size before speed.
 */
#include "arch/trap.h"
#include "debug/printk.h"
#include "base/align.h"
#include "memory/paging/paging.h"

/* kernel.ld */
extern uint8_t kernel_rodata_end[], kernel_stack_guard[], kernel_end[];

/* layout.h's map: what begins at start and ends where the next line begins. */
static const struct {
    const void *start;
    const char *what;
} ranges[] = {
    {(void *)0, "page 0, never mapped: NULL"},
    {(void *)BOOT_INFO_ADDRESS, "low memory"},
    {(void *)HEAP_TABLE_ADDRESS, "the heap's table and index"},
    {(void *)HEAP_TABLE_AREA_END, "BIOS, VGA and ROM"},
    {(void *)KERNEL_ADDRESS, "kernel text and constants: read-only"},
    {kernel_rodata_end, "kernel data"},
    {kernel_stack_guard, "the guard page below the boot stack"},
    {kernel_stack_guard + PAGE_SIZE_BYTES, "boot stack, kernel data"},
    {kernel_end, "unused, behind the kernel"},
    {(void *)USER_STACK_GUARD, "the guard page below the user stack"},
    {(void *)USER_STACK_BOTTOM, "user stack"},
    {(void *)USER_STACK_TOP, "the guard page above the user stack"},
    {(void *)USER_PROGRAM_ADDRESS, "user program"},
    {(void *)HEAP_ADDRESS, "kernel heap pool"},
    {(void *)FRAME_ZONE_ADDRESS, "frame zone"},
    {(void *)PROCESS_HEAP_ADDRESS, "process heap"},
    {(void *)WINDOW_ADDRESS, "the kernel's window on RAM at 4 to 16 MiB"},
    {(void *)WINDOW_END, "unused, behind the window"},
    {(void *)VMALLOC_ADDRESS, "the kernel's byte heap"},
    {(void *)MMIO_ADDRESS, "devices"},
};

static bool is_table(uint32_t entry)
{
    return (entry & (PAGING_IS_PRESENT | PAGING_LARGE_PAGE)) == PAGING_IS_PRESENT;
}

static void print_entry(const char *what, uint32_t index, uint32_t entry)
{
    static const struct {
        uint32_t flag;
        const char *if_set, *if_clear;
    } words[] = {
        {PAGING_IS_PRESENT, " present", " not present"},
        {PAGING_IS_WRITEABLE, " writeable", " read-only"},
        {PAGING_ACCESS_FROM_ALL, " user", " supervisor"},
        {PAGING_WRITE_THROUGH, " write-through", ""},
        {PAGING_CACHE_DISABLED, " uncached", ""},
        {PAGING_ACCESSED, " accessed", ""},
        {PAGING_DIRTY, " dirty", ""},
        {PAGING_LARGE_PAGE, " 4MiB", ""},
        {PAGING_GLOBAL, " global", ""},
    };
    size_t count = entry & PAGING_IS_PRESENT ? ARRAY_SIZE(words) : 1;

    printk("  %s entry %u: %08x", what, index, entry);
    for (size_t i = 0; i < count; i++) {
        printk("%s", entry & words[i].flag ? words[i].if_set : words[i].if_clear);
    }
    printk("\n");
}

static void print_walk(vaddr_t address)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    size_t i = ARRAY_SIZE(ranges) - 1;

    while ((vaddr_t)ranges[i].start > address) {
        i--;
    }
    printk("%08x: %s", address, ranges[i].what);
    if (!chunk) {
        printk("; paging is off\n");
        return;
    }

    uint32_t index = address / LARGE_PAGE_SIZE_BYTES;
    uint32_t entry = chunk->directory_entry[index];
    bool is_hole = ((address >= HEAP_ADDRESS && address < FRAME_ZONE_END) ||
                    (address >= WINDOW_ADDRESS && address < WINDOW_END)) &&
                   !paging_is_mapped(chunk, (void *)address);
    printk("%s\n", is_hole ? ", the guard page below a task's kernel stack" : "");
    print_entry("directory", index, entry);
    if (is_table(entry)) {
        print_entry("table", address / PAGE_SIZE_BYTES % PAGING_TOTAL_ENTRIES_PER_TABLE,
                    paging_get(chunk, (void *)address));
    }
}

void paging_report_fault(const struct trap_frame *frame)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    struct page_fault fault;

    if (trap_is_double_fault(frame) && chunk) {
        printk("cr3 was %08x\n", page_physical(chunk->directory_entry));
    }
    if (trap_get_page_fault(frame, &fault) || trap_is_double_fault(frame)) {
        print_walk(trap_last_fault_address());
    }
}
