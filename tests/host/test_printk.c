/*
 * test_printk.c - the log ring, the sinks, and who gets what.
 * Sources: src/lib/format.c src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Included, so that each test starts from an empty log. */
#include "debug/printk.c"

struct capture {
    char text[4 * LOG_BUFFER_BYTES];
    size_t length;
    unsigned writes;
};

static struct capture first;
static struct capture second;

static void capture_add(struct capture *capture, const char *text, size_t length)
{
    assert_true(capture->length + length < sizeof(capture->text));
    memcpy(capture->text + capture->length, text, length);
    capture->length += length;
    capture->text[capture->length] = '\0';
    capture->writes++;
}

static void first_write(const char *text, size_t length)
{
    capture_add(&first, text, length);
}

static void second_write(const char *text, size_t length)
{
    capture_add(&second, text, length);
}

static struct printk_sink first_sink = {.name = "first", .write = first_write};
static struct printk_sink second_sink = {.name = "second", .write = second_write};

static int reset(void **state)
{
    (void)state;
    memset(&kernel_log, 0, sizeof(kernel_log));
    memset(&first, 0, sizeof(first));
    memset(&second, 0, sizeof(second));
    return 0;
}

static unsigned emphasised[2];

static void on_emphasis(bool is_on)
{
    emphasised[is_on]++;
}

static void test_sentences_end_between_words(void **state)
{
    (void)state;
    char long_word[200];
    printk_add_sink(&first_sink);

    printk_sentence(0, "short");
    assert_string_equal(first.text, "short\n");

    /* A line exactly full, and one character more. */
    reset(NULL);
    printk_add_sink(&first_sink);
    printk_sentence(70, "%s", "a bc fghi");
    assert_string_equal(first.text, "a bc fghi\n");
    reset(NULL);
    printk_add_sink(&first_sink);
    printk_sentence(70, "%s", "a bc fghij k");
    assert_string_equal(first.text, "a bc\n  fghij k\n");

    /* A word longer than a line is cut, and nothing of it is lost. */
    reset(NULL);
    printk_add_sink(&first_sink);
    memset(long_word, 'x', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    printk_sentence(3, "%s and %u more", long_word, 7u);
    size_t column = 3;
    unsigned crosses = 0;
    for (const char *c = first.text; *c != '\0'; c++) {
        column = *c == '\n' ? 0 : column + 1;
        crosses += *c == 'x';
        assert_true(column <= PRINTK_COLUMNS);
    }
    assert_int_equal(crosses, 199);
    assert_non_null(strstr(first.text, " and 7 more\n"));

    /* Blanks and line breaks of any number between words are one blank. */
    reset(NULL);
    printk_add_sink(&first_sink);
    printk_sentence(0, "one  two\nthree\n");
    assert_string_equal(first.text, "one two three\n");
}

static void test_emphasis_is_for_sinks_that_have_it(void **state)
{
    (void)state;
    second_sink.emphasise = on_emphasis;
    printk_add_sink(&first_sink);
    printk_add_sink(&second_sink);
    printk_emphasise(true);
    printk_emphasise(false);
    assert_int_equal(emphasised[1], 1);
    assert_int_equal(emphasised[0], 1);
    second_sink.emphasise = NULL;
}

/* Fills the log with exactly `length` bytes "abc...zabc...", in printk()s of odd lengths. */
static void print_alphabet(size_t length)
{
    for (size_t done = 0; done < length;) {
        char piece[8];
        size_t count = MIN(length - done, (size_t)7);
        for (size_t i = 0; i < count; i++) {
            piece[i] = (char)('a' + (done + i) % 26);
        }
        printk("%.*s", (int)count, piece);
        done += count;
    }
}

static void assert_alphabet(const char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        assert_int_equal(text[i - from], 'a' + (int)(i % 26));
    }
}

static size_t room_of_5(void)
{
    return 5;
}

static size_t room_of_3(void)
{
    return 3;
}

