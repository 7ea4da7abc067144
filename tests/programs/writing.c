/*
 * writing.c - files that are written, most of them on drive 1: created, read back, mapped, made
 * longer and shorter, renamed, removed; and what is not allowed. Run alone, as init.
 *
 * Expect: status 0
 * Says: writing: all is well
 * Files: LICENSE=dir/a.txt tests/programs/files.c=dir/sub/files.c LICENSE
 */
#include <ctype.h>
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_pointers.h"
#include "check.h"

#define RW        (OPEN_READ | OPEN_WRITE)
#define NEW       (RW | OPEN_CREATE)
#define PAGE      4096u
#define BIG_BYTES 100000u

static unsigned char big[BIG_BYTES], back[BIG_BYTES];

/* Not an error. */
static bool is_address(const void *memory)
{
    return (uintptr_t)memory < (uintptr_t)-4096;
}

static int make(const char *path)
{
    return (int)syscall_open_file(path, NEW | OPEN_EXCLUSIVE);
}

static intptr_t write_at(int file, uint64_t position, const void *from, size_t length)
{
    const struct file_transfer transfer = {position, (uintptr_t)from, length};

    return syscall_write_at(file, &transfer);
}

static intptr_t read_at(int file, uint64_t position, void *to, size_t length)
{
    const struct file_transfer transfer = {position, (uintptr_t)to, length};

    return syscall_read_at(file, &transfer);
}

static struct file_details details_of(int file)
{
    struct file_details details;

    CHECK(syscall_stat_file(file, NULL, &details) == 0);
    return details;
}

static int resize(int file, uint64_t size)
{
    return (int)syscall_resize_file(file, &size);
}

static bool is_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void check_contents(void)
{
    int file = make("/tmp/a");
    uint64_t none = 0;

    CHECK(file >= 3);
    CHECK(details_of(file).size == 0 && details_of(file).kind == FILE_IS_PLAIN);
    CHECK(write_at(file, 0, big, BIG_BYTES) == BIG_BYTES);
    CHECK(read_at(file, 0, back, BIG_BYTES) == BIG_BYTES && memcmp(big, back, BIG_BYTES) == 0);
    CHECK(read_at(file, BIG_BYTES - 5, back, 100) == 5);
    CHECK(read_at(file, BIG_BYTES, back, 100) == 0);
    CHECK(read_at(file, UINT64_MAX / 4, back, 100) == 0);
    /* Over the end of a page, in the middle. */
    CHECK(write_at(file, PAGE - 3, "abcdef", 6) == 6);
    CHECK(read_at(file, PAGE - 4, back, 8) == 8 && back[0] == big[PAGE - 4] &&
          memcmp(back + 1, "abcdef", 6) == 0 && back[7] == big[PAGE + 3]);
    /* A hole is zeros. */
    CHECK(write_at(file, 3 * BIG_BYTES, "x", 1) == 1);
    CHECK(details_of(file).size == 3 * BIG_BYTES + 1);
    CHECK(read_at(file, BIG_BYTES, back, BIG_BYTES) == BIG_BYTES && is_zero(back, BIG_BYTES));
    /* Shorter, and longer again: what was there is gone. */
    CHECK(resize(file, 10) == 0 && details_of(file).size == 10);
    CHECK(resize(file, PAGE) == 0);
    CHECK(read_at(file, 0, back, 2 * PAGE) == PAGE && memcmp(back, big, 10) == 0 &&
          is_zero(back + 10, PAGE - 10));
    CHECK(resize(file, UINT64_MAX) == -EINVARG);
    CHECK(resize(file, INT64_MAX) == -EFILESIZE);
    CHECK(write_at(file, INT64_MAX, "x", 1) == -EFILESIZE);
    CHECK(write_at(file, UINT64_MAX, "x", 1) == -EINVARG);
    CHECK(details_of(file).size == PAGE);
    CHECK(syscall_seek_file(file, (int64_t *)&none, FILE_SEEK_END) == 0 && none == PAGE);
    CHECK(syscall_close(file) == 0);
    CHECK(syscall_remove("/tmp/a", REMOVE_FILE) == 0);
    CHECK(syscall_remove("/tmp/a", REMOVE_FILE) == -ENOENT);
}

