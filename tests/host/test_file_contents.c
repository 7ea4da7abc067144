/*
 * test_file_contents.c - files' contents in the page cache: one object for each file, read by pages
 * and by bytes.
 * Sources: src/fs/file_contents.c src/fs/page_object.c tests/host/stub_user.c
 * Sources: tests/host/stub_frames.c tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "fs/file_contents.h"
#include "memory/heap/kheap.h"
#include "memory/page.h"
#include "memory/pmm.h"

#include "random.h"
#include "stub_frames.h"
#include "stub_kmem_malloc.h"

#define FILE_BYTES (20u * PAGE_SIZE_BYTES + 123)

static struct fat16_volume volume, other_volume;

static struct {
    unsigned reads;
    uint32_t longest;      /* of them, in bytes */
    uint32_t bad_position; /* a read of that byte fails; 0: none does */
} disk;

static uint8_t content(uint32_t cluster, uint32_t position)
{
    return (uint8_t)(cluster * 13 + position * 2654435761u / 65536);
}

int fat16_read(struct fat16_volume *from, struct fat16_node *node, uint32_t position, void *buffer,
               uint32_t length)
{
    assert_true(from == &volume || from == &other_volume);
    assert_true(length > 0 && position < node->size && length <= node->size - position);
    disk.reads++;
    disk.longest = length > disk.longest ? length : disk.longest;
    if (disk.bad_position && position <= disk.bad_position &&
        disk.bad_position - position < length) {
        memset(buffer, 0xDB, length);
        return -EIO;
    }
    for (uint32_t i = 0; i < length; i++) {
        ((uint8_t *)buffer)[i] = content(node->first_cluster, position + i);
    }
    return OK;
}

void *kzalloc(size_t size)
{
    return calloc(1, size);
}

static struct page_object *contents_of(uint32_t cluster, uint32_t size)
{
    struct fat16_node node = {.first_cluster = cluster, .size = size};

    return file_contents_get(&volume, &node);
}

/* Reads, and compares with what the disk has. */
static void expect(struct page_object *contents, uint32_t cluster, uint32_t position,
                   uint32_t length)
{
    static uint8_t buffer[FILE_BYTES + 1];

    memset(buffer, 0x5A, sizeof(buffer));
    assert_int_equal(file_contents_read(contents, position, io_buffer_of_kernel(buffer), length),
                     OK);
    for (uint32_t i = 0; i < length; i++) {
        assert_int_equal(buffer[i], content(cluster, position + i));
    }
    assert_int_equal(buffer[length], 0x5A);
}

static int set_up_cache(void **state)
{
    (void)state;
    stub_pmm_set_pages(STUB_FRAMES, STUB_FRAMES);
    page_cache_initialise();
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&disk, 0, sizeof(disk));
    return 0;
}

static int forget_all(void **state)
{
    (void)state;
    assert_true(file_contents_forget());
    assert_int_equal(stub_frames_free(), STUB_FRAMES);
    assert_int_equal(stub_frames_promised(), PAGE_CACHE_PAGES_MIN);
    assert_int_equal(stub_kmem_live(), 0);
    return 0;
}

static void test_all_who_open_a_file_have_one_object(void **state)
{
    struct page_object *first = contents_of(5, 10000), *second = contents_of(5, 10000);
    struct page_object *longer = contents_of(5, 10001), *other = contents_of(6, 10000);
    struct fat16_node node = {.first_cluster = 5, .size = 10000};
    struct page_object *elsewhere = file_contents_get(&other_volume, &node);

    (void)state;
    assert_ptr_equal(first, second);
    assert_int_equal(first->references, 2);
    assert_int_equal(first->pages, 3);
    assert_true(longer != first && other != first && elsewhere != first && other != longer);
    assert_false(file_contents_forget()); /* they are in use */
    page_object_release(first);
    page_object_release(longer);
    page_object_release(other);
    page_object_release(elsewhere);
    assert_false(file_contents_forget());
    page_object_release(second);
    assert_true(file_contents_forget());
}

