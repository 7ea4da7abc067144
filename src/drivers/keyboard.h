/*
 * drivers/keyboard.h - the PS/2 keyboard: scancodes in, keys out.
 *
 * A key is one byte: an ASCII character ('\r' for Enter, '\b', '\t', 27 for Escape, 1 to 26 for
 * Ctrl and a letter, 28 for Ctrl-\) or one of abi/keys.h's numbers for the keys that have no character.
 * The layout is US.
 */
#ifndef DRIVERS_KEYBOARD_H
#define DRIVERS_KEYBOARD_H

#include "abi/keys.h"

#include <stdbool.h>
#include <stdint.h>

/* What the decoder remembers between scancodes. All zero to begin with. */
struct keyboard_state {
    bool left_shift;
    bool right_shift;
    bool left_control;
    bool right_control;
    bool caps_lock;
    bool is_extended; /* the last byte was the prefix 0xE0 */
    uint8_t to_skip;  /* bytes left after 0xE1, Pause's prefix */
};

/* Takes one byte of scancode set 1. Returns the key that it completes, or 0. Touches only state. */
uint8_t keyboard_decode(struct keyboard_state *state, uint8_t scancode);

/* Appends a key to those that wait to be read. False, and the key is lost, when 64 wait already,
 * or when the listener has dealt with it; 0 is no key. In interrupts only, as they do not nest. */
bool keyboard_push(uint8_t key);

/* The next key, or 0 when none waits. */
uint8_t keyboard_pop(void);

/* Is it among the keys that wait? */
bool keyboard_holds(uint8_t key);

/* Forgets the keys that wait. */
void keyboard_flush(void);

/*
 * The one function called with each key, in the interrupt, before it is stored: even when there is
 * no room for it. Returns true when the key has been dealt with and is not to be stored. NULL: none.
 */
void keyboard_set_listener(bool (*listener)(uint8_t key));

/* IRQ 1: reads the scancode, if there is one (port 0x60, exactly once: a second read would eat the
 * next byte). */
void keyboard_interrupt(void);

/* Empties the controller's buffer, registers and enables IRQ 1. */
void keyboard_initialise(void);

#endif
