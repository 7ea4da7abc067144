/*
 * room_model.h - what a room should say, by looking at each page: for test_room.c and prove_room.c.
 *
 * A model is an array with a byte for each page. Pages are numbers; low and high may lie outside.
 */
#ifndef TESTS_HOST_ROOM_MODEL_H
#define TESTS_HOST_ROOM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGE_USED 0
#define PAGE_FREE 1
#define PAGE_LOST 2 /* free, and the index does not know */

#define NO_PAGE SIZE_MAX

/* Are all pages of [first, end) in that state? */
static inline bool model_is(const uint8_t *pages, size_t first, size_t end, uint8_t what)
{
    for (size_t i = first; i < end; i++) {
        if (pages[i] != what) {
            return false;
        }
    }
    return true;
}

/* The lowest, or highest, run of so many free pages in [low, high) of a room of that many pages. */
static inline size_t model_find(const uint8_t *pages, size_t count, size_t low, size_t high,
                                size_t length, bool highest)
{
    size_t found = NO_PAGE;

    high = high < count ? high : count;
    if (length == 0 || length > high) {
        return NO_PAGE;
    }
    for (size_t i = low; i <= high - length; i++) {
        if (model_is(pages, i, i + length, PAGE_FREE)) {
            found = i;
            if (!highest) {
                break;
            }
        }
    }
    return found;
}

/* What room_take() should find when the current gap is at that page. */
static inline size_t model_find_next(const uint8_t *pages, size_t count, size_t current, size_t low,
                                     size_t high, size_t length)
{
    size_t found = model_find(pages, count, low > current ? low : current, high, length, false);

    return found != NO_PAGE ? found : model_find(pages, count, low, high, length, false);
}

static inline void model_set(uint8_t *pages, size_t first, size_t end, uint8_t what)
{
    memset(pages + first, what, end - first);
}

/* Where the free run around the page ends. */
static inline size_t model_run_end(const uint8_t *pages, size_t count, size_t page)
{
    while (page < count && pages[page] == PAGE_FREE) {
        page++;
    }
    return page;
}

static inline size_t model_count(const uint8_t *pages, size_t count, uint8_t what)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found += pages[i] == what;
    }
    return found;
}

#endif
