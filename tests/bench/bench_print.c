/*
 * tests/bench/bench_print.c - what the command print costs besides the devices that it prints to:
 * finding the end of the user's string and copying it, the call of the console.
 */
#include "bench.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/paging/paging.h"
#include "memory/pmm.h"
#include "syscall/syscall.h"

#define LENGTH 64

static char text[LENGTH + 1];

static void print_from_user(void *argument)
{
    KASSERT(sys_print(argument) == 0);
}

static void print_from_kernel(void *argument)
{
    console_write(argument, LENGTH);
}

void bench_print(void)
{
    struct paging_4gb_chunk *chunk = paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
    uint8_t *frame = pmm_alloc_page();
    uintptr_t address = PROCESS_HEAP_ADDRESS;

    KASSERT(chunk && frame);
    KASSERT(paging_map(chunk, (void *)address, (void *)page_physical(frame),
                       PAGING_ACCESS_FROM_ALL) == 0);
    memset(text, '\r', LENGTH); /* leaves no trace in the table */
    memcpy(frame, text, sizeof(text));
    paging_switch(chunk);
    uint32_t all = bench_cost(print_from_user, &address, 100);
    uint32_t devices = bench_cost(print_from_kernel, text, 100);
    paging_switch(paging_kernel_chunk());
    paging_unmap(chunk, (void *)address);
    pmm_free_page(frame);
    paging_free_4gb(chunk);

    bench_title("console (instructions)");
    bench_row("print of 64 bytes, without the devices", all - devices, 0, 0);
}
