/*
 * test_fat_power.c - the power goes, at any time. A disk records each sector that is written and
 * each flush. For every prefix of that record, and for choices of what a drive's cache may have
 * written between two flushes, the volume is mounted again: fsck.fat finds nothing then, all that a
 * commit promised is there, and a rename has happened or not. Before the mount fsck.fat may find
 * only what another system can live with.
 * Sources: src/fs/fat/volume.c src/fs/fat/changes.c src/fs/fat/chain.c src/fs/fat/commit.c
 * Sources: src/fs/fat/steps.c src/fs/fat/log.c src/fs/fat/names.c src/fs/fat/time.c src/fs/fat/directory.c
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
#include "fs/fat/commit.h"
#include "fs/fat/mount.h"
#include "fs/fat/tree.h"
#include "random.h"
#include "stub_kmem_malloc.h"

#define NOW 1700000000

static struct fat_disk disk;
static struct fat_volume *volume;
static uint8_t *before;   /* the disk when the record begins */
static uint8_t *flushed;  /* and behind a flush: what a cut after it leaves in any case */
static size_t flushed_at; /* which event that is */

/* ---------------------------------------------------------------- the states that are allowed */

/*
 * What a file may contain after a cut. A promise says: from event number `from` of the record to
 * `until` (the next change of that file begins) path holds exactly the contents number `contents`
 * (0: it is not there). While a change runs, the one before or the one after.
 */
struct promise {
    char path[64];
    size_t from, until;
    int contents, or_contents;
};

static struct promise promises[4096];
static size_t promise_count;

static uint8_t content_byte(int contents, uint32_t position)
{
    return (uint8_t)(contents * 37 + position * 11 + position / 251);
}

/* The size of contents number n: some with parts of clusters, some with many. */
static uint32_t content_size(int contents)
{
    return (uint32_t)(contents * 977) % 9000 + 1;
}

/* path has been changing since event `since` from contents `old` to `new`; it was promised now. */
static void change_began(const char *path, int old, int new)
{
    struct promise *promise = &promises[promise_count++];

    assert(promise_count < ARRAY_SIZE(promises));
    for (size_t i = 0; i + 1 < promise_count; i++) {
        if (promises[i].until == SIZE_MAX && strcmp(promises[i].path, path) == 0) {
            promises[i].until = disk.event_count;
        }
    }
    *promise = (struct promise){
        .from = disk.event_count, .until = SIZE_MAX, .contents = new, .or_contents = old};
    strcpy(promise->path, path);
}

/* All changes up to now are promised. */
static void changes_promised(void)
{
    size_t count = promise_count;

    for (size_t i = 0; i < count; i++) {
        if (promises[i].until == SIZE_MAX && promises[i].contents != promises[i].or_contents) {
            promises[i].until = disk.event_count;
            promises[promise_count] = promises[i];
            promises[promise_count].from = disk.event_count;
            promises[promise_count].until = SIZE_MAX;
            promises[promise_count++].or_contents = promises[i].contents;
            assert(promise_count < ARRAY_SIZE(promises));
        }
    }
}

/* ---------------------------------------------------------------- files by path */

/* The folder that the path's last name lies in, and that name. */
static int open_folder(const char *path, struct fat_file *folder, const char **name)
{
    const char *slash;

    fat_root(volume, folder);
    while ((slash = strchr(path, '/')) != NULL) {
        struct fat_file next;
        int status = fat_look_up(volume, folder, path, (size_t)(slash - path), &next);

        fat_forget(volume, folder);
        if (status < 0) {
            return status;
        }
        *folder = next;
        path = slash + 1;
    }
    *name = path;
    return OK;
}

static int find(const char *path, struct fat_file *folder, const char **name, struct fat_file *file)
{
    int status = open_folder(path, folder, name);

    if (status == OK) {
        status = fat_look_up(volume, folder, *name, strlen(*name), file);
        if (status < 0) {
            fat_forget(volume, folder);
        }
    }
    return status;
}

