/*
 * tests/kernel/watching.h - sees every system call and every tick of the clock.
 *
 * The test kernel is linked with ld's --wrap for the functions by which handlers are registered, so
 * that a test can stand before them; the kernel itself is the released one.
 */
#ifndef TESTS_KERNEL_WATCHING_H
#define TESTS_KERNEL_WATCHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/trap.h"

struct process;

struct watchers {
    /* A call that the test answers itself, in *result: true, and the kernel does not see it. */
    bool (*answer)(uint32_t command, uint32_t *result);
    void (*on_call)(uint32_t command);                    /* before each system call */
    void (*on_result)(uint32_t command, intptr_t result); /* after it, if it comes back */
    void (*on_tick)(void); /* in the tick's interrupt, before the scheduler's own handler */
    void (*on_print)(const char *text, size_t length); /* before it is printed */
    /* For a test that has made the clock tick faster, which the kernel is not to notice: is this
     * one of the ticks that it sees? NULL: it sees all. */
    bool (*is_tick)(void);
    unsigned print_one_in; /* 1 / this of the pieces that programs print is printed */
};

/* A function that is NULL is not called. */
void watching_start(const struct watchers *watchers);
void watching_stop(void);

/* For the ways into the kernel: a call that watchers see, and handler, if they do not answer it. */
void watching_call(struct trap_frame *frame, trap_handler_t handler);

/* Starts process, which is loaded, and watches until it has ended. process_destroy() is the
 * caller's. */
void watching_run(const struct watchers *watchers, struct process *process);

#endif
