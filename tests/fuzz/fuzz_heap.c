/*
 * fuzz_heap.c - any sequence of operations on a block heap, beside a model: for each block, whose
 * it is. After each operation the table is what the model says, byte by byte; what an allocation
 * holds stays what was written there.
 * Sources: src/memory/heap/heap.c
 *
 *   byte 0     bit 0: with an index; the rest chooses the pool's size
 *   3 bytes    an operation and its two operands; again and again
 */
#include "fuzz.h"

#include "memory/heap/heap.h"
#include "base/status.h"

#define BLOCK      ((size_t)HEAP_BLOCK_SIZE_BYTES)
#define BLOCKS_MAX 600
#define LIVE_MAX   200
#define FREE       0
#define RESERVED   (-1)

struct live {
    uint8_t *start; /* NULL: none */
    size_t size;
};

static uint8_t pool[BLOCKS_MAX * 4096] __attribute__((aligned(4096)));

static struct {
    struct heap heap;
    struct heap_table table;
    size_t total;
    int owner[BLOCKS_MAX]; /* FREE, RESERVED, or 1 + the number in live */
    struct live live[LIVE_MAX];
} f;

static size_t blocks_of(size_t size)
{
    return size / BLOCK + (size % BLOCK != 0);
}

static uint8_t pattern(unsigned number, size_t offset)
{
    return (uint8_t)(number * 37 + offset / BLOCK * 11 + 1);
}

/* Both ends of each block: whoever overlaps another writes there. */
static void paint(unsigned number)
{
    const struct live *live = &f.live[number];

    for (size_t at = 0; at < live->size; at += BLOCK) {
        live->start[at] = pattern(number, at);
    }
    live->start[live->size - 1] = pattern(number, live->size - 1);
}

static void check_painted(unsigned number)
{
    const struct live *live = &f.live[number];

    for (size_t at = 0; at < live->size - 1; at += BLOCK) {
        FUZZ_CHECK(live->start[at] == pattern(number, at));
    }
    FUZZ_CHECK(live->start[live->size - 1] == pattern(number, live->size - 1));
}

static size_t largest_run(void)
{
    size_t largest = 0;
    size_t run = 0;

    for (size_t i = 0; i < f.total; i++) {
        run = f.owner[i] == FREE ? run + 1 : 0;
        largest = run > largest ? run : largest;
    }
    return largest;
}

static uint8_t model_entry(size_t block)
{
    int owner = f.owner[block];

    if (owner <= 0) {
        return owner == FREE ? 0x00 : 0x01;
    }
    bool is_first = block == 0 || f.owner[block - 1] != owner;
    bool is_last = block + 1 == f.total || f.owner[block + 1] != owner;
    return (uint8_t)(0x01 | (is_first ? 0x40 : 0) | (is_last ? 0 : 0x80));
}

static void check_table(void)
{
    size_t free = 0;

    for (size_t i = 0; i < f.total; i++) {
        FUZZ_CHECK(f.table.entries[i] == model_entry(i));
        free += f.owner[i] == FREE;
    }
    FUZZ_CHECK(heap_free_blocks(&f.heap) == free);
}

static void set_owner(size_t first, size_t blocks, int owner)
{
    for (size_t i = first; i < first + blocks; i++) {
        FUZZ_CHECK((f.owner[i] == FREE) == (owner != FREE));
        f.owner[i] = owner;
    }
}

static void do_malloc(size_t size)
{
    bool must_fit = size > 0 && size / BLOCK <= f.total && blocks_of(size) <= largest_run();
    unsigned number = 0;

    while (number < LIVE_MAX && f.live[number].start) {
        number++;
    }
    if (number == LIVE_MAX) {
        return;
    }
    uint8_t *start = heap_malloc(&f.heap, size);
    FUZZ_CHECK((start != NULL) == must_fit);
    if (start) {
        FUZZ_CHECK((uintptr_t)start % BLOCK == 0);
        FUZZ_CHECK(start >= pool && size <= (size_t)(pool + f.total * BLOCK - start));
        set_owner((size_t)(start - pool) / BLOCK, blocks_of(size), (int)number + 1);
        f.live[number] = (struct live){.start = start, .size = size};
        paint(number);
        FUZZ_CHECK(heap_allocation_blocks(&f.heap, start) == blocks_of(size));
    }
}

