/*
 * test_fat_read.c - files on good, odd and damaged FAT16 volumes, through fs/file.h.
 * Sources: src/fs/fat/volume.c src/fs/fat/changes.c src/fs/fat/chain.c src/fs/fat/commit.c
 * Sources: src/fs/fat/steps.c src/fs/fat/log.c src/fs/fat/names.c src/fs/fat/time.c
 * Sources: src/fs/fat/directory.c
 * Sources: src/fs/fat/contents.c src/fs/fat/tree.c src/fs/fat/check.c src/fs/fat/mount.c
 * Sources: src/fs/fat/fat_fs.c src/device/partition.c
 * Sources: src/fs/file.c src/fs/file_object.c src/fs/vfs.c src/fs/node.c
 * Sources: src/fs/node_contents.c src/fs/page_object.c tests/host/stub_clock.c
 * Sources: tests/host/stub_devices.c tests/host/stub_user.c
 * Sources: src/device/block.c src/device/block_cache.c src/lib/string.c src/lib/tree.c
 * Sources: tests/host/stub_frames.c tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/align.h"
#include "device/block_cache.h"
#include "fs/fat/mount.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
#include "memory/heap/kheap.h"
#include "base/status.h"

#include "fat_image.h"
#include "stub_frames.h"
#include "stub_kmem_malloc.h"
#include "task/task.h"

void *kzalloc(size_t size)
{
    return calloc(1, size); /* the page cache's table: for ever */
}

#define CLUSTERS      4200
#define CLUSTER_BYTES 1024 /* of the volume that setup() makes */
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static struct fat_image image;

/* What is allocated, without what the node cache may forget and without the block cache: an object
 * and a page for each block. */
static unsigned live_objects(void)
{
    struct block_cache_stats stats;

    (void)node_cache_shrink(NULL);
    block_cache_get_stats(&stats);
    return stub_kmem_live() - 2 * stats.pages;
}

static int setup(void **state)
{
    (void)state;
    fat_image_create(&image, CLUSTER_BYTES / SECTOR_BYTES, CLUSTERS);
    return fs_mount(&image.device, FAT_IMAGE_FIRST_LBA);
}

/* After each test: no file is open, nothing is left in memory. */
static int teardown(void **state)
{
    (void)state;
    stub_kmem_fail_at(0);
    int status = fs_unmount();
    fat_image_destroy(&image);
    return status == OK && stub_kmem_live() == 0 ? 0 : -1;
}

/* Forgets the sectors that the file system holds. */
static void remount(void)
{
    assert_int_equal(fs_unmount(), OK);
    assert_int_equal(fs_mount(&image.device, FAT_IMAGE_FIRST_LBA), OK);
}

/* Ends the volume of setup() and makes another. */
static void use_volume(uint32_t cluster_sectors, uint32_t cluster_count)
{
    assert_int_equal(fs_unmount(), OK);
    fat_image_destroy(&image);
    fat_image_create(&image, cluster_sectors, cluster_count);
    assert_int_equal(fs_mount(&image.device, FAT_IMAGE_FIRST_LBA), OK);
}

/* What the test has written to the image meanwhile is read, not what was there when it was mounted;
 * as long as nobody has a file open. */
static void see_image(void)
{
    if (fs_unmount() == OK) {
        assert_int_equal(fs_mount(&image.device, FAT_IMAGE_FIRST_LBA), OK);
    }
}

static struct file *open_file(const char *path)
{
    struct file *file = NULL;

    see_image();
    int status = file_open(path, &file);

    if (status != OK) {
        fail_msg("%s: %d", path, status);
    }
    return file;
}

/* Whether there is such a file, on what is mounted. */
static int there(const char *path)
{
    struct file *file = NULL;
    int status = file_open(path, &file);

    file_close(file);
    return status;
}

/* Opens the file, and reads its first byte: that follows its chain. */
static int open_status(const char *path)
{
    struct file *file = NULL;

    see_image();
    unsigned live = live_objects();
    int status = file_open(path, &file);

    if (status == OK) {
        struct file_stat stat;
        uint8_t byte;

        file_stat(file, &stat);
        status = stat.is_directory ? OK : MIN(file_read(file, &byte, 1), OK);
        file_close(file);
        see_image(); /* the node is forgotten */
    } else {
        assert_null(file);
    }
    assert_int_equal(live_objects(), live);
    return status;
}

/* Reads length bytes at the file's position, which must be `position`, into memory of exactly that
 * size, `offset` bytes behind an aligned address, and compares. Returns what file_read() did. */
static int read_checked(struct file *file, uint32_t position, uint32_t length, uint32_t offset,
                        unsigned seed)
{
    uint8_t *buffer = malloc(length + offset + 1);
    int count = file_read(file, buffer + offset, length);

    for (int i = 0; i < count; i++) {
        if (buffer[offset + (uint32_t)i] != fat_content(seed, position + (uint32_t)i)) {
            fail_msg("wrong byte %d of a read of %u at %u", i, length, position);
        }
    }
    free(buffer);
    return count;
}

static void assert_content(const char *path, uint32_t size, unsigned seed)
{
    struct file *file = open_file(path);
    struct file_stat stat;

    file_stat(file, &stat);
    assert_int_equal(stat.size, size);
    assert_int_equal(read_checked(file, 0, size + 10, 0, seed), size);
    assert_int_equal(read_checked(file, size, 10, 0, seed), 0);
    file_close(file);
}

/* first, first + step, ...: count of them. */
static uint32_t *line_of_clusters(uint32_t first, int step, uint32_t count)
{
    uint32_t *clusters = malloc((count + 1) * sizeof(*clusters));

    for (uint32_t i = 0; i < count; i++) {
        clusters[i] = (uint32_t)((int)first + step * (int)i);
    }
    return clusters;
}

static void put_file(const char *name, uint32_t first, int step, uint32_t count, uint32_t size,
                     unsigned seed)
{
    uint32_t *clusters = line_of_clusters(first, step, count);

    fat_image_file(&image, name, clusters, count, size, seed);
    free(clusters);
}

/* ---------------------------------------------------------------- reading */

static void test_small_file(void **state)
{
    (void)state;
    put_file("HELLO   TXT", 2, 1, 1, 5, 1);
    assert_content("0:/hello.txt", 5, 1);
}

static void test_empty_file(void **state)
{
    struct file *file;
    uint8_t byte = 0x5A;

    (void)state;
    put_file("EMPTY   TXT", 0, 0, 0, 0, 1);
    file = open_file("0:/empty.txt");
    assert_int_equal(file_read(file, &byte, 1), 0);
    assert_int_equal(file_seek(file, 0), OK);
    assert_int_equal(file_seek(file, 1), -EINVARG);
    assert_int_equal(byte, 0x5A);
    file_close(file);
}

/* An empty file's cluster number does not matter. */
static void test_empty_file_with_cluster(void **state)
{
    (void)state;
    fat_image_root_entry(&image, "EMPTY   TXT", FAT_ARCHIVE, 0xFFFF, 0);
    assert_content("0:/empty.txt", 0, 1);
}

static void test_sizes_around_sectors_and_clusters(void **state)
{
    static const uint32_t sizes[] = {1,    2,    511,  512,  513,  1023, 1024, 1025,
                                     1535, 1536, 2047, 2048, 2049, 4095, 4096, 4097};

    (void)state;
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        char name[12];
        char path[16];
        snprintf(name, sizeof(name), "F%-10u", i);
        snprintf(path, sizeof(path), "0:/f%u", i);
        put_file(name, 10 + i * 10, 1, (sizes[i] + CLUSTER_BYTES - 1) / CLUSTER_BYTES, sizes[i], i);
        remount();
        assert_content(path, sizes[i], i);
    }
}

