/*
 * lib/key_decoder.c - keys from the bytes of a terminal (ECMA-48, and xterm's "Control Sequences").
 *
 *   ESC [ parameters final      "ESC [ A", "ESC [ 3 ~", "ESC [ 1 ; 5 C": the first number is kept
 *   ESC O final                 the same keys, when the terminal is in application mode
 *   11xxxxxx 10xxxxxx ...       a character in UTF-8: its other bytes look like KEY_ numbers
 *
 * Nothing waits for a time to pass: an ESC alone waits for the next key, and means nothing then.
 */
#include <stdbool.h>

#include "abi/keys.h"
#include "lib/key_decoder.h"
#include "lib/utf8.h"

enum state { GROUND, AFTER_ESCAPE, IN_SEQUENCE, BEHIND_NUMBER, IN_UTF8 };

/* By the sequence's number, with the final '~'. */
static const uint8_t numbered_keys[] = {
    [1] = KEY_HOME,    [2] = KEY_INSERT,    [3] = KEY_DELETE, [4] = KEY_END,
    [5] = KEY_PAGE_UP, [6] = KEY_PAGE_DOWN, [7] = KEY_HOME,   [8] = KEY_END,
};

static int final_key(unsigned number, int final)
{
    switch (final) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'F': return KEY_END;
    case 'H': return KEY_HOME;
    case '~': return number < sizeof(numbered_keys) ? numbered_keys[number] : 0;
    default: return 0;
    }
}

/* The character whose last byte has come; 0 when it is none, or no key. */
static int complete_character(const struct key_decoder *decoder)
{
    bool is_key = decoder->character >= 0xA0 && utf8_length(decoder->character) == decoder->length;

    return is_key ? (int)decoder->character : 0;
}

int key_decode(struct key_decoder *decoder, int key)
{
    enum state state = decoder->state;

    decoder->state = GROUND;
    if (key == KEY_ESCAPE) {
        decoder->state = AFTER_ESCAPE;
        return 0;
    }
    if (state == AFTER_ESCAPE && (key == '[' || key == 'O')) {
        decoder->state = IN_SEQUENCE;
        decoder->number = 0;
        return 0;
    }
    if (state == IN_SEQUENCE || state == BEHIND_NUMBER) {
        if (key >= '@' && key <= '~') {
            return final_key(decoder->number, key);
        }
        if (key >= ' ' && key < '@') {
            if (state == IN_SEQUENCE && key >= '0' && key <= '9') {
                decoder->number = (uint8_t)(decoder->number * 10 + key - '0');
            } else {
                state = BEHIND_NUMBER;
            }
            decoder->state = (uint8_t)state;
            return 0;
        }
        /* Not part of a sequence: it was broken off. */
    }
    if (state == IN_UTF8 && utf8_is_continuation((uint8_t)key)) {
        decoder->character = utf8_more_bits(decoder->character, (uint8_t)key);
        if (--decoder->number == 0) {
            return complete_character(decoder);
        }
        decoder->state = IN_UTF8;
        return 0;
    }
    uint8_t rest = utf8_rest((uint8_t)key);
    if (rest > 0) {
        decoder->state = IN_UTF8;
        decoder->number = rest;
        decoder->length = rest + 1;
        decoder->character = utf8_first_bits((uint8_t)key, rest);
        return 0;
    }
    return key < 0xA0 ? key : 0; /* other bytes are no UTF-8, and no keys */
}
