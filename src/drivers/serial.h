/*
 * drivers/serial.h - the first serial port (COM1), 115200 baud, 8N1: a printk sink, and a second
 * keyboard for the person at the other end.
 *
 * No key of that person is lost: when the queue of keys is full, bytes stay in the UART, which lets
 * go of RTS and so holds the sender (an emulator stops by itself), until programs have read half of
 * the queue. Meanwhile a ctrl-C or ctrl-\ typed there waits with the others; one of the PS/2
 * keyboard does not.
 */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include <stdbool.h>

/* Programs the port and registers the printk sink "serial" ('\n' goes out as "\r\n"). Without a
 * port that answers, does nothing. */
void serial_initialise(void);

/* The next received byte, 0 to 255, or -1 when there is none. Does not wait. */
int serial_read(void);

/* From now on received bytes become keys (key_queue_push), by IRQ 4. Needs the IRQs set up. */
void serial_enable_input(void);

/* Is there a serial line? After serial_initialise(). */
bool serial_is_present(void);

#endif
