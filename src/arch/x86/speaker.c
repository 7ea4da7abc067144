/*
 * arch/x86/speaker.c - see arch/speaker.h. The timer's channel 2 drives it.
 *
 * Size before speed.
 */
#include "arch/speaker.h"

#include <stdint.h>

#include "arch/x86/io.h"
#include "arch/x86/pit_ports.h"

/* System control port B (IBM PC/AT Technical Reference): channel 2 counts, and is heard. */
#define SPEAKER_PORT 0x61
#define SPEAKER_ON   0x03

#define BEEP_HZ    880
#define BEEP_TICKS 10

static volatile unsigned ticks_left; /* until the beep ends; 0: there is none */

void speaker_stop(void)
{
    outb(SPEAKER_PORT, inb(SPEAKER_PORT) & (uint8_t)~SPEAKER_ON);
}

void speaker_tick(void)
{
    if (ticks_left > 0 && --ticks_left == 0) {
        speaker_stop();
    }
}

void speaker_beep(void)
{
    if (ticks_left > 0) {
        return;
    }
    ticks_left = BEEP_TICKS;
    outb(PIT_COMMAND, PIT_SQUARE_WAVE);
    outb(PIT_CHANNEL_2, (uint8_t)(PIT_INPUT_HZ / BEEP_HZ));
    outb(PIT_CHANNEL_2, (uint8_t)(PIT_INPUT_HZ / BEEP_HZ >> 8));
    outb(SPEAKER_PORT, inb(SPEAKER_PORT) | SPEAKER_ON);
}
