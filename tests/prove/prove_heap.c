/*
 * prove_heap.c - every state of a small block heap (prove.h has the theory).
 * Sources: src/memory/heap/heap.c
 *
 * usage: prove_heap BLOCKS [reserve] [offset=0..3] [progress] [memory=MIB]
 *
 * The heap begins empty and without an index. Moves: heap_malloc() with the smallest and the
 * largest size of each number of blocks, and with sizes that fit nowhere; heap_free() of each
 * block, of addresses inside each block, and of foreign ones; heap_attach_index(), right and wrong,
 * in every state, so that the index is attached to empty and to used heaps; with `reserve`,
 * heap_reserve() of each range of blocks, and of ranges that are not aligned, empty, inverted or
 * partly outside.
 *
 * A state is: the table's bytes; without index scan_from; with index the bounds of the current run,
 * whether quick_end is set, and the listed runs in the order of their lists. lay_out() makes the
 * whole memory of the heap from that: struct heap, the index's list heads and slots, the table.
 *
 * Poison: slots and parts of slots that hold nothing, the fields of struct heap that are not in
 * use, and before heap_attach_index() all of its memory. The pool is a range of addresses without
 * memory. Table and index end where memory ends, and the bytes around the table are compared.
 *
 * Abstracted:
 *  - owners: the heap only stores them. Each allocation has one of its own, and it must keep it.
 *  - peak_used_blocks: only ever compared with used_blocks. It is set to the lowest value that it
 *    can have before one half of the moves, and to the highest before the other.
 *  - sizes between the smallest and the largest one of the same number of blocks: heap.c reads a
 *    size only as (size - 1) / 4096.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/heap/heap.h"
#include "prove.h"
#include "base/status.h"

#define BLOCKS_MAX 16
#define RUNS_MAX   (BLOCKS_MAX / 2)
#define BLOCK      ((size_t)HEAP_BLOCK_SIZE_BYTES)
#define BASE       ((uintptr_t)0x01000000)
#define POISON     ((size_t)0xA5A5A5A5)
#define MARGIN     8 /* bytes before and behind the table that are compared */

#define FREE     0x00
#define RESERVED 0x01
#define IS_FIRST 0x40
#define HAS_NEXT 0x80

struct state {
    uint8_t table[BLOCKS_MAX];
    uint8_t has_index;
    uint8_t scan_from;
    uint8_t current_start;
    uint8_t current_end;
    uint8_t is_quick;
    uint8_t runs;           /* listed ones */
    uint8_t last[RUNS_MAX]; /* their last blocks: by class, then in the order of the list */
};

/* All memory that the heap reads and writes. */
struct image {
    struct heap heap;
    uint32_t heads[HEAP_CLASSES];
    struct heap_slot slots[BLOCKS_MAX];
    uint8_t table[MARGIN + BLOCKS_MAX + MARGIN];
};

enum kind { MALLOC, FREE_BLOCK, RESERVE, ATTACH };

struct move {
    enum kind kind;
    size_t size;       /* MALLOC; ATTACH: of the memory */
    uintptr_t start;   /* FREE_BLOCK, ATTACH: the address */
    uintptr_t end;     /* RESERVE */
    size_t blocks;     /* MALLOC: how many that is */
    bool has_no_block; /* MALLOC: fits no heap */
};

static size_t blocks;
static size_t offset; /* of the table's end from the end of memory */

/* The module's memory. */
static struct heap heap;
static struct heap_table table;
static uint32_t *heads;
static struct heap_slot *slots;
static uint8_t *entries;

static struct move moves[1024];
static size_t move_count;

static char owners[BLOCKS_MAX]; /* &owners[i]: of the allocation whose first block is i */
static char new_owner;

/* ---------------------------------------------------------------- what a table says */

/* One past the last block of the allocation that starts at block. */
static size_t allocation_end(const uint8_t *bytes, size_t block)
{
    while (bytes[block] & HAS_NEXT) {
        block++;
    }
    return block + 1;
}

