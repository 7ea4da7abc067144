/*
 * tests/bench/bench.h - counting instructions inside the kernel.
 *
 * Under `qemu -accel tcg -icount shift=0,sleep=off` the time-stamp counter advances by one for each
 * guest instruction, so rdtsc counts them, and the same run gives the same numbers. Elsewhere the
 * figures are cycles and mean less.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Instructions of one operation(context), the mean of `times` runs, the loop's own taken off. */
uint32_t bench_cost(void (*operation)(void *context), void *context, uint32_t times);

/* Instructions of operation(argument), run once; *result is what it returned. */
uint32_t bench_cost_once(void *(*operation)(void *argument), void *argument, void **result);

/*
 * One row of the table. reference: the same operation done by the reference implementation in
 * this run, 0 when there is none. goal: what it may cost, 0 when none is set; a row above its goal
 * is marked and counted.
 */
void bench_row(const char *name, uint32_t cost, uint32_t reference, uint32_t goal);

void bench_title(const char *title);

/* For reference implementations, which zero memory as anybody would. bytes: a multiple of 4. */
static inline void bench_zero(void *memory, size_t bytes)
{
    size_t count = bytes / 4;

    __asm__ volatile("rep stosl" : "+D"(memory), "+c"(count) : "a"(0) : "memory");
}

/* Mounts the disk booted from. */
void bench_mount(void);

/* On a disk with disk.elf: measures the disk and does not return. */
void bench_disk(void);

/* The rows, by subject. */
void bench_heap(void);
void bench_objects(void);
void bench_room(void);
void bench_paging(void);
void bench_process_memory(void);
void bench_print(void);
void bench_files(void);
void bench_page_cache(void);

#endif
