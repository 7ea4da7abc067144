/*
 * tests/kernel/stack_depth.h - how much of the kernel stacks was ever used.
 *
 * Each page of a task's kernel stack is filled with a pattern when it is mapped (ld's --wrap for
 * paging_map_kernel_page()) and looked through before it is unmapped. The boot stack, which is the
 * idle task's and the tests' own, begins as zeros and is filled once the kernel has started. What
 * is found is what has happened in this run, not the deepest that could happen.
 */
#ifndef TESTS_KERNEL_STACK_DEPTH_H
#define TESTS_KERNEL_STACK_DEPTH_H

#include <stddef.h>

#include "config.h"

/* Of each kernel stack so much must stay unused. */
#define STACK_UNUSED_BYTES (KERNEL_STACK_BYTES / 4)

/* Measures what the boot stack has held so far, and fills the rest of it. Called once, before the
 * first test. */
void stack_depth_start(void);

/* The most bytes that were in use at once, so far: of any task's stack, 0 when there was none; and
 * of the boot stack. */
size_t stack_depth_of_tasks(void);
size_t stack_depth_of_boot(void);

#endif
