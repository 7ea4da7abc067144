/*
 * screen.h - rows of text at fixed places: only those that have changed are drawn.
 *
 * The console knows three of a terminal's sequences that this needs: ESC [ row ; column H goes
 * there, ESC [ K blanks the rest of a row, ESC [ 46 m and ESC [ 0 m choose the background.
 */
#ifndef EDIT_SCREEN_H
#define EDIT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#define SCREEN_ROWS    24 /* as the smallest of terminals; the PC's screen has one more */
#define SCREEN_COLUMNS 79 /* behind the last one, terminals differ */

/* The screen shows anything: all rows are to be drawn. */
void screen_forget(void);

/* What row, from 0, is to show: characters of UTF-8 that take a column each, and not more than
 * SCREEN_COLUMNS of them. */
void screen_set(unsigned row, const char *bytes, size_t length, bool is_bar);

/* Draws what has changed, and puts the cursor there. */
void screen_show(unsigned row, unsigned column);

/* An empty screen, and the cursor at its top. */
void screen_leave(void);

#endif