static size_t free_end(const uint8_t *bytes, size_t block)
{
    while (block < blocks && bytes[block] == FREE) {
        block++;
    }
    return block;
}

/* The first run of that many free blocks; `blocks` when there is none. */
static size_t first_fit(const uint8_t *bytes, size_t wanted)
{
    for (size_t block = 0; block < blocks; block++) {
        if (free_end(bytes, block) - block >= wanted) {
            return block;
        }
    }
    return blocks;
}

static size_t count_blocks(const uint8_t *bytes, bool are_reserved)
{
    size_t count = 0;

    for (size_t block = 0; block < blocks; block++) {
        if (bytes[block] & IS_FIRST) {
            size_t end = allocation_end(bytes, block);
            count += are_reserved ? 0 : end - block;
            block = end - 1;
        } else if (bytes[block] == RESERVED) {
            count += are_reserved;
        }
    }
    return count;
}

/* ---------------------------------------------------------------- state to memory */

static bool is_current(const struct state *state, size_t start, size_t end)
{
    return start == state->current_start && end == state->current_end;
}

static void lay_out_index(const struct state *state, struct image *image)
{
    for (size_t i = 0; i < HEAP_CLASSES; i++) {
        image->heads[i] = HEAP_NO_BLOCK;
    }
    memset(image->slots, PROVE_POISON, sizeof(image->slots));
    for (size_t block = 0, end; block < blocks; block = end) {
        end = block + 1;
        if (state->table[block] & IS_FIRST) {
            end = allocation_end(state->table, block);
            image->slots[block].owner = &owners[block];
            image->slots[block].other_end = (uint32_t)(end - 1);
        } else if (state->table[block] == FREE) {
            end = free_end(state->table, block);
            if (!is_current(state, block, end)) {
                image->slots[block].other_end = (uint32_t)(end - 1);
                image->slots[end - 1].other_end = (uint32_t)block;
            }
        }
    }
    /* Up to 255 blocks a run's class is its length. The last on a list goes there first. */
    for (size_t i = state->runs; i-- > 0;) {
        size_t last = state->last[i];
        size_t class = last + 1 - image->slots[last].other_end;
        uint32_t next = image->heads[class];

        image->slots[last].next = next;
        image->slots[last].previous = HEAP_NO_BLOCK;
        if (next != HEAP_NO_BLOCK) {
            image->slots[next].previous = (uint32_t)last;
        }
        image->heads[class] = (uint32_t)last;
        image->heap.classes_in_use[class / 32] |= 1u << class % 32;
        image->heap.groups_in_use |= 1u << class / 32;
    }
}

/* The memory that is in that state. */
static void lay_out(const struct state *state, struct image *image)
{
    struct heap *shadow = &image->heap;

    memset(shadow, 0, sizeof(*shadow));
    shadow->table = &table;
    shadow->saddr = (void *)BASE;
    shadow->entries = entries;
    shadow->total = blocks;
    shadow->used_blocks = count_blocks(state->table, false);
    shadow->reserved_blocks = count_blocks(state->table, true);
    shadow->peak_used_blocks = shadow->used_blocks;
    memset(image->table, 0xEE, sizeof(image->table));
    memcpy(image->table + MARGIN, state->table, blocks);
    if (!state->has_index) {
        memset(image->heads, PROVE_POISON, sizeof(image->heads));
        memset(image->slots, PROVE_POISON, sizeof(image->slots));
        shadow->scan_from = state->scan_from;
        shadow->current_start = SIZE_MAX;
        return;
    }
    shadow->scan_from = POISON;
    shadow->slots = slots;
    shadow->class_heads = heads;
    shadow->current_start = state->current_start;
    shadow->current_end = state->current_end;
    shadow->quick_end = state->is_quick ? state->current_end : 0;
    lay_out_index(state, image);
}

static size_t table_bytes(void)
{
    return MARGIN + blocks + (offset < MARGIN ? offset : MARGIN);
}

