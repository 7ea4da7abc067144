/*
 * pipes.c - bytes from one process to another.
 */
#include "rows.h"

#define PIPED_BYTES (1024u * 1024u)
#define PIECE       ROW_BUFFER_BYTES

static int there[2], back[2];

static void pipes_open(void)
{
    system_pipe(there);
    system_pipe(back);
}

static void pipes_close(void)
{
    for (int i = 0; i < 2; i++) {
        system_close(there[i]);
        system_close(back[i]);
    }
}

static void send_and_receive(void)
{
    char byte = 1;

    system_write(there[1], &byte, 1);
    system_read(back[0], &byte, 1);
}

/* A child that returns each byte, until it is killed. */
static uint32_t round_trip(void)
{
    pipes_open();
    int pid = system_fork();
    while (pid == 0) {
        char byte;
        system_read(there[0], &byte, 1);
        system_write(back[1], &byte, 1);
    }
    uint32_t cost = cost_of(send_and_receive, 200);
    system_kill(pid);
    system_wait(pid);
    pipes_close();
    return cost;
}

static uint32_t much(void)
{
    char *piece = row_buffer();
    pipes_open();
    int pid = system_fork();
    if (pid == 0) {
        char byte;
        system_read(back[0], &byte, 1);
        for (uint32_t done = 0; done < PIPED_BYTES; done += PIECE) {
            system_write(there[1], piece, PIECE);
        }
        system_exit(0);
    }
    uint32_t start = instructions();
    system_write(back[1], piece, 1);
    for (uint32_t done = 0; done < PIPED_BYTES;) {
        done += (uint32_t)system_read_some(there[0], piece, PIECE);
    }
    uint32_t cost = (instructions() - start) / (PIPED_BYTES / 1024);
    system_wait(pid);
    pipes_close();
    return cost;
}

const struct row pipe_rows[] = {
    {"pipe round trip of a byte", round_trip, GOAL(1500)},
    {"1 MiB through a pipe, each KiB", much, GOALS(682, 682)}, /* 1.5 bytes an instruction */
    {NULL, NULL, 0},
};
