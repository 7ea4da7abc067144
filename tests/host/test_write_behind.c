/*
 * test_write_behind.c - what programs write gets to the disk by itself, with a clock that the test
 * moves: when, how often, what is there after a power cut then, and what is said when it fails.
 * Sources: src/fs/write_behind.c src/lib/status_text.c
 * Sources: src/fs/fat/volume.c src/fs/fat/changes.c src/fs/fat/chain.c src/fs/fat/commit.c
 * Sources: src/fs/fat/steps.c src/fs/fat/log.c src/fs/fat/names.c src/fs/fat/time.c src/fs/fat/directory.c
 * Sources: src/fs/fat/contents.c src/fs/fat/tree.c src/fs/fat/check.c src/fs/fat/mount.c
 * Sources: src/fs/fat/fat_fs.c src/fs/ram/ram_fs.c src/device/partition.c
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

#include <cmocka.h>

#include "arch/timer.h"
#include "base/align.h"
#include "config.h"
#include "debug/printk.h"
#include "fat_disk.h"
#include "fs/fat/fat_fs.h"
#include "fs/file_object.h"
#include "fs/ram/ram_fs.h"
#include "fs/write_behind.h"
#include "memory/heap/kheap.h"
#include "stub_frames.h"
#include "stub_kmem_malloc.h"

#define BYTES 20000

static struct fat_disk disk;
static uint8_t pattern[BYTES];

/* ---------------------------------------------------------------- the kernel around it */

void *kzalloc(size_t size)
{
    return calloc(1, size); /* the page cache's table: for ever */
}

static uint32_t ticks;

uint32_t timer_get_ticks(void)
{
    return ticks;
}

static char said[1024];

void printk_sentence(unsigned column, const char *format, ...)
{
    va_list arguments;

    assert_int_equal(column, 0);
    va_start(arguments, format);
    vsnprintf(said + strlen(said), sizeof(said) - strlen(said), format, arguments);
    va_end(arguments);
}

/* The task runs until it has slept for so many seconds; 0: it cannot be made. */
static unsigned seconds_to_sleep;
static void (*task_function)(void);
static jmp_buf task_is_over;

int task_create_kernel(struct task *task, void (*function)(void))
{
    (void)task;
    task_function = function;
    return seconds_to_sleep > 0 ? OK : -ENOMEM;
}

void task_start(struct task *task)
{
    (void)task;
    if (setjmp(task_is_over) == 0) {
        task_function();
    }
}

void task_sleep(uint32_t count)
{
    assert_int_equal(count, TIMER_HZ);
    if (seconds_to_sleep-- == 0) {
        longjmp(task_is_over, 1);
    }
    ticks += count;
}

/* ---------------------------------------------------------------- what the tests are made of */

/* The clock starts shortly before it wraps. */
static void begin(void)
{
    stub_pmm_set_pages(STUB_FRAMES, STUB_FRAMES);
    fat_disk_create(&disk, "-F 16 -s 1 -R 128", 4096, 512);
    fat_disk_add_log(&disk);
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i * 7 + i / 253);
    }
    ticks = 0u - 3 * TIMER_HZ;
    said[0] = '\0';
    assert_int_equal(fs_mount(&disk.device, 0), OK);
    assert_int_equal(vfs_mount(VFS_DRIVE_MEMORY, &ram_file_system, NULL, 0, 0), OK);
}

static void end(void)
{
    assert_int_equal(fs_unmount(), OK);
    assert_int_equal(vfs_unmount(VFS_DRIVE_MEMORY), OK);
    assert_true(fat_disk_is_sound(&disk, true, NULL));
    fat_disk_destroy(&disk);
    assert_int_equal(stub_kmem_live(), 0);
}

static void put(const char *path, size_t length)
{
    struct file *file;

    assert_int_equal(file_open_at(NULL, path, FILE_WRITE, VFS_CREATE, &file), OK);
    assert_int_equal(file_write(file, pattern, length), length);
    file_close(file);
}

/* So many seconds go by. How many writes of the disk they brought. */
static unsigned pass(unsigned seconds)
{
    unsigned before = disk.writes;

    while (seconds-- > 0) {
        ticks += TIMER_HZ;
        write_behind_look();
    }
    return disk.writes - before;
}

/* The power goes now: is the file there in what the disk has? */
static bool is_on_disk(const char *path, size_t length)
{
    static uint8_t bytes[BYTES];
    struct fat_disk other;
    struct file *file;
    char elsewhere[64];
    bool is_there = false;

    fat_disk_create(&other, "-F 16 -s 1 -R 128", 4096, 512);
    memcpy(other.bytes, disk.bytes, disk.size);
    assert_int_equal(vfs_mount(2, &fat_file_system, &other.device, 0, 0), OK);
    snprintf(elsewhere, sizeof(elsewhere), "2:%s", path);
    if (file_open(elsewhere, &file) == OK) {
        is_there = file_read(file, bytes, sizeof(bytes)) == (int)length &&
                   memcmp(bytes, pattern, length) == 0;
        file_close(file);
    }
    assert_int_equal(vfs_unmount(2), OK);
    fat_disk_destroy(&other);
    return is_there;
}

/* ---------------------------------------------------------------- the tests */

