/*
 * test_fat_power.c - the power goes, at any time. A disk records each sector that is written and
 * each flush. For every prefix of that record, and for what a drive's cache may have written
 * between two flushes (all ways for short runs of writes, 1,000 random ones for long runs), the
 * volume is looked at: before the mount there may be only what another system can live with. After
 * it there is nothing to be found, all that a commit promised is there, and a rename has happened
 * or not. From some of these states on the mount's own writes are recorded, and the power goes a
 * second time.
 *
 * The examiner (fat_examine.h) looks at every state; fsck.fat at those of very short runs before
 * the mount, and at some of all. The same state is looked at once. FAT_POWER_SEED: another seed
 * than the usual one.
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
#include "fs/fat/chain.h"
#include "fs/fat/commit.h"
#include "fs/fat/mount.h"
#include "fs/fat/tree.h"
#include "random.h"
#include "stub_kmem_malloc.h"

#define NOW 1700000000

static struct fat_disk disk;
static struct fat_volume *volume;
static uint8_t *before;    /* the disk when the record begins */
static size_t event_count; /* of the record */

/* ---------------------------------------------------------------- the states that are allowed */

/*
 * What a file may contain after a cut. A promise says: from event number `from` of the record to
 * `until` (the next change of that file begins) path holds exactly the contents number `contents`
 * (0: it is not there). While a change runs, the one before or the one after. or_contents GROWING:
 * the first part of the contents, at least that many bytes; with 0 the file may not be there, too.
 */
#define GROWING (-2)

