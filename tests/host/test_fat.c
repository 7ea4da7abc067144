/*
 * test_fat.c - FAT volumes as mkfs.fat makes them, in all of its forms: mounted, written at random
 * beside a model, looked at by fsck.fat.
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

#include "device/block_cache.h"
#include "fat_disk.h"
#include "fat_model.h"
#include "fs/fat/chain.h"
#include "fs/fat/steps.h"
#include "stub_kmem_malloc.h"
#include "task/task.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* After each test nothing is left in memory but the block cache's own. */
static int teardown(void **state)
{
    (void)state;
    return stub_kmem_live() == 0 ? 0 : -1;
}

static struct fat_volume *mount(struct fat_disk *disk)
{
    struct fat_volume *volume = NULL;
    int status = fat_mount(&disk->device, false, &volume);

    if (status != OK) {
        fail_msg("mount: %d: %s", status, fat_refusal(&disk->device, status));
    }
    return volume;
}

/* All FATs are the same, and fsck.fat, which knows at most two, finds nothing. */
static bool is_sound(const struct fat_disk *disk)
{
    const uint8_t *record = disk->bytes;
    size_t sector = record[11] | (size_t)record[12] << 8;
    uint32_t fat;

    memcpy(&fat, record + 36, sizeof(fat));
    fat = record[22] || record[23] ? record[22] | (uint32_t)record[23] << 8 : fat;
    const uint8_t *first = record + (record[14] | (size_t)record[15] << 8) * sector;
    for (unsigned copy = 1; copy < record[16]; copy++) {
        if (memcmp(first, first + copy * fat * sector, fat * sector) != 0) {
            fprintf(stderr, "FAT %u differs\n", copy);
            return false;
        }
    }
    /* Of Atari volumes (no 55 AA) it complains about new ones, too. */
    return record[16] > 2 || record[510] != 0x55 || fat_disk_is_sound(disk, true, NULL);
}

/* ---------------------------------------------------------------- volumes of all forms */

static const struct form {
    const char *mkfs;
    uint32_t kib, sector_bytes;
    unsigned bits;
} forms[] = {
    {"-F 12", 1440, 512, 12},
    {"-F 12 -s 1 -r 16", 512, 512, 12},
    {"-F 12 -f 1 -s 64", 16384, 512, 12},
    {"-F 12 -S 1024 -s 2 -R 3", 4096, 512, 12},
    {"-F 12 -S 4096 -s 1", 8192, 4096, 12},
    {"-F 16 -s 1", 4096, 512, 16},
    {"-F 16 -s 1 -f 3 -a", 4096, 512, 16},
    {"-F 16 -S 2048 -s 2 -r 512", 32768, 512, 16},
    {"-F 16 -S 2048 -s 2 -r 512", 32768, 2048, 16},
    {"-F 16 -R 128 -s 4", 16384, 512, 16},
    {"-F 16 -A", 32768, 512, 16},
    {"-A", 4000, 512, 16}, /* of a hard disk, with as many clusters as FAT12 may have */
    {"-A", 720, 512, 12},  /* a floppy disk's */
    {"-A -F 12", 2000, 512, 12},
    {"-F 32 -s 1", 34000, 512, 32},
    {"-F 32 -s 1 -f 1 -R 200", 34000, 512, 32},
    {"-F 32 -s 1 -f 4 -b 3", 36000, 512, 32},
    {"-F 32 -S 4096 -s 1", 270000, 4096, 32},
    {"-F 32 -s 128", 8192, 512, 32},
};

static struct fat_volume *begin_disk(struct fat_disk *disk, const struct form *form)
{
    fat_disk_create(disk, form->mkfs, form->kib, form->sector_bytes);
    return mount(disk);
}

static void end_disk(struct fat_disk *disk, struct fat_volume *volume)
{
    assert_int_equal(fat_unmount(volume), OK);
    assert_true(is_sound(disk));
    fat_disk_destroy(disk);
}

