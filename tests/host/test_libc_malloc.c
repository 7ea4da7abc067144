/*
 * test_libc_malloc.c - the programs' malloc over a made-up kernel that counts its page runs.
 * Sources:
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the kernel's part: zeroed, page-aligned runs */

#define RUNS_MAX 512

static struct {
    void *start;
    size_t bytes;
} runs[RUNS_MAX];
static unsigned runs_live;
static unsigned calls;
static unsigned runs_limit = RUNS_MAX;

void *page_malloc(size_t size);
int page_free(void *pages);

void *page_malloc(size_t size)
{
    calls++;
    if (runs_live >= runs_limit || size > 0x10000000) {
        return NULL;
    }
    size = (size + 4095) & ~(size_t)4095;
    void *start = aligned_alloc(4096, size);
    assert_non_null(start);
    memset(start, 0, size);
    for (unsigned i = 0; i < RUNS_MAX; i++) {
        if (runs[i].start == NULL) {
            runs[i].start = start;
            runs[i].bytes = size;
            runs_live++;
            return start;
        }
    }
    fail_msg("too many runs");
    return NULL;
}

int page_free(void *pages)
{
    calls++;
    for (unsigned i = 0; i < RUNS_MAX; i++) {
        if (pages != NULL && runs[i].start == pages) {
            free(pages);
            runs[i].start = NULL;
            runs_live--;
            return 0;
        }
    }
    fail_msg("page_free of %p, which is no run", pages);
    return -1;
}

/* ---- the code under test, beside the host's own functions */

static jmp_buf aborted;
static char message[256];

static void record_message(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
}

#define malloc  drupe_malloc
#define calloc  drupe_calloc
#define realloc drupe_realloc
#define free    drupe_free
#define abort() longjmp(aborted, 1)
#define printf  record_message
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);
#include "../../programs/libc/malloc_blocks.c"
#include "../../programs/libc/malloc.c"
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef abort
#undef printf

/* ---- the checker: walks every chunk and holds it against the invariants */

static unsigned times_listed(const struct block *wanted)
{
    unsigned times = 0;
    for (unsigned list = 0; list < LISTS; list++) {
        for (struct block *block = free_lists[list]; block != NULL; block = block->next) {
            assert_int_equal(list_for(size_of(block)), list);
            assert_false(is_taken(block));
            assert_true(block->next == NULL || block->next->previous == block);
            times += block == wanted;
        }
    }
    return times;
}

static bool slab_is_listed(const struct slab *wanted)
{
    unsigned times = 0;
    for (unsigned i = 0; i < OBJECT_SIZES; i++) {
        for (struct slab *slab = heap.slabs[i]; slab != NULL; slab = slab->next) {
            assert_int_equal(slab->object_bytes, i * ALIGNMENT);
            assert_true(slab->next == NULL || slab->next->previous == slab);
            times += slab == wanted;
        }
    }
    assert_in_range(times, 0, 1);
    return times == 1;
}

/* Returns whether something lives in the slab. */
static bool check_slab(struct block *block)
{
    struct slab *slab = memory_of(block);
    size_t count = (SLAB_BYTES - FIRST_OBJECT) / slab->object_bytes;
    size_t live = 0, listed = 0;
    assert_int_equal(size_of(block) >= SLAB_BYTES, true);
    assert_true(slab->seal == ((uintptr_t)slab ^ SEAL));
    for (size_t i = 0; i < count; i++) {
        struct block *object = block_at(block, (intptr_t)(FIRST_OBJECT + i * slab->object_bytes));
        assert_int_equal((uintptr_t)memory_of(object) % 16, 0);
        assert_int_equal(size_of(object), slab->object_bytes);
        assert_ptr_equal(block_of_place(object), block);
        assert_true((object->size_and_flags & FLAG_OBJECT) != 0);
        live += is_taken(object);
    }
    for (struct block *object = slab->free_objects; object != NULL; object = object->next) {
        assert_ptr_equal(block_of_place(object), block);
        assert_false(is_taken(object));
        listed++;
    }
    assert_int_equal(slab->live_objects, live);
    assert_int_equal(listed, count - live);
    assert_int_equal(slab_is_listed(slab), listed > 0);
    return live > 0;
}

