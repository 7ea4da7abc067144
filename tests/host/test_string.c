/*
 * test_string.c - lib/string.c against the host's C library, with guard bytes on both sides: the
 * assembly that moves the bytes is not seen by the sanitizers.
 * Sources:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The functions under test beside the host's own of the same name. */
#define memset  drupe_memset
#define memcpy  drupe_memcpy
#define memmove drupe_memmove
#define memcmp  drupe_memcmp
#define strlen  drupe_strlen
#define strnlen drupe_strnlen
#define strcmp  drupe_strcmp
#define strncmp drupe_strncmp
#include "lib/string.h"
#include "lib/string.c"
#undef memset
#undef memcpy
#undef memmove
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp

#define GUARD      16
#define AREA       128
#define LENGTH_MAX 70

static uint8_t actual[AREA];
static uint8_t expected[AREA];
static uint8_t source[AREA];

static void prepare(void)
{
    for (unsigned i = 0; i < AREA; i++) {
        actual[i] = (uint8_t)(i * 7 + 3);
        source[i] = (uint8_t)(i * 13 + 101);
    }
    memcpy(expected, actual, AREA);
}

static int direction_flag(void)
{
    unsigned long flags;
    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    return (flags & 0x400) != 0;
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void test_memset_every_length_and_alignment(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 4; offset++) {
        for (size_t length = 0; length <= LENGTH_MAX; length++) {
            prepare();
            memset(expected + GUARD + offset, 0xA5, length);
            uint8_t *to = actual + GUARD + offset;
            assert_ptr_equal(drupe_memset(to, 0xA5, length), to);
            assert_memory_equal(actual, expected, AREA);
        }
    }
}

static void test_memset_uses_the_low_byte_only(void **state)
{
    (void)state;
    prepare();
    drupe_memset(actual, 0x12345678, 9);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(actual[i], 0x78);
    }
    drupe_memset(actual, -1, 9);
    assert_int_equal(actual[8], 0xFF);
}

static void test_memset_zero_length_writes_nothing(void **state)
{
    (void)state;
    uint8_t byte = 1;
    drupe_memset(&byte, 0, 0);
    assert_int_equal(byte, 1);
}

static void test_memcpy_every_length_and_alignment(void **state)
{
    (void)state;
    for (size_t to = 0; to < 4; to++) {
        for (size_t from = 0; from < 4; from++) {
            for (size_t length = 0; length <= LENGTH_MAX; length++) {
                prepare();
                memcpy(expected + GUARD + to, source + GUARD + from, length);
                void *result = drupe_memcpy(actual + GUARD + to, source + GUARD + from, length);
                assert_ptr_equal(result, actual + GUARD + to);
                assert_memory_equal(actual, expected, AREA);
            }
        }
    }
}

static void test_memmove_every_overlap(void **state)
{
    (void)state;
    for (size_t to = GUARD; to < GUARD + 12; to++) {
        for (size_t from = GUARD; from < GUARD + 12; from++) {
            for (size_t length = 0; length <= LENGTH_MAX; length++) {
                prepare();
                memmove(expected + to, expected + from, length);
                assert_ptr_equal(drupe_memmove(actual + to, actual + from, length), actual + to);
                assert_memory_equal(actual, expected, AREA);
            }
        }
    }
}

static void test_memmove_ranges_that_touch(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 33; length++) {
        prepare();
        memmove(expected + GUARD + length, expected + GUARD, length);
        drupe_memmove(actual + GUARD + length, actual + GUARD, length);
        assert_memory_equal(actual, expected, AREA);
        memmove(expected + GUARD, expected + GUARD + length, length);
        drupe_memmove(actual + GUARD, actual + GUARD + length, length);
        assert_memory_equal(actual, expected, AREA);
    }
}

static void test_memmove_leaves_the_direction_flag_clear(void **state)
{
    (void)state;
    prepare();
    drupe_memmove(actual + 1, actual, 50);
    assert_false(direction_flag());
    drupe_memmove(actual, actual + 1, 50);
    assert_false(direction_flag());
}

static void test_memcmp_finds_each_differing_byte(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 40; length++) {
        prepare();
        assert_int_equal(drupe_memcmp(actual + 1, expected + 1, length), 0);
        for (size_t i = 0; i < length; i++) {
            uint8_t kept = actual[1 + i];
            actual[1 + i] = (uint8_t)(kept ^ 0x80);
            int reference = sign(memcmp(actual + 1, expected + 1, length));
            assert_int_equal(sign(drupe_memcmp(actual + 1, expected + 1, length)), reference);
            assert_int_equal(sign(drupe_memcmp(expected + 1, actual + 1, length)), -reference);
            actual[1 + i] = kept;
        }
    }
}

static void test_memcmp_is_unsigned_and_first_byte_decides(void **state)
{
    (void)state;
    assert_true(drupe_memcmp("\x80", "\x7f", 1) > 0);
    assert_true(drupe_memcmp("\x01\xff\xff\xff", "\x02\x00\x00\x00", 4) < 0);
    assert_true(drupe_memcmp("\x00\xff\xff\xff\xff", "\x00\xff\xff\xff\x7f", 5) > 0);
    assert_int_equal(drupe_memcmp("ab", "ac", 1), 0);
}

