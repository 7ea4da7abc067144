/*
 * test_line_edit.c - the shell's line: what it holds, and what a screen and a terminal show of it.
 * Sources: src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ports.h"

#define console_write kernel_console_write /* the programs have one, too */
#include "drivers/vga.c"
#undef console_write
#include "../../programs/shell/line_edit.c"

#define PROMPT "drupe> "
#define WINDOW (LINE_COLUMNS - 1 - (sizeof(PROMPT) - 1))

static uint16_t vga_cells[CELLS];
static unsigned newlines;

static unsigned beeps; /* of the screen and of the terminal */
static size_t written;

/* A terminal on the serial line, which gets what drivers/serial.c makes of the text. Characters in
 * the last column leave the cursor there, as a VT100 does. */
static struct {
    uint32_t cells[LINE_COLUMNS]; /* Unicode */
    unsigned column;
    uint32_t character; /* what of it has come */
    unsigned rest;      /* bytes that have not */
} terminal;

static void terminal_blank(void)
{
    for (unsigned i = 0; i < LINE_COLUMNS; i++) {
        terminal.cells[i] = ' ';
    }
    terminal.column = 0;
}

static void terminal_put(char c)
{
    uint8_t byte = (uint8_t)c;

    switch (c) {
    case '\n':
        terminal_blank();
        newlines++;
        break;
    case '\r': terminal.column = 0; break;
    case '\b':
        if (terminal.column > 0) {
            terminal.cells[--terminal.column] = ' ';
        }
        break;
    case '\a': beeps++; break;
    default:
        assert_true(byte >= ' ' && byte != 0x7F);
        assert_true((terminal.rest > 0) == utf8_is_continuation(byte));
        if (terminal.rest > 0) {
            terminal.rest--;
            terminal.character = utf8_more_bits(terminal.character, byte);
        } else {
            terminal.rest = utf8_rest(byte);
            assert_true(byte < 0x80 || terminal.rest > 0);
            terminal.character = utf8_first_bits(byte, (uint8_t)terminal.rest);
        }
        if (terminal.rest == 0) {
            assert_true(terminal.column < LINE_COLUMNS - 1); /* the last column stays free */
            terminal.cells[terminal.column++] = terminal.character;
        }
        break;
    }
}

static uint8_t inb(uint16_t port)
{
    (void)port;
    return 0;
}

static void outb(uint16_t port, uint8_t value)
{
    (void)port;
    (void)value;
}

void printk_add_sink(struct printk_sink *sink)
{
    (void)sink;
}

void speaker_beep(void)
{
    beeps++;
}

int console_write(const void *buffer, size_t length)
{
    vga_write(buffer, length);
    written += length;
    for (size_t i = 0; i < length; i++) {
        terminal_put(((const char *)buffer)[i]);
    }
    return (int)length;
}

static struct line_editor editor;

static int reset(void **state)
{
    (void)state;
    for (int i = 0; i < HISTORY_LINES; i++) {
        free(editor.history[i]);
    }
    memset(&editor, 0, sizeof(editor));
    memset(&terminal, 0, sizeof(terminal));
    terminal_blank();
    newlines = 0;
    beeps = 0;
    written = 0;
    vga_initialise(vga_cells);
    line_edit_start(&editor, PROMPT);
    return 0;
}

/* The screen's glyph for a character. */
static uint8_t glyph(uint32_t character)
{
    return character < 0x80 ? (uint8_t)character : (uint8_t)glyph_of(character);
}

/* Both show the same row and cursor; and the row is the prompt, a part of the text with the
 * cursor's place in it, and blanks. */
