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

volatile char *system_map(size_t bytes)
{
    struct memory_mapping mapping = {
        .length = bytes,
        .rights = MAPPING_READ | MAPPING_WRITE,
        .flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS,
        .descriptor = -1,
    };
    intptr_t memory = syscall_map(&mapping);
    if (memory < 0 && memory >= -SYSCALL_ERROR_MAX) {
        give_up("no memory to map");
    }
    return (volatile char *)memory;
}

void system_unmap(volatile char *memory, size_t bytes)
{
    if (syscall_unmap((uintptr_t)memory, bytes) != 0) {
        give_up("memory could not be unmapped");
    }
}

int system_fork(void)
{
    int pid = (int)syscall_fork();
    if (pid < 0) {
        give_up("fork was refused");
    }
    return pid;
}

void system_execute(const char *program)
{
    char *const arguments[] = {(char *)program, NULL};
    syscall_execute(program, arguments, NULL);
}

void system_exit(int status)
{
    syscall_exit_status(status);
    __builtin_unreachable();
}

void system_idle(void)
{
    for (;;) {
        syscall_sleep(1000000);
    }
}

void system_let_others_run(void)
{
    syscall_yield();
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
    int pid = system_fork();
    while (pid == 0) {
        char byte;
        syscall_read(there[0], &byte, 1);
        syscall_write_file(back[1], &byte, 1);
    }
    send_and_receive();
    uint32_t cost = cost_of(send_and_receive, 1000);
    system_kill(pid);
    system_wait(pid);
    pipes_close();
    return cost;
}

static uint32_t pipe_of_much(void)
{
    pipes_open();
    int pid = system_fork();
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
    {"pipe round trip of a byte", pipe_round_trip, GOAL(1500)},
    {"1 MiB through a pipe, each KiB", pipe_of_much, GOALS(682, 682)},
    {"get, touch, free a page, memory nearly full", page_when_nearly_full, GOAL(1900)},
    {"yield, no other process", yield_alone, NO_GOAL},
    {"task switch: half of yield there and back, less call", task_switch, GOALS(90, 114)},
    {NULL, NULL, 0},
};
