/*
 * memory/heap/heap.c - the block heap.
 *
 * Theory of operation
 *
 * The pool is cut into blocks of 4096 bytes; byte i of the table says what block i is (heap.h draws
 * the bits). With F for 0x00, a pool of ten blocks in which 0 is an allocation of its own, 3 to 5
 * are one, and 9 is reserved:
 *
 *     block      0     1     2     3     4     5     6     7     8     9
 *     table    0x41    F     F   0xC1  0x81  0x01    F     F     F   0x01
 *     index            2     1                       8           6
 *                     '--run--'                     '----run----'
 *
 * The index row is what the run's end slots hold: each end knows the other. heap_index.h has the
 * rest: lists of free runs by length, and the one run that is on no list.
 *
 * heap_malloc() finds a free run, by index or by scan, takes the front of it and marks the table.
 * heap_free() looks the block up in the table, which alone decides whether the pointer is right,
 * marks the run free and hands it to the index, which joins it with its free neighbours.
 * Marking is a memset of one byte per block; everything else does not depend on any length.
 *
 * Invariants (heap_check() proves them)
 *
 *  1. Each table byte is 0x00, 0x41, 0x01 (reserved) or part of 0xC1 0x81* 0x01.
 *  2. used_blocks and reserved_blocks are what the table holds.
 *  3. Without index: no block below scan_from is free.
 *  4. Each longest run of free blocks is once in the index: the current run, or on the list of its
 *     class with both ends' slots knowing the other. The index has no other runs.
 *  5. A class's bit is set exactly when its list is not empty, a group's when its word is not 0.
 *  6. The slot of an allocation's first block holds the number of its last.
 *  7. An empty current run [x, x) has no free block at x - 1 or x.
 *
 * Completeness: a request of n blocks succeeds exactly when n free blocks lie in a row somewhere.
 *
 * Limits
 *
 *  - No lock. One caller at a time; not from interrupt handlers.
 *  - Code that writes to table or index behind the heap's back breaks it; heap_check() reports
 *  that.
 *  - A run can be split in ways that a better fit would have avoided: classes from 256 blocks on
 *    hold several lengths and the first of a list is taken.
 *  - The scan reads the whole table in the worst case, a word at a time.
 */
#include "memory/heap/heap.h"

#include <stdbool.h>

#include "base/align.h"
#include "base/compiler.h"
#include "lib/string.h"
#include "memory/heap/heap_index.h"
#include "base/status.h"

#define ENTRY_FREE   HEAP_BLOCK_TABLE_ENTRY_FREE
#define ENTRY_ONLY   (HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST)
#define ENTRY_FIRST  (HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST | HEAP_BLOCK_HAS_NEXT)
#define ENTRY_MIDDLE (HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_HAS_NEXT)
#define ENTRY_LAST   HEAP_BLOCK_TABLE_ENTRY_TAKEN
/* Taken, not first, and the block before it has no HAS_NEXT: the same byte as ENTRY_LAST. */
#define ENTRY_RESERVED HEAP_BLOCK_TABLE_ENTRY_TAKEN

#define NO_BLOCK SIZE_MAX

#define SIZE_BITS       (8 * sizeof(size_t))
#define BLOCK_SIZE_BITS 12
_Static_assert(HEAP_BLOCK_SIZE_BYTES == 1 << BLOCK_SIZE_BITS, "log2 of the block size");

/* ---------------------------------------------------------------- blocks and the table */

static uintptr_t block_address(const struct heap *heap, size_t block)
{
    return (uintptr_t)heap->saddr + block * HEAP_BLOCK_SIZE_BYTES;
}

static bool starts_allocation(HEAP_BLOCK_TABLE_ENTRY entry)
{
    return (entry & HEAP_BLOCK_IS_FIRST) != 0;
}

/* Several entries at once. Only aligned words that lie wholly inside the table are read. */
typedef size_t __attribute__((may_alias)) entry_word_t;

