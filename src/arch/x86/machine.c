/*
 * arch/x86/machine.c - see machine.h.
 *
 * Size before speed.
 */
#include "arch/machine.h"

#include "arch/speaker.h"
#include "arch/x86/cpu.h"
#include "arch/x86/io.h"
#include "debug/printk.h"

/* QEMU's `-device isa-debug-exit,iobase=0xf4,iosize=0x04`. Nothing answers there elsewhere. */
#define DEBUG_EXIT_PORT 0xF4

/* The keyboard controller's status, and its command that pulses the CPU's reset line (IBM PC/AT
 * Technical Reference, "8042": output port bit 0). */
#define KEYBOARD_STATUS_PORT  0x64
#define KEYBOARD_COMMAND_PORT 0x64
#define KEYBOARD_IS_FULL      0x02
#define KEYBOARD_PULSE_RESET  0xFE
#define KEYBOARD_TURNS        20000 /* a port access takes about 1 us */

/* The chipset's reset control register (Intel ICH and PIIX3 data sheets, "RST_CNT"): bit 1 chooses
 * the hard reset, and bit 2 going from 0 to 1 starts it. */
#define RESET_PORT  0xCF9
#define RESET_HARD  0x02
#define RESET_START 0x04

/* Reads of a port that means nothing (0x80: the BIOS's progress codes) to wait by: about a
 * microsecond each on a PC. QEMU 10 ends a moment after the write to its device, and a reset is on
 * its way as well; the CPU runs on until then. */
#define IDLE_PORT   0x80
#define EXIT_TURNS  1000000
#define RESET_TURNS 100000

static void wait(unsigned turns)
{
    while (turns-- > 0) {
        (void)inb(IDLE_PORT);
    }
}

void machine_exit(uint8_t value)
{
    cpu_interrupts_off();
    outb(DEBUG_EXIT_PORT, value);
    wait(EXIT_TURNS);
    printk("The machine can be switched off now. (No isa-debug-exit device: it is halted.)\n");
    machine_halt();
}

void machine_restart(void)
{
    static const struct {
        uint16_t limit;
        uint32_t address;
    } __attribute__((packed)) no_handlers = {0, 0};

    cpu_interrupts_off();
    for (unsigned i = 0; i < KEYBOARD_TURNS && inb(KEYBOARD_STATUS_PORT) & KEYBOARD_IS_FULL; i++) {
    }
    outb(KEYBOARD_COMMAND_PORT, KEYBOARD_PULSE_RESET);
    wait(RESET_TURNS);
    outb(RESET_PORT, RESET_HARD);
    outb(RESET_PORT, RESET_HARD | RESET_START);
    wait(RESET_TURNS);
    /* An exception without handlers is a double fault, and that without handlers a shutdown, which
     * every PC answers with a reset (Intel SDM volume 3, section 6.15, interrupt 8). */
    __asm__ volatile("lidt %0; int3" : : "m"(no_handlers));
    machine_halt();
}

void machine_halt(void)
{
    speaker_stop(); /* a beep would never end now */
    /* A loop, as NMIs and SMIs end a hlt. */
    for (;;) {
        cpu_interrupts_off();
        __asm__ volatile("hlt");
    }
}
