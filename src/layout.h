/*
 * layout.h - every fixed address of the machine, once. Here is what both kernels share; the rest is
 * in arch/i386/layout_arch.h and arch/x86_64/layout_arch.h, which draw the linear addresses.
 * docs/memory-map.md draws all. Assembly gets these through build/.../asm_constants.inc.
 *
 * Physical memory. i386 sees it at the same linear addresses, but for 4 to 16 MiB, which its window
 * shows; x86_64 sees all of it from DIRECT_MAP on. C code finds it by page_memory().
 *
 *   0x00000000  IVT, BIOS data                      (not mapped under paging)
 *   0x00001000  boot info, real-mode thunk, scratch
 *   0x00007C00  boot sector (dead once the kernel runs)
 *   0x00007E00  heap table, then the heap's index   (to 0x0007FFFF)
 *   0x00080000  disk data from the BIOS, then the BIOS's own
 *   0x000A0000  VGA, ROM
 *   0x00100000  kernel: text, rodata, data, bss; behind it structs of frames, and frames
 *   0x00400000  the low zone: frames, up to 12 MiB
 *   0x01000000  kernel heap pool, up to 100 MiB
 *   0x07400000  frame zone: the RAM beyond the pool
 *
 * What a 32-bit program sees, on either kernel.
 *
 *   0x003FB000  user stack, 16 KiB, a guard page below and above
 *   0x00400000  user program, 12 MiB
 *   0x80000000  process heap: process_malloc()
 *   0xB0000000  process heap: the break, contiguous
 *   0xC0000000  here a larger user stack ends, with a guard page below
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#define PAGE_SIZE_BYTES 0x1000

/* Low memory, 0x1000 to 0x7BFF: the kernel's and the boot sector's notes. Physical. */
#define BOOT_INFO_ADDRESS       0x1000 /* struct boot_info, written by the boot sector */
#define BIOS_THUNK_ADDRESS      0x2000 /* the real-mode thunk runs here; one page */
#define BIOS_THUNK_DATA_ADDRESS 0x3000 /* what bios.c and the thunk pass to each other */
#define BIOS_THUNK_STACK_TOP    0x4000 /* real-mode stack, grows down towards that */
#define BIOS_BUFFER_ADDRESS     0x4000 /* scratch that BIOS calls read and write */
#define BIOS_BUFFER_BYTES       0x3000 /* to 0x6FFF */
#define BOOT_STACK_TOP          0x7C00 /* the boot sector's own stack, below its code */
#define BOOT_SECTOR_ADDRESS     0x7C00

/* Kernel heap: the byte table and its out-of-band index. Physical. */
#define HEAP_TABLE_ADDRESS  0x7E00
#define HEAP_TABLE_AREA_END 0x80000 /* first byte that is not the heap's */
#define HEAP_ADDRESS        0x01000000
#define HEAP_END            0x07400000 /* HEAP_ADDRESS + HEAP_SIZE_BYTES */

/* Buffer for disk data that comes through the BIOS. Physical. */
#define BIOS_DISK_BUFFER_ADDRESS 0x80000
#define BIOS_DISK_BUFFER_BYTES   0x8000

#define VGA_TEXT_ADDRESS 0xB8000 /* physical */

/* Kernel image. Where it is linked, KERNEL_ADDRESS to KERNEL_END_MAX, is the architecture's. */
#define KERNEL_PHYSICAL     0x100000
#define KERNEL_SECTORS_MAX  2047 /* LBA 1 to 2047: the gap before partition 1 */
#define UNPACK_MARGIN_BYTES 4096 /* at least so much .bss is there for the kernel's unpacking */

/* Other RAM that frames are taken from: below the pool, and from its end on to FRAME_ZONE_END; and
 * what the kernel leaves below USER_STACK_GUARD. */
#define LOW_ZONE_PHYSICAL  0x400000
#define LOW_ZONE_BYTES     0xC00000
#define FRAME_ZONE_ADDRESS 0x07400000

/* A 32-bit process's user memory. */
#define USER_STACK_GUARD      0x3FA000
#define USER_STACK_BOTTOM     0x3FB000
#define USER_STACK_TOP        0x3FF000
#define USER_STACK_BYTES      0x4000
#define USER_STACK_BYTES_MAX  0x1000000 /* what may be asked for; the larger end with the heap */
#define USER_PROGRAM_ADDRESS  0x400000
#define USER_PROGRAM_END      0x1000000
#define PROCESS_HEAP_ADDRESS  0x80000000
#define PROCESS_BREAK_ADDRESS 0xB0000000 /* the break starts here; process_malloc()'s last choice */
#define PROCESS_HEAP_END      0xC0000000

/* The boot disk (docs/boot.md). */
#define DISK_SIGNATURE_OFFSET  0x1B8 /* in LBA 0 */
#define PARTITION_TABLE_OFFSET 0x1BE
#define PARTITION_LBA          2048

/* The linker script has no types, and is told ARCH_BITS. */
#ifndef __ASSEMBLER__
#include "base/types.h"
#endif

#if ARCH_BITS == 64
#include "arch/x86_64/layout_arch.h"
#else
#include "arch/i386/layout_arch.h"
#endif

#ifndef __ASSEMBLER__
_Static_assert(USER_STACK_TOP - USER_STACK_BOTTOM == USER_STACK_BYTES, "user stack size");
_Static_assert(USER_STACK_GUARD + PAGE_SIZE_BYTES == USER_STACK_BOTTOM, "guard below the stack");
_Static_assert(USER_STACK_TOP + PAGE_SIZE_BYTES <= USER_PROGRAM_ADDRESS, "guard above the stack");
_Static_assert(KERNEL_PHYSICAL < LOW_ZONE_PHYSICAL, "kernel below the low zone");
_Static_assert(LOW_ZONE_PHYSICAL + LOW_ZONE_BYTES <= HEAP_ADDRESS, "low zone below the pool");
_Static_assert(HEAP_END <= FRAME_ZONE_ADDRESS, "pool below the frame zone");
_Static_assert(PROCESS_BREAK_ADDRESS < PROCESS_HEAP_END, "the break is in the process heap");
_Static_assert(HEAP_TABLE_AREA_END <= BIOS_DISK_BUFFER_ADDRESS, "heap table below the BIOS's data");
_Static_assert(BIOS_DISK_BUFFER_ADDRESS + BIOS_DISK_BUFFER_BYTES <= VGA_TEXT_ADDRESS, "and VGA");
_Static_assert(BIOS_BUFFER_ADDRESS + BIOS_BUFFER_BYTES <= BOOT_SECTOR_ADDRESS, "BIOS buffer");
#endif

#endif