#define ENTRIES_A_WORD sizeof(entry_word_t)
#define WORD_OF(byte)  ((entry_word_t)-1 / 0xFF * (byte)) /* the byte in every place */

/* Is a byte of word 0x00? Subtracting 1 from each borrows into bit 7 of those that are; ~word
 * leaves out those that had it set before. */
static bool has_zero_byte(entry_word_t word)
{
    return ((word - WORD_OF(0x01)) & ~word & WORD_OF(0x80)) != 0;
}

static bool is_word_aligned(const HEAP_BLOCK_TABLE_ENTRY *entry)
{
    return IS_ALIGNED((uintptr_t)entry, ENTRIES_A_WORD);
}

/* The first free block in [block, end); end when there is none. block <= end. */
static size_t skip_taken(const HEAP_BLOCK_TABLE_ENTRY *entries, size_t block, size_t end)
{
    while (block < end && entries[block] != ENTRY_FREE) {
        if (is_word_aligned(entries + block)) {
            while (end - block >= ENTRIES_A_WORD &&
                   !has_zero_byte(*(const entry_word_t *)(const void *)(entries + block))) {
                block += ENTRIES_A_WORD;
            }
            while (block < end && entries[block] != ENTRY_FREE) {
                block++;
            }
            return block;
        }
        block++;
    }
    return block;
}

/* The first block in [block, end) that is not free; end when there is none. block <= end. */
static size_t skip_free(const HEAP_BLOCK_TABLE_ENTRY *entries, size_t block, size_t end)
{
    while (block < end && entries[block] == ENTRY_FREE) {
        if (is_word_aligned(entries + block)) {
            while (end - block >= ENTRIES_A_WORD &&
                   *(const entry_word_t *)(const void *)(entries + block) == 0) {
                block += ENTRIES_A_WORD;
            }
            while (block < end && entries[block] == ENTRY_FREE) {
                block++;
            }
            return block;
        }
        block++;
    }
    return block;
}

/* The lowest block in [start, end) from which on all blocks before end are free; end when the last
 * one is not. start <= end. */
static size_t skip_free_backwards(const HEAP_BLOCK_TABLE_ENTRY *entries, size_t start, size_t end)
{
    while (end > start && entries[end - 1] == ENTRY_FREE) {
        end--;
        if (is_word_aligned(entries + end)) {
            while (end - start >= ENTRIES_A_WORD &&
                   *(const entry_word_t *)(const void *)(entries + end - ENTRIES_A_WORD) == 0) {
                end -= ENTRIES_A_WORD;
            }
        }
    }
    return end;
}

/* One past the last block of the allocation that starts at first; NO_BLOCK if its chain breaks. */
static size_t scan_allocation_end(const struct heap *heap, size_t first)
{
    if (heap->entries[first] == ENTRY_ONLY) {
        return first + 1;
    }
    for (size_t block = first + 1; block < heap->total; block++) {
        if (heap->entries[block] == ENTRY_LAST) {
            return block + 1;
        }
        if (heap->entries[block] != ENTRY_MIDDLE) {
            break;
        }
    }
    return NO_BLOCK;
}

static size_t allocation_end(const struct heap *heap, size_t first)
{
    return heap->slots != NULL ? (size_t)heap->slots[first].other_end + 1
                               : scan_allocation_end(heap, first);
}

static void mark_taken(struct heap *heap, size_t first, size_t blocks)
{
    HEAP_BLOCK_TABLE_ENTRY *entry = heap->entries + first;

    if (blocks == 1) {
        *entry = ENTRY_ONLY;
    } else {
        entry[0] = ENTRY_FIRST;
        memset(entry + 1, ENTRY_MIDDLE, blocks - 2);
        entry[blocks - 1] = ENTRY_LAST;
    }
}

static void mark_free(struct heap *heap, size_t first, size_t blocks)
{
    if (blocks == 1) {
        heap->entries[first] = ENTRY_FREE;
    } else {
        memset(heap->entries + first, ENTRY_FREE, blocks);
    }
}

