/*
 * tests/kernel/failing.c - see failing.h.
 */
#include "failing.h"

#include <stddef.h>

#include "device/block.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "task/task.h"

#define FAILED_READ_FILL 0xDB /* what came before the error, and is wrong */

/* Until the one that fails; 0: it has, or none is to. */
static struct {
    uint32_t allocations_left;
    uint32_t reads_left, writes_left;
    bool fails_on;   /* and so do the reads or writes that follow */
    bool is_taken;   /* by a write that fails: then reads fail, too */
    bool is_for_now; /* of an allocation: a pause would help */
    bool has_failed;
} failing;

void failing_start(uint32_t n)
{
    failing.allocations_left = n;
    failing.is_for_now = false;
    failing.has_failed = false;
}

void failing_start_for_now(uint32_t n)
{
    failing_start(n);
    failing.is_for_now = true;
}

void failing_start_read(uint32_t n)
{
    failing.reads_left = n;
    failing.fails_on = false;
    failing.has_failed = false;
}

void failing_start_reads_from(uint32_t n)
{
    failing_start_read(n);
    failing.fails_on = true;
}

void failing_start_write(uint32_t n)
{
    failing.writes_left = n;
    failing.fails_on = false;
    failing.has_failed = false;
}

void failing_start_writes_from(uint32_t n)
{
    failing_start_write(n);
    failing.fails_on = true;
}

void failing_start_removal(uint32_t n)
{
    failing_start_writes_from(n);
    failing.is_taken = true;
}

bool failing_stop(void)
{
    failing.allocations_left = 0;
    failing.reads_left = failing.writes_left = 0;
    failing.is_taken = false;
    return failing.has_failed;
}

static bool is_it_now(uint32_t *left)
{
    if (*left == 0 || --*left > 0) {
        return false;
    }
    failing.has_failed = true;
    return true;
}

static bool does_allocation_fail(void)
{
    if (!is_it_now(&failing.allocations_left)) {
        return false;
    }
    if (failing.is_for_now && task_current()) {
        task_current()->was_cut_short = true;
    }
    return true;
}

/* ld: a call of name goes to __wrap_name, and __real_name is the function itself. */
#define WRAP(name, parameters, arguments)                               \
    void *__real_##name parameters;                                     \
    void *__wrap_##name parameters;                                     \
    void *__wrap_##name parameters                                      \
    {                                                                   \
        return does_allocation_fail() ? NULL : __real_##name arguments; \
    }

WRAP(pmm_alloc_page, (void), ())
WRAP(pmm_alloc_zeroed_page, (void), ())
WRAP(pmm_alloc_frames, (size_t count), (count))
WRAP(kmalloc, (size_t size), (size))
WRAP(kzalloc, (size_t size), (size))
WRAP(kmem_alloc, (size_t size), (size))
WRAP(kmem_zalloc, (size_t size), (size))
WRAP(kmem_cache_alloc, (struct kmem_cache * cache), (cache))

bool __real_pmm_promise(size_t count);
bool __wrap_pmm_promise(size_t count);
bool __wrap_pmm_promise(size_t count)
{
    return !does_allocation_fail() && __real_pmm_promise(count);
}

int __real_block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer);
int __wrap_block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer);
int __wrap_block_read(struct block_device *device, uint32_t lba, uint32_t count, void *buffer)
{
    if (is_it_now(&failing.reads_left)) {
        failing.reads_left = failing.fails_on;
        memset(buffer, FAILED_READ_FILL, count * SECTOR_BYTES);
        return -EIO;
    }
    return __real_block_read(device, lba, count, buffer);
}

int __real_block_write(struct block_device *device, uint32_t lba, uint32_t count,
                       const void *buffer);
int __wrap_block_write(struct block_device *device, uint32_t lba, uint32_t count,
                       const void *buffer);
int __wrap_block_write(struct block_device *device, uint32_t lba, uint32_t count,
                       const void *buffer)
{
    if (is_it_now(&failing.writes_left)) {
        failing.writes_left = failing.fails_on;
        if (failing.is_taken) {
            failing.reads_left = 1;
            return -EIO;
        }
        (void)__real_block_write(device, lba, count / 2, buffer);
        return -EIO;
    }
    return __real_block_write(device, lba, count, buffer);
}
