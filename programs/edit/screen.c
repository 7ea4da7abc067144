/*
 * screen.c - see screen.h.
 */
#include "screen.h"

#include <drupe.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

#define ROW_BYTES (SCREEN_COLUMNS * UTF8_BYTES_MAX)

static struct row {
    char bytes[ROW_BYTES];
    size_t length;
    bool is_bar, is_drawn;
} rows[SCREEN_ROWS];

/* All of a drawing goes out together: it does not flicker. */
static struct {
    size_t length;
    char bytes[8192];
} output;

static void flush(void)
{
    (void)file_write(FILE_OUTPUT, output.bytes, output.length);
    output.length = 0;
}

static void put(const char *bytes, size_t length)
{
    if (output.length + length > sizeof(output.bytes)) {
        flush();
    }
    memcpy(output.bytes + output.length, bytes, length);
    output.length += length;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void go_to(unsigned row, unsigned column)
{
    char sequence[32];

    (void)snprintf(sequence, sizeof(sequence), "\033[%u;%uH", row + 1, column + 1);
    put_text(sequence);
}

void screen_forget(void)
{
    for (unsigned i = 0; i < SCREEN_ROWS; i++) {
        rows[i].is_drawn = false;
    }
    put_text("\033[H\033[J");
}

void screen_set(unsigned row, const char *bytes, size_t length, bool is_bar)
{
    struct row *now = &rows[row];

    length = length < ROW_BYTES ? length : ROW_BYTES;
    if (now->length != length || now->is_bar != is_bar || memcmp(now->bytes, bytes, length) != 0) {
        memcpy(now->bytes, bytes, length);
        now->length = length;
        now->is_bar = is_bar;
        now->is_drawn = false;
    }
}

void screen_show(unsigned row, unsigned column)
{
    for (unsigned i = 0; i < SCREEN_ROWS; i++) {
        if (!rows[i].is_drawn) {
            go_to(i, 0);
            put_text(rows[i].is_bar ? "\033[44m" : "\033[0m");
            put(rows[i].bytes, rows[i].length);
            put_text("\033[K");
            rows[i].is_drawn = true;
        }
    }
    put_text("\033[0m");
    go_to(row, column);
    flush();
}

void screen_leave(void)
{
    put_text("\033[0m\033[H\033[J");
    flush();
}