static void test_every_cluster_size(void **state)
{
    (void)state;
    for (uint32_t sectors = 1; sectors <= 128; sectors *= 2) {
        uint32_t bytes = sectors * SECTOR_BYTES;

        use_volume(sectors, 4085);
        put_file("STRAIGHT   ", 2, 1, 4, 3 * bytes + 100, 1);
        put_file("REVERSE    ", 100, -1, 4, 4 * bytes, 2);
        put_file("EVEN       ", 200, 2, 3, 2 * bytes + 1, 3);
        put_file("ODD        ", 201, 2, 3, 3 * bytes - 1, 4);
        put_file("LAST       ", 4086, 1, 1, bytes, 5);
        assert_content("0:/straight", 3 * bytes + 100, 1);
        assert_content("0:/reverse", 4 * bytes, 2);
        assert_content("0:/even", 2 * bytes + 1, 3);
        assert_content("0:/odd", 3 * bytes - 1, 4);
        assert_content("0:/last", bytes, 5);
    }
}

static void test_largest_volume(void **state)
{
    (void)state;
    use_volume(1, 65524);
    put_file("FILE       ", 65525, -1, 300, 300 * SECTOR_BYTES, 1);
    assert_content("0:/file", 300 * SECTOR_BYTES, 1);
}

/* Runs of 1, 2 and 3 clusters, forwards and backwards. */
static const uint32_t fragments[] = {50, 51, 40, 60, 61, 62, 30, 29, 28, 63, 64, 300};
#define FRAGMENTED_BYTES (COUNT(fragments) * CLUSTER_BYTES - 37)

static void put_fragmented(void)
{
    fat_image_file(&image, "FRAGMENTBIN", fragments, COUNT(fragments), FRAGMENTED_BYTES, 7);
}

static void test_fragmented(void **state)
{
    (void)state;
    put_fragmented();
    assert_content("0:/fragment.bin", FRAGMENTED_BYTES, 7);
}

/* The whole file in pieces of one length, for many lengths. */
static void test_sequential_pieces(void **state)
{
    static const uint32_t lengths[] = {1,   2,    3,    7,    255,  511,  512,  513,
                                       777, 1023, 1024, 1025, 1536, 2047, 2048, 5000};

    (void)state;
    put_fragmented();
    for (unsigned i = 0; i < COUNT(lengths); i++) {
        struct file *file = open_file("0:/fragment.bin");
        uint32_t position = 0;

        while (position < FRAGMENTED_BYTES) {
            uint32_t left = FRAGMENTED_BYTES - position;
            uint32_t expected = lengths[i] < left ? lengths[i] : left;

            assert_int_equal(read_checked(file, position, lengths[i], 0, 7), expected);
            position += expected;
        }
        assert_int_equal(read_checked(file, position, lengths[i], 0, 7), 0);
        file_close(file);
    }
}

/* Any start, any length, any alignment of the buffer. */
static void test_random_reads(void **state)
{
    struct file *file;
    uint32_t random = 1;

    (void)state;
    put_fragmented();
    file = open_file("0:/fragment.bin");
    for (unsigned round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        uint32_t position = (random >> 8) % (FRAGMENTED_BYTES + 1);
        random = random * 1664525 + 1013904223;
        uint32_t length = (random >> 8) % (round % 2 ? 600 : FRAGMENTED_BYTES);
        uint32_t left = FRAGMENTED_BYTES - position;

        assert_int_equal(file_seek(file, position), OK);
        assert_int_equal(read_checked(file, position, length, (random >> 4) % 4, 7),
                         length < left ? length : left);
    }
    file_close(file);
}

/* Around each cluster's borders. */
static void test_reads_at_borders(void **state)
{
    struct file *file;

    (void)state;
    put_fragmented();
    file = open_file("0:/fragment.bin");
    for (uint32_t border = SECTOR_BYTES; border < FRAGMENTED_BYTES - 2600; border += SECTOR_BYTES) {
        for (int start = -2; start <= 2; start++) {
            for (int end = -2; end <= 2; end++) {
                uint32_t position = border + (uint32_t)start;
                for (uint32_t sectors = 1; sectors <= 4; sectors++) {
                    uint32_t length = sectors * SECTOR_BYTES + (uint32_t)end;
                    assert_int_equal(file_seek(file, position), OK);
                    assert_int_equal(read_checked(file, position, length, 0, 7), length);
                }
            }
        }
    }
    file_close(file);
}

/* block.h wants 2-byte aligned buffers; file.h promises any. */
static void test_odd_buffers(void **state)
{
    struct file *file;

    (void)state;
    put_fragmented();
    file = open_file("0:/fragment.bin");
    for (uint32_t offset = 0; offset < 4; offset++) {
        assert_int_equal(file_seek(file, 0), OK);
        assert_int_equal(read_checked(file, 0, 4096, offset, 7), 4096);
    }
    file_close(file);
}

static void test_seek(void **state)
{
    struct file *file;

    (void)state;
    put_fragmented();
    file = open_file("0:/fragment.bin");
    assert_int_equal(file_seek(file, FRAGMENTED_BYTES), OK); /* the end is a position */
    assert_int_equal(read_checked(file, FRAGMENTED_BYTES, 1, 0, 7), 0);
    assert_int_equal(file_seek(file, FRAGMENTED_BYTES - 1), OK);
    assert_int_equal(read_checked(file, FRAGMENTED_BYTES - 1, 9, 0, 7), 1);
    assert_int_equal(file_seek(file, 3), OK);
    assert_int_equal(file_seek(file, FRAGMENTED_BYTES + 1), -EINVARG);
    assert_int_equal(file_seek(file, UINT32_MAX), -EINVARG);
    assert_int_equal(file_position(file), 3);
    assert_int_equal(read_checked(file, 3, 9, 0, 7), 9); /* where it was */
    assert_int_equal(file_position(file), 12);
    file_close(file);
}

static void test_exactly_full_is_not_the_end(void **state)
{
    struct file *file;

    (void)state;
    put_file("EXACT      ", 5, 1, 2, 2 * CLUSTER_BYTES, 1);
    file = open_file("0:/exact");
    assert_int_equal(read_checked(file, 0, 2 * CLUSTER_BYTES, 0, 1), 2 * CLUSTER_BYTES);
    assert_int_equal(read_checked(file, 2 * CLUSTER_BYTES, 1, 0, 1), 0);
    assert_int_equal(file_seek(file, CLUSTER_BYTES), OK);
    assert_int_equal(read_checked(file, CLUSTER_BYTES, CLUSTER_BYTES, 0, 1), CLUSTER_BYTES);
    file_close(file);
}

static void test_zero_length(void **state)
{
    struct file *file;

    (void)state;
    put_fragmented();
    file = open_file("0:/fragment.bin");
    assert_int_equal(file_read(file, NULL, 0), 0);
    assert_int_equal(read_checked(file, 0, 10, 0, 7), 10);
    file_close(file);
}

static void test_length_beyond_int(void **state)
{
    struct file *file;
    uint8_t buffer[100];

    (void)state;
    put_file("HUNDRED    ", 5, 1, 1, 100, 1);
    file = open_file("0:/hundred");
    assert_int_equal(file_read(file, buffer, SIZE_MAX), 100);
    file_close(file);
}