static void test_contents_outlive_who_read_them(void **state)
{
    struct page_object *contents = contents_of(7, FILE_BYTES);

    (void)state;
    expect(contents, 7, 0, FILE_BYTES);
    page_object_release(contents);
    unsigned reads = disk.reads;

    assert_ptr_equal(contents_of(7, FILE_BYTES), contents);
    expect(contents, 7, 0, FILE_BYTES);
    assert_int_equal(disk.reads, reads);
    page_object_release(contents);
    assert_true(file_contents_forget());
    contents = contents_of(7, FILE_BYTES);
    expect(contents, 7, 1, 1);
    assert_int_equal(disk.reads, reads + 1);
    page_object_release(contents);
}

static void test_any_part(void **state)
{
    struct page_object *contents = contents_of(9, FILE_BYTES);

    (void)state;
    random_state = 7;
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t position = random_below(FILE_BYTES + 1);

        expect(contents, 9, position, random_below(FILE_BYTES - position + 1));
        if (i % 50 == 0) {
            page_cache_forget();
        }
    }
    page_object_release(contents);
}

/* The last page has zeros behind the file's end: who maps it sees nothing of others. */
static void test_zeros_behind_the_end(void **state)
{
    static const uint32_t sizes[] = {1, PAGE_SIZE_BYTES - 1, PAGE_SIZE_BYTES, PAGE_SIZE_BYTES + 1,
                                     FILE_BYTES};

    (void)state;
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct page_object *contents = contents_of(11, sizes[i]);
        uint32_t last = (sizes[i] - 1) / PAGE_SIZE_BYTES;
        void *frame;

        assert_int_equal(contents->pages, last + 1);
        for (unsigned ahead = 0; ahead < 2; ahead++) { /* read alone, and behind others */
            page_cache_forget();
            if (ahead) {
                expect(contents, 11, 0, sizes[i]);
            }
            assert_int_equal(page_object_get(contents, last, &frame), OK);
            for (uint32_t byte = 0; byte < PAGE_SIZE_BYTES; byte++) {
                uint32_t position = last * PAGE_SIZE_BYTES + byte;

                assert_int_equal(((uint8_t *)frame)[byte],
                                 position < sizes[i] ? content(11, position) : 0);
            }
            assert_false(page_release(frame));
        }
        page_object_release(contents);
    }
}

/* Several pages come in one read, or, where there is no memory for that, one by one. */
static void test_reads_ahead_at_once(void **state)
{
    struct page_object *contents = contents_of(2, FILE_BYTES);

    (void)state;
    expect(contents, 2, 0, FILE_BYTES);
    assert_int_equal(disk.reads, 2); /* 16 and 5 pages */
    assert_int_equal(disk.longest, 16 * PAGE_SIZE_BYTES);
    page_cache_forget();

    memset(&disk, 0, sizeof(disk));
    contents->next = 0;
    stub_kmem_fail_from(1);
    expect(contents, 2, 0, FILE_BYTES);
    stub_kmem_fail_at(0);
    assert_int_equal(disk.reads, 21);
    assert_int_equal(disk.longest, PAGE_SIZE_BYTES);
    page_object_release(contents);
}

static void test_bad_sectors(void **state)
{
    struct page_object *contents = contents_of(3, FILE_BYTES);
    static uint8_t buffer[FILE_BYTES];

    (void)state;
    disk.bad_position = 10 * PAGE_SIZE_BYTES + 600;
    assert_int_equal(file_contents_read(contents, 0, io_buffer_of_kernel(buffer), FILE_BYTES),
                     -EIO);
    expect(contents, 3, 0, 10 * PAGE_SIZE_BYTES); /* all before it, and all behind it */
    expect(contents, 3, 11 * PAGE_SIZE_BYTES, FILE_BYTES - 11 * PAGE_SIZE_BYTES);
    assert_int_equal(
        file_contents_read(contents, disk.bad_position, io_buffer_of_kernel(buffer), 1), -EIO);
    assert_int_equal(contents->cached, 20);
    disk.bad_position = 0;
    expect(contents, 3, 0, FILE_BYTES);
    page_object_release(contents);
}

static void test_no_memory(void **state)
{
    (void)state;
    stub_kmem_fail_at(1);
    assert_null(contents_of(4, 100));
    page_object_release(contents_of(4, 100));
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, forget_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_all_who_open_a_file_have_one_object),
        test(test_contents_outlive_who_read_them),
        test(test_any_part),
        test(test_zeros_behind_the_end),
        test(test_reads_ahead_at_once),
        test(test_bad_sectors),
        test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up_cache, NULL);
}
