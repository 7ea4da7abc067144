/*
 * debug/machine.c - see machine.h.
 */
#include "debug/machine.h"

#include "arch/x86/cpu.h"
#include "arch/x86/io.h"
#include "debug/printk.h"

/* QEMU's `-device isa-debug-exit,iobase=0xf4,iosize=0x04`. Nothing answers there elsewhere. */
#define DEBUG_EXIT_PORT 0xF4

void machine_exit(uint8_t value)
{
    cpu_interrupts_off();
    outb(DEBUG_EXIT_PORT, value);
    printk("The machine can be switched off now. (No isa-debug-exit device: it is halted.)\n");
    machine_halt();
}

void machine_halt(void)
{
    /* A loop, as NMIs and SMIs end a hlt. */
    for (;;) {
        cpu_interrupts_off();
        __asm__ volatile("hlt");
    }
}