static void test_two_files_at_once(void **state)
{
    struct file *a, *b;

    (void)state;
    put_file("EVEN       ", 200, 2, 8, 8000, 3);
    put_file("ODD        ", 201, 2, 8, 8000, 4);
    a = open_file("0:/even");
    b = open_file("0:/odd");
    for (uint32_t position = 0; position < 8000; position += 100) {
        assert_int_equal(read_checked(a, position, 100, 0, 3), 100);
        assert_int_equal(read_checked(b, position, 100, 0, 4), 100);
    }
    file_close(a);
    file_close(b);
}

static void test_same_file_twice(void **state)
{
    struct file *a, *b;

    (void)state;
    put_fragmented();
    a = open_file("0:/fragment.bin");
    b = open_file("0:/fragment.bin");
    assert_int_equal(read_checked(a, 0, 5000, 0, 7), 5000);
    assert_int_equal(read_checked(b, 0, 100, 0, 7), 100);
    assert_int_equal(read_checked(a, 5000, 100, 0, 7), 100);
    file_close(a);
    assert_int_equal(read_checked(b, 100, 100, 0, 7), 100);
    file_close(b);
}

/* A straight file of 50 pages is read in few commands, the longer the further it goes on. */
static void test_runs_are_read_at_once(void **state)
{
    struct file *file;

    (void)state;
    put_file("BIG        ", 5, 1, 200, 200 * CLUSTER_BYTES, 1);
    file = open_file("0:/big");
    image.reads = 0;
    assert_int_equal(read_checked(file, 0, 200 * CLUSTER_BYTES, 0, 1), 200 * CLUSTER_BYTES);
    assert_true(image.reads <= 6); /* 16 pages at once */
    file_close(file);
}

/* A long fragmented file read in small pieces does not start again at its first cluster. */
static void test_sequential_is_linear(void **state)
{
    struct file *file;

    (void)state;
    put_file("LONG       ", 10, 2, 2000, 2000 * CLUSTER_BYTES, 1);
    file = open_file("0:/long");
    image.reads = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        assert_int_equal(read_checked(file, i * CLUSTER_BYTES, CLUSTER_BYTES, 0, 1), CLUSTER_BYTES);
    }
    assert_true(image.reads < 2000 + 50);
    file_close(file);
}

/* ---------------------------------------------------------------- names and directories */

static void test_any_case(void **state)
{
    (void)state;
    put_file("README  TXT", 5, 1, 1, 10, 1);
    assert_content("0:/readme.txt", 10, 1);
    assert_content("0:/README.TXT", 10, 1);
    assert_content("0:/ReadMe.tXt", 10, 1);
    assert_int_equal(open_status("0:/readme"), -ENOENT);
    assert_int_equal(open_status("0:/readme.tx"), -ENOENT);
    assert_int_equal(open_status("0:/readm.txt"), -ENOENT);
    assert_int_equal(open_status("0:/readme.txt/x"), -ENOTDIR);
}

static void test_paths(void **state)
{
    (void)state;
    assert_int_equal(open_status(""), -EBADPATH);
    assert_int_equal(open_status("0:/a//b"), -ENOENT);
    assert_int_equal(open_status("0:/a name that is long"), -ENOENT);
    assert_int_equal(open_status("0:/what?"), -EBADPATH);
    assert_int_equal(open_status("0:/missing"), -ENOENT);
    assert_int_equal(open_status("1:/missing"), -ENOENT);
    assert_int_equal(open_status("9:/"), -ENOENT);
    assert_int_equal(open_status("0:/"), OK);
}

static void test_skipped_entries(void **state)
{
    struct file *root;
    struct directory_entry entry;
    uint8_t *deleted;

    (void)state;
    fat_image_root_entry(&image, "DRUPE      ", FAT_LABEL, 0, 0);
    fat_image_root_entry(&image, "TARGET  TXT", FAT_LONG_NAME, 0, 0);
    fat_image_root_entry(&image, "TARGET  TXT", FAT_LABEL | FAT_DIRECTORY, 9, 0);
    deleted = fat_image_root_entry(&image, "TARGET  TXT", FAT_ARCHIVE, 9, 77);
    deleted[0] = 0xE5;
    put_file("TARGET  TXT", 5, 1, 1, 10, 1);
    assert_content("0:/target.txt", 10, 1);
    assert_int_equal(open_status("0:/drupe"), -ENOENT);
    assert_int_equal(open_status("0:/\xCF\x83"
                                 "arget.txt"),
                     -ENOENT);

    root = open_file("0:/");
    assert_int_equal(file_read_directory(root, &entry), 1);
    assert_string_equal(entry.name, "target.txt");
    assert_int_equal(entry.stat.size, 10);
    assert_int_equal(file_read_directory(root, &entry), 0);
    file_close(root);
}

static void test_name_that_begins_with_e5(void **state)
{
    struct file *root;
    struct directory_entry entry;

    (void)state;
    put_file("\x05"
             "BC     TXT",
             5, 1, 1, 10, 1);
    /* Code page 437 has a small sigma there. */
    assert_content("0:/\xCF\x83"
                   "bc.txt",
                   10, 1);
    root = open_file("0:/");
    assert_int_equal(file_read_directory(root, &entry), 1);
    assert_string_equal(entry.name, "\xCF\x83"
                                    "bc.txt");
    file_close(root);
}

static void test_nothing_behind_the_last_entry(void **state)
{
    struct file *root;
    struct directory_entry entry;

    (void)state;
    put_file("FIRST      ", 5, 1, 1, 10, 1);
    image.next_root_entry++; /* a 0 entry between */
    put_file("SECOND     ", 6, 1, 1, 10, 1);
    assert_int_equal(open_status("0:/second"), -ENOENT);
    root = open_file("0:/");
    assert_int_equal(file_read_directory(root, &entry), 1);
    assert_int_equal(file_read_directory(root, &entry), 0);
    assert_int_equal(file_read_directory(root, &entry), 0);
    file_close(root);
}

static void test_root_exactly_full(void **state)
{
    struct file *root;
    struct directory_entry entry;

    (void)state;
    for (unsigned i = 0; i < FAT_IMAGE_ROOT_ENTRIES; i++) {
        char name[12];
        snprintf(name, sizeof(name), "F%-10u", i);
        put_file(name, 10 + i, 1, 1, 10 + i, i);
    }
    assert_content("0:/f63", 73, 63);
    assert_int_equal(open_status("0:/f64"), -ENOENT);
    root = open_file("0:/");
    for (unsigned i = 0; i < FAT_IMAGE_ROOT_ENTRIES; i++) {
        assert_int_equal(file_read_directory(root, &entry), 1);
        assert_int_equal(entry.stat.size, 10 + i);
    }
    assert_int_equal(file_read_directory(root, &entry), 0);
    file_close(root);
}

static void test_listed_names(void **state)
{
    static const struct {
        const char *on_disk, *listed;
    } names[] = {
        {"A          ", "a"},        {"A       B  ", "a.b"},     {"ABCDEFGHIJK", "abcdefgh.ijk"},
        {"ABCDEFGH   ", "abcdefgh"}, {"1-2     C~1", "1-2.c~1"},
    };
    struct directory_entry entry;
    struct file *root;

    (void)state;
    for (unsigned i = 0; i < COUNT(names); i++) {
        fat_image_root_entry(&image, names[i].on_disk, FAT_ARCHIVE, 0, 0);
    }
    root = open_file("0:/");
    for (unsigned i = 0; i < COUNT(names); i++) {
        assert_int_equal(file_read_directory(root, &entry), 1);
        assert_string_equal(entry.name, names[i].listed);
    }
    file_close(root);
}

