/*
 * wildfile.c - each command from 50 to 71 with arguments that are not the program's: pointers into
 * the kernel, round the end of all addresses, to what is not mapped, half mapped or only readable;
 * descriptors of every kind and of none. An error, or what the call promises; and init's commands
 * are init's.
 * Verdict: status 0
 */
#include <stdio.h>

#include "attack.h"

#define RW (MAPPING_READ | MAPPING_WRITE)

static uintptr_t addresses[24];
static size_t address_count;

static void add(uintptr_t address)
{
    addresses[address_count++] = address;
}

/* What nobody may write to; the last ones can be read. */
static size_t collect(void)
{
    uintptr_t pages = map_memory(2 * PAGE_BYTES, RW, MAPPING_PRIVATE);
    uintptr_t readable = map_memory(PAGE_BYTES, MAPPING_READ, MAPPING_PRIVATE);

    syscall_unmap(pages + PAGE_BYTES, PAGE_BYTES);
    memset((void *)pages, 'x', PAGE_BYTES);
    add(1);
    add(0x1000);
    add(0x100000);
    add(0x800000);
    add((uintptr_t)0xC0000000);
    add((uintptr_t)0xFFFFF000);
    add((uintptr_t)0 - 1);
    add((uintptr_t)0 - 8);
    add((uintptr_t)0 - PAGE_BYTES);
    add(UINTPTR_MAX / 2);
    add(UINTPTR_MAX / 2 + 1);
    add(UINTPTR_MAX / 2 - 3);
    add(pages + PAGE_BYTES);
    add(pages + PAGE_BYTES - 1); /* half mapped */
    size_t unreadable = address_count;
    add(readable);
    add(ADDRESS(syscall_unmap) & ~(uintptr_t)7);
    return unreadable;
}

static int descriptors[16];
static size_t descriptor_count;

static void open_all(void)
{
    int ends[2] = {-1, -1};

    syscall_pipe(ends);
    const int all[] = {
        -1,
        -2,
        32,
        31,
        INT32_MAX,
        INT32_MIN,
        FILE_OUTPUT,
        ends[0],
        ends[1],
        (int)syscall_open_file("0:/", OPEN_READ),
        (int)syscall_open_file("/dev/zero", OPEN_READ | OPEN_WRITE),
        (int)syscall_open_file("0:/init.elf", OPEN_READ),
        (int)syscall_open_file("/tmp/wild", OPEN_READ | OPEN_WRITE | OPEN_CREATE),
        (int)syscall_open_file("0:/wild", OPEN_READ | OPEN_WRITE | OPEN_CREATE),
    };

    memcpy(descriptors, all, sizeof(all));
    descriptor_count = COUNT_OF(all);
}

static int failures;

/* The call may not succeed. */
static void refused(const char *what, uintptr_t address, intptr_t result)
{
    if (!syscall_is_error(result)) {
        printf("%s %#lx: %ld\n", what, (unsigned long)address, (long)result);
        failures++;
    }
}

/* Paths, lists and numbers that cannot be read. */
static void pass_unreadable(uintptr_t address)
{
    char *const none[] = {NULL};
    struct spawn_request request = {.path = (const char *)address, .arguments = none};

    refused("open", address, syscall_open_file((const char *)address, OPEN_READ));
    refused("create", address,
            syscall_open_file((const char *)address, OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE));
    refused("rename from", address, syscall_rename((const char *)address, "/tmp/a"));
    refused("rename to", address, syscall_rename("/tmp/wild", (const char *)address));
    refused("remove", address, syscall_remove((const char *)address, REMOVE_FILE));
    refused("make a folder", address, syscall_make_directory((const char *)address));
    refused("change the folder", address, syscall_change_folder((const char *)address));
    refused("read only", address, syscall_set_read_only(-1, (const char *)address, 1));
    refused("times of", address, syscall_set_times((const char *)address, NULL, -1));
    refused("times", address, syscall_set_times("/tmp/wild", (const int64_t *)address, -1));
    refused("spawn", address, syscall_spawn_program((const struct spawn_request *)address));
    refused("spawn from", address, syscall_spawn_program(&request));
    request.path = "recurse.elf";
    request.arguments = (char *const *)address;
    refused("spawn with", address, syscall_spawn_program(&request));
    request.arguments = none;
    request.environment = (char *const *)address;
    refused("spawn in", address, syscall_spawn_program(&request));
    request.environment = none;
    request.beside = (abi_ulong)process_id();
    refused("spawn beside itself", address, syscall_spawn_program(&request));
    for (size_t i = 0; i < descriptor_count; i++) {
        int descriptor = descriptors[i];
        struct file_transfer transfer = {.buffer = address, .length = 4096};

        refused("read at", address,
                syscall_read_at(descriptor, (const struct file_transfer *)address));
        refused("write at", address,
                syscall_write_at(descriptor, (const struct file_transfer *)address));
        refused("write from", address, syscall_write_at(descriptor, &transfer));
        refused("seek", address, syscall_seek_file(descriptor, (int64_t *)address, 0));
        refused("resize", address, syscall_resize_file(descriptor, (const uint64_t *)address));
        refused("write", address, syscall_write_file(descriptor, (const void *)address, 4096));
    }
}

