/*
 * fs/fat/names.c - see names.h.
 */
#include "fs/fat/names.h"

#include "base/align.h"
#include "base/status.h"
#include "lib/string.h"
#include "lib/utf8.h"

#define BASE_BYTES      8
#define EXTENSION_BYTES 3
#define REPLACEMENT     0xFFFD

/* A unit is a character of its own, of up to three bytes, or half of one of four. */
_Static_assert(3 * FAT_NAME_UNITS_MAX + 1 == FAT_TEXT_BYTES, "the longest name");

/* ---------------------------------------------------------------- UTF-8 and UTF-16 */

/* A set of ASCII characters: a bit for each, 32 in a word. The first word is of those below ' '. */
typedef uint32_t ascii_set_t[4];
#define IN_WORD(c) (1u << ((c)&31))

/* What no name may have. */
static const ascii_set_t not_in_names = {
    UINT32_MAX,
    IN_WORD('"') | IN_WORD('*') | IN_WORD('/') | IN_WORD(':') | IN_WORD('<') | IN_WORD('>') |
        IN_WORD('?'),
    IN_WORD('\\'),
    IN_WORD('|') | IN_WORD(0x7F),
};

/* And what no alias may have, too (Microsoft's specification, section 6.1). A blank may stand
 * inside an alias, but others stumble. */
static const ascii_set_t not_in_aliases = {
    0,
    IN_WORD(' ') | IN_WORD('+') | IN_WORD(',') | IN_WORD('.') | IN_WORD(';') | IN_WORD('='),
    IN_WORD('[') | IN_WORD(']'),
    0,
};

static bool is_in(const ascii_set_t set, uint32_t character)
{
    return character < 0x80 && set[character / 32] >> character % 32 & 1;
}

static bool is_allowed(uint32_t character)
{
    return !is_in(not_in_names, character);
}

/* One character from text[*at] on, behind which *at moves. False: that is no UTF-8. */
static bool take_character(const char *text, size_t length, size_t *at, uint32_t *character)
{
    uint8_t first = (uint8_t)text[*at];
    uint8_t rest = utf8_rest(first);

    if (first < 0x80) {
        *character = first;
        (*at)++;
        return true;
    }
    if (rest == 0 || rest >= length - *at) {
        return false;
    }
    (*at)++;
    *character = utf8_first_bits(first, rest);
    for (uint8_t i = 0; i < rest; i++, (*at)++) {
        if (!utf8_is_continuation((uint8_t)text[*at])) {
            return false;
        }
        *character = utf8_more_bits(*character, (uint8_t)text[*at]);
    }
    return utf8_length(*character) == rest + 1u;
}

int fat_name_units(const char *name, size_t length, uint16_t units[FAT_NAME_UNITS_MAX])
{
    size_t at = 0;
    int count = 0;

    while (at < length) {
        uint32_t character;

        if (!take_character(name, length, &at, &character) || !is_allowed(character) ||
            count + (character >= 0x10000) >= FAT_NAME_UNITS_MAX) {
            return -EBADPATH;
        }
        if (character >= 0x10000) {
            units[count++] = (uint16_t)(0xD800 + ((character - 0x10000) >> 10));
            character = 0xDC00 + ((character - 0x10000) & 0x3FF);
        }
        units[count++] = (uint16_t)character;
    }
    return count == 0 || units[count - 1] == ' ' || units[count - 1] == '.' ? -EBADPATH : count;
}

static bool is_surrogate(uint16_t unit, uint16_t first)
{
    return (unit & 0xFC00) == first;
}

size_t fat_name_text(const uint16_t *units, size_t count, char text[FAT_TEXT_BYTES])
{
    size_t length = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t character = units[i];

        if (character < 0x80 && character != 0 && character != '/') {
            text[length++] = (char)character;
            continue;
        }
        if (is_surrogate(units[i], 0xD800) && i + 1 < count && is_surrogate(units[i + 1], 0xDC00)) {
            character = 0x10000 + ((character & 0x3FF) << 10) + (units[++i] & 0x3FF);
        } else if (is_surrogate(units[i], 0xD800) || is_surrogate(units[i], 0xDC00)) {
            character = REPLACEMENT;
        }
        if (character == 0 || character == '/') {
            return 0;
        }
        length += utf8_encode(character, text + length);
    }
    text[length] = '\0';
    return length;
}

