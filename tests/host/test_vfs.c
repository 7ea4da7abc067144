/*
 * test_vfs.c - files and folders as programs see them, above FAT and above memory: random
 * operations against a simple model, with the caches forgotten and the volume mounted again in
 * between; each operation with its n-th allocation, and its n-th read or write of the disk,
 * failing; and who is told of what could not be written.
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

#include "base/align.h"
#include "device/block_cache.h"
#include "fat_disk.h"
#include "fs/fat/fat_fs.h"
#include "fs/file_object.h"
#include "fs/node_contents.h"
#include "fs/ram/ram_fs.h"
#include "memory/heap/kheap.h"
#include "memory/page.h"
#include "random.h"
#include "stub_clock.h"
#include "stub_frames.h"
#include "stub_kmem_malloc.h"
#include "stub_tasks.h"
#include "stub_user.h"

void *kzalloc(size_t size)
{
    return calloc(1, size); /* the page cache's table: for ever */
}

static struct fat_disk disk;
static bool is_on_disk; /* drive 0 is FAT; else it is memory */

static void mount(void)
{
    assert_int_equal(is_on_disk ? fs_mount(&disk.device, 0)
                                : vfs_mount(VFS_DRIVE_START, &ram_file_system, NULL, 0, 0),
                     OK);
}

/* mkfs NULL: in memory. */
static void begin(const char *mkfs, uint32_t kib)
{
    stub_pmm_set_pages(STUB_FRAMES, STUB_FRAMES);
    is_on_disk = mkfs != NULL;
    if (is_on_disk) {
        fat_disk_create(&disk, mkfs, kib, 512);
        if (strstr(mkfs, "-R 128")) {
            fat_disk_add_log(&disk);
        }
    }
    mount();
}

/* The entry at the cursor, which moves on, until the next such call; NULL: the end. */
static const struct directory_record *next_record(struct node *folder, uint64_t *cursor)
{
    static uint64_t memory[(DIRECTORY_RECORD_BYTES_MAX + NODE_LISTING_SLACK) / sizeof(uint64_t)];
    struct node_listing listing = {
        .bytes = (uint8_t *)memory, .size = DIRECTORY_RECORD_BYTES_MAX, .left = 1};
    int status = node_list(folder, cursor, &listing);

    assert_true(status >= 0);
    return listing.used > 0 ? (const struct directory_record *)memory : NULL;
}

/* All that is in the folder goes. */
static void empty(const char *path)
{
    struct node *node;
    const struct directory_record *entry;
    uint64_t cursor = 0;

    assert_int_equal(vfs_open(NULL, path, VFS_DIRECTORY, &node), OK);
    while ((entry = next_record(node, &cursor)) != NULL) {
        char below[512];

        snprintf(below, sizeof(below), "%s/%s", path, entry->name);
        if (entry->kind == NODE_DIRECTORY) {
            empty(below);
            assert_int_equal(vfs_remove_directory(NULL, below), OK);
        } else {
            assert_int_equal(vfs_remove(NULL, below), OK);
        }
    }
    node_release(node);
}

static void end(void)
{
    if (!is_on_disk) { /* nodes that have a name stay */
        struct volume *volume = vfs_volume(VFS_DRIVE_START);
        struct volume_figures figures;

        empty("/.");
        volume->operations->figures(volume, &figures);
        assert_int_equal(figures.free_bytes, figures.bytes);
    }
    assert_int_equal(fs_unmount(), OK);
    if (is_on_disk) {
        assert_true(fat_disk_is_sound(&disk, true, NULL));
        fat_disk_destroy(&disk);
    }
    assert_int_equal(stub_kmem_live(), 0);
}

/* ---------------------------------------------------------------- the model */

#define NODES_MAX   200
#define MODEL_BYTES 30000

struct model {
    bool is_used, is_folder;
    int parent; /* NONE: it has no name any more */
    int name;
    size_t size;
    uint8_t *bytes;
    unsigned opens;
};

#define NONE (-1)
#define ROOT 0

static struct model model[NODES_MAX];

static const char *const names[] = {"a",          "B.TXT",      "a long name.text", "folder",
                                    "Sub Folder", "\xC3\xA4.c", "x2345678.123"};

#define NAMES ((int)ARRAY_SIZE(names))

static void model_reset(void)
{
    for (int i = 0; i < NODES_MAX; i++) {
        free(model[i].bytes);
    }
    memset(model, 0, sizeof(model));
    model[ROOT] = (struct model){.is_used = true, .is_folder = true, .parent = NONE};
}

static int model_child(int folder, int name)
{
    for (int i = 1; i < NODES_MAX; i++) {
        if (model[i].is_used && model[i].parent == folder && model[i].name == name) {
            return i;
        }
    }
    return NONE;
}

static bool model_is_empty(int folder)
{
    for (int name = 0; name < NAMES; name++) {
        if (model_child(folder, name) != NONE) {
            return false;
        }
    }
    return true;
}

static int model_new(int folder, int name, bool is_folder)
{
    for (int i = 1; i < NODES_MAX; i++) {
        if (!model[i].is_used) {
            model[i] = (struct model){.is_used = true,
                                      .is_folder = is_folder,
                                      .parent = folder,
                                      .name = name,
                                      .bytes = calloc(1, MODEL_BYTES)};
            return i;
        }
    }
    fail_msg("the model is full");
    return NONE;
}

