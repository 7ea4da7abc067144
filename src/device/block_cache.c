/*
 * device/block_cache.c - see block_cache.h.
 *
 * Every page is in a hash chain, by device and number, and on one list in the order of use, the
 * latest first. Both are walked only as far as a chain is long: with BLOCK_CACHE_PAGES_MAX pages
 * in HASH_CHAINS chains that is two on average. A page with a dirty block is in its device's tree,
 * too, by number.
 *
 * No transfer lets another task run (block.h), so no page is ever seen in the middle of one. What
 * does is the pause between pages of block_cache_sync(), block_cache_discard() and
 * block_cache_forget(), which look for the next page anew.
 *
 * Size before speed.
 */
#include "device/block_cache.h"

#include "layout.h"
#include "base/align.h"
#include "base/list.h"
#include "base/status.h"
#include "debug/panic.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "task/task.h"

#define HASH_BITS   9
#define HASH_CHAINS (1u << HASH_BITS)

/* Pages that are dropped between two pauses. */
#define PIECE_PAGES 64

/* Writes of one sync that may fail until it gives up: each may take the device's longest time. */
#define SYNC_ERRORS_MAX 4

#define PAGE_SECTORS_MAX (PAGE_SIZE_BYTES / SECTOR_BYTES)

struct cached_block {
    uint16_t holds;
    uint8_t pins;
    uint8_t index; /* its place in the page */
};

struct cache_page {
    struct list_node link;       /* order of use */
    struct cache_page *next;     /* in the hash chain */
    struct tree_node dirty_link; /* in device->dirty_pages, while dirty is not 0 */
    struct block_device *device;
    uint32_t number; /* lba / sectors in a page */
    uint32_t uses;   /* holds and pins of its blocks */
    uint8_t *bytes;
    uint8_t valid; /* one bit per sector; ALL_VALID when it was read as a whole */
    uint8_t dirty; /* these are valid */
    struct cached_block blocks[PAGE_SECTORS_MAX];
};
#define ALL_VALID 0xFF

_Static_assert(PAGE_SECTORS_MAX == 8 && SECTOR_BYTES_MAX == PAGE_SIZE_BYTES, "one bit per sector");

static struct {
    struct list_node order;
    /* The first in that order, if it is all valid; walking a FAT stays in it for long. */
    struct cache_page *latest;
    struct cache_page *chains[HASH_CHAINS];
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

static uint32_t page_sectors(const struct block_device *device)
{
    return PAGE_SIZE_BYTES / device->sector_bytes;
}

static uint32_t first_lba(const struct cache_page *page)
{
    return page->number * page_sectors(page->device);
}

/* The bits of count sectors from that place in a page on. */
static uint8_t bits_of(uint32_t place, uint32_t count)
{
    return (uint8_t)(((1u << count) - 1) << place);
}

/* How many of bits from place on are set, one behind the other. */
static uint32_t run_of(uint32_t bits, uint32_t place)
{
    uint32_t run = 0;

    while (bits >> (place + run) & 1) {
        run++;
    }
    return run;
}

/* ---------------------------------------------------------------- pages */

/* Neighbours on the disk get different chains: Knuth's multiplicative hash, golden ratio * 2^32. */
static struct cache_page **chain_of(const struct block_device *device, uint32_t number)
{
    return &cache.chains[(number + (uint32_t)(uintptr_t)device) * 2654435769u >> (32 - HASH_BITS)];
}

static struct cache_page *look_up(const struct block_device *device, uint32_t number)
{
    struct cache_page *page = *chain_of(device, number);

    while (page && (page->number != number || page->device != device)) {
        page = page->next;
    }
    return page;
}

/* Takes the page out of chain and order. */
static void take_out(struct cache_page *page)
{
    struct cache_page **link = chain_of(page->device, page->number);

    while (*link != page) {
        link = &(*link)->next;
    }
    *link = page->next;
    list_remove(&page->link);
    if (cache.latest == page) {
        cache.latest = NULL;
    }
}

static void give_back(struct cache_page *page)
{
    kfree(page->bytes);
    kmem_free(page);
    cache.stats.pages--;
}

static uint32_t pages_max(void)
{
    return (uint32_t)MAX(MIN(pmm_get_total_pages() / BLOCK_CACHE_FRACTION, BLOCK_CACHE_PAGES_MAX),
                         BLOCK_CACHE_PAGES_MIN);
}

/* The program mem knows by its name what the memory is for. */
static struct cache_page *block_cache_new_page(void)
{
    struct cache_page *page = kmem_alloc(sizeof(*page));
    uint8_t *bytes = kmalloc(PAGE_SIZE_BYTES);

