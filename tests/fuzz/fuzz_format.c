/*
 * fuzz_format.c - lib/format.c beside the host's snprintf(), for conversions that both know, and
 * any bytes as a format, which must not write outside the buffer.
 * Sources: src/lib/format.c src/lib/string.c
 *
 *   byte 0     how large the buffer is
 *   12 bytes   a conversion, and its value; again and again
 */
#include "fuzz.h"

#include "lib/format.h"

/* The formats are made at run time, and some are wrong. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

#define TEXT_MAX      512
#define ARGUMENTS_MAX 24 /* dwords that the call below passes */
#define WIDTH_DIGITS  4  /* from so many on it is too wide */

static void compare(const char *format, size_t size, int width, int precision, uint64_t value,
                    char kind)
{
    char expected[TEXT_MAX], text[TEXT_MAX];
    int wanted;
    size_t got;

    memset(text, '~', sizeof(text));
    if (kind == 'q') {
        wanted = snprintf(expected, size, format, width, precision, value);
        got = format_to_buffer(text, size, format, width, precision, value);
    } else if (kind == 's') {
        static const char *const strings[] = {"", "a", "some text", "some more text than that"};
        const char *string = strings[value % 4];

        wanted = snprintf(expected, size, format, width, precision, string);
        got = format_to_buffer(text, size, format, width, precision, string);
    } else {
        wanted = snprintf(expected, size, format, width, precision, (uint32_t)value);
        got = format_to_buffer(text, size, format, width, precision, (uint32_t)value);
    }
    FUZZ_CHECK(got == (size_t)wanted);
    FUZZ_CHECK(size == 0 || strcmp(text, expected) == 0);
    FUZZ_CHECK(text[size] == '~');
}

static void do_conversion(struct fuzz_input *input, size_t size)
{
    static const char conversions[] = "duxXics";
    static const char *const lengths[] = {"", "hh", "h", "l", "ll", "z"};
    char format[32] = "<%";
    uint8_t flags = fuzz_byte(input);
    char conversion = conversions[fuzz_byte(input) % 7];
    bool is_number = conversion != 'c' && conversion != 's';
    const char *length = lengths[is_number ? fuzz_byte(input) % 6 : 0];
    int width = (int8_t)fuzz_byte(input);
    int precision = (int8_t)fuzz_byte(input) / 2;
    uint64_t value = fuzz_dword(input) | (uint64_t)(fuzz_byte(input) * 0x01010101u) << 32;
    bool is_signed = conversion == 'd' || conversion == 'i';

    if (conversion == 'c' && (value & 0xFF) == 0) {
        return; /* strcmp() ends there */
    }
    /* C leaves the other combinations undefined. */
    strcat(format, flags & 1 ? "-" : "");
    strcat(format, (flags & 2) && is_number ? "0" : "");
    strcat(format, (flags & 4) && is_signed ? "+" : "");
    strcat(format, (flags & 8) && is_signed ? " " : "");
    strcat(format, (flags & 16) && (conversion == 'x' || conversion == 'X') ? "#" : "");
    strcat(format, "*.*");
    strcat(format, length);
    strncat(format, &conversion, 1);
    strcat(format, ">");
    if (conversion == 'c') {
        precision = -1;
    }
    compare(format, size, width, precision, value,
            strcmp(length, "ll") == 0 ? 'q'
            : conversion == 's'       ? 's'
                                      : 'd');
}

/* All arguments are 0, so %s prints "(null)"; there must be enough of them. */
static void do_any_format(const uint8_t *data, size_t left, size_t size)
{
    char format[256], text[TEXT_MAX];
    unsigned arguments = 0;
    size_t length = left < sizeof(format) - 1 ? left : sizeof(format) - 1;

    memcpy(format, data, length);
    format[length] = '\0';
    for (const char *c = format; *c; c++) {
        size_t digits = strspn(c, "0123456789");

        if (digits >= WIDTH_DIGITS) {
            return; /* gigabytes of blanks would take their time */
        }
        c += digits ? digits - 1 : 0;
        arguments += *c == '%' ? 2 : *c == '*';
    }
    if (arguments > ARGUMENTS_MAX) {
        return;
    }
    memset(text, '~', sizeof(text));
    format_to_buffer(text, size, format, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                     0, 0, 0, 0);
    FUZZ_CHECK(size == 0 || memchr(text, '\0', size));
    FUZZ_CHECK(text[size] == '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.data = data, .left = size};
    uint8_t shape = fuzz_byte(&input);

    if (shape & 1) {
        do_any_format(input.data, input.left, shape);
        return 0;
    }
    while (input.left > 0) {
        do_conversion(&input, shape);
    }
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    static const char *const formats[] = {"\x7Fhere %d %-08.3llx|%+ #5i%%", "\x41%s %c %p %.*s %*d",
                                          "\xFF%z%l%ll%hhd%999d%.999x%", "\x03%-", "\x01%"};

    if (number < 5) {
        memcpy(data, formats[number], strlen(formats[number]));
        return strlen(formats[number]);
    }
    size_t length = fuzz_seed_random(number, data, 240);
    data[0] = (uint8_t)(number * 36 & 0xFE);
    return number < 12 ? length : 0;
}
