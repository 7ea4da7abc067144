/*
 * device/key_queue.h - the keys that wait to be read. The PS/2 keyboard and the serial line fill
 * it, the console empties it.
 *
 * A key is one byte: an ASCII character ('\r' for Enter, '\b', '\t', 27 for Escape, 1 to 31 for
 * Ctrl and one of A to Z [ \ ] ^ _) or one of abi/keys.h's numbers for the keys that have no
 * character.
 */
#ifndef DEVICE_KEY_QUEUE_H
#define DEVICE_KEY_QUEUE_H

#include "abi/keys.h"

#include <stdbool.h>
#include <stdint.h>

/* Keys that can wait to be read, and how many of these places are kept for the PS/2 keyboard: a
 * sender on the serial line can be held, a person's fingers cannot. */
#define KEYS_MAX      4096
#define KEYS_RESERVED 64

/* Appends a key to those that wait to be read. False when the listener has dealt with it, for 0,
 * which is no key, and when KEYS_MAX wait already: then the key is lost, and the machine beeps. In
 * interrupts only, as they do not nest. */
bool key_queue_push(uint8_t key);

/* Is there a place that is not reserved? A driver that can hold keys back asks before it pushes
 * them. */
bool key_queue_has_room(void);

/* The one function called, with interrupts off, when the queue has become half empty again after
 * key_queue_has_room() said no. It may be called more often than that. NULL: none. */
void key_queue_set_room_handler(void (*handler)(void));

/* The next key, or 0 when none waits. */
uint8_t key_queue_pop(void);

/* The key that would be next after `ahead` others, which stays; 0 when no more wait. */
uint8_t key_queue_peek(unsigned ahead);

/* Is it among the keys that wait? */
bool key_queue_holds(uint8_t key);

/* Forgets the keys that wait. */
void key_queue_flush(void);

/*
 * The one function called with each key, in the interrupt, before it is stored: even when there is
 * no room for it. Returns true when the key has been dealt with and is not to be stored. NULL:
 * none.
 */
void key_queue_set_listener(bool (*listener)(uint8_t key));

#endif
