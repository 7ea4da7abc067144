/*
 * test_format.c - lib/format.c against the host's snprintf.
 * Sources: src/lib/format.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>
#include <string.h>

#include <cmocka.h>

#include "lib/format.h"

/* The formats are made at run time here, and some are wrong on purpose. */
#pragma GCC diagnostic ignored "-Wpragmas"                /* gcc and clang do not have */
#pragma GCC diagnostic ignored "-Wunknown-warning-option" /* the same ones */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

/* Formats by both and compares text and length. */
#define SAME(...)                                                         \
    do {                                                                  \
        char reference[512];                                              \
        char text[512];                                                   \
        int wanted = snprintf(reference, sizeof(reference), __VA_ARGS__); \
        size_t got = format_to_buffer(text, sizeof(text), __VA_ARGS__);   \
        assert_string_equal(text, reference);                             \
        assert_int_equal(got, wanted);                                    \
    } while (0)

static const char *const flag_sets[] = {"",   "-",  "0",  "+",  " ",  "#",  "-0",
                                        "0+", "0 ", "+ ", "-+", "0#", "-#", "#0+ -"};
static const char *const widths[] = {"", "1", "2", "5", "11", "20", "40"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".3", ".10", ".25"};

#define FOR_EACH(item, array) for (size_t item = 0; item < sizeof(array) / sizeof(*(array)); item++)

/* Calls check(format) for every combination of flags, width and precision before `conversion`. */
static void for_each_format(const char *conversion, void (*check)(const char *format))
{
    FOR_EACH(f, flag_sets) {
        FOR_EACH(w, widths) {
            FOR_EACH(p, precisions) {
                char format[32];
                snprintf(format, sizeof(format), "<%%%s%s%s%s>", flag_sets[f], widths[w],
                         precisions[p], conversion);
                check(format);
            }
        }
    }
}

static void check_int(const char *format)
{
    static const int values[] = {0,   1,      -1,    9,       10,      127,        128,       255,
                                 256, -32768, 65535, INT_MAX, INT_MIN, 1000000000, -999999999};
    FOR_EACH(i, values) {
        SAME(format, values[i]);
    }
}

static void check_long_long(const char *format)
{
    static const long long values[] = {0,
                                       1,
                                       -1,
                                       4294967295LL,
                                       4294967296LL,
                                       42949672959LL,
                                       42949672960LL,
                                       -4294967296LL,
                                       9999999999LL,
                                       LLONG_MAX,
                                       LLONG_MIN,
                                       1000000000000000000LL,
                                       0x123456789ABCDEFLL};
    FOR_EACH(i, values) {
        SAME(format, values[i]);
    }
}

static void check_string(const char *format)
{
    static const char *const values[] = {"", "a", "abc", "kernel memory", "0123456789"};
    FOR_EACH(i, values) {
        SAME(format, values[i]);
    }
}

static void test_decimal_int(void **state)
{
    (void)state;
    for_each_format("d", check_int);
    for_each_format("i", check_int);
    for_each_format("u", check_int);
}

static void test_hexadecimal_int(void **state)
{
    (void)state;
    for_each_format("x", check_int);
    for_each_format("X", check_int);
}

static void test_lengths_char_and_short(void **state)
{
    (void)state;
    static const char *const conversions[] = {"hhd", "hhu", "hhx", "hd", "hu", "hX"};
    FOR_EACH(i, conversions) {
        for_each_format(conversions[i], check_int);
    }
}

static void test_lengths_long_and_size(void **state)
{
    (void)state;
    static const char *const conversions[] = {"ld", "lu", "lx", "zd", "zu", "zx"};
    FOR_EACH(i, conversions) {
        char format[8];
        snprintf(format, sizeof(format), "%%%s", conversions[i]);
        SAME(format, (size_t)0);
        SAME(format, (size_t)1);
        SAME(format, SIZE_MAX);
        SAME(format, SIZE_MAX / 2 + 1);
    }
}

static void test_64_bit_numbers(void **state)
{
    (void)state;
    static const char *const conversions[] = {"lld", "lli", "llu", "llx", "llX"};
    FOR_EACH(i, conversions) {
        for_each_format(conversions[i], check_long_long);
    }
}

static void test_64_bit_numbers_at_random(void **state)
{
    (void)state;
    uint64_t value = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        /* xorshift64 (Marsaglia 2003), cut to each length in turn */
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        unsigned long long number = value >> (i % 64);
        SAME("%llu %lld %llx", number, (long long)number, number);
    }
}

static void test_strings(void **state)
{
    (void)state;
    static const char *const flags[] = {"", "-"};
    FOR_EACH(f, flags) {
        FOR_EACH(w, widths) {
            FOR_EACH(p, precisions) {
                char format[32];
                snprintf(format, sizeof(format), "<%%%s%s%ss>", flags[f], widths[w], precisions[p]);
                check_string(format);
            }
        }
    }
}

static void test_string_with_precision_needs_no_nul(void **state)
{
    (void)state;
    char *bytes = malloc(4);
    memcpy(bytes, "abcd", 4);
    SAME("%.4s", bytes);
    SAME("%.*s", 2, bytes);
    free(bytes);
}

static void test_null_string(void **state)
{
    (void)state;
    char text[32];
    assert_int_equal(format_to_buffer(text, sizeof(text), "%s", (char *)NULL), 6);
    assert_string_equal(text, "(null)");
    format_to_buffer(text, sizeof(text), "[%8s]", (char *)NULL);
    assert_string_equal(text, "[  (null)]");
}