static void do_free(unsigned number)
{
    struct live *live = &f.live[number % LIVE_MAX];

    if (live->start) {
        check_painted(number % LIVE_MAX);
        FUZZ_CHECK(heap_free(&f.heap, live->start) == OK);
        FUZZ_CHECK(heap_free(&f.heap, live->start) == -EINVARG);
        set_owner((size_t)(live->start - pool) / BLOCK, blocks_of(live->size), FREE);
        live->start = NULL;
    }
}

/* A pointer that is nobody's, or inside somebody's. */
static void do_free_wrong(size_t block, size_t offset)
{
    uint8_t *wrong = (uint8_t *)((uintptr_t)pool + block * BLOCK + offset);
    bool is_start = block < f.total && offset == 0 && model_entry(block) & 0x40;

    if (!is_start) {
        FUZZ_CHECK(heap_free(&f.heap, wrong) == -EINVARG);
        FUZZ_CHECK(heap_allocation_blocks(&f.heap, wrong) == 0);
        FUZZ_CHECK(heap_classify_pointer(&f.heap, wrong) != HEAP_POINTER_ALLOCATION);
    }
}

static void do_reserve(size_t block, size_t blocks)
{
    uintptr_t start = (uintptr_t)pool + block % f.total * BLOCK;

    FUZZ_CHECK(heap_reserve(&f.heap, (void *)start, (void *)(start + blocks * BLOCK)) == OK);
    for (size_t i = block % f.total; i < f.total && blocks > 0; i++, blocks--) {
        f.owner[i] = f.owner[i] == FREE ? RESERVED : f.owner[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.data = data, .left = size};
    uint8_t shape = fuzz_byte(&input);
    size_t index_bytes;
    void *index = NULL;

    memset(&f, 0, sizeof(f));
    f.total = shape & 0x80 ? BLOCKS_MAX : 1 + (shape >> 1) % 64;
    f.table.total = f.total;
    f.table.entries = malloc(f.total);
    FUZZ_CHECK(heap_create(&f.heap, pool, pool + f.total * BLOCK, &f.table) == OK);
    if (shape & 1) {
        index_bytes = heap_index_bytes(f.total);
        index = malloc(index_bytes);
        FUZZ_CHECK(heap_attach_index(&f.heap, index, index_bytes) == OK);
    }
    for (unsigned step = 0; input.left > 0; step++) {
        uint8_t operation = fuzz_byte(&input);
        size_t a = fuzz_byte(&input);
        size_t b = fuzz_byte(&input);

        switch (operation % 8) {
        case 0: do_malloc(a % 8 * BLOCK + b); break;
        case 1: do_malloc((b << 8 | a) % (f.total + 2) * BLOCK + operation / 8 % 3 - 1); break;
        case 2: do_malloc(SIZE_MAX - a * (b ? BLOCK : 1)); break;
        case 3: do_free_wrong((b << 8 | a) % (f.total + 4), operation & 0x80 ? 1 + a : 0); break;
        case 4:
            if (operation == 4) { /* seldom: what is reserved never comes back */
                do_reserve(a | b << 8, b % 4);
            }
            break;
        default: do_free((unsigned)(a * 7 + b)); break;
        }
        check_table();
        if (step % 32 == 0) {
            FUZZ_CHECK(heap_check(&f.heap) == OK);
        }
    }
    FUZZ_CHECK(heap_check(&f.heap) == OK);
    for (unsigned i = 0; i < LIVE_MAX; i++) {
        do_free(i);
    }
    check_table();
    FUZZ_CHECK(heap_check(&f.heap) == OK);
    free(index);
    free(f.table.entries);
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    size_t length = fuzz_seed_random(number, data, 1500);

    data[0] = (uint8_t)(number * 2 + number / 8 % 2 + (number % 5 == 4 ? 0x80 : 0));
    return number < 24 ? length : 0;
}
