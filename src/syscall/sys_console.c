/*
 * syscall/sys_console.c - what a program says and hears.
 */
#include "debug/printk.h"
#include "drivers/keyboard.h"
#include "drivers/pit.h"
#include "lib/align.h"
#include "status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"
#include "task/process.h"
#include "task/task.h"

#define PRINT_BYTES_MAX 65536 /* a string without a NUL for so long is a mistake */
#define PRINT_PIECE     256   /* copied at a time, on the kernel stack */

#define POLLS_BEFORE_REST 64

static struct wait_queue key_waiters;

/* print(str): 0 */
uint32_t sys_print(const uint32_t *arguments)
{
    char piece[PRINT_PIECE];
    uint32_t source = arguments[0];
    int length = user_string_length(source, PRINT_BYTES_MAX);

    if (length < 0) {
        return (uint32_t)length;
    }
    for (uint32_t done = 0; done < (uint32_t)length;) {
        uint32_t count = MIN((uint32_t)length - done, PRINT_PIECE);
        int status = copy_from_user(piece, source + done, count);

        if (status < 0) {
            return (uint32_t)status;
        }
        console_write(piece, count);
        done += count;
    }
    return OK;
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
    uint8_t key = keyboard_pop();

    (void)arguments;
    if (key == 0) {
        struct process *process = process_current();
        uint32_t tick = pit_get_ticks();

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
    uint8_t key;

    (void)arguments;
    while ((key = keyboard_pop()) == 0) {
        task_block(&key_waiters);
    }
    return key;
}

static void on_key(void)
{
    task_wake_all(&key_waiters);
}

void sys_console_initialise(void)
{
    wait_queue_initialise(&key_waiters);
    keyboard_set_listener(on_key);
}
