/*
 * fs/fat/time.c - see time.h.
 */
#include "fs/fat/time.h"

#include <stdbool.h>

#include "base/align.h"

#define SECONDS_PER_DAY 86400
#define DAYS_TO_1980    3652  /* from 1970-01-01 */
#define DAYS_OF_FAT     46751 /* 1980-01-01 to 2107-12-31 */

/* Before the first of each month, in a year that is none of the longer ones. */
static const uint16_t month_start[13] = {0,   31,  59,  90,  120, 151, 181,
                                         212, 243, 273, 304, 334, 365};

/* From 1980 to 2107 every fourth year is a leap year but 2100. Years count from 1980, months from
 * 0. */
static bool is_leap_year(uint32_t year)
{
    return year % 4 == 0 && year != 2100 - 1980;
}

/* Days from 1980-01-01 to that year's first. */
static uint32_t days_to_year(uint32_t year)
{
    return year * 365 + (year + 3) / 4 - (year > 2100 - 1980);
}

/* Days from a year's first to that month's. */
static uint32_t days_to_month(uint32_t year, uint32_t month)
{
    return month_start[month] + (month >= 2 && is_leap_year(year));
}

void fat_time_write(int64_t seconds, uint16_t *date, uint16_t *time, uint8_t *odd)
{
    const int64_t first = (int64_t)DAYS_TO_1980 * SECONDS_PER_DAY;
    const int64_t last = first + (int64_t)DAYS_OF_FAT * SECONDS_PER_DAY - 1;
    /* Below 2^32: 128 years. */
    uint32_t left = (uint32_t)(MIN(MAX(seconds, first), last) - first);
    uint32_t days = left / SECONDS_PER_DAY, second = left % SECONDS_PER_DAY;
    uint32_t year = days / 366; /* or the next one */

    year += days >= days_to_year(year + 1);
    days -= days_to_year(year);

    uint32_t month = days / 32; /* or the next one */

    month += days >= days_to_month(year, month + 1);
    days -= days_to_month(year, month);
    *date = (uint16_t)(year << 9 | (month + 1) << 5 | (days + 1));
    *time = (uint16_t)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2);
    if (odd) {
        *odd = second % 2 ? 100 : 0;
    }
}

int64_t fat_time_read(uint16_t date, uint16_t time, uint8_t odd)
{
    uint32_t year = date >> 9, month = date >> 5 & 0xF, day = date & 0x1F;
    uint32_t hour = time >> 11, minute = time >> 5 & 0x3F, second = (time & 0x1Fu) * 2;

    if (month < 1 || month > 12 || day < 1 ||
        day > days_to_month(year, month) - days_to_month(year, month - 1) || hour > 23 ||
        minute > 59 || second > 59) {
        return 0;
    }
    uint32_t days = DAYS_TO_1980 + days_to_year(year) + days_to_month(year, month - 1) + day - 1;

    return (int64_t)days * SECONDS_PER_DAY +
           (int64_t)(hour * 3600 + minute * 60 + second + (odd >= 100 ? 1 : 0));
}