/*
 * The lowest run of that many free blocks; NO_BLOCK when there is none. A window of that length is
 * read from its end: a taken block found there moves the window past it, and what lies behind it
 * is known to be free. So no entry is read twice and many not at all.
 */
static size_t scan_take(struct heap *heap, size_t blocks)
{
    size_t start = skip_taken(heap->entries, heap->scan_from, heap->total);
    size_t known_end = start; /* [start, known_end) is free */

    heap->scan_from = start;
    while (heap->total - start >= blocks) {
        size_t end = start + blocks;
        size_t free_from = skip_free_backwards(heap->entries, known_end, end);
        if (free_from == known_end) {
            if (start == heap->scan_from) {
                heap->scan_from = end;
            }
            return start;
        }
        start = free_from;
        known_end = end;
        if (start == known_end) {
            start = skip_taken(heap->entries, start, heap->total);
            known_end = start;
        }
    }
    return NO_BLOCK;
}

/* ---------------------------------------------------------------- debugging */

#if DEBUG_HEAP

/* The first of the bytes that is not pattern, or NULL. */
static const uint8_t *find_damage(const uint8_t *bytes, size_t count, uint8_t pattern)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != pattern) {
            return bytes + i;
        }
    }
    return NULL;
}

static const uint8_t *find_poison_damage(const struct heap *heap, size_t block)
{
    if (heap->debug_blocks == NULL || !heap->debug_blocks[block].is_poisoned) {
        return NULL;
    }
    return find_damage((const uint8_t *)block_address(heap, block), HEAP_BLOCK_SIZE_BYTES,
                       HEAP_POISON_FREE);
}

static const uint8_t *find_red_zone_damage(const struct heap *heap, size_t first, size_t blocks)
{
    if (heap->debug_blocks == NULL) {
        return NULL;
    }
    size_t size = heap->debug_blocks[first].requested_bytes;
    return find_damage((const uint8_t *)block_address(heap, first) + size,
                       blocks * HEAP_BLOCK_SIZE_BYTES - size, HEAP_POISON_RED_ZONE);
}

static void debug_report(struct heap *heap, enum heap_report_kind kind, const void *damage,
                         size_t block)
{
    if (damage != NULL && heap->reporter != NULL) {
        struct heap_report report = {.kind = kind, .damage = damage};
        heap_debug_history(heap, (const void *)block_address(heap, block), &report);
        heap->reporter(heap, &report);
    }
}

static void debug_on_malloc(struct heap *heap, size_t first, size_t blocks, size_t size,
                            const void *owner)
{
    if (heap->debug_blocks == NULL) {
        return;
    }
    for (size_t block = first; block < first + blocks; block++) {
        debug_report(heap, HEAP_REPORT_WRITE_AFTER_FREE, find_poison_damage(heap, block), block);
        heap->debug_blocks[block] = (struct heap_debug_block){.owner = owner};
    }
    heap->debug_blocks[first].requested_bytes = size;
    memset((uint8_t *)block_address(heap, first) + size, HEAP_POISON_RED_ZONE,
           blocks * HEAP_BLOCK_SIZE_BYTES - size);
}

static void debug_on_free(struct heap *heap, size_t first, const void *freer)
{
    size_t end = allocation_end(heap, first);

    if (heap->debug_blocks == NULL || end == NO_BLOCK) {
        return;
    }
    size_t blocks = end - first;
    debug_report(heap, HEAP_REPORT_RED_ZONE, find_red_zone_damage(heap, first, blocks), first);
    for (size_t block = first; block < first + blocks; block++) {
        heap->debug_blocks[block].freer = freer;
        heap->debug_blocks[block].is_poisoned = 1;
    }
    memset((uint8_t *)block_address(heap, first), HEAP_POISON_FREE, blocks * HEAP_BLOCK_SIZE_BYTES);
}

#else

static inline void debug_on_malloc(struct heap *heap, size_t first, size_t blocks, size_t size,
                                   const void *owner)
{
    (void)heap, (void)first, (void)blocks, (void)size, (void)owner;
}

