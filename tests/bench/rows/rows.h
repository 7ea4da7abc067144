/*
 * rows.h - what things cost a program, in instructions: rows that Drupe and Linux both have.
 *
 * The same functions are measured on both, so that the figures can stand side by side. What they
 * ask of the system is here as well: system_drupe.c and system_linux.c do it.
 *
 * A new row is a function that returns the cost, and a line in its file's table. Rows that only one
 * system has stand in a file that only its program is made of (make/images.mk's BENCH_ROWS_...).
 */
#ifndef TESTS_BENCH_ROWS_H
#define TESTS_BENCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES 4096u

struct row {
    const char *name; /* the same on both systems, at most ROW_NAME_COLUMNS */
    uint32_t (*cost)(void);
    uint32_t goal; /* NO_GOAL: none is set */
};
#define ROW_NAME_COLUMNS 52
#define NO_GOAL          UINT32_MAX

/* Goals are Drupe's. They are set for i386; x86_64, whose tables have four levels, may cost 1.3
 * times that, if it has no own. */
#ifdef BENCH_ON_LINUX
#define GOALS(i386, x86_64) NO_GOAL
#elif defined(__x86_64__)
#define GOALS(i386, x86_64) (x86_64)
#else
#define GOALS(i386, x86_64) (i386)
#endif
#define GOAL(i386) GOALS(i386, (i386) / 10 * 13)

/* The tables, each ended by a row without a name. */
extern const struct row memory_rows[];
extern const struct row process_rows[];
extern const struct row fork_rows[];
extern const struct row pipe_rows[];
extern const struct row file_rows[];
/* Those of one system alone. */
extern const struct row system_rows[];

/* ---- measuring (measure.c) */

/* The time-stamp counter, which counts instructions under QEMU's -icount. */
static inline uint32_t instructions(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low;
}

/* Memory for any row. It is mapped at the first call, so the rows of a fork, which come before, are
 * those of a small program. */
#define ROW_BUFFER_BYTES 65536u
char *row_buffer(void);

/* Instructions of one operation(): the mean of `times`, in the best of several rounds, so that a
 * tick of the clock does not count. The loop's own are taken off. */
uint32_t cost_of(void (*operation)(void), uint32_t times);

/* Numbers at random: below limit, the same in each run after random_restart(). */
void random_restart(void);
uint32_t random_below(uint32_t limit);

/* Ends the bench with a sentence. */
void give_up(const char *why) __attribute__((noreturn));

/* ---- the system */

/* Before the first row, and after the last: ends the machine. */
void system_begin(void);
void system_end(int status) __attribute__((noreturn));

/* The bare instruction that asks for a number which the kernel has at hand. */
void system_cheapest_call(void);

/* Zeroed memory in whole pages, or NULL; given back as a whole. */
void *system_get(size_t bytes);
void system_give_back(void *memory, size_t bytes);

/* RAM that nobody has; what has ended has given back its memory before. */
uint32_t system_free_pages(void);

/* As many bytes of zeros, filled at first touch, page by page; given back as a whole. */
volatile char *system_map(size_t bytes);
void system_unmap(volatile char *memory, size_t bytes);

/* The bare call: 0 in the child. */
int system_fork(void);
/* That program takes the place of the caller's; returns when it cannot. */
void system_execute(const char *program);
/* Ends the caller, without what a C library does at an end. */
void system_exit(int status) __attribute__((noreturn));
/* Does not return before the caller is killed. */
void system_idle(void) __attribute__((noreturn));
/* Lets the others run until they wait. */
void system_let_others_run(void);

/* Starts one of the bench's programs, with an argument or NULL; the process's number. */
int system_start(const char *program, const char *argument);
/* Waits for the end of that child. */
void system_wait(int pid);
void system_kill(int pid);

/* ---- files. Paths are relative to the root of the disk with the bench's image, which each system
 * mounts by its own FAT driver. What fails, or moves fewer bytes, ends the bench. */

/* Before a file is used for the first time: the disk is there afterwards. */
void system_mount(void);

/* A descriptor, to read a file or list a folder; or of a new, empty file, to be written, too. */
int system_open(const char *path);
int system_create(const char *path);
void system_close(int file);

void system_read(int file, void *buffer, size_t bytes);
void system_write(int file, const void *buffer, size_t bytes);
/* Returns when all that was written to the file is on the disk. */
void system_sync(int file);
void system_seek(int file, uint32_t position);
/* The position does not count, and stays. */
void system_read_at(int file, uint32_t position, void *buffer, size_t bytes);
void system_write_at(int file, uint32_t position, const void *buffer, size_t bytes);

/* Asks for all that is known about it. */
void system_ask(int file);
void system_ask_by_name(const char *path);

void system_make_folder(const char *path);
/* Lists the folder from its start to its end: how many entries it has. */
unsigned system_list(int folder);
void system_remove(const char *path);

/* What is written to the second is read from the first. */
void system_pipe(int ends[2]);
/* As many bytes as there are, at least one. */
size_t system_read_some(int end, void *buffer, size_t bytes);

#endif