/* What is written, and what is mapped, is the same, both ways, at once. */
static void check_mapping(void)
{
    int file = make("/tmp/m");
    struct memory_mapping mapping = {.length = 3 * PAGE,
                                     .rights = MAPPING_READ | MAPPING_WRITE,
                                     .flags = MAPPING_SHARED,
                                     .descriptor = file};

    CHECK(resize(file, 2 * PAGE + 7) == 0);
    unsigned char *memory = (unsigned char *)syscall_map(&mapping);
    CHECK(is_address(memory) && is_zero(memory, 3 * PAGE));
    memory[5] = 'm';
    memory[PAGE] = 'n';
    CHECK(read_at(file, 5, back, 1) == 1 && back[0] == 'm');
    CHECK(write_at(file, PAGE, "wri", 3) == 3 && memcmp(memory + PAGE, "wri", 3) == 0);
    CHECK(syscall_sync_mapping((uintptr_t)memory, 3 * PAGE) == 0);
    memory[6] = 'o'; /* after it was written back, too */
    CHECK(read_at(file, 5, back, 2) == 2 && memcmp(back, "mo", 2) == 0);
    /* Shorter: pages behind the end are no longer there; what was there is zero afterwards. */
    memory[100] = 'z';
    CHECK(resize(file, 7) == 0);
    CHECK(write_at(file, 0, memory + PAGE, 1) == -EINVARG);
    CHECK(resize(file, 3 * PAGE) == 0);
    CHECK(memory[5] == 'm' && memory[6] == 'o' && is_zero(memory + 7, 3 * PAGE - 7));
    CHECK(syscall_unmap((uintptr_t)memory, 3 * PAGE) == 0);
    CHECK(syscall_close(file) == 0);

    /* Not open for writing: not even later. */
    file = (int)syscall_open_file("/tmp/m", OPEN_READ);
    mapping.descriptor = file;
    CHECK(syscall_map(&mapping) == -ERDONLY);
    mapping.rights = MAPPING_READ;
    memory = (unsigned char *)syscall_map(&mapping);
    CHECK(is_address(memory) && memory[5] == 'm');
    CHECK(syscall_protect((uintptr_t)memory, PAGE, MAPPING_READ | MAPPING_WRITE) == -ERDONLY);
    CHECK(write_at(file, 0, "x", 1) == -EMODE && resize(file, 1) == -EMODE);
    CHECK(syscall_unmap((uintptr_t)memory, 3 * PAGE) == 0);
    CHECK(syscall_close(file) == 0);

    /* Open for writing alone: nobody reads it so. */
    file = (int)syscall_open_file("/tmp/m", OPEN_WRITE);
    mapping.descriptor = file;
    CHECK(syscall_map(&mapping) == -EMODE);
    mapping.rights = MAPPING_READ | MAPPING_WRITE;
    CHECK(syscall_map(&mapping) == -EMODE);
    CHECK(syscall_close(file) == 0);
    CHECK(syscall_remove("/tmp/m", REMOVE_FILE) == 0);
}

/* What is written to a mapping is a change of the file: at the first write, and at the first one
 * after it was brought to the disk. */
