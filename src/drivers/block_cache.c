/*
 * drivers/block_cache.c - see block_cache.h.
 *
 * Every block is in a hash chain, by device and number, and on one list in the order of use, the
 * latest first. Both are walked only as far as a chain is long: with BLOCK_CACHE_PAGES_MAX blocks
 * in HASH_CHAINS chains that is two on average.
 *
 * Size before speed.
 */
#include "drivers/block_cache.h"

#include <stdbool.h>

#include "layout.h"
#include "base/align.h"
#include "base/list.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"

#define BLOCK_BYTES     (BLOCK_CACHE_SECTORS * SECTOR_BYTES)
#define HASH_BITS       9
#define HASH_CHAINS     (1u << HASH_BITS)
#define MEMORY_FRACTION BLOCK_CACHE_FRACTION

_Static_assert(BLOCK_BYTES == PAGE_SIZE_BYTES, "a block is a page");

struct cached_block {
    struct list_node link;     /* order of use */
    struct cached_block *next; /* in the hash chain */
    const struct block_device *device;
    uint32_t number; /* lba / BLOCK_CACHE_SECTORS */
    uint8_t *bytes;
    uint8_t valid; /* one bit per sector */
};
#define ALL_VALID 0xFF

_Static_assert(BLOCK_CACHE_SECTORS == 8, "one bit per sector");

static struct {
    struct list_node order;
    /* The first in that order, if it is all valid; walking a FAT stays in it for long. */
    struct cached_block *latest;
    struct cached_block *chains[HASH_CHAINS];
    struct block_cache_stats stats;
} cache;

/* The list's head. All of the state is zero at first, so that it costs the kernel's image
 * nothing. */
static struct list_node *order(void)
{
    if (!cache.order.next) {
        list_initialise(&cache.order);
    }
    return &cache.order;
}

/* ---------------------------------------------------------------- blocks */

/* Neighbours on the disk get different chains: Knuth's multiplicative hash, golden ratio * 2^32. */
static struct cached_block **chain_of(const struct block_device *device, uint32_t number)
{
    return &cache.chains[(number + (uint32_t)(uintptr_t)device) * 2654435769u >> (32 - HASH_BITS)];
}

static struct cached_block *look_up(const struct block_device *device, uint32_t number)
{
    struct cached_block *block = *chain_of(device, number);

    while (block && (block->number != number || block->device != device)) {
        block = block->next;
    }
    return block;
}

/* Takes the block out of chain and order. */
static void take_out(struct cached_block *block)
{
    struct cached_block **link = chain_of(block->device, block->number);

    while (*link != block) {
        link = &(*link)->next;
    }
    *link = block->next;
    list_remove(&block->link);
    if (cache.latest == block) {
        cache.latest = NULL;
    }
}

static void give_back(struct cached_block *block)
{
    kfree(block->bytes);
    kmem_free(block);
    cache.stats.pages--;
}

static struct cached_block *least_recent(void)
{
    struct list_node *last = order()->previous;

    return last == &cache.order ? NULL : LIST_ENTRY(last, struct cached_block, link);
}

static bool may_grow(void)
{
    size_t fraction = pmm_get_total_pages() / MEMORY_FRACTION;

    return cache.stats.pages < MAX(MIN(fraction, BLOCK_CACHE_PAGES_MAX), BLOCK_CACHE_PAGES_MIN) &&
           pmm_get_free_pages() > fraction;
}

static struct cached_block *new_block(void)
{
    struct cached_block *block = kmem_alloc(sizeof(*block));
    uint8_t *bytes = kmalloc(BLOCK_BYTES);

    if (!block || !bytes) {
        kmem_free(block);
        kfree(bytes);
        return NULL;
    }
    block->bytes = bytes;
    cache.stats.pages++;
    return block;
}

/* A block for other contents: a new one or the least recent. NULL when there is neither. */
static struct cached_block *free_block(void)
{
    struct cached_block *block = may_grow() ? new_block() : NULL;

    if (!block) {
        block = least_recent();
        if (block) {
            take_out(block);
        } else {
            block = new_block(); /* no memory to spare; but without one nothing can be read */
        }
    }
    return block;
}

/* Has the block that sector lba lies in, and notes the use of count sectors. The caller has checked
 * that there is such a sector. */
static int get_block(struct block_device *device, uint32_t lba, uint32_t count,
                     struct cached_block **result)
{
    uint32_t number = lba / BLOCK_CACHE_SECTORS;
    uint32_t first = number * BLOCK_CACHE_SECTORS;
    struct cached_block *block = cache.latest;

