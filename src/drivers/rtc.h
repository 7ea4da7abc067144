/*
 * drivers/rtc.h - what time it is: the clock that runs on a battery (Motorola MC146818, as in the
 * PC/AT), and the ticks since it was read.
 *
 * Drupe knows no time zones: it takes what the clock shows.
 */
#ifndef DRIVERS_RTC_H
#define DRIVERS_RTC_H

#include <stdint.h>

/* Reads the clock. Once, when ticks are counted. Without a clock, or with one that shows no
 * possible date, time begins with 1980-01-01. */
void rtc_initialise(void);

/* Seconds since 1970-01-01 00:00:00. */
int64_t rtc_now(void);

/* The same in milliseconds. It never goes back. */
int64_t rtc_now_milliseconds(void);

/* Days from 1970-01-01 to that date of the Gregorian calendar; month and day from 1. */
int64_t rtc_days(unsigned year, unsigned month, unsigned day);

#endif
