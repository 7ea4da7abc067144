/*
 * drivers/pit.c - see pit.h.
 */
#include "drivers/pit.h"

#include <stddef.h>

#include "arch/x86/io.h"
#include "arch/x86/irq.h"

#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND   0x43

/* Command byte (Intel 8254 data sheet, "control word format"): channel 0 (bits 7-6), low byte then
 * high byte (5-4), mode 2, rate generator (3-1), binary (0). */
#define PIT_RATE_GENERATOR 0x34

#define PIT_INPUT_HZ    1193182u
#define PIT_DIVISOR_MIN 2u     /* of mode 2, by the data sheet */
#define PIT_DIVISOR_MAX 65536u /* written as 0 */

static struct {
    volatile uint32_t ticks;
    void (*handler)(void);
} pit;

static void pit_interrupt(void)
{
    pit.ticks++;
    if (pit.handler != NULL) {
        pit.handler();
    }
}

void pit_initialise(uint32_t hz)
{
    uint32_t divisor = PIT_DIVISOR_MAX;
    if (hz > PIT_INPUT_HZ / PIT_DIVISOR_MIN) {
        divisor = PIT_DIVISOR_MIN;
    } else if (hz > PIT_INPUT_HZ / PIT_DIVISOR_MAX) {
        divisor = (PIT_INPUT_HZ + hz / 2) / hz;
    }

    pit.ticks = 0;
    irq_register(IRQ_TIMER, pit_interrupt);
    outb(PIT_COMMAND, PIT_RATE_GENERATOR);
    outb(PIT_CHANNEL_0, (uint8_t)divisor);
    outb(PIT_CHANNEL_0, (uint8_t)(divisor >> 8));
    irq_enable(IRQ_TIMER);
}

void pit_set_tick_handler(void (*handler)(void))
{
    pit.handler = handler;
}

uint32_t pit_get_ticks(void)
{
    return pit.ticks;
}