static void put(const struct image *image)
{
    heap = image->heap;
    memcpy(heads, image->heads, sizeof(image->heads));
    memcpy(slots, image->slots, blocks * sizeof(slots[0]));
    memcpy(entries - MARGIN, image->table, table_bytes());
}

static const char *difference(const struct image *image)
{
    if (memcmp(entries - MARGIN, image->table, table_bytes()) != 0) {
        return "the table, or a byte beside it,";
    }
    if (memcmp(&heap, &image->heap, sizeof(heap)) != 0) {
        return "struct heap";
    }
    if (memcmp(heads, image->heads, sizeof(image->heads)) != 0) {
        return "a list head of the index";
    }
    return memcmp(slots, image->slots, blocks * sizeof(slots[0])) != 0 ? "a slot of the index"
                                                                       : NULL;
}

/* ---------------------------------------------------------------- memory to state */

/* Checks the owners, and fills with poison what holds nothing. */
static void normalise(const struct state *before, bool was_attached)
{
    heap.peak_used_blocks = heap.used_blocks;
    if (heap.slots == NULL) {
        return;
    }
    heap.scan_from = POISON;
    struct heap_slot kept[BLOCKS_MAX];

    memcpy(kept, slots, blocks * sizeof(slots[0]));
    memset(slots, PROVE_POISON, blocks * sizeof(slots[0]));
    for (size_t block = 0, end; block < blocks; block = end) {
        end = block + 1;
        if (entries[block] & IS_FIRST) {
            end = allocation_end(entries, block);
            bool is_new = !(before->table[block] & IS_FIRST);
            const void *owner = was_attached ? NULL : is_new ? &new_owner : &owners[block];
            PROVE(kept[block].owner == owner, "block %zu has another owner than it should", block);
            slots[block].owner = &owners[block];
            slots[block].other_end = kept[block].other_end;
        } else if (entries[block] == FREE) {
            end = free_end(entries, block);
            if (block != heap.current_start || end != heap.current_end) {
                slots[block].other_end = kept[block].other_end;
                slots[end - 1].other_end = kept[end - 1].other_end;
                slots[end - 1].next = kept[end - 1].next;
                slots[end - 1].previous = kept[end - 1].previous;
            }
        }
    }
}

static void take_lists(struct state *state)
{
    for (size_t class = 1; class <= blocks; class ++) {
        for (uint32_t block = heads[class]; block != HEAP_NO_BLOCK; block = slots[block].next) {
            PROVE(block < blocks, "the list of class %zu leads out of the index", class);
            PROVE(state->runs < RUNS_MAX, "the lists have more runs than the table can have");
            state->last[state->runs++] = (uint8_t)block;
        }
    }
    for (size_t i = 0; i < state->runs; i++) {
        PROVE(entries[state->last[i]] == FREE, "a list has block %u, which is not free",
              state->last[i]);
    }
}

static void take_snapshot(struct state *state)
{
    memset(state, 0, sizeof(*state));
    memcpy(state->table, entries, blocks);
    state->has_index = heap.slots != NULL;
    if (!state->has_index) {
        PROVE(heap.scan_from <= blocks, "scan_from lies behind the heap");
        state->scan_from = (uint8_t)heap.scan_from;
        return;
    }
    PROVE(heap.current_start <= heap.current_end && heap.current_end <= blocks,
          "the current run lies outside the heap");
    state->current_start = (uint8_t)heap.current_start;
    state->current_end = (uint8_t)heap.current_end;
    state->is_quick = heap.quick_end != 0;
    take_lists(state);
}

/* ---------------------------------------------------------------- moves and what they promise */

static void add_move(struct move move)
{
    if (move_count == sizeof(moves) / sizeof(moves[0])) {
        fprintf(stderr, "too many moves\n");
        exit(2);
    }
    moves[move_count++] = move;
}

