/*
 * debug/machine.c - see machine.h.
 */
#include "debug/machine.h"

#include "arch/x86/cpu.h"
#include "arch/x86/io.h"
#include "debug/printk.h"

/* QEMU's `-device isa-debug-exit,iobase=0xf4,iosize=0x04`. Nothing answers there elsewhere. */
#define DEBUG_EXIT_PORT 0xF4

/*
 * QEMU 10 ends a moment after the write, and the CPU runs on until then. Reads of a port that means nothing
 * (0x80: the BIOS's progress codes) give it that moment: about a microsecond each on a PC.
 */
#define IDLE_PORT      0x80
#define EXIT_READS_MAX 1000000

void machine_exit(uint8_t value)
{
    cpu_interrupts_off();
    outb(DEBUG_EXIT_PORT, value);
    for (uint32_t i = 0; i < EXIT_READS_MAX; i++) {
        (void)inb(IDLE_PORT);
    }
    printk("No isa-debug-exit device: the machine is halted; it can be switched off.\n");
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
