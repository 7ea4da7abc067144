/*
 * tests/kernel/test_cpu.c - every protection that this CPU offers is on, and no bit is set that it
 * does not know. tests/system/test_usertests.py boots other CPUs for it.
 */
#include "arch/x86/bios.h"
#include "arch/x86/cpu.h"
#include "arch/x86/io.h"
#include "arch/irq.h"
#include "arch/timer.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/paging/paging.h"

#define LEAF_EXTENDED 7
#define EDX_MCE       0x00000080u
#define EBX_SMEP      0x00000080u
#define EBX_SMAP      0x00100000u
#define ECX_UMIP      0x00000004u

/* One stub serves all unused vectors; the interrupted code goes on. */
KTEST(cpu_interrupts_that_nobody_uses_are_ignored)
{
    uint32_t eax = 0x12345678;

    __asm__ volatile("int $0x30" : "+a"(eax));
    __asm__ volatile("int $0x7F" : "+a"(eax));
    __asm__ volatile("int $0x81" : "+a"(eax));
    __asm__ volatile("int $0xFF" : "+a"(eax));
    KEXPECT(eax == 0x12345678);
}

#define IRQ_CLOCK 8 /* the real-time clock's, the second controller's first */

static volatile uint32_t clock_interrupts;

static uint8_t clock_read(uint8_t index)
{
    outb(0x70, index);
    return inb(0x71);
}

static void clock_set_periodic(bool is_on)
{
    uint8_t b = clock_read(0x0B) & 0x8F; /* Motorola MC146818: register B, bit 6 */

    outb(0x70, 0x0B);
    outb(0x71, is_on ? b | 0x40 : b);
}

static void clock_interrupt(void)
{
    clock_read(0x0C); /* or there will be no other */
    clock_interrupts++;
}

/* Not only the first controller's interrupts have vectors of their own. */
KTEST(irq_of_the_second_controller_arrives)
{
    irq_register(IRQ_CLOCK, clock_interrupt);
    irq_enable(IRQ_CLOCK);
    clock_set_periodic(true);
    for (uint32_t start = timer_get_ticks();
         timer_get_ticks() - start < 500 && clock_interrupts < 3;) {
        cpu_wait_for_interrupt();
        cpu_interrupts_off();
    }
    clock_set_periodic(false);
    KEXPECT(clock_interrupts >= 3);
}

KTEST(cpu_protections)
{
    uint32_t max_leaf, eax, ebx = 0, ecx = 0, edx, leaf_1_edx;
    uintptr_t cr4 = cpu_read_cr4();

    cpu_id(1, 0, &eax, &ebx, &ecx, &leaf_1_edx);
    cpu_id(0, 0, &max_leaf, &ebx, &ecx, &edx);
    ebx = ecx = 0;
    if (max_leaf >= LEAF_EXTENDED) {
        cpu_id(LEAF_EXTENDED, 0, &eax, &ebx, &ecx, &edx);
    }
    KEXPECT(cpu_read_cr0() & CR0_PG);
    KEXPECT(cpu_read_cr0() & CR0_WP);
    KEXPECT(cpu_read_cr0() & CR0_AM);
    KEXPECT(!(cpu_read_cr0() & CR0_EM));
    KEXPECT(!!(cr4 & CR4_MCE) == !!(leaf_1_edx & EDX_MCE));
    KEXPECT(!!(cr4 & CR4_SMEP) == !!(ebx & EBX_SMEP));
    KEXPECT(!!(cr4 & CR4_SMAP) == !!(ebx & EBX_SMAP));
    KEXPECT(!!(cr4 & CR4_UMIP) == !!(ecx & ECX_UMIP));
}

/* The kernel itself never runs with AC set: SMAP would not hold it back. */
KTEST(cpu_flags_in_the_kernel)
{
    KEXPECT(!(cpu_read_flags() & (EFLAGS_AC | EFLAGS_DF | EFLAGS_IF)));
}

KTEST(cpu_has_no_local_table)
{
    uint32_t selector = 0xFFFF, local;
    bool is_valid;

    __asm__("sldt %0" : "=r"(selector));
    KEXPECT((selector & 0xFFFF) == 0);
    /* Selector 4 would be the first of a local table; VERR reports and does not fault. */
    local = 4;
    __asm__("verr %w1\n"
            "sete %0"
            : "=q"(is_valid)
            : "r"(local)
            : "cc");
    KEXPECT(!is_valid);
}

#define FREE_VECTOR 0x66 /* of real mode, for programs */

/* A BIOS that reports in which state it was called, and leaves another: what it finds is real mode
 * without paging and global pages, what the kernel finds afterwards is what it had. */
KTEST(cpu_real_mode_and_back)
{
    static const uint8_t bios[] = {
        0x0F, 0x20, 0xE0, /* mov eax, cr4 */
        0x0F, 0x20, 0xC2, /* mov edx, cr0 */
        0x66, 0x9C,       /* pushfd */
        0x66, 0x59,       /* pop ecx */
        0xFD,             /* std */
        0xCF,             /* iret */
    };
    void *window = (void *)PROCESS_HEAP_ADDRESS;
    uint32_t *vectors = window;
    uintptr_t cr0 = cpu_read_cr0(), cr4 = cpu_read_cr4();
    struct bios_registers registers = {.ebx = 0x11223344, .esi = 0x55667788, .es = 0x1234};

    memcpy(page_memory(BIOS_BUFFER_ADDRESS), bios, sizeof(bios));
    KEXPECT(paging_map(paging_current(), window, (void *)0, PAGING_IS_WRITEABLE) == 0);
    uint32_t old = vectors[FREE_VECTOR];
    vectors[FREE_VECTOR] = BIOS_BUFFER_ADDRESS;
    bios_call(FREE_VECTOR, &registers);
    vectors[FREE_VECTOR] = old;
    KEXPECT(paging_unmap(paging_current(), window) == 0);

    KEXPECT(!(registers.eax & (CR4_PGE | CR4_MCE)));
    KEXPECT(!(registers.edx & (CR0_PG | 1)));
    KEXPECT(!(registers.ecx & EFLAGS_IF)); /* as INT enters a handler */
    KEXPECT(registers.ebx == 0x11223344 && registers.esi == 0x55667788 && registers.es == 0x1234);
    KEXPECT(cpu_read_cr0() == cr0 && cpu_read_cr4() == cr4);
    KEXPECT(!(cpu_read_flags() & (EFLAGS_DF | EFLAGS_IF)));
}