    if (!page || !bytes) {
        kmem_free(page);
        kfree(bytes);
        return NULL;
    }
    page->bytes = bytes;
    cache.stats.pages++;
    return page;
}

/* ---------------------------------------------------------------- what is dirty */

/* The device's first dirty page from that number on, or NULL. */
static struct cache_page *first_dirty(const struct block_device *device, uint32_t number)
{
    struct tree_node *node = device->dirty_pages.root;
    struct cache_page *found = NULL;

    while (node) {
        struct cache_page *page = TREE_ENTRY(node, struct cache_page, dirty_link);
        bool is_before = page->number < number;

        found = is_before ? found : page;
        node = node->child[is_before];
    }
    return found;
}

static void add_to_dirty_pages(struct cache_page *page)
{
    struct tree *tree = &page->device->dirty_pages;
    struct cache_page *after = first_dirty(page->device, page->number);
    struct tree_node *before =
        after ? tree_previous(&after->dirty_link) : tree_last(tree); /* of the new one */

    tree_insert_between(tree, before, after ? &after->dirty_link : NULL, &page->dirty_link);
}

static void make_dirty(struct cache_page *page, uint8_t bits)
{
    for (uint32_t added = bits & (uint8_t)~page->dirty; added; added &= added - 1) {
        cache.stats.dirty++;
    }
    if (!page->dirty) {
        add_to_dirty_pages(page);
    }
    page->dirty |= bits;
}

static void make_clean(struct cache_page *page, uint8_t bits)
{
    uint32_t cleaned = page->dirty & bits;

    if (!cleaned) {
        return;
    }
    page->dirty &= (uint8_t)~bits;
    for (; cleaned; cleaned &= cleaned - 1) {
        cache.stats.dirty--;
    }
    if (!page->dirty) {
        tree_remove(&page->device->dirty_pages, &page->dirty_link);
    }
}

/* The dirty blocks that may be written. */
static uint8_t writable(const struct cache_page *page)
{
    uint8_t bits = page->dirty;

    for (uint32_t i = 0; page->uses && i < PAGE_SECTORS_MAX; i++) {
        bits &= (uint8_t) ~(page->blocks[i].pins ? 1u << i : 0);
    }
    return bits;
}

/* Writes these blocks; what is written is clean. The first error. */
static int write_blocks(struct cache_page *page, uint8_t bits)
{
    struct block_device *device = page->device;
    int status = OK;

    for (uint32_t place = 0, run; bits >> place; place += run) {
        run = run_of(bits, place);
        if (run == 0) {
            run = 1;
            continue;
        }
        int written = block_write(device, first_lba(page) + place, run,
                                  page->bytes + place * device->sector_bytes);
        if (written == OK) {
            make_clean(page, bits_of(place, run));
        } else if (status == OK) {
            status = written;
        }
    }
    return status;
}

/* Nobody waits for that write: its error stays with the device. Returns the status. */
static int note_error(struct block_device *device, int status)
{
    if (device->write_error == OK) {
        device->write_error = status;
    }
    return status;
}

/* Of the pages that nobody uses the one that was used longest ago, without contents; NULL: none.
 * Of a device that fails nothing is written before somebody has been told. */
static struct cache_page *evict(void)
{
    for (struct list_node *node = order()->previous; node != &cache.order; node = node->previous) {
        struct cache_page *page = LIST_ENTRY(node, struct cache_page, link);

        if (page->uses == 0 &&
            (!page->dirty || (page->device->write_error == OK &&
                              note_error(page->device, write_blocks(page, page->dirty)) == OK))) {
            take_out(page);
            return page;
        }
    }
    return NULL;
}

/* A page for other contents: a new one or the least recent. NULL when there is neither. */
static struct cache_page *free_page(void)
{
    uint32_t most = pages_max();
    bool may_grow = cache.stats.pages < most &&
                    pmm_get_free_pages() > pmm_get_total_pages() / BLOCK_CACHE_FRACTION;
    struct cache_page *page = may_grow ? block_cache_new_page() : NULL;

