/*
 * arch/i386/gdt.c - the descriptor table, the TSS for ring changes, and the task that takes over
 * when even the kernel's stack is gone.
 *
 * A double fault (a fault while the CPU delivers a fault) usually means that the stack pointer is
 * in a guard page. An ordinary gate would push onto that same stack and reset the machine, so
 * vector 8 is a task gate: the CPU saves all registers in the TSS it leaves, takes a fresh set,
 * stack included, from the other one, and the report can be printed.
 *
 * What the CPU does not save is CR3, and the report's FS and GS are the task's own.
 *
 * Size before speed.
 */
#include "arch/i386/gdt.h"

#include "arch/context.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "debug/panic.h"
#include "layout.h"

/* Segment descriptor: SDM volume 3, figure 3-8. */
struct gdt_entry {
    uint16_t limit_low;
    uint16_t base_low;
    uint8_t base_middle;
    uint8_t access;
    uint8_t limit_high_and_flags;
    uint8_t base_high;
} __attribute__((packed));

#define ACCESS_KERNEL_CODE 0x9A
#define ACCESS_KERNEL_DATA 0x92
#define ACCESS_USER_CODE   0xFA
#define ACCESS_USER_DATA   0xF2
#define ACCESS_TSS         0x89
#define ACCESS_TSS_BUSY    0x8B /* LTR and task switches make a TSS busy */
#define FLAGS_4KIB_32BIT   0xC
#define FLAGS_BYTE_16BIT   0x0

/* 32-bit task-state segment: SDM volume 3, figure 8-2. */
struct tss {
    uint32_t previous_task;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs;
    uint32_t ldt;
    uint16_t trap;
    uint16_t io_bitmap_base;
} __attribute__((packed));

_Static_assert(sizeof(struct gdt_entry) == 8, "segment descriptor");
_Static_assert(sizeof(struct tss) == 104, "task-state segment");

#define GDT_ENTRIES              10
#define DOUBLE_FAULT_STACK_BYTES 4096

static struct {
    struct gdt_entry entries[GDT_ENTRIES];
    struct tss tss;
    struct tss double_fault_tss;
} gdt __attribute__((aligned(8)));

static uint8_t double_fault_stack[DOUBLE_FAULT_STACK_BYTES] __attribute__((aligned(16)));

/* gdt.asm: loads GDTR and every segment register, then the task register. */
void gdt_load(const void *table, uint32_t limit);

static struct gdt_entry *entry_of(unsigned selector)
{
    return &gdt.entries[selector / sizeof(struct gdt_entry)];
}

static void gdt_set(unsigned selector, uint32_t base, uint32_t limit, uint8_t access, uint8_t flags)
{
    *entry_of(selector) = (struct gdt_entry){
        .limit_low = (uint16_t)limit,
        .base_low = (uint16_t)base,
        .base_middle = (uint8_t)(base >> 16),
        .access = access,
        .limit_high_and_flags = (uint8_t)((limit >> 16 & 0x0F) | flags << 4),
        .base_high = (uint8_t)(base >> 24),
    };
}

static void __attribute__((noreturn)) double_fault_main(void)
{
    const struct tss *tss = &gdt.tss;
    uint32_t cr2 = cpu_read_cr2();
    /* As trap.asm would have built it, had there been a stack. */
    struct trap_frame frame = {
        .es = tss->es,
        .ds = tss->ds,
        .edi = tss->edi,
        .esi = tss->esi,
        .ebp = tss->ebp,
        .ebx = tss->ebx,
        .edx = tss->edx,
        .ecx = tss->ecx,
        .eax = tss->eax,
        .vector = TRAP_DOUBLE_FAULT,
        .eip = tss->eip,
        .cs = tss->cs,
        .eflags = tss->eflags,
        .esp = tss->esp,
        .ss = tss->ss,
    };
    frame.esp_at_pushad = tss->esp - frame_stack_pointer(&frame);

    if (tss->esp - cr2 < PAGE_SIZE_BYTES || cr2 - tss->esp < PAGE_SIZE_BYTES) {
        panic_at(&frame, "double fault: the kernel stack overflowed into its guard page");
    }
    panic_at(&frame, "double fault at " PC_NAME " " ADDRESS_FORMAT, frame.eip);
}

void cpu_initialise(void)
{
    gdt_set(KERNEL_CODE_SELECTOR, 0, 0xFFFFF, ACCESS_KERNEL_CODE, FLAGS_4KIB_32BIT);
    gdt_set(KERNEL_DATA_SELECTOR, 0, 0xFFFFF, ACCESS_KERNEL_DATA, FLAGS_4KIB_32BIT);
    gdt_set(USER_CODE_SELECTOR, 0, 0xFFFFF, ACCESS_USER_CODE, FLAGS_4KIB_32BIT);
    gdt_set(USER_DATA_SELECTOR, 0, 0xFFFFF, ACCESS_USER_DATA, FLAGS_4KIB_32BIT);
    gdt_set(TSS_SELECTOR, (uint32_t)&gdt.tss, sizeof(gdt.tss) - 1, ACCESS_TSS, 0);
    gdt_set(DOUBLE_FAULT_TSS_SELECTOR, (uint32_t)&gdt.double_fault_tss,
            sizeof(gdt.double_fault_tss) - 1, ACCESS_TSS, 0);
    gdt_set(REAL_MODE_CODE_SELECTOR, 0, 0xFFFF, ACCESS_KERNEL_CODE, FLAGS_BYTE_16BIT);
    gdt_set(REAL_MODE_DATA_SELECTOR, 0, 0xFFFF, ACCESS_KERNEL_DATA, FLAGS_BYTE_16BIT);
    context_set_thread_pointer(0);

    gdt.tss.ss0 = KERNEL_DATA_SELECTOR;
    /* Beyond the limit: no bitmap, so ring 3 (IOPL 0) may use no port at all. */
    gdt.tss.io_bitmap_base = sizeof(gdt.tss);

    gdt.double_fault_tss = (struct tss){
        .eip = (uint32_t)double_fault_main,
        .esp = (uint32_t)double_fault_stack + sizeof(double_fault_stack),
        .eflags = 0x2, /* interrupts off; bit 1 is always set */
        .cs = KERNEL_CODE_SELECTOR,
        .ds = KERNEL_DATA_SELECTOR,
        .es = KERNEL_DATA_SELECTOR,
        .fs = KERNEL_DATA_SELECTOR,
        .gs = KERNEL_DATA_SELECTOR,
        .ss = KERNEL_DATA_SELECTOR,
        .io_bitmap_base = sizeof(struct tss),
    };

    gdt_load(gdt.entries, sizeof(gdt.entries) - 1);
}

bool gdt_has_double_fault_task(void)
{
    return entry_of(TSS_SELECTOR)->access == ACCESS_TSS_BUSY &&
           entry_of(DOUBLE_FAULT_TSS_SELECTOR)->access == ACCESS_TSS;
}

void context_set_kernel_stack(void *top)
{
    gdt.tss.esp0 = (uint32_t)top;
}

void context_set_thread_pointer(vaddr_t address)
{
    gdt_set(USER_THREAD_SELECTOR, address, 0xFFFFF, ACCESS_USER_DATA, FLAGS_4KIB_32BIT);
}

uint16_t context_thread_selector(void)
{
    return USER_THREAD_SELECTOR;
}

void gdt_set_double_fault_directory(uint32_t directory)
{
    gdt.double_fault_tss.cr3 = directory;
    /* What the CPU reloads nowhere else: the outgoing TSS's CR3 field is read, never written. */
    gdt.tss.cr3 = directory;
}
