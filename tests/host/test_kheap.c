/*
 * test_kheap.c - kmalloc and friends at their true addresses, but for the table: a host maps
 * nothing as low as 0x7E00, so table and index lie 0x50000000 higher here. A panic ends in the
 * test's hands.
 * Sources: src/memory/heap/heap.c
 */
#include <sys/mman.h>

#include "layout.h"

#define AREA_SHIFT 0x50000000
enum {
    TRUE_TABLE_ADDRESS = HEAP_TABLE_ADDRESS,
    TRUE_TABLE_AREA_END = HEAP_TABLE_AREA_END,
};
#undef HEAP_TABLE_ADDRESS
#undef HEAP_TABLE_AREA_END
#define HEAP_TABLE_ADDRESS  (AREA_SHIFT + 0x7E00)
#define HEAP_TABLE_AREA_END (AREA_SHIFT + 0x80000)

#include "memory/heap/kheap.c"

#include "heap_fixture.h"

#define TABLE ((unsigned char *)page_memory(HEAP_TABLE_ADDRESS))

/* ---------------------------------------------------------------- stand-ins */

static jmp_buf panic_exit;
static bool panic_is_expected;
static char panic_text[512];

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(panic_text, sizeof(panic_text), format, arguments);
    va_end(arguments);
    if (!panic_is_expected) {
        fprintf(stderr, "panic: %s\n", panic_text);
        abort();
    }
    longjmp(panic_exit, 1);
}

static char said[8192]; /* by printk() */

void printk(const char *format, ...)
{
    size_t length = strlen(said);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(said + length, sizeof(said) - length, format, arguments);
    va_end(arguments);
}

static const char *symbol_name;

const char *symbol_find(vaddr_t address, uint32_t *offset)
{
    (void)address;
    *offset = 0x12;
    return symbol_name;
}

/* The statement must panic with text that has all of the words. */
#define ASSERT_PANIC(statement, word_1, word_2)                                         \
    do {                                                                                \
        panic_is_expected = true;                                                       \
        panic_text[0] = '\0';                                                           \
        if (setjmp(panic_exit) == 0) {                                                  \
            statement;                                                                  \
            fail_msg("no panic: %s", #statement);                                       \
        }                                                                               \
        panic_is_expected = false;                                                      \
        if (strstr(panic_text, word_1) == NULL || strstr(panic_text, word_2) == NULL) { \
            fail_msg("panic says: %s", panic_text);                                     \
        }                                                                               \
    } while (0)

static void map_fixed(uintptr_t address, size_t bytes)
{
    void *memory = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (memory != (void *)address) {
        fprintf(stderr, "cannot map %zu bytes at %#zx\n", bytes, (size_t)address);
        exit(1);
    }
}

/* Where the kernel sees that physical address, as "%p" prints it here. Two at a time. */
static const char *seen_at(paddr_t physical)
{
    static char texts[2][32];
    static unsigned calls;
    char *text = texts[++calls % 2];

    snprintf(text, sizeof(texts[0]), "%p", page_memory(physical));
    return text;
}

/* ---------------------------------------------------------------- tests */

static int init_full_pool(void **state)
{
    (void)state;
    memset(TABLE, 0xA5, TRUE_TABLE_AREA_END - TRUE_TABLE_ADDRESS);
    kheap_init(page_memory(HEAP_END));
    kheap_set_trace(false);
    symbol_name = "guilty_function";
    said[0] = '\0';
    return 0;
}

static int check_heap(void **state)
{
    (void)state;
    assert_heap_is_sound(kheap_get());
    return 0;
}

static void the_table_lies_at_0x7e00_and_ends_at_0xe1ff(void **state)
{
    (void)state;
    assert_int_equal(TRUE_TABLE_ADDRESS, 0x7E00);
    assert_int_equal(TRUE_TABLE_AREA_END, 0x80000);
    assert_int_equal(TRUE_TABLE_ADDRESS + POOL_BLOCKS_MAX - 1, 0xE1FF);
    assert_ptr_equal(kheap_get()->table->entries, TABLE);
    assert_int_equal(kheap_get()->table->total, 25600);
    assert_ptr_equal(kheap_get()->saddr, page_memory(0x01000000));
    for (size_t i = 0; i < 25600; i++) {
        assert_int_equal(TABLE[i], 0);
    }
}

static void nothing_beyond_the_area_is_written(void **state)
{
    (void)state;
    /* The mapping ends with the area: a write beyond it would have died. */
    for (size_t i = 0; i < 25600; i++) {
        assert_non_null(kmalloc(1));
    }
    for (size_t i = 0; i < 25600; i += 2) {
        kfree(page_memory(HEAP_ADDRESS + i * BLOCK));
    }
}

static void kmalloc_gives_blocks_from_0x01000000(void **state)
{
    (void)state;
    assert_ptr_equal(kmalloc(50), page_memory(0x01000000));
    assert_int_equal(TABLE[0], 0x41);
    assert_ptr_equal(kmalloc(5000), page_memory(0x01001000));
    assert_int_equal(TABLE[1], 0xC1);
    assert_int_equal(TABLE[2], 0x01);
    assert_int_equal(TABLE[3], 0x00);
}

static void kmalloc_ends_at_0x073fffff(void **state)
{
    (void)state;
    char *last = NULL;
    for (size_t i = 0; i < 25600; i++) {
        last = kmalloc(4096);
    }
    assert_ptr_equal(last + 4095, page_memory(0x073FFFFF));
    assert_null(kmalloc(1));
    last[4095] = 1;
    kfree(last);
    assert_ptr_equal(kmalloc(1), last);
}

static void kmalloc_of_everything(void **state)
{
    (void)state;
    assert_null(kmalloc(104857601));
    void *all = kmalloc(104857600);
    assert_ptr_equal(all, page_memory(0x01000000));
    assert_null(kmalloc(1));
    kfree(all);
    assert_int_equal(heap_free_blocks(kheap_get()), 25600);
}

static void kmalloc_refuses_zero_and_wrapping_sizes(void **state)
{
    (void)state;
    assert_null(kmalloc(0));
    assert_null(kzalloc(0));
    assert_null(kmalloc(0xFFFFF001u));
    assert_null(kmalloc(0xFFFFFFFFu));
    assert_null(kzalloc(0xFFFFF001u));
    assert_null(kzalloc(SIZE_MAX));
    assert_int_equal(heap_free_blocks(kheap_get()), 25600);
}

static void kzalloc_zeroes(void **state)
{
    (void)state;
    unsigned char *dirty = kmalloc(8192);
    memset(dirty, 0xFF, 8192);
    kfree(dirty);
    unsigned char *clean = kzalloc(5000);
    assert_ptr_equal(clean, dirty);
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(clean[i], 0);
    }
}