    page = page ? page : evict();
    /* None can be spared; but without one nothing can be read. */
    return page || cache.stats.pages >= 2 * most ? page : block_cache_new_page();
}

/* ---------------------------------------------------------------- getting */

/* Reads what is not valid of count sectors from that place on. */
static int fill(struct cache_page *page, uint32_t place, uint32_t count)
{
    struct block_device *device = page->device;
    uint32_t missing = bits_of(place, count) & (uint8_t)~page->valid;

    for (uint32_t run; missing >> place; place += run) {
        run = run_of(missing, place);
        if (run == 0) {
            run = 1;
            continue;
        }
        int status = block_read(device, first_lba(page) + place, run,
                                page->bytes + place * device->sector_bytes);

        if (status < 0) {
            return status;
        }
        page->valid |= bits_of(place, run);
    }
    return OK;
}

/* A page that is not here yet, with no contents, in no chain. NULL: no memory. */
static struct cache_page *begin_page(struct block_device *device, uint32_t number)
{
    struct cache_page *page = free_page();

    if (page) {
        page->device = device;
        page->number = number;
        page->uses = 0;
        page->valid = page->dirty = 0;
        for (uint8_t i = 0; i < PAGE_SECTORS_MAX; i++) {
            page->blocks[i] = (struct cached_block){.index = i};
        }
    }
    return page;
}

/* The whole page if that can be read. Where one sector is bad, its neighbours may be good: then
 * what is wanted is read alone. */
static int fill_new(struct cache_page *page, uint32_t place, uint32_t count)
{
    uint32_t sectors =
        MIN(page_sectors(page->device), page->device->sector_count - first_lba(page));
    int status = fill(page, 0, sectors);

    if (status == OK) {
        page->valid = ALL_VALID;
    } else if (count < sectors) {
        status = fill(page, place, count);
    }
    return status;
}

/* Has the page with sector lba, and makes count sectors from there valid, or with reads == false
 * none; notes their use. The caller has checked that there are such sectors. */
static int get_page(struct block_device *device, uint32_t lba, uint32_t count, bool reads,
                    struct cache_page **result)
{
    uint32_t number = lba / page_sectors(device), place = lba % page_sectors(device);
    struct cache_page *page = cache.latest;

    if (page && page->number == number && page->device == device) {
        cache.stats.hits += count;
        *result = page;
        return OK;
    }
    page = look_up(device, number);
    bool is_new = !page;
    if (is_new) {
        page = begin_page(device, number);
        if (!page) {
            return -ENOMEM;
        }
    }
    if (reads) {
        bool is_hit = (bits_of(place, count) & ~page->valid) == 0;
        int status = is_new ? fill_new(page, place, count) : fill(page, place, count);

        if (status < 0) {
            if (is_new) {
                give_back(page);
            }
            return status;
        }
        *(is_hit ? &cache.stats.hits : &cache.stats.misses) += count;
    }
    if (is_new) {
        struct cache_page **chain = chain_of(device, number);

        page->next = *chain;
        *chain = page;
    } else {
        list_remove(&page->link);
    }
    list_add_after(order(), &page->link);
    cache.latest = page->valid == ALL_VALID ? page : NULL;
    *result = page;
    return OK;
}

/* ---------------------------------------------------------------- blocks */

static struct cache_page *page_of(const struct cached_block *block)
{
    return LIST_ENTRY(block - block->index, struct cache_page, blocks);
}

static uint8_t bit_of(const struct cached_block *block)
{
    return (uint8_t)(1u << block->index);
}

static void check_use(const struct cached_block *block)
{
    KASSERT(block->holds > 0 || block->pins > 0);
}

static struct cached_block *hold_in(struct cache_page *page, uint32_t lba)
{
    struct cached_block *block = &page->blocks[lba % page_sectors(page->device)];

