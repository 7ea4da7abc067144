/*
 * stub_clock.c - see stub_clock.h.
 */
#include "stub_clock.h"

#include "drivers/rtc.h"

int64_t stub_clock_now = 1000000000;

int64_t rtc_now(void)
{
    return stub_clock_now;
}