/* Without a name and not open it is gone. */
static void model_settle(int node)
{
    if (model[node].parent == NONE && model[node].opens == 0) {
        free(model[node].bytes);
        model[node] = (struct model){0};
    }
}

static void model_resize(int node, size_t size)
{
    struct model *file = &model[node];

    if (size < file->size) {
        memset(file->bytes + size, 0, file->size - size);
    }
    file->size = size;
}

/* A path of names, as numbers. */
struct way {
    int depth;
    int name[3];
    char text[128];
};

/* The path; on FAT, in any spelling. */
static void spell(struct way *way)
{
    size_t length = 0;

    for (int i = 0; i < way->depth; i++) {
        length += (size_t)snprintf(way->text + length, sizeof(way->text) - length, "/%s",
                                   names[way->name[i]]);
    }
    for (char *c = way->text; is_on_disk && *c; c++) {
        if (*c >= 'a' && *c <= 'z' && random_below(8) == 0) {
            *c = (char)(*c - 32);
        }
    }
}

static struct way random_way(void)
{
    struct way way = {.depth = 1 + (int)random_below(3)};

    for (int i = 0; i < way.depth; i++) {
        way.name[i] = (int)random_below((uint32_t)NAMES);
    }
    spell(&way);
    return way;
}

/* The folder that the last name is in: its number, or an error. */
static int model_folder(const struct way *way)
{
    int node = ROOT;

    for (int i = 0; i < way->depth; i++) {
        if (!model[node].is_folder) {
            return -ENOTDIR;
        }
        if (i < way->depth - 1) {
            node = model_child(node, way->name[i]);
            if (node == NONE) {
                return -ENOENT;
            }
        }
    }
    return node;
}

static int last_name(const struct way *way)
{
    return way->name[way->depth - 1];
}

static bool model_is_below(int folder, int node)
{
    while (folder != NONE && folder != node) {
        folder = model[folder].parent;
    }
    return folder != NONE;
}

/* ---------------------------------------------------------------- open files */

#define OPENS_MAX 6

static struct {
    struct file *file;
    int node;
} opens[OPENS_MAX];

static void close_file(int i)
{
    if (opens[i].file) {
        assert_int_equal(file_take_error(opens[i].file), OK);
        file_close(opens[i].file);
        opens[i].file = NULL;
        model[opens[i].node].opens--;
        model_settle(opens[i].node);
    }
}

static void try_open(void)
{
    static const unsigned flags[] = {0, VFS_CREATE, VFS_CREATE | VFS_EXCLUSIVE,
                                     VFS_CREATE | VFS_TRUNCATE, VFS_TRUNCATE};
    int i = (int)random_below(OPENS_MAX);
    unsigned how = flags[random_below(ARRAY_SIZE(flags))];
    struct way way = random_way();
    int folder = model_folder(&way), wanted = folder;
    int node = folder >= 0 ? model_child(folder, last_name(&way)) : NONE;

    close_file(i);
    if (folder >= 0) {
        wanted = node == NONE            ? how & VFS_CREATE ? OK : -ENOENT
                 : how & VFS_EXCLUSIVE   ? -EEXISTS
                 : model[node].is_folder ? -EISDIR
                                         : OK;
    }
    assert_int_equal(file_open_at(NULL, way.text, FILE_READ | FILE_WRITE, how, &opens[i].file),
                     wanted);
    if (wanted < 0) {
        opens[i].file = NULL;
        return;
    }
    if (node == NONE) {
        node = model_new(folder, last_name(&way), false);
    } else if (how & VFS_TRUNCATE) {
        model_resize(node, 0);
    }
    opens[i].node = node;
    model[node].opens++;
}

static void try_write(int i)
{
    static uint8_t bytes[9000];
    struct model *file = &model[opens[i].node];
    size_t length = 1 + random_below(random_below(2) ? 100 : sizeof(bytes));
    size_t position = random_below(3) ? random_below((uint32_t)file->size + 1)
                                      : random_below(MODEL_BYTES - sizeof(bytes));

    for (size_t k = 0; k < length; k++) {
        bytes[k] = (uint8_t)random_below(256);
    }
    assert_int_equal(file_seek(opens[i].file, position), OK);
    length = MIN(length, MODEL_BYTES - position);

    int status = length > 0 ? file_write(opens[i].file, bytes, length) : 0;

    if (status < 0) {
        assert_int_equal(status, -ENOSPACE);
        return;
    }
    assert_true(is_on_disk ? (size_t)status == length : (size_t)status <= length);
    memcpy(file->bytes + position, bytes, (size_t)status);
    file->size = MAX(file->size, position + (size_t)status);
}

static void check_file(struct file *file, int node)
{
    static uint8_t bytes[MODEL_BYTES + 1];
    struct file_stat stat;

    file_stat(file, &stat);
    assert_int_equal(stat.size, model[node].size);
    assert_int_equal(file_seek(file, 0), OK);
    assert_int_equal(file_read(file, bytes, sizeof(bytes)), model[node].size);
    if (model[node].size > 0) {
        assert_memory_equal(bytes, model[node].bytes, model[node].size);
    }
}

