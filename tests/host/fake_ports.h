/*
 * fake_ports.h - takes the place of arch/x86/io.h in a test that includes a driver's .c file: the
 * test defines what ports read and write.
 */
#ifndef FAKE_PORTS_H
#define FAKE_PORTS_H

#define ARCH_X86_IO_H

#include <stddef.h>
#include <stdint.h>

/* A driver uses some of them, and its test defines those. (The compiler looks for the others at the
 * file's end, so there is no use in taking the pragma back.) */
#pragma GCC diagnostic ignored "-Wunused-function"
static uint8_t inb(uint16_t port);
static void outb(uint16_t port, uint8_t value);
static uint32_t inl(uint16_t port);
static void outl(uint16_t port, uint32_t value);
static void insw(uint16_t port, void *buffer, size_t count);
static void insl(uint16_t port, void *buffer, size_t count);
static void outsl(uint16_t port, const void *buffer, size_t count);

static inline void io_delay(void)
{
}

#endif