    if (block && block->number == number && block->device == device) {
        cache.stats.hits += count;
        *result = block;
        return OK;
    }
    block = look_up(device, number);
    bool is_new = !block;
    if (is_new) {
        block = free_block();
        if (!block) {
            return -ENOMEM;
        }
        uint32_t sectors = MIN(BLOCK_CACHE_SECTORS, device->sector_count - first);
        int status = block_read(device, first, sectors, block->bytes);
        if (status < 0 && count == sectors) {
            give_back(block);
            return status;
        }
        block->valid = status == OK ? ALL_VALID : 0;
    }
    /* Where one sector is bad, its neighbours may be good: then what is wanted is read alone. */
    uint32_t place = lba - first;
    uint32_t wanted = ((1u << count) - 1) << place;
    uint32_t *counter = is_new ? &cache.stats.misses : &cache.stats.hits;
    if ((block->valid & wanted) != wanted) {
        int status = block_read(device, lba, count, block->bytes + place * SECTOR_BYTES);

        block->valid &= (uint8_t)~wanted; /* a read that fails leaves anything */
        if (status < 0) {
            if (is_new) {
                give_back(block);
            }
            return status;
        }
        block->valid |= (uint8_t)wanted;
        counter = &cache.stats.misses;
    }
    *counter += count;
    if (is_new) {
        struct cached_block **chain = chain_of(device, number);

        block->device = device;
        block->number = number;
        block->next = *chain;
        *chain = block;
    } else {
        list_remove(&block->link);
    }
    list_add_after(order(), &block->link);
    cache.latest = block->valid == ALL_VALID ? block : NULL;
    *result = block;
    return OK;
}

/* ---------------------------------------------------------------- reading */

int block_cache_sector(struct block_device *device, uint32_t lba, const void **sector)
{
    struct cached_block *block;
    int status = lba < device->sector_count ? get_block(device, lba, 1, &block) : -EBOUNDS;

    if (status == OK) {
        *sector = block->bytes + lba % BLOCK_CACHE_SECTORS * SECTOR_BYTES;
    }
    return status;
}

/* How many of the count sectors from lba on lie before the first cached block. */
static uint32_t uncached_sectors(const struct block_device *device, uint32_t lba, uint32_t count)
{
    uint32_t done = 0;

    while (done < count && !look_up(device, (lba + done) / BLOCK_CACHE_SECTORS)) {
        done += BLOCK_CACHE_SECTORS - (lba + done) % BLOCK_CACHE_SECTORS;
    }
    return MIN(done, count);
}

int block_cache_read(struct block_device *device, uint32_t lba, uint32_t offset, void *buffer,
                     uint32_t length)
{
    uint32_t sectors =
        length / SECTOR_BYTES + (offset + length % SECTOR_BYTES + SECTOR_BYTES - 1) / SECTOR_BYTES;
    uint8_t *to = buffer;

    if (lba > device->sector_count || sectors > device->sector_count - lba) {
        return -EBOUNDS;
    }
    while (length > 0) {
        uint32_t at = lba % BLOCK_CACHE_SECTORS * SECTOR_BYTES + offset;
        uint32_t done = 0;
        int status;

        /* A driver takes no odd address (block.h). */
        if (length >= BLOCK_CACHE_LONG_BYTES && offset == 0 && IS_ALIGNED((uintptr_t)to, 2)) {
            uint32_t run = uncached_sectors(device, lba, length / SECTOR_BYTES);

            if (run >= BLOCK_CACHE_LONG_BYTES / SECTOR_BYTES) {
                status = block_read(device, lba, run, to);
                if (status < 0) {
                    return status;
                }
                cache.stats.misses += run;
                done = run * SECTOR_BYTES;
            }
        }
        if (done == 0) {
            struct cached_block *block;

            done = MIN(BLOCK_BYTES - at, length);
            status =
                get_block(device, lba, (offset + done + SECTOR_BYTES - 1) / SECTOR_BYTES, &block);
            if (status < 0) {
                return status;
            }
            memcpy(to, block->bytes + at, done);
        }
        to += done;
        length -= done;
        lba += (offset + done) / SECTOR_BYTES;
        offset = (offset + done) % SECTOR_BYTES;
    }
    return OK;
}

/* ---------------------------------------------------------------- giving back */

void block_cache_forget(const struct block_device *device)
{
    struct list_node *next;

    for (struct list_node *node = order()->next; node != &cache.order; node = next) {
        struct cached_block *block = LIST_ENTRY(node, struct cached_block, link);

        next = node->next;
        if (block->device == device) {
            take_out(block);
            give_back(block);
        }
    }
}

size_t block_cache_shrink(size_t pages)
{
    size_t count = 0;

    for (struct cached_block *block; count < pages && (block = least_recent()); count++) {
        take_out(block);
        give_back(block);
    }
    return count;
}

void block_cache_get_stats(struct block_cache_stats *stats)
{
    *stats = cache.stats;
}