static void test_characters(void **state)
{
    (void)state;
    SAME("%c%5c%-5c|", 'a', 'b', 'c');
    char text[4] = "###";
    assert_int_equal(format_to_buffer(text, sizeof(text), "%c", 0), 1);
    assert_memory_equal(text, "\0\0#", 3);
}

static void test_percent_and_plain_text(void **state)
{
    (void)state;
    SAME("");
    SAME("%%");
    SAME("100%% of %d%%", 7);
    SAME("no conversion at all");
}

static void test_stars(void **state)
{
    (void)state;
    SAME("<%*d>", 8, 42);
    SAME("<%*d>", -8, 42);
    SAME("<%-*d>", -8, 42);
    SAME("<%0*d>", 8, -42);
    SAME("<%*d>", 0, 42);
    SAME("<%.*d>", 5, 42);
    SAME("<%.*d>", -5, 42);
    SAME("<%.*d>", 0, 0);
    SAME("<%*.*s>", 6, 2, "abc");
    SAME("<%.*s>", -1, "abc");
}

static void test_pointer_is_always_of_full_width(void **state)
{
    (void)state;
    char text[64];
    format_to_buffer(text, sizeof(text), "%p %p", (void *)(uintptr_t)0x1000000, (void *)NULL);
    assert_string_equal(text, sizeof(void *) == 4 ? "0x01000000 0x00000000"
                                                  : "0x0000000001000000 0x0000000000000000");
    format_to_buffer(text, sizeof(text), "%20p|", (void *)(uintptr_t)0x1000000);
    assert_int_equal(strlen(text), 21);
}

static void test_unknown_conversion_is_printed_as_it_stands(void **state)
{
    (void)state;
    char text[64];
    assert_int_equal(format_to_buffer(text, sizeof(text), "a%qb %d", 5), 6);
    assert_string_equal(text, "a%qb 5");
    format_to_buffer(text, sizeof(text), "%-08.3lk!", 5);
    assert_string_equal(text, "%-08.3lk!");
    format_to_buffer(text, sizeof(text), "end %");
    assert_string_equal(text, "end %");
    format_to_buffer(text, sizeof(text), "end %5");
    assert_string_equal(text, "end %5");
    format_to_buffer(text, sizeof(text), "end %ll");
    assert_string_equal(text, "end %ll");
}

static void test_buffer_exactly_full_one_too_many_and_none(void **state)
{
    (void)state;
    char text[8];
    memset(text, '#', sizeof(text));
    assert_int_equal(format_to_buffer(text, 6, "%d", 12345), 5);
    assert_memory_equal(text, "12345\0##", 8);
    memset(text, '#', sizeof(text));
    assert_int_equal(format_to_buffer(text, 5, "%d", 12345), 5);
    assert_memory_equal(text, "1234\0###", 8);
    memset(text, '#', sizeof(text));
    assert_int_equal(format_to_buffer(text, 1, "%d", 12345), 5);
    assert_memory_equal(text, "\0#######", 8);
    memset(text, '#', sizeof(text));
    assert_int_equal(format_to_buffer(text, 0, "%d", 12345), 5);
    assert_memory_equal(text, "########", 8);
    assert_int_equal(format_to_buffer(NULL, 0, "%s", "abc"), 3);
}

static void test_huge_width_is_counted_and_cut(void **state)
{
    (void)state;
    char text[8];
    assert_int_equal(format_to_buffer(text, sizeof(text), "%100000d", 1), 100000);
    assert_string_equal(text, "       ");
    assert_int_equal(format_to_buffer(text, sizeof(text), "%.100000d", 1), 100000);
    assert_string_equal(text, "0000000");
}

struct pieces {
    size_t total;
    unsigned count;
    bool had_empty;
    char text[64];
};

static void collect(void *context, const char *text, size_t length)
{
    struct pieces *pieces = context;
    memcpy(pieces->text + pieces->total, text, length);
    pieces->total += length;
    pieces->count++;
    pieces->had_empty |= length == 0;
}

static size_t call_sink(struct pieces *pieces, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t produced = format_to_sink(collect, pieces, format, arguments);
    va_end(arguments);
    return produced;
}

static void test_sink_gets_all_in_order_and_no_empty_piece(void **state)
{
    (void)state;
    struct pieces pieces = {0};
    assert_int_equal(call_sink(&pieces, "%s|%-4d|%04x%s", "", 7, 0xAB, "end"), 13);
    assert_int_equal(pieces.total, 13);
    assert_memory_equal(pieces.text, "|7   |00abend", 13);
    assert_false(pieces.had_empty);

    struct pieces none = {0};
    assert_int_equal(call_sink(&none, "%s", ""), 0);
    assert_int_equal(none.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_int),
        cmocka_unit_test(test_hexadecimal_int),
        cmocka_unit_test(test_lengths_char_and_short),
        cmocka_unit_test(test_lengths_long_and_size),
        cmocka_unit_test(test_64_bit_numbers),
        cmocka_unit_test(test_64_bit_numbers_at_random),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_with_precision_needs_no_nul),
        cmocka_unit_test(test_null_string),
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_percent_and_plain_text),
        cmocka_unit_test(test_stars),
        cmocka_unit_test(test_pointer_is_always_of_full_width),
        cmocka_unit_test(test_unknown_conversion_is_printed_as_it_stands),
        cmocka_unit_test(test_buffer_exactly_full_one_too_many_and_none),
        cmocka_unit_test(test_huge_width_is_counted_and_cut),
        cmocka_unit_test(test_sink_gets_all_in_order_and_no_empty_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