static void test_attributes(void **state)
{
    struct directory_entry entry;
    struct file_stat stat;
    struct file *file;

    (void)state;
    put_file("PLAIN      ", 5, 1, 1, 10, 1);
    fat_image_root_entry(&image, "LOCKED     ", FAT_READ_ONLY, 0, 0);
    fat_image_root_entry(&image, "FOLDER     ", FAT_DIRECTORY, 9, 12345); /* a size: ignored */
    fat_image_set(&image, 9, FAT16_END);

    file = open_file("0:/locked");
    file_stat(file, &stat);
    assert_true(stat.is_read_only);
    assert_false(stat.is_directory);
    file_close(file);
    file = open_file("0:/plain");
    file_stat(file, &stat);
    assert_false(stat.is_read_only);
    assert_int_equal(stat.size, 10);
    file_close(file);
    file = open_file("0:/folder");
    file_stat(file, &stat);
    assert_true(stat.is_directory);
    assert_int_equal(stat.size, 0);
    file_close(file);

    file = open_file("0:/");
    file_stat(file, &stat);
    assert_true(stat.is_directory);
    assert_int_equal(file_read_directory(file, &entry), 1);
    assert_false(entry.stat.is_read_only);
    assert_int_equal(file_read_directory(file, &entry), 1);
    assert_true(entry.stat.is_read_only);
    assert_int_equal(file_read_directory(file, &entry), 1);
    assert_true(entry.stat.is_directory);
    assert_int_equal(entry.stat.size, 0);
    file_close(file);
}

static void test_directory_is_no_file(void **state)
{
    struct directory_entry entry;
    struct file *file;
    uint8_t byte;

    (void)state;
    put_file("PLAIN      ", 5, 1, 1, 10, 1);
    file = open_file("0:/");
    assert_int_equal(file_read(file, &byte, 1), -EISDIR);
    assert_int_equal(file_seek(file, 0), -EISDIR);
    assert_int_equal(file_read_directory(file, &entry), 1);
    assert_int_equal(file_read(file, &byte, 1), -EISDIR); /* not at position 0 */
    file_close(file);
    file = open_file("0:/plain");
    assert_int_equal(file_read_directory(file, &entry), -ENOTDIR);
    file_close(file);
}

static void put_dots(uint32_t cluster, uint32_t parent)
{
    uint8_t *entries = fat_image_cluster(&image, cluster);

    fat_put_entry(entries, ".          ", FAT_DIRECTORY, cluster, 0);
    fat_put_entry(entries + 32, "..         ", FAT_DIRECTORY, parent, 0);
    fat_image_set(&image, cluster, FAT16_END);
}

/* 0:/one/two/three/file.txt in clusters 20, 21, 22, 23 */
static void put_tree(void)
{
    static const uint32_t file_cluster = 23;

    fat_image_root_entry(&image, "ONE        ", FAT_DIRECTORY, 20, 0);
    put_dots(20, 0);
    fat_put_entry(fat_image_cluster(&image, 20) + 64, "TWO        ", FAT_DIRECTORY, 21, 0);
    put_dots(21, 20);
    fat_put_entry(fat_image_cluster(&image, 21) + 64, "THREE      ", FAT_DIRECTORY, 22, 0);
    put_dots(22, 21);
    fat_put_entry(fat_image_cluster(&image, 22) + 64, "FILE    TXT", FAT_ARCHIVE, 23, 600);
    fat_image_chain(&image, &file_cluster, 1);
    fat_image_fill(&image, &file_cluster, 1, 600, 9);
}

static void test_three_deep(void **state)
{
    struct directory_entry entry;
    struct file *file;

    (void)state;
    put_tree();
    assert_content("0:/one/two/three/file.txt", 600, 9);
    assert_int_equal(open_status("0:/one/two/three"), OK);
    assert_int_equal(open_status("0:/one/two/file.txt"), -ENOENT);
    assert_int_equal(open_status("0:/two"), -ENOENT);
    assert_int_equal(open_status("0:/one/two/three/file.txt/more"), -ENOTDIR);
    file = open_file("0:/one"); /* no "." and ".." */
    assert_int_equal(file_read_directory(file, &entry), 1);
    assert_string_equal(entry.name, "two");
    assert_int_equal(file_read_directory(file, &entry), 0);
    file_close(file);
}

/* count files f0, f1, ... of size 100 + n % 900 in a folder on the clusters. */
static void put_folder(const uint32_t *clusters, uint32_t cluster_count, unsigned count)
{
    fat_image_chain(&image, clusters, cluster_count);
    fat_image_root_entry(&image, "FOLDER     ", FAT_DIRECTORY, clusters[0], 0);
    for (unsigned i = 0; i < count; i++) {
        char name[12];
        uint8_t *entries = fat_image_cluster(&image, clusters[i / (CLUSTER_BYTES / 32)]);
        snprintf(name, sizeof(name), "F%-10u", i);
        fat_put_entry(entries + i % (CLUSTER_BYTES / 32) * 32, name, FAT_ARCHIVE, 3000,
                      100 + i % 900);
    }
    fat_image_set(&image, 3000, FAT16_END);
}

static void assert_folder(unsigned count)
{
    struct directory_entry entry;
    struct file *folder = open_file("0:/folder");
    char path[32];

    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%u", i);
        assert_int_equal(file_read_directory(folder, &entry), 1);
        assert_string_equal(entry.name, name);
        assert_int_equal(entry.stat.size, 100 + i);
        snprintf(path, sizeof(path), "0:/folder/%s", name); /* other readers between */
        assert_int_equal(open_status(path), OK);
    }
    assert_int_equal(file_read_directory(folder, &entry), 0);
    assert_int_equal(file_read_directory(folder, &entry), 0);
    file_close(folder);
    snprintf(path, sizeof(path), "0:/folder/f%u", count);
    assert_int_equal(open_status(path), -ENOENT);
}

static void test_directory_of_many_clusters(void **state)
{
    static const uint32_t clusters[] = {70, 40, 41, 90, 20};

    (void)state;
    put_folder(clusters, COUNT(clusters), 150);
    assert_folder(150);
}

/* No entry is 0: the chain's end is the directory's. */
static void test_directory_exactly_full(void **state)
{
    static const uint32_t clusters[] = {70, 40, 41};

    (void)state;
    put_folder(clusters, 3, 3 * CLUSTER_BYTES / 32);
    assert_folder(3 * CLUSTER_BYTES / 32);
}

/* 65,536 entries are a directory, one more are damage. */
static void test_largest_directory(void **state)
{
    const uint32_t cluster_count = 65536 / (CLUSTER_BYTES / 32);
    struct directory_entry entry;
    uint32_t *clusters = line_of_clusters(10, 1, cluster_count);
    struct file *folder;

    (void)state;
    put_folder(clusters, cluster_count, 65536);
    free(clusters);
    folder = open_file("0:/folder");
    for (unsigned i = 0; i < 65536; i++) {
        assert_int_equal(file_read_directory(folder, &entry), 1);
        assert_int_equal(entry.stat.size, 100 + i % 900);
    }
    assert_int_equal(file_read_directory(folder, &entry), 0);
    assert_int_equal(file_read_directory(folder, &entry), 0);
    file_close(folder);
    assert_int_equal(open_status("0:/folder/f65535"), OK);
    assert_int_equal(open_status("0:/folder/f65536"), -ENOENT);

    fat_image_set(&image, 10 + cluster_count - 1, 10 + cluster_count);
    fat_image_set(&image, 10 + cluster_count, FAT16_END);
    remount();
    assert_int_equal(open_status("0:/folder/f65535"), OK);
    assert_int_equal(open_status("0:/folder/f65536"), -ECORRUPT);
}

