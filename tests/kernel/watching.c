/*
 * tests/kernel/watching.c - see watching.h.
 */
#include "watching.h"

#include <stddef.h>

#include "arch/x86/trap.h"
#include "debug/printk.h"
#include "drivers/pit.h"

static struct {
    trap_handler_t call_handler;
    void (*tick_handler)(void);
    const struct watchers *watchers; /* NULL: nobody watches */
    unsigned pieces;
    unsigned ticks;
} watching;

void watching_start(const struct watchers *watchers)
{
    watching.watchers = watchers;
}

void watching_stop(void)
{
    watching.watchers = NULL;
}

static void watched_call(struct trap_frame *frame)
{
    const struct watchers *watchers = watching.watchers;
    uint32_t command = frame->eax;

    if (watchers && watchers->answer && watchers->answer(command, &frame->eax)) {
        return;
    }
    if (watchers && watchers->on_call) {
        watchers->on_call(command);
    }
    watching.call_handler(frame);
    if (watching.watchers && watching.watchers->on_result) {
        watching.watchers->on_result(command, (int32_t)frame->eax);
    }
}

/* 1 when nobody has changed the clock. */
static unsigned clock_factor(void)
{
    return watching.watchers && watching.watchers->clock_factor ? watching.watchers->clock_factor : 1;
}

static void watched_tick(void)
{
    if (watching.watchers && watching.watchers->on_tick) {
        watching.watchers->on_tick();
    }
    if (++watching.ticks % clock_factor() == 0) {
        watching.tick_handler();
    }
}

/* ld: a call of name goes to __wrap_name, and __real_name is the function itself. */
void __real_trap_register(unsigned vector, trap_handler_t handler);
void __wrap_trap_register(unsigned vector, trap_handler_t handler);
void __wrap_trap_register(unsigned vector, trap_handler_t handler)
{
    if (vector == TRAP_VECTOR_SYSCALL) {
        watching.call_handler = handler;
        handler = watched_call;
    }
    __real_trap_register(vector, handler);
}

void __real_pit_set_tick_handler(void (*handler)(void));
void __wrap_pit_set_tick_handler(void (*handler)(void));
void __wrap_pit_set_tick_handler(void (*handler)(void))
{
    watching.tick_handler = handler;
    __real_pit_set_tick_handler(watched_tick);
}

uint32_t __real_pit_get_ticks(void);
uint32_t __wrap_pit_get_ticks(void);
uint32_t __wrap_pit_get_ticks(void)
{
    return __real_pit_get_ticks() / clock_factor();
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