static void test_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct fat_disk disk;
        struct model model;

        fat_disk_create(&disk, forms[i].mkfs, forms[i].kib, forms[i].sector_bytes);
        for (int has_log = 0; has_log < 2; has_log++) {
            if (has_log && !strstr(forms[i].mkfs, "-R 1") && !strstr(forms[i].mkfs, "-R 2")) {
                continue;
            }
            if (has_log) {
                fat_disk_destroy(&disk);
                fat_disk_create(&disk, forms[i].mkfs, forms[i].kib, forms[i].sector_bytes);
                fat_disk_add_log(&disk);
            }
            struct fat_volume *volume = mount(&disk);
            assert_int_equal(volume->bits, forms[i].bits);
            assert_int_equal(volume->log.first != 0, has_log);
            assert_false(volume->is_read_only);
            model_create(&model, volume, 3 * volume->cluster_bytes + 1000);
            random_state = (uint32_t)i + 1;
            for (int step = 1; step <= 600; step++) {
                model_step(&model);
                if (step % 150 == 0) {
                    model_compare(&model);
                    assert_int_equal(fat_unmount(volume), OK);
                    if (!is_sound(&disk)) {
                        fail_msg("mkfs.fat %s, log %d, step %d", forms[i].mkfs, has_log, step);
                    }
                    volume = mount(&disk);
                    model.volume = volume;
                    model_compare(&model);
                } else if (step % 37 == 0) {
                    assert_int_equal(fat_commit(volume), OK);
                }
            }
            assert_int_equal(fat_unmount(volume), OK);
            model_destroy(&model);
        }
        fat_disk_destroy(&disk);
    }
}

/* ---------------------------------------------------------------- files that stay open */

#define KEPT          3
#define KEPT_CLUSTERS 9 /* each has that many at most */

/* Files that are open all the time, so what is known of their chains must stay right: they become
 * longer and shorter, and take the clusters that others have lost. */
struct kept {
    struct fat_volume *volume;
    struct fat_file files[KEPT];
    uint8_t *data[KEPT];
    uint32_t bytes_max;
};

static void kept_write(struct kept *kept, unsigned i, uint32_t position, uint32_t length)
{
    uint32_t size = kept->files[i].size;

    if (position > size) {
        memset(kept->data[i] + size, 0, position - size);
    }
    for (uint32_t at = 0; at < length; at++) {
        kept->data[i][position + at] = (uint8_t)random_below(256);
    }
    assert_int_equal(
        fat_file_write(kept->volume, &kept->files[i], position, kept->data[i] + position, length),
        OK);
}

static void kept_compare(struct kept *kept, unsigned i)
{
    uint8_t *read = malloc(kept->bytes_max);

    assert_int_equal(fat_file_read(kept->volume, &kept->files[i], 0, read, kept->files[i].size),
                     OK);
    assert_memory_equal(read, kept->data[i], kept->files[i].size);
    free(read);
}

static void kept_step(struct kept *kept)
{
    unsigned i = random_below(KEPT);
    struct fat_file *file = &kept->files[i];
    uint32_t size = random_below(kept->bytes_max + 1), before = file->size;

    switch (random_below(6)) {
    case 0:
    case 1:
        size = random_below(before + 1); /* shorter */
        assert_int_equal(fat_file_resize(kept->volume, file, size), OK);
        break;
    case 2:
        assert_int_equal(fat_file_resize(kept->volume, file, size), OK);
        if (size > before) {
            memset(kept->data[i] + before, 0, size - before);
        }
        break;
    case 3: kept_write(kept, i, size / 2, size / 3); break;
    case 4: kept_compare(kept, i); break;
    default: assert_int_equal(fat_commit(kept->volume), OK);
    }
}

static void test_files_that_stay_open(void **state)
{
    static const struct form kinds[] = {{"-F 12 -s 1", 512, 512, 12},
                                        {"-F 16 -s 1 -R 128", 4096, 512, 16},
                                        {"-F 32 -s 1", 34000, 512, 32}};

    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        struct fat_disk disk;
        struct fat_file root;
        struct kept kept = {0};

        kept.volume = begin_disk(&disk, &kinds[k]);
        kept.bytes_max = KEPT_CLUSTERS * kept.volume->cluster_bytes;
        fat_root(kept.volume, &root);
        random_state = (uint32_t)k + 1;
        for (unsigned i = 0; i < KEPT; i++) {
            kept.data[i] = calloc(1, kept.bytes_max);
            assert_int_equal(fat_create(kept.volume, &root, (const char *[]){"a", "b", "c"}[i], 1,
                                        FAT_ARCHIVE, MODEL_NOW, &kept.files[i]),
                             OK);
        }
        uint32_t available = fat_available(kept.volume);

        for (int step = 0; step < 3000; step++) {
            kept_step(&kept);
        }
        for (unsigned i = 0; i < KEPT; i++) {
            kept_compare(&kept, i);
            assert_int_equal(fat_file_resize(kept.volume, &kept.files[i], 0), OK);
        }
        assert_int_equal(fat_commit(kept.volume), OK);
        assert_int_equal(fat_available(kept.volume), available);
        for (unsigned i = 0; i < KEPT; i++) {
            fat_forget(kept.volume, &kept.files[i]);
            free(kept.data[i]);
        }
        end_disk(&disk, kept.volume);
    }
}

