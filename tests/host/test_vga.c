/*
 * test_vga.c - the text screen in a buffer with guard cells on both sides.
 * Sources: src/lib/string.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_ports.h"

#include "drivers/vga.c"

#define GUARD_CELLS 200
#define GUARD_VALUE 0xDEAD

static uint16_t memory[GUARD_CELLS + CELLS + GUARD_CELLS];
static uint16_t *const cells = memory + GUARD_CELLS;

/* The CRT controller's registers, as a model. */
static uint8_t crtc_index;
static uint8_t crtc[256];

static uint8_t inb(uint16_t port)
{
    assert_int_equal(port, CRTC_DATA);
    return crtc[crtc_index];
}

static void outb(uint16_t port, uint8_t value)
{
    if (port == CRTC_INDEX) {
        crtc_index = value;
    } else {
        assert_int_equal(port, CRTC_DATA);
        assert_true(crtc_index == CRTC_CURSOR_HIGH || crtc_index == CRTC_CURSOR_LOW);
        crtc[crtc_index] = value;
    }
}

static unsigned sinks_added;

void printk_add_sink(struct printk_sink *sink)
{
    assert_string_equal(sink->name, "vga");
    sinks_added++;
}

static unsigned beeps;

void speaker_beep(void)
{
    beeps++;
}

static int reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++) {
        memory[i] = GUARD_VALUE;
    }
    vga_initialise(cells);
    return 0;
}

static int check_guards(void **state)
{
    (void)state;
    for (size_t i = 0; i < GUARD_CELLS; i++) {
        assert_int_equal(memory[i], GUARD_VALUE);
        assert_int_equal(cells[CELLS + i], GUARD_VALUE);
    }
    return 0;
}

static void print(const char *text)
{
    vga_write(text, strlen(text));
}

static unsigned cursor(void)
{
    return (unsigned)crtc[CRTC_CURSOR_HIGH] << 8 | crtc[CRTC_CURSOR_LOW];
}

static void assert_text(unsigned row, unsigned column, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        assert_int_equal(cells[row * VGA_COLUMNS + column + i] & 0xFF, (unsigned char)text[i]);
    }
}

static void assert_blank_row(unsigned row)
{
    for (unsigned i = 0; i < VGA_COLUMNS; i++) {
        assert_int_equal(cells[row * VGA_COLUMNS + i], 0x0720);
    }
}

static void test_initialise_clears_and_registers_one_sink(void **state)
{
    (void)state;
    for (unsigned row = 0; row < VGA_ROWS; row++) {
        assert_blank_row(row);
    }
    assert_int_equal(cursor(), 0);
    assert_true(sinks_added > 0);
}

static void test_text_is_light_grey_and_moves_the_cursor(void **state)
{
    (void)state;
    print("Hi");
    assert_int_equal(cells[0], 0x0700 | 'H');
    assert_int_equal(cells[1], 0x0700 | 'i');
    assert_int_equal(cells[2], 0x0720);
    assert_int_equal(cursor(), 2);
}

static void test_colors(void **state)
{
    (void)state;
    vga_set_color(VGA_WHITE, VGA_RED);
    print("!");
    assert_int_equal(cells[0], 0x4F00 | '!');
    /* A background above seven would blink. */
    vga_set_color(VGA_YELLOW, VGA_YELLOW);
    print("?");
    assert_int_equal(cells[1], 0x6E00 | '?');
}

static void test_backgrounds(void **state)
{
    (void)state;
    print("\x1B[41mr\x1B[42mg\x1B[43my\x1B[44mb\x1B[45mm\x1B[46mc\x1B[0mn");
    static const uint16_t wanted[] = {0x4700 | 'r', 0x2700 | 'g', 0x6700 | 'y', 0x1700 | 'b',
                                      0x5700 | 'm', 0x3700 | 'c', 0x0700 | 'n'};
    assert_memory_equal(cells, wanted, sizeof(wanted));
    assert_int_equal(cursor(), 7);
}

