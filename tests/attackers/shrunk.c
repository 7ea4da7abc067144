/*
 * shrunk.c - a file is mapped shared, and becomes shorter under those who write to it: they end by
 * a page fault, and see their own file, and nothing of another, until then. Then it is removed
 * while it is mapped: that is all the same to them. Positions and sizes that no file can have. On
 * the disk and in memory.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

#define PAGES  40
#define BYTES  (PAGES * PAGE_BYTES)
#define RW     (MAPPING_READ | MAPPING_WRITE)
#define ROUNDS 20

static int failures;

static void expect(const char *what, intptr_t result, intptr_t wanted)
{
    if (result != wanted) {
        printf("%s: %ld, not %ld\n", what, (long)result, (long)wanted);
        failures++;
    }
}

static uintptr_t map_file(int file)
{
    struct memory_mapping mapping = {
        .length = BYTES, .rights = RW, .flags = MAPPING_SHARED, .descriptor = file};

    return (uintptr_t)syscall_map(&mapping);
}

/* Writes to all pages, until there is none. */
static void write_for_ever(uintptr_t address)
{
    for (uint8_t round = 1;; round++) {
        for (size_t offset = 0; offset < BYTES; offset += 512) {
            *at(address + offset) = round;
        }
    }
}

static void shrink(const char *path)
{
    uint64_t size = BYTES;
    int file = (int)syscall_open_file(path, OPEN_READ | OPEN_WRITE | OPEN_CREATE);

    expect("it grows", syscall_resize_file(file, &size), 0);
    uintptr_t address = map_file(file);
    intptr_t pid = syscall_fork();

    if (pid == 0) {
        write_for_ever(address);
    }
    process_sleep(20);
    for (size = BYTES - 1; size > BYTES / 2; size -= 700) {
        expect("it shrinks", syscall_resize_file(file, &size), 0);
    }
    expect("the writer", status_of((int)pid), STATUS_PAGE_FAULT);
    size = BYTES;
    expect("it grows again", syscall_resize_file(file, &size), 0);
    for (size_t offset = BYTES / 2 + PAGE_BYTES; offset < BYTES; offset++) {
        if (*at(address + offset) != 0) {
            expect("a new byte", *at(address + offset), 0);
            break;
        }
    }
    expect("it goes", syscall_remove(path, REMOVE_FILE), 0);
    *at(address + BYTES - 1) = 0x55;
    file_close(file);
    expect("what was written to it", *at(address + BYTES - 1), 0x55);
    expect("its name", syscall_open_file(path, OPEN_READ), -ENOENT);
    expect("its end", syscall_unmap(address, BYTES), 0);
}

static void far(const char *path)
{
    static const int64_t positions[] = {1LL << 32, (1LL << 32) - 1, 1LL << 40, INT64_MAX,
                                        INT64_MAX - 1};
    static const int64_t times[][2] = {{INT64_MIN, INT64_MIN}, {INT64_MAX, INT64_MAX}, {-1, -1}};
    int file = (int)syscall_open_file(path, OPEN_READ | OPEN_WRITE | OPEN_CREATE);
    uint8_t byte = 1;

    for (size_t i = 0; i < COUNT_OF(positions); i++) {
        int64_t position = positions[i];
        uint64_t size = (uint64_t)position;
        struct file_transfer transfer = {
            .position = (uint64_t)position, .buffer = ADDRESS(&byte), .length = 1};

        expect("seek", syscall_seek_file(file, &position, FILE_SEEK_SET), 0);
        expect("read there", syscall_read_at(file, &transfer), 0);
        expect("write there", syscall_is_error(syscall_write_file(file, &byte, 1)), 1);
        expect("write there", syscall_is_error(syscall_write_at(file, &transfer)), 1);
        expect("be so large", syscall_is_error(syscall_resize_file(file, &size)), 1);
        position = INT64_MIN;
        expect("seek back", syscall_seek_file(file, &position, FILE_SEEK_CUR), -EINVARG);
    }
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct file_details details;

        expect("times", syscall_set_times(path, times[i], -1), 0);
        expect("sync", syscall_sync_file(file), 0);
        expect("stat", syscall_stat_file(file, NULL, &details), 0);
        expect("its size", (intptr_t)details.size, 0);
    }
    file_close(file);
    expect("it goes", syscall_remove(path, REMOVE_FILE), 0);
}

int main(void)
{
    static const char *const paths[] = {"0:/shrunk.bin", "/tmp/shrunk.bin"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        for (int round = 0; round < ROUNDS; round++) {
            shrink(paths[i]);
        }
        far(paths[i]);
    }
    expect("sync", syscall_sync_file(-1), 0);
    return failures ? STATUS_SUCCEEDED : 0;
}
