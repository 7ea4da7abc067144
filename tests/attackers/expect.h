/*
 * expect.h - for attackers that make many calls, of which each must give a certain result.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdio.h>

#include "attack.h"

/* Results that were not as they should be. */
static int failures;

/* Says what was not as it should be, and counts it. */
static inline void expect(const char *what, intptr_t result, intptr_t wanted)
{
    if (result != wanted) {
        printf("%s: %ld, not %ld\n", what, (long)result, (long)wanted);
        failures++;
    }
}

/* The verdict. */
static inline int expected_status(void)
{
    return failures ? STATUS_SUCCEEDED : 0;
}

#endif
