/*
 * console.c - standard input as a terminal gives it: whole lines, with echo.
 *
 *   Enter       ends the line
 *   Backspace   takes one character back, ctrl-U all of them
 *   ctrl-D      at the start of a line: the end of the file; elsewhere: the line as it is, at once
 *
 * Ctrl-C is the kernel's. Keys without a character are ignored, and so is what exceeds the line.
 */
#include "layer.h"

#include <string.h>
#include <unistd.h>

#define LINE_BYTES 1024

#define CTRL(letter) ((letter) - '@')

static struct {
    char line[LINE_BYTES];
    size_t length; /* of what the user has completed */
    size_t taken;  /* of that, by the program */
} console;

static void echo(const char *text, size_t length)
{
    system_call(SYSCALL_WRITE, ADDRESS(text), length, 0);
}

static void take_back(size_t *length, size_t down_to)
{
    while (*length > down_to) {
        echo("\b \b", 3);
        --*length;
    }
}

/* Lets the user write a line. Its length; 0 for the end of the file. */
static size_t edit_line(void)
{
    size_t length = 0;

    for (;;) {
        int32_t key = system_call(SYSCALL_WAIT_KEY, 0, 0, 0);
        char c = (char)key;

        if (key == KEY_ENTER) {
            echo("\n", 1);
            console.line[length++] = '\n';
            return length;
        }
        if (key == CTRL('D')) {
            return length;
        }
        if (key == KEY_BACKSPACE && length > 0) {
            take_back(&length, length - 1);
        } else if (key == CTRL('U')) {
            take_back(&length, 0);
        } else if (((key >= ' ' && key < 0x7F) || key == '\t') && length < LINE_BYTES - 1) {
            console.line[length++] =
                (char)(c == '\t' ? ' ' : c); /* a tab could not be taken back */
            echo(&console.line[length - 1], 1);
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
