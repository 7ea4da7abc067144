/*
 * sequential.c - init that reads a large file from its start to its end, and writes one and brings
 * it to the disk: a part of `make bench-linux`.
 *
 * It measures time, not instructions: the disk's share counts, and under -icount that has no
 * meaning. The time-stamp counter of an emulated machine without -icount is the host's.
 */
#include <stdio.h>

#include "rows.h"

#define LARGE       "large.dat" /* of the image: nothing has read it before */
#define LARGE_BYTES (30u << 20)

#define NEW       "new.dat"
#define NEW_BYTES (16u << 20)
#define ROUNDS    3

static uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* For each KiB. */
static void print_row(const char *name, uint64_t spent, uint32_t bytes)
{
    printf("%-*s %10u %12s %8s %8s\n", ROW_NAME_COLUMNS, name,
           (unsigned)(spent >> 10) / (bytes >> 20), "-", "-", "-");
}

static void read_once(char *buffer)
{
    int file = system_open(LARGE);
    uint64_t start = ticks();

    for (uint32_t done = 0; done < LARGE_BYTES; done += ROW_BUFFER_BYTES) {
        system_read(file, buffer, ROW_BUFFER_BYTES);
    }
    print_row("sequential read, nothing cached", ticks() - start, LARGE_BYTES);
    system_close(file);
    system_remove(LARGE); /* room for the other */
}

/* The file is new each time: its clusters are taken, too. */
static uint64_t write_and_sync(const char *buffer)
{
    int file = system_create(NEW);
    uint64_t start = ticks();

    for (uint32_t done = 0; done < NEW_BYTES; done += ROW_BUFFER_BYTES) {
        system_write(file, buffer, ROW_BUFFER_BYTES);
    }
    system_sync(file);
    uint64_t spent = ticks() - start;
    system_close(file);
    system_remove(NEW);
    return spent;
}

int main(void)
{
    char *buffer = row_buffer();
    uint64_t least = UINT64_MAX;

    system_begin();
    system_mount();
    read_once(buffer);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t spent = write_and_sync(buffer);
        least = spent < least ? spent : least;
    }
    print_row("sequential write and fsync", least, NEW_BYTES);
    printf("the last row was measured\n");
    system_end(0);
}