static void make(const char *path, uint8_t attributes)
{
    struct fat_file folder, file;
    const char *name;

    assert_int_equal(open_folder(path, &folder, &name), OK);
    assert_int_equal(fat_create(volume, &folder, name, strlen(name), attributes, NOW, &file), OK);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
}

static void fill(const char *path, int contents, uint32_t from)
{
    struct fat_file folder, file;
    const char *name;
    uint32_t size = content_size(contents);
    uint8_t *data = malloc(size);

    for (uint32_t i = 0; i < size; i++) {
        data[i] = content_byte(contents, i);
    }
    assert_int_equal(find(path, &folder, &name, &file), OK);
    assert_int_equal(fat_file_write(volume, &file, from, data + from, size - from), OK);
    assert_int_equal(fat_file_resize(volume, &file, size), OK);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
    free(data);
}

static void drop(const char *path)
{
    struct fat_file folder, file;
    const char *name;

    assert_int_equal(find(path, &folder, &name, &file), OK);
    assert_int_equal(fat_remove(volume, &folder, &file), OK);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
}

static void move(const char *from, const char *to)
{
    struct fat_file folder, file, new_folder, replaced;
    const char *name, *new_name;

    assert_int_equal(find(from, &folder, &name, &file), OK);
    assert_int_equal(open_folder(to, &new_folder, &new_name), OK);
    bool replaces = fat_look_up(volume, &new_folder, new_name, strlen(new_name), &replaced) == OK;
    assert_int_equal(fat_rename(volume, &folder, &file, &new_folder, new_name, strlen(new_name),
                                replaces ? &replaced : NULL),
                     OK);
    if (replaces) {
        fat_forget(volume, &replaced);
    }
    fat_forget(volume, &new_folder);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
}

static void promise(void)
{
    assert_int_equal(fat_commit(volume), OK);
    changes_promised();
}

#define GROWING (-2) /* the first part of the contents wanted, of any length */

/* What path holds: a contents' number, 0: it is not there, GROWING, -1: something else. `wanted`
 * and `other` are tried. */
static int contents_of(const char *path, int wanted, int other)
{
    struct fat_file folder, file;
    const char *name;
    int tries[2] = {wanted, other};
    int result = -1;
    int status = find(path, &folder, &name, &file);

    if (status < 0) {
        return status == -ENOENT ? 0 : -1;
    }
    uint8_t *data = malloc(file.size + 1);
    status = fat_file_read(volume, &file, 0, data, file.size);
    for (int i = 0; status == OK && i < 2 && result < 0; i++) {
        uint32_t same = 0;

        if (i == 1 && other == GROWING) {
            tries[i] = wanted;
        } else if (tries[i] <= 0 || file.size != content_size(tries[i])) {
            continue;
        }
        while (same < file.size && data[same] == content_byte(tries[i], same)) {
            same++;
        }
        result = same < file.size ? -1 : i == 1 && other == GROWING ? GROWING : tries[i];
    }
    free(data);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
    return result;
}

/* ---------------------------------------------------------------- cutting the power */

/* Lines of fsck.fat that may stand there before the volume is mounted again. */
static const char *const allowed[] = {
    "fsck.fat ",
    "/", /* which file the next line is about; or the summary at the end */
    "Leaving filesystem unchanged",
    "Dirty bit is set",
    "Automatically removing dirty bit",
    "FATs differ",
    "Using first FAT",
    "Reclaimed ",
    "Free cluster summary wrong",
    "Auto-correcting",
    "There are differences between boot sector and its backup",
    "This is mostly harmless. Differences: (offset:original/backup)",
    "65:01/00", /* the dirty mark in it */
    "Not automatically fixing this",
    "Orphaned long file name part",
    "Auto-deleting",
    "Truncating file to ",
};

