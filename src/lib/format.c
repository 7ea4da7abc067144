/*
 * lib/format.c - see format.h.
 *
 * A conversion is %[flags][width][.precision][length]letter. It is parsed into a struct spec, its
 * value is turned into digits, and one routine lays out
 *
 *   spaces | sign or 0x | zeros | digits or text | spaces
 *
 * Everything goes to the sink as it is made: literal text in one piece, padding from a constant
 * string. So no line is too long, and the stack needs one number's worth of space.
 *
 * Size before speed.
 */
#include "lib/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/align.h"
#include "lib/string.h"

/* The longest number in any base here: 2^64 - 1 has 20 decimal digits. */
#define DIGITS_MAX 20

struct output {
    format_sink_t sink;
    void *context;
    size_t produced;
};

enum length { LENGTH_CHAR, LENGTH_SHORT, LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE };

struct spec {
    bool left;      /* '-' */
    bool zeros;     /* '0' */
    bool plus;      /* '+' */
    bool space;     /* ' ' */
    bool alternate; /* '#' */
    int width;
    int precision; /* -1: none given */
    enum length length;
};

static void emit(struct output *output, const char *text, size_t length)
{
    if (length > 0) {
        output->sink(output->context, text, length);
        output->produced += length;
    }
}

static void emit_padding(struct output *output, char c, size_t count)
{
    static const char spaces[] = "                ";
    static const char zeros[] = "0000000000000000";
    const char *text = c == '0' ? zeros : spaces;

    while (count > 0) {
        size_t piece = MIN(count, sizeof(spaces) - 1);
        emit(output, text, piece);
        count -= piece;
    }
}

/* Lays out one conversion; zeros is how many the precision asks for before the body. */
static void emit_field(struct output *output, const struct spec *spec, const char *prefix,
                       size_t zeros, const char *body, size_t body_length)
{
    size_t prefix_length = strlen(prefix);
    size_t used = prefix_length + zeros + body_length;
    size_t padding = (size_t)spec->width > used ? (size_t)spec->width - used : 0;

    if (!spec->left) {
        emit_padding(output, ' ', padding);
    }
    emit(output, prefix, prefix_length);
    emit_padding(output, '0', zeros);
    emit(output, body, body_length);
    if (spec->left) {
        emit_padding(output, ' ', padding);
    }
}

/*
 * Divides *value by 10 and returns the remainder. A 64-bit division in C would need the compiler's
 * support library; DIV takes 64 bits by 32 when the quotient fits 32: so first the high half,
 * whose remainder goes before the low half (Intel SDM volume 2, DIV).
 */
static uint32_t divide_by_ten(uint64_t *value)
{
    uint32_t high = (uint32_t)(*value >> 32);
    uint32_t low = (uint32_t)*value;
    uint32_t remainder = high % 10;

    high /= 10;
    __asm__("divl %2" : "+a"(low), "+d"(remainder) : "r"((uint32_t)10) : "cc");
    *value = (uint64_t)high << 32 | low;
    return remainder;
}

/* Writes value's digits so that they end at end. Returns the first; 0 has none. */
static char *make_digits(char *end, uint64_t value, bool hexadecimal, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

    if (hexadecimal) {
        for (; value != 0; value >>= 4) {
            *--end = digits[value & 15];
        }
        return end;
    }
    while (value >> 32 != 0) {
        *--end = digits[divide_by_ten(&value)];
    }
    for (uint32_t rest = (uint32_t)value; rest != 0; rest /= 10) {
        *--end = digits[rest % 10];
    }
    return end;
}

static void emit_number(struct output *output, const struct spec *spec, const char *prefix,
                        uint64_t value, bool hexadecimal, bool upper)
{
    char buffer[DIGITS_MAX];
    char *end = buffer + sizeof(buffer);
    char *start = make_digits(end, value, hexadecimal, upper);
    size_t length = (size_t)(end - start);

    /* At least `precision` digits; without one, at least one digit, and the flag '0' fills the
     * width. */
    size_t least = spec->precision < 0 ? 1 : (size_t)spec->precision;
    if (spec->precision < 0 && spec->zeros && !spec->left) {
        size_t prefix_length = strlen(prefix);
        if ((size_t)spec->width > prefix_length + least) {
            least = (size_t)spec->width - prefix_length;
        }
    }
    emit_field(output, spec, prefix, least > length ? least - length : 0, start, length);
}

static void emit_string(struct output *output, const struct spec *spec, const char *string)
{
    if (string == NULL) {
        string = "(null)";
    }
    size_t length = spec->precision < 0 ? strlen(string) : strnlen(string, (size_t)spec->precision);
    emit_field(output, spec, "", 0, string, length);
}

/* A decimal number of the format itself, cut at INT_MAX. */
static int parse_number(const char **format)
{
    int value = 0;
    for (; char_is_digit(**format); (*format)++) {
        int digit = **format - '0';
        value = value > (INT_MAX - digit) / 10 ? INT_MAX : value * 10 + digit;
    }
    return value;
}

static void parse_flags(struct spec *spec, const char **format)
{
    for (;; (*format)++) {
        switch (**format) {
        case '-': spec->left = true; break;
        case '0': spec->zeros = true; break;
        case '+': spec->plus = true; break;
        case ' ': spec->space = true; break;
        case '#': spec->alternate = true; break;
        default: return;
        }
    }
}