static void try_resize(int i)
{
    size_t size = random_below(MODEL_BYTES);
    int status = node_resize(opens[i].file->node, size);

    assert_true(status == OK || status == -ENOSPACE);
    if (status == OK) {
        model_resize(opens[i].node, size);
    }
}

/* ---------------------------------------------------------------- names */

static void try_make_directory(void)
{
    struct way way = random_way();
    int folder = model_folder(&way);
    int wanted = folder < 0 ? folder : model_child(folder, last_name(&way)) != NONE ? -EEXISTS : OK;

    assert_int_equal(vfs_make_directory(NULL, way.text), wanted);
    if (wanted == OK) {
        (void)model_new(folder, last_name(&way), true);
    }
}

static void try_remove(bool is_folder)
{
    struct way way = random_way();
    int folder = model_folder(&way);
    int node = folder >= 0 ? model_child(folder, last_name(&way)) : NONE;
    int wanted = folder < 0                            ? folder
                 : node == NONE                        ? -ENOENT
                 : model[node].is_folder && !is_folder ? -EISDIR
                 : !model[node].is_folder && is_folder ? -ENOTDIR
                 : is_folder && !model_is_empty(node)  ? -ENOTEMPTY
                                                       : OK;

    assert_int_equal(is_folder ? vfs_remove_directory(NULL, way.text) : vfs_remove(NULL, way.text),
                     wanted);
    if (wanted == OK) {
        model[node].parent = NONE;
        model_settle(node);
    }
}

static void try_rename(void)
{
    struct way old = random_way(), new = random_way();
    int from = model_folder(&old), to = model_folder(&new);
    int node = from >= 0 ? model_child(from, last_name(&old)) : NONE;
    int replaced = to >= 0 ? model_child(to, last_name(&new)) : NONE;
    int wanted = from < 0                                                 ? from
                 : to < 0                                                 ? to
                 : node == NONE                                           ? -ENOENT
                 : model[node].is_folder && model_is_below(to, node)      ? -EINVARG
                 : replaced == NONE || replaced == node                   ? OK
                 : model[replaced].is_folder && !model[node].is_folder    ? -EISDIR
                 : !model[replaced].is_folder && model[node].is_folder    ? -ENOTDIR
                 : model[replaced].is_folder && !model_is_empty(replaced) ? -ENOTEMPTY
                                                                          : OK;

    assert_int_equal(vfs_rename(NULL, old.text, new.text), wanted);
    if (wanted == OK) {
        if (replaced != NONE && replaced != node) {
            model[replaced].parent = NONE;
            model_settle(replaced);
        }
        model[node].parent = to;
        model[node].name = last_name(&new);
    }
}

/* All of a folder, and what is in it, is as the model has it. */
static void check_tree(int folder, const char *path)
{
    struct node *node;
    const struct directory_record *entry;
    uint64_t cursor = 0;
    int count = 0, wanted = 0;

    assert_int_equal(vfs_open(NULL, path, VFS_DIRECTORY, &node), OK);
    while ((entry = next_record(node, &cursor)) != NULL) {
        count++;
    }
    node_release(node);
    for (int name = 0; name < NAMES; name++) {
        int child = model_child(folder, name);
        char below[256];
        struct file *file;

        snprintf(below, sizeof(below), "%s/%s", path, names[name]);
        assert_int_equal(file_open(below, &file), child == NONE ? -ENOENT : OK);
        if (child == NONE) {
            continue;
        }
        wanted++;
        if (model[child].is_folder) {
            check_tree(child, below);
        } else {
            check_file(file, child);
        }
        file_close(file);
    }
    assert_int_equal(count, wanted);
}

static void forget_some(void)
{
    switch (random_below(4)) {
    case 0: (void)node_cache_shrink(NULL); break;
    case 1: page_cache_forget(); break;
    case 2: assert_int_equal(vfs_sync(), OK); break;
    default:
        for (int i = 0; i < OPENS_MAX; i++) {
            close_file(i);
        }
        if (is_on_disk) {
            assert_int_equal(fs_unmount(), OK);
            mount();
        }
    }
}

static void random_operations(uint32_t seed, unsigned count)
{
    random_state = seed;
    model_reset();
    for (unsigned n = 0; n < count; n++) {
        int i = (int)random_below(OPENS_MAX);

        stub_clock_now++;
        switch (random_below(14)) {
        case 0:
        case 1: try_make_directory(); break;
        case 2: try_remove(false); break;
        case 3: try_remove(true); break;
        case 4:
        case 5: try_rename(); break;
        case 6:
        case 7:
        case 8: try_open(); break;
        case 9:
            if (random_below(8) == 0) {
                forget_some();
            }
            break;
        case 10:
            if (opens[i].file) {
                try_resize(i);
            }
            break;
        case 11:
            if (opens[i].file) {
                check_file(opens[i].file, opens[i].node);
            }
            break;
        default:
            if (opens[i].file) {
                try_write(i);
            }
        }
        if (n % 256 == 255) {
            check_tree(ROOT, "/.");
        }
    }
    for (int i = 0; i < OPENS_MAX; i++) {
        close_file(i);
    }
    if (is_on_disk) {
        assert_int_equal(fs_unmount(), OK);
        mount();
    }
    check_tree(ROOT, "/.");
}

