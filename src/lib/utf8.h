/*
 * lib/utf8.h - characters beyond ASCII as bytes (RFC 3629, section 3).
 *
 *   U+0000  to U+007F     0xxxxxxx
 *   U+0080  to U+07FF     110xxxxx 10xxxxxx
 *   U+0800  to U+FFFF     1110xxxx 10xxxxxx 10xxxxxx
 *   U+10000 to U+10FFFF   11110xxx 10xxxxxx 10xxxxxx 10xxxxxx
 *
 * Only the shortest form is valid, and the surrogates U+D800 to U+DFFF are no characters.
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_BYTES_MAX 4

/* Is byte a later byte of a character? */
static inline bool utf8_is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* How many bytes follow first in its character; 0 also when no character of several bytes begins
 * like that. */
static inline uint8_t utf8_rest(uint8_t first)
{
    return first >= 0xF5 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
}

/* The bits of the character that its first byte holds, when rest bytes follow. */
static inline uint32_t utf8_first_bits(uint8_t first, uint8_t rest)
{
    return rest == 0 ? first : first & (0x3Fu >> rest);
}

/* The bits up to now, and those of one more byte. */
static inline uint32_t utf8_more_bits(uint32_t bits, uint8_t continuation)
{
    return bits << 6 | (continuation & 0x3F);
}

/* The number of bytes that character takes; 0 for a number that is no character. */
static inline unsigned utf8_length(uint32_t character)
{
    if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) {
        return 0;
    }
    return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

/* The units of UTF-16 that a character takes, counted once: at its first byte. 0 for the others. */
static inline unsigned utf8_units(uint8_t byte)
{
    return utf8_is_continuation(byte) ? 0 : utf8_rest(byte) == 3 ? 2 : 1;
}

/* Writes the bytes of character, without a NUL, to bytes, which has room for UTF8_BYTES_MAX.
 * Returns utf8_length(). */
static inline unsigned utf8_encode(uint32_t character, char *bytes)
{
    static const uint8_t first_bits[] = {0, 0, 0xC0, 0xE0, 0xF0};
    unsigned length = utf8_length(character);

    for (unsigned i = length; i-- > 1; character >>= 6) {
        bytes[i] = (char)(0x80 | (character & 0x3F));
    }
    if (length > 0) {
        bytes[0] = (char)(first_bits[length] | character);
    }
    return length;
}

/* Where the character before the one at text[at] begins; at is not 0. */
static inline size_t utf8_before(const char *text, size_t at)
{
    do {
        at--;
    } while (at > 0 && utf8_is_continuation((uint8_t)text[at]));
    return at;
}

/* Where the character behind the one at text[at] begins; at is below length. */
static inline size_t utf8_behind(const char *text, size_t at, size_t length)
{
    do {
        at++;
    } while (at < length && utf8_is_continuation((uint8_t)text[at]));
    return at;
}

#endif
