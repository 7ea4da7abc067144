/*
 * arch/x86/pit.c - see arch/timer.h.
 *
 * Size before speed.
 */
#include "arch/timer.h"

#include <stddef.h>

#include "arch/x86/io.h"
#include "arch/irq.h"

#define PIT_CHANNEL_0 0x40
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43

/* Command bytes (Intel 8254 data sheet, "control word format"): channel (bits 7-6), low byte then
 * high byte (5-4), mode (3-1), binary (0). */
#define PIT_RATE_GENERATOR 0x34 /* channel 0, mode 2 */
#define PIT_SQUARE_WAVE    0xB6 /* channel 2, mode 3 */

/* System control port B (IBM PC/AT Technical Reference): channel 2 counts, and is heard. */
#define SPEAKER_PORT 0x61
#define SPEAKER_ON   0x03

#define BEEP_HZ    880
#define BEEP_TICKS 10

#define PIT_INPUT_HZ    1193182u
#define PIT_DIVISOR_MIN 2u     /* of mode 2, by the data sheet */
#define PIT_DIVISOR_MAX 65536u /* written as 0 */

static struct {
    volatile uint32_t ticks;
    void (*handler)(void);
    volatile unsigned beep_ticks; /* until the beep ends; 0: there is none */
} pit;

void speaker_stop(void)
{
    outb(SPEAKER_PORT, inb(SPEAKER_PORT) & (uint8_t)~SPEAKER_ON);
}

static void pit_interrupt(void)
{
    pit.ticks++;
    if (pit.beep_ticks > 0 && --pit.beep_ticks == 0) {
        speaker_stop();
    }
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

void speaker_beep(void)
{
    if (pit.beep_ticks > 0) {
        return;
    }
    pit.beep_ticks = BEEP_TICKS;
    outb(PIT_COMMAND, PIT_SQUARE_WAVE);
    outb(PIT_CHANNEL_2, (uint8_t)(PIT_INPUT_HZ / BEEP_HZ));
    outb(PIT_CHANNEL_2, (uint8_t)(PIT_INPUT_HZ / BEEP_HZ >> 8));
    outb(SPEAKER_PORT, inb(SPEAKER_PORT) | SPEAKER_ON);
}
