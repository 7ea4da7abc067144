/*
 * arch/timer.h - the programmable interval timer (Intel 8254): the system's tick, on IRQ 0.
 */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include <stdint.h>

/* Ticks hz times per second from now on; what the chip cannot do (below 19, above 596,591) becomes
 * the nearest that it can. Registers and enables IRQ 0. */
void timer_initialise(uint32_t hz);

/* The one function called at each tick, in the interrupt, with interrupts off. NULL: none. */
void timer_set_tick_handler(void (*handler)(void));

/* Ticks since timer_initialise(); wraps at 2^32. */
uint32_t timer_get_ticks(void);

#endif
