/*
 * memory/heap/heap.h - the block heap: whole 4096-byte blocks out of one range of addresses.
 *
 * One byte per block, in a table that the caller provides, says all there is to say:
 *
 *     7        6        5..1     0
 *   +--------+--------+--------+-------+
 *   |HAS_NEXT|IS_FIRST|   0    | TAKEN |     0x00  free
 *   +--------+--------+--------+-------+
 *
 *   one block      0x41                  TAKEN | IS_FIRST
 *   three blocks   0xC1 0x81 0x01        the last one has no HAS_NEXT
 *   reserved       0x01                  after a block without HAS_NEXT: see heap_reserve()
 *
 * The table is always the truth: reading it shows the heap as it is. heap_create() alone gives a
 * heap that works by scanning it. heap_attach_index() adds an index beside the table that makes
 * every operation cost the same however full or fragmented the heap is. Neither writes to the pool:
 * it may be a mere range of addresses. (DEBUG_HEAP=1 changes that; see the end of this file.)
 *
 * Sizes in bytes are called size or bytes, sizes in blocks of HEAP_BLOCK_SIZE_BYTES blocks.
 * A heap has no lock: calls must not overlap, and interrupt handlers may not call.
 *
 * heap.c needs the C library's memset() and nothing else, and compiles on 32 and 64 bit hosts.
 */
#ifndef MEMORY_HEAP_HEAP_H
#define MEMORY_HEAP_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

#ifndef DEBUG_HEAP
#define DEBUG_HEAP 0
#endif

#define HEAP_BLOCK_TABLE_ENTRY_TAKEN 0x01
#define HEAP_BLOCK_TABLE_ENTRY_FREE  0x00
#define HEAP_BLOCK_HAS_NEXT          0x80
#define HEAP_BLOCK_IS_FIRST          0x40

typedef unsigned char HEAP_BLOCK_TABLE_ENTRY;

struct heap_table {
    HEAP_BLOCK_TABLE_ENTRY *entries; /* one for each block */
    size_t total;                    /* number of entries */
};

/*
 * One slot of the index for each block, used at the ends of runs only (heap_index.h draws it).
 * 12 bytes, whatever a pointer has: blocks are named by their numbers.
 */
struct heap_slot {
    union {
        struct { /* last block of a free run: its neighbours on the list of its class */
            uint32_t next, previous;
        };
        const void *owner; /* first block of an allocation: who asked for it */
    };
    uint32_t other_end; /* first <-> last block of a free run; an allocation's first -> last */
} __attribute__((packed, aligned(4)));

/* No block's number: where a list begins or ends. */
#define HEAP_NO_BLOCK 0xFFFFFFFFu

#define HEAP_CLASS_GROUPS 32 /* of 32 classes each */
#define HEAP_CLASSES      (HEAP_CLASS_GROUPS * 32)

/* Most blocks that an index can serve: 8 TiB of them. Heaps without an index have no such limit. */
#define HEAP_INDEX_BLOCKS_MAX 0x7FFFFFFFu

/* For sizes known when compiling: 12 bytes per block and 4 KiB. */
#define HEAP_INDEX_BYTES(total) \
    (HEAP_CLASSES * sizeof(uint32_t) + (total) * sizeof(struct heap_slot))

enum heap_report_kind {
    HEAP_REPORT_WRITE_AFTER_FREE, /* found when a free block was about to be handed out */
    HEAP_REPORT_RED_ZONE,         /* found when the allocation was freed */
};

struct heap_report {
    enum heap_report_kind kind;
    const void *start;      /* of the allocation; of the block for WRITE_AFTER_FREE */
    const void *damage;     /* the first byte that is not what it was */
    size_t requested_bytes; /* of the last allocation that started there; 0 = not known */
    const void *owner;      /* who made it; NULL = not known */
    const void *freer;      /* the function that freed the block last; NULL = not known */
};

struct heap;
typedef void (*heap_reporter_t)(struct heap *heap, const struct heap_report *report);

