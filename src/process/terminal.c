/*
 * process/terminal.c - see terminal.h.
 *
 * Size before speed.
 */
#include "process/terminal.h"

#include "abi/keys.h"
#include "debug/printk.h"
#include "drivers/keyboard.h"
#include "task/task.h"

static struct {
    const struct terminal_actions *actions;
    struct session *front; /* NULL: nobody yet */
    struct wait_queue key_waiters;
} terminal;

static void interrupt_front(void)
{
    keyboard_flush();
    printk("^C\n");
    terminal.actions->interrupt(terminal.front);
}

static bool can_quit_front(void)
{
    return terminal.front && terminal.actions->can_quit(terminal.front);
}

static void quit_front(void)
{
    keyboard_flush();
    printk("^\\\n");
    terminal_set_front(terminal.actions->quit(terminal.front));
}

/* In the keyboard's or the serial line's interrupt. */
static bool terminal_on_key(uint8_t key)
{
    if (key == KEY_QUIT && can_quit_front()) {
        quit_front();
        return true;
    }
    if (key == KEY_INTERRUPT && terminal.front && !terminal.front->takes_interrupt) {
        interrupt_front();
        return true;
    }
    task_wake_all(&terminal.key_waiters);
    return false;
}

void terminal_initialise(const struct terminal_actions *actions)
{
    terminal.actions = actions;
    wait_queue_initialise(&terminal.key_waiters);
    keyboard_set_listener(terminal_on_key);
}

void terminal_set_front(struct session *session)
{
    terminal.front = session;
    task_favour(session ? session->turns : NULL);
    task_wake_all(&terminal.key_waiters); /* keys may be waiting for the new one */
}

void terminal_start_front(struct session *session)
{
    terminal_set_front(session);
    if (keyboard_holds(KEY_QUIT) && can_quit_front()) {
        quit_front();
    } else if (keyboard_holds(KEY_INTERRUPT)) {
        interrupt_front();
    }
}

bool terminal_is_front(const struct session *session)
{
    return session == terminal.front;
}

uint8_t terminal_get_key(const struct session *session)
{
    return terminal_is_front(session) ? keyboard_pop() : 0;
}

uint8_t terminal_wait_key(const struct session *session)
{
    uint8_t key;

    while ((key = terminal_get_key(session)) == 0 && !task_is_cancelled()) {
        task_block(&terminal.key_waiters);
    }
    return key;
}
