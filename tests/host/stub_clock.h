/*
 * stub_clock.h - drivers/rtc.h for host tests: a clock that the test sets.
 */
#ifndef STUB_CLOCK_H
#define STUB_CLOCK_H

#include <stdint.h>

extern int64_t stub_clock_now;

#endif