/* ---------------------------------------------------------------- capital and small letters */

/*
 * Ranges of small letters, and how far below them their capitals stand; in a range with step 2
 * every second character is small, the others are the capitals. Of the blocks of Unicode that FAT's
 * names are commonly written in.
 */
static const struct {
    uint16_t first, last;
    uint8_t step, below;
} small_letters[] = {
    {'a', 'z', 1, 32},       {0x00E0, 0x00F6, 1, 32}, {0x00F8, 0x00FE, 1, 32},
    {0x0101, 0x012F, 2, 1},  {0x0133, 0x0137, 2, 1},  {0x013A, 0x0148, 2, 1},
    {0x014B, 0x0177, 2, 1},  {0x017A, 0x017E, 2, 1},  {0x03AC, 0x03AC, 1, 38},
    {0x03AD, 0x03AF, 1, 37}, {0x03B1, 0x03C1, 1, 32}, {0x03C3, 0x03CB, 1, 32},
    {0x03CC, 0x03CC, 1, 64}, {0x03CD, 0x03CE, 1, 63}, {0x0430, 0x044F, 1, 32},
    {0x0450, 0x045F, 1, 80}, {0x0461, 0x0481, 2, 1},  {0x048B, 0x04BF, 2, 1},
    {0x04C2, 0x04CE, 2, 1},  {0x04D1, 0x052F, 2, 1},  {0x0561, 0x0586, 1, 48},
    {0x1E01, 0x1E95, 2, 1},  {0x1EA1, 0x1EFF, 2, 1},  {0xFF41, 0xFF5A, 1, 32},
};

uint16_t fat_fold(uint16_t unit)
{
    if (unit < 0x80) {
        return (uint16_t)(uint8_t)char_to_upper((char)unit);
    }
    for (size_t i = 0; i < ARRAY_SIZE(small_letters); i++) {
        if (unit >= small_letters[i].first && unit <= small_letters[i].last) {
            return (unit - small_letters[i].first) % small_letters[i].step == 0
                       ? (uint16_t)(unit - small_letters[i].below)
                       : unit;
        }
    }
    return unit == 0x00FF ? 0x0178 : unit;
}

/* ---------------------------------------------------------------- names of devices */

#define DEVICE_LETTERS 3

/* The digits that ports have, and those above the line that Windows takes for them. */
static bool is_port_digit(uint16_t unit)
{
    return (unit >= '1' && unit <= '9') || unit == 0x00B9 || unit == 0x00B2 || unit == 0x00B3;
}

