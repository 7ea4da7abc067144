/*
 * test_fat_nonsense.c - good volumes that were not unmounted, with a few of their numbers replaced
 * by nonsense. Such a volume is refused with a sentence, or only read, with a remark, and then not
 * a byte of it changes; or all of it was brought in order: then the examiner and fsck.fat find
 * nothing, also after files came and went, and the files hold what was written.
 * Sources: src/fs/fat/volume.c src/fs/fat/changes.c src/fs/fat/chain.c src/fs/fat/commit.c
 * Sources: src/fs/fat/steps.c src/fs/fat/log.c src/fs/fat/names.c src/fs/fat/time.c
 * Sources: src/fs/fat/directory.c src/fs/fat/contents.c src/fs/fat/tree.c src/fs/fat/check.c
 * Sources: src/fs/fat/mount.c src/device/block_cache.c src/device/block.c src/lib/string.c
 * Sources: src/lib/tree.c tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/align.h"
#include "fat_disk.h"
#include "fat_examine.h"
#include "fat_model.h"
#include "stub_kmem_malloc.h"

#define ROUNDS     700 /* for each form */
#define FSCK_EVERY 16
#define FILES      16

static const struct form {
    const char *mkfs;
    uint32_t kib;
    bool has_log;
} forms[] = {
    {"-F 12 -s 1", 400, false},
    {"-F 16 -s 1 -R 128", 2400, true},
    {"-F 32 -s 1 -f 1", 600, false},
};

static struct fat_disk disk;
static struct fat_volume *volume;
static unsigned refused, only_read, in_order;

/* A volume with files and folders at random. */
static void make_volume(const struct form *form)
{
    struct model model;

    fat_disk_create(&disk, form->mkfs, form->kib, 512);
    if (form->has_log) {
        fat_disk_add_log(&disk);
    }
    assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
    model_create(&model, volume, 3000);
    for (int step = 0; step < 150; step++) {
        model_step(&model);
    }
    assert_int_equal(fat_unmount(volume), OK);
    model_destroy(&model);
}

/* One to three numbers become others: in the FAT's begin, in the first folders, in the boot
 * record. */
static void damage(bool is_large)
{
    uint32_t fat = (disk.bytes[14] | (uint32_t)disk.bytes[15] << 8) * 512;
    uint32_t length = disk.bytes[22] | (uint32_t)disk.bytes[23] << 8;
    uint32_t data;

    length = length ? length : disk.bytes[36];
    data = fat + disk.bytes[16] * length * 512;
    for (uint32_t count = 1 + random_below(3); count > 0; count--) {
        uint32_t kind = random_below(8);
        uint32_t at = kind == 0  ? 11 + random_below(is_large ? 41 : 25) /* the BPB */
                      : kind < 5 ? fat + 8 + random_below(400) /* behind two that nobody reads */
                                 : data + random_below(16384);

        if (at == 21 || (at >= 48 && at < 52 && is_large)) {
            continue; /* the media byte, and where FSInfo and the copy are: hints only */
        }
        if (random_below(2)) {
            disk.bytes[at] = (uint8_t)random_below(256);
        } else { /* near to what it was, or another number of the same kind */
            disk.bytes[at] = (uint8_t)(disk.bytes[at] + 1 + random_below(4));
        }
    }
    disk.bytes[is_large ? 65 : 37] |= FAT_RECORD_DIRTY;
}

static void check_order(bool asks_fsck, unsigned round, const char *when)
{
    char wrong[FAT_WRONG_BYTES], words[FAT_DISK_WORDS_MAX];
    unsigned found = fat_examine(disk.bytes, wrong);

    if (found & ~(unsigned)FAT_FINDS_DIRTY) {
        fail_msg("round %u, %s: findings 0x%X: %s", round, when, found, wrong);
    }
    /* fsck.fat knows at most two FATs, and minds a byte of long-name slots that means nothing. */
    if (asks_fsck && disk.bytes[16] <= 2 && !fat_disk_is_sound(&disk, false, words) &&
        !strstr(words, "Reserved field in VFAT long filename slot")) {
        fail_msg("round %u, %s: not sound: %s", round, when, words);
    }
}

/* Files come, and some go; those that stay hold what was written. */
static void use(unsigned round)
{
    uint32_t sizes[FILES];
    uint8_t data[4000], back[4000];
    struct fat_file root, file;
    char name[64];

    fat_root(volume, &root);
    for (unsigned i = 0; i < FILES; i++) {
        uint32_t size = random_below(sizeof(data));

        memset(data, (int)(i + round), sizeof(data));
        snprintf(name, sizeof(name), "a fresh file, number %u", i);
        sizes[i] = 0;
        int status = fat_create(volume, &root, name, strlen(name), FAT_ARCHIVE, MODEL_NOW, &file);
        assert_true(status == OK || status == -ENOSPACE);
        if (status < 0) {
            continue;
        }
        status = fat_file_write(volume, &file, 0, data, size);
        assert_true(status == OK || status == -ENOSPACE);
        sizes[i] = status == OK ? size : 0;
        if (i % 3 == 2 || status < 0) {
            sizes[i] = 0;
            assert_int_equal(fat_remove(volume, &root, &file), OK);
        }
        assert_int_equal(fat_forget(volume, &file), OK);
    }
    assert_int_equal(fat_unmount(volume), OK);
    check_order(round % FSCK_EVERY == 0, round, "after its use");
    assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
    fat_root(volume, &root);
    for (unsigned i = 0; i < FILES; i++) {
        if (sizes[i]) {
            memset(data, (int)(i + round), sizeof(data));
            snprintf(name, sizeof(name), "a fresh file, number %u", i);
            assert_int_equal(fat_look_up(volume, &root, name, strlen(name), &file), OK);
            assert_int_equal(file.size, sizes[i]);
            assert_int_equal(fat_file_read(volume, &file, 0, back, sizes[i]), OK);
            assert_memory_equal(back, data, sizes[i]);
            fat_forget(volume, &file);
        }
    }
    assert_int_equal(fat_unmount(volume), OK);
}

static void test_nonsense(void **state)
{
    (void)state;
    for (size_t form = 0; form < ARRAY_SIZE(forms); form++) {
        random_state = (uint32_t)form + 77;
        make_volume(&forms[form]);
        uint8_t *good = malloc(disk.size), *damaged = malloc(disk.size);
        memcpy(good, disk.bytes, disk.size);
        refused = only_read = in_order = 0;
        for (unsigned round = 0; round < ROUNDS; round++) {
            memcpy(disk.bytes, good, disk.size);
            damage(form == 2);
            memcpy(damaged, disk.bytes, disk.size);
            int status = fat_mount(&disk.device, false, &volume);
            if (status != OK) {
                assert_int_equal(status, -EFSNOTUS);
                assert_non_null(fat_refusal(&disk.device, status));
                assert_memory_equal(disk.bytes, damaged, disk.size);
                refused++;
            } else if (volume->is_read_only) {
                assert_non_null(volume->remark);
                assert_int_equal(fat_unmount(volume), OK);
                assert_memory_equal(disk.bytes, damaged, disk.size);
                only_read++;
            } else {
                check_order(round % FSCK_EVERY == 0, round, "after the mount");
                use(round);
                in_order++;
            }
            assert_int_equal(stub_kmem_live(), 0);
        }
        print_message("mkfs.fat %s: %u refused, %u only read, %u in order\n", forms[form].mkfs,
                      refused, only_read, in_order);
        assert_true(refused > 10 && only_read > 10 && in_order > 10);
        free(good);
        free(damaged);
        fat_disk_destroy(&disk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nonsense)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
