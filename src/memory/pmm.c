/*
 * memory/pmm.c - frames, out of three block heaps.
 *
 * The zone's heap needs a table (1 byte per frame) and an index (12 bytes per frame), some 0.4
 * percent of it. They lie in the zone, in the first usable stretch that is long enough:
 *
 *   start                                                                      end
 *   +-------------+-------+------------------------------+------+--------------+
 *   | table       | index | frames                       | hole | frames       |
 *   +-------------+-------+------------------------------+------+--------------+
 *   |<----- reserved ---->|                              |<---->| reserved
 *
 * start is the first usable page of [FRAME_ZONE_ADDRESS, FRAME_ZONE_END), end comes after the last.
 *
 * The window's heap always has WINDOW_PAGES blocks, so its table and index are the kernel's .bss. What
 * is not RAM there (some machines have a hole at 15 MiB) is reserved. Nothing in a heap touches the
 * memory that it hands out, so the window need not be mapped yet when its heap is made.
 *
 * Zeroed frames: a page table that is freed is all zero, since tables are freed when the last entry
 * goes; and the next table has to be all zero. So some such frames are kept in a stack instead of
 * being filled with zeros again. The zone's heap has them as taken. The first word of a kept
 * frame holds ZEROED_MARK: a free of a frame whose first word is something else needs no look into
 * the stack to know that it is not there. Frames of the pool are not kept: the kernel may need them
 * at any time, and kmalloc() does not know of the stack. Nor are the window's.
 *
 * Invariants: the pool's blocks that pmm handed out are those that kheap has marked as frames; zeroed[0..zeroed_count) are different
 * single-block allocations of the zone's heap, all zero but for the mark.
 */
#include "memory/pmm.h"

#include <stdbool.h>

#include "config.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "base/align.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/memory_map.h"
#include "base/status.h"

#define ZEROED_MARK 0x5A45524Fu

/* A frame's entry in the heap's table when it is an allocation of its own. */
#define ENTRY_SINGLE (HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST)

#define WINDOW_PAGES (WINDOW_BYTES / PAGE_SIZE_BYTES)

#define CALLER            __builtin_return_address(0)
#define RARELY(condition) __builtin_expect(!!(condition), 0)
#define NOINLINE          __attribute__((noinline)) /* keeps rare cases out of the usual path */

_Static_assert(HEAP_BLOCK_SIZE_BYTES == PAGE_SIZE_BYTES, "a block is a frame");

static struct {
    struct heap zone; /* of no frames when there is none */
    struct heap_table zone_table;
    size_t zone_total; /* frames that can be handed out */

    struct heap window;
    struct heap_table window_table;
    HEAP_BLOCK_TABLE_ENTRY window_entries[WINDOW_PAGES];
    uint8_t window_index[HEAP_INDEX_BYTES(WINDOW_PAGES)] __attribute__((aligned(sizeof(void *))));
    size_t window_total;

    struct heap *pool;
    size_t pool_total;
    size_t pool_kernel; /* the free blocks that pmm must leave */

    uint32_t *zeroed[PMM_ZEROED_PAGES_MAX];
    size_t zeroed_count;

    /* For pmm_get_stats(). */
    uint64_t usable;
    size_t kernel;
    size_t bookkeeping;
} pmm;

/* ---------------------------------------------------------------- set-up */

static size_t pages(uint64_t bytes)
{
    return (size_t)(bytes / PAGE_SIZE_BYTES);
}

/* The first usable stretch of the zone with room for that many bytes; false when there is none. */
static bool find_room(const struct memory_map *map, size_t bytes, struct memory_range *found)
{
    struct memory_range range = {.end = FRAME_ZONE_ADDRESS};

    while (memory_map_next_range(map, range.end, FRAME_ZONE_END, &range)) {
        if (range.end - range.start >= bytes) {
            *found = range;
            return true;
        }
    }
    return false;
}

static void reserve(struct heap *heap, uint32_t start, uint32_t end)
{
    KASSERT(heap_reserve(heap, (void *)start, (void *)end) == OK);
}

