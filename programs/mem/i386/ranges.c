/*
 * ranges.c - the i386 kernel's map; see ranges.h.
 */
#include "../ranges.h"

#include "layout.h"

const char no_address[] = "no address";

const struct range ranges[] = {
    {0, "NULL"},
    {PAGE_SIZE_BYTES, "low memory"},
    {HEAP_TABLE_ADDRESS / PAGE_SIZE_BYTES * PAGE_SIZE_BYTES, "heap table and index"},
    {HEAP_TABLE_AREA_END, "BIOS, VGA, ROM"},
    {KERNEL_ADDRESS, "kernel"},
    {USER_STACK_GUARD, "guard page"},
    {USER_STACK_BOTTOM, "user stack"},
    {USER_STACK_TOP, "guard page"},
    {USER_PROGRAM_ADDRESS, "user program"},
    {HEAP_ADDRESS, "kernel heap pool"},
    {FRAME_ZONE_ADDRESS, "frame zone"},
    {PROCESS_HEAP_ADDRESS, "process heap"},
    {WINDOW_ADDRESS, "window: 4-16 MiB"},
    {WINDOW_END, "unused"},
    {VMALLOC_ADDRESS, "kernel byte heap"},
    {MMIO_ADDRESS, "devices"},
};
const size_t range_count = sizeof(ranges) / sizeof(ranges[0]);

const struct ram_range ram_range = {
    .start = HEAP_ADDRESS,
    .end = PROCESS_HEAP_ADDRESS,
    .physical = HEAP_ADDRESS,
    .runs_end = WINDOW_ADDRESS,
};
