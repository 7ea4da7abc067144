/*
 * fillram.c - fills /tmp: with one file, with files of one page, with names that have no contents,
 * with folders one in the other. There is an end each time; all of it is given back, and others get
 * memory meanwhile. Then all are asked to be written to the disk, and the folders to be put below
 * themselves.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

#define NAMES_MAX  100000
#define MEGABYTE   0x100000
#define DEPTH_STEP 100

static uint8_t bytes[65536];
static uint64_t free_before;

static uint64_t free_bytes(void)
{
    static struct volume_details details;

    return syscall_volumes(1, &details) < 0 ? 0 : details.free_bytes;
}

static int is_full(intptr_t result)
{
    return result == -ENOSPACE || result == -ENOMEM;
}

/* One file takes all; behind its holes nothing is taken. */
static int fill_one(void)
{
    int file = (int)syscall_open_file("/tmp/one", OPEN_READ | OPEN_WRITE | OPEN_CREATE);
    struct file_transfer far = {.position = MEGABYTE, .buffer = ADDRESS(bytes), .length = 1};
    intptr_t result;
    uint64_t none = 0;

    if (file < 0 || syscall_write_at(file, &far) != 1) {
        return STATUS_SUCCEEDED;
    }
    do {
        result = syscall_write_file(file, bytes, sizeof(bytes));
    } while (result > 0);
    int pid = start("recurse.elf", NULL); /* a program runs all the same */

    /* It is as long as the drive, or has all that is left of it. */
    if ((!is_full(result) && result != -EFILESIZE) || pid < 0 || status_of(pid) <= 0 ||
        syscall_resize_file(file, &none) < 0) {
        printf("one file: %ld, pid %d\n", (long)result, pid);
        return STATUS_SUCCEEDED;
    }
    file_close(file);
    return syscall_remove("/tmp/one", REMOVE_FILE) < 0 || free_bytes() != free_before;
}

static char *name_of(unsigned number)
{
    static char name[64];

    snprintf(name, sizeof(name), "/tmp/a name that is as long as most are %u", number);
    return name;
}

/* As many files as there can be, with that many bytes in each. */
static int fill_names(size_t length)
{
    const int64_t times[2] = {INT64_MIN, INT64_MAX};
    unsigned count = 0;
    intptr_t result = 0;

    while (!is_full(result) && count < NAMES_MAX) {
        result = syscall_open_file(name_of(count), OPEN_WRITE | OPEN_CREATE);
        if (result >= 0) {
            int file = (int)result;

            count++;
            result = length > 0 ? syscall_write_file(file, bytes, length) : 0;
            file_close(file);
            syscall_set_times(name_of(count - 1), times, -1);
        }
    }
    if (!is_full(result) || syscall_sync_file(-1) < 0) {
        printf("%u names: %ld\n", count, (long)result);
        return STATUS_SUCCEEDED;
    }
    while (count > 0) {
        count--;
        if (syscall_remove(name_of(count), REMOVE_FILE) < 0) {
            return STATUS_SUCCEEDED;
        }
    }
    return free_bytes() != free_before;
}

/* Folders, each in the one before. */
static int fill_deep(void)
{
    static char path[1024];
    unsigned depth = 0;
    intptr_t result;

    if (syscall_make_directory("/tmp/d") < 0 || syscall_change_folder("/tmp/d") < 0) {
        return STATUS_SUCCEEDED;
    }
    while ((result = syscall_make_directory("d")) == 0 && syscall_change_folder("d") == 0) {
        depth++;
        if (depth % DEPTH_STEP == 0 && syscall_rename("/tmp/d", "d") != -EINVARG) {
            printf("below itself at %u\n", depth);
            return STATUS_SUCCEEDED;
        }
    }
    if (!is_full(result) || syscall_get_folder(path, sizeof(path)) != -EBADPATH) {
        printf("%u folders: %ld\n", depth, (long)result);
        return STATUS_SUCCEEDED;
    }
    while (depth-- > 0) {
        if (syscall_change_folder("..") < 0 || syscall_remove("d", REMOVE_DIRECTORY) < 0) {
            printf("folder %u is not removed\n", depth);
            return STATUS_SUCCEEDED;
        }
    }
    return syscall_change_folder("0:/") < 0 || syscall_remove("/tmp/d", REMOVE_DIRECTORY) < 0 ||
           free_bytes() != free_before;
}

int main(void)
{
    free_before = free_bytes();
    return fill_one() || fill_names(1) || fill_names(0) || fill_deep() ? STATUS_SUCCEEDED : 0;
}