static void test_memcmp_reads_no_byte_beyond(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 9; length++) {
        uint8_t *a = malloc(length);
        uint8_t *b = malloc(length);
        memset(a, 5, length);
        memset(b, 5, length);
        assert_int_equal(drupe_memcmp(a, b, length), 0);
        free(a);
        free(b);
    }
}

static void test_strlen_and_strnlen(void **state)
{
    (void)state;
    assert_int_equal(drupe_strlen(""), 0);
    assert_int_equal(drupe_strlen("kernel"), 6);
    assert_int_equal(drupe_strnlen("kernel", 0), 0);
    assert_int_equal(drupe_strnlen("kernel", 5), 5);
    assert_int_equal(drupe_strnlen("kernel", 6), 6);
    assert_int_equal(drupe_strnlen("kernel", 7), 6);
    assert_int_equal(drupe_strnlen("kernel", SIZE_MAX), 6);
}

static void test_strnlen_of_unterminated_bytes(void **state)
{
    (void)state;
    char *bytes = malloc(3);
    memcpy(bytes, "abc", 3);
    assert_int_equal(drupe_strnlen(bytes, 3), 3);
    free(bytes);
}

static void test_strcmp_orders_like_the_host(void **state)
{
    (void)state;
    static const char *const words[] = {"", "a", "aa", "ab", "b", "\x80", "\xff\x01", "A"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        for (size_t j = 0; j < sizeof(words) / sizeof(*words); j++) {
            assert_int_equal(sign(drupe_strcmp(words[i], words[j])),
                             sign(strcmp(words[i], words[j])));
            for (size_t max = 0; max < 4; max++) {
                assert_int_equal(sign(drupe_strncmp(words[i], words[j], max)),
                                 sign(strncmp(words[i], words[j], max)));
            }
        }
    }
}

static void test_strncmp_stops_at_the_limit_and_at_nul(void **state)
{
    (void)state;
    char *bytes = malloc(2);
    memcpy(bytes, "xy", 2);
    assert_int_equal(drupe_strncmp(bytes, "xyz", 2), 0);
    assert_int_equal(drupe_strncmp("a\0b", "a\0c", 3), 0);
    free(bytes);
}

static void test_string_copy_terminates_and_tells_the_length(void **state)
{
    (void)state;
    char buffer[8];

    memset(buffer, '#', sizeof(buffer));
    assert_int_equal(string_copy(buffer, "abc", 4), 3); /* exactly full */
    assert_memory_equal(buffer, "abc\0####", 8);

    memset(buffer, '#', sizeof(buffer));
    assert_int_equal(string_copy(buffer, "abcd", 4), 4); /* one too many */
    assert_memory_equal(buffer, "abc\0####", 8);

    memset(buffer, '#', sizeof(buffer));
    assert_int_equal(string_copy(buffer, "abcd", 1), 4);
    assert_memory_equal(buffer, "\0#######", 8);

    memset(buffer, '#', sizeof(buffer));
    assert_int_equal(string_copy(buffer, "abcd", 0), 4);
    assert_memory_equal(buffer, "########", 8);

    assert_int_equal(string_copy(buffer, "", 8), 0);
    assert_string_equal(buffer, "");
}

static void test_character_classes_are_ascii(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        int upper = c >= 'a' && c <= 'z' ? c - 32 : c;
        int lower = c >= 'A' && c <= 'Z' ? c + 32 : c;
        assert_int_equal((unsigned char)char_to_upper((char)c), upper);
        assert_int_equal((unsigned char)char_to_lower((char)c), lower);
        assert_int_equal(char_is_digit((char)c) != 0, c >= '0' && c <= '9');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memset_every_length_and_alignment),
        cmocka_unit_test(test_memset_uses_the_low_byte_only),
        cmocka_unit_test(test_memset_zero_length_writes_nothing),
        cmocka_unit_test(test_memcpy_every_length_and_alignment),
        cmocka_unit_test(test_memmove_every_overlap),
        cmocka_unit_test(test_memmove_ranges_that_touch),
        cmocka_unit_test(test_memmove_leaves_the_direction_flag_clear),
        cmocka_unit_test(test_memcmp_finds_each_differing_byte),
        cmocka_unit_test(test_memcmp_is_unsigned_and_first_byte_decides),
        cmocka_unit_test(test_memcmp_reads_no_byte_beyond),
        cmocka_unit_test(test_strlen_and_strnlen),
        cmocka_unit_test(test_strnlen_of_unterminated_bytes),
        cmocka_unit_test(test_strcmp_orders_like_the_host),
        cmocka_unit_test(test_strncmp_stops_at_the_limit_and_at_nul),
        cmocka_unit_test(test_string_copy_terminates_and_tells_the_length),
        cmocka_unit_test(test_character_classes_are_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
