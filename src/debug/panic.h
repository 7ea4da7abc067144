/*
 * debug/panic.h - the end, said clearly.
 *
 * A panic means that a rule of the kernel itself is broken. It prints the last
 * lines of the log, one sentence, all registers, what the registered reporters
 * add (the error code and the page-table walk in words) and a symbolised
 * backtrace, to every sink of printk(), and leaves through machine_exit().
 * From the sentence on it fits the 25 rows of a VGA screen.
 * Bad input from a user or a disk is never a panic.
 */
#ifndef DEBUG_PANIC_H
#define DEBUG_PANIC_H

struct trap_frame;

/* Never returns. Works with interrupts off, in an interrupt, and inside a panic (a second one
 * prints its sentence only and stops, a third just stops). panic.asm */
void panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same for a trap: registers and backtrace are those of its frame. */
void panic_at(const struct trap_frame *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* The machine or the disk, not the kernel, is to blame: prints the sentence and ends as a panic
 * does, without registers and backtrace. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Adds a reporter that every panic calls, in order of registration, with the frame that it reports
 * (vector TRAP_NONE when panic() was called); at most PANIC_REPORTERS_MAX of them. It may use
 * printk, for three lines at most, and must not fault. */
#define PANIC_REPORTERS_MAX 8
typedef void (*panic_reporter_t)(const struct trap_frame *frame);
void panic_add_reporter(panic_reporter_t report);

/* The kernel rule `condition` must hold; compiled in always. */
#define KASSERT(condition)                                                                  \
    do {                                                                                    \
        if (!(condition)) {                                                                 \
            panic("rule broken: %s (%s:%d, %s)", #condition, __FILE__, __LINE__, __func__); \
        }                                                                                   \
    } while (0)

#endif
