/*
 * forks.c - fork, execute and POSIX's wait: copies that see only what they write themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

#define WAIT_NO_HANG 1

/* newlib's numbers. */
#define SIGNAL_KILL 9
#define SIGNAL_SEGV 11

static int fork_checked(void)
{
    int pid = (int)syscall_fork();

    CHECK(pid >= 0);
    return pid;
}

/* POSIX's status of the child that ends with that pid. */
static int posix_status(int pid)
{
    int status = -1;

    CHECK_EQUAL(syscall_wait_posix(pid, &status, 0), pid);
    return status;
}

/* The child's exit status, when it ended by itself. */
static int child_result(int pid)
{
    int status = posix_status(pid);

    CHECK_EQUAL(status & 0xFF, 0);
    return status >> 8;
}

/* ---------------------------------------------------------------- memory */

static int global = 1;
static int zeroed[5000];

/* Data, .bss, stack, small and large allocations, the break: all as it was, and then each its
 * own. */
static void fork_copies_memory(void)
{
    int local = 2;
    int *small = page_malloc(PAGE_BYTES);
    int *large = page_malloc(100 * PAGE_BYTES);
    int *broken = (int *)(uintptr_t)syscall_break(2 * PAGE_BYTES);

    CHECK(small && large);
    *small = 3;
    large[0] = 4;
    large[99 * PAGE_BYTES / sizeof(int)] = 5;
    *broken = 6;
    zeroed[4999] = 7;

    int pid = fork_checked();

    if (pid == 0) {
        CHECK(global == 1 && local == 2 && *small == 3 && large[0] == 4 && *broken == 6);
        CHECK(large[99 * PAGE_BYTES / sizeof(int)] == 5 &&
              large[50 * PAGE_BYTES / sizeof(int)] == 0);
        CHECK(zeroed[4999] == 7);
        global = local = *small = large[0] = *broken = zeroed[4999] = 100;
        large[50 * PAGE_BYTES / sizeof(int)] = 100;
        CHECK_EQUAL(page_free(small), 0);
        syscall_exit_status(42);
    }
    CHECK_EQUAL(child_result(pid), 42);
    CHECK(global == 1 && local == 2 && *small == 3 && large[0] == 4 && *broken == 6);
    CHECK(large[50 * PAGE_BYTES / sizeof(int)] == 0 && zeroed[4999] == 7);
    CHECK_EQUAL(page_free(small), 0);
    CHECK_EQUAL(page_free(large), 0);
}

/* What the parent writes after the fork is its own as well. */
static void fork_shields_the_child(void)
{
    volatile int *memory = page_malloc(3 * PAGE_BYTES);

    CHECK(memory);
    memory[0] = 1;
    int pid = fork_checked();

    if (pid == 0) {
        call_sleep(50);
        syscall_exit_status(memory[0]);
    }
    memory[0] = 2;
    CHECK_EQUAL(child_result(pid), 1);
    CHECK_EQUAL(memory[0], 2);
}

/* Generations: each shares with all before it, and ends in its own order. */
static void fork_of_forks(void)
{
    int *memory = page_malloc(20 * PAGE_BYTES);

    CHECK(memory);
    for (int i = 0; i < 20; i++) {
        memory[i * 1024] = i;
    }
    for (int depth = 0; depth < 6; depth++) {
        int pid = fork_checked();

        if (pid > 0) {
            int result = child_result(pid);

            CHECK_EQUAL(memory[depth * 1024], depth);
            syscall_exit_status(depth == 0 ? (result == 6 ? 0 : 1) : result);
        }
        memory[depth * 1024] = 1000;
    }
    for (int i = 6; i < 20; i++) {
        CHECK_EQUAL(memory[i * 1024], i);
    }
    syscall_exit_status(6);
}

/* The kernel writes into pages that are shared, too: a result goes to the one that asked for it. */
static void kernel_writes_into_shared_pages(void)
{
    struct memory_figures *figures = page_malloc(PAGE_BYTES);

    CHECK(figures);
    figures->total_pages = 0;
    int pid = fork_checked();

    if (pid == 0) {
        CHECK_EQUAL(syscall_memory_figures(figures, sizeof(*figures)), 0);
        syscall_exit_status(figures->total_pages > 0 ? 1 : 0);
    }
    CHECK_EQUAL(child_result(pid), 1);
    CHECK_EQUAL(figures->total_pages, 0);
}

/* Many children of one program at once: each page is there once, until one writes. */
static void many_forks_share(void)
{
    enum { CHILDREN = 20, PAGES = 200 };
    struct memory_figures before, after;
    int pids[CHILDREN];
    char *memory = page_malloc(PAGES * PAGE_BYTES);

    CHECK(memory);
    for (int i = 0; i < PAGES; i++) {
        memory[i * PAGE_BYTES] = (char)i;
    }
    CHECK_EQUAL(syscall_memory_figures(&before, sizeof(before)), 0);
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork_checked();
        if (pids[i] == 0) {
            call_sleep(600000);
            syscall_exit_status(0);
        }
    }
    CHECK_EQUAL(syscall_memory_figures(&after, sizeof(after)), 0);
    CHECK_EQUAL(after.processes - before.processes, CHILDREN);
    for (int i = 0; i < CHILDREN; i++) {
        CHECK_EQUAL(call_kill(pids[i]), 0);
        CHECK_EQUAL(posix_status(pids[i]), SIGNAL_KILL);
    }
    for (int i = 0; i < PAGES; i++) {
        CHECK_EQUAL(memory[i * PAGE_BYTES], (char)i);
    }
    CHECK_EQUAL(page_free(memory), 0);
}

