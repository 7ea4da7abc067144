/*
 * drivers/vga.c - see vga.h.
 *
 * What the screen shows is kept in ordinary memory too, since a read of the screen's takes a bus as
 * long as hundreds of instructions. There the rows go round: to scroll is to say which one is
 * first. As long as nothing has scrolled, each cell is written to both; after that only to memory,
 * and the whole screen at the end of the write, once for any number of lines.
 *
 * The position is one number, the cell's index: always below CELLS when a cell is written, for
 * put_char() scrolls first. A printk() from an interrupt in the middle of a write can leave text in
 * the wrong place, but not outside the screen: every index is checked on the value that is used.
 *
 * Size before speed.
 */
#include "drivers/vga.h"

#include <stdbool.h>

#include "arch/x86/io.h"
#include "debug/printk.h"
#include "arch/speaker.h"
#include "base/align.h"
#include "lib/string.h"
#include "lib/utf8.h"

#define CELLS       (VGA_COLUMNS * VGA_ROWS)
#define TAB_COLUMNS 8

#define ESCAPE           '\x1B'
#define FIRST_BACKGROUND 40 /* black */

/* The CRT controller of colour modes: an index port and a data port, and in two of its registers
 * the cursor's cell (IBM VGA Technical Reference, CRT controller registers 0Eh and 0Fh). */
#define CRTC_INDEX       0x3D4
#define CRTC_DATA        0x3D5
#define CRTC_CURSOR_HIGH 0x0E
#define CRTC_CURSOR_LOW  0x0F

static struct {
    uint16_t *cells;      /* the screen's; never read */
    uint16_t copy[CELLS]; /* the screen, from first on, and round the end */
    unsigned first;       /* below CELLS, the first cell of a row */
    bool has_scrolled;    /* the screen is behind the copy */
    uint16_t attribute;   /* the upper byte of new cells */
    enum { TEXT, AFTER_ESCAPE, IN_SEQUENCE } state;
    uint8_t number;    /* the sequence's last one */
    uint8_t before;    /* the one before that; 0: there is none */
    uint8_t utf8_rest; /* bytes that the UTF-8 character in the cell before still needs */
    uint32_t utf8;     /* what it is up to now */
    bool is_row_full;  /* position is behind a row just filled: a newline now belongs to that row */
    unsigned position; /* 0 to CELLS; CELLS: below the last line, scrolls before the next cell */
} vga;

/* position is below CELLS. */
static void put_cell(unsigned position, char c)
{
    uint16_t cell = (uint16_t)(vga.attribute | (unsigned char)c);
    unsigned place = vga.first + position;

    vga.copy[place < CELLS ? place : place - CELLS] = cell;
    if (!vga.has_scrolled) {
        vga.cells[position] = cell;
    }
}

static void fill(unsigned start, unsigned end)
{
    for (unsigned i = start; i < end; i++) {
        put_cell(i, ' ');
    }
}

/* The copy, in order, to the screen. */
static void show(void)
{
    unsigned first = vga.first;

    vga.has_scrolled = false;
    memcpy(vga.cells, vga.copy + first, (CELLS - first) * sizeof(*vga.cells));
    memcpy(vga.cells + CELLS - first, vga.copy, first * sizeof(*vga.cells));
}

/* One line up when position lies below the screen. Returns the position, now on the screen. The new
 * line is black, whatever colour the character that goes there has. */
static unsigned scroll_into_view(unsigned position)
{
    uint16_t attribute = vga.attribute;

    if (position < CELLS) {
        return position;
    }
    vga.has_scrolled = true;
    vga.first = (vga.first + VGA_COLUMNS) % CELLS;
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    fill(CELLS - VGA_COLUMNS, CELLS);
    vga.attribute = attribute;
    return CELLS - VGA_COLUMNS;
}

/* The characters (Unicode) that code page 437 has from 0x80 on. */
/* clang-format off */
static const uint16_t upper_half[] = {
    /* 80 */ 0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7,
    /* 88 */ 0x00EA, 0x00EB, 0x00E8, 0x00EF, 0x00EE, 0x00EC, 0x00C4, 0x00C5,
    /* 90 */ 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9,
    /* 98 */ 0x00FF, 0x00D6, 0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192,
    /* A0 */ 0x00E1, 0x00ED, 0x00F3, 0x00FA, 0x00F1, 0x00D1, 0x00AA, 0x00BA,
    /* A8 */ 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB,
    /* B0 */ 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
    /* B8 */ 0x2555, 0x2563, 0x2551, 0x2557, 0x255D, 0x255C, 0x255B, 0x2510,
    /* C0 */ 0x2514, 0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F,
    /* C8 */ 0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256C, 0x2567,
    /* D0 */ 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256B,
    /* D8 */ 0x256A, 0x2518, 0x250C, 0x2588, 0x2584, 0x258C, 0x2590, 0x2580,
    /* E0 */ 0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4,
    /* E8 */ 0x03A6, 0x0398, 0x03A9, 0x03B4, 0x221E, 0x03C6, 0x03B5, 0x2229,
    /* F0 */ 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00F7, 0x2248,
    /* F8 */ 0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0,
};
/* clang-format on */

static char glyph_of(uint32_t character)
{
    for (unsigned i = 0; i < ARRAY_SIZE(upper_half); i++) {
        if (upper_half[i] == character) {
            return (char)(0x80 + i);
        }
    }
    return '?';
}

/* Is c a later byte of the UTF-8 character whose first byte was shown as it came? With the last one
 * the character takes its cell. */
