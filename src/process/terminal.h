/*
 * process/terminal.h - which process has the keyboard.
 *
 * One process is in front: keys are its own, other processes get none. Its family's tasks get
 * their turns soon (task_favour()). Ctrl-C ends it, unless it asked for ctrl-C as a key. Ctrl-\ ends
 * its whole family, in any case; the nearest of those that started it and are of another
 * family is in front at once. Init's family has no such end: there ctrl-\ is a key like others. When
 * the one in front ends, the nearest of those that started it comes to the front again. Every
 * process may write to the screen.
 */
#ifndef PROCESS_TERMINAL_H
#define PROCESS_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

struct process;

/* Registers with the keyboard. */
void terminal_initialise(void);

/* Keys go to process from now on; unread keys are the next process's. */
void terminal_set_front(struct process *process);

/* The same, for a process that has just been started. A ctrl-C or ctrl-\ that came while it was
 * loaded, and that was not read, was meant for it. */
void terminal_start_front(struct process *process);

bool terminal_is_front(const struct process *process);

/* The next key for the running process; 0 when there is none, or when it is not in front. */
uint8_t terminal_get_key(void);

/* The same, but waits; 0 only when the task was cancelled. */
uint8_t terminal_wait_key(void);

#endif