static void test_model_of_memory(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 8; seed++) {
        begin(NULL, 0);
        random_operations(seed, 3000);
        end();
    }
}

static void test_model_of_fat(void **state)
{
    static const struct {
        const char *mkfs;
        uint32_t kib;
    } volumes[] = {{"-F 12 -s 1", 1440},
                   {"-F 16 -s 1 -R 128", 4096},
                   {"-F 32 -s 1 -R 128", 33800},
                   {"-F 16 -s 8", 20000}};

    (void)state;
    for (uint32_t seed = 1; seed <= 8; seed++) {
        begin(volumes[seed % 4].mkfs, volumes[seed % 4].kib);
        random_operations(seed * 77, 3000);
        end();
    }
}

/* ---------------------------------------------------------------- one thing fails */

static uint8_t pattern[20000];

static int put(const char *path, unsigned vfs_flags, size_t position, size_t length)
{
    struct file *file;
    int status = file_open_at(NULL, path, FILE_READ | FILE_WRITE, vfs_flags, &file);

    if (status < 0) {
        return status;
    }
    status = file_seek(file, position);
    if (status == OK && length > 0) {
        status = file_write(file, pattern + 1, length);
        status = status < 0 ? status : status == (int)length ? OK : -EINTERRUPTED; /* a part */
    }
    int lost = file_take_error(file);

    file_close(file);
    return status < 0 ? status : lost;
}

static int do_create(void)
{
    return put("/d/a new file with a long name", VFS_CREATE | VFS_EXCLUSIVE, 0, 0);
}

static int do_create_and_write(void)
{
    return put("/d/new.txt", VFS_CREATE | VFS_EXCLUSIVE, 0, 600);
}

static int do_make_directory(void)
{
    return vfs_make_directory(NULL, "/d/a new folder");
}

static int do_append(void)
{
    return put("/other.txt", 0, 9000, 7000);
}

static int do_overwrite(void)
{
    return put("/other.txt", 0, 100, 5000);
}

static int do_write_behind_the_end(void)
{
    return put("/d/old.txt", 0, 12000, 10);
}

static int do_truncate(void)
{
    return put("/other.txt", VFS_TRUNCATE, 0, 0);
}

static int resize_to(size_t size)
{
    struct node *node;
    int status = vfs_open(NULL, "/other.txt", VFS_WRITE, &node);

    if (status == OK) {
        status = node_resize(node, size);
        node_end_writing(node);
        node_release(node);
    }
    return status;
}

static int do_shrink(void)
{
    return resize_to(1234);
}

static int do_grow(void)
{
    return resize_to(19000);
}

/* By more pages than may be dirty: the first of them are on the disk before the last are made. */
static int do_grow_far(void)
{
    return resize_to((STUB_FRAMES / PAGE_CACHE_DIRTY_FRACTION + 8) * PAGE_SIZE_BYTES);
}

/* By so many zeros that they are written to the disk at once. */
static int do_grow_very_far(void)
{
    return resize_to(1300000);
}

static int do_remove(void)
{
    return vfs_remove(NULL, "/d/old.txt");
}

static int do_remove_directory(void)
{
    return vfs_remove_directory(NULL, "/d/empty");
}

static int do_rename(void)
{
    return vfs_rename(NULL, "/d/old.txt", "/another name for it.txt");
}

static int do_replace(void)
{
    return vfs_rename(NULL, "/d/old.txt", "/other.txt");
}

static int do_rename_directory(void)
{
    return vfs_rename(NULL, "/d", "/e/the same folder");
}

static int do_save(void) /* as an editor does */
{
    int status = put("/d/new.txt", VFS_CREATE | VFS_EXCLUSIVE, 0, 5000);

    return status < 0 ? status : vfs_rename(NULL, "/d/new.txt", "/other.txt");
}

/* is_one: an error has changed nothing. Others are made of several steps. */
static const struct {
    const char *name;
    int (*run)(void);
    bool is_one;
} operations[] = {
    {"create", do_create, true},
    {"create and write", do_create_and_write, false},
    {"make a folder", do_make_directory, true},
    {"append", do_append, true},
    {"overwrite", do_overwrite, false},
    {"write behind the end", do_write_behind_the_end, true},
    {"truncate", do_truncate, true},
    {"shrink", do_shrink, true},
    {"grow", do_grow, true},
    {"grow far", do_grow_far, true},
    {"grow very far", do_grow_very_far, true},
    {"remove", do_remove, true},
    {"remove a folder", do_remove_directory, true},
    {"rename", do_rename, true},
    {"replace", do_replace, true},
    {"rename a folder", do_rename_directory, true},
    {"save", do_save, false},
};