static void check_time_of_mapping(void)
{
    static const int64_t old[2] = {1000000000, 1000000000};
    int file = make("/mapped.bin");
    struct memory_mapping mapping = {.length = PAGE,
                                     .rights = MAPPING_READ | MAPPING_WRITE,
                                     .flags = MAPPING_SHARED,
                                     .descriptor = file};

    CHECK(resize(file, PAGE) == 0 && syscall_sync_file(file) == 0);
    volatile unsigned char *memory = (unsigned char *)syscall_map(&mapping);
    CHECK(is_address((void *)memory));
    for (int i = 0; i < 3; i++) {
        CHECK(syscall_set_times("/mapped.bin", old, -1) == 0);
        CHECK(memory[i] == 0 && details_of(file).modified == old[0]);
        memory[i] = 'm';
        CHECK(details_of(file).modified > old[0]);
        CHECK(syscall_sync_mapping((uintptr_t)memory, PAGE) == 0);
    }
    CHECK(read_at(file, 0, back, 4) == 4 && memcmp(back, "mmm", 4) == 0);
    CHECK(syscall_unmap((uintptr_t)memory, PAGE) == 0 && syscall_close(file) == 0);
    CHECK(syscall_remove("/mapped.bin", REMOVE_FILE) == 0);
}

/* A file without a name lives as long as it is open. */
static void check_removed(void)
{
    int file = make("/tmp/gone");
    struct volume_details before, after;

    CHECK(syscall_volumes(1, &before) == 0);
    CHECK(write_at(file, 0, big, BIG_BYTES) == BIG_BYTES);
    CHECK(syscall_remove("/tmp/gone", REMOVE_FILE) == 0 && details_of(file).links == 0);
    CHECK(syscall_open_file("/tmp/gone", OPEN_READ) == -ENOENT);
    CHECK(read_at(file, 1, back, 100) == 100 && memcmp(back, big + 1, 100) == 0);
    CHECK(write_at(file, BIG_BYTES, "more", 4) == 4);
    /* Somebody else gets the name meanwhile. */
    int other = make("/tmp/gone");
    CHECK(details_of(other).number != details_of(file).number && details_of(other).size == 0);
    CHECK(syscall_close(other) == 0 && syscall_close(file) == 0);
    CHECK(syscall_remove("/tmp/gone", REMOVE_FILE) == 0);
    CHECK(syscall_volumes(1, &after) == 0 && after.free_bytes >= before.free_bytes);
}

static bool is_there(const char *path)
{
    struct file_details details;

    return syscall_stat_file(-1, path, &details) == 0;
}

static void check_names(void)
{
    static char name[300];

    CHECK(syscall_make_directory("/tmp/d") == 0);
    CHECK(syscall_make_directory("/tmp/d") == -EEXISTS);
    CHECK(syscall_make_directory("/tmp/d/e/") == 0);
    CHECK(syscall_make_directory("/tmp/x/y") == -ENOENT);
    CHECK(make("/tmp/d") == -EEXISTS);
    CHECK(syscall_open_file("/tmp/d", RW) == -EISDIR);
    CHECK(syscall_open_file("/tmp/new/", NEW) == -EISDIR);
    CHECK(syscall_close(make("/tmp/d/f")) == 0);
    CHECK(make("/tmp/d/f/g") == -ENOTDIR);
    CHECK(syscall_remove("/tmp/d", REMOVE_DIRECTORY) == -ENOTEMPTY);
    CHECK(syscall_remove("/tmp/d", REMOVE_FILE) == -EISDIR);
    CHECK(syscall_remove("/tmp/d/f", REMOVE_DIRECTORY) == -ENOTDIR);
    CHECK(syscall_remove("/tmp", REMOVE_DIRECTORY) < 0);
    CHECK(syscall_remove("/tmp/d/.", REMOVE_DIRECTORY) == -EINUSE);
    CHECK(syscall_remove("/tmp/d/f", 2) == -EINVARG);
    /* Renaming: over a file, into another folder, of folders. */
    CHECK(syscall_close(make("/tmp/h")) == 0);
    CHECK(syscall_rename("/tmp/h", "/tmp/d/f") == 0 && !is_there("/tmp/h") && is_there("/tmp/d/f"));
    CHECK(syscall_rename("/tmp/d/f", "/tmp/d/f") == 0 && is_there("/tmp/d/f"));
    CHECK(syscall_rename("/tmp/d/f", "/tmp/d/e") == -EISDIR);
    CHECK(syscall_rename("/tmp/d/e", "/tmp/d/f") == -ENOTDIR);
    CHECK(syscall_rename("/tmp/d", "/tmp/d/e/d") == -EINVARG);
    CHECK(syscall_rename("/tmp/d/e", "/tmp/d") == -ENOTEMPTY);
    CHECK(syscall_rename("/tmp/d/f", "/f") == -EOTHERDRIVE);
    CHECK(syscall_rename("/tmp/nobody", "/tmp/h") == -ENOENT);
    CHECK(syscall_make_directory("/tmp/k") == 0);
    CHECK(syscall_rename("/tmp/d/e", "/tmp/k") == 0 && !is_there("/tmp/d/e"));
    CHECK(syscall_rename("/tmp/d", "/tmp/k/d") == 0 && is_there("/tmp/k/d/f"));
    CHECK(is_there("/tmp/k/d/../d/./f") && !is_there("/tmp/k/d/../../d/f"));
    /* Long names, to the limit. */
    strcpy(name, "/tmp/");
    memset(name + 5, 'n', NAME_UNITS_MAX);
    CHECK(syscall_close(make(name)) == 0 && is_there(name));
    CHECK(syscall_remove(name, REMOVE_FILE) == 0);
    name[5 + NAME_UNITS_MAX] = 'n';
    CHECK(make(name) == -EBADPATH);
    CHECK(make("/tmp/a\nb") == -EBADPATH);
    /* A drive whose names stay. */
    CHECK(syscall_make_directory("/dev/newdir") == -ERDONLY);
    CHECK(make("/dev/newfile") == -ENODEVICE);
    CHECK(syscall_rename("/dev/console", "/dev/other") == -ERDONLY);
}

