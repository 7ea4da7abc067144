/*
 * console.c - standard input as a terminal gives it: whole lines, with echo.
 *
 *   Enter       ends the line
 *   Backspace   takes one character back, ctrl-U all of them
 *   ctrl-D      at the start of a line: the end of the file; elsewhere: the line as it is, at once
 *
 * Ctrl-C is the kernel's. Keys without a character are ignored; a character that does not fit the
 * line beeps.
 */
#include "layer.h"

#include <string.h>
#include <unistd.h>

#include "lib/key_decoder.h"
#include "lib/utf8.h"

#define LINE_BYTES 4096 /* with the newline */

#define CTRL(letter) ((letter) - '@')

static struct {
    char line[LINE_BYTES];
    size_t length; /* of what the user has completed */
    size_t taken;  /* of that, by the program */
    struct key_decoder decoder;
} console;

static void echo(const char *text, size_t length)
{
    syscall_write(text, length);
}

/* Takes the characters from the end down to down_to off the line. */
static void take_back(size_t *length, size_t down_to)
{
    while (*length > down_to) {
        echo("\b", 1); /* rubs out a character, however many bytes it has */
        *length = utf8_before(console.line, *length);
    }
}

/* Puts a character at the line's end, which has room for the newline behind it. */
static void append(size_t *length, uint32_t character)
{
    if (*length + utf8_length(character) >= LINE_BYTES) {
        echo("\a", 1);
        return;
    }
    unsigned count = utf8_encode(character, console.line + *length);

    echo(console.line + *length, count);
    *length += count;
}

/* Lets the user write a line. Its length; 0 for the end of the file. */
static size_t edit_line(void)
{
    size_t length = 0;

    for (;;) {
        int key = key_decode(&console.decoder, syscall_wait_key());

        if (key == KEY_ENTER) {
            echo("\n", 1);
            console.line[length++] = '\n';
            return length;
        }
        if (key == CTRL('D')) {
            return length;
        }
        if (key == KEY_BACKSPACE && length > 0) {
            take_back(&length, utf8_before(console.line, length));
        } else if (key == CTRL('U')) {
            take_back(&length, 0);
        } else if (key == '\t') {
            append(&length, ' '); /* a tab could not be taken back */
        } else if (key_is_printable(key)) {
            append(&length, (uint32_t)key);
        }
    }
}

int console_read(char *buffer, size_t length)
{
    if (length == 0) {
        return 0;
    }
    if (console.taken == console.length) {
        console.taken = 0;
        console.length = edit_line();
    }
    if (length > console.length - console.taken) {
        length = console.length - console.taken;
    }
    memcpy(buffer, console.line + console.taken, length);
    console.taken += length;
    return (int)length;
}
