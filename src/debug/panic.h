/*
 * debug/panic.h - the end, said clearly.
 *
 * A panic means that a rule of the kernel itself is broken. It prints one
 * sentence, what the registered reporters add (registers, page-table walk), a
 * symbolised backtrace, and leaves through machine_exit().
 * Bad input from a user or a disk is never a panic.
 */
#ifndef DEBUG_PANIC_H
#define DEBUG_PANIC_H

#include <stdint.h>

/* Never returns. Works with interrupts off, in an interrupt, and inside a panic (a second one
 * prints its sentence only and stops). */
void panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The machine or the disk, not the kernel, is to blame: prints the sentence and ends as a panic
 * does, without registers and backtrace. */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Adds a reporter that every panic calls, in order of registration; at most PANIC_REPORTERS_MAX
 * of them. It may use printk and must not fault. */
#define PANIC_REPORTERS_MAX 8
void panic_add_reporter(void (*report)(void));

/* For traps: the frame that a panic's backtrace should start from, instead of its caller's. */
void panic_set_origin(uint32_t eip, uint32_t ebp);

/* The kernel rule `condition` must hold; compiled in always. */
#define KASSERT(condition)                                                              \
    do {                                                                                \
        if (!(condition)) {                                                             \
            panic("rule broken: %s (%s:%d, %s)", #condition, __FILE__, __LINE__, __func__); \
        }                                                                               \
    } while (0)

#endif