/* A heap of no frames: it refuses every request and owns no address. */
static void create_empty_zone(void)
{
    static HEAP_BLOCK_TABLE_ENTRY none;

    pmm.zone_table.entries = &none;
    pmm.zone_table.total = 0;
    KASSERT(heap_create(&pmm.zone, (void *)FRAME_ZONE_ADDRESS, (void *)FRAME_ZONE_ADDRESS,
                        &pmm.zone_table) == OK);
}

static void create_zone(const struct memory_map *map)
{
    struct memory_range range = {.end = FRAME_ZONE_ADDRESS};
    uint32_t start = 0;
    uint32_t end = 0;
    size_t usable = 0;

    while (memory_map_next_range(map, range.end, FRAME_ZONE_END, &range)) {
        if (usable == 0) {
            start = (uint32_t)range.start;
        }
        end = (uint32_t)range.end;
        usable += pages(range.end - range.start);
    }

    /* The index wants a pointer's alignment. */
    size_t total = (end - start) / PAGE_SIZE_BYTES;
    size_t table_bytes = ALIGN_UP(total, sizeof(uint64_t));
    size_t index_bytes = heap_index_bytes(total);
    size_t own_bytes = ALIGN_UP(table_bytes + index_bytes, PAGE_SIZE_BYTES);
    struct memory_range own;

    if (usable <= own_bytes / PAGE_SIZE_BYTES || !find_room(map, own_bytes, &own)) {
        create_empty_zone(); /* too small to be worth its tables */
        return;
    }
    pmm.zone_table.entries = (HEAP_BLOCK_TABLE_ENTRY *)(uint32_t)own.start;
    pmm.zone_table.total = total;
    KASSERT(heap_create(&pmm.zone, (void *)start, (void *)end, &pmm.zone_table) == OK);
    KASSERT(heap_attach_index(&pmm.zone, pmm.zone_table.entries + table_bytes, index_bytes) == OK);
    reserve(&pmm.zone, (uint32_t)own.start, (uint32_t)own.start + own_bytes);

    uint32_t hole = start;
    range.end = start;
    while (memory_map_next_range(map, range.end, end, &range)) {
        reserve(&pmm.zone, hole, (uint32_t)range.start);
        hole = (uint32_t)range.end;
    }
    pmm.bookkeeping = own_bytes / PAGE_SIZE_BYTES;
    pmm.zone_total = heap_free_blocks(&pmm.zone);
    KASSERT(pmm.zone_total == usable - pmm.bookkeeping);
}

static void create_window(const struct memory_map *map)
{
    struct memory_range range = {.end = WINDOW_PHYSICAL};
    uint32_t hole = WINDOW_ADDRESS;

    pmm.window_table.entries = pmm.window_entries;
    pmm.window_table.total = WINDOW_PAGES;
    KASSERT(heap_create(&pmm.window, (void *)WINDOW_ADDRESS, (void *)WINDOW_END,
                        &pmm.window_table) == OK);
    KASSERT(heap_attach_index(&pmm.window, pmm.window_index, sizeof(pmm.window_index)) == OK);
    while (memory_map_next_range(map, range.end, WINDOW_PHYSICAL + WINDOW_BYTES, &range)) {
        reserve(&pmm.window, hole, (uint32_t)page_memory((paddr_t)range.start));
        hole = (uint32_t)page_memory((paddr_t)range.end - 1) + 1;
    }
    reserve(&pmm.window, hole, WINDOW_END);
    pmm.window_total = heap_free_blocks(&pmm.window);
}

void pmm_init(const struct memory_map *map)
{
    struct heap_stats pool_stats;

    pmm.pool = kheap_get();
    heap_get_stats(pmm.pool, &pool_stats);
    pmm.pool_total = pool_stats.used + pool_stats.free;
    pmm.pool_kernel = pmm.pool_total / PMM_POOL_KERNEL_FRACTION;

    pmm.usable = memory_map_total_usable_bytes(map) / PAGE_SIZE_BYTES;
    pmm.kernel = pages(memory_map_usable_bytes(map, 0, USER_PROGRAM_ADDRESS));
    create_zone(map);
    create_window(map);
}

/* ---------------------------------------------------------------- zeroed frames */

static bool zeroed_holds(const void *page)
{
    for (size_t i = 0; i < pmm.zeroed_count; i++) {
        if (pmm.zeroed[i] == page) {
            return true;
        }
    }
    return false;
}

