/*
 * keys.c - keys from the bytes of a terminal (ECMA-48, and xterm's "Control Sequences").
 *
 *   ESC [ parameters final      "ESC [ A", "ESC [ 3 ~", "ESC [ 1 ; 5 C": the first number is kept
 *   ESC O final                 the same keys, when the terminal is in application mode
 *   11xxxxxx 10xxxxxx ...       a UTF-8 character: its other bytes could be taken for KEY_ numbers
 *
 * Nothing waits for a time to pass: an ESC alone waits for the next key, and means nothing then.
 */
#include <ctype.h>
#include <stddef.h>

#include "include/drupe.h"

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

/* How many bytes follow the first one of a UTF-8 character; 0 when key is not such a one. */
static uint8_t utf8_rest(int key)
{
    return key >= 0xF0 ? 3 : key >= 0xE0 ? 2 : key >= 0xC0 ? 1 : 0;
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
            if (state == IN_SEQUENCE && isdigit(key)) {
                decoder->number = (uint8_t)(decoder->number * 10 + key - '0');
            } else {
                state = BEHIND_NUMBER;
            }
            decoder->state = (uint8_t)state;
            return 0;
        }
        /* Not part of a sequence: it was broken off. */
    }
    if (state == IN_UTF8 && key >= 0x80 && key < 0xC0) {
        if (--decoder->number > 0) {
            decoder->state = IN_UTF8;
        }
        return 0;
    }
    if (utf8_rest(key) > 0) {
        decoder->state = IN_UTF8;
        decoder->number = utf8_rest(key);
        return 0;
    }
    return key;
}
