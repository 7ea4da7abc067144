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
#include <stddef.h>

struct printk_sink {
    const char *name;
    /* Writes length bytes; '\n' is a whole line break. Must work with interrupts off. */
    void (*write)(const char *text, size_t length);
    struct printk_sink *next; /* printk's own */
};

/* sink must live for ever. Replays the log into it, then sends it everything new. */
void printk_add_sink(struct printk_sink *sink);

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
void printk_v(const char *format, va_list arguments);

/* Raw text (a program's output) to all sinks, not into the log. */
void console_write(const char *text, size_t length);

/*
 * Copies the newest bytes of the log, at most size - 1, NUL-terminated, into
 * buffer. Returns how many.
 */
size_t printk_read_log(char *buffer, size_t size);

#endif