    KASSERT(block->holds < UINT16_MAX);
    block->holds++;
    page->uses++;
    return block;
}

int block_cache_get(struct block_device *device, uint32_t lba, struct cached_block **block)
{
    struct cache_page *page;
    int status = lba < device->sector_count ? get_page(device, lba, 1, true, &page) : -EBOUNDS;

    if (status == OK) {
        *block = hold_in(page, lba);
    }
    return status;
}

int block_cache_get_new(struct block_device *device, uint32_t lba, struct cached_block **block)
{
    struct cache_page *page;
    int status = lba < device->sector_count ? get_page(device, lba, 0, false, &page) : -EBOUNDS;

    if (status == OK) {
        *block = hold_in(page, lba);
        memset(block_cache_bytes(*block), 0, device->sector_bytes);
        page->valid |= bit_of(*block);
        make_dirty(page, bit_of(*block));
    }
    return status;
}

void *block_cache_bytes(struct cached_block *block)
{
    struct cache_page *page = page_of(block);

    check_use(block);
    return page->bytes + block->index * page->device->sector_bytes;
}

void block_cache_mark_dirty(struct cached_block *block)
{
    check_use(block);
    make_dirty(page_of(block), bit_of(block));
}

bool block_cache_is_dirty(const struct cached_block *block)
{
    check_use(block);
    return page_of(block)->dirty & bit_of(block);
}

void block_cache_pin(struct cached_block *block)
{
    check_use(block);
    KASSERT(block->pins < UINT8_MAX);
    block->pins++;
    page_of(block)->uses++;
}

void block_cache_unpin(struct cached_block *block)
{
    KASSERT(block->pins > 0);
    block->pins--;
    page_of(block)->uses--;
}

void block_cache_hold(struct cached_block *block)
{
    check_use(block);
    (void)hold_in(page_of(block), block->index);
}

void block_cache_put(struct cached_block *block)
{
    KASSERT(block->holds > 0);
    block->holds--;
    page_of(block)->uses--;
}

int block_cache_write_back(struct cached_block *block)
{
    struct cache_page *page = page_of(block);

    KASSERT(block->holds > 0 && block->pins == 0);
    return write_blocks(page, page->dirty & bit_of(block));
}

int block_cache_sync(struct block_device *device)
{
    struct cache_page *page = first_dirty(device, 0);
    unsigned errors = 0;
    int first = device->write_error;

    device->write_error = OK;
    while (page && errors < SYNC_ERRORS_MAX) {
        uint32_t number = page->number;
        int status = write_blocks(page, writable(page));

        if (status < 0) {
            errors++;
            first = first == OK ? status : first;
        }
        (void)task_pause();
        page = number < UINT32_MAX ? first_dirty(device, number + 1) : NULL;
    }
    int status = block_flush(device);
    return first == OK ? status : first;
}

/* ---------------------------------------------------------------- bytes and sectors */

int block_cache_sector(struct block_device *device, uint32_t lba, const void **sector)
{
    struct cache_page *page;
    int status = lba < device->sector_count ? get_page(device, lba, 1, true, &page) : -EBOUNDS;

    if (status == OK) {
        *sector = page->bytes + lba % page_sectors(device) * device->sector_bytes;
    }
    return status;
}

/* How many of the count sectors from lba on lie before the first page that is here. */
static uint32_t uncached_sectors(const struct block_device *device, uint32_t lba, uint32_t count)
{
    uint32_t in_page = page_sectors(device);
    uint32_t done = 0;

    while (done < count && !look_up(device, (lba + done) / in_page)) {
        done += in_page - (lba + done) % in_page;
    }
    return MIN(done, count);
}

int block_cache_read(struct block_device *device, uint32_t lba, uint32_t offset, void *buffer,
                     uint32_t length)
{
    uint32_t size = device->sector_bytes;
    uint32_t sectors = length / size + (offset + length % size + size - 1) / size;
    uint8_t *to = buffer;

    if (lba > device->sector_count || sectors > device->sector_count - lba) {
        return -EBOUNDS;
    }
    while (length > 0) {
        uint32_t at = lba % page_sectors(device) * size + offset;
        uint32_t done = 0;
        int status;

        /* A driver takes no odd address (block.h). */
        if (length >= BLOCK_CACHE_LONG_BYTES && offset == 0 && IS_ALIGNED((uintptr_t)to, 2)) {
            uint32_t run = uncached_sectors(device, lba, length / size);

            if (run >= BLOCK_CACHE_LONG_BYTES / size) {
                status = block_read(device, lba, run, to);
                if (status < 0) {
                    return status;
                }
                cache.stats.misses += run;
                done = run * size;
            }
        }
        if (done == 0) {
            struct cache_page *page;

            done = MIN(PAGE_SIZE_BYTES - at, length);
            status = get_page(device, lba, (offset + done + size - 1) / size, true, &page);
            if (status < 0) {
                return status;
            }
            memcpy(to, page->bytes + at, done);
        }
        to += done;
        length -= done;
        lba += (offset + done) / size;
        offset = (offset + done) % size;
    }
    return OK;
}

/* What write and discard do with blocks that are here: those of bits, of which the first has the
 * contents at `from` now; NULL: they have no contents any more. */
static void replace(struct cache_page *page, uint8_t bits, const uint8_t *from)
{
    uint32_t size = page->device->sector_bytes;

    for (uint32_t i = 0; i < PAGE_SECTORS_MAX; i++) {
        if (bits >> i & 1) {
            KASSERT(page->blocks[i].pins == 0);
            if (from) {
                memcpy(page->bytes + i * size, from, size);
                from += size;
            }
        }
    }
    make_clean(page, bits);
    page->valid = from ? page->valid | bits : page->valid & (uint8_t)~bits;
    if (!page->valid && page->uses == 0) {
        take_out(page);
        give_back(page);
    } else if (page == cache.latest && page->valid != ALL_VALID) {
        cache.latest = NULL;
    }
}

/* replace() for all pages that are here of count sectors from lba on. */
static void replace_range(struct block_device *device, uint32_t lba, uint32_t count,
                          const uint8_t *from)
{
    uint32_t in_page = page_sectors(device);

    for (uint32_t done = 0, sectors; done < count; done += sectors) {
        uint32_t place = (lba + done) % in_page;
        struct cache_page *page = look_up(device, (lba + done) / in_page);

        sectors = MIN(in_page - place, count - done);
        if (page) {
            replace(page, bits_of(place, sectors),
                    from ? from + (size_t)done * device->sector_bytes : NULL);
        }
    }
}

int block_cache_write(struct block_device *device, uint32_t lba, uint32_t count, const void *buffer)
{
    int status = block_write(device, lba, count, buffer);

    if (status == OK) {
        replace_range(device, lba, count, buffer);
    } else if (status == -EIO) {
        replace_range(device, lba, count, NULL); /* the disk has the one or the other */
    }
    return status;
}

/* In a walk through all pages that has dropped so many: where it goes on. After a pause, in which
 * any page may have gone, that is the start: those that were dropped are not met again. */
static struct list_node *pause_after(uint32_t dropped, struct list_node *next)
{
    if (dropped % PIECE_PAGES != 0) {
        return next;
    }
    (void)task_pause();
    return order()->next;
}

void block_cache_discard(struct block_device *device, uint32_t lba, uint32_t count)
{
    uint32_t end = lba + MIN(count, device->sector_count - MIN(lba, device->sector_count));
    uint32_t in_page = page_sectors(device), pieces = PIECE_PAGES * in_page;
    struct list_node *next;
    uint32_t dropped = 0;

    if (end - MIN(lba, end) <= HASH_CHAINS * in_page) {
        for (uint32_t some; lba < end; lba += some) {
            some = MIN(end - lba, pieces);
            replace_range(device, lba, some, NULL);
            if (some == pieces) {
                (void)task_pause();
            }
        }
        return;
    }
    for (struct list_node *node = order()->next; node != &cache.order; node = next) {
        struct cache_page *page = LIST_ENTRY(node, struct cache_page, link);
        uint32_t first = first_lba(page);

        next = node->next;
        if (page->device == device && first < end && (lba <= first || lba - first < in_page)) {
            uint32_t from = MAX(first, lba) - first;
            uint8_t bits = bits_of(from, MIN(in_page, end - first) - from);

            if (page->valid & bits) {
                replace(page, bits, NULL);
                next = pause_after(++dropped, next);
            }
        }
    }
}

/* ---------------------------------------------------------------- giving back */

void block_cache_forget(struct block_device *device)
{
    struct list_node *next;
    uint32_t dropped = 0;

    for (struct list_node *node = order()->next; node != &cache.order; node = next) {
        struct cache_page *page = LIST_ENTRY(node, struct cache_page, link);

        next = node->next;
        if (page->device == device) {
            KASSERT(!page->dirty && page->uses == 0);
            take_out(page);
            give_back(page);
            next = pause_after(++dropped, next);
        }
    }
    device->write_error = OK;
}

size_t block_cache_shrink(size_t pages)
{
    struct list_node *previous;
    size_t count = 0;

    for (struct list_node *node = order()->previous; node != &cache.order && count < pages;
         node = previous) {
        struct cache_page *page = LIST_ENTRY(node, struct cache_page, link);

        previous = node->previous;
        if (!page->dirty && page->uses == 0) {
            take_out(page);
            give_back(page);
            count++;
        }
    }
    return count;
}

void block_cache_get_stats(struct block_cache_stats *stats)
{
    *stats = cache.stats;
}