/* A buffer that is not the program's is an error, at the end of a file, too. */
static void check_bad_buffers(void)
{
    const struct file_transfer at_start = {0, 0, 4}, at_end = {8, 0, 4};
    char byte;
    int file = make("/tmp/buffers");

    CHECK(syscall_write_file(file, "12345678", 8) == 8);
    CHECK(syscall_read_at(file, &at_start) == -EINVARG);
    CHECK(syscall_read_at(file, &at_end) == -EINVARG);
    CHECK(syscall_read(file, NULL, 4) == -EINVARG);
    CHECK(syscall_read(file, NULL, 0) == 0 && syscall_read(file, &byte, 1) == 0);
    CHECK(syscall_close(file) == 0 && syscall_remove("/tmp/buffers", REMOVE_FILE) == 0);
}

/* A call that cannot say its result has not moved the file's position. */
static void check_no_place_for_a_result(void)
{
    static const int64_t step = 5; /* nobody can write there */
    struct directory_entry first, again;
    int file = make("/tmp/place"), folder = (int)syscall_open_file("/", OPEN_READ);
    struct memory_mapping mapping = {.length = PAGE,
                                     .rights = MAPPING_READ | MAPPING_WRITE,
                                     .flags = MAPPING_SHARED,
                                     .descriptor = file};

    CHECK(resize(file, PAGE) == 0);
    CHECK(syscall_seek(file, 10, FILE_SEEK_SET) == 10);
    CHECK(syscall_seek_file(file, (int64_t *)(uintptr_t)&step, FILE_SEEK_CUR) == -EINVARG);
    CHECK(syscall_seek(file, 0, FILE_SEEK_CUR) == 10);

    void *memory = (void *)syscall_map(&mapping);
    CHECK(is_address(memory) && resize(file, 0) == 0); /* it is mapped, and has no page */
    CHECK(syscall_read_directory(folder, &first) == 1 && syscall_close(folder) == 0);
    folder = (int)syscall_open_file("/", OPEN_READ);
    CHECK(syscall_read_directory(folder, memory) == -EINVARG);
    CHECK(syscall_read_directory(folder, &again) == 1 && strcmp(first.name, again.name) == 0);
    CHECK(syscall_unmap((uintptr_t)memory, PAGE) == 0);
    CHECK(syscall_close(folder) == 0 && syscall_close(file) == 0);
    CHECK(syscall_remove("/tmp/place", REMOVE_FILE) == 0);
}

