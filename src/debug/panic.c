/*
 * debug/panic.c - see panic.h.
 */
#include "debug/panic.h"

#include "arch/x86/cpu.h"
#include "debug/backtrace.h"
#include "debug/machine.h"
#include "debug/printk.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
    bool is_running; /* a panic is being reported */
    bool has_origin;
    uint32_t origin_eip;
    uint32_t origin_ebp;
    size_t reporter_count;
    void (*reporters[PANIC_REPORTERS_MAX])(void);
} state;

void panic_add_reporter(void (*report)(void))
{
    KASSERT(state.reporter_count < PANIC_REPORTERS_MAX);
    state.reporters[state.reporter_count++] = report;
}

void fatal(const char *format, ...)
{
    cpu_interrupts_off();
    va_list arguments;
    va_start(arguments, format);
    printk("\n");
    printk_v(format, arguments);
    printk("\n");
    va_end(arguments);
    machine_exit(MACHINE_EXIT_PANIC);
}

void panic_set_origin(uint32_t eip, uint32_t ebp)
{
    state.has_origin = true;
    state.origin_eip = eip;
    state.origin_ebp = ebp;
}

/* Not inlined and with a frame: the backtrace starts from this function's return address. */
__attribute__((noinline)) void panic(const char *format, ...)
{
    cpu_interrupts_off();
    bool is_nested = state.is_running;
    state.is_running = true;

    va_list arguments;
    va_start(arguments, format);
    printk("\nKERNEL PANIC: ");
    printk_v(format, arguments);
    printk("\n");
    va_end(arguments);

    if (!is_nested) {
        for (size_t i = 0; i < state.reporter_count; i++) {
            state.reporters[i]();
        }
        printk("backtrace:\n");
        if (state.has_origin) {
            backtrace_print(state.origin_eip, state.origin_ebp);
        } else {
            uint32_t *frame = __builtin_frame_address(0);
            backtrace_print((uint32_t)__builtin_return_address(0), frame[0]);
        }
    }
    machine_exit(MACHINE_EXIT_PANIC);
}
