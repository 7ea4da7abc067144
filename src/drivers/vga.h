/*
 * drivers/vga.h - the 80 x 25 colour text screen, as a printk sink.
 *
 * The screen is 2,000 cells of 16 bits (IBM VGA Technical Reference, text modes 2 and 3):
 *
 *   15 | 14  12 | 11      8 | 7        0
 *   blink  background  foreground  character (code page 437)
 */
#ifndef DRIVERS_VGA_H
#define DRIVERS_VGA_H

#include <stddef.h>
#include <stdint.h>

#define VGA_COLUMNS 80
#define VGA_ROWS    25

enum vga_color {
    VGA_BLACK,
    VGA_BLUE,
    VGA_GREEN,
    VGA_CYAN,
    VGA_RED,
    VGA_MAGENTA,
    VGA_BROWN,
    VGA_LIGHT_GREY,
    VGA_DARK_GREY,
    VGA_LIGHT_BLUE,
    VGA_LIGHT_GREEN,
    VGA_LIGHT_CYAN,
    VGA_LIGHT_RED,
    VGA_LIGHT_MAGENTA,
    VGA_YELLOW,
    VGA_WHITE
};

/*
 * Clears the screen whose VGA_COLUMNS * VGA_ROWS cells are at cells (VGA_TEXT_ADDRESS on the
 * machine), sets light grey on black, and registers the printk sink "vga".
 */
void vga_initialise(uint16_t *cells);

/* Fills the screen with blanks of the current colour; the cursor goes to the top left. */
void vga_clear(void);

/* The colour of what is written from now on. A background is one of the first eight. */
void vga_set_color(enum vga_color foreground, enum vga_color background);

/*
 * Writes at the cursor. '\n' starts the next line, '\r' goes to the line's start, '\t' to the next
 * column that is a multiple of 8, '\b' blanks the cell before the cursor and goes there (also up to
 * the line above; not beyond the top left), '\a' beeps. Other control characters are shown as their
 * glyphs. The screen scrolls when text goes below its last line.
 *
 * A character in UTF-8 takes one cell: its glyph of code page 437, or '?' where that has none.
 * Bytes from 0x80 on that are not UTF-8 are shown as their own glyphs.
 *
 * Of a terminal's sequences (ECMA-48) some are known. Backgrounds: after ESC [ 41 m to ESC [ 46 m
 * it is red, green, brown, blue, magenta, cyan, after any other that ends in m black; the
 * characters are light grey: no program can leave an unreadable screen. ESC [ row ; column H, both
 * from 1, goes there, ESC [ H to the top left; ESC [ J blanks the cursor's cell and all behind it,
 * ESC [ K those of its row: to draw again in place.
 */
void vga_write(const char *text, size_t length);

#endif