/* Reads all of the folder, in pieces of `size` bytes. Returns how many entries have come. */
static unsigned list(const char *path, size_t size, unsigned *folders)
{
    static uint64_t buffer[64];
    int folder = (int)syscall_open_file(path, OPEN_READ | OPEN_DIRECTORY);
    unsigned count = 0;
    intptr_t bytes;

    *folders = 0;
    while ((bytes = syscall_list_directory(folder, buffer, size)) > 0) {
        for (intptr_t at = 0; at < bytes;) {
            const struct directory_record *record = (void *)((char *)buffer + at);

            CHECK(record->bytes % 8 == 0 && at + record->bytes <= bytes);
            CHECK(strlen(record->name) + DIRECTORY_RECORD_NAME < record->bytes);
            *folders += record->kind == FILE_IS_DIRECTORY;
            at += record->bytes;
            count++;
        }
    }
    CHECK(bytes == 0);
    CHECK(syscall_close(folder) == 0);
    return count;
}

static void check_lists(void)
{
    char name[40];
    unsigned folders;

    CHECK(syscall_make_directory("/tmp/many") == 0);
    CHECK(syscall_make_directory("/tmp/many/folder") == 0);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "/tmp/many/file %d", i);
        CHECK(syscall_close(make(name)) == 0);
    }
    CHECK(list("/tmp/many", 512, &folders) == 301 && folders == 1);
    CHECK(list("/tmp/many", 56, &folders) == 301 && folders == 1);
    for (int i = 0; i < 300; i += 2) {
        snprintf(name, sizeof(name), "/tmp/many/file %d", i);
        CHECK(syscall_remove(name, REMOVE_FILE) == 0);
    }
    CHECK(list("/tmp/many", 512, &folders) == 151);
    int folder = (int)syscall_open_file("/tmp/many", OPEN_READ);
    CHECK(syscall_list_directory(folder, name, 8) == -EINVARG);
    CHECK(syscall_list_directory(folder, NULL, 512) == -EINVARG);
    CHECK(syscall_list_directory(99, name, 8) == -EINVARG);
    CHECK(syscall_close(folder) == 0);
    CHECK(list("/dir", 512, &folders) > 0);
}

static const char *here(void)
{
    static char path[1024];

    if (syscall_get_folder(path, sizeof(path)) < 0) {
        return "(error)";
    }
    for (char *c = path; *c; c++) { /* a short name may be listed in capitals */
        *c = (char)tolower(*c);
    }
    return path;
}

static void check_folder(void)
{
    char small[4];

    CHECK(strcmp(here(), "/") == 0);
    CHECK(syscall_change_folder("dir/sub") == 0 && strcmp(here(), "/dir/sub") == 0);
    CHECK(is_there("files.c") && is_there("../a.txt") && is_there("/license"));
    CHECK(!is_there("license"));
    CHECK(syscall_get_folder(small, sizeof(small)) == -EBADPATH);
    CHECK(syscall_get_folder(small, 0) == -EBADPATH);
    CHECK(syscall_change_folder("files.c") == -ENOTDIR);
    CHECK(syscall_change_folder("nobody") == -ENOENT && strcmp(here(), "/dir/sub") == 0);
    CHECK(syscall_change_folder("1:/many/folder") == 0);
    CHECK(strcmp(here(), "/tmp/many/folder") == 0);
    CHECK(syscall_change_folder("../..") == 0 && strcmp(here(), "/tmp") == 0);
    CHECK(syscall_change_folder("..") == 0 && strcmp(here(), "/") == 0);
    CHECK(syscall_change_folder("tmp/k") == 0 && strcmp(here(), "/tmp/k") == 0);
    /* The folder one works in is renamed, and removed. */
    CHECK(syscall_rename("/tmp/k", "/tmp/kk") == 0 && strcmp(here(), "/tmp/kk") == 0);
    CHECK(syscall_make_directory("/tmp/away") == 0 && syscall_change_folder("/tmp/away") == 0);
    CHECK(syscall_remove("/tmp/away", REMOVE_DIRECTORY) == 0);
    CHECK(make("file") == -ENOENT && syscall_make_directory("d") == -ENOENT);
    CHECK(strcmp(here(), "(error)") == 0);
    CHECK(syscall_change_folder("/") == 0);
}