static void prepare(const char *mkfs, uint32_t kib)
{
    begin(mkfs, kib);
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i * 7 + i / 253);
    }
    assert_int_equal(vfs_make_directory(NULL, "/d"), OK);
    assert_int_equal(vfs_make_directory(NULL, "/e"), OK);
    assert_int_equal(vfs_make_directory(NULL, "/d/empty"), OK);
    assert_int_equal(put("/d/old.txt", VFS_CREATE, 0, 3000), OK);
    assert_int_equal(put("/other.txt", VFS_CREATE, 0, 9000), OK);
    assert_int_equal(put("/keep.txt", VFS_CREATE, 0, 5000), OK);
    assert_int_equal(vfs_sync(), OK);
}

static uint32_t hash(uint32_t value, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        value = (value ^ ((const uint8_t *)bytes)[i]) * 16777619u;
    }
    return value;
}

/* A number for all that is there: names, sizes and contents. */
static uint32_t digest(const char *path)
{
    static uint8_t bytes[40000];
    struct node *node;
    const struct directory_record *entry;
    uint64_t cursor = 0;
    uint32_t sum = hash(1, path, strlen(path));

    assert_int_equal(vfs_open(NULL, path, VFS_DIRECTORY, &node), OK);
    while ((entry = next_record(node, &cursor)) != NULL) {
        char below[512];
        struct file *file;

        snprintf(below, sizeof(below), "%s/%s", path, entry->name);
        if (entry->kind == NODE_DIRECTORY) {
            sum += digest(below);
            continue;
        }
        assert_int_equal(file_open(below, &file), OK);
        int length = file_read(file, bytes, sizeof(bytes));
        assert_true(length >= 0);
        sum += hash(hash(2, below, strlen(below)), bytes, (size_t)length);
        file_close(file);
    }
    node_release(node);
    return sum;
}

static void remount(void)
{
    if (is_on_disk) {
        assert_int_equal(fs_unmount(), OK);
        mount();
    }
}

static void forget_caches(void)
{
    (void)node_cache_shrink(NULL);
    page_cache_forget();
    (void)block_cache_shrink(SIZE_MAX);
}

enum fault { ALLOCATION, ALLOCATIONS, READ, READS, WRITE, WRITES, FAULTS };

static void set_fault(enum fault fault, unsigned n)
{
    if (fault <= ALLOCATIONS) {
        (fault == ALLOCATION ? stub_kmem_fail_at : stub_kmem_fail_from)(n);
    }
    disk.reads = disk.writes = 0;
    disk.fail_read_at = fault == READ || fault == READS ? n : 0;
    disk.fail_write_at = fault == WRITE || fault == WRITES ? n : 0;
    disk.fails_on = fault % 2;
}

static void clear_faults(void)
{
    stub_kmem_fail_at(0);
    disk.fail_read_at = disk.fail_write_at = 0;
    disk.fails_on = false;
}

/* Nothing but what the operation is about may change, whatever fails. */
static void check_others(void)
{
    struct file *file;
    static uint8_t bytes[6000];

    assert_int_equal(file_open("/keep.txt", &file), OK);
    assert_int_equal(file_read(file, bytes, sizeof(bytes)), 5000);
    assert_memory_equal(bytes, pattern + 1, 5000);
    file_close(file);
}

static void fail_each(const char *mkfs, uint32_t kib, enum fault fault)
{
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        unsigned errors = 0;

        if (!mkfs && operations[i].run == do_grow_very_far) { /* the memory is too small for it */
            continue;
        }
        prepare(mkfs, kib);
        assert_int_equal(operations[i].run(), OK);
        uint32_t wanted = digest("/.");
        end();
        for (unsigned n = 1;; n++) {
            prepare(mkfs, kib);
            uint32_t before = digest("/.");
            forget_caches();
            set_fault(fault, n);
            int status = operations[i].run();
            int synced = fault == WRITE || fault == WRITES ? vfs_sync() : OK;
            bool has_failed = fault <= ALLOCATIONS ? stub_kmem_has_failed()
                              : fault <= READS     ? disk.reads >= n
                                                   : disk.writes >= n;
            clear_faults();
            errors += status < 0 || synced < 0;
            if (status < 0 && status != -EINTERRUPTED) {
                assert_int_equal(status, fault <= ALLOCATIONS ? -ENOMEM : -EIO);
            }
            bool is_whole = status == OK && synced == OK;
            if (synced < 0) {
                assert_int_equal(synced, -EIO);
            }
            if (synced == OK) {
                assert_int_equal(vfs_sync(), OK);
            } else {
                (void)vfs_sync();
            }
            uint32_t after = digest("/.");
            if (status < 0 && operations[i].is_one && status != -EINTERRUPTED && after != before) {
                fail_msg("%s, fault %d, number %u: %d, but something has changed",
                         operations[i].name, fault, n, status);
            }
            /* What could not be written back is still seen until it leaves the memory. */
            bool is_lost = synced < 0 || (status == -EIO && !operations[i].is_one);
            if (!is_lost) {
                remount();
                assert_int_equal(digest("/."), after);
            } else {
                (void)fs_unmount();
                mount();
                (void)digest("/.");
            }
            check_others();
            assert_true(!is_whole || after == wanted);
            end();
            if (!has_failed) {
                break;
            }
            assert_true(n < 500);
        }
        print_message("%s: %u errors\n", operations[i].name, errors);
    }
}

static void test_every_allocation_above_memory(void **state)
{
    (void)state;
    fail_each(NULL, 0, ALLOCATION);
    fail_each(NULL, 0, ALLOCATIONS);
}

