/*
 * test_fat_faults.c - the n-th write, the n-th read and the n-th allocation fail, for every n
 * through each operation on a FAT volume: each time the operation says so and nothing is half done,
 * what was there before is there, and when the fault is gone the same operation succeeds.
 * Sources: src/fs/fat/volume.c src/fs/fat/changes.c src/fs/fat/chain.c src/fs/fat/commit.c
 * Sources: src/fs/fat/steps.c src/fs/fat/log.c src/fs/fat/names.c src/fs/fat/time.c
 * Sources: src/fs/fat/directory.c
 * Sources: src/fs/fat/contents.c src/fs/fat/tree.c src/fs/fat/check.c src/fs/fat/mount.c
 * Sources: src/device/block_cache.c src/device/block.c src/lib/string.c src/lib/tree.c
 * Sources: tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/align.h"
#include "fat_disk.h"
#include "fat_examine.h"
#include "fs/fat/commit.h"
#include "fs/fat/mount.h"
#include "fs/fat/tree.h"
#include "stub_kmem_malloc.h"

#define NOW       1700000000
#define LONG_NAME "a name that is long enough for three slots.text"

static struct fat_disk disk;
static struct fat_volume *volume;

/* What fails. */
enum fault { FAULT_WRITE, FAULT_READ, FAULT_ALLOCATION, FAULTS };

static void set_fault(enum fault fault, unsigned n)
{
    disk.writes = disk.reads = 0;
    disk.fail_write_at = fault == FAULT_WRITE ? n : 0;
    disk.fail_read_at = fault == FAULT_READ ? n : 0;
    stub_kmem_fail_at(fault == FAULT_ALLOCATION ? n : 0);
}

static int look_up(const char *name, struct fat_file *file)
{
    struct fat_file root;

    fat_root(volume, &root);
    return fat_look_up(volume, &root, name, strlen(name), file);
}

/* ---------------------------------------------------------------- operations */

/* Each gives a status; all that it opened is closed. */

static int do_create(void)
{
    struct fat_file root, file;

    fat_root(volume, &root);
    int status = fat_create(volume, &root, LONG_NAME, strlen(LONG_NAME), FAT_ARCHIVE, NOW, &file);
    if (status == OK) {
        fat_forget(volume, &file);
    }
    return status;
}

static int do_make_folder(void)
{
    struct fat_file root, file;

    fat_root(volume, &root);
    int status = fat_create(volume, &root, "New Folder", 10, FAT_DIRECTORY, NOW, &file);
    if (status == OK) {
        fat_forget(volume, &file);
    }
    return status;
}

static int do_write(void)
{
    static uint8_t data[5000];
    struct fat_file file;
    int status = look_up("old file", &file);

    if (status == OK) {
        status = fat_file_write(volume, &file, 2500, data, sizeof(data));
        fat_forget(volume, &file);
    }
    return status;
}

static int do_shrink(void)
{
    struct fat_file file;
    int status = look_up("old file", &file);

    if (status == OK) {
        status = fat_file_resize(volume, &file, 600);
        fat_forget(volume, &file);
    }
    return status;
}

static int do_grow(void)
{
    struct fat_file file;
    int status = look_up("old file", &file);

    if (status == OK) {
        status = fat_file_resize(volume, &file, 9000);
        fat_forget(volume, &file);
    }
    return status;
}

static int do_remove(void)
{
    struct fat_file root, file;

    fat_root(volume, &root);
    int status = look_up("other file", &file);
    if (status == OK) {
        status = fat_remove(volume, &root, &file);
        fat_forget(volume, &file);
    }
    return status;
}

static int do_rename(void)
{
    struct fat_file root, file, folder;

    fat_root(volume, &root);
    int status = look_up("other file", &file);
    if (status == OK) {
        status = look_up("folder", &folder);
        if (status == OK) {
            status = fat_rename(volume, &root, &file, &folder, LONG_NAME, strlen(LONG_NAME), NULL);
            fat_forget(volume, &folder);
        }
        fat_forget(volume, &file);
    }
    return status;
}

static int do_replace(void)
{
    struct fat_file root, file, replaced;

    fat_root(volume, &root);
    int status = look_up("other file", &file);
    if (status == OK) {
        status = look_up("old file", &replaced);
        if (status == OK) {
            status = fat_rename(volume, &root, &file, &root, "old file", 8, &replaced);
            fat_forget(volume, &replaced);
        }
        fat_forget(volume, &file);
    }
    return status;
}

static int do_commit(void)
{
    return fat_commit(volume);
}

/* ---------------------------------------------------------------- the tests */

static const uint8_t pattern[3000] = {1, 2, 3, 4, 5};

