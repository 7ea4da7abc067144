/*
 * arch/x86/pit.c - see arch/timer.h.
 *
 * Size before speed.
 */
#include "arch/timer.h"

#include <stddef.h>

#include "arch/irq.h"
#include "arch/speaker.h"
#include "arch/x86/io.h"
#include "arch/x86/pit_ports.h"

#define PIT_DIVISOR_MIN 2u     /* of mode 2, by the data sheet */
#define PIT_DIVISOR_MAX 65536u /* written as 0 */

static struct {
    volatile uint32_t ticks;
    void (*handler)(void);
} pit;

static void pit_interrupt(void)
{
    pit.ticks++;
    speaker_tick();
    if (pit.handler != NULL) {
        pit.handler();
    }
}

void timer_initialise(uint32_t hz)
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

void timer_set_tick_handler(void (*handler)(void))
{
    pit.handler = handler;
}

uint32_t timer_get_ticks(void)
{
    return pit.ticks;
}