static void test_every_allocation_above_fat(void **state)
{
    (void)state;
    for (enum fault fault = ALLOCATION; fault <= ALLOCATIONS; fault++) {
        fail_each("-F 16 -s 1 -R 128", 4096, fault);
        fail_each("-F 12 -s 1", 1800, fault);
    }
}

static void test_every_read(void **state)
{
    (void)state;
    for (enum fault fault = READ; fault <= READS; fault++) {
        fail_each("-F 16 -s 1 -R 128", 4096, fault);
        fail_each("-F 12 -s 1", 1800, fault);
    }
}

static void test_every_write(void **state)
{
    (void)state;
    for (enum fault fault = WRITE; fault <= WRITES; fault++) {
        fail_each("-F 16 -s 1 -R 128", 4096, fault);
        fail_each("-F 12 -s 1", 1800, fault);
    }
}

/* ---------------------------------------------------------------- very many zeros */

#define MANY (8u << 20)

static struct file *many;

/* The file has `size` bytes: the first ones of the pattern, then zeros. */
static void check_zeros(uint64_t size, size_t first)
{
    static uint8_t bytes[65536];
    uint64_t at = 0;
    int length;

    assert_int_equal(file_seek(many, 0), OK);
    while ((length = file_read(many, bytes, sizeof(bytes))) > 0) {
        for (int i = 0; i < length; i++, at++) {
            uint8_t wanted = at < first ? pattern[1 + at] : 0;

            if (bytes[i] != wanted) {
                fail_msg("byte %u is %02x", (unsigned)at, bytes[i]);
            }
        }
    }
    assert_int_equal(length, 0);
    assert_true(at == size && many->node->size == size);
}

static uint64_t free_bytes(void)
{
    struct volume *volume = vfs_volume(VFS_DRIVE_START);
    struct volume_figures figures;

    assert_int_equal(vfs_sync(), OK);
    volume->operations->figures(volume, &figures);
    return figures.free_bytes;
}

static void open_many(void)
{
    assert_int_equal(file_open_at(NULL, "/many", FILE_READ | FILE_WRITE, VFS_CREATE, &many), OK);
}

/* On clusters that were somebody's before. They do not go through the page cache, and what was
 * written to the last page behind the end, as by who maps it, is not seen. */
static void test_many_zeros(void **state)
{
    struct page_cache_stats before, after;
    void *frame;

    (void)state;
    begin("-F 16 -s 4 -R 128", 32768);
    memset(disk.bytes + (1u << 20), 0xEE, disk.size - (1u << 20));
    open_many();
    assert_int_equal(file_write(many, pattern + 1, 5000), 5000);
    assert_int_equal(page_object_get(&many->node->contents, 1, &frame), OK);
    memset((uint8_t *)frame + 3000, 0x77, 500);
    (void)page_release(frame);
    page_cache_get_stats(&before);
    assert_int_equal(node_resize(many->node, MANY + 777), OK);
    page_cache_get_stats(&after);
    assert_in_range(after.pages, before.pages, before.pages + 2);
    check_zeros(MANY + 777, 5000);

    /* And where a write leaves them behind the end; nothing comes where there is no room. */
    assert_int_equal(file_seek(many, 2 * MANY + 5), OK);
    assert_int_equal(file_write(many, "", 1), 1);
    assert_int_equal(node_resize(many->node, 4 * MANY), -ENOSPACE);
    assert_int_equal(node_resize(many->node, 1ull << 32), -EFILESIZE);
    check_zeros(2 * MANY + 6, 5000);
    file_close(many);
    assert_int_equal(fs_unmount(), OK);
    mount();
    open_many();
    check_zeros(2 * MANY + 6, 5000);
    assert_int_equal(node_resize(many->node, 3000), OK);
    check_zeros(3000, 3000);
    file_close(many);
    end();
}

static void lengthen_cancelled(void *status)
{
    stub_task_cancel(0);
    *(int *)status = node_resize(many->node, MANY);
}

/* Who makes a file longer can be ended: then it is as long as before, and all room is back. */
static void test_many_zeros_are_interrupted(void **state)
{
    int status = OK;

    (void)state;
    begin("-F 16 -s 4 -R 128", 32768);
    open_many();
    assert_int_equal(file_write(many, pattern + 1, 5000), 5000);
    uint64_t before = free_bytes();
    disk.writes = 0;
    stub_task_start(0, lengthen_cancelled, &status);
    assert_true(stub_task_has_ended(0));
    assert_int_equal(status, -EINTERRUPTED);
    assert_in_range(disk.writes, 1, MANY / 512 / 4); /* it had begun, and did not go on */
    check_zeros(5000, 5000);
    assert_true(free_bytes() == before);
    file_close(many);
    end();
}

/* ---------------------------------------------------------------- who is told */

static struct file *open_keep(unsigned flags)
{
    struct file *file;

    assert_int_equal(file_open_at(NULL, "/keep.txt", flags, 0, &file), OK);
    return file;
}