static void add_mallocs(void)
{
    add_move((struct move){.kind = MALLOC, .size = 0, .has_no_block = true});
    for (size_t i = 1; i <= blocks + 1; i++) {
        add_move((struct move){.kind = MALLOC, .size = i * BLOCK - BLOCK + 1, .blocks = i});
        add_move((struct move){.kind = MALLOC, .size = i * BLOCK, .blocks = i});
    }
    const size_t huge[] = {SIZE_MAX, SIZE_MAX - BLOCK + 1, SIZE_MAX / 2 + 1, SIZE_MAX / 2 + BLOCK};
    for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
        add_move((struct move){.kind = MALLOC, .size = huge[i], .has_no_block = true});
    }
}

static void add_frees(void)
{
    const size_t inside[] = {0, 1, 4, 2048, 4095};
    const uintptr_t end = BASE + blocks * BLOCK;
    const uintptr_t foreign[] = {0,
                                 1,
                                 BLOCK,
                                 BASE - 1,
                                 BASE - BLOCK,
                                 end,
                                 end + BLOCK,
                                 end + BLOCK / 2,
                                 BASE / 2,
                                 BASE * 2,
                                 ~BASE + 1,
                                 0x80000000u,
                                 BASE + (1u << 31),
                                 0xFFFFF000u,
                                 UINTPTR_MAX};

    for (size_t block = 0; block < blocks; block++) {
        for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
            add_move((struct move){.kind = FREE_BLOCK, .start = BASE + block * BLOCK + inside[i]});
        }
    }
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        add_move((struct move){.kind = FREE_BLOCK, .start = foreign[i]});
    }
}

static void add_reserves(void)
{
    const uintptr_t top = BASE + blocks * BLOCK;

    for (size_t first = 0; first < blocks; first++) {
        uintptr_t start = BASE + first * BLOCK;
        for (size_t end = first; end <= blocks; end++) {
            add_move((struct move){.kind = RESERVE, .start = start, .end = BASE + end * BLOCK});
        }
        add_move((struct move){.kind = RESERVE, .start = start + 1, .end = start + 2});
        add_move((struct move){.kind = RESERVE, .start = start + 4095, .end = start + BLOCK + 1});
        add_move((struct move){.kind = RESERVE, .start = start + BLOCK, .end = start});
    }
    add_move((struct move){.kind = RESERVE, .start = 0, .end = BASE});
    add_move((struct move){.kind = RESERVE, .start = 0, .end = BASE + 1});
    add_move((struct move){.kind = RESERVE, .start = 0, .end = UINTPTR_MAX});
    add_move((struct move){.kind = RESERVE, .start = top - 1, .end = UINTPTR_MAX});
    add_move((struct move){.kind = RESERVE, .start = top, .end = UINTPTR_MAX});
}

static void add_attaches(void)
{
    uintptr_t memory = (uintptr_t)heads;

    add_move((struct move){.kind = ATTACH, .start = memory, .size = heap_index_bytes(blocks)});
    add_move((struct move){.kind = ATTACH, .start = memory, .size = heap_index_bytes(blocks) - 1});
    add_move((struct move){.kind = ATTACH, .start = memory + 1, .size = SIZE_MAX});
    add_move((struct move){.kind = ATTACH, .start = 0, .size = SIZE_MAX});
}

/* Every byte of the table is the old one, but for [start, end), which is `expected` there. */
static void table_is(const struct state *before, size_t start, size_t end, const uint8_t *expected)
{
    for (size_t block = 0; block < blocks; block++) {
        bool is_inside = block >= start && block < end;
        uint8_t byte = is_inside ? expected[block - start] : before->table[block];

        PROVE(entries[block] == byte, "the table's byte %zu is 0x%02X, not 0x%02X%s", block,
              entries[block], byte, is_inside ? "" : ": a neighbour is touched");
    }
}

static void nothing_has_changed(const struct image *image, const char *call)
{
    const char *what = difference(image);

    PROVE(what == NULL, "%s is refused, but %s has changed", call, what);
}

