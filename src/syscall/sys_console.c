/*
 * syscall/sys_console.c - what a program says and hears.
 *
 * Size before speed.
 */
#include "abi/keys.h"
#include "debug/printk.h"
#include "arch/timer.h"
#include "base/align.h"
#include "base/status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"
#include "process/process.h"
#include "task/task.h"
#include "process/terminal.h"

#define PRINT_BYTES_MAX 65536 /* a longer string without a NUL is a mistake */
#define PRINT_PIECE     256   /* copied at a time, on the kernel stack */
#define PRINT_LINES     8     /* and of these, ends of lines: each may scroll the screen */

#define POLLS_BEFORE_REST 64

/* How many of the count bytes are printed before the next pause: what follows an Escape may clear all
 * of the screen, so there is one at the piece's end at most. */
static uint32_t piece_length(const char *piece, uint32_t count)
{
    unsigned lines = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (piece[i] == KEY_ESCAPE || (piece[i] == '\n' && ++lines == PRINT_LINES)) {
            return i + 1;
        }
    }
    return count;
}

/* Prints length bytes at source; all of them are there. */
static uint32_t write_from_user(uint32_t source, uint32_t length)
{
    char piece[PRINT_PIECE];

    for (uint32_t done = 0; done < length;) {
        uint32_t count = MIN(length - done, PRINT_PIECE);
        int status = copy_from_user(piece, source + done, count);

        if (status < 0) {
            return (uint32_t)status;
        }
        count = piece_length(piece, count);
        console_write(piece, count);
        done += count;
        if (done < length && !task_pause()) {
            return (uint32_t)-EINTERRUPTED;
        }
    }
    return length;
}

/* print(str): 0 */
uint32_t sys_print(const uint32_t *arguments)
{
    int length = user_string_length(arguments[0], PRINT_BYTES_MAX);

    if (length < 0) {
        return (uint32_t)length;
    }
    write_from_user(arguments[0], (uint32_t)length);
    return OK;
}

/* write(buffer, length): length. Nothing is printed when a part of the buffer is not there. */
uint32_t sys_write(const uint32_t *arguments)
{
    int status = user_range_check(arguments[0], arguments[1]);

    return status < 0 ? (uint32_t)status : write_from_user(arguments[0], arguments[1]);
}

/* putchar(c): 0 */
uint32_t sys_putchar(const uint32_t *arguments)
{
    char c = (char)arguments[0];

    console_write(&c, 1);
    return OK;
}

/*
 * getkey(): the key, or 0 when none was pressed. Does not block. A program that does nothing but
 * ask is waiting in its own way: after POLLS_BEFORE_REST vain calls within one tick of the clock it
 * rests until the next interrupt, so that the machine can sleep and others can run.
 */
uint32_t sys_getkey(const uint32_t *arguments)
{
    uint8_t key = terminal_get_key(&process_current()->session);

    (void)arguments;
    if (key == 0) {
        struct process *process = process_current();
        uint32_t tick = timer_get_ticks();

        if (process->poll_tick != tick) {
            process->poll_tick = tick;
            process->polls = 0;
        }
        if (++process->polls >= POLLS_BEFORE_REST) {
            task_rest();
        }
    }
    return key;
}

/* wait_key(): the next key */
uint32_t sys_wait_key(const uint32_t *arguments)
{
    (void)arguments;
    return terminal_wait_key(&process_current()->session);
}

/* catch_interrupt(on): whether it was on */
uint32_t sys_catch_interrupt(const uint32_t *arguments)
{
    struct session *session = &process_current()->session;
    bool was_on = session->takes_interrupt;

    if (arguments[0] > 1) {
        return (uint32_t)-EINVARG;
    }
    session->takes_interrupt = arguments[0];
    return was_on;
}
