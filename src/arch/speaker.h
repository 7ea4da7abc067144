/*
 * arch/speaker.h - the PC's speaker.
 */
#ifndef ARCH_SPEAKER_H
#define ARCH_SPEAKER_H

/* A short beep; does not wait for its end. While one sounds, another changes nothing. */
void speaker_beep(void);

/* Called at each tick of the timer: ends a beep in time. */
void speaker_tick(void);

/* Ends it now. */
void speaker_stop(void);

#endif