/* Returns how many of the chunk's slabs are empty. */
static unsigned check_chunk(struct chunk *chunk)
{
    size_t total = 0, before = 0, live = 0;
    unsigned empty_slabs = 0;
    bool was_free = false;
    struct block *block = first_block(chunk);
    for (; size_of(block) != 0; block = block_after(block)) {
        assert_int_equal(block->before * ALIGNMENT, before);
        assert_ptr_equal(chunk_of(block), chunk);
        assert_int_equal((uintptr_t)memory_of(block) % 16, 0);
        assert_false(was_free && !is_taken(block));
        was_free = !is_taken(block);
        assert_int_equal(times_listed(block), was_free ? 1 : 0);
        if (block->size_and_flags & FLAG_SLAB) {
            bool lives = check_slab(block);
            live += lives;
            empty_slabs += !lives;
        } else {
            live += is_taken(block);
        }
        before = size_of(block);
        total += before;
    }
    assert_int_equal(block->before * ALIGNMENT, before);
    assert_int_equal(total, BLOCK_BYTES_MAX);
    assert_int_equal(chunk->live, live);
    assert_int_equal(live == 0, heap.spare == chunk);
    return empty_slabs;
}

static void check_heap(void)
{
    unsigned empty_slabs = 0;
    bool is_spare_there = heap.spare == NULL;
    for (unsigned i = 0; i < RUNS_MAX; i++) {
        struct chunk *chunk = runs[i].start;
        if (chunk == NULL) {
            continue;
        }
        assert_int_equal(chunk->bytes, runs[i].bytes);
        is_spare_there |= heap.spare == chunk;
        if (!(first_block(chunk)->size_and_flags & FLAG_DIRECT)) {
            empty_slabs += check_chunk(chunk);
        }
    }
    assert_true(is_spare_there);
    assert_int_equal(heap.empty_slabs, empty_slabs);
}

static int reset(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RUNS_MAX; i++) {
        free(runs[i].start);
        runs[i].start = NULL;
    }
    memset(&heap, 0, sizeof(heap));
    memset(free_lists, 0, sizeof(free_lists));
    runs_live = 0;
    calls = 0;
    runs_limit = RUNS_MAX;
    message[0] = '\0';
    return 0;
}

/* Nothing is left but, perhaps, the spare chunk. */
static void assert_nothing_left(void)
{
    check_heap();
    assert_int_equal(runs_live, heap.spare != NULL ? 1 : 0);
}

#define ASSERT_ABORTS(statement)                           \
    do {                                                   \
        if (setjmp(aborted) == 0) {                        \
            statement;                                     \
            fail_msg("%s went through", #statement);       \
        }                                                  \
        assert_non_null(strstr(message, "not the start")); \
        message[0] = '\0';                                 \
    } while (0)

static void assert_free_is_refused(void *memory)
{
    ASSERT_ABORTS(drupe_free(memory));
}

static void test_zero_is_null_and_asks_for_nothing(void **state)
{
    (void)state;
    assert_null(drupe_malloc(0));
    assert_null(drupe_calloc(0, 10));
    assert_null(drupe_calloc(10, 0));
    assert_int_equal(calls, 0);
}

static void test_one_byte(void **state)
{
    (void)state;
    char *memory = drupe_malloc(1);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 16, 0);
    *memory = 'x';
    check_heap();
    drupe_free(memory);
    assert_nothing_left();
}

static void test_every_size_is_all_ones_own(void **state)
{
    (void)state;
    for (size_t size = 1; size < 2000; size++) {
        uint8_t *first = drupe_malloc(size);
        uint8_t *second = drupe_malloc(size);
        memset(first, 0xAA, size);
        memset(second, 0x55, size);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(first[i], 0xAA);
        }
        drupe_free(first);
        drupe_free(second);
    }
    assert_nothing_left();
}

static void test_many_small_blocks_need_few_calls(void **state)
{
    (void)state;
    void *memory[1000];
    for (unsigned i = 0; i < 1000; i++) {
        memory[i] = drupe_malloc(24);
    }
    /* 32 bytes each with the header on i386, in slabs of 62: 34,816 bytes. On x86_64 48 bytes, in
     * slabs of 40. */
    assert_int_equal(calls, 2);
    check_heap();
    for (unsigned i = 0; i < 1000; i++) {
        drupe_free(memory[i]);
    }
    assert_nothing_left();
}

