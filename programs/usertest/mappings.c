/*
 * mappings.c - map, unmap, protect: memory of one's own, shared with children, and files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "tests.h"

#define RW (MAPPING_READ | MAPPING_WRITE)

/* status.h's */
#define ERROR_INVALID  (-2)
#define ERROR_MEMORY   (-3)
#define ERROR_READONLY (-6)

static intptr_t map_at(uintptr_t address, size_t pages, uint32_t rights, uint32_t flags,
                       int descriptor, uint64_t offset)
{
    struct memory_mapping mapping = {
        .address = address,
        .length = pages * PAGE_BYTES,
        .rights = rights,
        .flags = flags,
        .descriptor = descriptor,
        .offset = offset,
    };

    return syscall_map(&mapping);
}

static bool is_error(intptr_t result)
{
    return result < 0 && result >= -SYSCALL_ERROR_MAX;
}

static char *map_checked(size_t pages, uint32_t rights, uint32_t flags)
{
    intptr_t result = map_at(0, pages, rights, flags, -1, 0);

    CHECK(!is_error(result));
    return (char *)result;
}

static char *map_private(size_t pages)
{
    return map_checked(pages, RW, MAPPING_PRIVATE | MAPPING_ANONYMOUS);
}

/* What a child that does this ends with. */
static int status_of_touch(char *address, bool is_write)
{
    int status = -1;
    int pid = (int)syscall_fork();

    if (pid == 0) {
        volatile char *place = address;
        char was = *place;

        if (is_write) {
            *place = was;
        }
        syscall_exit_status(0);
    }
    CHECK(call_wait(pid, &status) == pid);
    return status;
}

static void map_private_memory(void)
{
    char *first = map_private(10);
    char *second = map_private(1);

    CHECK(ADDRESS(first) % PAGE_BYTES == 0);
    CHECK(first + 10 * PAGE_BYTES <= second || second + PAGE_BYTES <= first);
    for (size_t i = 0; i < 10 * PAGE_BYTES; i += 512) {
        CHECK_EQUAL(first[i], 0);
        first[i] = (char)(i / 512);
    }
    CHECK_EQUAL(second[0], 0);
    CHECK_EQUAL(first[512], 1);
    CHECK_EQUAL(syscall_unmap(ADDRESS(first), 10 * PAGE_BYTES), 0);
    CHECK_EQUAL(status_of_touch(first, false), STATUS_PAGE_FAULT);
    CHECK_EQUAL(syscall_unmap(ADDRESS(second), PAGE_BYTES), 0);
    /* Nothing is there: that is no error. */
    CHECK_EQUAL(syscall_unmap(ADDRESS(second), PAGE_BYTES), 0);
}

/* A hole in the middle, then the pieces one by one. */
static void unmap_splits(void)
{
    char *memory = map_private(5);

    for (int i = 0; i < 5; i++) {
        memory[i * PAGE_BYTES] = (char)(i + 1);
    }
    CHECK_EQUAL(syscall_unmap(ADDRESS(memory) + 2 * PAGE_BYTES, 1), 0);
    CHECK_EQUAL(status_of_touch(memory + 2 * PAGE_BYTES, false), STATUS_PAGE_FAULT);
    CHECK_EQUAL(memory[PAGE_BYTES], 2);
    CHECK_EQUAL(memory[3 * PAGE_BYTES], 4);
    CHECK_EQUAL(syscall_unmap(ADDRESS(memory), 5 * PAGE_BYTES), 0);
    CHECK_EQUAL(status_of_touch(memory, false), STATUS_PAGE_FAULT);
}