/* The slowest device counts; those that never wait do not. */
static void test_room_is_the_smallest(void **state)
{
    (void)state;
    struct printk_sink fast = {.name = "fast", .write = first_write};
    struct printk_sink slow = {.name = "slow", .write = first_write, .can_take = room_of_5};
    struct printk_sink slower = {.name = "slower", .write = first_write, .can_take = room_of_3};

    assert_true(console_room() == SIZE_MAX);
    printk_add_sink(&fast);
    assert_true(console_room() == SIZE_MAX);
    printk_add_sink(&slower);
    printk_add_sink(&slow);
    assert_int_equal(console_room(), 3);
}

static void test_no_sink_keeps_the_text(void **state)
{
    (void)state;
    printk("early %d\n", 1);
    char text[32];
    assert_int_equal(printk_read_log(text, sizeof(text)), 8);
    assert_string_equal(text, "early 1\n");
}

static void test_every_sink_gets_the_text(void **state)
{
    (void)state;
    printk_add_sink(&first_sink);
    printk_add_sink(&second_sink);
    printk("%s has %u bytes\n", "pool", 104857600u);
    assert_string_equal(first.text, "pool has 104857600 bytes\n");
    assert_string_equal(second.text, "pool has 104857600 bytes\n");
}

static void test_late_sink_gets_what_it_missed(void **state)
{
    (void)state;
    printk("one\n");
    printk_add_sink(&first_sink);
    printk("two\n");
    printk_add_sink(&second_sink);
    printk("three\n");
    assert_string_equal(first.text, "one\ntwo\nthree\n");
    assert_string_equal(second.text, "one\ntwo\nthree\n");
}

static void test_empty_log_is_not_replayed(void **state)
{
    (void)state;
    printk_add_sink(&first_sink);
    assert_int_equal(first.writes, 0);
}

static void test_sink_registered_twice_is_one(void **state)
{
    (void)state;
    printk_add_sink(&first_sink);
    printk_add_sink(&second_sink);
    printk("text\n");
    printk_add_sink(&first_sink);
    printk_add_sink(&second_sink);
    printk("once\n");
    assert_string_equal(first.text, "text\nonce\n");
    assert_string_equal(second.text, "text\nonce\n");
}

static void test_log_one_less_than_full(void **state)
{
    (void)state;
    print_alphabet(LOG_BUFFER_BYTES - 1);
    printk_add_sink(&first_sink);
    assert_int_equal(first.length, LOG_BUFFER_BYTES - 1);
    assert_alphabet(first.text, 0, LOG_BUFFER_BYTES - 1);
}

static void test_log_exactly_full(void **state)
{
    (void)state;
    print_alphabet(LOG_BUFFER_BYTES);
    printk_add_sink(&first_sink);
    assert_int_equal(first.length, LOG_BUFFER_BYTES);
    assert_alphabet(first.text, 0, LOG_BUFFER_BYTES);
}

static void test_log_one_too_many_drops_the_oldest(void **state)
{
    (void)state;
    print_alphabet(LOG_BUFFER_BYTES + 1);
    printk_add_sink(&first_sink);
    assert_int_equal(first.length, LOG_BUFFER_BYTES);
    assert_alphabet(first.text, 1, LOG_BUFFER_BYTES + 1);
}

static void test_log_many_times_round(void **state)
{
    (void)state;
    print_alphabet(3 * LOG_BUFFER_BYTES + 1234);
    printk_add_sink(&first_sink);
    assert_int_equal(first.length, LOG_BUFFER_BYTES);
    assert_alphabet(first.text, 2 * LOG_BUFFER_BYTES + 1234, 3 * LOG_BUFFER_BYTES + 1234);
}

