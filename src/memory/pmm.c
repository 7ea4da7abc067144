/*
 * memory/pmm.c - frames, out of several block heaps.
 *
 * A zone's heap needs a table (1 byte per frame) and an index (12 bytes per frame), some 0.4
 * percent of it. They lie in the zone, in the first usable stretch that is long enough:
 *
 *   start                                                                      end
 *   +-------------+-------+------------------------------+------+--------------+
 *   | table       | index | frames                       | hole | frames       |
 *   +-------------+-------+------------------------------+------+--------------+
 *   |<----- reserved ---->|                              |<---->| reserved
 *
 * start is the first usable page of [FRAME_ZONE_ADDRESS, FRAME_ZONE_END), end comes after the last,
 * or before a hole that is so large that its share of the tables would cost more than another zone.
 * Where FRAME_ZONES_MAX zones are not enough, larger holes are put up with.
 *
 * Making a zone writes to its tables. On x86_64 the first 4 GiB are mapped by then, so pmm_init()
 * makes the zones below, and paging takes its first tables from these; pmm_add_high_zones() makes
 * those above, with their tables inside them, when paging has mapped all RAM. Of the tables only
 * the first byte per frame is cleared, with REP STOS, and read once; the index is written where a
 * free run begins or ends. So a frame costs about three instructions at boot (3 GiB against 16 GiB,
 * under -icount).
 *
 * The low zone's heap always has LOW_PAGES blocks, so its table and index are the kernel's .bss.
 * What is not RAM there (some machines have a hole at 15 MiB) is reserved. Nothing in a heap
 * touches the memory that it hands out, so i386's window need not be mapped yet when its heap is
 * made.
 *
 * Zeroed frames: a page table that is freed is all zero, since tables are freed when the last entry
 * goes; and the next table has to be all zero. So some such frames are kept in a stack instead of
 * being filled with zeros again. The first zone's heap has them as taken. The first word of a kept
 * frame holds ZEROED_MARK: a free of a frame whose first word is something else needs no look into
 * the stack to know that it is not there. Frames of the pool are not kept: the kernel may need them
 * at any time, and kmalloc() does not know of the stack. Nor are the other zones'.
 *
 * Structs of frames (page.h) are an array for each heap. As long as there is room, these lie in the
 * RAM between the kernel's end and what user programs have below 4 MiB, the tail; else in the zone,
 * behind the index. They begin as zeros: three words for each frame are written at boot. What is
 * left of the tail then is a zone as well, with its table, index and structs before its frames:
 *
 *   kernel_end                                                            TAIL_END
 *   +----------------------+-----------------------------+---------------------+
 *   | structs of the pool, | table, index, structs of    | frames              |
 *   | the zones' ...       | these frames                |                     |
 *   +----------------------+-----------------------------+---------------------+
 *
 * Promises: pmm.promised is how many there are. Free frames, of all kinds, are never fewer; and no
 * request that is not for a promised page, or the kernel's own by kmalloc(), makes them fewer than
 * promises and the kernel's part of the pool together. As long as nothing is promised, this costs a
 * comparison. kmalloc() asks when the pool might run short (kheap_set_floor()). It may always use
 * the kernel's part: then the last promises are kept from what is left of it, and until that is so
 * nobody else gets a page.
 *
 * Invariants: the pool's blocks that pmm handed out are those that kheap has marked as frames;
 * zeroed[0..zeroed_count) are different single-block allocations of the first zone's heap, all zero
 * but for the mark.
 */
#include "memory/pmm.h"

#include <stdbool.h>

#include "config.h"
#include "debug/panic.h"
#include "debug/printk.h"
#include "base/align.h"
#include "base/compiler.h"
#include "lib/string.h"
#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/memory_map.h"
#include "memory/page.h"
#include "base/status.h"

#define ZEROED_MARK 0x5A45524Fu

/* A frame's entry in the heap's table when it is an allocation of its own. */
#define ENTRY_SINGLE (HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST)

#define LOW_PAGES (LOW_ZONE_BYTES / PAGE_SIZE_BYTES)

/* A hole from which on a new zone is the better choice: tables for so much take 53 KB. */
#define ZONE_HOLE_BYTES 0x1000000

