/*
 * device/random.h - random bytes, and the device "random" that gives them to programs.
 *
 * They come from ChaCha20, whose key is replaced by its own output with each read: what was given
 * out before cannot be computed from what is in memory now. The key is stirred with
 *
 *   - RDRAND, where the CPU has it
 *   - the CPU's cycle counter, at the start, at each key that is pressed and at each read
 *
 * Without RDRAND, shortly after the start and before any key, somebody who knows the machine well
 * may guess the key. What programs write to the device is stirred in, too.
 */
#ifndef DEVICE_RANDOM_H
#define DEVICE_RANDOM_H

#include <stdint.h>

/* Registers the device, and gathers what there is to begin with. */
void random_initialise(void);

/* Stirs in the cycle counter and word. May be called by an interrupt handler. */
void random_stir(uint32_t word);

#endif