/* What DEBUG_HEAP=1 remembers of each block. */
struct heap_debug_block {
    const void *owner;      /* of the last allocation that had the block */
    const void *freer;      /* who freed that; NULL while it lives */
    size_t requested_bytes; /* in the first block of an allocation, else 0 */
    size_t is_poisoned;     /* 1: free, and filled with the pattern */
};

/* All fields but the first two are the heap's own. */
struct heap {
    struct heap_table *table;
    void *saddr; /* address of block 0 */

    HEAP_BLOCK_TABLE_ENTRY *entries; /* table->entries and total, one load nearer */
    size_t total;

    size_t used_blocks;
    size_t reserved_blocks;
    size_t peak_used_blocks;
    size_t scan_from; /* without index: no block below this one is free */

    struct heap_slot *slots; /* NULL: no index */
    uint32_t *class_heads;   /* the first on each class's list: the last block of its run */
    size_t current_start;    /* the free run [start, end) that is on no list; may be empty */
    size_t current_end;
    size_t quick_end;                           /* current_end, or 0: see heap_index.h */
    uint32_t classes_in_use[HEAP_CLASS_GROUPS]; /* bit set: that class's list is not empty */
    uint32_t groups_in_use;                     /* bit set: that group's word is not 0 */

    struct heap_debug_block *debug_blocks; /* NULL: no debugging */
    heap_reporter_t reporter;
};

struct heap_stats {
    size_t total; /* blocks: total = used + free + reserved */
    size_t used;
    size_t free;
    size_t reserved;
    size_t largest_free_run; /* blocks: what the largest malloc that succeeds now would get */
    size_t peak_used;        /* blocks: the most that used has been */
    size_t allocations;      /* live ones */
    size_t free_runs;
    size_t fragmentation_permille; /* 1000 - 1000 * largest_free_run / free; 0 when none is free */
};

/* ---------------------------------------------------------------- creation */

/*
 * Makes *heap an empty heap over [start, end) and zeroes the table. The heap keeps table; table,
 * its entries and the pool stay the caller's and must live as long as the heap.
 * -EINVARG when an argument is NULL, start or end is not a multiple of 4096, end < start, or
 * table->total is not (end - start) / 4096.
 */
int heap_create(struct heap *heap, void *start, void *end, struct heap_table *table);

/* Bytes of memory that the index of a heap of total blocks needs. */
size_t heap_index_bytes(size_t total);

/*
 * Gives the heap an index in memory, which stays the caller's and must live as long as the heap.
 * Meant to follow heap_create(); what is allocated already is found in the table (with no owner).
 * -EINVARG when memory is NULL or not aligned to 4, bytes is less than
 * heap_index_bytes(total), or the heap has more than HEAP_INDEX_BLOCKS_MAX blocks; -EISTKN when
 * there is an index already; -ECORRUPT when heap_check() fails. The heap is then what it was.
 */
int heap_attach_index(struct heap *heap, void *memory, size_t bytes);

/*
 * Takes the blocks of [start, end), rounded outwards, that are free now out of use for ever: holes
 * in the RAM. heap_free() refuses them, and they count as reserved, not as used. What lies outside
 * the heap is ignored; blocks that are taken stay as they are. -EINVARG when end < start.
 */
int heap_reserve(struct heap *heap, void *start, void *end);

/* ---------------------------------------------------------------- allocation */

/*
 * Returns size bytes, rounded up to whole blocks: aligned to 4096, contents undefined, the
 * caller's until heap_free(). NULL for size 0 and when no free run is long enough; any request
 * that fits somewhere succeeds.
 */
void *heap_malloc(struct heap *heap, size_t size);

/* The same, and notes owner (any pointer, often the caller's return address) for
 * heap_for_each_allocation(). Without an index owners are not kept. */
void *heap_malloc_owned(struct heap *heap, size_t size, const void *owner);

/*
 * Allocates exactly the blocks [block, block + blocks). -EINVARG when blocks is 0 or they are not
 * all of this heap; -EISTKN, and nothing changes, when one of them is not free. Costs more than
 * heap_malloc(): it walks the table over the free run that they lie in.
 */
