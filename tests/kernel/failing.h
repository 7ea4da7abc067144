/*
 * tests/kernel/failing.h - makes the n-th allocation fail.
 *
 * The test kernel is linked with ld's --wrap for every allocating function of the memory layer, so
 * that calls from one file to another come by here; the kernel itself is the released one.
 */
#ifndef TESTS_KERNEL_FAILING_H
#define TESTS_KERNEL_FAILING_H

#include <stdbool.h>
#include <stdint.h>

/* The n-th allocation from now on fails, n from 1, and no other. */
void failing_start(uint32_t n);

/* No allocation fails any more. Did the n-th one happen? */
bool failing_stop(void);

#endif
