/*
 * drivers/rtc.c - see rtc.h. Register numbers and bits are those of the MC146818's data sheet; the
 * century's register is where ACPI's tables of nearly all machines say that it is.
 *
 * Size before speed.
 */
#include "drivers/rtc.h"

#include <stdbool.h>

#include "arch/timer.h"
#include "arch/x86/io.h"
#include "config.h"
#include "lib/string.h"

#define PORT_INDEX 0x70 /* bit 7: no NMI, which is left allowed */
#define PORT_DATA  0x71

#define STATUS_A        0x0A
#define STATUS_B        0x0B
#define UPDATE_RUNS     0x80 /* of A: the next 244 us at least, numbers may change */
#define IS_BINARY       0x04 /* of B: otherwise two decimal digits in each byte */
#define IS_24_HOURS     0x02 /* of B */
#define IS_AFTERNOON    0x80 /* of the hour, where it goes to 12 */
#define SECONDS_PER_DAY 86400

/* rtc_days() of 1970-01-01, counted from the year 0. */
#define DAYS_TO_1970 719527

/* An update takes 2 ms; a port is read in about 1 us. */
#define UPDATE_READS_MAX 10000
#define TRIES_MAX        5

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, CENTURY, FIELDS };
static const uint8_t registers[FIELDS] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32};

static struct {
    int64_t seconds; /* when there were so many ticks: */
    uint32_t ticks;
} now = {.seconds = 315532800}; /* 1980-01-01 */

static uint8_t read_register(uint8_t number)
{
    outb(PORT_INDEX, number);
    return inb(PORT_DATA);
}

/* Reads all while no update runs. */
static void read_fields(uint8_t fields[FIELDS])
{
    for (unsigned i = 0; i < UPDATE_READS_MAX && read_register(STATUS_A) & UPDATE_RUNS; i++) {
    }
    for (unsigned i = 0; i < FIELDS; i++) {
        fields[i] = read_register(registers[i]);
    }
}

static unsigned number_of(uint8_t field, bool is_binary)
{
    return is_binary ? field : (unsigned)(field >> 4) * 10 + (field & 15);
}

int64_t rtc_days(unsigned year, unsigned month, unsigned day)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    unsigned leap_years = year - (month <= 2); /* in whose February a day more has been */
    int64_t days = (int64_t)year * 365 + leap_years / 4 - leap_years / 100 + leap_years / 400;

    return days + before[month - 1] + day - 1 - DAYS_TO_1970;
}

/* What the fields mean, in seconds since 1970; below 0: no date. */
static int64_t understand(const uint8_t fields[FIELDS], uint8_t status)
{
    bool is_binary = status & IS_BINARY;
    unsigned second = number_of(fields[SECOND], is_binary);
    unsigned minute = number_of(fields[MINUTE], is_binary);
    unsigned hour = number_of(fields[HOUR] & (uint8_t)~IS_AFTERNOON, is_binary);
    unsigned day = number_of(fields[DAY], is_binary);
    unsigned month = number_of(fields[MONTH], is_binary);
    unsigned century = number_of(fields[CENTURY], is_binary);
    unsigned year = number_of(fields[YEAR], is_binary);

    year += 100 * (century >= 19 && century <= 20 ? century : year < 80 ? 20 : 19);
    if (!(status & IS_24_HOURS)) {
        hour = hour % 12 + (fields[HOUR] & IS_AFTERNOON ? 12 : 0);
    }
    if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31 || month < 1 || month > 12 ||
        year < 1980) {
        return -1;
    }
    return rtc_days(year, month, day) * SECONDS_PER_DAY + (int)(hour * 3600 + minute * 60 + second);
}

void rtc_initialise(void)
{
    uint8_t fields[FIELDS], again[FIELDS];
    unsigned tries = 0;

    do { /* an update may have begun in the middle */
        read_fields(fields);
        read_fields(again);
    } while (memcmp(fields, again, sizeof(fields)) != 0 && ++tries < TRIES_MAX);

    int64_t seconds = understand(fields, read_register(STATUS_B));

    if (seconds >= 0) {
        now.seconds = seconds;
    }
    now.ticks = timer_get_ticks();
}

int64_t rtc_now(void)
{
    uint32_t passed = (timer_get_ticks() - now.ticks) / TIMER_HZ;

    now.seconds += passed;
    now.ticks += passed * TIMER_HZ;
    return now.seconds;
}

int64_t rtc_now_milliseconds(void)
{
    int64_t seconds = rtc_now();

    return seconds * 1000 + (int64_t)(timer_get_ticks() - now.ticks) * (1000 / TIMER_HZ);
}