static void test_other_renditions_are_the_usual_one(void **state)
{
    (void)state;
    static const char *const others[] = {"",   "1",  "7",  "8",  "30",  "37",
                                         "39", "40", "47", "49", "107", "41;30"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++) {
        print("\r\x1B[41m\x1B[");
        print(others[i]);
        print("mx");
        assert_int_equal(cells[0], 0x0700 | 'x');
    }
}

static void test_home_and_erase_to_the_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CELLS; i++) {
        print("x");
    }
    print("\x1B[Hab\x1B[J");
    assert_text(0, 0, "ab");
    assert_int_equal(cursor(), 2);
    for (unsigned i = 2; i < CELLS; i++) {
        assert_int_equal(cells[i], 0x0720);
    }
    print("\x1B[Hc\n\x1B[41m\x1B[J");
    assert_text(0, 0, "cb");
    assert_int_equal(cells[VGA_COLUMNS - 1], 0x0720);
    assert_int_equal(cells[VGA_COLUMNS], 0x4720);
    assert_int_equal(cells[CELLS - 1], 0x4720);
    print("\x1B[0m");
    for (unsigned i = 0; i < VGA_ROWS; i++) {
        print("\n");
    }
    print("\x1B[Jz"); /* nothing is behind the end */
    assert_text(VGA_ROWS - 1, 0, "z");
}

/* Home forgets that the row before was full: the newline behind it is one. */
static void test_home_after_a_full_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VGA_COLUMNS; i++) {
        print("x");
    }
    print("\x1B[H\ny");
    assert_text(1, 0, "y");
}

static void test_positions(void **state)
{
    static const struct {
        const char *sequence;
        unsigned cell;
    } positions[] = {
        {"\x1B[1;1H", 0},
        {"\x1B[2;3H", VGA_COLUMNS + 2},
        {"\x1B[4H", 3 * VGA_COLUMNS},
        {"\x1B[4;H", 3 * VGA_COLUMNS},
        {"\x1B[;4H", 3},
        {"\x1B[0;0H", 0},
        {"\x1B[25;80H", CELLS - 1},
        {"\x1B[26;81H", CELLS - 1},
        {"\x1B[255;255H", CELLS - 1},
        {"\x1B[7;3;2H", 2 * VGA_COLUMNS + 1}, /* of three, the last two */
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(positions) / sizeof(*positions); i++) {
        print("\x1B[H\x1B[Jend of the text before");
        print(positions[i].sequence);
        assert_int_equal(cursor(), positions[i].cell);
        print("x");
        assert_int_equal(cells[positions[i].cell], 0x0700 | 'x');
    }
    print("y"); /* behind the last cell of a row that is no last one: no scrolling */
    assert_int_equal(cells[2 * VGA_COLUMNS + 2], 0x0700 | 'y');
}

static void test_erase_to_the_end_of_a_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CELLS - 1; i++) {
        print("x");
    }
    print("\x1B[2;3H\x1B[K\x1B[25;80H\x1B[K\x1B[3;80H\x1B[K\x1B[4;1H\x1B[41m\x1B[K\x1B[1K");
    for (unsigned i = 0; i < CELLS - 1; i++) {
        bool is_blank = (i >= VGA_COLUMNS + 2 && i < 2 * VGA_COLUMNS) || i == 3 * VGA_COLUMNS - 1;
        unsigned wanted = i / VGA_COLUMNS == 3 ? 0x4700 | ' ' : 0x0700 | (is_blank ? ' ' : 'x');

        assert_int_equal(cells[i], wanted);
    }
    assert_int_equal(cursor(), 3 * VGA_COLUMNS);
}

static void test_sequences_that_are_none(void **state)
{
    (void)state;
    print("\x1B*"); /* shown as it stands */
    assert_int_equal(cells[0], 0x071B);
    assert_int_equal(cells[1], 0x0700 | '*');
    print("\r\x1B\x1B[41mr");
    assert_int_equal(cells[0], 0x071B);
    assert_int_equal(cells[1], 0x4700 | 'r');
    print("\x1B[0m\r\x1B[2Ja\x1B[4\nb"); /* another kind, and one that breaks off */
    assert_int_equal(cells[0], 0x0700 | 'a');
    assert_int_equal(cells[VGA_COLUMNS], 0x0700 | 'b');
}