static void try_malloc(const struct move *move, const struct state *before)
{
    size_t lowest = move->has_no_block ? blocks : first_fit(before->table, move->blocks);
    void *pointer = heap_malloc_owned(&heap, move->size, &new_owner);
    uint8_t expected[BLOCKS_MAX];

    if (pointer == NULL) {
        PROVE(lowest == blocks, "NULL, though a run fits at block %zu", lowest);
        table_is(before, 0, 0, NULL);
        return;
    }
    size_t first = ((uintptr_t)pointer - BASE) / BLOCK;
    PROVE(((uintptr_t)pointer - BASE) % BLOCK == 0 && first < blocks,
          "%p is not the start of a block of the heap", pointer);
    PROVE(lowest < blocks, "%p, though no run fits", pointer);
    PROVE(first + move->blocks <= blocks, "the allocation ends behind the heap");
    for (size_t i = 0; i < move->blocks; i++) {
        PROVE(before->table[first + i] == FREE, "block %zu is handed out twice", first + i);
        expected[i] =
            (uint8_t)(RESERVED | (i == 0 ? IS_FIRST : 0) | (i + 1 < move->blocks ? HAS_NEXT : 0));
    }
    PROVE(before->has_index || first == lowest, "without index it is not the lowest run that fits");
    table_is(before, first, first + move->blocks, expected);
}

static void try_free(const struct move *move, const struct state *before, struct image *image)
{
    size_t block = (move->start - BASE) / BLOCK;
    bool is_right = (move->start - BASE) % BLOCK == 0 && block < blocks &&
                    (before->table[block] & IS_FIRST) != 0;
    int status = heap_free(&heap, (void *)move->start);
    const uint8_t all_free[BLOCKS_MAX] = {FREE};

    if (is_right) {
        PROVE(status == 0, "a right free is refused with %d", status);
        table_is(before, block, allocation_end(before->table, block), all_free);
    } else {
        PROVE(status == (move->start == 0 ? 0 : -EINVARG), "a wrong free returns %d", status);
        nothing_has_changed(image, "the free");
    }
}

static void try_reserve(const struct move *move, const struct state *before, struct image *image)
{
    int status = heap_reserve(&heap, (void *)move->start, (void *)move->end);
    uint8_t expected[BLOCKS_MAX];

    if (move->end < move->start) {
        PROVE(status == -EINVARG, "an inverted range returns %d", status);
        nothing_has_changed(image, "the range");
        return;
    }
    PROVE(status == 0, "heap_reserve() returns %d", status);
    for (size_t block = 0; block < blocks; block++) {
        uintptr_t start = BASE + block * BLOCK;
        bool is_inside =
            move->start < start + BLOCK && move->end > start && move->end > move->start;
        bool is_reserved = is_inside && before->table[block] == FREE;
        expected[block] = is_reserved ? RESERVED : before->table[block];
    }
    table_is(before, 0, blocks, expected);
}

static void try_attach(const struct move *move, const struct state *before, struct image *image)
{
    bool is_right = move->start == (uintptr_t)heads && move->size >= heap_index_bytes(blocks);
    int expected = !is_right ? -EINVARG : before->has_index ? -EISTKN : 0;
    int status = heap_attach_index(&heap, (void *)move->start, move->size);

    PROVE(status == expected, "heap_attach_index() returns %d, not %d", status, expected);
    if (expected != 0) {
        nothing_has_changed(image, "the index");
    }
    table_is(before, 0, 0, NULL);
}

/* ---------------------------------------------------------------- for the search */

