/*
 * test_heap_model.c - the block heap against a model: long random runs with fixed seeds, and every
 * short sequence of operations on a small pool. Each runs with and without the index.
 * Sources: src/memory/heap/heap.c
 */
#include "heap_fixture.h"
#include "random.h"

/* ---------------------------------------------------------------- the model */

#define MODEL_BLOCKS_MAX 1024

/* For each block: 0 free, -1 reserved, else the number of its allocation. */
struct model {
    size_t total;
    int owner[MODEL_BLOCKS_MAX];
};

static size_t model_largest_run(const struct model *model)
{
    size_t largest = 0;
    size_t run = 0;

    for (size_t i = 0; i < model->total; i++) {
        run = model->owner[i] == 0 ? run + 1 : 0;
        largest = run > largest ? run : largest;
    }
    return largest;
}

/* The table byte that the model says. */
static unsigned char model_entry(const struct model *model, size_t block)
{
    int owner = model->owner[block];

    if (owner == 0) {
        return 0x00;
    }
    if (owner < 0) {
        return 0x01;
    }
    bool is_first = block == 0 || model->owner[block - 1] != owner;
    bool is_last = block + 1 == model->total || model->owner[block + 1] != owner;
    return (unsigned char)(0x01 | (is_first ? 0x40 : 0) | (is_last ? 0 : 0x80));
}

static void assert_table_is_model(const struct heap *heap, const struct model *model)
{
    for (size_t i = 0; i < model->total; i++) {
        if (heap->table->entries[i] != model_entry(model, i)) {
            fail_msg("block %zu: table %02X, model %02X", i, heap->table->entries[i],
                     model_entry(model, i));
        }
    }
}

/* Enters an allocation of that many blocks at ptr, which must have been free. */
static size_t model_take(struct model *model, uintptr_t start, void *ptr, size_t blocks, int owner)
{
    size_t first = ((uintptr_t)ptr - start) / BLOCK;

    assert_int_equal((uintptr_t)ptr % BLOCK, 0);
    assert_true(first + blocks <= model->total);
    for (size_t i = first; i < first + blocks; i++) {
        assert_int_equal(model->owner[i], 0);
        model->owner[i] = owner;
    }
    return first;
}

/* ---------------------------------------------------------------- random runs */

#define LIVE_MAX 600

struct live {
    unsigned char *ptr;
    size_t size;
    size_t first;
    size_t blocks;
    int number;
};

/* What the allocation with that number has at offset. */
static unsigned char pattern(int number, size_t offset)
{
    return (unsigned char)(number * 37 + offset * 11 + offset / 4096);
}

/* Some bytes of each block: enough to see an overlap, fast enough under the sanitizers. */
static void paint(const struct live *live)
{
    for (size_t i = 0; i < live->size; i += 509) {
        live->ptr[i] = pattern(live->number, i);
    }
}

static void assert_painted(const struct live *live)
{
    for (size_t i = 0; i < live->size; i += 509) {
        assert_int_equal(live->ptr[i], pattern(live->number, i));
    }
}

/* How large the requests are: most small, some large, a few impossible. */
static size_t random_size(size_t total, unsigned mood)
{
    switch (random_below(mood)) {
    case 0: return random_below((uint32_t)(total + total / 8)) * BLOCK + random_below(4096);
    case 1: return random_below(64) * BLOCK;
    case 2: return 1 + random_below(8 * 4096);
    default: return 1 + random_below(4096);
    }
}

static void run_random(size_t total, uint32_t seed, unsigned operations, bool indexed)
{
    struct fixture f;
    struct model model = {.total = total};
    struct live lives[LIVE_MAX];
    size_t live_count = 0;
    unsigned char *pool = aligned_alloc(BLOCK, total * BLOCK);

    random_state = seed;
    fixture_open_at(&f, (uintptr_t)pool, total, indexed);
    if (seed % 3 == 0) {
        size_t hole = random_below((uint32_t)total);
        assert_int_equal(heap_reserve(&f.heap, pool + hole * BLOCK, pool + (hole + 1) * BLOCK), 0);
        model.owner[hole] = -1;
    }
    for (unsigned step = 1; step <= operations; step++) {
        /* Alternates between filling up and running empty. */
        bool filling = step / 400 % 2 == 0;
        if (live_count < LIVE_MAX && random_below(10) < (filling ? 7u : 3u)) {
            size_t size = random_size(total, 3 + seed % 8);
            size_t blocks = size / BLOCK + (size % BLOCK != 0);
            bool must_fit = size > 0 && blocks <= model_largest_run(&model);
            unsigned char *ptr = heap_malloc(&f.heap, size);
            assert_int_equal(ptr != NULL, must_fit);
            if (ptr != NULL) {
                struct live *live = &lives[live_count++];
                *live = (struct live){.ptr = ptr, .size = size, .blocks = blocks};
                live->number = (int)step;
                live->first = model_take(&model, (uintptr_t)pool, ptr, blocks, live->number);
                paint(live);
            }
        } else if (live_count > 0) {
            size_t victim = random_below((uint32_t)live_count);
            struct live *live = &lives[victim];
            assert_painted(live);
            assert_int_equal(heap_allocation_blocks(&f.heap, live->ptr), live->blocks);
            if (live->blocks > 1) {
                void *inside = live->ptr + random_below((uint32_t)live->blocks - 1) * BLOCK + BLOCK;
                assert_int_equal(heap_free(&f.heap, inside), -EINVARG);
            }
            assert_int_equal(heap_free(&f.heap, live->ptr + 1 + random_below(4095)), -EINVARG);
            assert_int_equal(heap_free(&f.heap, live->ptr), 0);
            assert_int_equal(heap_free(&f.heap, live->ptr), -EINVARG);
            memset(&model.owner[live->first], 0, live->blocks * sizeof(int));
            *live = lives[--live_count];
        }
        if (step % 16 == 0) {
            assert_table_is_model(&f.heap, &model);
            assert_heap_is_sound(&f.heap);
        }
    }
    while (live_count > 0) {
        struct live *live = &lives[--live_count];
        assert_painted(live);
        assert_int_equal(heap_free(&f.heap, live->ptr), 0);
    }
    struct heap_stats stats;
    heap_get_stats(&f.heap, &stats);
    assert_int_equal(stats.used, 0);
    assert_int_equal(stats.free, total - stats.reserved);
    fixture_close(&f);
    free(pool);
}