static void test_character_above_127_does_not_touch_the_color(void **state)
{
    (void)state;
    print("\xDB\xFF");
    assert_int_equal(cells[0], 0x07DB);
    assert_int_equal(cells[1], 0x07FF);
}

static void test_newline_and_carriage_return(void **state)
{
    (void)state;
    print("one\ntwo\rT");
    assert_text(0, 0, "one");
    assert_text(1, 0, "Two");
    assert_int_equal(cursor(), VGA_COLUMNS + 1);
}

static void test_tab_goes_to_the_next_multiple_of_eight(void **state)
{
    (void)state;
    print("\ta\tb");
    assert_text(0, 8, "a");
    assert_text(0, 16, "b");
    print("\r1234567\tc");
    assert_text(0, 8, "c");
    vga_clear();
    for (int i = 0; i < 10; i++) {
        print("\t");
    }
    assert_int_equal(cursor(), VGA_COLUMNS);
}

static void test_backspace_blanks_the_cell_before(void **state)
{
    (void)state;
    print("ab\b");
    assert_text(0, 0, "a ");
    assert_int_equal(cursor(), 1);
}

static void test_backspace_at_the_top_left_does_nothing(void **state)
{
    (void)state;
    print("\b\b\bx");
    assert_text(0, 0, "x");
    assert_int_equal(cursor(), 1);
}

static void test_backspace_goes_up_a_line(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VGA_COLUMNS; i++) {
        print("x");
    }
    assert_int_equal(cursor(), VGA_COLUMNS);
    print("\b");
    assert_int_equal(cursor(), VGA_COLUMNS - 1);
    assert_int_equal(cells[VGA_COLUMNS - 1], 0x0720);
}

static void test_long_line_wraps(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VGA_COLUMNS; i++) {
        print("x");
    }
    print("y");
    assert_text(0, VGA_COLUMNS - 1, "x");
    assert_text(1, 0, "y");
}

/* As on a terminal: a line of exactly 80 characters is one row, with its newline. */
static void test_full_line_and_newline_are_one_row(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n"};
    for (unsigned row = 0; row < 4; row++) {
        for (unsigned i = 0; i < VGA_COLUMNS; i++) {
            print("x");
        }
        print(ends[row % 2]);
        assert_int_equal(cursor(), (row + 1) * VGA_COLUMNS);
    }
    print("\ny");
    assert_text(5, 0, "y");
    print("\n\nz");
    assert_text(7, 0, "z");
}

static void test_last_line_is_used_before_scrolling(void **state)
{
    (void)state;
    print("top");
    for (unsigned i = 0; i < VGA_ROWS - 1; i++) {
        print("\n");
    }
    print("bottom");
    assert_text(0, 0, "top");
    assert_text(VGA_ROWS - 1, 0, "bottom");
}

static void test_one_line_more_scrolls_once(void **state)
{
    (void)state;
    print("first\nsecond");
    for (unsigned i = 0; i < VGA_ROWS - 1; i++) {
        print("\n");
    }
    print("last");
    assert_text(0, 0, "second");
    assert_blank_row(VGA_ROWS - 2);
    assert_text(VGA_ROWS - 1, 0, "last");
    assert_int_equal(cells[CELLS - VGA_COLUMNS + 4], 0x0720);
}

static void test_each_newline_at_the_bottom_scrolls(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VGA_ROWS - 1; i++) {
        print("\n");
    }
    print("text\n\n\nlast");
    assert_text(VGA_ROWS - 4, 0, "text");
    assert_blank_row(VGA_ROWS - 3);
    assert_blank_row(VGA_ROWS - 2);
    assert_text(VGA_ROWS - 1, 0, "last");
}