static inline void debug_on_free(struct heap *heap, size_t first, const void *freer)
{
    (void)heap, (void)first, (void)freer;
}

static inline const uint8_t *find_poison_damage(const struct heap *heap, size_t block)
{
    (void)heap, (void)block;
    return NULL;
}

static inline const uint8_t *find_red_zone_damage(const struct heap *heap, size_t first,
                                                  size_t blocks)
{
    (void)heap, (void)first, (void)blocks;
    return NULL;
}

#endif

size_t heap_debug_bytes(size_t total)
{
    return total * sizeof(struct heap_debug_block);
}

int heap_attach_debug(struct heap *heap, void *memory, size_t bytes)
{
    if (memory == NULL || !IS_ALIGNED((uintptr_t)memory, sizeof(void *)) ||
        heap->total > SIZE_MAX / sizeof(struct heap_debug_block) ||
        bytes < heap_debug_bytes(heap->total)) {
        return -EINVARG;
    }
    if (heap->used_blocks != 0 || heap->debug_blocks != NULL) {
        return -EISTKN;
    }
#if DEBUG_HEAP
    heap->debug_blocks = memory;
    for (size_t block = 0; block < heap->total; block++) {
        heap->debug_blocks[block] = (struct heap_debug_block){0};
    }
#endif
    return 0;
}

void heap_set_reporter(struct heap *heap, heap_reporter_t reporter)
{
    heap->reporter = reporter;
}

