/*
 * drivers/keyboard.h - the PS/2 keyboard: scancodes in, keys out, into the queue of keys
 * (device/key_queue.h).
 *
 * The layout is US; the 102nd key of European keyboards is another backslash.
 *
 * Ctrl-Alt-Del restarts the machine, no matter which program runs. Who has something to do before
 * that, as writing to disks, sets a handler.
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
    bool left_alt;
    bool right_alt;
    bool caps_lock;
    bool is_extended; /* the last byte was the prefix 0xE0 */
    uint8_t to_skip;  /* bytes left after 0xE1, Pause's prefix */
};

/* What keyboard_decode() returns for Ctrl-Alt-Del, which never becomes a key that waits. */
#define KEYBOARD_RESTART 0xFF

/* Takes one byte of scancode set 1. Returns the key that it completes, or 0. Touches only state. */
uint8_t keyboard_decode(struct keyboard_state *state, uint8_t scancode);

/* IRQ 1: reads the scancode, if there is one (port 0x60, exactly once: a second read would eat the
 * next byte). */
void keyboard_interrupt(void);

/* Empties the controller's buffer, registers and enables IRQ 1. */
void keyboard_initialise(void);

/* The handler is called at Ctrl-Alt-Del, by the interrupt. true: it sees to it that the machine
 * restarts soon; false: it is to restart at once. NULL, as at the start: always at once. */
void keyboard_set_restart_handler(bool (*handler)(void));

/* Does a keyboard controller answer? */
bool keyboard_is_present(void);

#endif