/* ---------------------------------------------------------------- names */

static int create(struct fat_volume *volume, const char *name, struct fat_file *file)
{
    struct fat_file root;

    fat_root(volume, &root);
    return fat_create(volume, &root, name, strlen(name), FAT_ARCHIVE, MODEL_NOW, file);
}

/* Nothing gets the name of one of Windows's devices; what others gave such a name is opened. */
static void test_names_of_devices(void **state)
{
    static const char *const devices[] = {"con",         "CON",           "Prn.txt", "aux.tar.gz",
                                          "nul.",        "nUl .txt",      "com1",    "LPT9.c",
                                          "com\xC2\xB9", "lpt\xC2\xB3.x", "con .",   "con."};
    static const char *const others[] = {
        "con1", "com",  "com0",  "com10", "lpt",         "xcon",  ".con", "con_",  "c.on",
        "auxx", "nu.l", "comma", "nul-",  "lpt\xC2\xB4", "a.con", "prn1", "co m1", "con nul"};
    struct fat_disk disk;
    struct fat_file file, other;
    char name[] = "com4";

    (void)state;
    struct fat_volume *volume = begin_disk(&disk, &forms[0]);

    for (size_t i = 0; i < COUNT(devices); i++) {
        int status = create(volume, devices[i], &file);

        /* Names that end with a dot are none at all. */
        assert_int_equal(status, strchr(devices[i], 0)[-1] == '.' ? -EBADPATH : -EDEVICENAME);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(create(volume, others[i], &file), OK);
        fat_forget(volume, &file);
    }
    assert_int_equal(create(volume, "MADE", &file), OK);
    assert_int_equal(fat_commit(volume), OK);
    struct fat_entry *entry;
    assert_int_equal(fat_begin(volume, 1), OK);
    assert_int_equal(fat_entry_change(volume, &file.place, &entry), OK);
    memcpy(entry->name, "COM4       ", FAT_ALIAS_BYTES);
    assert_int_equal(fat_end(volume, OK), OK);
    assert_int_equal(create(volume, name, &other), -EEXISTS);
    assert_int_equal(other.place.offset, file.place.offset);
    fat_forget(volume, &other);
    fat_forget(volume, &file);
    end_disk(&disk, volume);
}

/* ---------------------------------------------------------------- a large folder */

#define ENTRIES       10000
#define FOLDER_BYTES  ((ENTRIES + 2) * (uint32_t)sizeof(struct fat_entry))
#define OTHER_SECTORS 40 /* an operation looks at, beside the folder's and its chain's */

/* How many sectors were looked at so far: each time that another one is. */
static uint32_t sectors_seen(void)
{
    struct block_cache_stats stats;

    block_cache_get_stats(&stats);
    return stats.hits + stats.misses;
}

