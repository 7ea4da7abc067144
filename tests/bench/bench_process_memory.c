/*
 * tests/bench/bench_process_memory.c - process_malloc and process_free, inside the kernel.
 */
#include "bench.h"
#include "debug/panic.h"
#include "layout.h"
#include "task/process.h"

static struct process make_process(void)
{
    struct process process = {
        .chunk = paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL),
        .heap_next = PROCESS_HEAP_ADDRESS,
    };

    KASSERT(process.chunk);
    return process;
}

static void malloc_and_free(void *context)
{
    KASSERT(process_free(context, process_malloc(context, 4096)) == 0);
}

void bench_process_memory(void)
{
    static const uint32_t live_counts[] = {0, 1000, 10000};
    static const char *const names[] = {
        "process_malloc(4096)+free, nothing live",
        "process_malloc(4096)+free, 1,000 live",
        "process_malloc(4096)+free, 10,000 live",
    };
    uint32_t costs[3];

    bench_title("process memory (instructions)");
    for (int i = 0; i < 3; i++) {
        struct process process = make_process();

        for (uint32_t n = 0; n < live_counts[i]; n++) {
            KASSERT(process_malloc(&process, 4096));
        }
        costs[i] = bench_cost(malloc_and_free, &process, 1000);
        bench_row(names[i], costs[i], 0, 1700);
        paging_release_range(process.chunk, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END);
        paging_free_4gb(process.chunk);
    }
    uint32_t least = costs[0], most = costs[0];
    for (int i = 1; i < 3; i++) {
        least = costs[i] < least ? costs[i] : least;
        most = costs[i] > most ? costs[i] : most;
    }
    bench_row("  largest / smallest, in hundredths", most * 100 / least, 0, 120);
}
