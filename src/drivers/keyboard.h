/*
 * drivers/keyboard.h - the PS/2 keyboard: scancodes in, keys out; and the queue of keys that wait
 * to be read, which the serial line fills as well.
 *
 * A key is one byte: an ASCII character ('\r' for Enter, '\b', '\t', 27 for Escape, 1 to 31 for
 * Ctrl and one of A to Z [ \ ] ^ _) or one of abi/keys.h's numbers for the keys that have no
 * character. The layout is US; the 102nd key of European keyboards is another backslash.
 *
 * Ctrl-Alt-Del restarts the machine at once, no matter which program runs.
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

/* Keys that can wait to be read, and how many of these places are kept for the PS/2 keyboard: a
 * sender on the serial line can be held, a person's fingers cannot. */
#define KEYS_MAX      4096
#define KEYS_RESERVED 64

/* Appends a key to those that wait to be read. False when the listener has dealt with it, for 0,
 * which is no key, and when KEYS_MAX wait already: then the key is lost, and the machine beeps. In
 * interrupts only, as they do not nest. */
bool keyboard_push(uint8_t key);

/* Is there a place that is not reserved? A driver that can hold keys back asks before it pushes
 * them. */
bool keyboard_has_room(void);

/* The one function called, with interrupts off, when the queue has become half empty again after
 * keyboard_has_room() said no. It may be called more often than that. NULL: none. */
void keyboard_set_room_handler(void (*handler)(void));

/* The next key, or 0 when none waits. */
uint8_t keyboard_pop(void);

/* Is it among the keys that wait? */
bool keyboard_holds(uint8_t key);

/* Forgets the keys that wait. */
void keyboard_flush(void);

/*
 * The one function called with each key, in the interrupt, before it is stored: even when there is
 * no room for it. Returns true when the key has been dealt with and is not to be stored. NULL:
 * none.
 */
void keyboard_set_listener(bool (*listener)(uint8_t key));

/* IRQ 1: reads the scancode, if there is one (port 0x60, exactly once: a second read would eat the
 * next byte). */
void keyboard_interrupt(void);

/* Empties the controller's buffer, registers and enables IRQ 1. */
void keyboard_initialise(void);

/* Does a keyboard controller answer? */
bool keyboard_is_present(void);

#endif