static void test_chunk_exactly_full_then_one_more(void **state)
{
    (void)state;
    void *first = drupe_malloc(16383); /* the largest that goes into a chunk */
    void *second = drupe_malloc(BLOCK_BYTES_MAX - size_of(block_of_memory(first)) - HEADER_BYTES);
    assert_int_equal(runs_live, 1);
    for (unsigned list = 0; list < LISTS; list++) {
        assert_null(free_lists[list]);
    }
    check_heap();
    void *third = drupe_malloc(1);
    assert_int_equal(runs_live, 2);
    drupe_free(first);
    drupe_free(second);
    drupe_free(third);
    assert_nothing_left();
}

static void test_large_blocks_have_their_own_pages_and_give_them_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {16383, 16384, 16385, 20448, 20464, 20465, 1000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        reset(NULL);
        uint8_t *memory = drupe_malloc(sizes[i]);
        memset(memory, 0xFF, sizes[i]);
        check_heap();
        assert_int_equal(runs_live, 1);
        drupe_free(memory);
        assert_int_equal(runs_live, i == 0 ? 1 : 0);
        assert_nothing_left();
    }
}

static void test_sizes_that_wrap_are_refused(void **state)
{
    (void)state;
    assert_null(drupe_malloc(SIZE_MAX));
    assert_null(drupe_malloc(SIZE_MAX - 15));
    assert_null(drupe_malloc(SIZE_MAX - 4096));
    assert_null(drupe_malloc((size_t)PTRDIFF_MAX));
    assert_null(drupe_calloc(SIZE_MAX / 2 + 1, 2));
    assert_null(drupe_calloc(65536, 65536));
    assert_null(drupe_calloc(65537, 65537));
    assert_int_equal(runs_live, 0);
}

static void test_no_memory_is_null_and_changes_nothing(void **state)
{
    (void)state;
    runs_limit = 0;
    assert_null(drupe_malloc(10));
    assert_null(drupe_malloc(100000));
    assert_null(drupe_calloc(10, 10));
    assert_nothing_left();
    runs_limit = 1;
    char *memory = drupe_malloc(10);
    strcpy(memory, "kept");
    assert_null(drupe_realloc(memory, 100000));
    assert_string_equal(memory, "kept");
    drupe_free(memory);
    assert_nothing_left();
}

