/*
 * arch/i386/page_table.c - turning paging on, and what the kernel's own map looks like:
 * docs/memory-map.md.
 *
 * Size before speed.
 */
#include "arch/page_table.h"

#include "arch/i386/gdt.h"
#include "arch/x86/cpu.h"
#include "arch/x86/features.h"
#include "base/align.h"
#include "layout.h"

#define KERNEL_READ_ONLY (PAGE_FLAG_PRESENT | PAGE_FLAG_GLOBAL | PAGE_FLAG_EXECUTABLE)
#define KERNEL_WRITEABLE (KERNEL_READ_ONLY | PAGE_FLAG_WRITEABLE)
#define KERNEL_DEVICES   (KERNEL_WRITEABLE | PAGE_FLAG_UNCACHED | PAGE_FLAG_WRITE_THROUGH)

/* kernel.ld */
extern uint8_t kernel_start[], kernel_rodata_end[], kernel_stack_guard[], kernel_end[];

/* Page 0 stays absent: NULL faults. So do the guard below the boot stack, the user stack and its
 * guards. */
static const struct page_range ranges[] = {
    {PAGE_SIZE_BYTES, (vaddr_t)kernel_start, PAGE_SIZE_BYTES, KERNEL_WRITEABLE, false},
    {(vaddr_t)kernel_start, (vaddr_t)kernel_rodata_end, (paddr_t)kernel_start, KERNEL_READ_ONLY,
     false},
    {(vaddr_t)kernel_rodata_end, (vaddr_t)kernel_stack_guard, (paddr_t)kernel_rodata_end,
     KERNEL_WRITEABLE, false},
    {(vaddr_t)kernel_stack_guard + PAGE_SIZE_BYTES, KERNEL_END_MAX,
     (paddr_t)kernel_stack_guard + PAGE_SIZE_BYTES, KERNEL_WRITEABLE, false},
    {HEAP_ADDRESS, FRAME_ZONE_END, HEAP_ADDRESS, KERNEL_WRITEABLE, false},
    {WINDOW_ADDRESS, WINDOW_END, WINDOW_PHYSICAL, KERNEL_WRITEABLE, false},
    {MMIO_ADDRESS, 0, MMIO_ADDRESS, KERNEL_DEVICES, false},
};

const struct page_range *page_kernel_ranges(size_t *count)
{
    *count = ARRAY_SIZE(ranges);
    return ranges;
}

/* layout.h's map. */
static const struct page_place places[] = {
    {0, "page 0, never mapped: NULL", false},
    {BOOT_INFO_ADDRESS, "low memory", false},
    {HEAP_TABLE_ADDRESS, "the heap's table and index", false},
    {HEAP_TABLE_AREA_END, "BIOS, VGA and ROM", false},
    {KERNEL_ADDRESS, "kernel text and constants: read-only", false},
    {(vaddr_t)kernel_rodata_end, "kernel data", false},
    {(vaddr_t)kernel_stack_guard, "the guard page below the boot stack", false},
    {(vaddr_t)kernel_stack_guard + PAGE_SIZE_BYTES, "boot stack, kernel data", false},
    {(vaddr_t)kernel_end, "behind the kernel: structs of frames, and frames", false},
    {USER_STACK_GUARD, "the guard page below the user stack", false},
    {USER_STACK_BOTTOM, "user stack", false},
    {USER_STACK_TOP, "the guard page above the user stack", false},
    {USER_PROGRAM_ADDRESS, "user program", false},
    {HEAP_ADDRESS, "kernel heap pool", false},
    {FRAME_ZONE_ADDRESS, "frame zone", false},
    {PROCESS_HEAP_ADDRESS, "process heap", false},
    {WINDOW_ADDRESS, "the kernel's window on RAM at 4 to 16 MiB", false},
    {WINDOW_END, "unused, behind the window", false},
    {VMALLOC_ADDRESS, "the kernel's byte heap", false},
    {KERNEL_STACKS_ADDRESS, "kernel stacks", true},
    {MMIO_ADDRESS, "devices", false},
};

const struct page_place *page_places(size_t *count)
{
    *count = ARRAY_SIZE(places);
    return places;
}

unsigned page_table_largest_level(void)
{
    return PAGE_LARGEST_LEVEL; /* cpu_features_initialise() has made sure of it */
}

/* Toggling PGE empties the TLB of global pages as well; without PGE there are none. */
void page_flush_all(void)
{
    uint32_t cr4 = cpu_read_cr4();

    cpu_write_cr4(cr4 & ~CR4_PGE);
    cpu_write_cr4(cr4);
    page_table_load(page_table_root());
}

void page_table_enable(paddr_t root)
{
    uint32_t cr4 = cpu_read_cr4() | CR4_PSE;

    gdt_set_double_fault_directory(root);
    cpu_write_cr4(cr4);
    page_table_load(root);
    cpu_write_cr0(cpu_read_cr0() | CR0_PG | CR0_WP);
    if (features_have_pge()) {
        cpu_write_cr4(cr4 | CR4_PGE); /* not before PG (SDM volume 3, section 2.5) */
    }
}
