/*
 * fake_ports.h - takes the place of arch/x86/io.h in a test that includes a driver's .c file: the
 * test defines what ports read and write, and declares before what else its driver uses.
 */
#ifndef FAKE_PORTS_H
#define FAKE_PORTS_H

#define ARCH_X86_IO_H

#include <stddef.h>
#include <stdint.h>

static __attribute__((unused)) uint8_t inb(uint16_t port);
static __attribute__((unused)) void outb(uint16_t port, uint8_t value);

static inline void io_delay(void)
{
}

#endif
