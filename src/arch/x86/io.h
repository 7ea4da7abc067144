/*
 * arch/x86/io.h - port input and output (Intel SDM volume 1, chapter 19).
 * Header-only: layer 0, any file may include it.
 */
#ifndef ARCH_X86_IO_H
#define ARCH_X86_IO_H

#include <stddef.h>
#include <stdint.h>

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* Reads count words (of 2 or 4 bytes) from port into buffer. */
static inline void insw(uint16_t port, void *buffer, size_t count)
{
    __asm__ volatile("cld; rep insw" : "+D"(buffer), "+c"(count) : "d"(port) : "memory");
}

static inline void insl(uint16_t port, void *buffer, size_t count)
{
    __asm__ volatile("cld; rep insl" : "+D"(buffer), "+c"(count) : "d"(port) : "memory");
}

/* Writes count double words from buffer to port. */
static inline void outsl(uint16_t port, const void *buffer, size_t count)
{
    __asm__ volatile("cld; rep outsl" : "+S"(buffer), "+c"(count) : "d"(port) : "memory");
}

/* About a microsecond on an ISA bus: port 0x80 is the POST display, writes to it are harmless. */
static inline void io_delay(void)
{
    outb(0x80, 0);
}

#endif