static void kcalloc_zeroes_count_times_size(void **state)
{
    (void)state;
    unsigned char *dirty = kmalloc(12000);
    memset(dirty, 0xFF, 12000);
    kfree(dirty);
    unsigned char *clean = kcalloc(1000, 12);
    assert_ptr_equal(clean, dirty);
    for (size_t i = 0; i < 12000; i++) {
        assert_int_equal(clean[i], 0);
    }
    assert_int_equal(heap_allocation_blocks(kheap_get(), clean), 3);
}

static void kcalloc_refuses_products_that_overflow(void **state)
{
    (void)state;
    assert_null(kcalloc(SIZE_MAX, 2));
    assert_null(kcalloc(2, SIZE_MAX));
    assert_null(kcalloc(SIZE_MAX / 2 + 1, 2)); /* exactly 2^32: 0 */
    assert_null(kcalloc((size_t)1 << (4 * sizeof(size_t)), (size_t)1 << (4 * sizeof(size_t))));
    assert_null(kcalloc(SIZE_MAX / 4096 + 1, 4097)); /* wraps to a small number */
    assert_null(kcalloc(0, 8));
    assert_null(kcalloc(8, 0));
    assert_null(kcalloc(SIZE_MAX, 1));
    assert_int_equal(heap_free_blocks(kheap_get()), 25600);
    assert_non_null(kcalloc(4096, 25600));
}

static void kfree_of_null_does_nothing(void **state)
{
    (void)state;
    kfree(NULL);
    assert_int_equal(heap_free_blocks(kheap_get()), 25600);
}

static void a_wrong_kfree_panics_and_says_why(void **state)
{
    (void)state;
    char *ptr = kmalloc(3 * BLOCK);
    int local;

    ASSERT_PANIC(kfree(ptr + BLOCK), seen_at(0x1001000), "inside an allocation");
    ASSERT_PANIC(kfree(ptr + 16), seen_at(0x1000010), "misaligned");
    ASSERT_PANIC(kfree(ptr + 3 * BLOCK), seen_at(0x1003000),
                 "free already, or was never allocated");
    ASSERT_PANIC(kfree(page_memory(HEAP_END)), seen_at(0x7400000), "outside the pool");
    ASSERT_PANIC(kfree(&local), "kfree(", "outside the pool");
    ASSERT_PANIC(kfree((void *)USER_PROGRAM_ADDRESS), "0x400000", "outside the pool");
    kfree(ptr);
    ASSERT_PANIC(kfree(ptr), seen_at(0x1000000), "free already");
    assert_int_equal(heap_reserve(kheap_get(), ptr, ptr + 1), 0);
    ASSERT_PANIC(kfree(ptr), seen_at(0x1000000), "reserved");
}