static void test_directory_of_one_full_cluster(void **state)
{
    static const uint32_t cluster = 70;

    (void)state;
    put_folder(&cluster, 1, CLUSTER_BYTES / 32);
    assert_folder(CLUSTER_BYTES / 32);
}

/* ---------------------------------------------------------------- the boot record */

static int mount_status(struct fat_volume **volume)
{
    assert_int_equal(fs_unmount(), OK); /* a device is one volume's */
    unsigned live = live_objects();
    int status = fat_mount(&image.device, false, volume);

    if (status != OK) {
        assert_int_equal(live_objects(), live);
    }
    return status;
}

/* Mounts: either -EFSNOTUS, or all that lies on the volume lies on the device. */
static int mount_checked(void)
{
    struct fat_volume *volume;
    int status = mount_status(&volume);

    if (status == OK) {
        uint64_t end = volume->data_sector + (uint64_t)volume->clusters * volume->cluster_sectors;

        assert_true(end <= image.device.sector_count);
        assert_true(volume->fat_sector > 0);
        assert_true(volume->root_sector > volume->fat_sector);
        assert_true((volume->root_sectors > 0) == (volume->bits != 32));
        assert_true(volume->root_sector + volume->root_sectors <= volume->data_sector);
        assert_in_range(volume->clusters, 1,
                        volume->bits == 12   ? 4084
                        : volume->bits == 16 ? 65524
                                             : 0x0FFFFFF5);
        assert_true(((uint64_t)volume->clusters + 2) * volume->bits <=
                    (uint64_t)volume->fat_sectors * SECTOR_BYTES * 8);
        assert_int_equal(fat_unmount(volume), OK);
    } else {
        assert_int_equal(status, -EFSNOTUS);
    }
    return status;
}

static void test_mount_numbers(void **state)
{
    struct fat_volume *volume;

    (void)state;
    assert_int_equal(mount_status(&volume), OK);
    assert_int_equal(volume->bits, 16);
    assert_int_equal(volume->fat_sector, image.fat_lba);
    assert_int_equal(volume->root_sector, image.root_lba);
    assert_int_equal(volume->data_sector, image.data_lba);
    assert_int_equal(volume->root_sectors, FAT_IMAGE_ROOT_ENTRIES / 16);
    assert_int_equal(volume->clusters, CLUSTERS);
    assert_int_equal(volume->cluster_sectors, 2);
    assert_int_equal(fat_unmount(volume), OK);
}

/* Each number at its ends, on the real device and on the largest. */
static void test_fields_at_extremes(void **state)
{
    static const struct {
        uint8_t offset, bytes;
        bool is_needed; /* 0 is refused */
    } fields[] = {
        {BPB_BYTES_PER_SECTOR, 2, true}, {BPB_SECTORS_PER_CLUSTER, 1, true},
        {BPB_RESERVED, 2, true},         {BPB_FATS, 1, true},
        {BPB_ROOT_ENTRIES, 2, true},     {BPB_TOTAL_16, 2, true},
        {BPB_FAT_SECTORS, 2, true},      {BPB_TOTAL_32, 4, false},
    };
    static const uint32_t values[] = {
        0,      1,      2,      3,      0x7F,    0x80,       0x81,       0xFF,       0x100,
        0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFC0, 0xFFFFFFFF};
    uint32_t real_count = image.device.sector_count;

    (void)state;
    for (unsigned large = 0; large < 2; large++) {
        image.device.sector_count = large ? UINT32_MAX : real_count;
        for (unsigned f = 0; f < COUNT(fields); f++) {
            uint8_t *field = fat_image_bpb(&image) + fields[f].offset;
            uint8_t good[4];

            memcpy(good, field, 4);
            for (unsigned v = 0; v < COUNT(values); v++) {
                uint8_t value[4];
                fat_put32(value, values[v]);
                memcpy(field, value, fields[f].bytes);
                int status = mount_checked();
                if (values[v] == 0 && fields[f].is_needed) {
                    assert_int_equal(status, -EFSNOTUS);
                }
            }
            memcpy(field, good, 4);
            assert_int_equal(mount_checked(), OK);
        }
    }
    image.device.sector_count = real_count;
}

static void test_random_boot_records(void **state)
{
    uint8_t *bpb = fat_image_bpb(&image);
    uint8_t good[SECTOR_BYTES];
    uint32_t random = 1;
    unsigned mounted = 0;

    (void)state;
    memcpy(good, bpb, SECTOR_BYTES);
    for (unsigned round = 0; round < 50000; round++) {
        memcpy(bpb, good, SECTOR_BYTES);
        for (unsigned n = 0; n <= round % 3; n++) {
            random = random * 1664525 + 1013904223;
            unsigned where = 11 + (random >> 8) % 25;
            random = random * 1664525 + 1013904223;
            bpb[where] = (uint8_t)(random >> 24);
        }
        image.device.sector_count = round % 2 ? UINT32_MAX : image.mapped_sectors;
        mounted += mount_checked() == OK;
    }
    memcpy(bpb, good, SECTOR_BYTES);
    image.device.sector_count = image.mapped_sectors;
    assert_in_range(mounted, 500, 49500); /* both outcomes are tried */
}

static void test_sector_and_cluster_sizes(void **state)
{
    uint8_t *bpb = fat_image_bpb(&image);

    (void)state;
    for (unsigned bytes = 1; bytes <= 4096; bytes *= 2) {
        fat_put16(bpb + BPB_BYTES_PER_SECTOR, bytes);
        assert_int_equal(mount_checked(), bytes == 512 ? OK : -EFSNOTUS);
    }
    fat_put16(bpb + BPB_BYTES_PER_SECTOR, 512);
    image.device.sector_count = UINT32_MAX;
    fat_put16(bpb + BPB_TOTAL_16, 0);
    for (unsigned sectors = 0; sectors < 256; sectors++) {
        bool is_power = sectors != 0 && (sectors & (sectors - 1)) == 0;
        bpb[BPB_SECTORS_PER_CLUSTER] = (uint8_t)sectors;
        fat_put32(bpb + BPB_TOTAL_32, 4200 * sectors + 40);
        assert_int_equal(mount_checked(), is_power ? OK : -EFSNOTUS);
    }
}

static void test_number_of_fats(void **state)
{
    uint8_t *bpb = fat_image_bpb(&image);

    (void)state;
    /* Each further FAT takes clusters away, until it is FAT12. */
    for (unsigned fats = 0; fats < 256; fats++) {
        bpb[BPB_FATS] = (uint8_t)fats;
        assert_int_equal(mount_checked(), fats >= 1 ? OK : -EFSNOTUS);
    }
}

static void test_one_fat(void **state)
{
    uint8_t *bpb = fat_image_bpb(&image);

    (void)state;
    /* What was the second FAT becomes reserved: the first is then the one that is used. */
    bpb[BPB_FATS] = 1;
    fat_put16(bpb + BPB_RESERVED, FAT_IMAGE_RESERVED + image.fat_sectors);
    remount();
    put_fragmented();
    assert_content("0:/fragment.bin", FRAGMENTED_BYTES, 7);
}