static bool is_allowed(const char *line)
{
    if (strstr(line, "cluster chain length is > ")) {
        return true; /* a chain longer than its file */
    }
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
        if (strncmp(line, allowed[i], strlen(allowed[i])) == 0) {
            return !strstr(line, "share clusters");
        }
    }
    return false;
}

static void check_words(const char *words, size_t cut)
{
    char line[256];

    while (*words) {
        words += strspn(words, " \n");
        size_t length = strcspn(words, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)MIN(length, sizeof(line) - 1), words);
        if (length > 0 && !is_allowed(line)) {
            fail_msg("cut at %zu of %zu: fsck.fat finds before the mount: %s", cut,
                     disk.event_count, line);
        }
        words += length;
    }
}

static void show_events(size_t cut)
{
    for (size_t i = cut > 30 ? cut - 30 : 0; i < disk.event_count && i < cut + 6; i++) {
        fprintf(stderr, "%zu: %s %u\n", i, disk.events[i].data ? "write" : "flush",
                disk.events[i].sector);
    }
}

static unsigned mounts, cuts_of_recovery;

/* Mounts what is on the disk, and looks whether all promises at event `cut` are kept. */
static void check_after_cut(size_t cut)
{
    mounts++;
    int status = fat_mount(&disk.device, false, &volume);
    if (status != OK || volume->is_read_only) {
        fail_msg("cut at %zu: mount: %d, %s", cut, status,
                 status == OK ? volume->remark : fat_refusal(&disk.device, status));
    }
    if (!fat_disk_is_sound(&disk, true, NULL)) {
        show_events(cut);
        fail_msg("cut at %zu of %zu: not sound after the mount", cut, disk.event_count);
    }
    for (size_t i = 0; i < promise_count; i++) {
        const struct promise *promise = &promises[i];

        if (promise->from <= cut && cut < promise->until) {
            int found = contents_of(promise->path, promise->contents, promise->or_contents);

            if (found != promise->contents && found != promise->or_contents &&
                (promise->or_contents != GROWING || found != 0)) {
                fail_msg("cut at %zu of %zu: '%s' holds %d, not %d or %d", cut, disk.event_count,
                         promise->path, found, promise->contents, promise->or_contents);
            }
        }
    }
    assert_int_equal(fat_unmount(volume), OK);
}

static uint8_t *sector_of(uint8_t *bytes, uint32_t sector)
{
    return bytes + (size_t)sector * disk.device.sector_bytes;
}

static void put(uint8_t *bytes, const struct fat_disk_event *event)
{
    if (event->data) {
        memcpy(sector_of(bytes, event->sector), event->data, disk.device.sector_bytes);
    }
}

/* The last flush at or before event `cut`. */
static size_t flush_before(size_t cut)
{
    while (cut > 0 && disk.events[cut - 1].data) {
        cut--;
    }
    return cut;
}

/* All that follows begins with the first event again. */
static void lay_all(void)
{
    memcpy(flushed, before, disk.size);
    memcpy(disk.bytes, before, disk.size);
    flushed_at = 0;
    disk.touched_count = 0;
}

/* Lays the disk as it is when of the events from the last flush to `cut` those arrive whose bit in
 * the bits is set (bit 63 for all later ones); all if `bits` is all ones. Cuts come in order. Only
 * sectors that were written since the last time are laid. */
static void lay(size_t cut, uint64_t bits)
{
    size_t flush = flush_before(cut);

    assert(flush >= flushed_at);
    for (; flushed_at < flush; flushed_at++) {
        put(flushed, &disk.events[flushed_at]);
        fat_disk_touch(&disk, disk.events[flushed_at].sector);
    }
    for (size_t i = 0; i < disk.touched_count; i++) {
        memcpy(sector_of(disk.bytes, disk.touched[i]), sector_of(flushed, disk.touched[i]),
               disk.device.sector_bytes);
    }
    disk.touched_count = 0;
    for (size_t i = flush; i < cut; i++) {
        if (bits >> MIN(i - flush, (size_t)63) & 1) {
            put(disk.bytes, &disk.events[i]);
            fat_disk_touch(&disk, disk.events[i].sector);
        }
    }
}