int heap_debug_history(const struct heap *heap, const void *ptr, struct heap_report *report)
{
    size_t block = ((uintptr_t)ptr - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE_BYTES;

    if (heap->debug_blocks == NULL || block >= heap->total) {
        return -EINVARG;
    }
    report->start = (const void *)block_address(heap, block);
    report->requested_bytes = heap->debug_blocks[block].requested_bytes;
    report->owner = heap->debug_blocks[block].owner;
    report->freer = heap->debug_blocks[block].freer;
    return 0;
}

/* ---------------------------------------------------------------- creation */

int heap_create(struct heap *heap, void *start, void *end, struct heap_table *table)
{
    if (heap == NULL || start == NULL || end == NULL || table == NULL || table->entries == NULL) {
        return -EINVARG;
    }
    uintptr_t low = (uintptr_t)start;
    uintptr_t high = (uintptr_t)end;
    if (!IS_ALIGNED(low, HEAP_BLOCK_SIZE_BYTES) || !IS_ALIGNED(high, HEAP_BLOCK_SIZE_BYTES) ||
        high < low || table->total != (high - low) / HEAP_BLOCK_SIZE_BYTES) {
        return -EINVARG;
    }
    memset(heap, 0, sizeof(*heap));
    heap->table = table;
    heap->saddr = start;
    heap->entries = table->entries;
    heap->total = table->total;
    memset(table->entries, ENTRY_FREE, table->total);
    heap->current_start = NO_BLOCK; /* no index: nothing is quick */
    return 0;
}

size_t heap_index_bytes(size_t total)
{
    return HEAP_INDEX_BYTES(total);
}

int heap_attach_index(struct heap *heap, void *memory, size_t bytes)
{
    if (memory == NULL || !IS_ALIGNED((uintptr_t)memory, sizeof(uint32_t)) ||
        heap->total > HEAP_INDEX_BLOCKS_MAX ||
        heap->total > SIZE_MAX / 2 / sizeof(struct heap_slot) ||
        bytes < heap_index_bytes(heap->total)) {
        return -EINVARG;
    }
    if (heap->slots != NULL) {
        return -EISTKN;
    }
    /* A chain that leads nowhere would end in a slot that does not exist. */
    if (heap_check(heap) != 0) {
        return -ECORRUPT;
    }
    index_initialise(heap, memory);
    for (size_t block = 0; block < heap->total;) {
        size_t end = block + 1;
        if (heap->entries[block] == ENTRY_FREE) {
            end = skip_free(heap->entries, block, heap->total);
            index_add_run(heap, block, end);
        } else if (starts_allocation(heap->entries[block])) {
            end = scan_allocation_end(heap, block);
            heap->slots[block].owner = NULL;
            heap->slots[block].other_end = (uint32_t)(end - 1);
        }
        block = end;
    }
    return 0;
}

/* Reserves [start, end), all free: a part of a free run, or the whole of it. */
/* Takes [start, end), which are free blocks, out of the free run that they lie in. What the table
 * says of them becomes the caller's business. */
static void split_free_run(struct heap *heap, size_t start, size_t end)
{
    size_t run_start = start;
    size_t run_end = skip_free(heap->entries, end, heap->total);

    while (run_start > 0 && heap->entries[run_start - 1] == ENTRY_FREE) {
        run_start--;
    }
    if (heap->slots != NULL) {
        index_remove_run(heap, run_start, run_end);
        if (run_start < start) {
            index_add_run(heap, run_start, start);
        }
        if (end < run_end) {
            index_add_run(heap, end, run_end);
        }
    }
}

static void reserve_free_blocks(struct heap *heap, size_t start, size_t end)
{
    split_free_run(heap, start, end);
    memset(heap->entries + start, ENTRY_RESERVED, end - start);
    heap->reserved_blocks += end - start;
}

int heap_reserve(struct heap *heap, void *start, void *end)
{
    uintptr_t low = (uintptr_t)heap->saddr;
    uintptr_t high = block_address(heap, heap->total);
    uintptr_t from = MAX((uintptr_t)start, low);
    uintptr_t to = MIN((uintptr_t)end, high);

    if ((uintptr_t)end < (uintptr_t)start) {
        return -EINVARG;
    }
    if (from >= to) {
        return 0;
    }
    size_t block = (from - low) / HEAP_BLOCK_SIZE_BYTES;
    size_t limit = (to - low - 1) / HEAP_BLOCK_SIZE_BYTES + 1;
    while ((block = skip_taken(heap->entries, block, limit)) < limit) {
        size_t free_end = skip_free(heap->entries, block, limit);
        reserve_free_blocks(heap, block, free_end);
        block = free_end;
    }
    return 0;
}

/* ---------------------------------------------------------------- allocation */

static inline void index_note_allocation(struct heap *heap, size_t first, size_t blocks,
                                         const void *owner)
{
    heap->slots[first].owner = owner;
    heap->slots[first].other_end = (uint32_t)(first + blocks - 1);
}

static inline void count_used(struct heap *heap, size_t blocks)
{
    heap->used_blocks += blocks;
    if (RARELY(heap->used_blocks > heap->peak_used_blocks)) {
        heap->peak_used_blocks = heap->used_blocks;
    }
}

/* All that is not one block off the current run. */
static void *NOINLINE malloc_blocks(struct heap *heap, size_t blocks, size_t size,
                                    const void *owner)
{
    size_t first;

    if (blocks > heap->total) {
        return NULL;
    }
    if (heap->slots == NULL) {
        first = scan_take(heap, blocks);
        if (first == NO_BLOCK) {
            return NULL;
        }
    } else {
        if (heap->current_start + blocks > heap->quick_end &&
            !index_choose(heap, (uint32_t)blocks)) {
            return NULL;
        }
        first = heap->current_start;
        heap->current_start = first + blocks;
        index_note_allocation(heap, first, blocks, owner);
    }
    mark_taken(heap, first, blocks);
    count_used(heap, blocks);
    debug_on_malloc(heap, first, blocks, size, owner);
    return (void *)block_address(heap, first);
}

void *heap_malloc_owned(struct heap *heap, size_t size, const void *owner)
{
    /* Rounds up and cannot wrap; 0 becomes more blocks than fit an address space. */
    size_t more_blocks = (size - 1) / HEAP_BLOCK_SIZE_BYTES;
    size_t first = heap->current_start;

    if (RARELY(more_blocks != 0 || first >= heap->quick_end)) {
        return malloc_blocks(heap, more_blocks + 1, size, owner);
    }
    heap->current_start = first + 1;
    heap->entries[first] = ENTRY_ONLY;
    index_note_allocation(heap, first, 1, owner);
    count_used(heap, 1);
    debug_on_malloc(heap, first, 1, size, owner);
    return (void *)block_address(heap, first);
}

void *heap_malloc(struct heap *heap, size_t size)
{
    return heap_malloc_owned(heap, size, NULL);
}

int heap_malloc_at(struct heap *heap, size_t block, size_t blocks, const void *owner)
{
    if (blocks == 0 || block >= heap->total || blocks > heap->total - block) {
        return -EINVARG;
    }
    if (skip_free(heap->entries, block, block + blocks) != block + blocks) {
        return -EISTKN;
    }
    split_free_run(heap, block, block + blocks);
    mark_taken(heap, block, blocks);
    if (heap->slots != NULL) {
        index_note_allocation(heap, block, blocks, owner);
    }
    count_used(heap, blocks);
    debug_on_malloc(heap, block, blocks, blocks * HEAP_BLOCK_SIZE_BYTES, owner);
    return 0;
}

/* All that is not one block back to the front of the current run. */
static int NOINLINE free_blocks(struct heap *heap, size_t first)
{
    size_t end = allocation_end(heap, first);

    if (end == NO_BLOCK) {
        return -ECORRUPT;
    }
    mark_free(heap, first, end - first);
    heap->used_blocks -= end - first;
    if (heap->slots != NULL) {
        index_give_back(heap, first, end);
    } else {
        heap->scan_from = MIN(heap->scan_from, first);
    }
    return 0;
}

int heap_free_owned(struct heap *heap, void *ptr, const void *freer)
{
    /* Rotated, the offset is the block's number, or, if it is no multiple of the block size, has
     * a bit set that makes it larger than any: one comparison sees all that cannot be right. */
    size_t offset = (uintptr_t)ptr - (uintptr_t)heap->saddr;
    size_t first = offset / HEAP_BLOCK_SIZE_BYTES | offset << (SIZE_BITS - BLOCK_SIZE_BITS);

    if (RARELY(first >= heap->total)) {
        return ptr == NULL ? 0 : -EINVARG; /* no pool has a block at NULL */
    }
    HEAP_BLOCK_TABLE_ENTRY *entry = heap->entries + first;
    if (RARELY(!starts_allocation(*entry))) {
        return -EINVARG;
    }
    debug_on_free(heap, first, freer);
    if (RARELY(*entry != ENTRY_ONLY || first + 1 != heap->current_start ||
               (first != 0 && entry[-1] == ENTRY_FREE))) {
        return free_blocks(heap, first);
    }
    *entry = ENTRY_FREE;
    heap->current_start = first;
    heap->used_blocks--;
    return 0;
}

int heap_free(struct heap *heap, void *ptr)
{
    return heap_free_owned(heap, ptr, NULL);
}

/* ---------------------------------------------------------------- questions */

enum heap_pointer_kind heap_classify_pointer(const struct heap *heap, const void *ptr)
{
    uintptr_t offset = (uintptr_t)ptr - (uintptr_t)heap->saddr;
    size_t block = offset / HEAP_BLOCK_SIZE_BYTES;

    if (block >= heap->total) {
        return HEAP_POINTER_OUTSIDE;
    }
    if (offset % HEAP_BLOCK_SIZE_BYTES != 0) {
        return HEAP_POINTER_MISALIGNED;
    }
    if (heap->entries[block] == ENTRY_FREE) {
        return HEAP_POINTER_FREE;
    }
    if (starts_allocation(heap->entries[block])) {
        return HEAP_POINTER_ALLOCATION;
    }
    if (block > 0 && (heap->entries[block - 1] & HEAP_BLOCK_HAS_NEXT)) {
        return HEAP_POINTER_INTERIOR;
    }
    return HEAP_POINTER_RESERVED;
}

const char *heap_describe_pointer(const struct heap *heap, const void *ptr)
{
    switch (heap_classify_pointer(heap, ptr)) {
    case HEAP_POINTER_ALLOCATION: return "the start of a live allocation";
    case HEAP_POINTER_OUTSIDE: return "outside the pool";
    case HEAP_POINTER_MISALIGNED: return "misaligned: not the start of a block";
    case HEAP_POINTER_FREE: return "free already, or was never allocated";
    case HEAP_POINTER_RESERVED: return "reserved: no memory that can be allocated";
    case HEAP_POINTER_INTERIOR: return "inside an allocation, not at its start";
    }
    return "";
}

size_t heap_allocation_blocks(const struct heap *heap, const void *ptr)
{
    if (heap_classify_pointer(heap, ptr) != HEAP_POINTER_ALLOCATION) {
        return 0;
    }
    size_t first = ((uintptr_t)ptr - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE_BYTES;
    size_t end = allocation_end(heap, first);
    return end == NO_BLOCK ? 0 : end - first;
}

void heap_get_stats(const struct heap *heap, struct heap_stats *stats)
{
    *stats = (struct heap_stats){
        .total = heap->total,
        .used = heap->used_blocks,
        .free = heap_free_blocks(heap),
        .reserved = heap->reserved_blocks,
        .peak_used = heap->peak_used_blocks,
    };
    for (size_t block = 0; block < heap->total;) {
        size_t end = block + 1;
        if (heap->entries[block] == ENTRY_FREE) {
            end = skip_free(heap->entries, block, heap->total);
            stats->largest_free_run = MAX(stats->largest_free_run, end - block);
            stats->free_runs++;
        } else if (starts_allocation(heap->entries[block])) {
            stats->allocations++;
        }
        block = end;
    }
    /* No overflow: an address space has at most SIZE_MAX / 4096 blocks. */
    if (stats->free != 0) {
        stats->fragmentation_permille = 1000 - stats->largest_free_run * 1000 / stats->free;
    }
}

const void *heap_owner_of_block(const struct heap *heap, size_t block)
{
    bool is_known = starts_allocation(heap->entries[block]) && heap->slots != NULL;

    return is_known ? heap->slots[block].owner : NULL;
}

void heap_for_each_allocation(const struct heap *heap, heap_visit_t visit, void *context)
{
    for (size_t block = 0; block < heap->total;) {
        size_t end = block + 1;
        if (heap->entries[block] == ENTRY_FREE) {
            end = skip_free(heap->entries, block, heap->total);
        } else if (starts_allocation(heap->entries[block])) {
            end = allocation_end(heap, block);
            if (end == NO_BLOCK) {
                return;
            }
            visit(context, (void *)block_address(heap, block), end - block,
                  heap_owner_of_block(heap, block));
        }
        block = end;
    }
}

/* ---------------------------------------------------------------- the checker */

/* What a walk of the table found. */
struct census {
    size_t used;
    size_t reserved;
    size_t free_runs;
};

/* All check_...() return NULL when all is well, else what is not. */
static const char *check_free_run(const struct heap *heap, size_t start, size_t end)
{
    for (size_t block = start; block < end; block++) {
        if (find_poison_damage(heap, block) != NULL) {
            return "a free block was written to";
        }
    }
    if (heap->slots == NULL) {
        return start < heap->scan_from ? "a free block lies below scan_from" : NULL;
    }
    if (start == heap->current_start && end == heap->current_end) {
        return NULL;
    }
    if (heap->slots[start].other_end != end - 1 || heap->slots[end - 1].other_end != start) {
        return "the ends of a free run do not know each other";
    }
    return NULL;
}

static const char *check_allocation(const struct heap *heap, size_t start, size_t end)
{
    if (heap->slots != NULL && heap->slots[start].other_end != end - 1) {
        return "the index has another length for an allocation than the table";
    }
    if (find_red_zone_damage(heap, start, end - start) != NULL) {
        return "an allocation was written to beyond its end";
    }
    return NULL;
}

static const char *check_table(const struct heap *heap, struct census *census)
{
    const char *problem = NULL;

    for (size_t block = 0; block < heap->total && problem == NULL;) {
        size_t end = block + 1;
        if (heap->entries[block] == ENTRY_FREE) {
            end = skip_free(heap->entries, block, heap->total);
            census->free_runs++;
            problem = check_free_run(heap, block, end);
        } else if (heap->entries[block] == ENTRY_ONLY || heap->entries[block] == ENTRY_FIRST) {
            end = scan_allocation_end(heap, block);
            if (end == NO_BLOCK) {
                return "an allocation in the table has no end";
            }
            census->used += end - block;
            problem = check_allocation(heap, block, end);
        } else if (heap->entries[block] == ENTRY_RESERVED) {
            census->reserved++;
        } else {
            return "a table entry means nothing";
        }
        block = end;
    }
    return problem;
}

/* Each block on the list must be the end of a free run of that class; *listed counts them. */
static const char *check_list(const struct heap *heap, uint32_t class, size_t *listed)
{
    uint32_t previous = HEAP_NO_BLOCK;
    bool in_use = (heap->classes_in_use[class / 32] >> (class % 32) & 1) != 0;

    if (in_use != (heap->class_heads[class] != HEAP_NO_BLOCK)) {
        return "a class's bit does not tell whether its list is empty";
    }
    /* No block is met twice: it would need two predecessors, and only one is right. */
    for (uint32_t block = heap->class_heads[class]; block != HEAP_NO_BLOCK;) {
        if (block >= heap->total) {
            return "a list leads out of the index";
        }
        const struct heap_slot *last = &heap->slots[block];
        size_t end = (size_t)block + 1;
        if (last->previous != previous) {
            return "a list's links do not match";
        }
        if (heap->entries[block] != ENTRY_FREE || end == heap->current_end ||
            (end < heap->total && heap->entries[end] == ENTRY_FREE)) {
            return "a list has what is not the end of a free run";
        }
        if (index_class_of((uint32_t)end - last->other_end) != class) {
            return "a free run is on the wrong list";
        }
        previous = block;
        block = last->next;
        ++*listed;
    }
    return NULL;
}

static const char *check_index(const struct heap *heap, const struct census *census)
{
    size_t start = heap->current_start;
    size_t end = heap->current_end;
    size_t runs = 0;

    if (start > end || end > heap->total || (heap->quick_end != 0 && heap->quick_end != end)) {
        return "the current run's bounds mean nothing";
    }
    if (start < end) {
        runs++;
        if (skip_free(heap->entries, start, end) != end) {
            return "the current run is not free";
        }
    }
    if ((start > 0 && heap->entries[start - 1] == ENTRY_FREE) ||
        (end < heap->total && heap->entries[end] == ENTRY_FREE)) {
        return "the current run has a free neighbour";
    }
    for (uint32_t i = 0; i < HEAP_CLASSES; i++) {
        const char *problem = check_list(heap, i, &runs);
        if (problem != NULL) {
            return problem;
        }
    }
    for (uint32_t group = 0; group < HEAP_CLASS_GROUPS; group++) {
        if ((heap->groups_in_use >> group & 1) != (heap->classes_in_use[group] != 0)) {
            return "a group's bit does not tell whether its classes are empty";
        }
    }
    /* All in the index are different free runs of the table: as many means the same. */
    return runs == census->free_runs ? NULL : "a free run is missing in the index";
}

int heap_check_reason(const struct heap *heap, const char **reason)
{
    struct census census = {0};
    const char *problem = check_table(heap, &census);

    if (problem == NULL &&
        (census.used != heap->used_blocks || census.reserved != heap->reserved_blocks)) {
        problem = "the counters are not what the table holds";
    }
    if (problem == NULL && heap->slots != NULL) {
        problem = check_index(heap, &census);
    }
    *reason = problem != NULL ? problem : "";
    return problem != NULL ? -ECORRUPT : 0;
}

int heap_check(const struct heap *heap)
{
    const char *reason;

    return heap_check_reason(heap, &reason);
}
