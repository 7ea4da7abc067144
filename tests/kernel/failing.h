/*
 * tests/kernel/failing.h - makes the n-th allocation, or the n-th read or write of a disk, fail.
 *
 * The test kernel is linked with ld's --wrap for every allocating function of the memory layer, for
 * pmm_promise(), which counts as one, and for block_read() and block_write(), so that calls from
 * one file to another come by here; the kernel itself is the released one.
 */
#ifndef TESTS_KERNEL_FAILING_H
#define TESTS_KERNEL_FAILING_H

#include <stdbool.h>
#include <stdint.h>

/* The n-th allocation from now on fails, n from 1, and no other. */
void failing_start(uint32_t n);

/* The same, as if it had only been refused until a pause (page_cache_may_try_again()). */
void failing_start_for_now(uint32_t n);

/* The n-th call of block_read() from now on fails, with -EIO and wrong bytes; with _from, so do all
 * that follow it. */
void failing_start_read(uint32_t n);
void failing_start_reads_from(uint32_t n);

/* The same for block_write(): the first half of the sectors is written all the same. */
void failing_start_write(uint32_t n);
void failing_start_writes_from(uint32_t n);

/* The disk is taken away at the n-th write: this one, and all writes and reads that follow,
 * fail. */
void failing_start_removal(uint32_t n);

/* Nothing fails any more. Did the n-th one happen? */
bool failing_stop(void);

#endif
