/*
 * drivers/debugcon.h - the debug port 0xE9 of QEMU (-debugcon) and Bochs, as a printk sink.
 */
#ifndef DRIVERS_DEBUGCON_H
#define DRIVERS_DEBUGCON_H

/* Registers the printk sink "debugcon" when the port is there. */
void debugcon_initialise(void);

#endif