bool fat_name_is_device(const uint16_t *units, size_t count)
{
    static const struct {
        char letters[DEVICE_LETTERS];
        bool has_digit;
    } devices[] = {{"CON", false}, {"PRN", false}, {"AUX", false},
                   {"NUL", false}, {"COM", true},  {"LPT", true}};
    size_t length = 0;

    while (length < count && units[length] != '.') {
        length++;
    }
    while (length > 0 && units[length - 1] == ' ') {
        length--;
    }
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
        size_t same = 0;

        while (same < DEVICE_LETTERS && same < length &&
               fat_fold(units[same]) == (uint8_t)devices[i].letters[same]) {
            same++;
        }
        if (same == DEVICE_LETTERS && length == DEVICE_LETTERS + (size_t)devices[i].has_digit &&
            (!devices[i].has_digit || is_port_digit(units[DEVICE_LETTERS]))) {
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- aliases as text */

/* Code page 437 from 0x80 on. */
static const uint16_t code_page[128] = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF,
    0x00EE, 0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9,
    0x00FF, 0x00D6, 0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA,
    0x00F1, 0x00D1, 0x00AA, 0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255D, 0x255C, 0x255B, 0x2510, 0x2514, 0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F,
    0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C, 0x2588, 0x2584, 0x258C, 0x2590, 0x2580,
    0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4, 0x03A6, 0x0398, 0x03A9, 0x03B4,
    0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00F7, 0x2248,
    0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0,
};

static uint16_t unit_of_byte(uint8_t byte)
{
    return byte < 0x80 ? byte : code_page[byte - 0x80];
}

/* The byte of a capital; 0: the code page has none. */
static uint8_t byte_of_unit(uint16_t unit)
{
    if (unit < 0x80) {
        return (uint8_t)unit;
    }
    for (size_t i = 0; i < ARRAY_SIZE(code_page); i++) {
        if (code_page[i] == unit) {
            return (uint8_t)(0x80 + i);
        }
    }
    return 0;
}

static bool is_alias_byte(uint8_t byte)
{
    return is_allowed(byte) && !is_in(not_in_aliases, byte);
}

uint8_t fat_alias_checksum(const uint8_t alias[FAT_ALIAS_BYTES])
{
    uint8_t sum = 0;

    for (int i = 0; i < FAT_ALIAS_BYTES; i++) {
        sum = (uint8_t)((sum >> 1 | sum << 7) + alias[i]);
    }
    return sum;
}

/* ASCII as it stands in an alias, and in small letters; 0 for what is not shown as itself. */
#define AS_IT_IS(c)    ((c) == '/' ? 0 : (c))
#define SMALL(c)       ((c) >= 'A' && (c) <= 'Z' ? (c) + ('a' - 'A') : AS_IT_IS(c))
#define FOUR(as, c)    as(c), as((c) + 1), as((c) + 2), as((c) + 3)
#define SIXTEEN(as, c) FOUR(as, c), FOUR(as, (c) + 4), FOUR(as, (c) + 8), FOUR(as, (c) + 12)
#define SIXTY_FOUR(as, c) \
    SIXTEEN(as, c), SIXTEEN(as, (c) + 16), SIXTEEN(as, (c) + 32), SIXTEEN(as, (c) + 48)

static const char shown[2][128] = {
    {SIXTY_FOUR(AS_IT_IS, 0), SIXTY_FOUR(AS_IT_IS, 64)},
    {SIXTY_FOUR(SMALL, 0), SIXTY_FOUR(SMALL, 64)},
};

/* The characters of one part, up to the blanks at its end. */
static char *put_part(const uint8_t *bytes, int count, bool is_lower, char *text)
{
    const char *ascii = shown[is_lower];

    while (count > 0 && bytes[count - 1] == ' ') {
        count--;
    }
    for (const uint8_t *end = bytes + count; bytes < end; bytes++) {
        uint8_t byte = *bytes;

        if (byte < 0x80 && ascii[byte]) {
            *text++ = ascii[byte];
        } else {
            text += utf8_encode(byte >= 0x80 ? unit_of_byte(byte) : REPLACEMENT, text);
        }
    }
    return text;
}

size_t fat_alias_text(const uint8_t alias[FAT_ALIAS_BYTES], uint8_t name_case,
                      char text[FAT_ALIAS_TEXT_BYTES])
{
    bool begins_with_e5 = alias[0] == FAT_ENTRY_E5;
    char *at = begins_with_e5 ? text + utf8_encode(unit_of_byte(0xE5), text) : text;

    at = put_part(alias + begins_with_e5, BASE_BYTES - begins_with_e5,
                  (name_case & FAT_LOWER_BASE) != 0, at);
    char *dot = at;

    at = put_part(alias + BASE_BYTES, EXTENSION_BYTES, (name_case & FAT_LOWER_EXTENSION) != 0,
                  at + 1);
    if (at > dot + 1) {
        *dot = '.';
    } else {
        at = dot;
    }
    *at = '\0';
    return (size_t)(at - text);
}

bool fat_alias_of_text(const char *name, size_t length, uint8_t alias[FAT_ALIAS_BYTES])
{
    size_t at = 0;
    int place = 0, end = BASE_BYTES;

    memset(alias, ' ', FAT_ALIAS_BYTES);
    while (at < length) {
        uint32_t character;

        if (!take_character(name, length, &at, &character) || character >= 0x10000) {
            return false;
        }
        if (character == '.' && end == BASE_BYTES && place > 0) {
            place = BASE_BYTES;
            end = FAT_ALIAS_BYTES;
            continue;
        }
        uint8_t byte = byte_of_unit(fat_fold((uint16_t)character));
        if (byte == 0) {
            byte = byte_of_unit((uint16_t)character); /* the code page has the small one alone */
        }
        if (place == end || (byte != ' ' && !is_alias_byte(byte))) {
            return false;
        }
        alias[place++] = byte;
    }
    if (alias[0] == 0xE5) {
        alias[0] = FAT_ENTRY_E5;
    }
    bool has_empty_extension = end == FAT_ALIAS_BYTES && place == BASE_BYTES;
    return place > 0 && alias[0] != ' ' && alias[place - 1] != ' ' && !has_empty_extension;
}

bool fat_alias_is_same(const uint8_t a[FAT_ALIAS_BYTES], const uint8_t b[FAT_ALIAS_BYTES])
{
    for (int i = 0; i < FAT_ALIAS_BYTES; i++) {
        uint8_t one = i == 0 && a[0] == FAT_ENTRY_E5 ? 0xE5 : a[i];
        uint8_t other = i == 0 && b[0] == FAT_ENTRY_E5 ? 0xE5 : b[i];

        if (one != other && (one < 0x80 || other < 0x80 ||
                             fat_fold(unit_of_byte(one)) != fat_fold(unit_of_byte(other)))) {
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- making aliases */

/* Which kinds of letters a part has. */
struct letters {
    bool has_small, has_capital;
};

/* Takes units[from] to units[to - 1] over into a part of room bytes. Returns whether it is all
 * there, unchanged but for case. */
static bool take_part(const uint16_t *units, size_t from, size_t to, uint8_t *part, int room,
                      struct letters *letters)
{
    bool is_exact = true;
    int used = 0;

    for (size_t i = from; i < to; i++) {
        uint16_t unit = units[i];

        if (unit == ' ' || unit == '.') {
            is_exact = false;
            continue;
        }
        if (used == room) {
            return false;
        }
        if (unit < 0x80 && is_alias_byte((uint8_t)unit)) {
            part[used] = (uint8_t)char_to_upper((char)unit);
            letters->has_small |= part[used] != unit;
            letters->has_capital |= unit >= 'A' && unit <= 'Z';
            used++;
        } else {
            part[used++] = '_';
            is_exact = false;
            i += is_surrogate(unit, 0xD800) && i + 1 < to;
        }
    }
    return is_exact;
}

void fat_alias_make(const uint16_t *units, size_t count, struct fat_alias *alias)
{
    struct letters base = {false, false}, extension = {false, false};
    size_t first = 0, dot = count;

    memset(alias->name, ' ', FAT_ALIAS_BYTES);
    while (first < count && (units[first] == '.' || units[first] == ' ')) {
        first++;
    }
    for (size_t i = count; i > first + 1 && dot == count; i--) {
        dot = units[i - 1] == '.' ? i - 1 : dot;
    }
    alias->is_exact = first == 0;
    alias->is_exact &= take_part(units, first, dot, alias->name, BASE_BYTES, &base);
    if (dot < count) {
        alias->is_exact &=
            take_part(units, dot + 1, count, alias->name + BASE_BYTES, EXTENSION_BYTES, &extension);
    }
    if (alias->name[0] == ' ') {
        alias->name[0] = '_';
        alias->is_exact = false;
    }
    alias->needs_long = !alias->is_exact || (base.has_small && base.has_capital) ||
                        (extension.has_small && extension.has_capital);
    alias->name_case = alias->needs_long
                           ? 0
                           : (uint8_t)((base.has_small ? FAT_LOWER_BASE : 0) |
                                       (extension.has_small ? FAT_LOWER_EXTENSION : 0));
}

void fat_alias_number(const struct fat_alias *alias, const uint16_t *units, size_t count,
                      unsigned number, unsigned seed, uint8_t result[FAT_ALIAS_BYTES])
{
    int length = 0;

    memcpy(result, alias->name, FAT_ALIAS_BYTES);
    while (length < BASE_BYTES && result[length] != ' ') {
        length++;
    }
    if (number < 4) {
        length = MIN(length, BASE_BYTES - 2);
    } else {
        uint32_t sum = seed;

        for (size_t i = 0; i < count; i++) {
            sum = (sum * 31 + units[i]) * 2654435769u + (sum >> 16);
        }
        length = MIN(length, 2);
        for (int i = 0; i < 4; i++, sum >>= 4) {
            result[length++] = (uint8_t) "0123456789ABCDEF"[sum >> 12 & 0xF];
        }
        number -= 4;
    }
    result[length++] = '~';
    result[length++] = (uint8_t)('1' + number);
    while (length < BASE_BYTES) {
        result[length++] = ' ';
    }
}