/* Is this live frame one that was freed already, and only looks live to its heap? */
static inline bool is_kept_zeroed(const void *page)
{
    return RARELY(*(const uint32_t *)page == ZEROED_MARK) && zeroed_holds(page);
}

static void *take_zeroed(void)
{
    if (pmm.zeroed_count == 0) {
        return NULL;
    }
    uint32_t *page = pmm.zeroed[--pmm.zeroed_count];
    *page = 0;
    return page;
}

/* All kept frames go back to the zone, where they may complete a run. */
static void drain_zeroed(void)
{
    while (pmm.zeroed_count > 0) {
        KASSERT(heap_free(&pmm.zone, take_zeroed()) == OK);
    }
}

static void check_is_zero(const uint32_t *page)
{
    for (size_t i = 0; DEBUG_HEAP && i < PAGE_SIZE_BYTES / sizeof(*page); i++) {
        if (page[i] != 0) {
            panic("pmm_free_zeroed_page: the frame at %p is not zero at offset %u",
                  (const void *)page, (unsigned)(i * sizeof(*page)));
        }
    }
}

/* ---------------------------------------------------------------- allocation */

static void *take_from_pool(size_t count, const void *owner)
{
    size_t free = heap_free_blocks(pmm.pool);

    if (free < pmm.pool_kernel || count > free - pmm.pool_kernel) {
        return NULL;
    }
    return kheap_take_frames(count, owner);
}

/* A frame when the zone has none. */
static NOINLINE void *take_page_elsewhere(const void *owner)
{
    void *page = heap_malloc_owned(&pmm.window, PAGE_SIZE_BYTES, owner);

    if (page == NULL) {
        page = take_from_pool(1, owner);
    }
    return page != NULL ? page : take_zeroed();
}

static inline void *take_page(const void *owner)
{
    void *page = heap_malloc_owned(&pmm.zone, PAGE_SIZE_BYTES, owner);

    return RARELY(page == NULL) ? take_page_elsewhere(owner) : page;
}

void *pmm_alloc_page(void)
{
    return take_page(CALLER);
}

void *pmm_alloc_zeroed_page(void)
{
    void *page = take_zeroed();

    if (page == NULL) {
        page = take_page(CALLER);
        if (page != NULL) {
            pmm_zero_page(page);
        }
    }
    return page;
}

void *pmm_alloc_frames(size_t count)
{
    if (count == 0 || count > SIZE_MAX / PAGE_SIZE_BYTES) {
        return NULL;
    }
    void *frames = heap_malloc_owned(&pmm.zone, count * PAGE_SIZE_BYTES, CALLER);
    if (frames == NULL) {
        frames = heap_malloc_owned(&pmm.window, count * PAGE_SIZE_BYTES, CALLER);
    }
    if (frames == NULL) {
        frames = take_from_pool(count, CALLER);
    }
    if (frames == NULL && pmm.zeroed_count > 0) {
        drain_zeroed();
        frames = heap_malloc_owned(&pmm.zone, count * PAGE_SIZE_BYTES, CALLER);
    }
    return frames;
}

/* ---------------------------------------------------------------- free */

/* Is the address in the heap's range? */
static inline bool is_inside(const struct heap *heap, const void *page)
{
    return ((uintptr_t)page - (uintptr_t)heap->saddr) / PAGE_SIZE_BYTES < heap->table->total;
}

static struct heap *heap_of(const void *page)
{
    if (is_inside(&pmm.zone, page)) {
        return &pmm.zone;
    }
    if (is_inside(&pmm.window, page)) {
        return &pmm.window;
    }
    return is_inside(pmm.pool, page) ? pmm.pool : NULL;
}

/* Is this the start of a live allocation of one frame? The heap's table says it in one byte. */
static inline bool is_single(const struct heap *heap, const void *page)
{
    return IS_ALIGNED((uintptr_t)page, PAGE_SIZE_BYTES) && is_inside(heap, page) &&
           heap->table->entries[((uintptr_t)page - (uintptr_t)heap->saddr) / PAGE_SIZE_BYTES] ==
               ENTRY_SINGLE;
}

