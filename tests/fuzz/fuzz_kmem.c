/*
 * fuzz_kmem.c - any sequence of operations on small objects and caches of them. What an object
 * holds stays what was written there, a wrong free is a panic, and at the end nothing is left.
 * Sources: src/memory/heap/kmem_cache.c src/memory/heap/heap.c
 * Sources: tests/host/stub_memory.c tests/host/stub_kheap.c
 *
 *   byte 0     how large the pool is
 *   3 bytes    an operation and its two operands; again and again
 */
#include "fuzz.h"

#include "memory/heap/heap.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "base/status.h"
#include "stub_memory.h"

#define LIVE_MAX   256
#define CACHES_MAX 4

struct live {
    uint8_t *start; /* NULL: none */
    size_t size;
    int cache; /* -1: kmem_alloc() */
};

static struct live lives[LIVE_MAX];
static struct kmem_cache *caches[CACHES_MAX];
static size_t cache_bytes[CACHES_MAX];

static void check_content(unsigned number)
{
    const struct live *live = &lives[number];

    for (size_t i = 0; i < live->size; i++) {
        FUZZ_CHECK(live->start[i] == (uint8_t)(number + 1));
    }
}

static void note(uint8_t *start, size_t size, size_t alignment, int cache)
{
    unsigned number = 0;

    if (!start) {
        return;
    }
    FUZZ_CHECK((uintptr_t)start % alignment == 0);
    while (number < LIVE_MAX && lives[number].start) {
        number++;
    }
    if (number == LIVE_MAX) {
        cache < 0 ? kmem_free(start) : kmem_cache_free(caches[cache], start);
        return;
    }
    lives[number] = (struct live){.start = start, .size = size, .cache = cache};
    memset(start, (int)number + 1, size);
}

static void do_alloc(size_t size, bool is_zeroed)
{
    uint8_t *start = is_zeroed ? kmem_zalloc(size) : kmem_alloc(size);

    FUZZ_CHECK(size > 0 || !start);
    for (size_t i = 0; start && is_zeroed && i < size; i++) {
        FUZZ_CHECK(start[i] == 0);
    }
    note(start, size, KMEM_ALIGNMENT, -1);
}

static void do_free(unsigned number)
{
    struct live *live = &lives[number % LIVE_MAX];

    if (live->start) {
        check_content(number % LIVE_MAX);
        live->cache < 0 ? kmem_free(live->start)
                        : kmem_cache_free(caches[live->cache], live->start);
        live->start = NULL;
    }
}

/* Noticed always, and nothing changes. */
static void do_free_inside(unsigned number, size_t offset)
{
    const struct live *live = &lives[number % LIVE_MAX];

    if (live->start && live->size > 1) {
        uint8_t *inside = live->start + 1 + offset % (live->size - 1);

        FUZZ_CHECK(STUB_PANICS(kmem_free(inside)));
    }
}

static void do_cache(int number, size_t object_bytes, unsigned alignment_bits)
{
    bool is_alive = false;

    for (unsigned i = 0; i < LIVE_MAX; i++) {
        is_alive = is_alive || (lives[i].start && lives[i].cache == number);
    }
    if (caches[number]) {
        FUZZ_CHECK(kmem_cache_destroy(caches[number]) == (is_alive ? -EBUSY : OK));
        if (!is_alive) {
            caches[number] = NULL;
        }
    } else {
        size_t alignment = alignment_bits ? (size_t)1 << alignment_bits : 0;

        caches[number] = kmem_cache_create("fuzz", object_bytes, alignment);
        cache_bytes[number] = object_bytes;
        FUZZ_CHECK(!caches[number] || (object_bytes > 0 && object_bytes <= KMEM_OBJECT_BYTES_MAX &&
                                       alignment <= KMEM_ALIGNMENT_MAX));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {.data = data, .left = size};
    size_t blocks = 4 + fuzz_byte(&input);

    stub_kheap_create(blocks);
    memset(lives, 0, sizeof(lives));
    memset(caches, 0, sizeof(caches));
    for (unsigned step = 0; input.left > 0; step++) {
        uint8_t operation = fuzz_byte(&input);
        unsigned a = fuzz_byte(&input);
        unsigned b = fuzz_byte(&input);
        int cache = (int)(b % CACHES_MAX);

        switch (operation % 8) {
        case 0: do_alloc(a, operation & 0x80); break;
        case 1: do_alloc((a << 8 | b) % 5000, operation & 0x80); break;
        case 2:
            do_cache(cache, (a * 9 + b / CACHES_MAX) % (KMEM_OBJECT_BYTES_MAX + 10),
                     operation / 16);
            break;
        case 3:
        case 4:
            if (caches[cache]) {
                note(kmem_cache_alloc(caches[cache]), cache_bytes[cache], KMEM_ALIGNMENT, cache);
            }
            break;
        case 5:
            if (a & 1) {
                do_free_inside(b, a);
            } else if (b % 8 == 0) {
                kmem_reap();
            }
            break;
        default: do_free(a); break;
        }
        if (step % 16 == 0) {
            FUZZ_CHECK(kmem_check() == OK);
        }
    }
    FUZZ_CHECK(kmem_check() == OK && heap_check(kheap_get()) == OK);
    for (unsigned i = 0; i < LIVE_MAX; i++) {
        do_free(i);
    }
    for (int i = 0; i < CACHES_MAX; i++) {
        if (caches[i]) {
            FUZZ_CHECK(kmem_cache_destroy(caches[i]) == OK);
        }
    }
    FUZZ_CHECK(kmem_live_objects() == 0 && kmem_check() == OK);
    kmem_reap();
    FUZZ_CHECK(kmem_slab_blocks() == 0);
    FUZZ_CHECK(heap_free_blocks(kheap_get()) == blocks);
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *data)
{
    return number < 24 ? fuzz_seed_random(number, data, 1500) : 0;
}