/* The specification's limits: below 4,085 FAT12, above 65,524 FAT32, which has another record. */
static void test_cluster_count_limits(void **state)
{
    static const struct {
        uint32_t clusters;
        int expected;
    } counts[] = {{1, OK},     {4084, OK},         {4085, OK},
                  {65524, OK}, {65525, -EFSNOTUS}, {70000, -EFSNOTUS}};

    (void)state;
    for (unsigned i = 0; i < COUNT(counts); i++) {
        fat_image_destroy(&image);
        fat_image_create(&image, 1, counts[i].clusters);
        assert_int_equal(mount_checked(), counts[i].expected);
    }
}

static void test_fat_too_short(void **state)
{
    uint8_t *bpb = fat_image_bpb(&image);

    (void)state;
    fat_put16(bpb + BPB_FAT_SECTORS, image.fat_sectors - 1);
    assert_int_equal(mount_checked(), -EFSNOTUS);
}

/* 17 sectors of FAT have room for 4,350 clusters and the two numbers that are none. */
static void test_fat_exactly_full(void **state)
{
    uint8_t *bpb;
    uint32_t total;

    (void)state;
    fat_image_destroy(&image);
    fat_image_create(&image, 1, 4350);
    bpb = fat_image_bpb(&image);
    total = image.mapped_sectors - FAT_IMAGE_FIRST_LBA;
    image.device.sector_count += 2;
    assert_int_equal(image.fat_sectors, 17);
    assert_int_equal(mount_checked(), OK);
    for (uint32_t more = 1; more <= 2; more++) {
        fat_put16(bpb + BPB_TOTAL_16, total + more);
        assert_int_equal(mount_checked(), -EFSNOTUS);
    }
}

static void test_no_boot_record(void **state)
{
    uint8_t *bpb = fat_image_bpb(&image);

    (void)state;
    bpb[510] = 0;
    assert_int_equal(mount_checked(), -EFSNOTUS);
    bpb[510] = 0x55;
    bpb[511] = 0x55;
    assert_int_equal(mount_checked(), -EFSNOTUS);
    memset(bpb, 0, SECTOR_BYTES);
    assert_int_equal(mount_checked(), -EFSNOTUS);
    memset(bpb, 0xFF, SECTOR_BYTES);
    assert_int_equal(mount_checked(), -EFSNOTUS);
}

static void test_volume_larger_than_device(void **state)
{
    (void)state;
    assert_int_equal(mount_checked(), OK); /* exactly as large */
    image.device.sector_count--;
    assert_int_equal(mount_checked(), -EFSNOTUS);
    image.device.sector_count = FAT_IMAGE_FIRST_LBA + 1;
    assert_int_equal(mount_checked(), -EFSNOTUS);
    image.device.sector_count = FAT_IMAGE_FIRST_LBA; /* no boot record on it */
    assert_int_equal(mount_checked(), -EFSNOTUS);
    image.device.sector_count = 0;
    assert_int_equal(mount_checked(), -EFSNOTUS);
}

/* ---------------------------------------------------------------- damage */

static void test_chain_loops(void **state)
{
    (void)state;
    put_file("SELF       ", 5, 1, 1, 2 * CLUSTER_BYTES, 1);
    fat_image_set(&image, 5, 5);
    put_file("PAIR       ", 10, 1, 2, 5 * CLUSTER_BYTES, 1);
    fat_image_set(&image, 11, 10);
    put_file("TAIL       ", 20, 1, 9, 9 * CLUSTER_BYTES, 1); /* round behind the file's end */
    fat_image_set(&image, 28, 24);
    put_file("ONE        ", 40, 1, 1, CLUSTER_BYTES, 1); /* even then */
    fat_image_set(&image, 40, 40);
    assert_int_equal(open_status("0:/self"), -ECORRUPT);
    assert_int_equal(open_status("0:/pair"), -ECORRUPT);
    assert_int_equal(open_status("0:/tail"), -ECORRUPT);
    assert_int_equal(open_status("0:/one"), -ECORRUPT);
}

static void test_numbers_that_end_no_chain(void **state)
{
    static const uint32_t values[] = {0,      1,      CLUSTERS + 2, CLUSTERS + 3, 0x7FFF, 0x8000,
                                      0xFFEF, 0xFFF0, 0xFFF5,       0xFFF6,       0xFFF7};

    (void)state;
    put_file("FILE       ", 5, 1, 3, 3 * CLUSTER_BYTES, 1);
    for (unsigned i = 0; i < COUNT(values); i++) {
        for (uint32_t cluster = 5; cluster <= 7; cluster++) {
            fat_image_set(&image, cluster, values[i]);
            remount();
            assert_int_equal(open_status("0:/file"), -ECORRUPT);
            fat_image_set(&image, cluster, cluster < 7 ? cluster + 1 : FAT16_END);
        }
    }
    remount();
    assert_content("0:/file", 3 * CLUSTER_BYTES, 1);
}

static void test_every_end_of_chain(void **state)
{
    (void)state;
    put_file("FILE       ", 5, 1, 3, 3 * CLUSTER_BYTES, 1);
    for (uint32_t end = 0xFFF8; end <= 0xFFFF; end++) {
        fat_image_set(&image, 7, end);
        remount();
        assert_content("0:/file", 3 * CLUSTER_BYTES, 1);
    }
}

static void test_chain_shorter_than_the_file(void **state)
{
    (void)state;
    /* So long that its first page needs no cluster that is missing. */
    put_file("FILE       ", 5, 1, 90, 90 * CLUSTER_BYTES + 1, 1);
    assert_int_equal(open_status("0:/file"), -ECORRUPT);
}

/* Room that was reserved for a file and not used: harmless. */
static void test_chain_longer_than_the_file(void **state)
{
    (void)state;
    put_file("FILE       ", 5, 1, 9, 3 * CLUSTER_BYTES + 1, 1);
    assert_content("0:/file", 3 * CLUSTER_BYTES + 1, 1);
}

static void test_bad_first_clusters(void **state)
{
    static const uint32_t values[] = {0, 1, CLUSTERS + 2, 0x7FFF, 0xFFF0, 0xFFF7, 0xFFF8, 0xFFFF};
    uint8_t *file = fat_image_root_entry(&image, "FILE       ", FAT_ARCHIVE, 0, 10);
    uint8_t *folder = fat_image_root_entry(&image, "FOLDER     ", FAT_DIRECTORY, 0, 0);

    (void)state;
    for (unsigned i = 0; i < COUNT(values); i++) {
        fat_put16(file + 26, values[i]);
        fat_put16(folder + 26, values[i]);
        remount();
        assert_int_equal(open_status("0:/file"), -ECORRUPT);
        assert_int_equal(open_status("0:/folder"), -ECORRUPT);
        assert_int_equal(open_status("0:/folder/file"), -ECORRUPT);
    }
    fat_image_set(&image, CLUSTERS + 1, FAT16_END); /* the last one is good */
    fat_put16(file + 26, CLUSTERS + 1);
    remount();
    assert_int_equal(open_status("0:/file"), OK);
}

static void test_size_larger_than_the_disk(void **state)
{
    static const uint32_t sizes[] = {
        CLUSTERS * CLUSTER_BYTES + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFC00, 0xFFFFFC01, 0xFFFFFFFF};
    uint8_t *entry = fat_image_root_entry(&image, "FILE       ", FAT_ARCHIVE, 5, 10);

    (void)state;
    fat_image_set(&image, 5, 6);
    fat_image_set(&image, 6, FAT16_END);
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        fat_put32(entry + 28, sizes[i]);
        remount();
        assert_int_equal(open_status("0:/file"), -ECORRUPT);
    }
}