static void begin(const char *mkfs, uint32_t kib, bool has_log)
{
    struct fat_file root, file;

    fat_disk_create(&disk, mkfs, kib, 512);
    if (has_log) {
        fat_disk_add_log(&disk);
    }
    assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
    fat_root(volume, &root);
    for (int i = 0; i < 2; i++) {
        const char *name = i ? "other file" : "old file";

        assert_int_equal(fat_create(volume, &root, name, strlen(name), FAT_ARCHIVE, NOW, &file),
                         OK);
        assert_int_equal(fat_file_write(volume, &file, 0, pattern, sizeof(pattern)), OK);
        fat_forget(volume, &file);
    }
    assert_int_equal(fat_create(volume, &root, "folder", 6, FAT_DIRECTORY, NOW, &file), OK);
    fat_forget(volume, &file);
    assert_int_equal(fat_commit(volume), OK);
}

/* Nothing is wrong with the unmounted volume. fsck.fat is asked now and then. */
static void check_sound(bool asks_fsck)
{
    char wrong[FAT_WRONG_BYTES];
    unsigned found = fat_examine(disk.bytes, wrong);

    if (found) {
        fail_msg("findings 0x%X: %s", found, wrong);
    }
    assert_true(!asks_fsck || fat_disk_is_sound(&disk, true, NULL));
}

static void remount(void)
{
    fat_unmount(volume);
    volume = NULL;
    check_sound(false);
    assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
}

/* Unmounts; the disk stays. */
static void end_round(bool asks_fsck)
{
    set_fault(FAULTS, 0);
    assert_int_equal(fat_unmount(volume), OK);
    volume = NULL;
    check_sound(asks_fsck);
    assert_int_equal(stub_kmem_live(), 0);
}

static void end(void)
{
    end_round(true);
    fat_disk_destroy(&disk);
}

/* The bytes of "other file", which no operation but those that move it touches, and of what is not
 * written of "old file". */
static void check_contents(const char *name, uint32_t length)
{
    struct fat_file file;
    uint8_t data[3000];

    assert_int_equal(look_up(name, &file), OK);
    assert_true(file.size >= length);
    assert_int_equal(fat_file_read(volume, &file, 0, data, length), OK);
    assert_memory_equal(data, pattern, length);
    fat_forget(volume, &file);
}

/* is_whole: the operation happens at all or not at all, also when others of its kind are
 * written. */
static void fail_each(int (*operation)(void), bool is_whole)
{
    static const struct {
        const char *mkfs;
        uint32_t kib;
        bool has_log;
    } forms[] = {{"-F 16 -s 1 -R 128", 4096, true},
                 {"-F 12 -s 1", 1440, false},
                 {"-F 32 -s 1 -R 128", 700, true}};

    for (size_t form = 0; form < ARRAY_SIZE(forms); form++) {
        begin(forms[form].mkfs, forms[form].kib, forms[form].has_log);
        end_round(true);
        uint8_t *start = malloc(disk.size);
        memcpy(start, disk.bytes, disk.size);
        for (enum fault fault = FAULT_WRITE; fault < FAULTS; fault++) {
            bool has_failed = true;

            for (unsigned n = 1; has_failed; n++) {
                memcpy(disk.bytes, start, disk.size);
                assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
                set_fault(fault, n);
                int status = operation();
                int committed = fat_commit(volume);
                has_failed = fault == FAULT_WRITE  ? disk.writes >= n
                             : fault == FAULT_READ ? disk.reads >= n
                                                   : stub_kmem_has_failed();
                set_fault(FAULTS, 0);
                assert_true(status == OK || status == -EIO || status == -ENOMEM);
                assert_true(committed == OK || committed == -EIO || committed == -ENOMEM);
                assert_int_equal(fat_commit(volume), OK);
                if (status < 0) {
                    if (is_whole) {
                        check_contents("old file", 3000);
                        check_contents("other file", 3000);
                    }
                    assert_int_equal(operation(), OK);
                }
                assert_int_equal(fat_commit(volume), OK);
                end_round(n % 4 == 0 || !has_failed);
            }
        }
        free(start);
        fat_disk_destroy(&disk);
    }
}

#define FAULT_TEST(name, is_whole)        \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        fail_each(do_##name, is_whole);   \
    }

FAULT_TEST(create, true)
FAULT_TEST(make_folder, true)
FAULT_TEST(write, false)
FAULT_TEST(shrink, true)
FAULT_TEST(grow, true)
FAULT_TEST(remove, true)
FAULT_TEST(rename, true)
FAULT_TEST(replace, true)
FAULT_TEST(commit, true)

