/*
 * process/terminal.h - who has the keyboard.
 *
 * One session is in front: keys are its own, others get none. Its tasks get their turns soon
 * (task_favour()). Ctrl-C interrupts it, unless it takes ctrl-C as a key. Ctrl-\ ends it and all
 * that belongs to it, in any case, and another session is in front at once; for a session that
 * cannot be ended so, ctrl-\ is a key like others. Everybody may write to the screen.
 *
 * What is behind a session, and how it ends, is for those who register here (process.c: a session
 * is a process, ctrl-\ ends its family).
 */
#ifndef PROCESS_TERMINAL_H
#define PROCESS_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct task_group;

/* A part of what it belongs to, which fills it in and outlives its time in front. */
struct session {
    struct task_group *turns; /* whose turns come soon while it is in front */
    bool takes_interrupt;     /* ctrl-C is a key like the others */
};

/* What keys do to the session in front. They are called in the keyboard's or the serial line's
 * interrupt, or by terminal_start_front(). */
struct terminal_actions {
    void (*interrupt)(struct session *front);
    bool (*can_quit)(const struct session *front);
    /* Ends it. Returns the session that is in front next, NULL for none. */
    struct session *(*quit)(struct session *front);
};

/* Registers with the keyboard. actions: all set, for ever. */
void terminal_initialise(const struct terminal_actions *actions);

/* Keys go to session from now on, to nobody for NULL; unread keys are the next session's. */
void terminal_set_front(struct session *session);

/* The same, for a session that has just begun. A ctrl-C or ctrl-\ that came while it was loaded,
 * and that was not read, was meant for it. */
void terminal_start_front(struct session *session);

bool terminal_is_front(const struct session *session);

/* The next key for session; 0 when there is none, or when it is not in front. */
uint8_t terminal_get_key(const struct session *session);

/* The same, but waits; 0 only when the running task was cancelled. */
uint8_t terminal_wait_key(const struct session *session);

#endif