struct promise {
    char path[64];
    size_t from, until;
    int contents, or_contents;
    uint32_t least;
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

/* The bytes of those contents, content_size() of them, to be freed. */
static uint8_t *make_contents(int contents)
{
    uint32_t size = content_size(contents);
    uint8_t *data = malloc(size);

    for (uint32_t i = 0; i < size; i++) {
        data[i] = content_byte(contents, i);
    }
    return data;
}

static void fill(const char *path, int contents, uint32_t from)
{
    struct fat_file folder, file;
    const char *name;
    uint32_t size = content_size(contents);
    uint8_t *data = make_contents(contents);

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

/* What the promise's path holds: a contents' number, 0: it is not there, GROWING, -1: something
 * else. */
static int contents_of(const struct promise *promise)
{
    int tries[] = {promise->contents, promise->or_contents};
    struct fat_file folder, file;
    const char *name;
    int result = -1;
    int status = find(promise->path, &folder, &name, &file);

    if (status < 0) {
        return status == -ENOENT ? 0 : -1;
    }
    uint8_t *data = malloc(file.size + 1);
    status = fat_file_read(volume, &file, 0, data, file.size);
    for (unsigned i = 0; status == OK && i < ARRAY_SIZE(tries) && result < 0; i++) {
        bool grows = tries[i] == GROWING;
        int contents = grows ? promise->contents : tries[i];
        uint32_t size = content_size(contents), same = 0;

        if (contents <= 0 ||
            (grows ? file.size < promise->least || file.size > size : file.size != size)) {
            continue;
        }
        while (same < file.size && data[same] == content_byte(contents, same)) {
            same++;
        }
        result = same < file.size ? -1 : tries[i];
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
    "Long filename fragment ",
    "(Maybe the start bit is missing on the last fragment)",
    "Not auto-correcting this",
    "Warning: Filesystem is FAT32 according to fat_length", /* with few clusters, as made here */
    "but has only ",
    "This may lead to problems on some systems",
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

static void check_words(const char *words, const char *when)
{
    char line[256];

    while (*words) {
        words += strspn(words, " \n");
        size_t length = strcspn(words, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)MIN(length, sizeof(line) - 1), words);
        if (length > 0 && !is_allowed(line)) {
            fail_msg("%s: fsck.fat finds: %s", when, line);
        }
        words += length;
    }
}

/* ---------------------------------------------------------------- tapes */

/* What was written from some state of the disk on. */
struct tape {
    struct fat_disk_event *events;
    size_t count;
    uint8_t *flushed;         /* the disk behind a flush: what a cut after it leaves in any case */
    size_t flushed_at;        /* which event that is */
    uint64_t hash;            /* of those bytes: all sectors' hashes, exclusive or */
    size_t cut;               /* of the tape before this one, where this one begins */
    const struct tape *outer; /* that tape; NULL: this is the workload's */
};

static uint64_t laid; /* the hash of what the last lay() has laid */

static uint8_t *sector_of(uint8_t *bytes, uint32_t sector)
{
    return bytes + (size_t)sector * disk.device.sector_bytes;
}

static uint64_t hash_sector(uint32_t sector, const uint8_t *bytes)
{
    uint64_t hash = sector * 0x9E3779B97F4A7C15u + 1, word;

    for (uint32_t i = 0; i < disk.device.sector_bytes; i += sizeof(word)) {
        memcpy(&word, bytes + i, sizeof(word));
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    return hash;
}

/* The event happens to those bytes, whose hash changes. */
static void put(uint8_t *bytes, const struct fat_disk_event *event, uint64_t *hash)
{
    if (event->data) {
        uint8_t *to = sector_of(bytes, event->sector);

        *hash ^= hash_sector(event->sector, to) ^ hash_sector(event->sector, event->data);
        memcpy(to, event->data, disk.device.sector_bytes);
    }
}

/* The last flush at or before event `cut`. */
static size_t flush_before(const struct tape *tape, size_t cut)
{
    while (cut > 0 && tape->events[cut - 1].data) {
        cut--;
    }
    return cut;
}

/* The disk is as at the tape's begin again. start: those bytes. */
static void rewind_tape(struct tape *tape, const uint8_t *start, uint64_t hash)
{
    memcpy(tape->flushed, start, disk.size);
    memcpy(disk.bytes, start, disk.size);
    tape->flushed_at = 0;
    tape->hash = hash;
    disk.touched_count = 0;
}

/* Lays the disk as it is when of the events from the last flush to `cut` those arrive whose bit in
 * the bits is set (bit 63 for all later ones); all if `bits` is all ones. Cuts come in order. Only
 * sectors that were written since the last time are laid. */
static void lay(struct tape *tape, size_t cut, uint64_t bits)
{
    size_t flush = flush_before(tape, cut);

    assert(flush >= tape->flushed_at);
    for (; tape->flushed_at < flush; tape->flushed_at++) {
        const struct fat_disk_event *event = &tape->events[tape->flushed_at];

        put(tape->flushed, event, &tape->hash);
        if (event->data) {
            fat_disk_touch(&disk, event->sector);
        }
    }
    for (size_t i = 0; i < disk.touched_count; i++) {
        memcpy(sector_of(disk.bytes, disk.touched[i]), sector_of(tape->flushed, disk.touched[i]),
               disk.device.sector_bytes);
    }
    disk.touched_count = 0;
    laid = tape->hash;
    for (size_t i = flush; i < cut; i++) {
        if (bits >> MIN(i - flush, (size_t)63) & 1) {
            put(disk.bytes, &tape->events[i], &laid);
            fat_disk_touch(&disk, tape->events[i].sector);
        }
    }
}

static uint64_t random_bits(void)
{
    return (uint64_t)random_below(1u << 31) << 33 ^ (uint64_t)random_below(1u << 31) << 11 ^
           random_below(1u << 31);
}

/* ---------------------------------------------------------------- one state of the disk */

/* States that were looked at: their hashes, with the promises that held. */
static uint64_t seen[1u << 18];
static uint32_t seen_count;

static bool is_seen(uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 20) % ARRAY_SIZE(seen);

    key += key == 0;
    for (; seen[at]; at = (at + 1) % ARRAY_SIZE(seen)) {
        if (seen[at] == key) {
            return true;
        }
    }
    seen_count++;
    assert(seen_count < ARRAY_SIZE(seen) / 2);
    seen[at] = key;
    return false;
}

static unsigned states, recoveries, checks_by_fsck;

/* For messages: the tapes' cuts, the workload's first. */
static const char *name_of(const struct tape *tape, size_t cut)
{
    static char text[160];

    if (tape->outer) {
        snprintf(text, sizeof(text), "cut at %zu, recovery (%zu events) cut at %zu", tape->cut,
                 tape->count, cut);
    } else {
        snprintf(text, sizeof(text), "cut at %zu of %zu", cut, tape->count);
    }
    return text;
}

static void show_events(const struct tape *tape, size_t cut)
{
    if (tape->outer) {
        show_events(tape->outer, tape->cut);
        fprintf(stderr, "recovery:\n");
    }
    for (size_t i = cut > 30 ? cut - 30 : 0; i < tape->count && i < cut + 6; i++) {
        fprintf(stderr, "%zu: %s %u\n", i, tape->events[i].data ? "write" : "flush",
                tape->events[i].sector);
    }
}

/* Looks at the volume without mounting it: by our own examiner, and by fsck.fat if `asks_fsck`. */
static void look(const struct tape *tape, size_t cut, bool is_mounted, bool asks_fsck)
{
    char words[FAT_DISK_WORDS_MAX], wrong[FAT_WRONG_BYTES];
    const char *when = is_mounted ? "after the mount" : "before the mount";
    unsigned found = fat_examine(disk.bytes, wrong);

    if (found & FAT_FINDS_WRONG || (is_mounted && found)) {
        show_events(tape, cut);
        fail_msg("%s: %s: %s (findings 0x%X)", name_of(tape, cut), when, wrong, found);
    }
    if (!asks_fsck) {
        return;
    }
    checks_by_fsck++;
    bool is_sound = fat_disk_is_sound(&disk, is_mounted, words);
    if ((is_mounted || found == 0) && !is_sound) {
        show_events(tape, cut);
        fail_msg("%s: %s: not sound: %s", name_of(tape, cut), when, words);
    }
    check_words(words, name_of(tape, cut));
}

/* The promises at event `cut` of the workload are kept. */
static void check_promises(const struct tape *tape, size_t cut)
{
    size_t now = tape->outer ? tape->cut : cut;

    for (size_t i = 0; i < promise_count; i++) {
        const struct promise *promise = &promises[i];

        if (promise->from <= now && now < promise->until) {
            int found = contents_of(promise);

            if (found != promise->contents && found != promise->or_contents &&
                (promise->or_contents != GROWING || promise->least || found != 0)) {
                show_events(tape, cut);
                fail_msg("%s: '%s' holds %d, not %d or %d", name_of(tape, cut), promise->path,
                         found, promise->contents, promise->or_contents);
            }
        }
    }
}

/* How many promises have begun or ended: what is to be looked for is the same between two. */
static uint64_t epoch_of(size_t cut)
{
    uint64_t epoch = 0;

    for (size_t i = 0; i < promise_count; i++) {
        epoch += (promises[i].from <= cut) + (promises[i].until <= cut);
    }
    return epoch;
}

static void check_tape(struct tape *tape, unsigned choices);

/* How many states between two that fsck.fat looks at though the run is long, and between two whose
 * recovery is cut: the more, the longer the record is. */
#define FSCK_EVERY 16
static uint32_t recovery_every;

/*
 * The disk is laid as after a cut. What is there before the mount, and after it? If
 * `cuts_recovery`, what the mount has written is a tape of its own.
 */
static void check_state(const struct tape *tape, size_t cut, bool asks_fsck)
{
    uint64_t epoch = epoch_of(tape->outer ? tape->cut : cut);
    uint64_t hash = laid;
    uint8_t *start = NULL;

    if (is_seen(hash ^ epoch * 0xA24BAED4963EE407u)) {
        return;
    }
    states++;
    bool is_sample = random_below(FSCK_EVERY) == 0;
    bool cuts_recovery = !tape->outer && random_below(recovery_every) == 0;
    look(tape, cut, false, (asks_fsck && !tape->outer) || is_sample);
    if (cuts_recovery) {
        start = malloc(disk.size);
        memcpy(start, disk.bytes, disk.size);
    }
    disk.records = cuts_recovery;
    int status = fat_mount(&disk.device, false, &volume);
    disk.records = false;
    if (status != OK || volume->is_read_only) {
        show_events(tape, cut);
        fail_msg("%s: mount: %d, %s", name_of(tape, cut), status,
                 status == OK ? volume->remark : fat_refusal(&disk.device, status));
    }
    look(tape, cut, true, is_sample);
    check_promises(tape, cut);
    assert_int_equal(fat_unmount(volume), OK);
    if (cuts_recovery) {
        struct tape recovery = {.events = disk.events,
                                .count = disk.event_count,
                                .flushed = malloc(disk.size),
                                .cut = cut,
                                .outer = tape};

        disk.events = NULL;
        disk.event_count = disk.event_room = 0;
        recoveries++;
        rewind_tape(&recovery, start, hash);
        check_tape(&recovery, 4);
        disk.events = recovery.events;
        disk.event_count = recovery.count;
        fat_disk_forget_events(&disk);
        free(recovery.flushed);
        free(start);
        memcpy(disk.bytes, tape->flushed, disk.size);
        disk.touched_count = 0;
    }
}

/* Runs of so many writes between two flushes are looked at in all ways; of longer ones a number of
 * random ways. fsck.fat looks at all of those of very short ones. */
#define SMALL_RUN 6
#define FSCK_RUN  3

/* Every prefix, and what a drive's cache may have written of each run when it ends. */
static void check_tape(struct tape *tape, unsigned choices)
{
    for (size_t cut = 0; cut <= tape->count; cut++) {
        size_t length = cut - flush_before(tape, cut);
        bool is_end = cut == tape->count || !tape->events[cut].data;

        lay(tape, cut, UINT64_MAX);
        check_state(tape, cut, length <= FSCK_RUN);
        if (!is_end || length < 2) {
            continue;
        }
        uint64_t ways = length <= SMALL_RUN ? 1ull << length : choices;
        for (uint64_t way = 0; way < ways; way++) {
            lay(tape, cut, length <= SMALL_RUN ? way : random_bits());
            check_state(tape, cut, length <= FSCK_RUN);
        }
    }
}

/* 1,000 random ways, over all long runs of the workload. */
#define RANDOM_WAYS 1000

static void check_all_cuts(void)
{
    uint64_t hash = 0;
    unsigned long_runs = 1;
    struct tape tape = {.events = disk.events, .count = disk.event_count};

    disk.records = false;
    disk.events = NULL;
    disk.event_count = disk.event_room = 0;
    fat_disk_note_touched(&disk);
    tape.flushed = malloc(disk.size);
    recovery_every = (uint32_t)tape.count / 8 + 1;
    rewind_tape(&tape, before, hash);
    for (size_t cut = 0; cut <= tape.count; cut++) {
        bool is_end = cut == tape.count || !tape.events[cut].data;

        long_runs += is_end && cut - flush_before(&tape, cut) > SMALL_RUN;
    }
    check_tape(&tape, (RANDOM_WAYS + long_runs - 1) / long_runs);
    event_count = tape.count;
    disk.events = tape.events;
    disk.event_count = tape.count;
    free(tape.flushed);
}

/* ---------------------------------------------------------------- volumes */

static const struct form {
    const char *name, *mkfs;
    uint32_t kib;
    bool has_log;
} forms[] = {
    {"FAT16 with a log", "-F 16 -s 1 -R 128", 2400, true},
    {"FAT32 with a log", "-F 32 -s 1 -R 128", 700, true},
    {"FAT12 with a log", "-F 12 -s 1 -R 128", 430, true},
    {"FAT12", "-F 12 -s 1", 370, false},
    {"FAT16", "-F 16 -s 1", 2300, false},
    {"FAT32", "-F 32 -s 1 -f 1", 600, false},
};

static uint32_t seed = 4711;

static void begin(const struct form *form)
{
    fat_disk_create(&disk, form->mkfs, form->kib, 512);
    if (form->has_log) {
        fat_disk_add_log(&disk);
    }
    promise_count = 0;
    random_state = seed;
    memset(seen, 0, sizeof(seen));
    seen_count = 0;
    states = recoveries = checks_by_fsck = 0;
    assert_int_equal(fat_mount(&disk.device, false, &volume), OK);
    assert_int_equal(volume->log.first != 0, form->has_log);
}

/* What is on the disk now is where the record begins. */
static void record(void)
{
    assert_int_equal(fat_commit(volume), OK);
    before = malloc(disk.size);
    memcpy(before, disk.bytes, disk.size);
    disk.records = true;
}

/* The record ends. All cuts of it are looked at. */
static void end(const char *name, const struct form *form)
{
    assert_int_equal(fat_unmount(volume), OK);
    check_all_cuts();
    print_message("%s, %s: seed %u, %zu events, %u states, %u recoveries cut, %u times fsck.fat\n",
                  name, form->name, seed, event_count, states, recoveries, checks_by_fsck);
    free(before);
    fat_disk_destroy(&disk);
}

#define FOR_ALL_FORMS(workload)                                   \
    static void test_##workload(void **state)                     \
    {                                                             \
        (void)state;                                              \
        for (size_t form = 0; form < ARRAY_SIZE(forms); form++) { \
            workload(&forms[form]);                               \
        }                                                         \
    }

/* Takes all room but that many clusters, for what happens where the FAT ends. */
static void leave(uint32_t clusters)
{
    struct fat_file root, large;

    fat_root(volume, &root);
    assert_int_equal(fat_create(volume, &root, "large.bin", 9, FAT_ARCHIVE, NOW, &large), OK);
    uint32_t size = (fat_available(volume) - clusters) * volume->cluster_bytes;
    assert_int_equal(fat_file_resize(volume, &large, size), OK);
    fat_forget(volume, &large);
}

/* ---------------------------------------------------------------- what happens */

/* An editor: a new file beside the old one is written, synced, and renamed over it. */
static void edit(const struct form *form)
{
    begin(form);
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
    end("edit", form);
}
FOR_ALL_FORMS(edit)

#define NEW_CONTENTS 38 /* as many clusters as contents 1 and a folder have */

/* A folder with a file goes, and the n-th write or flush of that fails; then a file comes that gets
 * what is free. False: there are fewer. */
static bool free_with_fault(const struct form *form, unsigned n)
{
    begin(form);
    make("folder", FAT_DIRECTORY);
    make("folder/file", FAT_ARCHIVE);
    fill("folder/file", 1, 0);
    leave(1); /* a folder's clusters count when they are free, not before */
    record();
    change_began("folder/file", 1, 0);
    drop("folder/file");
    drop("folder");
    disk.writes = 0;
    disk.fail_write_at = n;

    bool has_failed = fat_commit(volume) < 0;

    disk.fail_write_at = 0;
    change_began("new", 0, NEW_CONTENTS);
    promises[promise_count - 1].or_contents = GROWING;
    make("new", FAT_ARCHIVE);
    assert_false(volume->frees_folders); /* nobody gets its clusters before they are flushed */
    fill("new", NEW_CONTENTS, 0);
    promise();
    end("free with a fault", form);
    return has_failed;
}

/* With a log, and without. */
static void test_free_with_faults(void **state)
{
    (void)state;
    for (size_t form = 0; form < ARRAY_SIZE(forms); form += 3) {
        unsigned n = 1;

        while (free_with_fault(&forms[form], n)) {
            n++;
        }
        assert_in_range(n, 2, 100);
    }
}

/* The first `size` bytes of the contents are to be in the file, which has those before `from`. */
static void append_to(const char *path, int contents, uint32_t from, uint32_t size)
{
    struct fat_file folder, file;
    const char *name;
    uint8_t data[1024];

    for (uint32_t i = from; i < size; i++) {
        data[i - from] = content_byte(contents, i);
    }
    assert_int_equal(find(path, &folder, &name, &file), OK);
    assert_int_equal(fat_file_write(volume, &file, from, data, size - from), OK);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
}

/* FAT12's first entry that lies in two sectors. */
#define SPLIT_CLUSTER 341

/* A file with the contents 1, as others write it on FAT12: its last cluster is that one. */
static void end_at_split(const char *path)
{
    struct fat_file folder, file;
    const char *name;

    make(path, FAT_ARCHIVE);
    fill(path, 1, 0);
    assert_int_equal(find(path, &folder, &name, &file), OK);
    if (volume->bits == 12) {
        uint32_t value;

        assert_int_equal(fat_table_get(volume, SPLIT_CLUSTER, &value), OK);
        assert_int_equal(value, FAT_FREE);
        assert_int_equal(fat_begin(volume, 3), OK);
        assert_int_equal(fat_table_set(volume, file.first_cluster + 1, FAT_FREE), OK);
        assert_int_equal(fat_table_set(volume, file.first_cluster, SPLIT_CLUSTER), OK);
        assert_int_equal(fat_table_set(volume, SPLIT_CLUSTER, FAT_END), OK);
        volume->space.free++;
        fat_end(volume, OK);
    }
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
}

static void cut_off(const char *path, uint32_t size)
{
    struct fat_file folder, file;
    const char *name;

    assert_int_equal(find(path, &folder, &name, &file), OK);
    assert_int_equal(fat_file_resize(volume, &file, size), OK);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
}

#define LINE_BYTES 700

/*
 * Two files get a line each, again and again, and each time both are synced. On a volume that is
 * full but for the rest of one sector of the FAT and what others have left free here and there, so
 * that their chains go to and fro between sectors of the FAT. And a folder grows beside them.
 */
static void append(const struct form *form)
{
    static const char *const names[] = {"one.log", "another one.log"};
    static const int contents[] = {9, 18}; /* more than 8,500 bytes */
    char path[64];

    begin(form);
    int pieces = (int)MIN(fat_available(volume) / 12, 80u);
    for (int i = 0; i < pieces; i++) {
        snprintf(path, sizeof(path), "piece%02d.x", i);
        make(path, FAT_ARCHIVE);
        fill(path, 1 + i % 8, 0);
    }
    for (int i = 0; i < pieces; i += 3) {
        snprintf(path, sizeof(path), "piece%02d.x", i);
        drop(path);
    }
    make("folder", FAT_DIRECTORY);
    end_at_split("others.bin");
    make(names[0], FAT_ARCHIVE);
    make(names[1], FAT_ARCHIVE);
    assert_int_equal(fat_commit(volume), OK);
    volume->space.next = FAT_CLUSTER_FIRST;
    record();
    for (uint32_t size = LINE_BYTES; size < 6000; size += LINE_BYTES) {
        for (int i = 0; i < 2; i++) {
            change_began(names[i], 0, contents[i]);
            promises[promise_count - 1].or_contents = GROWING;
            promises[promise_count - 1].least = size - LINE_BYTES;
            append_to(names[i], contents[i], size - LINE_BYTES, size);
            /* Also to where FAT12's first entry in two sectors is. */
            volume->space.next = size / LINE_BYTES % 3 == (uint32_t)i
                                     ? SPLIT_CLUSTER - 1
                                     : FAT_CLUSTER_FIRST + random_below(volume->clusters);
        }
        if (size == 4 * LINE_BYTES) {
            append_to("others.bin", 1, 977 + 1, 1400);
        }
        for (int i = 0; i < 3; i++) {
            snprintf(path, sizeof(path), "folder/a file of line %u, number %d", size, i);
            make(path, FAT_ARCHIVE);
        }
        assert_int_equal(fat_commit(volume), OK);
        for (int i = 0; i < 2; i++) {
            change_began(names[i], 0, contents[i]);
            promises[promise_count - 1].or_contents = GROWING;
            promises[promise_count - 1].least = size;
        }
    }
    /* And all but the begin is cut off again. */
    for (int i = 0; i < 2; i++) {
        change_began(names[i], 0, contents[i]);
        promises[promise_count - 1].or_contents = GROWING;
        promises[promise_count - 1].least = LINE_BYTES / 2;
        cut_off(names[i], LINE_BYTES / 2);
    }
    assert_int_equal(fat_commit(volume), OK);
    end("append", form);
}
FOR_ALL_FORMS(append)

/* A tree of 200 files comes and goes; some of it is synced. */
static void tree(const struct form *form)
{
    char path[64];

    begin(form);
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
    end("tree", form);
}

static void test_tree(void **state)
{
    (void)state;
    tree(&forms[1]);
    tree(&forms[4]);
}

/* Writes to a new file until the volume is full: its contents are as long as they have become. */
static bool fill_up(const char *path, int contents)
{
    struct fat_file folder, file;
    const char *name;
    uint8_t *data = make_contents(contents);

    make(path, FAT_ARCHIVE);
    assert_int_equal(find(path, &folder, &name, &file), OK);
    int status = fat_file_write(volume, &file, 0, data, content_size(contents));
    assert_true(status == OK || status == -ENOSPACE);
    fat_forget(volume, &file);
    fat_forget(volume, &folder);
    free(data);
    return status == OK;
}

/* A volume is filled to its last cluster, and what fills it goes and comes again. */
static void full(const struct form *form)
{
    char path[64];
    int files = 0;

    begin(form);
    leave(60);
    record();
    for (bool has_room = true; has_room; files++) {
        snprintf(path, sizeof(path), "filler %d.bin", files);
        change_began(path, 0, 1 + files);
        promises[promise_count - 1].or_contents = GROWING;
        has_room = fill_up(path, 1 + files);
        if (!has_room) { /* a file without contents */
            promise_count--;
        }
        promise();
    }
    assert_true(files > 3 && fat_available(volume) < 20);
    /* One cluster after the other, to the last. */
    for (int i = 0; fat_available(volume) > 0; i++) {
        snprintf(path, sizeof(path), "LAST%d", i);
        make(path, FAT_ARCHIVE);
        append_to(path, 1, 0, 500);
        promise();
    }
    for (int file = 0; file + 1 < files; file += 2) {
        snprintf(path, sizeof(path), "filler %d.bin", file);
        change_began(path, 1 + file, 0);
        drop(path);
        promise();
        snprintf(path, sizeof(path), "again %d.bin", file);
        change_began(path, 0, 1 + file);
        promises[promise_count - 1].or_contents = GROWING;
        assert_true(fill_up(path, 1 + file));
        promise();
    }
    end("full", form);
}
FOR_ALL_FORMS(full)

/* Files and folders go from one folder into another, with what is in them. */
static void moves(const struct form *form)
{
    static const struct {
        const char *from, *to, *old_file, *new_file;
    } steps[] = {
        {"left/inner", "right/inner", "left/inner/file.txt", "right/inner/file.txt"},
        {"right", "the new name of right", "right/inner/file.txt",
         "the new name of right/inner/file.txt"},
        {"the new name of right/inner", "left/the inner folder",
         "the new name of right/inner/file.txt", "left/the inner folder/file.txt"},
        {"left/the inner folder/file.txt", "the new name of right/file.txt",
         "left/the inner folder/file.txt", "the new name of right/file.txt"},
        {"the new name of right", "left/right", "the new name of right/file.txt",
         "left/right/file.txt"},
        {"left/right", "left/the inner folder/right", "left/right/file.txt",
         "left/the inner folder/right/file.txt"},
        {"left/the inner folder/right/file.txt", "file.txt", "left/the inner folder/right/file.txt",
         "file.txt"},
    };

    begin(form);
    make("left", FAT_DIRECTORY);
    make("right", FAT_DIRECTORY);
    make("left/inner", FAT_DIRECTORY);
    make("left/inner/file.txt", FAT_ARCHIVE);
    fill("left/inner/file.txt", 1, 0);
    record();
    /* Each by itself, and then two at a time. */
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
            change_began(steps[i].old_file, 1, 0);
            change_began(steps[i].new_file, 0, 1);
            move(steps[i].from, steps[i].to);
            if (round == 0 || i % 2) {
                promise();
            }
        }
        promise();
        /* Back to where they began. */
        change_began("file.txt", 1, 0);
        move("left/the inner folder/right", "right");
        move("left/the inner folder", "left/inner");
        change_began("left/inner/file.txt", 0, 1);
        move("file.txt", "left/inner/file.txt");
        promise();
    }
    end("moves", form);
}
FOR_ALL_FORMS(moves)

int main(int count, char **arguments)
{
    if (count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    if (getenv("FAT_POWER_SEED")) {
        seed = (uint32_t)strtoul(getenv("FAT_POWER_SEED"), NULL, 10) | 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edit),  cmocka_unit_test(test_append),
        cmocka_unit_test(test_tree),  cmocka_unit_test(test_full),
        cmocka_unit_test(test_moves), cmocka_unit_test(test_free_with_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