static bool step(const void *from, size_t number, void *next)
{
    static struct state known; /* `image` is of this one */
    static struct image image, after;
    const struct state *before = from;
    const struct move *move = &moves[number];

    if (image.heap.total == 0 || memcmp(&known, before, sizeof(known)) != 0) {
        known = *before;
        lay_out(before, &image);
    }
    image.heap.peak_used_blocks = number % 2 == 0 ? image.heap.used_blocks : blocks;
    put(&image);
    switch (move->kind) {
    case MALLOC: try_malloc(move, before); break;
    case FREE_BLOCK: try_free(move, before, &image); break;
    case RESERVE: try_reserve(move, before, &image); break;
    case ATTACH: try_attach(move, before, &image); break;
    }
    size_t peak = image.heap.peak_used_blocks > heap.used_blocks ? image.heap.peak_used_blocks
                                                                 : heap.used_blocks;
    PROVE(heap.peak_used_blocks == peak, "peak_used_blocks is %zu, not %zu", heap.peak_used_blocks,
          peak);
    normalise(before, move->kind == ATTACH && !before->has_index);
    take_snapshot(next);
    lay_out(next, &after);
    const char *what = difference(&after);
    PROVE(what == NULL, "%s is not what table, current run and lists make it", what);
    return true;
}

static void start(void *state)
{
    struct state nothing = {.table = {0}};

    memset(entries - MARGIN, 0xEE, table_bytes());
    memset(heads, PROVE_POISON, heap_index_bytes(blocks));
    PROVE(heap_create(&heap, (void *)BASE, (void *)(BASE + blocks * BLOCK), &table) == 0,
          "heap_create() fails");
    normalise(&nothing, false);
    take_snapshot(state);
}

struct seen {
    const uint8_t *bytes;
    size_t block;
    size_t count;
};

static void see(void *context, void *address, size_t length, const void *owner)
{
    struct seen *seen = context;

    while (seen->block < blocks && !(seen->bytes[seen->block] & IS_FIRST)) {
        seen->block++;
    }
    PROVE((uintptr_t)address == BASE + seen->block * BLOCK && seen->block < blocks,
          "heap_for_each_allocation() visits %p", address);
    PROVE(length == allocation_end(seen->bytes, seen->block) - seen->block,
          "heap_for_each_allocation() says %zu blocks at %p", length, address);
    PROVE(owner == (heap.slots != NULL ? &owners[seen->block] : NULL),
          "heap_for_each_allocation() has another owner for %p", address);
    seen->block++;
    seen->count++;
}

/* heap_check(), and all questions that the heap answers, against the table. */
static void check(const void *of)
{
    const struct state *state = of;
    const char *reason;
    struct heap_stats stats;
    size_t largest = 0, runs = 0, allocations = 0;

    PROVE(heap_check_reason(&heap, &reason) == 0, "heap_check(): %s", reason);
    for (size_t block = 0; block < blocks; block++) {
        const void *pointer = (const void *)(BASE + block * BLOCK);
        bool is_first = (state->table[block] & IS_FIRST) != 0;
        bool is_inside = block > 0 && (state->table[block - 1] & HAS_NEXT) != 0;
        enum heap_pointer_kind kind = state->table[block] == FREE ? HEAP_POINTER_FREE
                                      : is_first                  ? HEAP_POINTER_ALLOCATION
                                      : is_inside                 ? HEAP_POINTER_INTERIOR
                                                                  : HEAP_POINTER_RESERVED;

        PROVE(heap_classify_pointer(&heap, pointer) == kind, "block %zu is classified wrongly",
              block);
        PROVE(heap_allocation_blocks(&heap, pointer) ==
                  (is_first ? allocation_end(state->table, block) - block : 0),
              "heap_allocation_blocks() is wrong for block %zu", block);
        allocations += is_first;
        if (state->table[block] == FREE && (block == 0 || state->table[block - 1] != FREE)) {
            size_t length = free_end(state->table, block) - block;
            runs++;
            largest = length > largest ? length : largest;
        }
    }
    size_t used = count_blocks(state->table, false);
    size_t reserved = count_blocks(state->table, true);
    heap_get_stats(&heap, &stats);
    PROVE(stats.total == blocks && stats.used == used && stats.reserved == reserved &&
              stats.free == blocks - used - reserved && stats.free == heap_free_blocks(&heap) &&
              stats.largest_free_run == largest && stats.free_runs == runs &&
              stats.allocations == allocations,
          "heap_get_stats() has another number than the table");
    struct seen seen = {.bytes = state->table};
    heap_for_each_allocation(&heap, see, &seen);
    PROVE(seen.count == allocations, "heap_for_each_allocation() visits %zu of %zu", seen.count,
          allocations);
}

