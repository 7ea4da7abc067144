/*
 * drivers/serial.h - the first serial port (COM1), 115200 baud, 8N1: a printk sink, and a second
 * keyboard for who sits at the other end.
 */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include <stdbool.h>

/* Programs the port and registers the printk sink "serial" ('\n' goes out as "\r\n"). Without a
 * port that answers, does nothing. */
void serial_initialise(void);

/* The next received byte, 0 to 255, or -1 when there is none. Does not wait. */
int serial_read(void);

/* From now on received bytes become keys (keyboard_push), by IRQ 4. Needs the IRQs set up. */
void serial_enable_input(void);

/* Is there a serial line? After serial_initialise(). */
bool serial_is_present(void);

#endif