static void test_screen_exactly_full_then_one_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CELLS; i++) {
        char c = (char)('a' + i / VGA_COLUMNS);
        vga_write(&c, 1);
    }
    assert_text(0, 0, "a");
    assert_text(VGA_ROWS - 1, VGA_COLUMNS - 1, "y");
    assert_int_equal(cursor(), CELLS - 1);
    print("z");
    assert_text(0, 0, "b");
    assert_text(VGA_ROWS - 1, 0, "z");
    assert_int_equal(cursor(), CELLS - VGA_COLUMNS + 1);
}

static void test_1751_newlines(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1751; i++) {
        print("\n");
    }
    print("still here");
    assert_text(VGA_ROWS - 1, 0, "still here");
    check_guards(state);
}

static void test_random_text_stays_on_the_screen(void **state)
{
    (void)state;
    uint32_t value = 1;
    for (unsigned i = 0; i < 100000; i++) {
        value = value * 1664525 + 1013904223; /* Numerical Recipes' generator */
        char c = (char)(value >> 24);
        /* Mostly those that move the cursor. */
        static const char moves[] = "\n\r\t\b\n\t\x1B[4";
        if (value & 0x10000) {
            c = moves[(value >> 20) % 9];
        }
        vga_write(&c, 1);
        assert_true(cursor() < CELLS);
    }
    check_guards(state);
}

/* However it is cut into writes, and however far the rows have gone round. */
static void test_the_screen_is_the_last_25_lines(void **state)
{
    (void)state;
    static char text[5000];
    size_t length = 0;
    for (unsigned line = 0; line < 120; line++) {
        for (unsigned i = 0; i < 1 + line % 40; i++) {
            text[length++] = (char)('A' + (line + i) % 26);
        }
        text[length++] = '\n';
    }
    static const size_t pieces[] = {1, 2, 7, 41, 256, 1000, sizeof(text)};
    for (unsigned i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        vga_write("\n\n\n", i % 4); /* begin elsewhere */
        for (size_t done = 0; done < length; done += pieces[i]) {
            size_t left = length - done;
            vga_write(text + done, left < pieces[i] ? left : pieces[i]);
        }
        /* The last newline scrolls before the next character only. */
        for (unsigned row = 0; row < VGA_ROWS; row++) {
            unsigned line = 120 - VGA_ROWS + row;
            for (unsigned column = 0; column < VGA_COLUMNS; column++) {
                unsigned c = column < 1 + line % 40 ? 'A' + (line + column) % 26 : ' ';
                assert_int_equal(cells[row * VGA_COLUMNS + column], 0x0700 | c);
            }
        }
    }
}

/* Text behind a line that scrolls the screen, in one write: the screen is drawn once, whole. */
static void test_writing_on_after_scrolling(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VGA_ROWS - 1; i++) {
        print("\n");
    }
    print("one\ntwx\bo\n\x1B[41mred\x1B[0m\rR");
    assert_text(VGA_ROWS - 3, 0, "one ");
    assert_text(VGA_ROWS - 2, 0, "two ");
    assert_text(VGA_ROWS - 1, 0, "Red ");
    assert_int_equal(cells[CELLS - VGA_COLUMNS], 0x0700 | 'R');
    assert_int_equal(cells[CELLS - VGA_COLUMNS + 1], 0x4700 | 'e');
    /* Then each cell by itself again. */
    print("\b!");
    assert_text(VGA_ROWS - 1, 0, "!ed ");
    vga_clear();
    assert_blank_row(0);
    assert_blank_row(VGA_ROWS - 1);
}

static void test_nothing_to_write(void **state)
{
    (void)state;
    vga_write("x", 0);
    assert_int_equal(cells[0], 0x0720);
}

/* A coloured character that makes the screen scroll does not colour the whole new line. */
static void test_scrolled_line_is_black(void **state)
{
    (void)state;
    for (int i = 0; i < VGA_ROWS; i++) {
        print("\n");
    }
    print("\x1B[45mx");
    assert_int_equal(cells[CELLS - VGA_COLUMNS], (VGA_MAGENTA << 4 | VGA_LIGHT_GREY) << 8 | 'x');
    for (int i = 1; i < VGA_COLUMNS; i++) {
        assert_int_equal(cells[CELLS - VGA_COLUMNS + i], VGA_LIGHT_GREY << 8 | ' ');
    }
    print("\x1B[0m");
}

