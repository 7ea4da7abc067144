/*
 * arch/machine.h - how the machine ends.
 */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include <stdint.h>

/* Written to QEMU's isa-debug-exit device at port 0xF4; QEMU ends with (value << 1) | 1. */
#define MACHINE_EXIT_SUCCESS 0x10 /* init exited with status 0: QEMU's status 33 */
#define MACHINE_EXIT_FAILURE 0x11 /* another status: 35 */
#define MACHINE_EXIT_PANIC   0x12 /* 37 */

/* Leaves QEMU; where that device does not exist, prints a line that says so and halts. */
void machine_exit(uint8_t value) __attribute__((noreturn));

/* Restarts the machine, as its reset button would: by the keyboard controller, by the chipset's
 * reset register, or by a triple fault: the first that works. */
void machine_restart(void) __attribute__((noreturn));

/* Interrupts off and hlt, for ever. */
void machine_halt(void) __attribute__((noreturn));

#endif