static void protect_splits(void)
{
    char *memory = map_private(3);

    memset(memory, 7, 3 * PAGE_BYTES);
    CHECK_EQUAL(syscall_protect(ADDRESS(memory) + PAGE_BYTES, PAGE_BYTES, MAPPING_READ), 0);
    CHECK_EQUAL(status_of_touch(memory + PAGE_BYTES, false), 0);
    CHECK_EQUAL(status_of_touch(memory + PAGE_BYTES, true), STATUS_PAGE_FAULT);
    CHECK_EQUAL(status_of_touch(memory, true), 0);
    CHECK_EQUAL(syscall_protect(ADDRESS(memory) + PAGE_BYTES, PAGE_BYTES, 0), 0);
    CHECK_EQUAL(status_of_touch(memory + PAGE_BYTES, false), STATUS_PAGE_FAULT);
    CHECK_EQUAL(syscall_write(memory + PAGE_BYTES, 1), ERROR_INVALID); /* nor for the kernel */
    CHECK_EQUAL(syscall_protect(ADDRESS(memory), 3 * PAGE_BYTES, RW), 0);
    CHECK_EQUAL(memory[PAGE_BYTES], 7);
    memory[PAGE_BYTES] = 8;
    CHECK_EQUAL(syscall_protect(ADDRESS(memory), 4 * PAGE_BYTES, RW), ERROR_MEMORY);
    CHECK_EQUAL(syscall_protect(ADDRESS(memory), PAGE_BYTES, RW | MAPPING_EXECUTE), ERROR_INVALID);
    CHECK_EQUAL(syscall_unmap(ADDRESS(memory), 3 * PAGE_BYTES), 0);
}

static void map_shared_memory(void)
{
    volatile char *memory = map_checked(300, RW, MAPPING_SHARED | MAPPING_ANONYMOUS);
    int status = -1;
    int pid = (int)syscall_fork();

    if (pid == 0) {
        for (int i = 0; i < 300; i++) {
            memory[i * PAGE_BYTES] = (char)(i + 1);
        }
        syscall_exit_status(0);
    }
    CHECK(call_wait(pid, &status) == pid && status == 0);
    for (int i = 0; i < 300; i++) {
        CHECK_EQUAL(memory[i * PAGE_BYTES], (char)(i + 1));
    }
    CHECK_EQUAL(syscall_unmap(ADDRESS(memory), 300 * PAGE_BYTES), 0);
}

/* The program's own file: what is mapped is what is read, and a private write is nobody else's. */
static void map_file(void)
{
    char path[PROCESS_NAME_BYTES + 4], read[64];

    strcpy(path, "0:/");
    strcat(path, own_name());
    int descriptor = (int)syscall_open(path);

    CHECK(descriptor >= 0);
    intptr_t result = map_at(0, 4, RW, MAPPING_PRIVATE, descriptor, 0);
    CHECK(!is_error(result));
    char *memory = (char *)result;
    CHECK(memcmp(memory, "\177ELF", 4) == 0);
    CHECK_EQUAL(syscall_seek(descriptor, 3 * PAGE_BYTES, FILE_SEEK_SET), 3 * PAGE_BYTES);
    CHECK_EQUAL(syscall_read(descriptor, read, sizeof(read)), sizeof(read));
    CHECK(memcmp(memory + 3 * PAGE_BYTES, read, sizeof(read)) == 0);
    memory[3 * PAGE_BYTES] ^= 0x55;
    CHECK_EQUAL(syscall_seek(descriptor, 3 * PAGE_BYTES, FILE_SEEK_SET), 3 * PAGE_BYTES);
    char first = read[0];
    CHECK_EQUAL(syscall_read(descriptor, read, sizeof(read)), sizeof(read));
    CHECK_EQUAL(read[0], first);
    CHECK_EQUAL(map_at(0, 4, RW, MAPPING_SHARED, descriptor, 0), ERROR_READONLY);
    result = map_at(0, 1, MAPPING_READ, MAPPING_SHARED, descriptor, PAGE_BYTES);
    CHECK(!is_error(result));
    CHECK_EQUAL(syscall_protect((uintptr_t)result, PAGE_BYTES, RW), ERROR_READONLY);
    CHECK_EQUAL(syscall_close(descriptor), 0);
    CHECK(memcmp((char *)result, memory + PAGE_BYTES, PAGE_BYTES) == 0); /* it stays mapped */
    CHECK_EQUAL(syscall_unmap((uintptr_t)result, PAGE_BYTES), 0);
    CHECK_EQUAL(syscall_unmap(ADDRESS(memory), 4 * PAGE_BYTES), 0);
}