/* A touch of what fork has promised never fails: so a fork that could not keep it is refused. */
static void fork_beyond_memory(void)
{
    struct memory_figures figures;

    CHECK_EQUAL(syscall_memory_figures(&figures, sizeof(figures)), 0);
    size_t pages = figures.free_pages / 2 + figures.free_pages / 8;
    char *memory = page_malloc(pages * PAGE_BYTES);

    if (!memory) {
        return; /* a job's limit is lower than this: then fork's is, too */
    }
    CHECK_EQUAL(syscall_fork(), -3); /* ENOMEM of status.h */
    memory[0] = 1;
    memory[(pages - 1) * PAGE_BYTES] = 1;
    CHECK_EQUAL(page_free(memory), 0);
}

/* ---------------------------------------------------------------- processes */

static void wait_posix_statuses(void)
{
    int status = -1;

    CHECK_EQUAL(syscall_wait_posix(WAIT_ANY, &status, 0), -15); /* ECHILD of status.h */
    int pid = fork_checked();

    if (pid == 0) {
        *at(0) = 1;
    }
    CHECK_EQUAL(posix_status(pid), SIGNAL_SEGV);

    pid = fork_checked();
    if (pid == 0) {
        call_sleep(600000);
    }
    CHECK_EQUAL(syscall_wait_posix(pid, &status, WAIT_NO_HANG), 0);
    CHECK_EQUAL(call_kill(pid), 0);
    CHECK_EQUAL(posix_status(pid), SIGNAL_KILL);
    CHECK_EQUAL(syscall_wait_posix(pid, &status, 2), -2); /* EINVARG */
}

/* Registers, the FPU's among them, and the flags go on as they were. */
static void fork_keeps_registers(void)
{
    int32_t value = 12345;
    int pid;

    __asm__ volatile("fildl %0" : : "m"(value));
    pid = fork_checked();
    value = 0;
    __asm__ volatile("fistpl %0" : "=m"(value));
    CHECK_EQUAL(value, 12345);
    if (pid == 0) {
        syscall_exit_status(9);
    }
    CHECK_EQUAL(child_result(pid), 9);
}

/* ---------------------------------------------------------------- execute */

/* Strings without an end, more bytes or strings than there may be, or than this program's stack can
 * take. */
static void execute_refuses_too_much(const char *path)
{
    char *text = page_malloc(ARGUMENTS_BYTES_MAX + PAGE_BYTES);
    char **many = page_malloc((ARGUMENTS_MAX + 2) * sizeof(*many));
    char *const words[] = {text, NULL};

    CHECK(text && many);
    memset(text, 'x', ARGUMENTS_BYTES_MAX + PAGE_BYTES);
    CHECK_EQUAL(syscall_execute(path, words, NULL), -E2BIG);
    CHECK_EQUAL(syscall_execute(path, words + 1, words), -E2BIG);
    text[ARGUMENTS_BYTES_MAX - 1] = '\0'; /* for a stack of 1 MiB, this would do */
    CHECK_EQUAL(syscall_execute(path, words, NULL), -E2BIG);
    for (int i = 0; i <= ARGUMENTS_MAX; i++) {
        many[i] = text + ARGUMENTS_BYTES_MAX - 1;
    }
    CHECK_EQUAL(syscall_execute(path, many, NULL), -E2BIG);
    CHECK_EQUAL(syscall_execute(text, words + 1, NULL), -EBADPATH); /* too long for a path */
    CHECK_EQUAL(page_free(text), 0);
    CHECK_EQUAL(page_free(many), 0);
}

static void execute_replaces_the_program(void)
{
    char path[PROCESS_NAME_BYTES + 4];
    char *const words[] = {path, "--role", "exit", "77", NULL};
    char *const environment[] = {"A=b", NULL};

    strcpy(path, "0:/");
    strcat(path, own_name());
    int pid = fork_checked();

    if (pid == 0) {
        (void)page_malloc(50 * PAGE_BYTES); /* goes with the old program */
        syscall_execute(path, words, environment);
        syscall_exit_status(1);
    }
    CHECK_EQUAL(child_result(pid), 77);

    /* What cannot be executed changes nothing. */
    CHECK_EQUAL(syscall_execute("0:/nothing", words, NULL), -10); /* ENOENT of status.h */
    CHECK(syscall_execute(path, NULL, NULL) < 0);
    CHECK(syscall_execute(NULL, words, NULL) < 0);
    execute_refuses_too_much(path);
    CHECK_EQUAL(global, 1);
}

const struct test fork_tests[] = {
    {"fork_copies_memory", fork_copies_memory, 0, 0},
    {"fork_shields_the_child", fork_shields_the_child, 0, 0},
    {"fork_of_forks", fork_of_forks, 0, 0},
    {"kernel_writes_into_shared_pages", kernel_writes_into_shared_pages, 0, 0},
    {"many_forks_share", many_forks_share, 0, 0},
    {"fork_beyond_memory", fork_beyond_memory, 0, 0},
    {"wait_posix_statuses", wait_posix_statuses, 0, 0},
    {"fork_keeps_registers", fork_keeps_registers, 0, 0},
    {"execute_replaces_the_program", execute_replaces_the_program, 0, 0},
    {0},
};
