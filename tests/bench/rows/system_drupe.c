/*
 * system_drupe.c - Drupe, as rows.h asks for it, and the rows that it alone has.
 */
#include <drupe.h>
#include <stdlib.h>
#include <string.h>

#include "bare_call.h"
#include "rows.h"

void system_begin(void)
{
}

void system_end(int status)
{
    exit(status);
}

void system_cheapest_call(void)
{
    bare_call(SYSCALL_GETPID);
}

void *system_get(size_t bytes)
{
    return page_malloc(bytes);
}

void system_give_back(void *memory, size_t bytes)
{
    (void)bytes;
    if (page_free(memory) != 0) {
        give_up("call 5 refused what call 4 gave");
    }
}

uint32_t system_free_pages(void)
{
    struct memory_figures figures;
    if (memory_figures(&figures) != 0) {
        give_up("no figures of the memory");
    }
    return figures.free_pages + figures.promised_pages; /* what is only promised nobody has */
}

int system_start(const char *program, const char *argument)
{
    static struct command_argument words[2];
    strcpy(words[0].argument, program);
    words[0].next = argument != NULL ? &words[1] : NULL;
    if (argument != NULL) {
        strcpy(words[1].argument, argument);
    }
    int pid = process_spawn(words, 0);
    if (pid < 0) {
        give_up("a program could not be started");
    }
    return pid;
}

void system_wait(int pid)
{
    int status;
    if (process_wait(pid, &status) != pid) {
        give_up("a child could not be waited for");
    }
}

void system_kill(int pid)
{
    process_kill(pid);
}

/* ---------------------------------------------------------------- memory nearly full */

#define LEFT 16u

static void one_page(void)
{
    volatile char *memory = page_malloc(PAGE_BYTES);
    if (memory == NULL) {
        give_up("no page where a few are free");
    }
    *memory = 1;
    page_free((void *)memory);
}

/* The pages are chained by their first words, as there is no room for a list. */
static uint32_t page_when_nearly_full(void)
{
    void **last = NULL;
    for (void **page; (page = page_malloc(PAGE_BYTES)) != NULL; last = page) {
        *page = last;
    }
    for (uint32_t i = 0; i < LEFT && last != NULL; i++) {
        void **before = *last;
        page_free(last);
        last = before;
    }
    uint32_t cost = cost_of(one_page, 100);
    while (last != NULL) {
        void **before = *last;
        page_free(last);
        last = before;
    }
    return cost;
}

/* ---------------------------------------------------------------- faults */

#define PAGES 1000u
#define IDLE  64

static volatile char *pages_get(void)
{
    struct memory_mapping mapping = {
        .length = PAGES * PAGE_BYTES,
        .rights = MAPPING_READ | MAPPING_WRITE,
        .flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS,
        .descriptor = -1,
    };
    intptr_t pages = syscall_map(&mapping);
    if (pages < 0 && pages >= -SYSCALL_ERROR_MAX) {
        give_up("no memory for pages");
    }
    return (volatile char *)pages;
}

static void pages_give_back(volatile char *pages)
{
    if (syscall_unmap((uintptr_t)pages, PAGES * PAGE_BYTES) != 0) {
        give_up("pages could not be unmapped");
    }
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
    volatile char *pages = pages_get();
    uint32_t cost = cost_of_touching(pages);
    pages_give_back(pages);
    return cost;
}

static int fork_checked(void)
{
    int pid = (int)syscall_fork();
    if (pid < 0) {
        give_up("fork was refused");
    }
    return pid;
}

