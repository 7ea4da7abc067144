/*
 * arch/i386/layout_arch.h - linear addresses of the 32-bit kernel; layout.h includes it.
 *
 *   0x00001000  low memory, VGA and ROM             as they lie physically
 *   0x00100000  kernel
 *   0x003FB000  user stack
 *   0x00400000  user program, 12 MiB
 *   0x01000000  kernel heap pool                    as it lies physically
 *   0x07400000  frame zone                          as it lies physically
 *   0x80000000  process heap
 *   0xC0000000  the kernel's window: physical 0x00400000 to 0x00FFFFFF, which the user program hides
 *   0xC1000000  the kernel's byte heap: vmalloc()
 *   0xCE000000  kernel stacks
 *   0xD0000000  MMIO
 */
#ifndef ARCH_I386_LAYOUT_ARCH_H
#define ARCH_I386_LAYOUT_ARCH_H

#define LARGE_PAGE_SIZE_BYTES 0x400000 /* what one page directory entry covers */

#define KERNEL_BASE    0 /* linked where it lies */
#define KERNEL_ADDRESS KERNEL_PHYSICAL
#define KERNEL_END_MAX 0x3FA000 /* the linker script asserts it */

/* What a program may have lies below. */
#define USER_END PROCESS_HEAP_END

/* It runs no 64-bit programs. The names are there so that code for both kernels can be compiled. */
#define USER64_PROGRAM_END   USER_PROGRAM_END
#define USER64_AREAS_ADDRESS PROCESS_HEAP_ADDRESS
#define USER64_BREAK_ADDRESS PROCESS_BREAK_ADDRESS
#define USER64_HEAP_END      PROCESS_HEAP_END
#define USER64_STACK_TOP     USER_STACK_TOP
#define USER64_STACK_BYTES   USER_STACK_BYTES

/* Frames: one zone, which ends where the process heap begins. */
#define FRAME_ZONE_END      0x80000000 /* RAM from here on is reported, not used */
#define FRAME_ZONES_MAX     1
#define BOOT_MAP_END        FRAME_ZONE_END /* without paging, all is seen */
#define LOW_ZONE_NAME       "window"
#define FRAME_ZONE_END_NAME "2 GiB" /* FRAME_ZONE_END in words */

/*
 * The kernel's window, to the end of the 4 GiB. Addresses 4 to 16 MiB are the user program's, so
 * the RAM that lies there physically is shown at the window's start. Devices are at their own
 * addresses.
 */
#define DIRECT_MAP      0 /* where physical 0 would be, were it mapped: the rest is identity */
#define WINDOW_ADDRESS  0xC0000000
#define WINDOW_END      0xC0C00000
#define WINDOW_PHYSICAL LOW_ZONE_PHYSICAL /* what WINDOW_ADDRESS shows */
#define WINDOW_BYTES    LOW_ZONE_BYTES
#define VMALLOC_ADDRESS 0xC1000000
#define VMALLOC_END     0xCE000000

/* Kernel stacks, each over a page that is never mapped. */
#define KERNEL_STACKS_ADDRESS VMALLOC_END
#define KERNEL_STACKS_END     0xD0000000
#define MMIO_ADDRESS          0xD0000000

#ifndef __ASSEMBLER__
/* Where the kernel sees the byte at a physical address: low memory, or RAM that pmm or kmalloc()
 * manages. */
static inline void *page_memory(paddr_t physical)
{
    return (void *)(physical - WINDOW_PHYSICAL < WINDOW_BYTES
                        ? physical + (WINDOW_ADDRESS - WINDOW_PHYSICAL)
                        : physical);
}

/* The physical address of kernel memory: a frame, a block of the pool, or a part of the kernel. */
static inline paddr_t page_physical(const void *memory)
{
    vaddr_t address = (vaddr_t)memory;

    return address - WINDOW_ADDRESS < WINDOW_BYTES ? address - (WINDOW_ADDRESS - WINDOW_PHYSICAL)
                                                   : address;
}

_Static_assert(KERNEL_END_MAX <= USER_STACK_GUARD, "kernel below the stack's guard page");
_Static_assert(USER_PROGRAM_END <= HEAP_ADDRESS, "program below the pool");
_Static_assert(FRAME_ZONE_END <= PROCESS_HEAP_ADDRESS, "frame zone below the process heap");
_Static_assert(PROCESS_HEAP_END <= WINDOW_ADDRESS, "process heap below the window");
_Static_assert(WINDOW_END - WINDOW_ADDRESS == WINDOW_BYTES, "window size");
_Static_assert(WINDOW_PHYSICAL == USER_PROGRAM_ADDRESS &&
                   WINDOW_PHYSICAL + WINDOW_BYTES == USER_PROGRAM_END,
               "it shows what the program hides");
_Static_assert(WINDOW_ADDRESS % LARGE_PAGE_SIZE_BYTES == 0 &&
                   WINDOW_PHYSICAL % LARGE_PAGE_SIZE_BYTES == 0 &&
                   WINDOW_BYTES % LARGE_PAGE_SIZE_BYTES == 0,
               "the window is of 4 MiB pages");
_Static_assert(WINDOW_END < VMALLOC_ADDRESS && VMALLOC_ADDRESS % LARGE_PAGE_SIZE_BYTES == 0,
               "a gap, then the byte heap, whose page tables are its own");
_Static_assert(VMALLOC_END % LARGE_PAGE_SIZE_BYTES == 0, "so are those of the stacks");
_Static_assert(KERNEL_STACKS_END <= MMIO_ADDRESS, "stacks below MMIO");
#endif

#endif