static void check_screen(void)
{
    unsigned column = vga.position % VGA_COLUMNS;
    const uint16_t *row = vga_cells + vga.position - column;
    size_t from = columns_before(&editor, editor.cursor, column - strlen(PROMPT));

    assert_int_equal(column, terminal.column);
    assert_int_equal(vga.position / VGA_COLUMNS, newlines < VGA_ROWS ? newlines : VGA_ROWS - 1);
    assert_int_equal(column, strlen(PROMPT) + columns_of(&editor, from, editor.cursor));
    for (unsigned i = 0; i < LINE_COLUMNS; i++) {
        uint32_t wanted = i < strlen(PROMPT) ? (uint32_t)PROMPT[i] : ' ';

        if (i >= strlen(PROMPT) && i < LINE_COLUMNS - 1 && from < editor.length) {
            uint8_t rest = utf8_rest((uint8_t)editor.text[from]);

            wanted = utf8_first_bits((uint8_t)editor.text[from++], rest);
            while (rest-- > 0) {
                wanted = utf8_more_bits(wanted, (uint8_t)editor.text[from++]);
            }
        }
        assert_int_equal(terminal.cells[i], wanted);
        assert_int_equal((uint8_t)row[i], glyph(wanted));
    }
}

static enum line_event press(int key)
{
    enum line_event event = line_edit_key(&editor, key);
    if (event == LINE_GOES_ON) {
        line_edit_show(&editor);
        check_screen();
    }
    return event;
}

/* Presses keys; a letter behind ^ is with control. */
static void type(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        int key = (unsigned char)*keys;
        if (key == '^') {
            key = *++keys - 'A' + 1;
        }
        assert_int_equal(press(key), LINE_GOES_ON);
    }
}

static void enter(const char *keys)
{
    type(keys);
    assert_int_equal(press(KEY_ENTER), LINE_ENTERED);
    line_edit_start(&editor, PROMPT);
    check_screen();
}

static void has(const char *text, size_t cursor)
{
    assert_string_equal(editor.text, text);
    assert_int_equal(editor.length, strlen(text));
    assert_int_equal(editor.cursor, cursor);
}

#define UP    "\x80"
#define DOWN  "\x81"
#define LEFT  "\x82"
#define RIGHT "\x83"
#define HOME  "\x84"
#define END   "\x85"
#define DEL   "\x89"

static void test_typing_and_rubbing_out(void **state)
{
    (void)state;
    type("\bhellx\bo");
    has("hello", 5);
    type("\b\b\b\b\b\b");
    has("", 0);
}

static void test_moving_and_inserting(void **state)
{
    (void)state;
    type("ac" LEFT "b");
    has("abc", 2);
    type(HOME LEFT "x");
    has("xabc", 1);
    type(END RIGHT "y");
    has("xabcy", 5);
    type("^A0^E9^B^B^Fz");
    has("0xabcyz9", 7);
}

static void test_deleting(void **state)
{
    (void)state;
    type("abcdef" DEL);
    has("abcdef", 6);
    type(HOME DEL);
    has("bcdef", 0);
    type(RIGHT "^D");
    has("bdef", 1);
    type("\b\b");
    has("def", 0);
    type(RIGHT "^K^K");
    has("d", 1);
    type("xyz" LEFT "^U");
    has("z", 0);
    type("^U^K" DEL "\b");
    has("", 0);
}

static void test_ends_of_a_line(void **state)
{
    (void)state;
    type("abc" LEFT);
    assert_int_equal(press(KEY_ENTER), LINE_ENTERED);
    has("abc", 2);
    assert_int_equal(newlines, 1);
    line_edit_start(&editor, PROMPT);
    type("abc");
    assert_int_equal(press(3), LINE_GIVEN_UP);
    assert_int_equal(newlines, 2);
    line_edit_start(&editor, PROMPT);
    check_screen();
    has("", 0);
    assert_int_equal(press(4), LINE_NO_MORE);
    assert_int_equal(newlines, 3);
}

static void test_keys_without_a_meaning(void **state)
{
    (void)state;
    type("a\x01\x1b\x7f\x9f\x86\x87\x88\x91\t\n\x1f");
    has("a", 0);
}

