/*
 * judge.h - how the programs that the kernel's tests run while something fails report how their
 * calls went.
 *
 * Status: 0 when every call gave what it asked for, 1 when one failed for want of memory or of the
 * disk, 2 when the result was anything else.
 */
#ifndef TESTS_PROGRAMS_STARTED_JUDGE_H
#define TESTS_PROGRAMS_STARTED_JUDGE_H

#include <drupe.h>
#include <stdbool.h>
#include <stdint.h>

static int judge_status;

/* Is it an error that the tests cause? */
static inline bool judge_is_expected(intptr_t result)
{
    return result == -ENOMEM || result == -EIO;
}

/* Notes a call's result; is_right: it is what the call was to give. */
static inline void judge(intptr_t result, bool is_right)
{
    int verdict = is_right ? 0 : judge_is_expected(result) ? 1 : 2;

    judge_status = verdict > judge_status ? verdict : judge_status;
}

/* The same of a call that gives something that is no error. Returns it, or 0. */
static inline intptr_t judge_call(intptr_t result)
{
    judge(result, result >= 0);
    return result < 0 ? 0 : result;
}

#endif
