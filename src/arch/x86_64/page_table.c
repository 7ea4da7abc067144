/*
 * arch/x86_64/page_table.c - changing to the kernel's own tables, and what its map looks like.
 *
 * The kernel is there twice: where it is linked, text executable, all else not; and in the direct
 * map of RAM, where nothing is executable, with text and constants read-only there, too.
 *
 * Size before speed.
 */
#include "arch/page_table.h"

#include "arch/x86/cpu.h"
#include "base/align.h"
#include "layout.h"

#define READ_ONLY  (PAGE_FLAG_PRESENT | PAGE_FLAG_GLOBAL)
#define WRITEABLE  (READ_ONLY | PAGE_FLAG_WRITEABLE)
#define EXECUTABLE (READ_ONLY | PAGE_FLAG_EXECUTABLE)

/* What the root's last entry but those above covers is plenty for devices. */
#define MMIO_BYTES ((vaddr_t)1 << 39)

/* CPUID (SDM volume 2). */
#define CPUID_EXTENDED_MAX      0x80000000u
#define CPUID_EXTENDED_FEATURES 0x80000001u
#define CPUID_1GIB_PAGES        0x04000000u /* EDX */

/* kernel.ld: all are multiples of a page. */
extern uint8_t kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_stack_guard[],
    kernel_end[];

/* A symbol of the kernel: physically, and in the direct map. */
#define PHYSICAL(symbol) ((paddr_t)(symbol)-KERNEL_BASE)
#define DIRECT(symbol)   ((vaddr_t)(symbol)-KERNEL_BASE + DIRECT_MAP)

/* Page 0 is not RAM to anybody. The guard below the boot stack is absent where the stack is
 * used. */
static const struct page_range ranges[] = {
    {(vaddr_t)kernel_start, (vaddr_t)kernel_text_end, PHYSICAL(kernel_start), EXECUTABLE, false},
    {(vaddr_t)kernel_text_end, (vaddr_t)kernel_rodata_end, PHYSICAL(kernel_text_end), READ_ONLY,
     false},
    {(vaddr_t)kernel_rodata_end, (vaddr_t)kernel_stack_guard, PHYSICAL(kernel_rodata_end),
     WRITEABLE, false},
    {(vaddr_t)kernel_stack_guard + PAGE_SIZE_BYTES, (vaddr_t)kernel_end,
     PHYSICAL(kernel_stack_guard) + PAGE_SIZE_BYTES, WRITEABLE, false},
    {DIRECT_MAP + PAGE_SIZE_BYTES, DIRECT(kernel_start), PAGE_SIZE_BYTES, WRITEABLE, false},
    {DIRECT(kernel_start), DIRECT(kernel_rodata_end), PHYSICAL(kernel_start), READ_ONLY, false},
    {DIRECT(kernel_rodata_end), DIRECT_MAP + DIRECT_MAP_BYTES, PHYSICAL(kernel_rodata_end),
     WRITEABLE, true},
    {VMALLOC_ADDRESS, KERNEL_STACKS_END, 0, 0, false},
    {MMIO_ADDRESS, MMIO_ADDRESS + MMIO_BYTES, 0, 0, false},
};

const struct page_range *page_kernel_ranges(size_t *count)
{
    *count = ARRAY_SIZE(ranges);
    return ranges;
}

/* layout.h's map. */
static const struct page_place places[] = {
    {0, "page 0, never mapped: NULL", false},
    {PAGE_SIZE_BYTES, "user memory", false},
    {USER_STACK_GUARD, "the guard page below a 32-bit program's stack", false},
    {USER_STACK_BOTTOM, "a 32-bit program's stack, or user memory", false},
    {USER_STACK_TOP, "the guard page above a 32-bit program's stack", false},
    {USER_PROGRAM_ADDRESS, "user program", false},
    {USER_PROGRAM_END, "user memory", false},
    {PROCESS_HEAP_ADDRESS, "process heap", false},
    {PROCESS_HEAP_END, "user memory", false},
    {USER64_AREAS_ADDRESS, "a 64-bit program's process heap", false},
    {USER64_HEAP_END, "user memory", false},
    {USER64_STACK_TOP - USER_STACK_BYTES_MAX, "a 64-bit program's stack", false},
    {USER64_STACK_TOP, "the guard page above a 64-bit program's stack", false},
    {USER_END, "no address: bits 63 to 47 differ", false},
    {DIRECT_MAP, "low memory", false},
    {DIRECT_MAP + HEAP_TABLE_ADDRESS, "the heap's table and index", false},
    {DIRECT_MAP + HEAP_TABLE_AREA_END, "BIOS, VGA and ROM", false},
    {DIRECT_MAP + KERNEL_PHYSICAL, "the kernel, in the direct map of RAM", false},
    {DIRECT_MAP + LOW_ZONE_PHYSICAL, "low zone", false},
    {DIRECT_MAP + HEAP_ADDRESS, "kernel heap pool", false},
    {DIRECT_MAP + FRAME_ZONE_ADDRESS, "frame zones", false},
    {DIRECT_MAP + DIRECT_MAP_BYTES, "unused, behind the direct map", false},
    {VMALLOC_ADDRESS, "the kernel's byte heap", false},
    {KERNEL_STACKS_ADDRESS, "kernel stacks", true},
    {KERNEL_STACKS_END, "unused, behind the kernel stacks", false},
    {MMIO_ADDRESS, "devices", false},
    {MMIO_ADDRESS + MMIO_BYTES, "unused, behind the devices", false},
    {KERNEL_ADDRESS, "kernel text: read-only", false},
    {(vaddr_t)kernel_text_end, "kernel constants: read-only", false},
    {(vaddr_t)kernel_rodata_end, "kernel data", false},
    {(vaddr_t)kernel_stack_guard, "the guard page below the boot stack", false},
    {(vaddr_t)kernel_stack_guard + PAGE_SIZE_BYTES, "boot stack, kernel data", false},
    {(vaddr_t)kernel_end, "unused, behind the kernel", false},
};

const struct page_place *page_places(size_t *count)
{
    *count = ARRAY_SIZE(places);
    return places;
}

unsigned page_table_largest_level(void)
{
    uint32_t max, eax, ebx, ecx, edx;

    cpu_id(CPUID_EXTENDED_MAX, 0, &max, &ebx, &ecx, &edx);
    if (max < CPUID_EXTENDED_FEATURES) {
        return 1;
    }
    cpu_id(CPUID_EXTENDED_FEATURES, 0, &eax, &ebx, &ecx, &edx);
    return edx & CPUID_1GIB_PAGES ? 2 : 1;
}

/* Toggling PGE empties the TLB of global pages as well. */
void page_flush_all(void)
{
    uintptr_t cr4 = cpu_read_cr4();

    cpu_write_cr4(cr4 & ~(uintptr_t)CR4_PGE);
    cpu_write_cr4(cr4 | CR4_PGE);
}

/* Paging has been on since long mode; what boot has mapped goes. */
void page_table_enable(paddr_t root)
{
    cpu_write_cr4(cpu_read_cr4() & ~(uintptr_t)CR4_PGE);
    page_table_load(root);
    cpu_write_cr4(cpu_read_cr4() | CR4_PGE);
    cpu_write_cr0(cpu_read_cr0() | CR0_WP);
}
