/*
 * posix.c - what POSIX has beyond rows.h's system: pipes and files, for Linux's program.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"

#define FILES 500

/* ---------------------------------------------------------------- pipes */

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
    int pid = system_fork();
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
    {"pipe round trip of a byte", pipes, NO_GOAL},
    {"pread of 4 KiB, cached", reading, NO_GOAL},
    {"pread of 4 bytes, cached", reading_little, NO_GOAL},
    {"pwrite of 4 KiB, cached", writing, NO_GOAL},
    {"fstat", asking, NO_GOAL},
    {"stat", asking_by_name, NO_GOAL},
    {"open + close, last of 500", opening_the_last, NO_GOAL},
    {NULL, NULL, 0},
};