/* Places are bytes, steps are characters. */
static void test_characters_beyond_ascii(void **state)
{
    (void)state;
    press(0xE9);    /* é: two bytes */
    press(0x20AC);  /* the euro: three, and none of the screen's glyphs */
    press(0x1F351); /* a peach: four */
    has("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8D\x91", 9);
    type(LEFT "x" LEFT LEFT);
    has("\xC3\xA9\xE2\x82\xACx\xF0\x9F\x8D\x91", 2);
    type(DEL "\b");
    has("x\xF0\x9F\x8D\x91", 0);
    type(RIGHT RIGHT RIGHT);
    has("x\xF0\x9F\x8D\x91", 5);
    type("\b");
    has("x", 1);
}

/* Keys that come at once are shown once. */
static void test_many_keys_are_shown_at_the_end(void **state)
{
    (void)state;
    for (int i = 0; i < 4000; i++) {
        assert_int_equal(line_edit_key(&editor, 'x'), LINE_GOES_ON);
    }
    line_edit_show(&editor);
    check_screen();
    assert_in_range(written, WINDOW, 10 * LINE_COLUMNS);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(line_edit_key(&editor, KEY_BACKSPACE), LINE_GOES_ON);
    }
    line_edit_key(&editor, 'y');
    assert_int_equal(line_edit_key(&editor, KEY_ENTER), LINE_ENTERED);
    assert_in_range(written, WINDOW, 10 * LINE_COLUMNS);
    assert_int_equal(editor.length, 1001);
}

static void test_a_line_exactly_full_and_one_more(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_BYTES - 1; i++) {
        type(i % 2 ? "a" : "b");
    }
    assert_int_equal(editor.length, LINE_BYTES - 1);
    type(HOME DEL "x");
    assert_int_equal(editor.length, LINE_BYTES - 1);
    assert_int_equal(editor.text[0], 'x');
    assert_int_equal(beeps, 0);
    assert_int_equal(press(KEY_ENTER), LINE_ENTERED);

    /* From the first character that does not fit, the line is not what was typed. */
    line_edit_start(&editor, PROMPT);
    type(UP "x" HOME "x");
    assert_int_equal(editor.length, LINE_BYTES - 1);
    assert_int_equal(editor.text[LINE_BYTES - 2], 'b');
    assert_int_equal(beeps, 2); /* screen and terminal, once a line */
    type("\b\b");
    assert_int_equal(press(KEY_ENTER), LINE_TOO_LONG);
    line_edit_start(&editor, PROMPT);
    type("\b");
    assert_int_equal(press(KEY_ENTER), LINE_ENTERED);

    /* A character of several bytes goes in whole, or not at all. */
    line_edit_start(&editor, PROMPT);
    type(UP "\b\b");
    assert_int_equal(editor.length, LINE_BYTES - 3);
    press(0x20AC);
    assert_int_equal(editor.length, LINE_BYTES - 3);
    press(0xE4);
    assert_int_equal(editor.length, LINE_BYTES - 1);
}

/* A line as long as the window, and to both sides of it. */
static void test_around_the_window(void **state)
{
    (void)state;
    for (size_t i = 0; i < WINDOW + 2; i++) {
        type("x");
    }
    type(HOME "a" END "b\b\b\b\b" HOME END LEFT LEFT LEFT RIGHT "^U^K");
    has("", 0);
    for (int i = 0; i < 200; i++) {
        char digit[2] = {(char)('0' + i % 10), '\0'};
        type(digit);
    }
    for (int i = 0; i < 210; i++) {
        type("\b"); /* check_screen() sees that what is left is shown */
        assert_true(editor.cursor == 0 || vga.position % VGA_COLUMNS > strlen(PROMPT));
    }
}

