/*
 * fs/fat/time.c - see time.h.
 *
 * Size before speed.
 */
#include "fs/fat/time.h"

#include "base/align.h"

#define SECONDS_PER_DAY 86400
#define DAYS_TO_1980    3652  /* from 1970-01-01 */
#define DAYS_OF_FAT     46751 /* 1980-01-01 to 2107-12-31 */

static const uint8_t month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

/* From 1980 to 2107 every fourth year is a leap year but 2100. */
static uint32_t days_of_month(uint32_t year, uint32_t month)
{
    return month_days[month - 1] + (month == 2 && year % 4 == 0 && year != 2100);
}

static uint32_t days_of_year(uint32_t year)
{
    return 365 + (year % 4 == 0 && year != 2100);
}

void fat_time_write(int64_t seconds, uint16_t *date, uint16_t *time, uint8_t *odd)
{
    const int64_t first = (int64_t)DAYS_TO_1980 * SECONDS_PER_DAY;
    const int64_t last = first + (int64_t)DAYS_OF_FAT * SECONDS_PER_DAY - 1;
    /* Below 2^32: 128 years. */
    uint32_t left = (uint32_t)(MIN(MAX(seconds, first), last) - first);
    uint32_t days = left / SECONDS_PER_DAY, second = left % SECONDS_PER_DAY;
    uint32_t year = 1980, month = 1;

    for (; days >= days_of_year(year); year++) {
        days -= days_of_year(year);
    }
    for (; days >= days_of_month(year, month); month++) {
        days -= days_of_month(year, month);
    }
    *date = (uint16_t)((year - 1980) << 9 | month << 5 | (days + 1));
    *time = (uint16_t)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2);
    if (odd) {
        *odd = second % 2 ? 100 : 0;
    }
}

int64_t fat_time_read(uint16_t date, uint16_t time, uint8_t odd)
{
    uint32_t year = 1980 + (date >> 9), month = date >> 5 & 0xF, day = date & 0x1F;
    uint32_t hour = time >> 11, minute = time >> 5 & 0x3F, second = (time & 0x1Fu) * 2;
    uint32_t days = DAYS_TO_1980;

    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23 ||
        minute > 59 || second > 59) {
        return 0;
    }
    for (uint32_t y = 1980; y < year; y++) {
        days += days_of_year(y);
    }
    for (uint32_t m = 1; m < month; m++) {
        days += days_of_month(year, m);
    }
    return (int64_t)(days + day - 1) * SECONDS_PER_DAY +
           (int64_t)(hour * 3600 + minute * 60 + second + (odd >= 100 ? 1 : 0));
}
