/*
 * device/null.h - the devices "null" and "zero": what is written to them is gone; read gives
 * nothing from one, and as many zeros as asked for from the other.
 */
#ifndef DEVICE_NULL_H
#define DEVICE_NULL_H

/* Registers both. */
void null_initialise(void);

#endif
