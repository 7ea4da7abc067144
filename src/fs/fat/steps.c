/*
 * fs/fat/steps.c - see steps.h.
 *
 * Size before speed.
 */
#include "fs/fat/steps.h"

#include "base/status.h"
#include "device/block_cache.h"
#include "fs/fat/chain.h"
#include "fs/fat/changes.h"
#include "lib/string.h"
#include "task/task.h"

/* In fat_change.steps, beside a bit for each step: it has a part of an entry in two sectors. */
#define HAS_SPLIT (1u << FAT_STEPS)

/* The step of an entry, or of its half in one of two sectors. */
static enum fat_step step_of(uint32_t cluster, uint32_t before, uint32_t now, bool is_low_half,
                             bool is_high_half)
{
    if (before == FAT_FREE || cluster < FAT_CLUSTER_FIRST) { /* the first two are no clusters' */
        return FAT_STEP_TAKE;
    }
    if (now == FAT_FREE) {
        return FAT_STEP_FREE + is_low_half;
    }
    return FAT_STEP_LINK + (now >= FAT_END ? is_low_half : is_high_half);
}

/* ---------------------------------------------------------------- FAT16 and FAT32 */

static uint32_t get_entry(const struct fat_volume *volume, const uint8_t *bytes)
{
    uint32_t value = bytes[0] | (uint32_t)bytes[1] << 8;

    if (volume->bits == 32) {
        value |= (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    }
    return fat_table_widen(volume, value);
}

/*
 * Goes through the entries of a change: a bit for each step that one of them is in. Those up to
 * step `last` are put into *to, which has what stands on the disk (NULL: into nothing).
 */
static unsigned find_whole(const struct fat_volume *volume, const struct fat_change *change,
                           enum fat_step last, uint8_t *to)
{
    const uint8_t *before = change->stands, *now = block_cache_bytes(change->block);
    uint32_t bytes = volume->bits / 8;
    uint32_t first = (change->sector - volume->fat_sector) * (volume->sector_bytes / bytes);
    unsigned steps = 0;

    for (uint32_t i = 0; i < volume->sector_bytes / bytes; i++, before += bytes, now += bytes) {
        if (memcmp(before, now, bytes) == 0) {
            continue;
        }
        enum fat_step step =
            step_of(first + i, get_entry(volume, before), get_entry(volume, now), false, false);
        steps |= 1u << step;
        if (to && step <= last) {
            memcpy(to + i * bytes, now, bytes);
        }
    }
    return steps;
}

/* ---------------------------------------------------------------- FAT12 */

/* Byte `at` of a change, which may be one of the sector before or behind it: as it stands on the
 * disk, and as it is now. */
static int get_byte(struct fat_volume *volume, const struct fat_change *change, int at,
                    uint8_t *before, uint8_t *now)
{
    int length = (int)volume->sector_bytes;
    uint32_t sector = change->sector + (uint32_t)(at < 0 ? -1 : at >= length);
    const uint8_t *bytes = block_cache_bytes(change->block);

    at = at < 0 ? at + length : at % length;
    if (sector != change->sector) {
        int status = fat_sector_read(volume, sector, &bytes);

        if (status < 0) {
            return status;
        }
        change = fat_change_find(volume, sector);
    }
    *now = bytes[at];
    *before = change ? change->stands[at] : bytes[at];
    return OK;
}

static uint32_t join(const struct fat_volume *volume, uint32_t cluster, const uint8_t bytes[2])
{
    uint32_t value = bytes[0] | (uint32_t)bytes[1] << 8;

    return fat_table_widen(volume, cluster % 2 ? value >> 4 : value);
}

/* The same as find_whole(). *status: an error. */
static unsigned find_small(struct fat_volume *volume, const struct fat_change *change,
                           enum fat_step last, uint8_t *to, int *status)
{
    uint32_t base = (change->sector - volume->fat_sector) * volume->sector_bytes;
    uint32_t cluster = base * 2 / 3;
    int length = (int)volume->sector_bytes;
    unsigned steps = 0;

    for (; cluster < volume->clusters + FAT_CLUSTER_FIRST; cluster++) {
        int at = (int)(fat_table_offset(volume, cluster) - base);
        uint8_t before[2], now[2];

        if (at >= length) {
            break;
        }

        for (int i = 0; *status == OK && i < 2; i++) {
            *status = get_byte(volume, change, at + i, &before[i], &now[i]);
        }
        if (*status < 0) {
            break;
        }
        (void)fat_pause(cluster);
        uint32_t value = join(volume, cluster, now), old = join(volume, cluster, before);
        if (value == old) {
            continue;
        }
        enum fat_step step = step_of(cluster, old, value, at == length - 1, at < 0);
        steps |= 1u << step | (at < 0 || at == length - 1 ? HAS_SPLIT : 0);
        for (int i = 0; to && step <= last && i < 2; i++) {
            /* The bits of that byte that are the entry's. */
            uint8_t bits = cluster % 2 ? (i ? 0xFF : 0xF0) : (i ? 0x0F : 0xFF);

            if (at + i >= 0 && at + i < length) {
                to[at + i] = (uint8_t)((to[at + i] & ~bits) | (now[i] & bits));
            }
        }
    }
    return steps;
}

/* ---------------------------------------------------------------- all changes */

static unsigned find_steps(struct fat_volume *volume, const struct fat_change *change,
                           enum fat_step last, uint8_t *to, int *status)
{
    (void)task_pause();
    return volume->bits == 12 ? find_small(volume, change, last, to, status)
                              : find_whole(volume, change, last, to);
}

int fat_steps_find(struct fat_volume *volume)
{
    uint32_t linking = 0;
    unsigned all = 0;
    int status = OK;

    for (uint32_t i = 0; status == OK && i < volume->change_count; i++) {
        struct fat_change *change = &volume->changes[i];

        if (change->stands) {
            change->steps = (uint8_t)find_steps(volume, change, FAT_STEPS, NULL, &status);
            linking += change->steps >> FAT_STEP_LINK & 1;
            all |= change->steps;
        }
    }
    for (uint32_t i = 0; i < volume->change_count; i++) {
        struct fat_change *change = &volume->changes[i];
        bool links = change->steps >> FAT_STEP_LINK & 1;

        /* Nothing waits without a link, and nothing waits for a part of the only sector with
         * some. */
        if (change->steps == 0 || (linking == 0 && !(all & HAS_SPLIT))) {
            change->steps = 1u << FAT_STEP_TAKE;
        } else if (links && linking == 1 && !(all & HAS_SPLIT)) {
            change->steps = 1u << FAT_STEP_LINK;
        }
    }
    return status;
}

int fat_steps_bytes(struct fat_volume *volume, const struct fat_change *change, enum fat_step step,
                    const uint8_t **bytes)
{
    unsigned steps = change->steps & (HAS_SPLIT - 1u);
    int status = OK;

    *bytes = NULL;
    if (steps >> step == 1) {
        *bytes = block_cache_bytes(change->block);
    } else if (steps >> step & 1) {
        memcpy(volume->part, change->stands, volume->sector_bytes);
        find_steps(volume, change, step, volume->part, &status);
        *bytes = volume->part;
    }
    return status;
}

static int write_step(struct fat_volume *volume, enum fat_step step)
{
    int result = OK;
    bool is_first = true;

    for (uint32_t i = volume->change_count; result == OK && i-- > 0;) {
        const struct fat_change *change = &volume->changes[i];
        const uint8_t *bytes = NULL;

        if (change->stands) {
            result = fat_steps_bytes(volume, change, step, &bytes);
        }
        if (result == OK && bytes && is_first) {
            result = fat_flush(volume);
            is_first = false;
        }
        if (result == OK && bytes) {
            result = bytes == volume->part ? fat_change_write_part(volume, i, bytes)
                                           : fat_change_write(volume, i);
        }
    }
    return result;
}

int fat_steps_write(struct fat_volume *volume)
{
    int status = OK;

    for (enum fat_step step = FAT_STEP_TAKE; status == OK && step < FAT_STEPS; step++) {
        status = write_step(volume, step);
    }
    return status;
}