/* Each who had the file open is told once of what was lost, and who comes before anybody was. */
static void test_lost_writes_are_told(void **state)
{
    (void)state;
    prepare("-F 16 -s 1 -R 128", 4096);
    struct file *writer = open_keep(FILE_READ | FILE_WRITE);
    struct file *other = open_keep(FILE_READ | FILE_WRITE);

    assert_int_equal(file_write(writer, pattern, 4000), 4000);
    set_fault(WRITES, 1);
    assert_int_equal(vfs_sync(), -EIO);
    clear_faults();
    struct file *later = open_keep(FILE_READ);

    assert_int_equal(file_take_error(writer), -EIO);
    assert_int_equal(file_take_error(writer), OK);
    struct file *last = open_keep(FILE_READ | FILE_WRITE);

    assert_int_equal(file_take_error(other), -EIO);
    assert_int_equal(file_take_error(later), -EIO);
    assert_int_equal(file_take_error(last), OK);
    assert_int_equal(node_sync(last->node), OK);
    assert_int_equal(file_take_error(last), OK);

    /* A second time; who synchronizes is told as well. */
    assert_int_equal(file_write(other, pattern, 10), 10);
    set_fault(WRITES, 1);
    assert_int_equal(node_sync(last->node), -EIO);
    clear_faults();
    assert_int_equal(node_take_error(last->node, NULL), -EIO);
    assert_int_equal(node_take_error(last->node, NULL), OK);
    assert_int_equal(file_take_error(writer), -EIO);
    assert_int_equal(file_take_error(last), -EIO);
    file_close(writer);
    file_close(other);
    file_close(later);
    file_close(last);
    end();
}

static struct file *open_new(const char *path)
{
    struct file *file;

    assert_int_equal(file_open_at(NULL, path, FILE_READ | FILE_WRITE, VFS_CREATE, &file), OK);
    return file;
}

/* Of a page of a file that another file's bytes lay in before: what was written, or zeros. */
static void check_page(struct file *file, uint32_t index)
{
    static uint8_t page[PAGE_SIZE_BYTES];
    uint8_t wanted = (uint8_t)(1 + index);
    bool is_lost;

    assert_int_equal(file_seek(file, (uint64_t)index * PAGE_SIZE_BYTES), OK);
    assert_int_equal(file_read(file, page, sizeof(page)), sizeof(page));
    is_lost = page[sizeof(page) - 1] != wanted;
    for (size_t i = 0; i < sizeof(page); i++) {
        bool is_right = page[i] == wanted || (is_lost && page[i] == 0);

        if (!is_right) {
            fail_msg("page %u, byte %zu is %02x", index, i, page[i]);
        }
    }
}

/* When some pages of a new file could not be written, but those behind them were: nothing that
 * lay on the disk before is seen, neither when the pages are read again nor after a mount. */
static void test_lost_pages_show_nothing_old(void **state)
{
    enum { PAGES = 3 * PAGE_OBJECT_FILL_MAX };
    static uint8_t page[PAGE_SIZE_BYTES];
    unsigned failed = 0;

    (void)state;
    for (unsigned fault_at = 1; fault_at < 400; fault_at += 1 + fault_at / 6) {
        prepare("-F 16 -s 1", 4096);
        struct file *file = open_new("/d/old");

        memset(page, 0xEE, sizeof(page));
        while (file_write(file, page, sizeof(page)) > 0) { /* all clusters that are free */
        }
        file_close(file);
        assert_int_equal(vfs_sync(), OK);
        assert_int_equal(vfs_remove(NULL, "/d/old"), OK);
        assert_int_equal(vfs_sync(), OK);
        file = open_new("/d/new");
        set_fault(WRITE, fault_at);
        for (uint32_t i = 0; i < PAGES; i++) {
            memset(page, (int)(1 + i), sizeof(page));
            assert_int_equal(file_write(file, page, sizeof(page)), sizeof(page));
        }
        failed += vfs_sync() < 0;
        clear_faults();
        forget_caches();
        for (uint32_t i = 0; i < PAGES; i++) {
            check_page(file, i);
        }
        assert_in_range(-file_take_error(file), 0, EIO);
        file_close(file);
        remount();
        file = open_new("/d/new");
        for (uint32_t i = 0; i < file->node->size / PAGE_SIZE_BYTES; i++) {
            check_page(file, i);
        }
        file_close(file);
        end();
    }
    assert_true(failed > 0);
}

/* ---------------------------------------------------------------- while the volume is in use */

static void write_all_back(void *context)
{
    *(int *)context = vfs_sync_volume(vfs_volume(VFS_DRIVE_START));
}

static void make_room(void *context)
{
    struct file *file = context;

    assert_int_equal(page_object_make_room(&file->node->contents), OK);
}

/*
 * A file without a name is closed while somebody works on its volume: it ends when he has done so.
 * Those who write back what is dirty meanwhile leave it alone.
 */