/* The power goes a second time, while the mount recovers: after its write number n, for every n. */
static void cut_recovery(size_t cut, uint64_t bits)
{
    for (unsigned n = 1;; n++) {
        lay(cut, bits);
        disk.writes = 0;
        disk.fail_write_at = n;
        disk.fails_on = true;
        int status = fat_mount(&disk.device, false, &volume);
        bool has_ended = disk.writes < n;
        if (status == OK) {
            fat_unmount(volume);
        }
        disk.fail_write_at = 0;
        disk.fails_on = false;
        cuts_of_recovery++;
        check_after_cut(cut);
        if (has_ended) {
            break;
        }
    }
}

static uint64_t random_bits(void)
{
    return (uint64_t)random_below(1u << 31) << 33 ^ (uint64_t)random_below(1u << 31) << 11 ^
           random_below(1u << 31);
}

/* Every prefix; and `choices` random choices for each event that is followed by a flush. step: only
 * every so many prefixes, in a long record. */
static void check_all_cuts(size_t step, unsigned choices)
{
    char words[4096];

    disk.records = false;
    flushed = malloc(disk.size);
    fat_disk_note_touched(&disk);
    lay_all();
    for (size_t cut = 0; cut <= disk.event_count; cut += 1 + random_below((uint32_t)step)) {
        lay(cut, UINT64_MAX);
        fat_disk_is_sound(&disk, false, words);
        check_words(words, cut);
        check_after_cut(cut);
    }
    lay_all();
    for (size_t cut = 1; cut <= disk.event_count; cut++) {
        size_t flush = flush_before(cut);
        bool is_last = cut == disk.event_count || !disk.events[cut].data;

        if (!is_last || cut - flush < 2) {
            continue;
        }
        /* All choices, where there are few. */
        uint64_t all = cut - flush <= 5 ? 1ull << (cut - flush) : choices;
        for (uint64_t choice = 0; choice < all; choice++) {
            uint64_t bits = all == choices ? random_bits() : choice;

            lay(cut, bits);
            fat_disk_is_sound(&disk, false, words);
            check_words(words, cut);
            check_after_cut(cut);
            if (choice == 0) {
                cut_recovery(cut, bits);
            }
        }
    }
}

static void begin(const char *mkfs, uint32_t kib, bool has_log)
{
    fat_disk_create(&disk, mkfs, kib, 512);
    if (has_log) {
        fat_disk_add_log(&disk);
    }
    promise_count = 0;
    random_state = 4711;
    mounts = cuts_of_recovery = 0;
    assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
    assert_int_equal(volume->log.first != 0, has_log);
}

/* What is on the disk now is where the record begins. */
static void record(void)
{
    assert_int_equal(fat_commit(volume), OK);
    before = malloc(disk.size);
    memcpy(before, disk.bytes, disk.size);
    disk.records = true;
}

static void end(const char *name)
{
    print_message("%s: %zu events, %u mounts, %u cuts of a recovery\n", name, disk.event_count,
                  mounts, cuts_of_recovery);
    free(before);
    free(flushed);
    fat_disk_destroy(&disk);
}

static void end_record(void)
{
    fat_unmount(volume);
}

/* ---------------------------------------------------------------- what happens */

/* An editor: a new file beside the old one is written, synced, and renamed over it. */
static void edit(const char *mkfs, uint32_t kib, bool has_log, unsigned choices)
{
    begin(mkfs, kib, has_log);
    make("a document.text", FAT_ARCHIVE);
    fill("a document.text", 1, 0);
    record();
    change_began("a document.text", 1, 1);
    for (int version = 2; version < 6; version++) {
        make("a document.text.new", FAT_ARCHIVE);
        fill("a document.text.new", version, 0);
        promise();
        change_began("a document.text", version - 1, version);
        move("a document.text.new", "a document.text");
        promise();
    }
    end_record();
    check_all_cuts(1, choices);
    end(has_log ? "edit" : "edit without a log");
}

