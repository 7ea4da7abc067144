/*
 * debug/panic.c - see panic.h.
 *
 * A VGA screen keeps the last 25 rows, so the order of the report is by what may scroll away: the
 * log's end, which is context, comes before the sentence, and the sentence with all that follows
 * fits the screen.
 *
 * Size before speed.
 */
#include "debug/panic.h"

#include <stdarg.h>
#include <stddef.h>

#include "arch/cpu.h"
#include "arch/frame.h"
#include "arch/machine.h"
#include "debug/backtrace.h"
#include "debug/printk.h"

#define HEADLINE "KERNEL PANIC: "

#define LOG_LINES      4
#define LOG_TAIL_BYTES (LOG_LINES * 80)

static struct {
    unsigned depth; /* panics that are being reported: one, and those inside it */
    size_t reporter_count;
    panic_reporter_t reporters[PANIC_REPORTERS_MAX];
    char log_tail[LOG_TAIL_BYTES]; /* not on a stack that may be nearly full */
} state;

void panic_add_reporter(panic_reporter_t report)
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
    printk_sentence_v(0, format, arguments);
    va_end(arguments);
    machine_exit(MACHINE_EXIT_PANIC);
}

/* The console may show programs' output, or nothing: what did the kernel say last? */
static void print_end_of_log(void)
{
    size_t end = printk_read_log(state.log_tail, sizeof(state.log_tail));
    size_t start = end;

    for (unsigned lines = 0; start > 0 && lines <= LOG_LINES; start--) {
        lines += state.log_tail[start - 1] == '\n';
        if (lines > LOG_LINES) {
            break;
        }
    }
    console_write("\nthe log ends:\n", 15);
    console_write(state.log_tail + start, end - start);
}

/* Not static: panic.asm calls it. */
void __attribute__((noreturn))
panic_report(const struct trap_frame *frame, const char *format, va_list arguments);

void panic_report(const struct trap_frame *frame, const char *format, va_list arguments)
{
    cpu_interrupts_off();
    unsigned depth = state.depth++;

    /* If printk() itself faults, the report still ends: the second panic says what it can, the
     * third leaves, and the fourth, should leaving mean to print, stops. */
    if (depth > 2) {
        machine_halt();
    }
    if (depth > 1) {
        machine_exit(MACHINE_EXIT_PANIC);
    }
    if (depth == 0) {
        print_end_of_log();
    }
    printk("\n");
    printk_emphasise(true);
    printk(HEADLINE);
    printk_sentence_v(sizeof(HEADLINE) - 1, format, arguments);
    printk_emphasise(false);
    if (depth == 0) {
        frame_print(frame);
        for (size_t i = 0; i < state.reporter_count; i++) {
            state.reporters[i](frame);
        }
        printk("backtrace:\n");
        backtrace_print(frame);
    }
    machine_exit(MACHINE_EXIT_PANIC);
}

void panic_at(const struct trap_frame *frame, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    panic_report(frame, format, arguments);
}