/* A child that lives until it is killed. */
static int fork_idle(void)
{
    int pid = fork_checked();
    while (pid == 0) {
        syscall_sleep(1000000);
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
    volatile char *pages = pages_get();
    cost_of_touching(pages);
    int pid = fork_idle();
    uint32_t cost = cost_of_touching(pages);
    end_child(pid);
    pages_give_back(pages);
    return cost;
}

static uint32_t last_holder(void)
{
    volatile char *pages = pages_get();
    cost_of_touching(pages);
    end_child(fork_idle());
    uint32_t cost = cost_of_touching(pages);
    pages_give_back(pages);
    return cost;
}

/* ---------------------------------------------------------------- forks */

static void fork_and_wait(void)
{
    int pid = fork_checked();
    if (pid == 0) {
        syscall_exit_status(0);
    }
    system_wait(pid);
}

static void fork_exec_and_wait(void)
{
    int pid = fork_checked();
    if (pid == 0) {
        char *const arguments[] = {"small.elf", NULL};
        syscall_execute("0:/small.elf", arguments, NULL);
        syscall_exit_status(127);
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
        syscall_yield(); /* it runs until it sleeps */
    }
    uint32_t taken = before - system_free_pages();
    for (int i = 0; i < IDLE; i++) {
        end_child(children[i]);
    }
    return taken * PAGE_BYTES / IDLE;
}

/* ---------------------------------------------------------------- turns */

static void call_yield(void)
{
    bare_call(SYSCALL_YIELD);
}

static uint32_t yield_alone(void)
{
    return cost_of(call_yield, 1000);
}

/* Half of there and back, less the call. */
static uint32_t task_switch(void)
{
    int partner = system_start("yielder.elf", NULL);
    uint32_t there_and_back = cost_of(call_yield, 1000);
    system_kill(partner);
    system_wait(partner);
    return there_and_back / 2 - cost_of(system_cheapest_call, 1000);
}

/* ---------------------------------------------------------------- pipes */

#define PIPED_BYTES (1024u * 1024u)
#define PIECE       65536u

static int there[2], back[2];
static char piece[PIECE];

static void pipes_open(void)
{
    if (syscall_pipe(there) < 0 || syscall_pipe(back) < 0) {
        give_up("no pipe");
    }
}

static void pipes_close(void)
{
    for (int i = 0; i < 2; i++) {
        syscall_close(there[i]);
        syscall_close(back[i]);
    }
}

static void send_and_receive(void)
{
    char byte = 0;

    syscall_write_file(there[1], &byte, 1);
    syscall_read(back[0], &byte, 1);
}

/* A child that returns each byte, until it is killed. */
static uint32_t pipe_round_trip(void)
{
    pipes_open();
    int pid = fork_checked();
    while (pid == 0) {
        char byte;
        syscall_read(there[0], &byte, 1);
        syscall_write_file(back[1], &byte, 1);
    }
    send_and_receive();
    uint32_t cost = cost_of(send_and_receive, 1000);
    end_child(pid);
    pipes_close();
    return cost;
}

static uint32_t pipe_of_much(void)
{
    pipes_open();
    int pid = fork_checked();
    if (pid == 0) {
        char byte;
        syscall_read(back[0], &byte, 1);
        for (uint32_t done = 0; done < PIPED_BYTES; done += PIECE) {
            syscall_write_file(there[1], piece, PIECE);
        }
        syscall_exit_status(0);
    }
    uint32_t start = instructions();
    syscall_write_file(back[1], piece, 1);
    for (uint32_t done = 0; done < PIPED_BYTES;) {
        done += (uint32_t)syscall_read(there[0], piece, PIECE);
    }
    uint32_t cost = (instructions() - start) / (PIPED_BYTES / 1024);
    system_wait(pid);
    pipes_close();
    return cost;
}

const struct row system_rows[] = {
    {"fault on a fresh page, 1,000 in a row", fresh_page, GOAL(1400)},
    {"copy-on-write fault, with copy", copying, GOAL(1500)},
    {"copy-on-write fault, last holder", last_holder, GOAL(300)},
    {"fork + _exit + wait", forking, GOAL(15000)},
    {"fork + exec + wait of 24 KB", forking_and_executing, GOAL(40000)},
    {"bytes of a small idle process, forked", bytes_of_a_forked_process, GOALS(30720, 30720)},
    {"pipe round trip of a byte", pipe_round_trip, GOAL(1500)},
    {"1 MiB through a pipe, each KiB", pipe_of_much, GOALS(682, 682)},
    {"get, touch, free a page, memory nearly full", page_when_nearly_full, GOAL(1900)},
    {"yield, no other process", yield_alone, NO_GOAL},
    {"task switch: half of yield there and back, less call", task_switch, GOALS(90, 114)},
    {NULL, NULL, 0},
};