int heap_malloc_at(struct heap *heap, size_t block, size_t blocks, const void *owner);

/*
 * Gives back what heap_malloc() returned. ptr == NULL does nothing and returns 0.
 * -EINVARG, and nothing changes, when ptr is not the start of a live allocation: inside one, freed
 * already, misaligned, reserved or not of this heap. -ECORRUPT, and nothing changes, when the
 * table's chain for ptr is broken.
 */
int heap_free(struct heap *heap, void *ptr);

/* The same; freer is named in reports when DEBUG_HEAP=1. */
int heap_free_owned(struct heap *heap, void *ptr, const void *freer);

/* ---------------------------------------------------------------- questions */

/* Blocks of the live allocation that starts at ptr; 0 when there is none. */
size_t heap_allocation_blocks(const struct heap *heap, const void *ptr);

/* What ptr is to heap_free(). */
enum heap_pointer_kind {
    HEAP_POINTER_ALLOCATION, /* the start of a live allocation */
    HEAP_POINTER_OUTSIDE,    /* not of this heap */
    HEAP_POINTER_MISALIGNED, /* in the pool, but not the start of a block */
    HEAP_POINTER_FREE,       /* a free block: freed already, or never allocated */
    HEAP_POINTER_RESERVED,   /* see heap_reserve() */
    HEAP_POINTER_INTERIOR,   /* a later block of an allocation */
};
enum heap_pointer_kind heap_classify_pointer(const struct heap *heap, const void *ptr);

/* The same as half a sentence: "ptr is ...". */
const char *heap_describe_pointer(const struct heap *heap, const void *ptr);

/* Free blocks; costs nothing. */
static inline size_t heap_free_blocks(const struct heap *heap)
{
    return heap->total - heap->used_blocks - heap->reserved_blocks;
}

/* Fills *stats; reads the whole table once. */
void heap_get_stats(const struct heap *heap, struct heap_stats *stats);

/* Calls visit for each live allocation in order of address; it may not call the heap. owner is
 * NULL where it is not known. */
typedef void (*heap_visit_t)(void *context, void *start, size_t blocks, const void *owner);
void heap_for_each_allocation(const struct heap *heap, heap_visit_t visit, void *context);

/* The owner of the allocation whose first block that is; NULL for other blocks and where it is not
 * known. block < table->total. */
const void *heap_owner_of_block(const struct heap *heap, size_t block);

/*
 * Walks table and index and proves that each is well-formed and that they agree. 0 or -ECORRUPT;
 * heap_check_reason() also points *reason to a sentence that says what is wrong ("" when nothing
 * is). With DEBUG_HEAP=1 also the fill of free blocks and the red zones.
 */
int heap_check(const struct heap *heap);
int heap_check_reason(const struct heap *heap, const char **reason);

/* ---------------------------------------------------------------- debugging, DEBUG_HEAP=1 */

/*
 * With DEBUG_HEAP=1 and debug memory attached, free blocks are filled with
 * HEAP_POISON_FREE and checked before they are handed out again, and the bytes from the requested
 * size to the end of the last block (the red zone) are filled with HEAP_POISON_RED_ZONE and
 * checked by heap_free(). What does not match goes to the reporter, and the call then does its
 * work. The pool must be memory. With DEBUG_HEAP=0 debug memory is ignored.
 */
#define HEAP_POISON_FREE     0xDD
#define HEAP_POISON_RED_ZONE 0xFD

size_t heap_debug_bytes(size_t total);

/* Right after creation, while nothing is allocated (-EISTKN else). memory as for the index. */
int heap_attach_debug(struct heap *heap, void *memory, size_t bytes);

/* reporter may be NULL, and need not return. */
void heap_set_reporter(struct heap *heap, heap_reporter_t reporter);

/* Fills in what is known of the block that ptr lies in (kind and damage stay as they are);
 * -EINVARG when nothing is: outside the pool, no debug memory. */
int heap_debug_history(const struct heap *heap, const void *ptr, struct heap_report *report);

#endif
