/*
 * forks.c - rows of what is done late: pages that come at first touch, copies at the first write.
 */
#include "rows.h"

#define PAGES 1000u
#define IDLE  64

/* ---------------------------------------------------------------- faults */

static volatile char *map_pages(void)
{
    return system_map(PAGES * PAGE_BYTES);
}

static void unmap_pages(volatile char *pages)
{
    system_unmap(pages, PAGES * PAGE_BYTES);
}

/* A write to each page; instructions of one. */
static uint32_t cost_of_touching(volatile char *pages)
{
    uint32_t start = instructions();
    for (uint32_t i = 0; i < PAGES; i++) {
        pages[i * PAGE_BYTES] = 1;
    }
    return (instructions() - start) / PAGES;
}

static uint32_t fresh_page(void)
{
    volatile char *pages = map_pages();
    uint32_t cost = cost_of_touching(pages);
    unmap_pages(pages);
    return cost;
}

/* A child that lives until it is killed. */
static int fork_idle(void)
{
    int pid = system_fork();
    if (pid == 0) {
        system_idle();
    }
    return pid;
}

static void end_child(int pid)
{
    system_kill(pid);
    system_wait(pid);
}

static uint32_t copying(void)
{
    volatile char *pages = map_pages();
    cost_of_touching(pages);
    int pid = fork_idle();
    uint32_t cost = cost_of_touching(pages);
    end_child(pid);
    unmap_pages(pages);
    return cost;
}

static uint32_t last_holder(void)
{
    volatile char *pages = map_pages();
    cost_of_touching(pages);
    end_child(fork_idle());
    uint32_t cost = cost_of_touching(pages);
    unmap_pages(pages);
    return cost;
}

/* ---------------------------------------------------------------- forks */

static void fork_and_wait(void)
{
    int pid = system_fork();
    if (pid == 0) {
        system_exit(0);
    }
    system_wait(pid);
}

static void fork_exec_and_wait(void)
{
    int pid = system_fork();
    if (pid == 0) {
        system_execute("small.elf");
        system_exit(127);
    }
    system_wait(pid);
}

static uint32_t forking(void)
{
    return cost_of(fork_and_wait, 10);
}

static uint32_t forking_and_executing(void)
{
    return cost_of(fork_exec_and_wait, 10);
}

static uint32_t bytes_of_a_forked_process(void)
{
    static int children[IDLE];
    uint32_t before = system_free_pages();
    for (int i = 0; i < IDLE; i++) {
        children[i] = fork_idle();
        system_let_others_run();
    }
    uint32_t taken = before - system_free_pages();
    for (int i = 0; i < IDLE; i++) {
        end_child(children[i]);
    }
    return taken * PAGE_BYTES / IDLE;
}

const struct row fork_rows[] = {
    {"fault on a fresh page, 1,000 in a row", fresh_page, GOAL(1400)},
    {"copy-on-write fault, with copy", copying, GOAL(1500)},
    {"copy-on-write fault, last holder", last_holder, GOAL(300)},
    {"fork + _exit + wait", forking, GOAL(15000)},
    {"fork + exec + wait of 24 KB", forking_and_executing, GOAL(40000)},
    {"bytes of a small idle process, forked", bytes_of_a_forked_process, GOALS(30720, 30720)},
    {NULL, NULL, 0},
};