static void test_a_removed_file_waits_for_its_end(void **state)
{
    enum { REMOVED_PAGES = 24, OTHER_PAGES = STUB_FRAMES / PAGE_CACHE_DIRTY_FRACTION - 24 };
    int status = -EBUSY;

    (void)state;
    prepare("-F 16 -s 1 -R 128", 4096);
    struct volume *volume = vfs_volume(VFS_DRIVE_START);

    for (unsigned turn = 0; turn < 2; turn++) {
        struct file *removed = open_new("/d/removed"), *other = open_new("/d/other");

        for (unsigned i = 0; i < REMOVED_PAGES; i++) {
            assert_int_equal(file_write(removed, pattern, PAGE_SIZE_BYTES), PAGE_SIZE_BYTES);
        }
        for (unsigned i = 0; i < OTHER_PAGES; i++) {
            assert_int_equal(file_write(other, pattern, PAGE_SIZE_BYTES), PAGE_SIZE_BYTES);
        }
        assert_int_equal(vfs_remove(NULL, "/d/removed"), OK);
        volume_lock(volume);
        file_close(removed);
        assert_false(list_is_empty(&volume->unfinished));
        if (turn == 0) {
            stub_task_start(0, write_all_back, &status);
        } else { /* as many pages are dirty as may be */
            stub_task_start(0, make_room, other);
        }
        assert_true(stub_task_is_blocked(0)); /* for the other file */
        volume_unlock(volume);
        assert_true(list_is_empty(&volume->unfinished));
        task_wake_all(&volume->lock_queue);
        stub_tasks_run_woken();
        assert_true(stub_task_has_ended(0));
        file_close(other);
    }
    assert_int_equal(status, OK);
    end();
}

static void write_everything(void *context)
{
    *(int *)context = vfs_sync();
}

/* A volume is not unmounted while somebody waits for its lock, be it that he holds no node. */
static void test_a_volume_that_is_waited_for_stays(void **state)
{
    int status = -EBUSY;

    (void)state;
    prepare("-F 16 -s 1 -R 128", 4096);
    struct volume *volume = vfs_volume(VFS_DRIVE_START);

    volume_lock(volume);
    stub_task_start(0, write_everything, &status);
    assert_true(stub_task_is_blocked(0));
    volume_unlock(volume); /* it has its turn later */
    assert_int_equal(vfs_unmount(VFS_DRIVE_START), -EINUSE);
    task_wake_all(&volume->lock_queue);
    stub_tasks_run_woken();
    assert_true(stub_task_has_ended(0));
    assert_int_equal(status, OK);
    end();
}

/* ---------------------------------------------------------------- a position that two share */

static struct file *cut_file, *moved_file;

/* While one reads, the file becomes shorter, or the position is moved. */
static int cut_meanwhile(struct user_pointer destination, const void *source, size_t length)
{
    if (cut_file) {
        assert_int_equal(node_resize(cut_file->node, 100), OK);
    }
    if (moved_file) {
        assert_int_equal(file_seek(moved_file, 7), OK);
    }
    (void)destination;
    (void)source;
    (void)length;
    return OK;
}

static int fail_meanwhile(struct user_pointer destination, const void *source, size_t length)
{
    (void)cut_meanwhile(destination, source, length);
    return -EIO;
}

/* Where a position is after a read during which something happened. */
static void test_position_after_a_read(void **state)
{
    static const struct {
        stub_user_copy_t copy;
        bool is_cut, is_moved;
        int status;
        uint64_t position;
    } cases[] = {
        {cut_meanwhile, false, false, 3 * PAGE_SIZE_BYTES, 3 * PAGE_SIZE_BYTES},
        {cut_meanwhile, true, false, PAGE_SIZE_BYTES, PAGE_SIZE_BYTES},
        {cut_meanwhile, true, true, PAGE_SIZE_BYTES, 7},
        {fail_meanwhile, false, false, -EIO, 0},
        {fail_meanwhile, false, true, -EIO, 7},
    };

    (void)state;
    prepare("-F 16 -s 1 -R 128", 4096);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct file *file = open_new("/d/read");

        assert_int_equal(node_resize(file->node, 3 * PAGE_SIZE_BYTES), OK);
        cut_file = cases[i].is_cut ? file : NULL;
        moved_file = cases[i].is_moved ? file : NULL;
        stub_user_copy = cases[i].copy;
        int status = file_read_to(file, io_buffer_of_user((struct user_pointer){PAGE_SIZE_BYTES}),
                                  3 * PAGE_SIZE_BYTES);

        stub_user_copy = NULL;
        assert_int_equal(status, cases[i].status);
        assert_int_equal(file_position(file), cases[i].position);
        file_close(file);
    }
    end();
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_of_memory),
        cmocka_unit_test(test_model_of_fat),
        cmocka_unit_test(test_every_allocation_above_memory),
        cmocka_unit_test(test_every_allocation_above_fat),
        cmocka_unit_test(test_every_read),
        cmocka_unit_test(test_every_write),
        cmocka_unit_test(test_many_zeros),
        cmocka_unit_test(test_many_zeros_are_interrupted),
        cmocka_unit_test(test_lost_writes_are_told),
        cmocka_unit_test(test_lost_pages_show_nothing_old),
        cmocka_unit_test(test_a_removed_file_waits_for_its_end),
        cmocka_unit_test(test_a_volume_that_is_waited_for_stays),
        cmocka_unit_test(test_position_after_a_read),
    };

    if (count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    stub_pmm_set_pages(STUB_FRAMES, STUB_FRAMES);
    page_cache_initialise();
    node_cache_initialise();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