/* Mounting works, or the volume can only be read, or it fails; nothing is lost by it. */
static void test_mount(void **state)
{
    (void)state;
    for (enum fault fault = FAULT_WRITE; fault < FAULTS; fault++) {
        begin("-F 16 -s 1 -R 128", 4096, true);
        assert_int_equal(do_create(), OK);
        assert_int_equal(fat_commit(volume), OK);
        /* As after a power cut: the volume is still marked, and its log has a transaction. */
        uint8_t *copy = malloc(disk.size);
        memcpy(copy, disk.bytes, disk.size);
        assert_int_equal(fat_unmount(volume), OK);
        for (unsigned n = 1; n < 80; n++) {
            memcpy(disk.bytes, copy, disk.size);
            set_fault(fault, n);
            int status = fat_mount(&disk.device, false, &volume);
            set_fault(FAULTS, 0);
            assert_true(status == OK || status == -EIO || status == -ENOMEM);
            struct fat_file file;
            if (status == OK && volume->is_read_only) {
                assert_non_null(volume->remark);
                assert_int_equal(look_up("old file", &file), OK);
                fat_forget(volume, &file);
                assert_int_equal(fat_unmount(volume), OK);
                status = -EIO;
            }
            if (status < 0) {
                assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
            }
            assert_false(volume->is_read_only);
            check_contents("other file", 3000);
            assert_int_equal(look_up(LONG_NAME, &file), OK);
            fat_forget(volume, &file);
            end_round(n % 4 == 0);
        }
        free(copy);
        fat_disk_destroy(&disk);
    }
}

/* The disk is full: the operation says so, and nothing has changed. */
static void test_full(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        struct fat_file root, file, folder;
        static uint8_t data[100000];
        uint32_t size, free;

        begin(form ? "-F 32 -s 1 -R 128" : "-F 12 -s 1 -r 16", form ? 700 : 400, form);
        fat_root(volume, &root);
        assert_int_equal(look_up("old file", &file), OK);
        free = fat_available(volume);
        size = 3072 + free * 512;
        /* One cluster too many. */
        assert_int_equal(fat_file_resize(volume, &file, size + 1), -ENOSPACE);
        assert_int_equal(file.size, 3000);
        assert_int_equal(fat_available(volume), free);
        /* The last one. */
        assert_int_equal(fat_file_resize(volume, &file, size), OK);
        assert_int_equal(fat_available(volume), 0);
        assert_int_equal(fat_file_write(volume, &file, size, data, 1), -ENOSPACE);
        assert_int_equal(fat_create(volume, &root, "none", 4, FAT_DIRECTORY, NOW, &folder),
                         -ENOSPACE);
        assert_int_equal(fat_commit(volume), OK);
        fat_forget(volume, &file);
        remount();
        assert_int_equal(look_up("old file", &file), OK);
        assert_int_equal(file.size, size);
        assert_int_equal(fat_available(volume), 0);
        /* What becomes free can be used at once. */
        assert_int_equal(fat_file_resize(volume, &file, 3000), OK);
        assert_int_equal(fat_create(volume, &root, "some", 4, FAT_DIRECTORY, NOW, &folder), OK);
        assert_int_equal(fat_file_write(volume, &file, 3000, data, sizeof(data)), OK);
        fat_forget(volume, &file);
        fat_forget(volume, &folder);
        end();
    }
}

/* The root folder of FAT12 and FAT16 does not grow. */
static void test_root_is_full(void **state)
{
    struct fat_file root, file;
    char name[32];
    int status = OK, count = 0;

    (void)state;
    begin("-F 12 -s 1 -r 32", 400, false);
    fat_root(volume, &root);
    for (; status == OK; count++) {
        snprintf(name, sizeof(name), "file %d", count);
        status = fat_create(volume, &root, name, strlen(name), FAT_ARCHIVE, NOW, &file);
    }
    assert_int_equal(status, -ENOSPACE);
    assert_int_equal(count, 14); /* of 32 slots 5 are taken, each takes 2 */
    /* There is one slot left: enough for a short name. */
    assert_int_equal(fat_create(volume, &root, "SHORT", 5, FAT_ARCHIVE, NOW, &file), OK);
    assert_int_equal(fat_create(volume, &root, "SHORT2", 6, FAT_ARCHIVE, NOW, &file), -ENOSPACE);
    assert_int_equal(look_up("file 3", &file), OK);
    assert_int_equal(fat_remove(volume, &root, &file), OK);
    fat_forget(volume, &file);
    assert_int_equal(fat_create(volume, &root, "file x", 6, FAT_ARCHIVE, NOW, &file), OK);
    end();
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create), cmocka_unit_test(test_make_folder),
        cmocka_unit_test(test_write),  cmocka_unit_test(test_shrink),
        cmocka_unit_test(test_grow),   cmocka_unit_test(test_remove),
        cmocka_unit_test(test_rename), cmocka_unit_test(test_replace),
        cmocka_unit_test(test_commit), cmocka_unit_test(test_mount),
        cmocka_unit_test(test_full),   cmocka_unit_test(test_root_is_full),
    };

    if (count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