static void test_file_that_fills_the_volume(void **state)
{
    (void)state;
    put_file("ALL        ", 2, 1, CLUSTERS, CLUSTERS * CLUSTER_BYTES, 1);
    assert_content("0:/all", CLUSTERS * CLUSTER_BYTES, 1);
}

/* Lists a folder whose chain goes round: it must stop by itself, before the largest directory that
 * the specification allows, 65,536 entries, could have been exceeded. */
static void assert_loop_ends(void)
{
    struct directory_entry entry;
    struct file *folder;
    unsigned count = 0;
    int status;

    image.sectors = 0;
    assert_int_equal(open_status("0:/folder/missing"), -ECORRUPT);
    folder = open_file("0:/folder");
    while ((status = file_read_directory(folder, &entry)) == 1) {
        count++;
        assert_true(count <= 65536);
    }
    assert_int_equal(status, -ECORRUPT);
    assert_int_equal(file_read_directory(folder, &entry), -ECORRUPT);
    file_close(folder);
    assert_true(image.sectors < 20000);
}

static void test_directory_loops(void **state)
{
    static const uint32_t clusters[] = {70, 40, 41};

    (void)state;
    put_folder(clusters, 3, 3 * CLUSTER_BYTES / 32);
    fat_image_set(&image, 41, 41);
    assert_loop_ends();
    fat_image_set(&image, 41, 70);
    remount();
    assert_loop_ends();
    fat_image_set(&image, 70, 70);
    remount();
    assert_loop_ends();
}

/* With the largest clusters, and no file in them. */
static void test_directory_loop_of_deleted_entries(void **state)
{
    uint8_t *entries;

    (void)state;
    use_volume(128, 4085);
    fat_image_root_entry(&image, "FOLDER     ", FAT_DIRECTORY, 70, 0);
    fat_image_set(&image, 70, 70);
    entries = fat_image_cluster(&image, 70);
    for (unsigned i = 0; i < 128 * 16; i++) {
        fat_put_entry(entries + i * 32,
                      "\xE5"
                      "ELETED    ",
                      FAT_ARCHIVE, 0, 0);
    }
    assert_loop_ends();
}

static void test_directory_chain_damaged(void **state)
{
    static const uint32_t clusters[] = {70, 40, 41};
    static const uint32_t values[] = {0, 1, CLUSTERS + 2, 0xFFF0, 0xFFF7};
    struct directory_entry entry;

    (void)state;
    put_folder(clusters, 3, 3 * CLUSTER_BYTES / 32);
    for (unsigned i = 0; i < COUNT(values); i++) {
        fat_image_set(&image, 40, values[i]);
        remount();
        assert_int_equal(open_status("0:/folder/f1"), OK); /* before the damage */
        assert_int_equal(open_status("0:/folder/missing"), -ECORRUPT);
        struct file *folder = open_file("0:/folder");
        for (unsigned n = 0; n < 2 * CLUSTER_BYTES / 32; n++) {
            assert_int_equal(file_read_directory(folder, &entry), 1);
        }
        assert_int_equal(file_read_directory(folder, &entry), -ECORRUPT);
        assert_int_equal(file_read_directory(folder, &entry), -ECORRUPT);
        file_close(folder);
    }
}

/* What was read is forgotten: sectors, and files' pages. */
static void forget_all(void)
{
    (void)block_cache_shrink(SIZE_MAX);
    (void)page_cache_forget();
}

/* The chain breaks after the file was read: what was found sound once is not looked for again. */
static void test_damage_while_open(void **state)
{
    struct file *file;

    (void)state;
    put_file("FILE       ", 600, 2, 8, 8 * CLUSTER_BYTES, 1);
    file = open_file("0:/file");
    assert_int_equal(read_checked(file, 0, 1, 0, 1), 1);
    fat_image_set(&image, 608, 0);
    forget_all();
    assert_int_equal(read_checked(file, 1, 8 * CLUSTER_BYTES, 0, 1), 8 * CLUSTER_BYTES - 1);
    file_close(file);
    assert_int_equal(open_status("0:/file"), -ECORRUPT);
}

static void test_random_damage(void **state)
{
    static const uint32_t clusters[] = {70, 40, 41};
    static const char *const paths[] = {"0:/", "0:/fragment.bin", "0:/one/two/three/file.txt",
                                        "0:/folder", "0:/folder/f70"};
    uint8_t *buffer = malloc(16384);
    uint32_t random = 1;
    unsigned opened = 0;
    unsigned refused = 0;

    (void)state;
    put_fragmented();
    put_tree();
    put_folder(clusters, 3, 80);
    for (unsigned round = 0; round < 3000; round++) {
        uint8_t *where[8];
        uint8_t good[8];

        for (unsigned n = 0; n < 8; n++) {
            random = random * 1664525 + 1013904223;
            uint32_t at = random >> 8;
            random = random * 1664525 + 1013904223;
            where[n] = n < 4 ? fat_image_sector(&image, image.fat_lba) + at % 640
                             : fat_image_sector(&image, image.root_lba) + at % 96;
            good[n] = *where[n];
            *where[n] = (uint8_t)(round % 2 ? random >> 24 : random >> 30 ? 0 : at % 128);
        }
        remount();
        for (unsigned p = 0; p < COUNT(paths); p++) {
            struct directory_entry entry;
            struct file *file = NULL;

            if (file_open(paths[p], &file) != OK) {
                refused++;
                continue;
            }
            opened++;
            assert_true(file_read(file, buffer, 16384) <= 16384);
            for (unsigned n = 0; n < 200 && file_read_directory(file, &entry) == 1; n++) {
                assert_true(strlen(entry.name) < sizeof(entry.name));
            }
            file_close(file);
        }
        for (unsigned n = 8; n-- > 0;) {
            *where[n] = good[n];
        }
    }
    free(buffer);
    assert_true(opened > 1000 && refused > 1000);
}

/* ---------------------------------------------------------------- errors from below */

/* Mounts, opens, reads, lists. The first error, or 0. */
static int whole_session(void)
{
    struct directory_entry entry;
    struct file *file = NULL;
    int status = fs_mount(&image.device, FAT_IMAGE_FIRST_LBA);

    if (status < 0) {
        return status;
    }
    status = file_open("0:/fragment.bin", &file);
    if (status == OK) {
        status = read_checked(file, 0, FRAGMENTED_BYTES, 0, 7);
        file_close(file);
        file = NULL;
    }
    if (status >= 0) {
        status = file_open("0:/one/two/three/file.txt", &file);
    }
    if (status == OK) {
        status = read_checked(file, 0, 600, 0, 9);
        file_close(file);
        file = NULL;
    }
    if (status >= 0) {
        status = file_open("0:/folder", &file);
    }
    if (status == OK) {
        while ((status = file_read_directory(file, &entry)) == 1) {
        }
        file_close(file);
    }
    assert_int_equal(fs_unmount(), OK);
    assert_int_equal(live_objects(), 0);
    return status < 0 ? status : OK;
}

static void put_session_files(void)
{
    static const uint32_t clusters[] = {70, 2000, 41};

    put_fragmented();
    put_tree();
    put_folder(clusters, 3, 3 * CLUSTER_BYTES / 32);
    assert_int_equal(fs_unmount(), OK);
}