static void random_operations_on_a_small_pool(void **state)
{
    for (uint32_t seed = 1; seed <= 20; seed++) {
        run_random(40, seed, 2000, IS_INDEXED(state));
    }
}

static void random_operations_on_an_odd_pool(void **state)
{
    for (uint32_t seed = 101; seed <= 110; seed++) {
        run_random(257, seed, 3000, IS_INDEXED(state));
    }
}

/* Large enough for classes that hold several lengths. */
static void random_operations_on_a_large_pool(void **state)
{
    for (uint32_t seed = 201; seed <= 208; seed++) {
        run_random(1021, seed, 4000, IS_INDEXED(state));
    }
}

/* Runs of more than 255 blocks only: almost every request searches a shared class. */
static void random_large_requests(void **state)
{
    struct fixture f;
    struct live lives[LIVE_MAX];
    size_t live_count = 0;
    struct heap_stats stats;

    random_state = 4711;
    fixture_open(&f, 25600, IS_INDEXED(state));
    for (unsigned step = 0; step < 3000; step++) {
        if (live_count < 80 && random_below(10) < 6) {
            size_t blocks = 250 + random_below(random_below(8) == 0 ? 3000 : 80);
            heap_get_stats(&f.heap, &stats);
            void *ptr = heap_malloc(&f.heap, blocks * BLOCK);
            assert_int_equal(ptr != NULL, blocks <= stats.largest_free_run);
            if (ptr != NULL) {
                lives[live_count++] = (struct live){.ptr = ptr, .blocks = blocks};
            }
        } else if (live_count > 0) {
            size_t victim = random_below((uint32_t)live_count);
            assert_int_equal(heap_free(&f.heap, lives[victim].ptr), 0);
            lives[victim] = lives[--live_count];
        }
        if (step % 8 == 0) {
            assert_heap_is_sound(&f.heap);
        }
    }
    fixture_close(&f);
}

/* ---------------------------------------------------------------- every short sequence */

#define SMALL_BLOCKS     8
#define SEQUENCE_LENGTH  6
#define MALLOC_CHOICES   9 /* of 1 to 9 blocks */
#define SEQUENCE_CHOICES (MALLOC_CHOICES + SEQUENCE_LENGTH)

/*
 * Each operation is malloc of 1 to 9 blocks or free of the i-th live allocation. The heap of a
 * prefix is made anew for each sequence: it is small, and restoring one would have to know its
 * insides.
 */
struct sequence {
    unsigned char choice[SEQUENCE_LENGTH];
    size_t live_count; /* after all of it */
};

static unsigned sequences_run;

