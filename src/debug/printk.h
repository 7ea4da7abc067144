/*
 * debug/printk.h - the kernel's voice.
 *
 * printk() formats (lib/format.h) into the log buffer and to every registered
 * sink. Output devices register themselves as sinks, so this layer knows no
 * device. Safe at any time: before any sink is registered the text is kept in
 * the log, and a sink that registers later is given what it missed.
 */
#ifndef DEBUG_PRINTK_H
#define DEBUG_PRINTK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct printk_sink {
    const char *name;
    /* Writes length bytes; '\n' is a whole line break. Must work with interrupts off. */
    void (*write)(const char *text, size_t length);
    /* How many bytes it takes before write() has to wait for the device; NULL: it never waits. */
    size_t (*can_take)(void);
    void (*emphasise)(bool is_on); /* what is written meanwhile catches the eye; NULL: it cannot */
    struct printk_sink *next;      /* printk's own */
};

/* sink must live for ever. Replays the log into it, then sends it everything new. */
void printk_add_sink(struct printk_sink *sink);

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
void printk_v(const char *format, va_list arguments);

/*
 * The same for a sentence of any length, and the line break behind it: lines end between words,
 * with at most PRINTK_COLUMNS characters, and those after the first begin with two blanks. column:
 * how many characters the line has already.
 */
#define PRINTK_COLUMNS 79
void printk_sentence(unsigned column, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void printk_sentence_v(unsigned column, const char *format, va_list arguments);

/* Text that follows catches the eye, on sinks that can do so, until it is turned off. */
void printk_emphasise(bool is_on);

/* Raw text (a program's output) to all sinks, not into the log. */
void console_write(const char *text, size_t length);

/* How many bytes console_write() takes at once before a device makes it wait, with interrupts off;
 * 0: it would wait for the first. SIZE_MAX when no device is slow. */
size_t console_room(void);

/*
 * Copies the newest bytes of the log, at most size - 1, NUL-terminated, into
 * buffer. Returns how many.
 */
size_t printk_read_log(char *buffer, size_t size);

#endif
