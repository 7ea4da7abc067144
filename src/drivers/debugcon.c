/*
 * drivers/debugcon.c - see debugcon.h.
 *
 * Size before speed.
 */
#include "drivers/debugcon.h"

#include "arch/x86/io.h"
#include "debug/printk.h"

/* Each byte written is shown; reading gives the port's own number (QEMU's isa-debugcon). */
#define DEBUGCON_PORT 0xE9

static void debugcon_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        outb(DEBUGCON_PORT, (uint8_t)text[i]);
    }
}

void debugcon_initialise(void)
{
    static struct printk_sink sink = {.name = "debugcon", .write = debugcon_write};

    if (inb(DEBUGCON_PORT) == DEBUGCON_PORT) {
        printk_add_sink(&sink);
    }
}