static void run_sequence(struct sequence *sequence, size_t length, bool indexed, void *index)
{
    static unsigned char entries[SMALL_BLOCKS];
    struct heap_table table = {.entries = entries, .total = SMALL_BLOCKS};
    struct heap heap;
    struct model model = {.total = SMALL_BLOCKS};
    struct live lives[SEQUENCE_LENGTH];
    size_t live_count = 0;

    sequences_run++;
    assert_int_equal(heap_create(&heap, block_at(0), block_at(SMALL_BLOCKS), &table), 0);
    if (indexed) {
        assert_int_equal(heap_attach_index(&heap, index, heap_index_bytes(SMALL_BLOCKS)), 0);
    }
    for (size_t i = 0; i < length; i++) {
        unsigned choice = sequence->choice[i];
        if (choice < MALLOC_CHOICES) {
            size_t blocks = choice + 1;
            bool must_fit = blocks <= model_largest_run(&model);
            void *ptr = heap_malloc(&heap, blocks * BLOCK);
            if ((ptr != NULL) != must_fit) {
                fail_msg("malloc of %zu blocks: %p", blocks, ptr);
            }
            if (ptr != NULL) {
                size_t first = model_take(&model, POOL_START, ptr, blocks, (int)i + 1);
                lives[live_count++] = (struct live){.ptr = ptr, .first = first, .blocks = blocks};
            }
        } else {
            size_t victim = choice - MALLOC_CHOICES;
            assert_int_equal(heap_free(&heap, lives[victim].ptr), 0);
            assert_int_equal(heap_free(&heap, lives[victim].ptr), -EINVARG);
            memset(&model.owner[lives[victim].first], 0, lives[victim].blocks * sizeof(int));
            for (size_t j = victim + 1; j < live_count; j++) {
                lives[j - 1] = lives[j];
            }
            live_count--;
        }
    }
    assert_table_is_model(&heap, &model);
    /* What is not the start of an allocation is refused. */
    for (size_t block = 0; block < SMALL_BLOCKS; block++) {
        if (!(model_entry(&model, block) & HEAP_BLOCK_IS_FIRST)) {
            assert_int_equal(heap_free(&heap, block_at(block)), -EINVARG);
        }
    }
    /* Reads the heads of all classes: every sequence would take a minute. */
    if (!indexed || sequences_run % 16 == 0) {
        assert_heap_is_sound(&heap);
    }
    sequence->live_count = live_count;
}

/* All continuations of the first length operations, depth first. */
static void run_continuations(struct sequence *sequence, size_t length, bool indexed, void *index)
{
    run_sequence(sequence, length, indexed, index);
    if (length == SEQUENCE_LENGTH) {
        return;
    }
    size_t choices = MALLOC_CHOICES + sequence->live_count;
    for (size_t choice = 0; choice < choices; choice++) {
        sequence->choice[length] = (unsigned char)choice;
        run_continuations(sequence, length + 1, indexed, index);
    }
}

static void every_sequence_of_6_operations_on_8_blocks(void **state)
{
    struct sequence sequence = {.live_count = 0};
    void *index = malloc(heap_index_bytes(SMALL_BLOCKS));

    sequences_run = 0;
    run_continuations(&sequence, 0, IS_INDEXED(state), index);
    assert_true(sequences_run > 500000);
    print_message("           %u sequences\n", sequences_run);
    free(index);
}

/* ---------------------------------------------------------------- completeness */

/* Every pattern of taken and free blocks of a pool of 12, and then every request. */
static void a_request_succeeds_exactly_when_a_run_is_long_enough(void **state)
{
    enum { BLOCKS = 12 };

    for (unsigned taken = 0; taken < 1u << BLOCKS; taken++) {
        struct fixture f;
        size_t largest = 0;
        size_t run = 0;
        fixture_open(&f, BLOCKS, IS_INDEXED(state));
        for (size_t i = 0; i < BLOCKS; i++) {
            assert_non_null(heap_malloc(&f.heap, 1));
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            if (taken >> i & 1) {
                run = 0;
            } else {
                assert_int_equal(heap_free(&f.heap, block_at(i)), 0);
                largest = ++run > largest ? run : largest;
            }
        }
        for (size_t blocks = BLOCKS; blocks > largest; blocks--) {
            assert_null(heap_malloc(&f.heap, blocks * BLOCK));
        }
        if (largest > 0) {
            assert_non_null(heap_malloc(&f.heap, largest * BLOCK));
        }
        if (taken % 8 == 0) {
            assert_heap_is_sound(&f.heap);
        }
        free(f.index);
        free(f.table.entries);
    }
}

/* One free run of each length among fences: each length up to the longest must be served. */
static void every_length_up_to_the_longest_run_is_served(void **state)
{
    for (size_t longest = 1; longest < 700; longest = longest * 5 / 4 + 1) {
        for (size_t blocks = 1; blocks <= longest; blocks = blocks * 9 / 8 + 1) {
            struct fixture f;
            fixture_open(&f, longest + longest / 2 + 4, IS_INDEXED(state));
            void *run = heap_malloc(&f.heap, longest * BLOCK);
            void *fence = heap_malloc(&f.heap, BLOCK);
            assert_non_null(run);
            assert_non_null(fence);
            assert_non_null(heap_malloc(&f.heap, heap_free_blocks(&f.heap) * BLOCK));
            assert_int_equal(heap_free(&f.heap, run), 0);
            assert_null(heap_malloc(&f.heap, longest * BLOCK + 1));
            assert_ptr_equal(heap_malloc(&f.heap, blocks * BLOCK), run);
            fixture_close(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH_MODES(random_operations_on_a_small_pool),
        BOTH_MODES(random_operations_on_an_odd_pool),
        BOTH_MODES(random_operations_on_a_large_pool),
        BOTH_MODES(random_large_requests),
        BOTH_MODES(every_sequence_of_6_operations_on_8_blocks),
        BOTH_MODES(a_request_succeeds_exactly_when_a_run_is_long_enough),
        BOTH_MODES(every_length_up_to_the_longest_run_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