/* The largest zone that a heap's index can serve. Fewer zones than there may be hold all RAM,
 * then. */
#define ZONE_BYTES_MAX ((uint64_t)HEAP_INDEX_BLOCKS_MAX * PAGE_SIZE_BYTES)

/* pmm_init() leaves as many zones to pmm_add_high_zones(). */
#define HIGH_ZONES_MAX (FRAME_ZONES_MAX / 2)

/* Up to here the RAM behind the kernel serves for structs of frames, and for frames. */
#define TAIL_END USER_STACK_GUARD

/* A tail of fewer pages is no zone: its index alone takes more than one. */
#define TAIL_PAGES_MIN 16

/* No machine has as many pages; so sums with it do not wrap. */
#define PROMISE_MAX (SIZE_MAX / PAGE_SIZE_BYTES)

_Static_assert(HEAP_BLOCK_SIZE_BYTES == PAGE_SIZE_BYTES, "a block is a frame");
_Static_assert(FRAME_ZONE_END / ZONE_BYTES_MAX < FRAME_ZONES_MAX - HIGH_ZONES_MAX, "zones for all");

struct zone {
    struct heap heap;
    struct heap_table table;
    struct page *pages; /* one for each block */
};

_Static_assert(offsetof(struct zone, heap) == 0, "page_of() finds the zone of a heap");

static struct {
    /* in order of address; the first has no frames if there is none */
    struct zone zones[FRAME_ZONES_MAX];
    size_t zone_count;
    size_t zone_total; /* frames that can be handed out */

    struct zone low;
    HEAP_BLOCK_TABLE_ENTRY low_entries[LOW_PAGES];
    uint8_t low_index[HEAP_INDEX_BYTES(LOW_PAGES)] __attribute__((aligned(sizeof(void *))));
    size_t low_total;

    struct zone tail_zone;
    size_t tail_total;

    struct heap *pool;
    struct page *pool_pages;
    size_t pool_total;
    size_t pool_kernel; /* the free blocks that pmm must leave */

    uint32_t *zeroed[PMM_ZEROED_PAGES_MAX];
    size_t zeroed_count;