/* Behind the file's last page there is nothing. */
static void map_beyond_the_file(void)
{
    char path[PROCESS_NAME_BYTES + 4];
    struct file_stat stat;

    strcpy(path, "0:/");
    strcat(path, own_name());
    int descriptor = (int)syscall_open(path);

    CHECK(descriptor >= 0);
    CHECK_EQUAL(syscall_descriptor_stat(descriptor, &stat), 0);
    size_t pages = (stat.size + PAGE_BYTES - 1) / PAGE_BYTES;
    intptr_t result = map_at(0, pages + 1, MAPPING_READ, MAPPING_PRIVATE, descriptor, 0);
    CHECK(!is_error(result));
    CHECK_EQUAL(status_of_touch((char *)result + (pages - 1) * PAGE_BYTES, false), 0);
    CHECK_EQUAL(status_of_touch((char *)result + pages * PAGE_BYTES, false), STATUS_PAGE_FAULT);
    for (size_t i = stat.size; i < pages * PAGE_BYTES; i++) {
        CHECK_EQUAL(((char *)result)[i], 0);
    }
    CHECK_EQUAL(syscall_close(descriptor), 0);
    CHECK_EQUAL(syscall_unmap((uintptr_t)result, (pages + 1) * PAGE_BYTES), 0);
}

static void map_fixed(void)
{
    char *memory = map_private(4);

    memset(memory, 1, 4 * PAGE_BYTES);
    CHECK_EQUAL(map_at(ADDRESS(memory) + PAGE_BYTES, 2, RW,
                       MAPPING_PRIVATE | MAPPING_ANONYMOUS | MAPPING_FIXED, -1, 0),
                ADDRESS(memory) + PAGE_BYTES);
    CHECK_EQUAL(memory[0], 1);
    CHECK_EQUAL(memory[PAGE_BYTES], 0);
    CHECK_EQUAL(memory[3 * PAGE_BYTES], 1);
    CHECK_EQUAL(syscall_unmap(ADDRESS(memory), 4 * PAGE_BYTES), 0);

    /* Never over what call 4 gave, the break, the stack or the program. */
    char *allocated = page_malloc(PAGE_BYTES);
    intptr_t end = syscall_break(PAGE_BYTES);
    const uintptr_t taken[] = {ADDRESS(allocated),
                               (uintptr_t)end,
                               OWN_STACK_TOP - PAGE_BYTES,
                               ADDRESS(map_fixed) & ~(uintptr_t)(PAGE_BYTES - 1),
                               0,
                               PAGE_BYTES};

    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        CHECK_EQUAL(
            map_at(taken[i], 1, RW, MAPPING_PRIVATE | MAPPING_ANONYMOUS | MAPPING_FIXED, -1, 0),
            ERROR_INVALID);
    }
    CHECK_EQUAL(syscall_unmap(ADDRESS(map_fixed) & ~(uintptr_t)(PAGE_BYTES - 1), 1), ERROR_INVALID);
    CHECK_EQUAL(syscall_unmap(ADDRESS(allocated), PAGE_BYTES), ERROR_INVALID);
    *allocated = 1; /* it is there */
    CHECK_EQUAL(page_free(allocated), 0);
}

