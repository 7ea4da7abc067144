/*
 * addresses.c - where no 32-bit program has anything; see support.h.
 */
#include "../support.h"

const uintptr_t foreign_addresses[] = {
    0,
    1,
    PAGE_BYTES - 4,
    PAGE_BYTES - 1,
    BOOT_INFO_ADDRESS,
    BIOS_THUNK_ADDRESS,
    BOOT_SECTOR_ADDRESS - 1,
    BOOT_SECTOR_ADDRESS,
    HEAP_TABLE_ADDRESS,
    HEAP_TABLE_AREA_END - 1,
    HEAP_TABLE_AREA_END,
    0x9FFFF,
    0xA0000,
    VGA_TEXT_ADDRESS,
    KERNEL_ADDRESS - 1,
    KERNEL_ADDRESS,
    KERNEL_END_MAX - 1,
    USER_STACK_GUARD,
    USER_STACK_BOTTOM - 1,
    USER_STACK_TOP,
    USER_PROGRAM_ADDRESS - 1,
    USER_PROGRAM_END - 1,
    HEAP_ADDRESS,
    HEAP_END - 1,
    FRAME_ZONE_ADDRESS,
    FRAME_ZONE_END - 1,
    PROCESS_HEAP_END - 1,
    WINDOW_ADDRESS,
    WINDOW_END - 1,
    WINDOW_END,
    VMALLOC_ADDRESS,
    VMALLOC_END - 1,
    MMIO_ADDRESS,
    0xFEE00000,
    0xFFFFFFF0,
    0xFFFFFFFF,
};
const size_t foreign_address_count = COUNT_OF(foreign_addresses);