/* What the page allocator took and what kmalloc() gave: same bytes in the table, and distinguished.
 * */
static void frames_are_not_kmallocs(void **state)
{
    (void)state;
    char *frame = kheap_take_frames(1, NULL);
    char *run = kheap_take_frames(3, NULL);
    char *block = kmalloc(1);

    assert_int_equal(TABLE[0], 0x41);
    assert_int_equal(TABLE[4], 0x41);
    assert_ptr_equal(block, page_memory(HEAP_ADDRESS + 4 * BLOCK));
    assert_int_equal(kheap_frame_blocks(), 4);
    ASSERT_PANIC(kfree(frame), seen_at(0x1000000), "a page of the page allocator");
    ASSERT_PANIC(kfree(run), seen_at(0x1001000), "a page of the page allocator");
    ASSERT_PANIC(kfree(run + BLOCK), seen_at(0x1002000), "inside an allocation");
    assert_int_equal(kheap_give_back_frames(block, NULL), -EINVARG);
    assert_int_equal(kheap_give_back_frames(run + BLOCK, NULL), -EINVARG);
    assert_int_equal(kheap_give_back_frames(run + 1, NULL), -EINVARG);
    assert_int_equal(kheap_give_back_frames(NULL, NULL), -EINVARG);
    assert_int_equal(kheap_give_back_frames(page_memory(HEAP_END), NULL), -EINVARG);
    assert_int_equal(kheap_give_back_frames(page_memory(HEAP_ADDRESS - BLOCK), NULL), -EINVARG);
    assert_int_equal(kheap_frame_blocks(), 4);
    kfree(block);
    assert_int_equal(kheap_give_back_frames(run, NULL), OK);
    assert_int_equal(kheap_give_back_frames(run, NULL), -EINVARG);
    assert_int_equal(kheap_give_back_frames(frame, NULL), OK);
    assert_int_equal(kheap_frame_blocks(), 0);
    assert_int_equal(heap_free_blocks(kheap_get()), 25600);

    /* The mark goes with the frame: the next owner of the block may be kmalloc(). */
    assert_ptr_equal(kmalloc(1), frame);
    kfree(frame);
}

static void frames_to_the_last_block(void **state)
{
    (void)state;
    assert_null(kheap_take_frames(25601, NULL));
    assert_null(kheap_take_frames(SIZE_MAX, NULL));
    assert_null(kheap_take_frames(SIZE_MAX / BLOCK + 2, NULL)); /* one block, if it wrapped */
    assert_non_null(kmalloc(25599 * BLOCK));
    char *last = kheap_take_frames(1, NULL);
    assert_ptr_equal(last, (char *)page_memory(HEAP_END) - BLOCK);
    assert_null(kheap_take_frames(1, NULL));
    ASSERT_PANIC(kfree(last), seen_at(0x73ff000), "a page of the page allocator");
    assert_int_equal(kheap_give_back_frames(last, NULL), OK);
    assert_int_equal(kheap_give_back_frames(last, NULL), -EINVARG);
}

static unsigned asked;

/* Every second frame can go. */
static int give_up_every_second(void *frame)
{
    return asked++ % 2 == 1 && kheap_give_back_frames(frame, NULL) == OK;
}

/* Frames fill the pool: kmalloc() gets the places of those that their owners can do without, one
 * beside the other if need be; and asks for none where all of them were not enough. */
static void kmalloc_gets_the_places_of_frames(void **state)
{
    (void)state;
    assert_non_null(kmalloc(25592 * BLOCK));
    for (int i = 0; i < 8; i++) {
        assert_non_null(kheap_take_frames(1, NULL));
    }
    assert_null(kmalloc(1));
    asked = 0;
    kheap_set_reclaimer(give_up_every_second);
    assert_null(kmalloc(9 * BLOCK));
    assert_int_equal(asked, 0);
    assert_ptr_equal(kmalloc(1), page_memory(HEAP_END - 7 * BLOCK));
    assert_int_equal(asked, 2);
    assert_ptr_equal(kmalloc(1), page_memory(HEAP_END - 5 * BLOCK)); /* on from there */
    assert_int_equal(asked, 4);
    assert_non_null(kmalloc(2 * BLOCK));
    assert_null(kmalloc(6 * BLOCK));
    kheap_set_reclaimer(NULL);
}