static void test_neighbours_join_in_every_order(void **state)
{
    (void)state;
    static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                          {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (unsigned i = 0; i < 6; i++) {
        void *memory[3];
        for (unsigned k = 0; k < 3; k++) {
            memory[k] = drupe_malloc(300 + 50 * k);
        }
        for (unsigned k = 0; k < 3; k++) {
            drupe_free(memory[orders[i][k]]);
            check_heap();
        }
        /* One block again: all of it can be had at once. */
        void *all = drupe_malloc(16383);
        assert_int_equal(runs_live, 1);
        drupe_free(all);
    }
    assert_nothing_left();
}

static void test_freed_memory_is_used_again(void **state)
{
    (void)state;
    void *first = drupe_malloc(500);
    void *wall = drupe_malloc(16);
    drupe_free(first);
    assert_ptr_equal(drupe_malloc(500), first);
    drupe_free(first);
    drupe_free(wall);
    assert_nothing_left();
}

static void test_empty_chunks_go_back_but_one(void **state)
{
    (void)state;
    void *memory[8];
    for (unsigned i = 0; i < 8; i++) {
        memory[i] = drupe_malloc(16000);
        assert_int_equal(runs_live, i / 2 + 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        drupe_free(memory[i]);
        check_heap();
    }
    assert_int_equal(runs_live, 1);
    /* To and fro at the chunk's edge asks the kernel for nothing. */
    unsigned before = calls;
    for (unsigned i = 0; i < 100; i++) {
        drupe_free(drupe_malloc(100));
    }
    assert_int_equal(calls, before);
}

static void test_calloc_zeroes_used_memory(void **state)
{
    (void)state;
    uint8_t *memory = drupe_malloc(1000);
    memset(memory, 0xFF, 1000);
    drupe_free(memory);
    uint8_t *again = drupe_calloc(100, 10);
    assert_ptr_equal(again, memory);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(again[i], 0);
    }
    drupe_free(again);
    uint8_t *large = drupe_calloc(1, 50000);
    assert_int_equal(large[49999], 0);
    drupe_free(large);
    assert_nothing_left();
}

static void test_realloc_keeps_the_contents(void **state)
{
    (void)state;
    char *memory = drupe_realloc(NULL, 5);
    strcpy(memory, "text");
    for (size_t size = 6; size < 100000; size = size * 3 / 2) {
        memory = drupe_realloc(memory, size);
        assert_string_equal(memory, "text");
        memory[size - 1] = '!';
        check_heap();
    }
    memory = drupe_realloc(memory, 5); /* smaller: stays where it is */
    assert_string_equal(memory, "text");
    assert_null(drupe_realloc(memory, 0));
    assert_nothing_left();
}

static void test_free_of_null(void **state)
{
    (void)state;
    drupe_free(NULL);
    assert_int_equal(calls, 0);
}

static void test_double_free_is_seen(void **state)
{
    (void)state;
    void *before = drupe_malloc(40);
    void *memory = drupe_malloc(40);
    void *after = drupe_malloc(40);
    drupe_free(memory);
    ASSERT_ABORTS(drupe_free(memory));
    /* Also when the block has joined the one before it. */
    drupe_free(before);
    ASSERT_ABORTS(drupe_free(memory));
    ASSERT_ABORTS(drupe_free(before));
    check_heap();
    drupe_free(after);
    assert_nothing_left();
}

static void test_free_of_interior_and_foreign_pointers_is_seen(void **state)
{
    (void)state;
    char *memory = drupe_calloc(1, 400);
    for (unsigned offset = 1; offset <= 64; offset++) {
        assert_free_is_refused(memory + offset);
    }
    static _Alignas(16) char foreign[64];
    ASSERT_ABORTS(drupe_free(foreign + 16));
    ASSERT_ABORTS(drupe_realloc(memory + 16, 10));
    check_heap();
    /* Contents that look like the header of a taken block. */
    static const size_t flags[] = {FLAG_TAKEN, FLAG_TAKEN | FLAG_DIRECT, FLAG_TAKEN | FLAG_OBJECT,
                                   FLAG_TAKEN | FLAG_SLAB};
    for (unsigned kind = 0; kind < sizeof(flags) / sizeof(*flags); kind++) {
        for (unsigned i = 0; i < 400 / sizeof(size_t); i++) {
            ((size_t *)(void *)memory)[i] = 64 | flags[kind];
        }
        assert_free_is_refused(memory + 16);
    }
    check_heap();
    drupe_free(memory);

    char *large = drupe_malloc(100000);
    ASSERT_ABORTS(drupe_free(large + 16));
    ASSERT_ABORTS(drupe_free(large + 4096));
    drupe_free(large);
    assert_nothing_left();
}

static void test_free_of_pointers_into_a_slab_is_seen(void **state)
{
    (void)state;
    char *memory = drupe_malloc(100);
    drupe_malloc(100);
    char *unused = drupe_malloc(100);
    drupe_free(unused); /* there is a header of an object that is not live */
    struct block *slab = block_of_place(block_of_memory(memory));
    assert_true((slab->size_and_flags & FLAG_SLAB) != 0);
    ASSERT_ABORTS(drupe_free(memory_of(slab)));
    ASSERT_ABORTS(drupe_free(unused));
    ASSERT_ABORTS(drupe_realloc(unused, 5));
    for (unsigned offset = 1; offset < 100; offset++) {
        assert_free_is_refused(memory + offset);
    }
    /* A header as it would be in a slab, where there is none. */
    char *block = drupe_calloc(1, 1000);
    struct block *forged = block_of_memory(block + 512);
    *forged = *block_of_memory(memory);
    ((struct slab *)memory_of(block_of_place(forged)))->object_bytes = size_of(forged);
    ASSERT_ABORTS(drupe_free(block + 512));
    check_heap();
}

static void test_freed_slab_is_no_slab(void **state)
{
    (void)state;
    void *before = drupe_malloc(1000);
    char *memory = drupe_malloc(100);
    drupe_free(memory);
    assert_int_equal(heap.empty_slabs, 1);
    drupe_malloc(16383);
    drupe_malloc(13000);
    drupe_free(before);
    assert_int_equal(heap.empty_slabs, 1);
    drupe_malloc(1500); /* fits nowhere else */
    assert_int_equal(heap.empty_slabs, 0);
    assert_int_equal(runs_live, 1);
    check_heap();
    ASSERT_ABORTS(drupe_free(memory));
    /* Nor if the program puts a header there. */
    block_of_memory(memory)->size_and_flags |= FLAG_TAKEN;
    ASSERT_ABORTS(drupe_free(memory));
}

static void test_a_slab_full_and_empty_again(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    void *memory[COUNT];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            memory[i] = drupe_malloc(50);
            check_heap();
        }
        for (unsigned i = 0; i < COUNT; i++) {
            drupe_free(memory[(i * 77 + round) % COUNT]);
            check_heap();
        }
    }
    assert_int_equal(calls, 1);
    assert_nothing_left();
}