static void test_edit(void **state)
{
    (void)state;
    edit("-F 16 -s 1 -R 128", 4096, true, 25);
    edit("-F 32 -s 1 -R 128", 33800, true, 2);
}

static void test_edit_without_log(void **state)
{
    (void)state;
    edit("-F 12 -s 2", 1440, false, 25);
    edit("-F 16 -s 1", 4096, false, 10);
}

/* Lines are appended to a file, each synced. */
static void append(const char *mkfs, uint32_t kib, bool has_log)
{
    begin(mkfs, kib, has_log);
    make("log.txt", FAT_ARCHIVE);
    record();
    for (int round = 1; round < 9; round++) {
        char name[32];

        snprintf(name, sizeof(name), "part %d.log", round);
        make(name, FAT_ARCHIVE);
        change_began(name, 0, round);
        promises[promise_count - 1].or_contents = GROWING;
        fill(name, round, 0);
        promise();
    }
    end_record();
    check_all_cuts(1, 20);
    end(has_log ? "append" : "append without a log");
}

static void test_append(void **state)
{
    (void)state;
    append("-F 16 -s 1 -R 128", 4096, true);
}

static void test_append_without_log(void **state)
{
    (void)state;
    append("-F 12 -s 1", 1440, false);
}

/* A tree of 200 files comes and goes; some of it is synced. */
static void tree(const char *mkfs, uint32_t kib, bool has_log, size_t step)
{
    char path[64];

    begin(mkfs, kib, has_log);
    record();
    for (int folder = 0; folder < 10; folder++) {
        snprintf(path, sizeof(path), "the folder %d", folder);
        make(path, FAT_DIRECTORY);
        for (int file = 0; file < 20; file++) {
            snprintf(path, sizeof(path), "the folder %d/the file %d", folder, file);
            make(path, FAT_ARCHIVE);
            if (file % 5 == 0) {
                fill(path, 1 + folder, 0);
            }
        }
        promise();
        snprintf(path, sizeof(path), "the folder %d/the file 5", folder);
        change_began(path, 1 + folder, 1 + folder);
    }
    for (int folder = 0; folder < 10; folder++) {
        snprintf(path, sizeof(path), "the folder %d/the file 5", folder);
        change_began(path, 1 + folder, 0);
        for (int file = 0; file < 20; file++) {
            snprintf(path, sizeof(path), "the folder %d/the file %d", folder, file);
            drop(path);
        }
        snprintf(path, sizeof(path), "the folder %d", folder);
        drop(path);
        /* Its cluster may be a file's now. */
        snprintf(path, sizeof(path), "new%d", folder);
        make(path, FAT_ARCHIVE);
        change_began(path, 0, 40 + folder);
        promises[promise_count - 1].or_contents = GROWING;
        fill(path, 40 + folder, 0);
        if (folder % 3 == 2) {
            promise();
        }
    }
    end_record();
    check_all_cuts(step, 6);
    end(has_log ? "tree" : "tree without a log");
}

static void test_tree(void **state)
{
    (void)state;
    tree("-F 16 -s 1 -R 128", 4096, true, 16);
}

static void test_tree_without_log(void **state)
{
    (void)state;
    tree("-F 16 -s 1", 4096, false, 16);
}

int main(int count, char **arguments)
{
    if (count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edit),   cmocka_unit_test(test_edit_without_log),
        cmocka_unit_test(test_append), cmocka_unit_test(test_append_without_log),
        cmocka_unit_test(test_tree),   cmocka_unit_test(test_tree_without_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
