/*
 * base/align.h - size arithmetic that cannot wrap unnoticed.
 */
#ifndef BASE_ALIGN_H
#define BASE_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

/* alignment must be a power of two. ALIGN_UP wraps to 0 near the top: check first. */
#define ALIGN_DOWN(value, alignment) ((value) & ~((__typeof__(value))(alignment)-1))
#define ALIGN_UP(value, alignment) \
    ALIGN_DOWN((value) + ((__typeof__(value))(alignment)-1), alignment)
#define IS_ALIGNED(value, alignment) (((value) & ((__typeof__(value))(alignment)-1)) == 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Is [start, start + length) inside [low, high)? False when it would wrap. Empty ranges: start
 * must still lie in [low, high]. */
static inline bool range_is_inside(uintptr_t start, uintptr_t length, uintptr_t low, uintptr_t high)
{
    return start >= low && start <= high && length <= high - start;
}

#endif
