/*
 * ranges.c - the x86_64 kernel's map; see ranges.h. Programs have their own half of it: a 64-bit
 * one has the addresses of src/process/address_map.h.
 */
#include "../ranges.h"

#include "layout.h"

const char no_address[] = "no address";

const struct range ranges[] = {
    {0, "NULL"},
    {PAGE_SIZE_BYTES, "unused"},
    {USER_PROGRAM_ADDRESS, "user program"},
    {USER64_AREAS_ADDRESS, "process heap"},
    {USER64_BREAK_ADDRESS, "process heap, break"},
    {USER64_HEAP_END, "unused"},
    {USER64_STACK_TOP - USER_STACK_BYTES_MAX, "user stack"},
    {USER64_STACK_TOP, "guard page"},
    {USER_END, no_address},
    {DIRECT_MAP, "low memory"},
    {DIRECT_MAP + KERNEL_PHYSICAL, "kernel image, as RAM"},
    {DIRECT_MAP + LOW_ZONE_PHYSICAL, "low zone"},
    {DIRECT_MAP + HEAP_ADDRESS, "kernel heap pool"},
    {DIRECT_MAP + FRAME_ZONE_ADDRESS, "frame zones"},
    {DIRECT_MAP + DIRECT_MAP_BYTES, "unused"},
    {VMALLOC_ADDRESS, "kernel byte heap"},
    {VMALLOC_END, "unused"},
    {MMIO_ADDRESS, "devices"},
    {KERNEL_BASE, "kernel"},
};
const size_t range_count = sizeof(ranges) / sizeof(ranges[0]);

const struct ram_range ram_range = {
    .start = DIRECT_MAP + LOW_ZONE_PHYSICAL,
    .end = DIRECT_MAP + DIRECT_MAP_BYTES,
    .physical = LOW_ZONE_PHYSICAL,
    .runs_end = DIRECT_MAP_BYTES,
};