static void describe_move(size_t number, char *text, size_t bytes)
{
    const struct move *move = &moves[number];

    switch (move->kind) {
    case MALLOC: snprintf(text, bytes, "heap_malloc(%zu)", move->size); break;
    case FREE_BLOCK: snprintf(text, bytes, "heap_free(0x%zX)", (size_t)move->start); break;
    case RESERVE:
        snprintf(text, bytes, "heap_reserve(0x%zX, 0x%zX)", (size_t)move->start, (size_t)move->end);
        break;
    case ATTACH:
        snprintf(text, bytes, "heap_attach_index(0x%zX, %zu)", (size_t)move->start, move->size);
        break;
    }
}

static void describe_state(const void *of, char *text, size_t bytes)
{
    const struct state *state = of;
    size_t length = 0;

    for (size_t block = 0; block < blocks; block++) {
        length += (size_t)snprintf(text + length, bytes - length, "%02X ", state->table[block]);
    }
    if (!state->has_index) {
        snprintf(text + length, bytes - length, "  scan_from %u", state->scan_from);
        return;
    }
    length += (size_t)snprintf(text + length, bytes - length,
                               "  current [%u, %u)%s, listed:", state->current_start,
                               state->current_end, state->is_quick ? " quick" : "");
    for (size_t i = 0; i < state->runs; i++) {
        length += (size_t)snprintf(text + length, bytes - length, " ..%u", state->last[i]);
    }
}

int main(int count, char **arguments)
{
    static char name[128];
    bool reserves = false, shows_progress = false;
    size_t memory_mib = 1024;

    char *end = "";
    bool is_understood = true;

    blocks = count > 1 ? strtoul(arguments[1], &end, 10) : 0;
    for (int i = 2; i < count; i++) {
        bool is_reserve = strcmp(arguments[i], "reserve") == 0;
        bool is_progress = strcmp(arguments[i], "progress") == 0;

        reserves |= is_reserve;
        shows_progress |= is_progress;
        is_understood &= is_reserve || is_progress ||
                         sscanf(arguments[i], "offset=%zu", &offset) == 1 ||
                         sscanf(arguments[i], "memory=%zu", &memory_mib) == 1;
    }
    if (blocks == 0 || blocks > BLOCKS_MAX || offset > 3 || *end != '\0' || !is_understood) {
        fprintf(stderr,
                "usage: prove_heap BLOCKS (1 to %d) [reserve] [offset=0..3] [progress]"
                " [memory=MIB]\n",
                BLOCKS_MAX);
        return 2;
    }
    entries = (uint8_t *)prove_guarded_memory(MARGIN + blocks + offset) + MARGIN;
    heads = prove_guarded_memory(heap_index_bytes(blocks));
    slots = (struct heap_slot *)(void *)(heads + HEAP_CLASSES);
    table = (struct heap_table){.entries = entries, .total = blocks};
    add_mallocs();
    add_frees();
    add_attaches();
    if (reserves) {
        add_reserves();
    }
    snprintf(name, sizeof(name), "heap of %zu blocks, with and without index%s, table at end - %zu",
             blocks, reserves ? ", reserving" : "", blocks + offset);
    const struct prove_model model = {
        .name = name,
        .state_bytes = sizeof(struct state),
        .moves = move_count,
        .start = start,
        .step = step,
        .check = check,
        .describe_move = describe_move,
        .describe_state = describe_state,
    };
    return prove(&model, memory_mib, shows_progress);
}