    size_t promised;
    size_t floor; /* promised + pool_kernel, or more */
    size_t (*reclaim)(size_t count);
    paddr_t tail; /* RAM from here to TAIL_END is not used yet */

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

/* Where the kernel sees a byte of the firmware's map; one that lies where the kernel can see. */
static void *memory_at(uint64_t physical)
{
    KASSERT(physical == (paddr_t)physical);
    return page_memory((paddr_t)physical);
}

/* The kernel's address behind the memory that ends there: the next byte may be seen elsewhere. */
static void *memory_behind(uint64_t end)
{
    return (char *)memory_at(end - 1) + 1;
}

/* That many bytes of the RAM behind the kernel; NULL when there are not so many left. */
static void *take_tail(size_t bytes)
{
    size_t needed = ALIGN_UP(bytes, sizeof(struct page));

    if (pmm.tail > TAIL_END || needed > TAIL_END - pmm.tail) {
        return NULL;
    }
    void *memory = page_memory(pmm.tail);

    pmm.tail += needed;
    memset(memory, 0, needed);
    return memory;
}

/* The first usable stretch of the zone with room for that many bytes; false when there is none. */
static bool find_room(const struct memory_map *map, const struct memory_range *zone, size_t bytes,
                      struct memory_range *found)
{
    found->end = zone->start;
    while (memory_map_next_range(map, found->end, zone->end, found)) {
        if (found->end - found->start >= bytes) {
            return true;
        }
    }
    return false;
}

/* Takes what is not usable in the range out of the heap over it. */
static void reserve_holes(struct heap *heap, const struct memory_map *map,
                          const struct memory_range *range)
{
    struct memory_range usable = {.end = range->start};

    while (usable.end < range->end) {
        uint64_t hole = usable.end;

        if (!memory_map_next_range(map, hole, range->end, &usable)) {
            usable = (struct memory_range){.start = range->end, .end = range->end};
        }
        if (usable.start > hole) {
            KASSERT(heap_reserve(heap, memory_at(hole), memory_behind(usable.start)) == OK);
        }
    }
}

/* A heap of no frames: it refuses every request and owns no address. */
static void create_empty_zone(struct zone *zone, paddr_t where)
{
    static HEAP_BLOCK_TABLE_ENTRY none;
    void *nowhere = memory_at(where);

    zone->table.entries = &none;
    zone->table.total = 0;
    KASSERT(heap_create(&zone->heap, nowhere, nowhere, &zone->table) == OK);
}

/* A zone over range, which begins and ends with usable pages; none when it is too small to be worth
 * its tables. */
static void create_zone(const struct memory_map *map, const struct memory_range *range)
{
    struct zone *zone = &pmm.zones[pmm.zone_count];
    size_t usable = pages(memory_map_usable_bytes(map, range->start, range->end));

    /* The index is aligned to its words. */
    size_t total = pages(range->end - range->start);
    size_t table_bytes = ALIGN_UP(total, sizeof(uint32_t));
    size_t index_bytes = heap_index_bytes(total);
    size_t own_bytes = ALIGN_UP(table_bytes + index_bytes, PAGE_SIZE_BYTES);
    struct memory_range own;

    zone->pages = take_tail(total * sizeof(*zone->pages));
    if (zone->pages == NULL) {
        own_bytes =
            ALIGN_UP(table_bytes + index_bytes + total * sizeof(*zone->pages), PAGE_SIZE_BYTES);
    }
    if (usable <= own_bytes / PAGE_SIZE_BYTES || !find_room(map, range, own_bytes, &own)) {
        return;
    }
    own.end = own.start + own_bytes;
    zone->table.entries = memory_at(own.start);
    zone->table.total = total;
    KASSERT(heap_create(&zone->heap, memory_at(range->start), memory_behind(range->end),
                        &zone->table) == OK);
    KASSERT(heap_attach_index(&zone->heap, zone->table.entries + table_bytes, index_bytes) == OK);
    KASSERT(heap_reserve(&zone->heap, memory_at(own.start), memory_behind(own.end)) == OK);
    if (zone->pages == NULL) {
        zone->pages = (struct page *)(zone->table.entries + table_bytes + index_bytes);
        memset(zone->pages, 0, total * sizeof(*zone->pages));
    }
    reserve_holes(&zone->heap, map, range);
    KASSERT(heap_free_blocks(&zone->heap) == usable - own_bytes / PAGE_SIZE_BYTES);

    pmm.zone_count++;
    pmm.zone_total += heap_free_blocks(&zone->heap);
    pmm.bookkeeping += own_bytes / PAGE_SIZE_BYTES;
}

/* The next stretch of RAM in [stretch->end, end) whose holes are smaller than that, to *stretch. */
static bool next_stretch(const struct memory_map *map, uint64_t end, uint64_t hole_bytes,
                         struct memory_range *stretch)
{
    struct memory_range range;

