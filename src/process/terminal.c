/*
 * process/terminal.c - see terminal.h.
 *
 * Size before speed.
 */
#include "process/terminal.h"

#include "abi/syscalls.h"
#include "debug/printk.h"
#include "drivers/keyboard.h"
#include "process/process.h"
#include "task/task.h"

static struct {
    struct process *front; /* NULL: nobody yet */
    struct wait_queue key_waiters;
} terminal;

static void interrupt_front(void)
{
    keyboard_flush();
    printk("^C\n");
    process_cancel(terminal.front, STATUS_INTERRUPTED);
}

static bool can_quit_front(void)
{
    return terminal.front && terminal.front->family != family_of_init();
}

static void quit_front(void)
{
    struct family *family = terminal.front->family;
    struct process *next = terminal.front;

    keyboard_flush();
    printk("^\\\n");
    process_cancel_family(family, STATUS_QUIT);
    while (next && next->family == family) {
        next = next->parent;
    }
    terminal_set_front(next);
}

/* In the keyboard's or the serial line's interrupt. */
static bool terminal_on_key(uint8_t key)
{
    if (key == KEY_QUIT && can_quit_front()) {
        quit_front();
        return true;
    }
    if (key == KEY_INTERRUPT && terminal.front && !terminal.front->catches_interrupt) {
        interrupt_front();
        return true;
    }
    task_wake_all(&terminal.key_waiters);
    return false;
}

void terminal_initialise(void)
{
    wait_queue_initialise(&terminal.key_waiters);
    keyboard_set_listener(terminal_on_key);
}

void terminal_set_front(struct process *process)
{
    terminal.front = process;
    task_favour(process ? &process->family->turns : NULL);
    task_wake_all(&terminal.key_waiters); /* keys may be waiting for the new one */
}

void terminal_start_front(struct process *process)
{
    terminal_set_front(process);
    if (keyboard_holds(KEY_QUIT) && can_quit_front()) {
        quit_front();
    } else if (keyboard_holds(KEY_INTERRUPT)) {
        interrupt_front();
    }
}

bool terminal_is_front(const struct process *process)
{
    return process == terminal.front;
}

uint8_t terminal_get_key(void)
{
    return terminal_is_front(process_current()) ? keyboard_pop() : 0;
}

uint8_t terminal_wait_key(void)
{
    uint8_t key;

    while ((key = terminal_get_key()) == 0 && !task_is_cancelled()) {
        task_block(&terminal.key_waiters);
    }
    return key;
}