static int give_up_nothing(void *frame)
{
    (void)frame;
    asked++;
    return 0;
}

static void *asked_last;
static unsigned asked_until; /* no more is to be asked then */

/* What is in the pool's last block alone can go, when there is time. */
static int give_up_the_last_block(void *frame)
{
    if (asked == asked_until) {
        return -EBUSY;
    }
    asked++;
    asked_last = frame;
    return frame == (char *)page_memory(HEAP_END) - BLOCK &&
           kheap_give_back_frames(frame, NULL) == OK;
}

static void fill_with_frames(void)
{
    for (int i = 0; i < 25600; i++) {
        assert_non_null(kheap_take_frames(1, NULL));
    }
}

/* All who keep what they have are asked once, and not for what is large; then a few for each
 * request, and more for each frame that comes. */
static void kmalloc_asks_for_so_many_frames(void **state)
{
    (void)state;
    fill_with_frames();
    kheap_set_reclaimer(give_up_nothing);
    asked = 0;
    assert_null(kmalloc(9 * BLOCK));
    assert_int_equal(asked, 0);
    assert_null(kmalloc(8 * BLOCK));
    assert_int_equal(asked, 25600);
    assert_null(kmalloc(8 * BLOCK));
    assert_int_equal(asked, 25600 + 32);
    for (int i = 0; i < 10; i++) {
        void *frame = page_memory(HEAP_END - (i + 1) * BLOCK);

        assert_int_equal(kheap_give_back_frames(frame, NULL), OK);
        assert_ptr_equal(kheap_take_frames(1, NULL), frame);
    }
    asked = 0;
    assert_null(kmalloc(BLOCK));
    assert_int_equal(asked, 10 * 16);
    kheap_set_reclaimer(NULL);
}

/* Where there is time only for some, the next request goes on with the one that was not asked: so
 * the one that can go is found, wherever it is. */
static void kmalloc_goes_on_where_it_was_stopped(void **state)
{
    void *block = NULL;
    unsigned requests = 0;

    (void)state;
    fill_with_frames();
    kheap_set_reclaimer(give_up_the_last_block);
    for (asked = 0, asked_until = 500; (block = kmalloc(1)) == NULL; asked_until += 500) {
        requests++;
        assert_int_equal(asked, asked_until);
        assert_ptr_equal(asked_last, page_memory(HEAP_ADDRESS + (asked - 1) * BLOCK));
    }
    assert_int_equal(requests, 51);
    assert_int_equal(asked, 25600);
    assert_ptr_equal(block, page_memory(HEAP_END - BLOCK));
    kheap_set_reclaimer(NULL);
}

static void a_wrong_kfree_names_the_caller(void **state)
{
    (void)state;
    ASSERT_PANIC(kfree(page_memory(HEAP_ADDRESS)), "Called by guilty_function+0x12", "0x");
    symbol_name = NULL;
    ASSERT_PANIC(kfree(page_memory(HEAP_ADDRESS)), "Called by unknown+0x0", "0x");
}

static void nothing_is_traced_unless_asked_for(void **state)
{
    (void)state;
    kfree(kmalloc(1));
    kfree(kzalloc(1));
    assert_string_equal(said, "");
}

static void the_trace_tells_every_call(void **state)
{
    (void)state;
    kheap_set_trace(true);
    void *first = kmalloc(50);
    unsigned char *second = kzalloc(5000);
    assert_null(kmalloc(HEAP_SIZE_BYTES));
    kfree(first);
    kfree(second);
    kheap_set_trace(false);
    kfree(kmalloc(1));

    char expected[512];
    snprintf(expected, sizeof(expected),
             "trace: kmalloc(50) = %1$p by guilty_function+0x12\n"
             "trace: kmalloc(5000) = %2$p by guilty_function+0x12\n"
             "trace: kmalloc(104857600) = (nil) by guilty_function+0x12\n"
             "trace: kfree(%1$p), 4 KiB, by guilty_function+0x12\n"
             "trace: kfree(%2$p), 8 KiB, by guilty_function+0x12\n",
             page_memory(0x1000000), page_memory(0x1001000));
    assert_string_equal(said, expected);
}

static void a_traced_kzalloc_zeroes(void **state)
{
    (void)state;
    unsigned char *dirty = kmalloc(1);
    memset(dirty, 0xFF, BLOCK);
    kfree(dirty);
    kheap_set_trace(true);
    unsigned char *clean = kzalloc(BLOCK);
    assert_ptr_equal(clean, dirty);
    for (size_t i = 0; i < BLOCK; i++) {
        assert_int_equal(clean[i], 0);
    }
}