static void check_devices(void)
{
    unsigned folders;
    int file = (int)syscall_open_file("/dev/console", RW);

    CHECK(file > 0 && syscall_close(file) == 0);
    CHECK(syscall_open("/dev/nothing") == -ENOENT && make("/dev/new") == -ENODEVICE);
    CHECK(syscall_remove("/dev/console", REMOVE_FILE) == -ERDONLY);
    CHECK(list("/dev", 512, &folders) >= 1 && folders == 0);
    CHECK(syscall_change_folder("/dev") == 0 && strcmp(here(), "/dev") == 0);
    CHECK(is_there("console") && is_there("../license") && syscall_change_folder("/") == 0);
}

static bool is_marked(const char *path)
{
    struct file_details details;

    return syscall_stat_file(-1, path, &details) == 0 && details.flags & FILE_IS_READ_ONLY;
}

/* The same in the list of its folder. */
static bool is_listed_as_marked(const char *path)
{
    static uint64_t buffer[512];
    char folder_path[32];
    const char *name = strrchr(path, '/') + 1;
    bool is_found = false;

    string_copy(folder_path, path, (size_t)(name - path));
    int folder = (int)syscall_open_file(folder_path, OPEN_READ);
    intptr_t bytes;

    while ((bytes = syscall_list_directory(folder, buffer, sizeof(buffer))) > 0) {
        const struct directory_record *record = (const void *)buffer;

        for (const char *end = (const char *)record + bytes; (const char *)record < end;
             record = (const void *)((const char *)record + record->bytes)) {
            is_found |= strcmp(record->name, name) == 0 && record->flags & FILE_IS_READ_ONLY;
        }
    }
    CHECK(bytes == 0 && syscall_close(folder) == 0);
    return is_found;
}

/* In memory and on a disk: what is marked cannot be written, removed or renamed. */
static void check_read_only_at(const char *path, const char *other)
{
    int file = make(path);

    CHECK(write_at(file, 0, "0123456789", 10) == 10);
    CHECK(syscall_set_read_only(file, NULL, 1) == 0 && is_marked(path));
    CHECK(is_listed_as_marked(path));
    CHECK(write_at(file, 10, "abc", 3) == 3); /* who has it open already goes on */
    CHECK(syscall_open_file(path, RW) == -ERDONLY);
    CHECK(syscall_remove(path, REMOVE_FILE) == -ERDONLY);
    CHECK(syscall_rename(path, other) == -ERDONLY);
    CHECK(syscall_set_read_only(-1, path, 1) == 0 && is_marked(path));
    CHECK(syscall_sync_file(-1) == 0);
    CHECK(syscall_set_read_only(-1, path, 0) == 0 && !is_marked(path));
    CHECK(!is_listed_as_marked(path));
    CHECK(syscall_close(file) == 0 && syscall_rename(path, other) == 0);
    CHECK(syscall_set_read_only(-1, path, 1) == -ENOENT);
    CHECK(syscall_remove(other, REMOVE_FILE) == 0);
}

