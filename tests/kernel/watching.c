/*
 * tests/kernel/watching.c - see watching.h.
 */
#include "watching.h"

#include <stddef.h>

#include "arch/cpu.h"
#include "arch/trap.h"
#include "debug/printk.h"
#include "arch/timer.h"
#include "process/process.h"
#include "task/task.h"

/* ld: a call of name goes to __wrap_name, and __real_name is the function itself. */
uint32_t __real_timer_get_ticks(void);
uint32_t __wrap_timer_get_ticks(void);

static struct {
    trap_handler_t call_handler;
    void (*tick_handler)(void);
    const struct watchers *watchers; /* NULL: none watches */
    unsigned pieces;
    uint32_t ticks; /* that the kernel has seen */
} watching;

void watching_start(const struct watchers *watchers)
{
    watching.ticks = __real_timer_get_ticks();
    watching.watchers = watchers;
}

void watching_stop(void)
{
    watching.watchers = NULL;
}

void watching_run(const struct watchers *watchers, struct process *process)
{
    watching_start(watchers);
    process_start(process, 0);
    for (;;) {
        task_run_all();
        if (process->task.state == TASK_ENDED) {
            break;
        }
        cpu_wait_for_interrupt();
        cpu_interrupts_off();
    }
    watching_stop();
}

void watching_call(struct trap_frame *frame, trap_handler_t handler)
{
    const struct watchers *watchers = watching.watchers;
    uint32_t command = (uint32_t)frame_syscall_number(frame);
    uint32_t result;

    if (watchers && watchers->answer && watchers->answer(command, &result)) {
        frame_set_result(frame, (int32_t)result);
        return;
    }
    if (watchers && watchers->on_call) {
        watchers->on_call(command);
    }
    handler(frame);
    if (watching.watchers && watching.watchers->on_result) {
        /* The result has taken the number's place. */
        watching.watchers->on_result(command, (intptr_t)frame_syscall_number(frame));
    }
}

static void watched_call(struct trap_frame *frame)
{
    watching_call(frame, watching.call_handler);
}

/* Has the test changed the clock? */
static bool has_own_clock(void)
{
    return watching.watchers && watching.watchers->is_tick;
}

static void watched_tick(void)
{
    if (watching.watchers && watching.watchers->on_tick) {
        watching.watchers->on_tick();
    }
    if (!has_own_clock() || watching.watchers->is_tick()) {
        watching.ticks++;
        watching.tick_handler();
    }
}

void __real_trap_set_syscall_handler(trap_handler_t handler);
void __wrap_trap_set_syscall_handler(trap_handler_t handler);
void __wrap_trap_set_syscall_handler(trap_handler_t handler)
{
    watching.call_handler = handler;
    __real_trap_set_syscall_handler(watched_call);
}

void __real_timer_set_tick_handler(void (*handler)(void));
void __wrap_timer_set_tick_handler(void (*handler)(void));
void __wrap_timer_set_tick_handler(void (*handler)(void))
{
    watching.tick_handler = handler;
    __real_timer_set_tick_handler(watched_tick);
}

uint32_t __wrap_timer_get_ticks(void)
{
    return has_own_clock() ? watching.ticks : __real_timer_get_ticks();
}

void __real_console_write(const char *text, size_t length);
void __wrap_console_write(const char *text, size_t length);
void __wrap_console_write(const char *text, size_t length)
{
    if (watching.watchers && watching.watchers->on_print) {
        watching.watchers->on_print(text, length);
    }
    if (!watching.watchers || ++watching.pieces % watching.watchers->print_one_in == 0) {
        __real_console_write(text, length);
    }
}