static void test_bell_beeps_and_shows_nothing(void **state)
{
    (void)state;
    beeps = 0;
    print("a\ab");
    assert_int_equal(beeps, 1);
    assert_int_equal(cells[0] & 0xFF, 'a');
    assert_int_equal(cells[1] & 0xFF, 'b');
}

/* Checks the first glyphs of the screen. */
static void shows(const char *text, const char *glyphs)
{
    vga_clear();
    print(text);
    size_t length = strlen(glyphs);
    for (size_t i = 0; i < length; i++) {
        assert_int_equal(cells[i] & 0xFF, (uint8_t)glyphs[i]);
    }
    assert_int_equal(vga.position, length);
}

static void test_utf8_is_shown_in_code_page_437(void **state)
{
    (void)state;
    shows("a\xC3\xA4z", "a\x84z");
    shows("\xE2\x96\x88\xE2\x95\x94\xCF\x80", "\xDB\xC9\xE3");
    shows("\xE2\x82\xACx\xF0\x9F\x8D\x91y", "?x?y"); /* no glyph: one cell all the same */
    /* In pieces, as putchar() brings them. */
    vga_clear();
    print("\xE2");
    print("\x96");
    print("\x88");
    assert_int_equal(cells[0] & 0xFF, 0xDB);
    assert_int_equal(vga.position, 1);
    /* At the end of a row, and below the screen. */
    vga_clear();
    for (int i = 0; i < VGA_ROWS * VGA_COLUMNS + 1; i++) {
        print("\xC3\xA9");
    }
    assert_int_equal(cells[CELLS - VGA_COLUMNS - 1] & 0xFF, 0x82);
    assert_int_equal(cells[CELLS - VGA_COLUMNS] & 0xFF, 0x82);
    assert_int_equal(cells[CELLS - VGA_COLUMNS + 1] & 0xFF, ' ');
}

static void test_other_bytes_are_their_own_glyphs(void **state)
{
    (void)state;
    shows("\xDB\xDB\xB1z", "\xDB?z"); /* U+06F1 */
    shows("\xB1\xFF\xC0\x80", "\xB1\xFF\xC0\x80");
    shows("\xDBz\x80", "\xDBz\x80"); /* broken off */
    shows("\xE2\x96z", "\xE2z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, check_guards)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_scrolled_line_is_black),
        TEST(test_bell_beeps_and_shows_nothing),
        TEST(test_utf8_is_shown_in_code_page_437),
        TEST(test_other_bytes_are_their_own_glyphs),
        TEST(test_initialise_clears_and_registers_one_sink),
        TEST(test_text_is_light_grey_and_moves_the_cursor),
        TEST(test_colors),
        TEST(test_backgrounds),
        TEST(test_other_renditions_are_the_usual_one),
        TEST(test_home_and_erase_to_the_end),
        TEST(test_home_after_a_full_row),
        TEST(test_positions),
        TEST(test_erase_to_the_end_of_a_row),
        TEST(test_sequences_that_are_none),
        TEST(test_character_above_127_does_not_touch_the_color),
        TEST(test_newline_and_carriage_return),
        TEST(test_tab_goes_to_the_next_multiple_of_eight),
        TEST(test_backspace_blanks_the_cell_before),
        TEST(test_backspace_at_the_top_left_does_nothing),
        TEST(test_backspace_goes_up_a_line),
        TEST(test_long_line_wraps),
        TEST(test_full_line_and_newline_are_one_row),
        TEST(test_last_line_is_used_before_scrolling),
        TEST(test_one_line_more_scrolls_once),
        TEST(test_each_newline_at_the_bottom_scrolls),
        TEST(test_screen_exactly_full_then_one_more),
        TEST(test_1751_newlines),
        TEST(test_random_text_stays_on_the_screen),
        TEST(test_the_screen_is_the_last_25_lines),
        TEST(test_writing_on_after_scrolling),
        TEST(test_nothing_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