    if (!memory_map_next_range(map, stretch->end, end, stretch)) {
        return false;
    }
    while (memory_map_next_range(map, stretch->end, end, &range) &&
           range.start - stretch->end < hole_bytes) {
        stretch->end = range.end;
    }
    stretch->end = MIN(stretch->end, stretch->start + ZONE_BYTES_MAX);
    return true;
}

/* Zones for the RAM of [start, end), at most max: of holes, those that are put up with are the
 * smaller ones. */
static void create_zones(const struct memory_map *map, uint64_t start, uint64_t end, size_t max)
{
    uint64_t hole_bytes = ZONE_HOLE_BYTES;
    struct memory_range stretch;

    for (size_t count = SIZE_MAX; count > max; hole_bytes *= 2) {
        count = 0;
        for (stretch.end = start; next_stretch(map, end, hole_bytes, &stretch);) {
            count++;
        }
    }
    hole_bytes /= 2;
    for (stretch.end = start; next_stretch(map, end, hole_bytes, &stretch);) {
        create_zone(map, &stretch);
    }
}

static void create_low_zone(const struct memory_map *map)
{
    const struct memory_range range = {
        .start = LOW_ZONE_PHYSICAL,
        .end = LOW_ZONE_PHYSICAL + LOW_ZONE_BYTES,
    };

    pmm.low.table.entries = pmm.low_entries;
    pmm.low.table.total = LOW_PAGES;
    KASSERT(heap_create(&pmm.low.heap, memory_at(range.start), memory_behind(range.end),
                        &pmm.low.table) == OK);
    KASSERT(heap_attach_index(&pmm.low.heap, pmm.low_index, sizeof(pmm.low_index)) == OK);
    reserve_holes(&pmm.low.heap, map, &range);
    pmm.low_total = heap_free_blocks(&pmm.low.heap);
}

/* What is left of the tail. It is RAM without holes: memory.c has made sure of it. */
static void create_tail_zone(void)
{
    struct zone *zone = &pmm.tail_zone;
    size_t most = pmm.tail < TAIL_END ? pages(TAIL_END - pmm.tail) : 0;
    size_t table_bytes = ALIGN_UP(most, sizeof(uint32_t));
    size_t index_bytes = heap_index_bytes(most);

    create_empty_zone(zone, TAIL_END);
    if (most < TAIL_PAGES_MIN) {
        return;
    }
    HEAP_BLOCK_TABLE_ENTRY *entries = take_tail(table_bytes);
    void *index = take_tail(index_bytes);

    zone->pages = take_tail(most * sizeof(*zone->pages));
    KASSERT(entries != NULL && index != NULL && zone->pages != NULL);
    pmm.tail = ALIGN_UP(pmm.tail, PAGE_SIZE_BYTES);
    pmm.tail_total = pages(TAIL_END - pmm.tail);
    zone->table = (struct heap_table){.entries = entries, .total = pmm.tail_total};
    KASSERT(heap_create(&zone->heap, memory_at(pmm.tail), memory_behind(TAIL_END), &zone->table) ==
            OK);
    KASSERT(heap_attach_index(&zone->heap, index, index_bytes) == OK);
    pmm.tail = TAIL_END;
    pmm.kernel -= pmm.tail_total;
}

static bool may_kmalloc(size_t count);

void pmm_init(const struct memory_map *map, paddr_t kernel_end)
{
    struct heap_stats pool_stats;

    pmm.tail = kernel_end;
    pmm.pool_pages = take_tail(HEAP_SIZE_BYTES / PAGE_SIZE_BYTES * sizeof(struct page));
    pmm.low.pages = take_tail(LOW_PAGES * sizeof(struct page));
    KASSERT(pmm.pool_pages != NULL && pmm.low.pages != NULL);

    pmm.pool = kheap_get();
    heap_get_stats(pmm.pool, &pool_stats);
    pmm.pool_total = pool_stats.used + pool_stats.free;
    pmm.pool_kernel = pmm.pool_total / PMM_POOL_KERNEL_FRACTION;
    pmm.floor = pmm.pool_kernel;
    kheap_set_floor(&pmm.promised, may_kmalloc);

    pmm.usable = memory_map_total_usable_bytes(map) / PAGE_SIZE_BYTES;
    pmm.kernel = pages(memory_map_usable_bytes(map, 0, LOW_ZONE_PHYSICAL));
    create_empty_zone(&pmm.zones[0], FRAME_ZONE_ADDRESS);
    create_zones(map, FRAME_ZONE_ADDRESS, BOOT_MAP_END, FRAME_ZONES_MAX - HIGH_ZONES_MAX);
    create_low_zone(map);
    create_tail_zone();
}

void pmm_add_high_zones(const struct memory_map *map)
{
    if (BOOT_MAP_END < FRAME_ZONE_END) {
        create_zones(map, BOOT_MAP_END, FRAME_ZONE_END, HIGH_ZONES_MAX);
    }
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

/* All kept frames go back to the first zone, where they may complete a run. */
static void drain_zeroed(void)
{
    while (pmm.zeroed_count > 0) {
        KASSERT(heap_free(&pmm.zones[0].heap, take_zeroed()) == OK);
    }
}

static void check_is_zero(const uint32_t *page)
{
    for (size_t i = 0; DEBUG_HEAP && i < PAGE_SIZE_BYTES / sizeof(*page); i++) {
        if (page[i] != 0) {
            panic("pmm_free_zeroed_page: the frame at %p is not zero at offset %zu",
                  (const void *)page, i * sizeof(*page));
        }
    }
}

/* ---------------------------------------------------------------- allocation */

/* Never more than there are; said here, so that a compiler sees no way behind the array's end where
 * there is one zone. */
static inline size_t zones_in_use(void)
{
    return MIN(pmm.zone_count, (size_t)FRAME_ZONES_MAX);
}

static size_t zone_free_pages(void)
{
    size_t free = heap_free_blocks(&pmm.zones[0].heap) + pmm.zeroed_count;

    for (size_t i = 1; i < zones_in_use(); i++) {
        free += heap_free_blocks(&pmm.zones[i].heap);
    }
    return free;
}

/* Of the zones below the pool. */
static size_t low_free_pages(void)
{
    return heap_free_blocks(&pmm.tail_zone.heap) + heap_free_blocks(&pmm.low.heap);
}

static void *take_from_pool(size_t count, const void *owner)
{
    size_t free = heap_free_blocks(pmm.pool);

    if (free < pmm.pool_kernel || count > free - pmm.pool_kernel) {
        return NULL;
    }
    return kheap_take_frames(count, owner);
}

/* Frames side by side where the first zone has none: from the others, below the pool, or the
 * pool. */
static void *take_elsewhere(size_t count, const void *owner)
{
    for (size_t i = 1; i < zones_in_use(); i++) {
        void *frames = heap_malloc_owned(&pmm.zones[i].heap, count * PAGE_SIZE_BYTES, owner);

        if (frames != NULL) {
            return frames;
        }
    }
    void *frames = heap_malloc_owned(&pmm.tail_zone.heap, count * PAGE_SIZE_BYTES, owner);

    if (frames == NULL) {
        frames = heap_malloc_owned(&pmm.low.heap, count * PAGE_SIZE_BYTES, owner);
    }
    return frames != NULL ? frames : take_from_pool(count, owner);
}

static NOINLINE void *take_page_elsewhere(const void *owner)
{
    void *page = take_elsewhere(1, owner);

    return page != NULL ? page : take_zeroed();
}

/* All that can be taken, promised or not. */
static size_t takeable_pages(void)
{
    size_t pool = heap_free_blocks(pmm.pool);

    return zone_free_pages() + low_free_pages() +
           (pool > pmm.pool_kernel ? pool - pmm.pool_kernel : 0);
}

static NOINLINE bool is_promised(size_t count)
{
    size_t takeable = takeable_pages();

    return takeable < pmm.promised || count > takeable - pmm.promised;
}

/* Are there count frames that nobody has spoken for, if need be after others have given some
 * back? */
static NOINLINE bool can_be_had(size_t count)
{
    if (!is_promised(count)) {
        return true;
    }
    if (count > pmm_get_total_pages()) { /* nothing that is given back would be enough */
        return false;
    }
    size_t takeable = takeable_pages();
    size_t wanted = takeable < pmm.promised + count ? pmm.promised + count - takeable : 0;

    return pmm.reclaim != NULL && pmm.reclaim(wanted) > 0 && !is_promised(count);
}

/* The same at a glance: the first zone and the pool alone have so many. */
static inline bool are_plenty(size_t count)
{
    return heap_free_blocks(&pmm.zones[0].heap) + heap_free_blocks(pmm.pool) >= pmm.floor + count;
}

/* Must count more frames stay free, for all that was promised, or are there not as many? */
static inline bool is_spoken_for(size_t count)
{
    return RARELY(!are_plenty(count)) && !can_be_had(count);
}

static inline void *take_page(const void *owner)
{
    void *page = heap_malloc_owned(&pmm.zones[0].heap, PAGE_SIZE_BYTES, owner);

    return RARELY(page == NULL) ? take_page_elsewhere(owner) : page;
}

void *pmm_alloc_page(void)
{
    return is_spoken_for(1) ? NULL : take_page(CALLER);
}

void *pmm_alloc_zeroed_page(void)
{
    if (is_spoken_for(1)) {
        return NULL;
    }
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
    if (count == 0 || count > SIZE_MAX / PAGE_SIZE_BYTES || is_spoken_for(count)) {
        return NULL;
    }
    void *frames = heap_malloc_owned(&pmm.zones[0].heap, count * PAGE_SIZE_BYTES, CALLER);
    if (frames == NULL) {
        frames = take_elsewhere(count, CALLER);
    }
    if (frames == NULL && pmm.zeroed_count > 0) {
        drain_zeroed();
        frames = heap_malloc_owned(&pmm.zones[0].heap, count * PAGE_SIZE_BYTES, CALLER);
    }
    return frames;
}

/* ---------------------------------------------------------------- promises */

/* kmalloc() wants count blocks of the pool, and what is left of it then is less than all promises
 * together: are there other frames for these, if need be after others have given some back? */
static bool may_kmalloc(size_t count)
{
    size_t free = zone_free_pages() + low_free_pages() + heap_free_blocks(pmm.pool);

    if (free >= pmm.promised + count) {
        return true;
    }
    size_t missing = pmm.promised + count - free;

    return pmm.reclaim != NULL && pmm.reclaim(missing) >= missing;
}

static inline void set_promised(size_t promised)
{
    pmm.promised = promised;
    pmm.floor = promised + pmm.pool_kernel;
}

void pmm_set_reclaimer(size_t (*reclaim)(size_t count), int (*give_up)(void *frame))
{
    pmm.reclaim = reclaim;
    kheap_set_reclaimer(give_up);
}

bool pmm_promise(size_t count)
{
    if (RARELY(!are_plenty(count) || count > PROMISE_MAX) && !can_be_had(count)) {
        return false;
    }
    set_promised(pmm.promised + count);
    return true;
}

void pmm_give_back_promise(size_t count)
{
    KASSERT(count <= pmm.promised);
    set_promised(pmm.promised - count);
}

void pmm_promise_freed(size_t count)
{
    set_promised(pmm.promised + count);
}

static void *take_promised(const void *owner)
{
    void *page = take_page(owner);

    if (RARELY(page == NULL)) {
        page = kheap_take_frames(1, owner);
    }
    KASSERT(page != NULL);
    return page;
}

void *pmm_alloc_promised_page(void)
{
    KASSERT(pmm.promised > 0);
    pmm.promised--; /* the floor may be higher than it has to be */
    return take_promised(CALLER);
}

void *pmm_alloc_promised_zeroed_page(void)
{
    KASSERT(pmm.promised > 0);
    pmm.promised--;

    void *page = take_zeroed();

    if (page == NULL) {
        page = take_promised(CALLER);
        pmm_zero_page(page);
    }
    return page;
}

size_t pmm_get_promised_pages(void)
{
    return pmm.promised;
}

size_t pmm_get_available_pages(void)
{
    size_t takeable = takeable_pages();

    return takeable > pmm.promised ? takeable - pmm.promised : 0;
}

/* ---------------------------------------------------------------- free */

/* Is the address in the heap's range? */
static inline bool is_inside(const struct heap *heap, const void *page)
{
    return ((uintptr_t)page - (uintptr_t)heap->saddr) / PAGE_SIZE_BYTES < heap->table->total;
}

/* NULL for an address in none of them. */
static struct heap *heap_of(const void *page)
{
    for (size_t i = 0; i < zones_in_use(); i++) {
        if (is_inside(&pmm.zones[i].heap, page)) {
            return &pmm.zones[i].heap;
        }
    }
    if (is_inside(&pmm.low.heap, page)) {
        return &pmm.low.heap;
    }
    if (is_inside(&pmm.tail_zone.heap, page)) {
        return &pmm.tail_zone.heap;
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

/* A free of one frame that the first zone cannot take. */
static NOINLINE int free_page_elsewhere(void *page, const void *freer)
{
    struct heap *heap = heap_of(page);

    if (page == NULL) {
        return OK;
    }
    /* Of the first zone only what is no single frame, or is kept, comes here. */
    if (heap == NULL || heap == &pmm.zones[0].heap || !is_single(heap, page)) {
        return -EINVARG;
    }
    return heap == pmm.pool ? kheap_give_back_frames(page, freer)
                            : heap_free_owned(heap, page, freer);
}

int pmm_free_page(void *page)
{
    if (RARELY(!is_single(&pmm.zones[0].heap, page) || is_kept_zeroed(page))) {
        return free_page_elsewhere(page, CALLER);
    }
    return heap_free_owned(&pmm.zones[0].heap, page, CALLER);
}

/* Is it a live frame, but not of the first zone? */
static bool is_elsewhere(const void *page)
{
    const struct heap *heap = heap_of(page);

    return heap != NULL && heap != &pmm.zones[0].heap && is_single(heap, page) &&
           (heap != pmm.pool || kheap_is_frames(page));
}

int pmm_free_zeroed_page(void *page)
{
    if (RARELY(!is_single(&pmm.zones[0].heap, page) || is_kept_zeroed(page))) {
        if (DEBUG_HEAP && is_elsewhere(page)) {
            check_is_zero(page);
        }
        return free_page_elsewhere(page, CALLER);
    }
    check_is_zero(page);
    if (pmm.zeroed_count == PMM_ZEROED_PAGES_MAX) {
        return heap_free_owned(&pmm.zones[0].heap, page, CALLER);
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

/* ---------------------------------------------------------------- structs of frames */

static inline size_t block_of(const struct heap *heap, const void *frame)
{
    return ((uintptr_t)frame - (uintptr_t)heap->saddr) / PAGE_SIZE_BYTES;
}

static NOINLINE struct page *page_of_elsewhere(const void *frame)
{
    const struct heap *heap = heap_of(frame);

    KASSERT(heap != NULL);
    if (heap == pmm.pool) {
        return &pmm.pool_pages[block_of(heap, frame)];
    }
    /* The others' heaps are the first member of their zone. */
    return &((const struct zone *)heap)->pages[block_of(heap, frame)];
}

struct page *page_of(const void *frame)
{
    const struct zone *zone = &pmm.zones[0];

    return RARELY(!is_inside(&zone->heap, frame)) ? page_of_elsewhere(frame)
                                                  : &zone->pages[block_of(&zone->heap, frame)];
}

bool page_release(void *frame)
{
    struct page *page = page_of(frame);

    KASSERT(page->holders > 0);
    if (--page->holders > 0) {
        return false;
    }
    KASSERT(pmm_free_page(frame) == OK);
    return true;
}

/* ---------------------------------------------------------------- counts */

size_t pmm_get_free_pages(void)
{
    return zone_free_pages() + low_free_pages() + heap_free_blocks(pmm.pool);
}

size_t pmm_get_total_pages(void)
{
    return pmm.zone_total + pmm.low_total + pmm.tail_total + pmm.pool_total;
}

const struct heap *pmm_get_heap(size_t i)
{
    /* The tail lies below the pool, and that below the zones; the low zone below the pool, unless
     * it is seen through a window. */
    bool low_is_first = (uintptr_t)pmm.low.heap.saddr < (uintptr_t)pmm.pool->saddr;
    size_t last = zones_in_use() + 1;

    if (i == 0) {
        return &pmm.tail_zone.heap;
    }
    i--;
    if (i == (low_is_first ? 0 : last)) {
        return &pmm.low.heap;
    }
    i -= low_is_first;
    if (i == 0) {
        return pmm.pool;
    }
    return i <= zones_in_use() ? &pmm.zones[i - 1].heap : NULL;
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
    stats->low_total = pmm.low_total;
    stats->low_free = heap_free_blocks(&pmm.low.heap);
    stats->tail_total = pmm.tail_total;
    stats->tail_free = heap_free_blocks(&pmm.tail_zone.heap);
    stats->pool_total = pmm.pool_total;
    stats->pool_free = heap_free_blocks(pmm.pool);
    stats->pool_taken = kheap_frame_blocks();
    stats->pool_kernel = pmm.pool_kernel;
    stats->promised = pmm.promised;
    stats->zeroed = pmm.zeroed_count;
}

void pmm_print_stats(void)
{
    struct pmm_stats stats;

    pmm_get_stats(&stats);
    printk("Pages: %llu usable = %zu free + %zu used + %llu reserved\n"
           "  (reserved: %zu kernel and low memory, %zu tables, %llu out of reach)\n"
           "  frame zone %zu of %zu free, " LOW_ZONE_NAME " %zu of %zu free\n"
           "  kernel pool %zu of %zu free (%zu kept), behind the kernel %zu of %zu free\n",
           (unsigned long long)stats.usable, stats.free, stats.used,
           (unsigned long long)stats.reserved, stats.kernel, stats.bookkeeping,
           (unsigned long long)stats.unreachable, stats.zone_free, stats.zone_total, stats.low_free,
           stats.low_total, stats.pool_free, stats.pool_total, stats.pool_kernel, stats.tail_free,
           stats.tail_total);
}
