/*
 * arch/x86/pit_ports.h - the programmable interval timer's ports and command bytes (Intel 8254 data
 * sheet, "control word format"): channel (bits 7-6), low byte then high byte (5-4), mode (3-1),
 * binary (0).
 */
#ifndef ARCH_X86_PIT_PORTS_H
#define ARCH_X86_PIT_PORTS_H

#define PIT_CHANNEL_0 0x40
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43

#define PIT_RATE_GENERATOR 0x34 /* channel 0, mode 2 */
#define PIT_SQUARE_WAVE    0xB6 /* channel 2, mode 3 */

#define PIT_INPUT_HZ 1193182u

#endif
