/*
 * lib/key_decoder.h - keys as a terminal on the serial line sends them are several bytes: ESC [ A
 * is the arrow up, C3 A4 is ä. Programs have it as well as the kernel.
 */
#ifndef LIB_KEY_DECODER_H
#define LIB_KEY_DECODER_H

#include <stdint.h>

/* Starts as zeroes. */
struct key_decoder {
    uint8_t state;
    uint8_t number;     /* in a sequence: the 3 of ESC [ 3 ~; in UTF-8: the bytes to come */
    uint8_t length;     /* in UTF-8: the character's bytes */
    uint32_t character; /* in UTF-8: its bits up to now */
};

/*
 * Takes what getkey() gave, one by one. Returns a character (Unicode), a KEY_ of abi/keys.h, or 0
 * when it needs more. A lone ESC does nothing. The KEY_ numbers from 0x80 on are control characters
 * of Unicode, which no keyboard sends: they are never returned as characters.
 */
int key_decode(struct key_decoder *decoder, int key);

/* Is what key_decode() returned a character that can be shown? */
static inline int key_is_printable(int key)
{
    return (key >= ' ' && key < 0x7F) || key >= 0xA0;
}

#endif
