/*
 * arch/x86_64/gdt.c - the descriptor table, and the task state: in long mode only a list of stacks.
 *
 * A double fault (a fault while the CPU delivers a fault) usually means that the stack pointer is
 * in a guard page. So it has a stack of its own, and so have the traps that can come between
 * SYSCALL's first instruction and the change of stacks: NMI, machine check, debug exception.
 *
 * Size before speed.
 */
#include "arch/x86_64/gdt.h"

#include "arch/context.h"
#include "arch/x86/cpu.h"

/* Descriptors: SDM volume 3, figure 3-8. */
#define KERNEL_CODE_64 0x00AF9A000000FFFFul
#define KERNEL_CODE_32 0x00CF9A000000FFFFul
#define KERNEL_DATA    0x00CF92000000FFFFul
#define USER_CODE_32   0x00CFFA000000FFFFul
#define USER_CODE_64   0x00AFFA000000FFFFul
#define USER_DATA      0x00CFF2000000FFFFul
#define CODE_16        0x00009A000000FFFFul
#define DATA_16        0x000092000000FFFFul
#define TSS_AVAILABLE  0x0000890000000000ul

/* 64-bit task-state segment: SDM volume 3, figure 8-11. */
struct tss {
    uint32_t reserved_0;
    uint64_t rsp[3];
    uint64_t reserved_1;
    uint64_t ist[7];
    uint64_t reserved_2;
    uint16_t reserved_3;
    uint16_t io_bitmap_base;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "task-state segment");

#define MSR_FS_BASE 0xC0000100u

#define GDT_ENTRIES      12
#define TRAP_STACK_BYTES 4096

static struct {
    uint64_t entries[GDT_ENTRIES];
    struct tss tss;
} gdt __attribute__((aligned(16)));

static uint8_t trap_stacks[TRAP_STACKS][TRAP_STACK_BYTES] __attribute__((aligned(16)));

/* For assembly alone, and so not static: trap.asm takes this stack at SYSCALL (for other traps the
 * CPU takes the copy in the task state), and registers.inc loads the FS base of 64-bit programs
 * from the other. */
void *context_kernel_stack;
vaddr_t context_thread_pointer;

/* gdt.asm: loads GDTR, the segment registers and the task register. */
void gdt_load(const void *table, uint16_t limit);

static void set(unsigned selector, uint64_t descriptor)
{
    gdt.entries[selector / sizeof(descriptor)] = descriptor;
}

/* The descriptor of a segment that begins at base, of which there is room for 32 bits. */
static uint64_t based(uint64_t descriptor, vaddr_t base)
{
    return descriptor | (base & 0xFFFFFF) << 16 | (base >> 24 & 0xFF) << 56;
}

void gdt_reload(void)
{
    vaddr_t tss = (vaddr_t)&gdt.tss;

    set(TSS_SELECTOR, based(TSS_AVAILABLE | (sizeof(gdt.tss) - 1), tss)); /* a load marks it busy */
    set(TSS_SELECTOR + 8, tss >> 32);
    gdt_load(gdt.entries, sizeof(gdt.entries) - 1);
}

void cpu_initialise(void)
{
    set(KERNEL_CODE_SELECTOR, KERNEL_CODE_64);
    set(KERNEL_DATA_SELECTOR, KERNEL_DATA);
    set(USER_CODE_SELECTOR, USER_CODE_32);
    set(USER_DATA_SELECTOR, USER_DATA);
    set(USER_CODE_64_SELECTOR, USER_CODE_64);
    set(REAL_MODE_DATA_SELECTOR, DATA_16);
    set(REAL_MODE_CODE_SELECTOR, CODE_16);
    set(KERNEL_CODE_32_SELECTOR, KERNEL_CODE_32);
    set(USER_THREAD_SELECTOR, USER_DATA);

    /* Beyond the limit: no bitmap, so ring 3 (IOPL 0) may use no port at all. */
    gdt.tss.io_bitmap_base = sizeof(gdt.tss);
    for (unsigned i = 0; i < TRAP_STACKS; i++) {
        gdt.tss.ist[i] = (vaddr_t)(trap_stacks[i] + TRAP_STACK_BYTES);
    }
    gdt_reload();
}

void context_set_kernel_stack(void *top)
{
    gdt.tss.rsp[0] = (vaddr_t)top;
    context_kernel_stack = top;
}

void context_set_thread_pointer(vaddr_t address)
{
    set(USER_THREAD_SELECTOR, based(USER_DATA, address));
    context_thread_pointer = address;
    if ((cpu_read_fs() & ~3u) == 0) { /* as of 64-bit programs: at once */
        cpu_write_msr(MSR_FS_BASE, address);
    }
}

uint16_t context_thread_selector(void)
{
    return USER_THREAD_SELECTOR;
}