/* What cannot be written to. */
static void pass_unwritable(uintptr_t address)
{
    refused("pipe", address, syscall_pipe((int *)address));
    refused("stat", address, syscall_stat_file(0, "/tmp/wild", (struct file_details *)address));
    refused("the time", address, syscall_time_of_day((int64_t *)address));
    refused("the folder", address, syscall_get_folder((char *)address, 100));
    for (unsigned drive = 0; drive < 12; drive++) {
        refused("drive", address, syscall_volumes(drive, (struct volume_details *)address));
    }
    for (size_t i = 0; i < descriptor_count; i++) {
        int descriptor = descriptors[i];
        struct file_transfer transfer = {.buffer = address, .length = 4096};

        refused("read to", address, syscall_read_at(descriptor, &transfer));
        transfer.position = UINT64_MAX - 100;
        refused("read far", address, syscall_read_at(descriptor, &transfer));
        transfer.length = UINT64_MAX;
        refused("read all", address, syscall_read_at(descriptor, &transfer));
        refused("list", address, syscall_list_directory(descriptor, (void *)address, 4096));
        refused("the path", address, syscall_descriptor_path(descriptor, (char *)address, 100));
        refused("list all", address, syscall_list_directory(descriptor, (void *)address, SIZE_MAX));
        refused("describe", address,
                syscall_stat_file(descriptor, NULL, (struct file_details *)address));
        for (unsigned what = 0; what < 8; what++) {
            if (what != CONTROL_SET_FLAGS && what != CONTROL_SET_MODE) {
                refused("control", address, syscall_control(descriptor, what, (void *)address));
            }
        }
    }
}

/* Numbers without sense. */
static void pass_numbers(void)
{
    static const unsigned numbers[] = {29, 32, 33, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0};
    int64_t position = 0;
    uint32_t flags = UINT32_MAX;

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        refused("remove", numbers[i], syscall_remove("/tmp/wild", numbers[i]));
        refused("drive", numbers[i], syscall_volumes(numbers[i], NULL));
        refused("open", numbers[i], syscall_open_file("/tmp/wild", numbers[i] | 0x10));
        refused("seek", numbers[i], syscall_seek_file(descriptors[12], &position, numbers[i]));
        refused("duplicate", numbers[i], syscall_duplicate(descriptors[12], numbers[i] | 32, 0));
        refused("duplicate", numbers[i], syscall_duplicate((int)numbers[i] | 32, 5, 0));
        refused("control", numbers[i], syscall_control(descriptors[12], numbers[i], &flags));
    }
    for (size_t i = 0; i < descriptor_count; i++) {
        refused("flags", i, syscall_control(descriptors[i], CONTROL_SET_FLAGS, &flags));
    }
    refused("sync", 0, syscall_sync_file(-2));
    refused("sync", 0, syscall_sync_file(31));
    refused("restart", 0, syscall_restart());
}

int main(void)
{
    size_t unreadable = collect();

    open_all();
    for (size_t i = 0; i < address_count; i++) {
        if (i < unreadable) {
            pass_unreadable(addresses[i]);
        }
        pass_unwritable(addresses[i]);
    }
    pass_numbers();
    for (int descriptor = FILE_DESCRIPTOR_FIRST; descriptor < FILE_DESCRIPTORS; descriptor++) {
        file_close(descriptor);
    }
    if (syscall_remove("/tmp/wild", REMOVE_FILE) < 0 ||
        syscall_remove("0:/wild", REMOVE_FILE) < 0 || syscall_sync_file(-1) < 0) {
        failures++;
    }
    return failures ? STATUS_SUCCEEDED : 0;
}
