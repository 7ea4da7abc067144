/*
 * posix.c - what POSIX has beyond rows.h's system: fork, faults, pipes and files, for Linux's program.
 * Of these Drupe has what system_drupe.c names alike.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rows.h"

#define PAGES 1000u
#define IDLE  64
#define FILES 500

/* ---------------------------------------------------------------- faults */

static volatile char *pages_get(void)
{
    void *pages =
        mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        give_up("no memory for pages");
    }
    madvise(pages, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE); /* faults of single pages are meant */
    return pages;
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
    munmap((void *)pages, PAGES * PAGE_BYTES);
    return cost;
}

/* The call itself: the C library's function does more. */
static pid_t bare_fork(void)
{
    pid_t pid = (pid_t)syscall(SYS_fork);
    if (pid < 0) {
        give_up("fork was refused");
    }
    return pid;
}

/* A child that lives until it is killed. */
static pid_t fork_idle(void)
{
    pid_t pid = bare_fork();
    while (pid == 0) {
        pause();
    }
    return pid;
}

static uint32_t copying(void)
{
    volatile char *pages = pages_get();
    cost_of_touching(pages);
    pid_t pid = fork_idle();
    uint32_t cost = cost_of_touching(pages);
    system_kill(pid);
    system_wait(pid);
    munmap((void *)pages, PAGES * PAGE_BYTES);
    return cost;
}

static uint32_t last_holder(void)
{
    volatile char *pages = pages_get();
    cost_of_touching(pages);
    pid_t pid = fork_idle();
    system_kill(pid);
    system_wait(pid);
    uint32_t cost = cost_of_touching(pages);
    munmap((void *)pages, PAGES * PAGE_BYTES);
    return cost;
}

/* ---------------------------------------------------------------- processes */

static void fork_and_wait(void)
{
    pid_t pid = bare_fork();
    if (pid == 0) {
        _exit(0);
    }
    system_wait(pid);
}

static void fork_exec_and_wait(void)
{
    pid_t pid = bare_fork();
    if (pid == 0) {
        char *const arguments[] = {"small.elf", NULL};
        execve(arguments[0], arguments, arguments + 1);
        _exit(127);
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
    pid_t children[IDLE];
    uint32_t before = system_free_pages();
    for (int i = 0; i < IDLE; i++) {
        children[i] = fork_idle();
    }
    uint32_t taken = before - system_free_pages();
    for (int i = 0; i < IDLE; i++) {
        system_kill(children[i]);
        system_wait(children[i]);
    }
    return taken * PAGE_BYTES / IDLE;
}

static int there[2], back[2];

static void round_trip(void)
{
    char byte = 1;
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
        give_up("a pipe lost its byte");
    }
}

static uint32_t pipes(void)
{
    if (pipe(there) != 0 || pipe(back) != 0) {
        give_up("no pipes");
    }
    pid_t pid = bare_fork();
    while (pid == 0) {
        char byte;
        if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1) {
            _exit(1);
        }
    }
    uint32_t cost = cost_of(round_trip, 200);
    system_kill(pid);
    system_wait(pid);
    return cost;
}

/* ---------------------------------------------------------------- files */

static int file;
static const char *file_name;
static char buffer[4096];

static void read_4096(void)
{
    if (pread(file, buffer, 4096, 0) != 4096) {
        give_up("pread of 4 KiB");
    }
}

static void read_4(void)
{
    if (pread(file, buffer, 4, 0) != 4) {
        give_up("pread of 4 bytes");
    }
}

static void write_4096(void)
{
    if (pwrite(file, buffer, 4096, 0) != 4096) {
        give_up("pwrite of 4 KiB");
    }
}

static void stat_file(void)
{
    struct stat status;
    if (stat(file_name, &status) != 0) {
        give_up("stat");
    }
}

static void fstat_file(void)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        give_up("fstat");
    }
}

static void open_and_close(void)
{
    if (close(open(file_name, O_RDONLY)) != 0) {
        give_up("open and close");
    }
}

static uint32_t cost_with_file(void (*operation)(void))
{
    file_name = "file";
    file = open(file_name, O_RDWR | O_CREAT, 0644);
    write_4096();
    uint32_t cost = cost_of(operation, 200);
    close(file);
    return cost;
}

static uint32_t reading(void)
{
    return cost_with_file(read_4096);
}

static uint32_t reading_little(void)
{
    return cost_with_file(read_4);
}

static uint32_t writing(void)
{
    return cost_with_file(write_4096);
}

static uint32_t asking_by_name(void)
{
    return cost_with_file(stat_file);
}

static uint32_t asking(void)
{
    return cost_with_file(fstat_file);
}

static uint32_t opening_the_last(void)
{
    static char name[32];
    mkdir("many", 0755);
    for (int i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof(name), "many/file%d", i);
        close(open(name, O_RDWR | O_CREAT, 0644));
    }
    file_name = name;
    return cost_of(open_and_close, 100);
}

const struct row system_rows[] = {
    {"fault on a fresh page, 1,000 in a row", fresh_page, GOAL(1400)},
    {"copy-on-write fault, with copy", copying, GOAL(1500)},
    {"copy-on-write fault, last holder", last_holder, GOAL(300)},
    {"fork + _exit + wait", forking, GOAL(15000)},
    {"fork + exec + wait of 24 KB", forking_and_executing, GOAL(40000)},
    {"bytes of a small idle process, forked", bytes_of_a_forked_process, GOALS(30720, 30720)},
    {"pipe round trip of a byte", pipes, NO_GOAL},
    {"pread of 4 KiB, cached", reading, NO_GOAL},
    {"pread of 4 bytes, cached", reading_little, NO_GOAL},
    {"pwrite of 4 KiB, cached", writing, NO_GOAL},
    {"fstat", asking, NO_GOAL},
    {"stat", asking_by_name, NO_GOAL},
    {"open + close, last of 500", opening_the_last, NO_GOAL},
    {NULL, NULL, 0},
};