static void check_read_only(void)
{
    int ends[2];

    check_read_only_at("/tmp/marked", "/tmp/other");
    check_read_only_at("/dir/marked", "/dir/other");
    CHECK(syscall_set_read_only(-1, "/dir", 1) == 0 && !is_marked("/dir"));
    CHECK(syscall_set_read_only(-1, "/dev/null", 1) == -ERDONLY);
    CHECK(syscall_set_read_only(-1, "/dir/nobody", 1) == -ENOENT);
    CHECK(syscall_set_read_only(77, NULL, 1) == -EINVARG);
    CHECK(syscall_pipe(ends) == 0 && syscall_set_read_only(ends[0], NULL, 1) == -EINVARG);
    CHECK(syscall_close(ends[0]) == 0 && syscall_close(ends[1]) == 0);
}

static bool is_path_of(int folder, const char *wanted)
{
    char path[1024];

    return syscall_descriptor_path(folder, path, sizeof(path)) == 0 && strcmp(path, wanted) == 0;
}

static void check_descriptor_path(void)
{
    char small[4];
    int root = (int)syscall_open_file("/tmp", OPEN_READ), file = make("/tmp/one");
    CHECK(syscall_make_directory("/tmp/folder") == 0);
    int folder = (int)syscall_open_file("/tmp/folder", OPEN_READ);

    CHECK(is_path_of(root, "/tmp") && is_path_of(folder, "/tmp/folder"));
    CHECK(syscall_descriptor_path(folder, small, sizeof(small)) == -EBADPATH);
    CHECK(syscall_rename("/tmp/folder", "/tmp/two") == 0 && is_path_of(folder, "/tmp/two"));
    CHECK(syscall_remove("/tmp/two", REMOVE_DIRECTORY) == 0);
    CHECK(syscall_descriptor_path(folder, small, sizeof(small)) == -ENOENT);
    CHECK(syscall_descriptor_path(file, small, sizeof(small)) == -ENOTDIR);
    CHECK(syscall_descriptor_path(0, small, sizeof(small)) == -ENOTDIR);
    CHECK(syscall_descriptor_path(77, small, sizeof(small)) == -EINVARG);
    CHECK(syscall_close(file) == 0 && syscall_close(folder) == 0 && syscall_close(root) == 0);
    CHECK(syscall_remove("/tmp/one", REMOVE_FILE) == 0);
}

static void check_open_flags(void)
{
    int64_t times[2] = {1000000000, 1100000000};
    struct file_details details;
    int file = make("/tmp/f"), more;

    CHECK(write_at(file, 0, "0123456789", 10) == 10);
    more = (int)syscall_open_file("/tmp/f", OPEN_READ | OPEN_CREATE);
    CHECK(more > 0 && details_of(more).size == 10 && syscall_close(more) == 0);
    CHECK(syscall_open_file("/tmp/f", OPEN_READ | OPEN_DIRECTORY) == -ENOTDIR);
    CHECK(syscall_open_file("/tmp/f", 0) == -EINVARG);
    CHECK(syscall_open_file("/tmp/f", OPEN_READ | OPEN_TRUNCATE) == -EINVARG);
    CHECK(syscall_open_file("/tmp/f", OPEN_READ | OPEN_EXCLUSIVE) == -EINVARG);
    CHECK(syscall_open_file("/tmp/f", OPEN_READ | 0x80000000u) == -EINVARG);
    CHECK(syscall_open_file("/tmp", OPEN_READ | OPEN_CREATE | OPEN_EXCLUSIVE) == -EEXISTS);
    CHECK(syscall_set_times("/tmp/f", times, -1) == 0);
    CHECK(syscall_stat_file(-1, "/tmp/f", &details) == 0 && details.modified == times[0] &&
          details.accessed == times[1] && details.created > times[0]);
    times[0]++;
    CHECK(syscall_set_times(NULL, times, file) == 0 && details_of(file).modified == times[0]);
    CHECK(syscall_set_times(NULL, times, 77) == -EINVARG);
    more = (int)syscall_open_file("/tmp/f", RW | OPEN_TRUNCATE);
    CHECK(details_of(file).size == 0 && details_of(more).modified > times[0]);
    CHECK(syscall_sync_file(more) == 0 && syscall_sync_file(-1) == 0);
    CHECK(syscall_sync_file(77) == -EINVARG);
    CHECK(syscall_close(more) == 0 && syscall_close(file) == 0);
}