static void test_history(void **state)
{
    (void)state;
    type(UP DOWN);
    has("", 0);
    enter("one");
    enter("two");
    enter("two");
    enter("");
    enter("three");
    type("new" UP);
    has("three", 5);
    type(UP);
    has("two", 3);
    type(UP UP UP);
    has("one", 3);
    type(DOWN DOWN);
    has("three", 5);
    type("^N" DOWN);
    has("new", 3);
    type("^P^P!");
    has("two!", 4);
    enter("");
    type(UP UP UP);
    has("two", 3);
}

static void test_history_exactly_full_and_one_more(void **state)
{
    (void)state;
    char text[12];
    for (int i = 0; i <= HISTORY_LINES; i++) {
        snprintf(text, sizeof(text), "%d", i);
        enter(text);
        if (i == HISTORY_LINES - 1) {
            for (int up = 0; up < HISTORY_LINES + 3; up++) {
                type(UP);
            }
            has("0", 1);
            assert_int_equal(press(3), LINE_GIVEN_UP);
            line_edit_start(&editor, PROMPT);
        }
    }
    for (int up = 0; up < HISTORY_LINES + 3; up++) {
        type(UP);
    }
    has("1", 1);
}

/* Against a model that is nothing but a row of characters and a number. */
static void test_random_keys_against_a_model(void **state)
{
    (void)state;
    static const int keys[] = {KEY_LEFT,      KEY_RIGHT,  KEY_HOME,      KEY_END,
                               KEY_BACKSPACE, KEY_DELETE, 'K' - 'A' + 1, 'U' - 'A' + 1};
    static const int characters[] = {'a', 'Z', 0xE4, 0x2592, 0x20AC, 0x1F351};
    static int model[LINE_BYTES];
    static char text[LINE_BYTES * UTF8_BYTES_MAX + 1];
    size_t length = 0;
    size_t cursor = 0;

    srand(1);
    for (int i = 0; i < 20000; i++) {
        int roll = rand() % 100;
        /* Killing keys are rare, so that lines become long. */
        int key = roll < 60 ? characters[rand() % 6] : keys[rand() % (roll < 99 ? 6 : 8)];
        press(key);
        if (roll < 60) {
            memmove(model + cursor + 1, model + cursor, (length++ - cursor) * sizeof(*model));
            model[cursor++] = key;
        } else if (key == KEY_LEFT) {
            cursor -= cursor > 0;
        } else if (key == KEY_RIGHT) {
            cursor += cursor < length;
        } else if (key == KEY_HOME) {
            cursor = 0;
        } else if (key == KEY_END) {
            cursor = length;
        } else if (key == KEY_BACKSPACE && cursor > 0) {
            cursor--;
            memmove(model + cursor, model + cursor + 1, (--length - cursor) * sizeof(*model));
        } else if (key == KEY_DELETE && cursor < length) {
            memmove(model + cursor, model + cursor + 1, (--length - cursor) * sizeof(*model));
        } else if (key == 'K' - 'A' + 1) {
            length = cursor;
        } else if (key == 'U' - 'A' + 1) {
            memmove(model, model + cursor, (length - cursor) * sizeof(*model));
            length -= cursor;
            cursor = 0;
        }
        size_t bytes = 0;
        size_t cursor_bytes = 0;
        for (size_t c = 0; c < length; c++) {
            cursor_bytes = c == cursor ? bytes : cursor_bytes;
            bytes += utf8_encode((uint32_t)model[c], text + bytes);
        }
        text[bytes] = '\0';
        assert_true(bytes < LINE_BYTES);
        has(text, cursor < length ? cursor_bytes : bytes);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_typing_and_rubbing_out),
        TEST(test_moving_and_inserting),
        TEST(test_deleting),
        TEST(test_ends_of_a_line),
        TEST(test_keys_without_a_meaning),
        TEST(test_characters_beyond_ascii),
        TEST(test_many_keys_are_shown_at_the_end),
        TEST(test_a_line_exactly_full_and_one_more),
        TEST(test_around_the_window),
        TEST(test_history),
        TEST(test_history_exactly_full_and_one_more),
        TEST(test_random_keys_against_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
