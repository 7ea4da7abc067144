/*
 * calls.c - what system calls and processes cost, seen from ring 3: part of `make bench`.
 *
 * Runs as init under `-icount shift=0,sleep=off`, where rdtsc counts guest instructions. Each figure
 * is the least of several rounds, so that a tick of the clock in between does not count. Ends with
 * the number of rows above their goal as its status.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 8

static int rows_above_goal;

static uint32_t instructions(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low;
}

static void row(const char *name, uint32_t cost, uint32_t goal)
{
    printf("%-52s %10u %12s %8s ", name, (unsigned)cost, "-", "-");
    if (goal != 0) {
        printf("%8u%s\n", (unsigned)goal, cost > goal ? "  ABOVE" : "");
        rows_above_goal += cost > goal;
    } else {
        printf("%8s\n", "-");
    }
}

static uint32_t cost_of(void (*operation)(void), uint32_t times)
{
    uint32_t least = UINT32_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t start = instructions();
        for (uint32_t i = 0; i < times; i++) {
            operation();
        }
        uint32_t cost = (instructions() - start) / times;
        least = cost < least ? cost : least;
    }
    return least;
}

static void nothing(void)
{
    __asm__ volatile("");
}

/* What is promised of either kernel. */
#ifdef __x86_64__
#define GOAL_CALL   70
#define GOAL_SWITCH 114
#define GOAL_BYTES  53248
#else
#define GOAL_CALL   60
#define GOAL_SWITCH 90
#define GOAL_BYTES  65536
#endif

/* The bare instruction, without the libc's wrapper: what the kernel costs. */
static inline __attribute__((always_inline)) void call(long command)
{
#ifdef __x86_64__
    __asm__ volatile("syscall" : "+a"(command) : : "rcx", "r11", "memory");
#else
    __asm__ volatile("int %1" : "+a"(command) : "i"(SYSCALL_VECTOR) : "memory");
#endif
}

static void call_getpid(void)
{
    call(SYSCALL_GETPID);
}

static void call_yield(void)
{
    call(SYSCALL_YIELD);
}

static void malloc_and_free(void)
{
    page_free(page_malloc(4096));
}

static int start(const char *program, const char *argument)
{
    static struct command_argument words[2];
    strcpy(words[0].argument, program);
    words[0].next = argument != NULL ? &words[1] : NULL;
    if (argument != NULL) {
        strcpy(words[1].argument, argument);
    }
    return system_call(SYSCALL_SPAWN, (uintptr_t)words, 0, 0);
}

static void await(int pid)
{
    int status;
    if (system_call(SYSCALL_WAIT, (uint32_t)pid, (uintptr_t)&status, 0) != pid) {
        puts("a child could not be waited for");
        exit(255);
    }
}

static void spawn_and_wait(void)
{
    await(start("small.elf", NULL));
}

static uint32_t free_pages(void)
{
    struct memory_figures figures;
    system_call(SYSCALL_MEMORY_FIGURES, (uintptr_t)&figures, sizeof(figures), 0);
    return figures.free_pages;
}

static uint32_t bytes_of_a_process(void)
{
    enum { COUNT = 16 };
    int children[COUNT];
    uint32_t before = free_pages();
    for (int i = 0; i < COUNT; i++) {
        children[i] = start("init.elf", "sleep");
    }
    uint32_t taken = before - free_pages();
    for (int i = 0; i < COUNT; i++) {
        system_call(SYSCALL_KILL, (uint32_t)children[i], 0, 0);
        await(children[i]);
    }
    return taken * 4096 / COUNT;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "yield") == 0) {
        for (;;) {
            call_yield();
        }
    }
    if (argc > 1) {
        system_call(SYSCALL_SLEEP, 1000000, 0, 0);
        return 0;
    }

    uint32_t overhead = cost_of(nothing, 1000);
    uint32_t getpid = cost_of(call_getpid, 1000) - overhead;

    printf("\n%-52s %10s %12s %8s %8s\n", "processes, from ring 3 (instructions)", "Drupe",
           "reference", "ratio", "goal");
    row("the cheapest system call (getpid)", getpid, GOAL_CALL);
    row("malloc(4096) + free, with the libc's wrappers", cost_of(malloc_and_free, 1000) - overhead,
        1900);

    uint32_t alone = cost_of(call_yield, 1000) - overhead;
    int partner = start("init.elf", "yield");
    uint32_t pair = cost_of(call_yield, 1000) - overhead; /* there and back: two turns */
    system_call(SYSCALL_KILL, (uint32_t)partner, 0, 0);
    await(partner);
    row("yield, no other process", alone, 0);
    row("task switch: half of yield there and back, less call", pair / 2 - getpid, GOAL_SWITCH);

    spawn_and_wait(); /* now the disk cache is warm */
    row("spawn + exit + wait of a 24 KB program", cost_of(spawn_and_wait, 4), 150000);
    row("memory of one small process, bytes", bytes_of_a_process(), GOAL_BYTES);
    return rows_above_goal;
}