/* What cannot have a descriptor, or is no folder, is neither made nor cut. */
static void check_nothing_half_done(void)
{
    int file = (int)syscall_open_file("/tmp/f", NEW | OPEN_TRUNCATE);
    int more[FILE_DESCRIPTORS], count = 0;

    CHECK(write_at(file, 0, "0123456789", 10) == 10);
    CHECK(syscall_open_file("/tmp/new", NEW | OPEN_DIRECTORY) == -EINVARG && !is_there("/tmp/new"));
    while ((more[count] = (int)syscall_duplicate(file, 0, FILE_LOWEST)) >= 0) {
        count++;
    }
    CHECK(more[count] == -EBUSY && count > 0);
    CHECK(syscall_open_file("/tmp/new", NEW) == -EBUSY && !is_there("/tmp/new"));
    CHECK(syscall_open_file("/tmp/f", RW | OPEN_TRUNCATE) == -EBUSY);
    CHECK(details_of(file).size == 10);
    CHECK(syscall_close(more[--count]) == 0);
    for (int i = 0; i < FILE_DESCRIPTORS; i++) { /* an error leaves the number free */
        CHECK(syscall_open_file("/tmp/no/new", NEW) == -ENOENT);
    }
    CHECK(syscall_open_file("/tmp/new", NEW) == more[count] && syscall_close(more[count]) == 0);
    while (count-- > 0) {
        CHECK(syscall_close(more[count]) == 0);
    }
    CHECK(resize(file, 0) == 0 && syscall_close(file) == 0);
    CHECK(syscall_remove("/tmp/new", REMOVE_FILE) == 0);
}

static void check_bad_pointers(void)
{
    int file = (int)syscall_open_file("/tmp/f", RW), folder = (int)syscall_open("/tmp");
    uint64_t zero = 0;

    for (unsigned i = 0; i < BAD_POINTERS; i++) {
        const void *bad = (const void *)bad_pointers[i];

        CHECK(syscall_open_file(bad, NEW) == -EINVARG);
        CHECK(write_at(file, 0, bad, 10) == -EINVARG);
        CHECK(syscall_write_at(file, bad) == -EINVARG && syscall_read_at(file, bad) == -EINVARG);
        CHECK(syscall_resize_file(file, bad) == -EINVARG);
        CHECK(syscall_rename(bad, "/tmp/r") == -EINVARG && syscall_rename("/tmp/f", bad) < 0);
        CHECK(syscall_remove(bad, 0) == -EINVARG && syscall_make_directory(bad) == -EINVARG);
        CHECK(syscall_set_times("/tmp/f", bad, -1) == (bad ? -EINVARG : 0));
        CHECK(syscall_set_times(bad, NULL, -1) == -EINVARG);
        CHECK(syscall_change_folder(bad) == -EINVARG);
        CHECK(syscall_set_read_only(77, bad, 1) == -EINVARG);
        CHECK(syscall_descriptor_path(folder, (char *)bad, 100) == -EINVARG);
    }
    CHECK(details_of(file).size == 0);
    CHECK(syscall_resize_file(77, &zero) == -EINVARG);
    CHECK(syscall_close(file) == 0 && syscall_close(folder) == 0);
}

int main(void)
{
    for (unsigned i = 0; i < BIG_BYTES; i++) {
        big[i] = (unsigned char)(i * 7 + i / 256);
    }
    check_contents();
    check_mapping();
    check_time_of_mapping();
    check_removed();
    check_names();
    check_bad_buffers();
    check_no_place_for_a_result();
    check_lists();
    check_folder();
    check_devices();
    check_read_only();
    check_descriptor_path();
    check_open_flags();
    check_nothing_half_done();
    check_bad_pointers();
    if (check_status() == 0) {
        printf("writing: all is well\n");
    }
    return check_status();
}
