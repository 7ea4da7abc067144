/*
 * tests/bench/bench.c - the bench kernel: prints one table and ends.
 */
#include "bench.h"

#include "arch/x86/cpu.h"
#include "arch/machine.h"
#include "debug/printk.h"
#include "kernel/kernel.h"

static uint32_t rows, rows_above_goal;

static void nothing(void *context)
{
    (void)context;
}

static uint32_t cost_of_loop(void (*operation)(void *), void *context, uint32_t times)
{
    uint32_t start = (uint32_t)cpu_read_cycles();

    for (uint32_t i = 0; i < times; i++) {
        operation(context);
    }
    return (uint32_t)cpu_read_cycles() - start;
}

uint32_t bench_cost(void (*operation)(void *context), void *context, uint32_t times)
{
    void (*volatile chosen)(void *) = operation;
    void (*volatile empty)(void *) = nothing;

    operation(context); /* whatever only the first one pays */
    return (cost_of_loop(chosen, context, times) - cost_of_loop(empty, context, times)) / times;
}

static void *return_it(void *argument)
{
    return argument;
}

static uint32_t measure_once(void *(*volatile operation)(void *), void *argument, void **result)
{
    uint32_t start = (uint32_t)cpu_read_cycles();

    *result = operation(argument);
    return (uint32_t)cpu_read_cycles() - start;
}

uint32_t bench_cost_once(void *(*operation)(void *argument), void *argument, void **result)
{
    uint32_t overhead = measure_once(return_it, argument, result);

    return measure_once(operation, argument, result) - overhead;
}

void bench_title(const char *title)
{
    printk("\n%-52s %10s %12s %8s %8s\n", title, "Drupe", "reference", "ratio", "goal");
}

void bench_row(const char *name, uint32_t cost, uint32_t reference, uint32_t goal)
{
    printk("%-52s %10u ", name, cost);
    if (reference && cost) {
        uint32_t tenths = reference / cost < 100000 ? reference * 10 / cost : reference / cost * 10;

        printk("%12u %6u.%ux ", reference, tenths / 10, tenths % 10);
    } else {
        printk("%12s %8s ", "-", "-");
    }
    if (goal) {
        printk("%8u%s\n", goal, cost > goal ? "  ABOVE" : "");
    } else {
        printk("%8s\n", "-");
    }
    rows++;
    rows_above_goal += goal && cost > goal;
}

void kernel_tests_run(void)
{
    bench_disk();
    bench_heap();
    bench_objects();
    bench_room();
    bench_paging();
    bench_process_memory();
    bench_print();
    bench_files();
    bench_page_cache();
    printk("\n%u rows, %u above their goal\n", rows, rows_above_goal);
    machine_exit(rows_above_goal ? MACHINE_EXIT_FAILURE : MACHINE_EXIT_SUCCESS);
}
