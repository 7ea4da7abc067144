/*
 * disk.c - how fast a program reads a large file: part of `make bench`, started by bench_disk.c.
 *
 * disk.elf SECTORS DRIVER MODE: the cycles, in 1024s, that 4 MiB took the kernel by single sectors
 * and through the driver alone, and how the driver reads. disk.dat has 16 MiB, in which every dword
 * is its own number. The time-stamp counter is measured against the uptime.
 *
 * Without arguments, as init on a machine whose disk only the BIOS can read: the program's row
 * alone.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES  (16u << 20)
#define ROUND_BYTES (4u << 20)
#define PIECE_BYTES 65536
#define ROUNDS      4
#define GOAL        100 /* MB/s */
#define GOAL_BIOS   40
#define CLOCK_MS    500

static uint32_t piece[PIECE_BYTES / 4];

static uint64_t cycles(void)
{
    uint64_t now;
    __asm__ volatile("rdtsc" : "=A"(now));
    return now;
}

static uint32_t uptime(void)
{
    return (uint32_t)system_call(SYSCALL_UPTIME, 0, 0, 0);
}

static uint32_t next_tick(void)
{
    uint32_t before = uptime(), now;
    while ((now = uptime()) == before) {
    }
    return now;
}

/* Cycles of a millisecond, in 1024s. */
static uint32_t kilocycles_a_millisecond(void)
{
    uint32_t start = next_tick();
    uint64_t first = cycles();
    uint32_t now;
    do {
        now = next_tick();
    } while (now - start < CLOCK_MS);
    return (uint32_t)((cycles() - first) >> 10) / (now - start);
}

static void read_piece(int file)
{
    if (file_read(file, piece, sizeof(piece)) != sizeof(piece)) {
        puts("disk.dat cannot be read");
        exit(255);
    }
}

/* The first time, not measured: is it the file? */
static void check(int file)
{
    for (uint32_t number = 0; number < FILE_BYTES / 4;) {
        read_piece(file);
        for (uint32_t i = 0; i < PIECE_BYTES / 4; i++, number++) {
            if (piece[i] != number) {
                printf("disk.dat: wrong at %u\n", (unsigned)number * 4);
                exit(254);
            }
        }
    }
}

/* Of the fastest round, as bench_disk.c does it. */
static uint32_t cost_of_file(int file)
{
    uint32_t least = UINT32_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = cycles();
        for (uint32_t done = 0; done < ROUND_BYTES; done += PIECE_BYTES) {
            read_piece(file);
        }
        uint32_t cost = (uint32_t)((cycles() - start) >> 10);
        least = cost < least ? cost : least;
    }
    return least;
}

/* Megabytes (of 10^6 bytes) a second. No overflow below 1 THz. */
static uint32_t speed(uint32_t cost, uint32_t clock)
{
    return ROUND_BYTES / 1000 * clock / cost;
}

static int row(const char *name, uint32_t cost, uint32_t reference, uint32_t clock, uint32_t goal)
{
    uint32_t result = speed(cost, clock);
    if (reference != 0) {
        printf("%-52s %10u %12u %6u.%ux ", name, (unsigned)result,
               (unsigned)speed(reference, clock), (unsigned)(reference / cost),
               (unsigned)(reference * 10 / cost % 10));
    } else {
        printf("%-52s %10u %12s %8s ", name, (unsigned)result, "-", "-");
    }
    if (goal == 0) {
        printf("%8s\n", "-");
        return 0;
    }
    printf("%8u%s\n", (unsigned)goal, result < goal ? "  BELOW" : "");
    return result < goal;
}

int main(int argc, char **argv)
{
    int file = file_open("disk.dat");
    if ((argc != 1 && argc != 4) || file < 0) {
        puts("disk.elf is for the bench, and needs disk.dat");
        return 255;
    }
    check(file);
    file_seek(file, 0, FILE_SEEK_SET);
    uint32_t by_file = cost_of_file(file);
    uint32_t clock = kilocycles_a_millisecond();
    if (argc == 1) {
        return row("a program reads a file through the BIOS (AHCI)", by_file, 0, clock, GOAL_BIOS);
    }
    uint32_t reference = (uint32_t)atoi(argv[1]);

    printf("\n%-52s %10s %12s %8s %8s\n", "the disk, 16 MiB in pieces of 64 KiB (MB/s)", "Drupe",
           "reference", "ratio", "goal");
    printf("(reference: READ SECTORS and insw, one sector per command; Drupe: %s)\n", argv[3]);
    row("the driver alone", (uint32_t)atoi(argv[2]), reference, clock, 0);
    return row("a program reads a file", by_file, reference, clock, GOAL);
}
