/*
 * memory/paging/paging_print.c - an address in words: what lies there, and how the CPU gets there.
 *
 * Size before speed.
 */
#include "arch/trap.h"
#include "debug/printk.h"
#include "base/align.h"
#include "memory/paging/paging.h"

#define MIB_SHIFT 20

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

/* As many digits as a number of that type needs, so that columns are straight. */
#define DIGITS(number) (int)(2 * sizeof(number)), (unsigned long long)(number)

static void print_step(const struct paging_step *step)
{
    static const struct {
        uint32_t flag;
        const char *if_set, *if_clear;
    } words[] = {
        {PAGE_FLAG_PRESENT, " present", " not present"},
        {PAGE_FLAG_WRITEABLE, " writeable", " read-only"},
        {PAGE_FLAG_USER, " user", " supervisor"},
        {PAGE_FLAG_WRITE_THROUGH, " write-through", ""},
        {PAGE_FLAG_UNCACHED, " uncached", ""},
        {PAGE_FLAG_ACCESSED, " accessed", ""},
        {PAGE_FLAG_DIRTY, " dirty", ""},
        {PAGE_FLAG_GLOBAL, " global", ""},
        {PAGE_FLAG_EXECUTABLE, "", " never executed"},
    };
    uint32_t flags = page_entry_flags(step->entry);
    size_t count = flags & PAGE_FLAG_PRESENT ? ARRAY_SIZE(words) : 1;

    printk("  %s entry %u: %0*llx", page_level_name(step->level), step->index,
           DIGITS(step->entry.bits));
    for (size_t i = 0; i < count; i++) {
        printk("%s", flags & words[i].flag ? words[i].if_set : words[i].if_clear);
        if (words[i].flag == PAGE_FLAG_DIRTY && flags & PAGE_FLAG_LARGE && step->level > 0) {
            printk(" %uMiB", (unsigned)(page_level_bytes(step->level) >> MIB_SHIFT));
        }
    }
    printk("\n");
}

/* A page of the kernel's that is not there although all around it is. */
static bool is_guard_page(vaddr_t address)
{
    return ((address >= HEAP_ADDRESS && address < FRAME_ZONE_END) ||
            (address >= WINDOW_ADDRESS && address < WINDOW_END)) &&
           !paging_is_mapped(paging_current(), (void *)address);
}

static void print_walk(vaddr_t address)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    struct paging_step steps[PAGE_LEVELS];
    size_t i = ARRAY_SIZE(ranges) - 1;

    while ((vaddr_t)ranges[i].start > address) {
        i--;
    }
    printk("%0*llx: %s", DIGITS(address), ranges[i].what);
    if (!chunk) {
        printk("; paging is off\n");
        return;
    }
    printk("%s\n", is_guard_page(address) ? ", the guard page below a task's kernel stack" : "");

    size_t count = paging_walk(chunk, address, steps);

    for (i = 0; i < count; i++) {
        print_step(&steps[i]);
    }
}

void paging_report_fault(const struct trap_frame *frame)
{
    const struct paging_4gb_chunk *chunk = paging_current();
    struct page_fault fault;

    if (trap_is_double_fault(frame) && chunk) {
        printk("cr3 was %0*llx\n", DIGITS(page_physical(chunk->directory_entry)));
    }
    if (trap_get_page_fault(frame, &fault) || trap_is_double_fault(frame)) {
        print_walk(trap_last_fault_address());
    }
}