static void map_bad_arguments(void)
{
    struct memory_mapping good = {
        .length = PAGE_BYTES, .rights = RW, .flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS};
    struct memory_mapping bad;

#define REFUSED(change)                                \
    do {                                               \
        bad = good;                                    \
        change;                                        \
        CHECK_EQUAL(syscall_map(&bad), ERROR_INVALID); \
    } while (0)
    REFUSED(bad.length = 0);
    REFUSED(bad.rights = 8);
    REFUSED(bad.rights = RW | MAPPING_EXECUTE);
    REFUSED(bad.flags = MAPPING_ANONYMOUS);
    REFUSED(bad.flags = MAPPING_ANONYMOUS | MAPPING_PRIVATE | MAPPING_SHARED);
    REFUSED(bad.flags |= 0x1000);
    REFUSED(bad.flags = MAPPING_PRIVATE; bad.descriptor = 5);
    REFUSED(bad.flags = MAPPING_PRIVATE; bad.descriptor = -1);
    REFUSED(bad.reserved = 1);
    REFUSED(bad.offset = 1);
    REFUSED(bad.flags |= MAPPING_FIXED; bad.address = OWN_HEAP_START + 1);
#undef REFUSED
    CHECK_EQUAL(syscall_map(NULL), ERROR_INVALID);
    bad = good;
    bad.length = OWN_HEAP_END - OWN_HEAP_START;
    CHECK_EQUAL(syscall_map(&bad), ERROR_MEMORY);
    bad.length = (abi_ulong)-1; /* more than all addresses, in whole pages */
    CHECK_EQUAL(syscall_map(&bad), ERROR_MEMORY);
    CHECK_EQUAL(syscall_unmap(OWN_HEAP_START + 1, 1), ERROR_INVALID);
    CHECK_EQUAL(syscall_unmap(OWN_HEAP_START, 0), ERROR_INVALID);
    CHECK_EQUAL(syscall_protect(OWN_HEAP_START, 0, RW), 0);
    CHECK_EQUAL(syscall_protect(OWN_HEAP_START + 1, 0, RW), ERROR_INVALID);

    /* Shared memory begins at its start, whatever the offset says, and is all there. */
    bad = good;
    bad.flags = MAPPING_SHARED | MAPPING_ANONYMOUS;
    bad.offset = (uint64_t)5 * PAGE_BYTES;
    intptr_t shared = syscall_map(&bad);
    CHECK(!is_error(shared));
    *(char *)shared = 1;
    CHECK_EQUAL(syscall_unmap((uintptr_t)shared, PAGE_BYTES), 0);
}

/* A random walk: many mappings, big and small, some unmapped again; each keeps its own contents. */
static void map_many(void)
{
    enum { MANY = 200 };
    static char *places[MANY];
    static size_t sizes[MANY];
    uint32_t random = 12345;

    for (int step = 0; step < 2000; step++) {
        random = random * 1664525 + 1013904223;
        size_t i = (random >> 8) % MANY;

        if (places[i]) {
            CHECK_EQUAL(places[i][0], (char)i);
            CHECK_EQUAL(places[i][(sizes[i] - 1) * PAGE_BYTES],
                        (char)(i + 1) * (sizes[i] > 1) + (char)i * (sizes[i] == 1));
            CHECK_EQUAL(syscall_unmap(ADDRESS(places[i]), sizes[i] * PAGE_BYTES), 0);
            places[i] = NULL;
        } else {
            sizes[i] = 1 + (random >> 20) % 9;
            places[i] = map_private(sizes[i]);
            places[i][(sizes[i] - 1) * PAGE_BYTES] = (char)(i + 1);
            places[i][0] = (char)i;
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        if (places[i]) {
            CHECK_EQUAL(syscall_unmap(ADDRESS(places[i]), sizes[i] * PAGE_BYTES), 0);
        }
    }
}

const struct test mapping_tests[] = {
    {"map_private_memory", map_private_memory, 0, 0},
    {"unmap_splits", unmap_splits, 0, 0},
    {"protect_splits", protect_splits, 0, 0},
    {"map_shared_memory", map_shared_memory, 0, 0},
    {"map_file", map_file, 0, 0},
    {"map_beyond_the_file", map_beyond_the_file, 0, 0},
    {"map_fixed", map_fixed, 0, 0},
    {"map_bad_arguments", map_bad_arguments, 0, 0},
    {"map_many", map_many, 0, 0},
    {0},
};
