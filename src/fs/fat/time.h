/*
 * fs/fat/time.h - times as FAT writes them: 1980 to 2107, to two seconds. FAT does not say of which
 * time zone; Drupe takes them for the machine's clock.
 *
 *   date  15-9 year - 1980   8-5 month   4-0 day
 *   time  15-11 hour   10-5 minute   4-0 second / 2
 */
#ifndef FS_FAT_TIME_H
#define FS_FAT_TIME_H

#include <stdint.h>

/* Seconds since 1970-01-01, rounded down to two; what lies outside FAT's years becomes the nearest
 * that does not. odd: NULL, or where the rest goes, in hundredths of a second (0 or 100). */
void fat_time_write(int64_t seconds, uint16_t *date, uint16_t *time, uint8_t *odd);

/* The other way. A date that is none (0 stands for unknown) gives 0. */
int64_t fat_time_read(uint16_t date, uint16_t time, uint8_t odd);

#endif
