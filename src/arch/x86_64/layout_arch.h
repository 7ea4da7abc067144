/*
 * arch/x86_64/layout_arch.h - linear addresses of the 64-bit kernel; layout.h includes it.
 *
 *   0x0000000000001000  the user's. A 32-bit program sees the addresses that layout.h has.
 *   0x0000000000400000  a 64-bit program
 *   0x0000100000000000  a 64-bit program's process heap: process_malloc()
 *   0x0000200000000000  the same: the break, contiguous
 *   0x00007FFFFFFFF000  the end of its stack, and a page that stays unmapped
 *   0x0000800000000000  non-canonical: no addresses
 *   0xFFFF800000000000  direct map: all RAM, and low memory, as they lie physically; 32 TiB
 *   0xFFFFA00000000000  the kernel's byte heap: vmalloc(), 64 GiB
 *   0xFFFFA01000000000  kernel stacks, 32 MiB
 *   0xFFFFC00000000000  MMIO
 *   0xFFFFFFFF80000000  the kernel: its image, as it lies physically, at 0xFFFFFFFF80100000
 */
#ifndef ARCH_X86_64_LAYOUT_ARCH_H
#define ARCH_X86_64_LAYOUT_ARCH_H

#define LARGE_PAGE_SIZE_BYTES 0x200000 /* what one entry of a page directory covers */

#define KERNEL_BASE    0xFFFFFFFF80000000 /* shows physical 0 on */
#define KERNEL_ADDRESS 0xFFFFFFFF80100000
#define KERNEL_END_MAX 0xFFFFFFFF80400000 /* the linker script asserts it */

/* What a program may have lies below USER_END. 64-bit programs: */
#define USER_END             0x0000800000000000
#define USER64_PROGRAM_END   USER64_AREAS_ADDRESS
#define USER64_AREAS_ADDRESS 0x0000100000000000 /* areas are given out from here on */
#define USER64_BREAK_ADDRESS 0x0000200000000000
#define USER64_HEAP_END      0x0000300000000000
#define USER64_STACK_TOP     0x00007FFFFFFFF000
#define USER64_STACK_BYTES   0x10000

/* A host test has its memory elsewhere: a process cannot have the kernel's addresses. */
#ifndef DIRECT_MAP
#define DIRECT_MAP 0xFFFF800000000000
#endif
#define DIRECT_MAP_BYTES 0x200000000000

/* Frames: all RAM. A zone may have holes; behind a large one a new zone begins. */
#define FRAME_ZONE_END      DIRECT_MAP_BYTES
#define FRAME_ZONES_MAX     16
#define BOOT_MAP_END        0x100000000 /* what the direct map shows before paging is set up */
#define LOW_ZONE_NAME       "low zone"
#define FRAME_ZONE_END_NAME "32 TiB" /* FRAME_ZONE_END in words */

#define VMALLOC_ADDRESS 0xFFFFA00000000000
#define VMALLOC_END     0xFFFFA01000000000

/* Kernel stacks, each over a page that is never mapped. */
#define KERNEL_STACKS_ADDRESS VMALLOC_END
#define KERNEL_STACKS_END     0xFFFFA01002000000
#define MMIO_ADDRESS          0xFFFFC00000000000

#ifndef __ASSEMBLER__
/* Where the kernel sees the byte at a physical address: low memory, or RAM that pmm or kmalloc()
 * manages. */
static inline void *page_memory(paddr_t physical)
{
    return (void *)(DIRECT_MAP + physical);
}

/* The physical address of kernel memory: a frame, a block of the pool, or a part of the kernel. */
static inline paddr_t page_physical(const void *memory)
{
    vaddr_t address = (vaddr_t)memory;

    if (__builtin_expect(address >= KERNEL_BASE, 0)) {
        return address - KERNEL_BASE;
    }
    return address - DIRECT_MAP;
}

_Static_assert(KERNEL_ADDRESS == KERNEL_BASE + KERNEL_PHYSICAL, "kernel image");
_Static_assert(KERNEL_END_MAX == KERNEL_BASE + LOW_ZONE_PHYSICAL, "kernel below the low zone");
_Static_assert(VMALLOC_ADDRESS % (1ul << 39) == 0 && KERNEL_STACKS_END <= MMIO_ADDRESS,
               "the byte heap begins an entry of the top-level table");
_Static_assert(HEAP_END <= BOOT_MAP_END, "the pool is seen from the start");
_Static_assert(USER64_STACK_TOP < USER_END,
               "no code in the last page: SYSRET to what follows faults");
#endif

#endif