static void the_owner_is_the_caller(void **state);

static void check_owner(void *context, void *start, size_t blocks, const void *owner)
{
    (void)start, (void)blocks;
    intptr_t distance = (intptr_t)((uintptr_t)owner - (uintptr_t)&the_owner_is_the_caller);

    /* Somewhere in the function below, which is a few hundred bytes long. */
    if (distance <= 0 || distance >= 2000) {
        fail_msg("owner %p, %d bytes from the test", owner, (int)distance);
    }
    ++*(size_t *)context;
}

static void __attribute__((noinline)) the_owner_is_the_caller(void **state)
{
    (void)state;
    size_t count = 0;

    assert_non_null(kmalloc(1));
    assert_non_null(kzalloc(1));
    assert_non_null(kcalloc(1, 1));
    heap_for_each_allocation(kheap_get(), check_owner, &count);
    assert_int_equal(count, 3);
}

static void a_smaller_pool_leaves_the_end_of_the_table_zero(void **state)
{
    (void)state;
    memset(TABLE, 0xA5, TRUE_TABLE_AREA_END - TRUE_TABLE_ADDRESS);
    kheap_init(page_memory(HEAP_ADDRESS + 16 * BLOCK));
    assert_int_equal(kheap_get()->table->total, 16);
    for (size_t i = 0; i < 25600; i++) {
        assert_int_equal(TABLE[i], 0);
    }
    assert_non_null(kmalloc(16 * BLOCK));
    assert_null(kmalloc(1));
    assert_int_equal(TABLE[16], 0);
}

static void a_bad_pool_end_panics(void **state)
{
    (void)state;
    ASSERT_PANIC(kheap_init(page_memory(HEAP_END + BLOCK)), "kheap_init", seen_at(0x7401000));
    ASSERT_PANIC(kheap_init(page_memory(HEAP_END - 1)), "kheap_init", seen_at(0x73fffff));
    ASSERT_PANIC(kheap_init(page_memory(HEAP_ADDRESS)), "kheap_init", seen_at(0x1000000));
    ASSERT_PANIC(kheap_init(page_memory(HEAP_ADDRESS - BLOCK)), "kheap_init", seen_at(0xfff000));
    ASSERT_PANIC(kheap_init(NULL), "failed to create heap", "cannot end");
}

#define KHEAP_TEST(test) cmocka_unit_test_setup_teardown(test, init_full_pool, check_heap)

int main(void)
{
    map_fixed((uintptr_t)page_memory(HEAP_ADDRESS), HEAP_SIZE_BYTES);
    map_fixed((uintptr_t)page_memory(AREA_SHIFT), 0x80000);

    const struct CMUnitTest tests[] = {
        KHEAP_TEST(the_table_lies_at_0x7e00_and_ends_at_0xe1ff),
        KHEAP_TEST(nothing_beyond_the_area_is_written),
        KHEAP_TEST(kmalloc_gives_blocks_from_0x01000000),
        KHEAP_TEST(kmalloc_ends_at_0x073fffff),
        KHEAP_TEST(kmalloc_of_everything),
        KHEAP_TEST(kmalloc_refuses_zero_and_wrapping_sizes),
        KHEAP_TEST(kzalloc_zeroes),
        KHEAP_TEST(kcalloc_zeroes_count_times_size),
        KHEAP_TEST(kcalloc_refuses_products_that_overflow),
        KHEAP_TEST(kfree_of_null_does_nothing),
        KHEAP_TEST(a_wrong_kfree_panics_and_says_why),
        KHEAP_TEST(frames_are_not_kmallocs),
        KHEAP_TEST(frames_to_the_last_block),
        KHEAP_TEST(kmalloc_gets_the_places_of_frames),
        KHEAP_TEST(kmalloc_asks_for_so_many_frames),
        KHEAP_TEST(kmalloc_goes_on_where_it_was_stopped),
        KHEAP_TEST(a_wrong_kfree_names_the_caller),
        KHEAP_TEST(nothing_is_traced_unless_asked_for),
        KHEAP_TEST(the_trace_tells_every_call),
        KHEAP_TEST(a_traced_kzalloc_zeroes),
        KHEAP_TEST(the_owner_is_the_caller),
        KHEAP_TEST(a_smaller_pool_leaves_the_end_of_the_table_zero),
        KHEAP_TEST(a_bad_pool_end_panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