/* Makes the folder "big" with so many entries: as a file first. To be ended by fat_forget(). */
static void make_large_folder(struct fat_volume *volume, struct fat_file *folder)
{
    struct fat_entry *entries = calloc(ENTRIES + 2, sizeof(*entries)), *own;
    struct fat_file root, file;

    for (uint32_t i = 0; i < ENTRIES + 2; i++) {
        char name[FAT_ALIAS_BYTES + 1];

        snprintf(name, sizeof(name), "FILE%04u   ", (unsigned)(i - 2) % ENTRIES);
        memcpy(entries[i].name,
               i == 0   ? ".          "
               : i == 1 ? "..         "
                        : name,
               FAT_ALIAS_BYTES);
        entries[i].attributes = i < 2 ? FAT_DIRECTORY : FAT_ARCHIVE;
    }
    fat_root(volume, &root);
    assert_int_equal(fat_create(volume, &root, "big", 3, FAT_ARCHIVE, MODEL_NOW, &file), OK);
    fat_entry_set_cluster(volume, &entries[0], 0);
    assert_int_equal(fat_file_write(volume, &file, 0, entries, FOLDER_BYTES), OK);
    fat_entry_set_cluster(volume, &entries[0], file.first_cluster);
    assert_int_equal(fat_file_write(volume, &file, 0, entries, sizeof(*entries)), OK);
    assert_int_equal(fat_begin(volume, 1), OK);
    assert_int_equal(fat_entry_change(volume, &file.place, &own), OK);
    own->attributes = FAT_DIRECTORY;
    own->size = 0;
    assert_int_equal(fat_end(volume, OK), OK);
    fat_forget(volume, &file);
    assert_int_equal(fat_commit(volume), OK);
    assert_int_equal(fat_look_up(volume, &root, "big", 3, folder), OK);
    assert_true(folder->is_folder);
    free(entries);
}

/* Who makes a file there looks at each sector of the folder once, and at its chain; who removes it
 * knows where it is. */
static void create_and_remove(struct fat_volume *volume, const struct fat_file *folder,
                              const char *name)
{
    uint32_t sectors = FOLDER_BYTES / volume->sector_bytes;
    uint32_t clusters = fat_clusters_of(volume, FOLDER_BYTES);
    struct fat_file file;
    uint32_t before = sectors_seen();

    assert_int_equal(fat_create(volume, folder, name, strlen(name), FAT_ARCHIVE, MODEL_NOW, &file),
                     OK);
    assert_in_range(sectors_seen() - before, sectors, sectors + clusters + OTHER_SECTORS);

    assert_int_equal(fat_commit(volume), OK);
    before = sectors_seen();
    uint32_t stretch = task_stretch();

    assert_int_equal(fat_remove(volume, folder, &file), OK);
    /* On the way along the chain, and behind a sector's first change. */
    assert_true(task_stretch() - stretch >= clusters / FAT_STEPS_AT_ONCE + 1);
    fat_forget(volume, &file);
    assert_in_range(sectors_seen() - before, 1, OTHER_SECTORS);
}

static void test_large_folder(void **state)
{
    static const struct form large[] = {{"-F 12 -s 8", 8192, 512, 12},
                                        {"-F 16 -s 4 -R 128", 32768, 512, 16},
                                        {"-F 32 -s 1", 34000, 512, 32},
                                        {"-F 32 -S 4096 -s 1", 270000, 4096, 32}};

    (void)state;
    for (size_t i = 0; i < COUNT(large); i++) {
        struct fat_disk disk;
        struct fat_file folder;

        struct fat_volume *volume = begin_disk(&disk, &large[i]);

        assert_int_equal(volume->bits, large[i].bits);
        make_large_folder(volume, &folder);
        create_and_remove(volume, &folder, "new.txt");
        create_and_remove(volume, &folder, "a name that needs slots of its own, and an alias");
        assert_int_equal(fat_commit(volume), OK);
        fat_forget(volume, &folder);
        end_disk(&disk, volume);
    }
}

/* A sector of a FAT12 can have 2,730 entries: others run while they are looked at. */
static void test_pauses_in_a_large_sector(void **state)
{
    struct fat_disk disk;
    struct fat_file root, file;

    (void)state;
    struct fat_volume *volume =
        begin_disk(&disk, &(struct form){"-F 12 -S 4096 -s 1", 16000, 4096, 12});

    fat_root(volume, &root);
    assert_int_equal(fat_create(volume, &root, "a", 1, FAT_ARCHIVE, MODEL_NOW, &file), OK);
    assert_int_equal(fat_file_write(volume, &file, 0, "text", 4), OK);

    uint32_t stretch = task_stretch();

    assert_int_equal(fat_steps_find(volume), OK);
    assert_true(task_stretch() - stretch > volume->sector_bytes * 2 / 3 / FAT_STEPS_AT_ONCE);
    fat_forget(volume, &file);
    end_disk(&disk, volume);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pauses_in_a_large_sector, teardown),
        cmocka_unit_test_teardown(test_names_of_devices, teardown),
        cmocka_unit_test_teardown(test_large_folder, teardown),
        cmocka_unit_test_teardown(test_files_that_stay_open, teardown),
        cmocka_unit_test_teardown(test_forms, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