static void test_one_piece_larger_than_the_log(void **state)
{
    (void)state;
    static char text[LOG_BUFFER_BYTES + 101];
    for (size_t i = 0; i + 1 < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    printk("x");
    printk("%s", text);
    printk_add_sink(&first_sink);
    assert_int_equal(first.length, LOG_BUFFER_BYTES);
    assert_alphabet(first.text, 100, LOG_BUFFER_BYTES + 100);
}

static void test_position_wraps_at_32_bits(void **state)
{
    (void)state;
    kernel_log.end = UINT32_MAX - 2;
    kernel_log.is_full = true;
    printk("abcdefgh");
    char text[9];
    assert_int_equal(printk_read_log(text, sizeof(text)), 8);
    assert_string_equal(text, "abcdefgh");
    assert_int_equal(kernel_log.end, 5);
}

static void test_read_log_takes_the_newest_that_fit(void **state)
{
    (void)state;
    printk("0123456789");
    char text[8] = "#######";
    assert_int_equal(printk_read_log(text, 5), 4);
    assert_memory_equal(text, "6789\0##", 8);
    assert_int_equal(printk_read_log(text, 1), 0);
    assert_int_equal(text[0], '\0');
    text[0] = '#';
    assert_int_equal(printk_read_log(text, 0), 0);
    assert_int_equal(text[0], '#');
}

static void test_read_log_across_the_wrap(void **state)
{
    (void)state;
    print_alphabet(LOG_BUFFER_BYTES + 10);
    char text[32];
    assert_int_equal(printk_read_log(text, 21), 20);
    assert_alphabet(text, LOG_BUFFER_BYTES - 10, LOG_BUFFER_BYTES + 10);
}

static void test_console_write_is_shown_but_not_logged(void **state)
{
    (void)state;
    printk_add_sink(&first_sink);
    console_write("user\0text", 9);
    console_write("", 0);
    assert_int_equal(first.length, 9);
    assert_int_equal(first.writes, 1);
    assert_memory_equal(first.text, "user\0text", 9);
    char text[8];
    assert_int_equal(printk_read_log(text, sizeof(text)), 0);
}

/* A sink that prints, as an interrupt in the middle of a write would. */
static void interrupting_write(const char *text, size_t length)
{
    static bool is_inside;
    capture_add(&second, text, length);
    if (!is_inside) {
        is_inside = true;
        printk("[tick %d]", 7);
        is_inside = false;
    }
}

static void test_printk_inside_printk(void **state)
{
    (void)state;
    struct printk_sink sink = {.name = "interrupting", .write = interrupting_write};
    printk_add_sink(&sink);
    printk("abc");
    printk("def");
    assert_string_equal(second.text, "abc[tick 7]def[tick 7]");
    char text[64];
    printk_read_log(text, sizeof(text));
    assert_string_equal(text, "abc[tick 7]def[tick 7]");
    kernel_log.first_sink = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sentences_end_between_words, reset),
        cmocka_unit_test_setup(test_emphasis_is_for_sinks_that_have_it, reset),
        cmocka_unit_test_setup(test_room_is_the_smallest, reset),
        cmocka_unit_test_setup(test_no_sink_keeps_the_text, reset),
        cmocka_unit_test_setup(test_every_sink_gets_the_text, reset),
        cmocka_unit_test_setup(test_late_sink_gets_what_it_missed, reset),
        cmocka_unit_test_setup(test_empty_log_is_not_replayed, reset),
        cmocka_unit_test_setup(test_sink_registered_twice_is_one, reset),
        cmocka_unit_test_setup(test_log_one_less_than_full, reset),
        cmocka_unit_test_setup(test_log_exactly_full, reset),
        cmocka_unit_test_setup(test_log_one_too_many_drops_the_oldest, reset),
        cmocka_unit_test_setup(test_log_many_times_round, reset),
        cmocka_unit_test_setup(test_one_piece_larger_than_the_log, reset),
        cmocka_unit_test_setup(test_position_wraps_at_32_bits, reset),
        cmocka_unit_test_setup(test_read_log_takes_the_newest_that_fit, reset),
        cmocka_unit_test_setup(test_read_log_across_the_wrap, reset),
        cmocka_unit_test_setup(test_console_write_is_shown_but_not_logged, reset),
        cmocka_unit_test_setup(test_printk_inside_printk, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
