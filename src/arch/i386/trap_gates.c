/*
 * arch/i386/trap_gates.c - the interrupt descriptor table.
 *
 * A double fault goes by a task gate, or, on machines without hardware tasks, by a gate like all
 * others. Then it is a plain panic as long as the stack is good; a stack that has overflowed resets
 * the machine, as the CPU has nowhere to push to.
 *
 * Size before speed.
 */
#include "arch/i386/gdt.h"
#include "arch/x86/trap.h"
#include "debug/printk.h"

/* Interrupt and task gates: SDM volume 3, figure 6-2. */
struct idt_entry {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t zero;
    uint8_t type;
    uint16_t offset_high;
} __attribute__((packed));

#define GATE_INTERRUPT_KERNEL 0x8E /* present, DPL 0, 32-bit interrupt gate */
#define GATE_INTERRUPT_USER   0xEE /* the same, DPL 3 */
#define GATE_TASK             0x85 /* present, DPL 0, task gate */

/* trap.asm */
void trap_load_idt(const void *table, uint32_t limit);

static struct idt_entry idt[TRAP_VECTORS] __attribute__((aligned(8)));

static void set_gate(unsigned vector, vaddr_t offset, uint16_t selector, uint8_t type)
{
    idt[vector] = (struct idt_entry){
        .offset_low = (uint16_t)offset,
        .selector = selector,
        .type = type,
        .offset_high = (uint16_t)(offset >> 16),
    };
}

void trap_load_gates(void)
{
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        set_gate(vector, trap_stub_of(vector), KERNEL_CODE_SELECTOR,
                 trap_is_for_users(vector) ? GATE_INTERRUPT_USER : GATE_INTERRUPT_KERNEL);
    }
    if (gdt_has_double_fault_task()) {
        set_gate(TRAP_DOUBLE_FAULT, 0, DOUBLE_FAULT_TSS_SELECTOR, GATE_TASK);
    } else {
        printk("No hardware tasks: if a kernel stack overflows, the machine resets.\n");
    }
    trap_load_idt(idt, sizeof(idt) - 1);
}