/* A free of one frame that the zone cannot take. */
static NOINLINE int free_page_elsewhere(void *page, const void *freer)
{
    if (page == NULL) {
        return OK;
    }
    if (is_single(&pmm.window, page)) {
        return heap_free_owned(&pmm.window, page, freer);
    }
    return is_single(pmm.pool, page) ? kheap_give_back_frames(page, freer) : -EINVARG;
}

int pmm_free_page(void *page)
{
    if (RARELY(!is_single(&pmm.zone, page) || is_kept_zeroed(page))) {
        return free_page_elsewhere(page, CALLER);
    }
    return heap_free_owned(&pmm.zone, page, CALLER);
}

int pmm_free_zeroed_page(void *page)
{
    if (RARELY(!is_single(&pmm.zone, page) || is_kept_zeroed(page))) {
        if (is_single(&pmm.window, page) || (is_single(pmm.pool, page) && kheap_is_frames(page))) {
            check_is_zero(page);
        }
        return free_page_elsewhere(page, CALLER);
    }
    check_is_zero(page);
    if (pmm.zeroed_count == PMM_ZEROED_PAGES_MAX) {
        return heap_free_owned(&pmm.zone, page, CALLER);
    }
    *(uint32_t *)page = ZEROED_MARK;
    pmm.zeroed[pmm.zeroed_count++] = page;
    return OK;
}

int pmm_free_frames(void *frames)
{
    struct heap *heap = heap_of(frames);
    size_t count = heap != NULL ? heap_allocation_blocks(heap, frames) : 0;

    if (frames == NULL) {
        return OK;
    }
    if (count == 0 || is_kept_zeroed(frames)) {
        return -EINVARG;
    }
    return heap == pmm.pool ? kheap_give_back_frames(frames, CALLER)
                            : heap_free_owned(heap, frames, CALLER);
}

/* ---------------------------------------------------------------- counts */

static size_t zone_free_pages(void)
{
    return heap_free_blocks(&pmm.zone) + pmm.zeroed_count;
}

size_t pmm_get_free_pages(void)
{
    return zone_free_pages() + heap_free_blocks(&pmm.window) + heap_free_blocks(pmm.pool);
}

size_t pmm_get_total_pages(void)
{
    return pmm.zone_total + pmm.window_total + pmm.pool_total;
}

const struct heap *pmm_get_zone(void)
{
    return &pmm.zone;
}

const struct heap *pmm_get_window(void)
{
    return &pmm.window;
}

void pmm_get_stats(struct pmm_stats *stats)
{
    stats->usable = pmm.usable;
    stats->total = pmm_get_total_pages();
    stats->free = pmm_get_free_pages();
    stats->used = stats->total - stats->free;
    stats->reserved = stats->usable - stats->total;
    stats->kernel = pmm.kernel;
    stats->bookkeeping = pmm.bookkeeping;
    stats->unreachable = stats->reserved - stats->kernel - stats->bookkeeping;
    stats->zone_total = pmm.zone_total;
    stats->zone_free = zone_free_pages();
    stats->window_total = pmm.window_total;
    stats->window_free = heap_free_blocks(&pmm.window);
    stats->pool_total = pmm.pool_total;
    stats->pool_free = heap_free_blocks(pmm.pool);
    stats->pool_taken = kheap_frame_blocks();
    stats->pool_kernel = pmm.pool_kernel;
    stats->zeroed = pmm.zeroed_count;
}

void pmm_print_stats(void)
{
    struct pmm_stats stats;

    pmm_get_stats(&stats);
    printk("Pages: %llu usable = %u free + %u used + %llu reserved\n"
           "  (reserved: %u kernel and low memory, %u tables, %llu out of reach)\n"
           "  frame zone %u of %u free, window %u of %u free\n"
           "  kernel pool %u of %u free (%u kept)\n",
           (unsigned long long)stats.usable, (unsigned)stats.free, (unsigned)stats.used,
           (unsigned long long)stats.reserved, (unsigned)stats.kernel, (unsigned)stats.bookkeeping,
           (unsigned long long)stats.unreachable, (unsigned)stats.zone_free,
           (unsigned)stats.zone_total, (unsigned)stats.window_free, (unsigned)stats.window_total,
           (unsigned)stats.pool_free, (unsigned)stats.pool_total, (unsigned)stats.pool_kernel);
}