static enum length parse_length(const char **format)
{
    switch (**format) {
    case 'h':
        (*format)++;
        if (**format == 'h') {
            (*format)++;
            return LENGTH_CHAR;
        }
        return LENGTH_SHORT;
    case 'l':
        (*format)++;
        if (**format == 'l') {
            (*format)++;
            return LENGTH_LONG_LONG;
        }
        return LENGTH_LONG;
    case 'z': (*format)++; return LENGTH_SIZE;
    default: return LENGTH_INT;
    }
}

/* va_list may be an array type, which a function receives as a pointer: hence the struct. */
struct arguments {
    va_list list;
};

static int64_t take_signed(struct arguments *arguments, enum length length)
{
    switch (length) {
    case LENGTH_SIZE: return va_arg(arguments->list, ptrdiff_t);
    case LENGTH_CHAR: return (signed char)va_arg(arguments->list, int);
    case LENGTH_SHORT: return (short)va_arg(arguments->list, int);
    case LENGTH_LONG: return va_arg(arguments->list, long);
    case LENGTH_LONG_LONG: return va_arg(arguments->list, long long);
    default: return va_arg(arguments->list, int);
    }
}

static uint64_t take_unsigned(struct arguments *arguments, enum length length)
{
    switch (length) {
    case LENGTH_SIZE: return va_arg(arguments->list, size_t);
    case LENGTH_CHAR: return (unsigned char)va_arg(arguments->list, unsigned int);
    case LENGTH_SHORT: return (unsigned short)va_arg(arguments->list, unsigned int);
    case LENGTH_LONG: return va_arg(arguments->list, unsigned long);
    case LENGTH_LONG_LONG: return va_arg(arguments->list, unsigned long long);
    default: return va_arg(arguments->list, unsigned int);
    }
}

/* Prints the conversion whose letter is `letter`. False when there is no such conversion. */
static bool convert(struct output *output, struct spec *spec, char letter,
                    struct arguments *arguments)
{
    switch (letter) {
    case 'd':
    case 'i': {
        int64_t value = take_signed(arguments, spec->length);
        const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
        /* Negated as unsigned: the least number has no positive of its own type. */
        emit_number(output, spec, sign, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, false,
                    false);
        return true;
    }
    case 'u':
        emit_number(output, spec, "", take_unsigned(arguments, spec->length), false, false);
        return true;
    case 'x':
    case 'X': {
        uint64_t value = take_unsigned(arguments, spec->length);
        const char *prefix = "";
        if (spec->alternate && value != 0) {
            prefix = letter == 'x' ? "0x" : "0X";
        }
        emit_number(output, spec, prefix, value, true, letter == 'X');
        return true;
    }
    case 'p':
        spec->precision = sizeof(void *) * 2;
        emit_number(output, spec, "0x", (uintptr_t)va_arg(arguments->list, void *), true, false);
        return true;
    case 'c': {
        char c = (char)va_arg(arguments->list, int);
        emit_field(output, spec, "", 0, &c, 1);
        return true;
    }
    case 's': emit_string(output, spec, va_arg(arguments->list, const char *)); return true;
    case '%': emit(output, "%", 1); return true;
    default: return false;
    }
}

size_t format_to_sink(format_sink_t sink, void *context, const char *format, va_list list)
{
    struct output output = {.sink = sink, .context = context, .produced = 0};
    struct arguments arguments;
    va_copy(arguments.list, list);

    while (*format != '\0') {
        const char *start = format;
        while (*format != '\0' && *format != '%') {
            format++;
        }
        emit(&output, start, (size_t)(format - start));
        if (*format == '\0') {
            break;
        }

        struct spec spec = {.precision = -1};
        start = format++;
        parse_flags(&spec, &format);
        if (*format == '*') {
            format++;
            int width = va_arg(arguments.list, int);
            spec.left = spec.left || width < 0;
            spec.width = width == INT_MIN ? INT_MAX : width < 0 ? -width : width;
        } else {
            spec.width = parse_number(&format);
        }
        if (*format == '.') {
            format++;
            if (*format == '*') {
                format++;
                int precision = va_arg(arguments.list, int);
                spec.precision = precision < 0 ? -1 : precision;
            } else {
                spec.precision = parse_number(&format);
            }
        }
        spec.length = parse_length(&format);
        if (convert(&output, &spec, *format, &arguments)) {
            format++;
        } else {
            /* Unknown, or the string ends inside it: shown as written, with its letter. */
            format += *format != '\0';
            emit(&output, start, (size_t)(format - start));
        }
    }
    va_end(arguments.list);
    return output.produced;
}

struct buffer {
    char *next;
    size_t room; /* without the NUL's */
};

static void buffer_sink(void *context, const char *text, size_t length)
{
    struct buffer *buffer = context;
    size_t copied = MIN(length, buffer->room);
    memcpy(buffer->next, text, copied);
    buffer->next += copied;
    buffer->room -= copied;
}

size_t format_to_buffer_v(char *buffer, size_t size, const char *format, va_list arguments)
{
    char nothing;
    struct buffer state = {.next = size > 0 ? buffer : &nothing, .room = size > 0 ? size - 1 : 0};
    size_t length = format_to_sink(buffer_sink, &state, format, arguments);
    if (size > 0) {
        *state.next = '\0';
    }
    return length;
}

size_t format_to_buffer(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_to_buffer_v(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
