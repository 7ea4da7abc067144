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

#define PRINT_BYTES_MAX 65536 /* a longer string without a NUL is a mistake */

#define POLLS_BEFORE_REST 64

/* print(str): 0 */
intptr_t sys_print(const uintptr_t *arguments)
{
    struct user_pointer string = user_pointer(arguments[0]);
    int length = user_string_length(string, PRINT_BYTES_MAX);

    if (length < 0) {
        return length == -EBOUNDS ? -EINVARG : length;
    }
    console_print(io_buffer_of_user(string), (size_t)length);
    return OK;
}

/* write(buffer, length): length. Nothing is printed when a part of the buffer is not there. */
intptr_t sys_write(const uintptr_t *arguments)
{
    struct user_pointer buffer = user_pointer(arguments[0]);
    size_t length = arguments[1];
    int status = user_range_check(buffer, length);

    return status < 0 ? status
                      : console_print(io_buffer_of_user(buffer), MIN(length, (size_t)INT32_MAX));
}

/* putchar(c): 0 */
intptr_t sys_putchar(const uintptr_t *arguments)
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
intptr_t sys_getkey(const uintptr_t *arguments)
{
    uint8_t key = console_get_key(&process_current()->session);

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
intptr_t sys_wait_key(const uintptr_t *arguments)
{
    (void)arguments;
    return console_wait_key(&process_current()->session);
}

/* catch_interrupt(on): whether it was on */
intptr_t sys_catch_interrupt(const uintptr_t *arguments)
{
    struct session *session = &process_current()->session;
    bool was_on = session->takes_interrupt;

    uint32_t on = (uint32_t)arguments[0];

    if (on > 1) {
        return -EINVARG;
    }
    session->takes_interrupt = on;
    return was_on;
}
