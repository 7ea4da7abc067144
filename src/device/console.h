/*
 * device/console.h - the screen and line that all programs share, the keys, and who gets them.
 *
 * One session is in front: keys are its own, others get none. Its tasks get their turns soon
 * (task_favour()). Ctrl-C interrupts it, unless it takes ctrl-C as a key. Ctrl-\ ends it and all
 * that belongs to it, in any case, and another session is in front at once; for a session that
 * cannot be ended so, ctrl-\ is a key like others. Everybody may write to the screen.
 *
 * A session reads keys one by one, or reads the device "console" as a file. That gives whole lines,
 * which the user edits and sees, unless the session asks for bytes as they come (CONSOLE_LINES and
 * CONSOLE_ECHO of abi/file.h, for each session):
 *
 *   Enter       ends the line
 *   Backspace   takes one character back, ctrl-U all of them
 *   ctrl-D      at the start of a line: the end of the file; elsewhere: the line as it is, at once
 *
 * Keys without a character are ignored in a line; a character that does not fit it beeps. What is
 * left of a line when another session comes to the front is forgotten. As bytes, such a key is the
 * sequence that a terminal on the serial line sends.
 *
 * What is behind a session, and how it ends, is for those who register here (process.c: a session
 * is a process, ctrl-\ ends its family).
 */
#ifndef DEVICE_CONSOLE_H
#define DEVICE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/io_buffer.h"

struct task_group;

/* A part of what it belongs to, which fills it in and outlives its time in front. */
struct session {
    struct task_group *turns; /* whose turns come soon while it is in front */
    bool takes_interrupt;     /* ctrl-C is a key like the others */
    uint32_t mode;            /* CONSOLE_LINES, CONSOLE_ECHO */
};

/* What keys do to the session in front. They are called in the keyboard's or the serial line's
 * interrupt, or by console_start_front(). */
struct console_actions {
    void (*interrupt)(struct session *front);
    bool (*can_quit)(const struct session *front);
    /* Ends it. Returns the session that is in front next, NULL for none. */
    struct session *(*quit)(struct session *front);
    /* The running task's session. In system calls only. */
    struct session *(*running)(void);
};

/* Registers for keys, and the device "console". actions: all set, for ever. */
void console_initialise(const struct console_actions *actions);

/* Keys go to session from now on, to nobody for NULL; unread keys are the next session's. */
void console_set_front(struct session *session);

/* The same, for a session that has just begun. A ctrl-C or ctrl-\ that came while it was loaded,
 * and that was not read, was meant for it. */
void console_start_front(struct session *session);

bool console_is_front(const struct session *session);

/* The next key for session; 0 when there is none, or when it is not in front. */
uint8_t console_get_key(const struct session *session);

/* The same, but waits; 0 only when the running task was cancelled. */
uint8_t console_wait_key(const struct session *session);

/*
 * Prints length bytes. Returns length, or an error: io_buffer_take()'s, or -EINTERRUPTED when the
 * running task was cancelled; then some may have been printed. May wait, and lets others run.
 */
int console_print(struct io_buffer from, size_t length);

/* Reads for the running task's session, as said above: a count, 0 for ctrl-D, or an error. Waits
 * until the session is in front. */
int console_read(struct io_buffer to, size_t length);

#endif