static void test_written_after_some_seconds(void **state)
{
    (void)state;
    begin();
    assert_int_equal(pass(100), 0); /* nothing to be written */
    put("/a.txt", 9000);
    assert_int_equal(pass(WRITE_BEHIND_SECONDS), 0);
    assert_false(is_on_disk("/a.txt", 9000));
    assert_true(pass(1) > 0);
    assert_true(is_on_disk("/a.txt", 9000));
    pass(WRITE_BEHIND_SECONDS + 1); /* a flush */
    assert_int_equal(pass(100), 0);
    end();
}

/* Only the folder has changed. */
static void test_names_are_written(void **state)
{
    (void)state;
    begin();
    put("/a.txt", 100);
    assert_int_equal(vfs_sync(), OK);
    assert_int_equal(vfs_rename(NULL, "/a.txt", "/b.txt"), OK);
    pass(WRITE_BEHIND_SECONDS + 1);
    assert_true(is_on_disk("/b.txt", 100));
    assert_false(is_on_disk("/a.txt", 100));
    end();
}

/* Who writes all the time does not put it off. */
static void test_steady_writer(void **state)
{
    (void)state;
    begin();
    put("/first.txt", 5000);
    for (unsigned second = 0; second <= WRITE_BEHIND_SECONDS; second++) {
        put("/log.txt", 100 * (second + 1));
        pass(1);
    }
    assert_true(is_on_disk("/first.txt", 5000));
    end();
}

/* What has gone again before its time costs the disk next to nothing. */
static void test_short_lived(void **state)
{
    (void)state;
    begin();
    put("/a.txt", BYTES);
    pass(2);
    assert_int_equal(vfs_remove(NULL, "/a.txt"), OK);
    assert_true(pass(20) < BYTES / 512);
    put("/tmp/a.txt", BYTES); /* nor what is in memory */
    assert_int_equal(pass(20), 0);
    assert_int_equal(vfs_remove(NULL, "/tmp/a.txt"), OK);
    end();
}

/* Somebody is unmounting the volume. */
static void test_claimed(void **state)
{
    (void)state;
    begin();
    put("/a.txt", 100);
    assert_true(vfs_claim(vfs_volume(VFS_DRIVE_START)));
    assert_int_equal(pass(20), 0);
    assert_false(vfs_claim(vfs_volume(VFS_DRIVE_START)));
    vfs_give_up_claim(vfs_volume(VFS_DRIVE_START));
    assert_true(pass(1) > 0);
    assert_true(is_on_disk("/a.txt", 100));
    end();
}

static void test_failure(void **state)
{
    unsigned tries = 0;

    (void)state;
    begin();
    put("/a.txt", 100);
    disk.fail_write_at = disk.writes + 1;
    disk.fails_on = true;
    pass(WRITE_BEHIND_SECONDS + 1);
    assert_non_null(strstr(said, "to drive 0 (disk) got"));
    size_t length = strlen(said);
    for (unsigned second = 0; second < 2000; second++) {
        tries += pass(1) > 0;
    }
    assert_int_equal(strlen(said), length); /* once */
    /* After 10 seconds, 20 ... and 640. */
    assert_in_range(tries, 6, 9);

    disk.fail_write_at = 0;
    pass(WRITE_BEHIND_SECONDS_MAX + 1);
    assert_int_equal(strlen(said), length);
    put("/a.txt", 200); /* what was lost is reported to its writers, and not written again */
    pass(WRITE_BEHIND_SECONDS + 1);
    assert_true(is_on_disk("/a.txt", 200));

    put("/a.txt", 300);
    disk.fail_write_at = disk.writes + 1;
    pass(WRITE_BEHIND_SECONDS + 1);
    assert_int_equal(strlen(said), 2 * length);
    disk.fail_write_at = 0;
    disk.fails_on = false;
    pass(3 * WRITE_BEHIND_SECONDS);
    end();
}

/* Without memory it is tried again soon, and nothing is said. */
static void test_no_memory(void **state)
{
    (void)state;
    begin();
    put("/a.txt", 100);
    stub_kmem_fail_from(1);
    pass(WRITE_BEHIND_SECONDS + 3);
    stub_kmem_fail_at(0);
    assert_int_equal(strlen(said), 0);
    pass(1);
    assert_true(is_on_disk("/a.txt", 100));
    end();
}

static void test_task(void **state)
{
    (void)state;
    begin();
    put("/a.txt", 9000);
    seconds_to_sleep = WRITE_BEHIND_SECONDS;
    write_behind_start();
    assert_false(is_on_disk("/a.txt", 9000));
    seconds_to_sleep = 1;
    write_behind_start();
    assert_true(is_on_disk("/a.txt", 9000));
    end();
}

static void test_no_task(void **state)
{
    (void)state;
    said[0] = '\0';
    seconds_to_sleep = 0;
    write_behind_start();
    assert_non_null(strstr(said, "no memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_after_some_seconds),
        cmocka_unit_test(test_names_are_written),
        cmocka_unit_test(test_steady_writer),
        cmocka_unit_test(test_short_lived),
        cmocka_unit_test(test_claimed),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_task),
        cmocka_unit_test(test_no_task),
    };

    page_cache_initialise();
    node_cache_initialise();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