static bool continue_utf8(char c)
{
    if (vga.utf8_rest == 0) {
        return false;
    }
    if (!utf8_is_continuation((uint8_t)c)) {
        vga.utf8_rest = 0;
        return false;
    }
    vga.utf8 = utf8_more_bits(vga.utf8, (uint8_t)c);
    if (--vga.utf8_rest == 0 && vga.position > 0 && vga.position <= CELLS) {
        put_cell(vga.position - 1, glyph_of(vga.utf8));
    }
    return true;
}

static void put_char(char c)
{
    if (continue_utf8(c)) {
        return;
    }
    unsigned position = vga.position;
    unsigned column = position % VGA_COLUMNS;

    switch (c) {
    case '\n':
        if (!vga.is_row_full) {
            position = scroll_into_view(position);
            position += VGA_COLUMNS - position % VGA_COLUMNS;
        }
        break;
    case '\r': position -= column; break;
    case '\t':
        position = scroll_into_view(position);
        position += TAB_COLUMNS - column % TAB_COLUMNS;
        break;
    case '\b':
        if (position > 0 && position <= CELLS) {
            position--;
            put_cell(position, ' ');
        }
        break;
    case '\a': speaker_beep(); return;
    default:
        position = scroll_into_view(position);
        put_cell(position, c);
        position++;
        vga.utf8_rest = utf8_rest((uint8_t)c);
        vga.utf8 = utf8_first_bits((uint8_t)c, vga.utf8_rest);
        vga.is_row_full = position % VGA_COLUMNS == 0;
        vga.position = position;
        return;
    }
    vga.is_row_full = vga.is_row_full && c == '\r';
    vga.position = position;
}

static void set_rendition(unsigned number)
{
    static const uint8_t backgrounds[] = {VGA_BLACK, VGA_RED,     VGA_GREEN, VGA_BROWN,
                                          VGA_BLUE,  VGA_MAGENTA, VGA_CYAN};
    unsigned color = number - FIRST_BACKGROUND;

    vga_set_color(VGA_LIGHT_GREY, color < sizeof(backgrounds) ? backgrounds[color] : VGA_BLACK);
}

/* Row and column count from 1; 0 is the first, too, and beyond the last is the last. */
static void go_to(unsigned row, unsigned column)
{
    row = MIN(MAX(row, 1u), (unsigned)VGA_ROWS);
    column = MIN(MAX(column, 1u), (unsigned)VGA_COLUMNS);
    vga.position = (row - 1) * VGA_COLUMNS + column - 1;
    vga.is_row_full = false;
}

/* Executes a sequence that ends in final. */
static void obey(char final)
{
    if (final == 'm') {
        set_rendition(vga.number);
    } else if (final == 'H') {
        bool has_column = vga.before > 0;

        go_to(has_column ? vga.before : vga.number, has_column ? vga.number : 0);
    } else if (final == 'J' && vga.number == 0) {
        fill(vga.position, CELLS);
    } else if (final == 'K' && vga.number == 0 && vga.position < CELLS) {
        fill(vga.position, vga.position + VGA_COLUMNS - vga.position % VGA_COLUMNS);
    }
}

/* Is c part of a sequence? */
static bool take_sequence(char c)
{
    switch (vga.state) {
    case AFTER_ESCAPE:
        if (c == '[') {
            vga.state = IN_SEQUENCE;
            vga.number = vga.before = 0;
            return true;
        }
        put_char(ESCAPE);
        break;
    case IN_SEQUENCE:
        if (c >= '0' && c <= '9') {
            vga.number = (uint8_t)(vga.number * 10 + (c - '0'));
            return true;
        }
        if (c == ';') {
            vga.before = MAX(vga.number, 1);
            vga.number = 0;
            return true;
        }
        vga.state = TEXT;
        obey(c);
        return c >= '@'; /* anything else does not belong to it */
    default: break;
    }
    vga.state = c == ESCAPE ? AFTER_ESCAPE : TEXT;
    return c == ESCAPE;
}

static void show_cursor(void)
{
    unsigned position = vga.position < CELLS ? vga.position : CELLS - 1;
    outb(CRTC_INDEX, CRTC_CURSOR_HIGH);
    outb(CRTC_DATA, (uint8_t)(position >> 8));
    outb(CRTC_INDEX, CRTC_CURSOR_LOW);
    outb(CRTC_DATA, (uint8_t)position);
}

void vga_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!take_sequence(text[i])) {
            put_char(text[i]);
        }
    }
    if (vga.has_scrolled) {
        show();
    }
    show_cursor();
}

void vga_clear(void)
{
    fill(0, CELLS);
    vga.is_row_full = false;
    vga.position = 0;
    show_cursor();
}

void vga_set_color(enum vga_color foreground, enum vga_color background)
{
    vga.attribute = (uint16_t)((background & 7) << 12 | (foreground & 15) << 8);
}

/* A sequence that a program has begun would swallow what comes now. */
static void vga_emphasise(bool is_on)
{
    vga.state = TEXT;
    if (is_on) {
        vga_set_color(VGA_WHITE, VGA_RED);
    } else {
        vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    }
}

void vga_initialise(uint16_t *cells)
{
    static struct printk_sink sink = {
        .name = "vga",
        .write = vga_write,
        .emphasise = vga_emphasise,
    };

    vga.cells = cells;
    vga_set_color(VGA_LIGHT_GREY, VGA_BLACK);
    vga_clear();
    printk_add_sink(&sink);
}