static void test_chunks_of_empty_slabs_go_back(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static void *memory[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        memory[i] = drupe_malloc(1 + i % OBJECT_BYTES_MAX);
    }
    assert_true(runs_live > 20);
    for (unsigned i = 0; i < COUNT; i++) {
        drupe_free(memory[i]);
        if (i % 50 == 0) {
            check_heap();
        }
    }
    assert_nothing_left();
    /* What is left serves the largest request. */
    void *largest = drupe_malloc(16383);
    assert_int_equal(runs_live, 1);
    drupe_free(largest);
    assert_nothing_left();
}

static void test_small_pairs_ask_for_nothing(void **state)
{
    (void)state;
    drupe_free(drupe_malloc(1));
    for (unsigned i = 0; i < 1000; i++) {
        drupe_free(drupe_malloc(1 + i % 1000));
    }
    assert_int_equal(calls, 1);
    assert_nothing_left();
}

static void test_random_work_ends_where_it_began(void **state)
{
    (void)state;
    enum { SLOTS = 200 };
    static uint8_t *memory[SLOTS];
    static size_t sizes[SLOTS];
    uint32_t value = 12345;
    for (unsigned step = 0; step < 40000; step++) {
        value = value * 1664525 + 1013904223;
        unsigned slot = (value >> 16) % SLOTS;
        if (memory[slot] != NULL) {
            for (size_t i = 0; i < sizes[slot]; i++) {
                assert_true(memory[slot][i] == (uint8_t)slot);
            }
            drupe_free(memory[slot]);
            memory[slot] = NULL;
        } else {
            value = value * 1664525 + 1013904223;
            /* Mostly small, some of a chunk's size, a few larger. */
            size_t limit = (value & 15) == 0 ? 40000 : (value & 3) == 0 ? 4000 : 200;
            sizes[slot] = 1 + (value >> 8) % limit;
            memory[slot] = drupe_malloc(sizes[slot]);
            memset(memory[slot], (int)slot, sizes[slot]);
        }
        if (step % 500 == 0) {
            check_heap();
        }
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        drupe_free(memory[slot]);
    }
    assert_nothing_left();
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_zero_is_null_and_asks_for_nothing),
        TEST(test_one_byte),
        TEST(test_every_size_is_all_ones_own),
        TEST(test_many_small_blocks_need_few_calls),
        TEST(test_chunk_exactly_full_then_one_more),
        TEST(test_large_blocks_have_their_own_pages_and_give_them_back),
        TEST(test_sizes_that_wrap_are_refused),
        TEST(test_no_memory_is_null_and_changes_nothing),
        TEST(test_neighbours_join_in_every_order),
        TEST(test_freed_memory_is_used_again),
        TEST(test_empty_chunks_go_back_but_one),
        TEST(test_calloc_zeroes_used_memory),
        TEST(test_realloc_keeps_the_contents),
        TEST(test_free_of_null),
        TEST(test_double_free_is_seen),
        TEST(test_free_of_interior_and_foreign_pointers_is_seen),
        TEST(test_free_of_pointers_into_a_slab_is_seen),
        TEST(test_freed_slab_is_no_slab),
        TEST(test_a_slab_full_and_empty_again),
        TEST(test_chunks_of_empty_slabs_go_back),
        TEST(test_small_pairs_ask_for_nothing),
        TEST(test_random_work_ends_where_it_began),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    reset(NULL); /* the spare chunk would count as a leak */
    return failed;
}