static void test_read_error_at_every_read(void **state)
{
    unsigned total;

    (void)state;
    put_session_files();
    image.reads = 0;
    assert_int_equal(whole_session(), OK);
    total = image.reads;
    assert_true(total > 8);
    for (unsigned on = 0; on < 2; on++) {
        image.fails_on = on;
        for (unsigned n = 1; n <= total; n++) {
            image.reads = 0;
            image.fail_at = n;
            int status = whole_session();
            /* One failure may be made good by the cache, which then reads single sectors. */
            assert_true(status == -EIO || (status == OK && !image.fails_on));
            image.fail_at = 0;
            assert_int_equal(whole_session(), OK);
        }
    }
}

/* One mount: what was held when the error came is not trusted, the position stays. */
static void test_next_try_works(void **state)
{
    (void)state;
    put_fragmented();
    put_tree();
    for (unsigned n = 1; n < 40; n++) {
        struct file *file = NULL;
        int status;

        remount();
        image.reads = 0;
        image.fail_at = n;
        status = file_open("0:/fragment.bin", &file);
        if (status < 0) {
            assert_int_equal(status, -EIO);
            assert_null(file);
            file = open_file("0:/fragment.bin");
        }
        status = read_checked(file, 0, 700, 0, 7); /* ends inside a sector */
        if (status < 0) {
            assert_int_equal(status, -EIO);
            assert_int_equal(read_checked(file, 0, 700, 0, 7), 700);
        }
        status = read_checked(file, 700, FRAGMENTED_BYTES, 0, 7);
        if (status < 0) {
            assert_int_equal(status, -EIO);
            status = read_checked(file, 700, FRAGMENTED_BYTES, 0, 7);
        }
        assert_int_equal(status, FRAGMENTED_BYTES - 700);
        file_close(file);
        if (n > image.reads) {
            return;
        }
        image.fail_at = 0;
        assert_content("0:/one/two/three/file.txt", 600, 9);
    }
    fail_msg("never without an error");
}

static void test_listing_goes_on_after_an_error(void **state)
{
    static const uint32_t clusters[] = {70, 2000, 41};
    const unsigned count = 3 * CLUSTER_BYTES / 32;

    (void)state;
    put_folder(clusters, 3, count);
    for (unsigned n = 1; n <= 9; n++) {
        struct directory_entry entry;
        struct file *folder;

        remount();
        folder = open_file("0:/folder");
        image.reads = 0;
        image.fail_at = n;
        for (unsigned i = 0; i < count; i++) {
            int status = file_read_directory(folder, &entry);
            if (status < 0) {
                assert_int_equal(status, -EIO);
                status = file_read_directory(folder, &entry);
            }
            assert_int_equal(status, 1);
            assert_int_equal(entry.stat.size, 100 + i);
        }
        image.fail_at = 0;
        assert_int_equal(file_read_directory(folder, &entry), 0);
        file_close(folder);
    }
}

static void test_no_memory_at_every_allocation(void **state)
{
    unsigned n = 1;

    (void)state;
    put_session_files();
    for (; n < 200; n++) {
        stub_kmem_fail_from(n);
        int status = whole_session();
        stub_kmem_fail_at(0);
        assert_int_equal(whole_session(), OK);
        if (status == OK) {
            break;
        }
        assert_int_equal(status, -ENOMEM);
    }
    assert_in_range(n, 6, 199); /* a block and each open file, at least */
}

static void test_memory_comes_back(void **state)
{
    struct file *many[50];
    unsigned live = live_objects();

    (void)state;
    put_fragmented();
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT(many); i++) {
            many[i] = open_file("0:/fragment.bin");
        }
        for (unsigned i = 0; i < COUNT(many); i++) {
            assert_int_equal(read_checked(many[i], 0, 100, 0, 7), 100);
            file_close(many[i]);
        }
        assert_int_equal(live_objects(), live);
    }
}

static void test_close_null(void **state)
{
    (void)state;
    file_close(NULL);
}

static void test_unmount_busy(void **state)
{
    struct file *a, *b;

    (void)state;
    put_fragmented();
    a = open_file("0:/fragment.bin");
    b = open_file("0:/");
    assert_int_equal(fs_unmount(), -EINUSE);
    file_close(a);
    assert_int_equal(fs_unmount(), -EINUSE);
    file_close(b);
    assert_int_equal(fs_unmount(), OK);
    assert_int_equal(fs_unmount(), OK);
    assert_int_equal(live_objects(), 0);
    assert_int_equal(there("0:/fragment.bin"), -ENOENT);
    assert_int_equal(there("0:/"), -ENOENT);
}

static void test_mount_twice(void **state)
{
    (void)state;
    put_fragmented();
    assert_int_equal(fs_mount(&image.device, FAT_IMAGE_FIRST_LBA), -EISTKN);
    assert_content("0:/fragment.bin", FRAGMENTED_BYTES, 7); /* the first one still works */
}

static void test_failed_mount_is_no_mount(void **state)
{
    (void)state;
    assert_int_equal(fs_unmount(), OK);
    assert_int_equal(fs_mount(&image.device, FAT_IMAGE_FIRST_LBA + 1), -EFSNOTUS);
    assert_int_equal(there("0:/"), -ENOENT);
    assert_int_equal(live_objects(), 0);
    assert_int_equal(fs_mount(&image.device, FAT_IMAGE_FIRST_LBA), OK);
    assert_int_equal(there("0:/"), OK);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_small_file),
        test(test_empty_file),
        test(test_empty_file_with_cluster),
        test(test_sizes_around_sectors_and_clusters),
        test(test_every_cluster_size),
        test(test_largest_volume),
        test(test_fragmented),
        test(test_sequential_pieces),
        test(test_random_reads),
        test(test_reads_at_borders),
        test(test_odd_buffers),
        test(test_seek),
        test(test_exactly_full_is_not_the_end),
        test(test_zero_length),
        test(test_length_beyond_int),
        test(test_two_files_at_once),
        test(test_same_file_twice),
        test(test_runs_are_read_at_once),
        test(test_sequential_is_linear),
        test(test_any_case),
        test(test_paths),
        test(test_skipped_entries),
        test(test_name_that_begins_with_e5),
        test(test_nothing_behind_the_last_entry),
        test(test_root_exactly_full),
        test(test_listed_names),
        test(test_attributes),
        test(test_directory_is_no_file),
        test(test_three_deep),
        test(test_directory_of_many_clusters),
        test(test_directory_exactly_full),
        test(test_directory_of_one_full_cluster),
        test(test_largest_directory),
        test(test_mount_numbers),
        test(test_fields_at_extremes),
        test(test_random_boot_records),
        test(test_sector_and_cluster_sizes),
        test(test_number_of_fats),
        test(test_one_fat),
        test(test_cluster_count_limits),
        test(test_fat_too_short),
        test(test_fat_exactly_full),
        test(test_no_boot_record),
        test(test_volume_larger_than_device),
        test(test_chain_loops),
        test(test_numbers_that_end_no_chain),
        test(test_every_end_of_chain),
        test(test_chain_shorter_than_the_file),
        test(test_chain_longer_than_the_file),
        test(test_bad_first_clusters),
        test(test_size_larger_than_the_disk),
        test(test_file_that_fills_the_volume),
        test(test_directory_loops),
        test(test_directory_loop_of_deleted_entries),
        test(test_directory_chain_damaged),
        test(test_damage_while_open),
        test(test_random_damage),
        test(test_read_error_at_every_read),
        test(test_next_try_works),
        test(test_listing_goes_on_after_an_error),
        test(test_no_memory_at_every_allocation),
        test(test_memory_comes_back),
        test(test_close_null),
        test(test_unmount_busy),
        test(test_mount_twice),
        test(test_failed_mount_is_no_mount),
    };
    page_cache_initialise();
    node_cache_initialise();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
