/*
 * tests/programs/vm/lazy.c - pages that come when they are touched, and pages that a fork shares
 * until somebody writes: MIT's labs lazy and cow.
 */
#include "vm.h"

#define MIB (1024u * 1024)

static struct memory_figures figures(void)
{
    struct memory_figures now;

    CHECK(memory_figures(&now) == 0);
    return now;
}

/* Frames that nobody has taken. */
static uint32_t free_frames(void)
{
    struct memory_figures now = figures();

    return now.free_pages + now.promised_pages;
}

/* Much is asked for, little is touched: each page that is touched is zero, and the others cost
 * nothing. */
static void lazy_alloc(void)
{
    uint32_t before = free_frames();
    uint8_t *memory = page_malloc(16 * MIB);

    CHECK(memory);
    CHECK(before - free_frames() < 100);
    for (size_t at = 0; at < 16 * MIB; at += MIB / 2) {
        CHECK(memory[at] == 0);
        memory[at] = (uint8_t)(at / MIB + 1);
    }
    for (size_t at = 0; at < 16 * MIB; at += MIB / 2) {
        CHECK(memory[at] == at / MIB + 1);
    }
    CHECK(before - free_frames() < 32 * 9 + 100);
    CHECK(page_free(memory) == 0);
}

/* What was given back cannot be touched. */
static void lazy_unmap(void)
{
    uint8_t *memory = page_malloc(4 * MIB);

    CHECK(memory);
    memory[MIB] = 1;
    CHECK(page_free(memory) == 0);
    for (size_t at = 0; at < 4 * MIB; at += MIB) {
        CHECK(status_of_touch((uintptr_t)memory + at, false) == SIGNAL_SEGV);
    }
}

/* The kernel is handed memory that was never touched. */
static void lazy_syscall(void)
{
    uint8_t *memory = page_malloc(MIB);
    int file = open_checked("sample.bin");

    CHECK(memory &&
          file_read(file, memory + 5 * PAGE_BYTES + 10, SAMPLE_BYTES) == (int)SAMPLE_BYTES);
    check_sample(memory + 5 * PAGE_BYTES + 10, 0, SAMPLE_BYTES, 0);
    CHECK(file_close(file) == 0 && page_free(memory) == 0);
}

/* More than there is: refused when it is asked for, and nobody is ended. */
static void oom(void)
{
    uint32_t before = figures().free_pages;
    size_t size = (size_t)before * PAGE_BYTES;
    void *blocks[64];
    int count = 0;

    CHECK(page_malloc(size + MIB) == NULL);
    for (; count < 64 && (blocks[count] = page_malloc(size / 16)) != NULL; count++) {
        *(uint8_t *)blocks[count] = 1;
    }
    CHECK(count > 0 && count < 17);
    while (count-- > 0) {
        CHECK(page_free(blocks[count]) == 0);
    }
}

/* A fork of what takes a third of the machine takes next to nothing, until it is written. */
static void cow_simple(void)
{
    size_t size = (size_t)figures().free_pages / 3 * PAGE_BYTES;
    uint8_t *memory = page_malloc(size);

    CHECK(memory);
    memset(memory, 9, size);
    uint32_t before = free_frames();
    int pid = fork_checked();

    if (pid == 0) {
        exit_status(before - free_frames() < size / PAGE_BYTES / 50 + 50 ? memory[size - 1] : 0);
    }
    CHECK(status_of(pid) == 9 << 8);
    CHECK(page_free(memory) == 0);
}

/* Three processes write the same pages, each its own. */
static void cow_three(void)
{
    enum { PAGES = 300 };
    uint8_t *memory = page_malloc(PAGES * PAGE_BYTES);
    int one, two = 0;

    CHECK(memory);
    memset(memory, 1, PAGES * PAGE_BYTES);
    one = fork_checked();
    if (one == 0) {
        two = fork_checked();
        if (two == 0) {
            for (size_t page = 0; page < PAGES / 5 * 4; page++) {
                memory[page * PAGE_BYTES] = 3;
            }
            for (size_t page = 0; page < PAGES; page++) {
                CHECK(memory[page * PAGE_BYTES] == (page < PAGES / 5 * 4 ? 3 : 1));
            }
            exit_status(0);
        }
        for (size_t page = 0; page < PAGES / 2; page++) {
            memory[page * PAGE_BYTES] = 2;
        }
        CHECK(status_of(two) == 0);
        for (size_t page = 0; page < PAGES; page++) {
            CHECK(memory[page * PAGE_BYTES] == (page < PAGES / 2 ? 2 : 1));
        }
        exit_status(0);
    }
    for (size_t page = 0; page < PAGES; page++) {
        memory[page * PAGE_BYTES + 1] = 4;
    }
    CHECK(status_of(one) == 0);
    for (size_t page = 0; page < PAGES; page++) {
        CHECK(memory[page * PAGE_BYTES] == 1 && memory[page * PAGE_BYTES + 1] == 4);
    }
    CHECK(page_free(memory) == 0);
}

/* The kernel writes into pages that a fork shares: the copy is the one's who asked. */
static void cow_file(void)
{
    static uint8_t bytes[2 * PAGE_BYTES];

    memset(bytes, 5, sizeof(bytes));
    for (int i = 0; i < 4; i++) {
        int pid = fork_checked();

        if (pid == 0) {
            int file = open_checked("sample.bin");

            CHECK(file_read(file, bytes + 100, PAGE_BYTES) == (int)PAGE_BYTES);
            check_sample(bytes + 100, 0, PAGE_BYTES, 0);
            exit_status(bytes[0] == 5 && bytes[PAGE_BYTES + 100] == 5 ? 0 : 1);
        }
        CHECK(status_of(pid) == 0);
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        CHECK(bytes[i] == 5);
    }
}

/* A fork of a fork of a fork; the first to have written keeps what it wrote. */
static void cow_forkfork(void)
{
    uint8_t *memory = page_malloc(50 * PAGE_BYTES);

    CHECK(memory);
    for (int depth = 0; depth < 8; depth++) {
        int pid = fork_checked();

        if (pid > 0) {
            int status = status_of(pid);

            CHECK(status == 0 && memory[depth * PAGE_BYTES] == 0);
            if (depth > 0) {
                exit_status(0);
            }
            CHECK(page_free(memory) == 0);
            return;
        }
        memory[depth * PAGE_BYTES] = 1;
    }
    for (int depth = 0; depth < 8; depth++) {
        CHECK(memory[depth * PAGE_BYTES] == 1);
    }
    exit_status(0);
}

static const struct theme themes[] = {
    {"lazy-alloc", lazy_alloc}, {"lazy-unmap", lazy_unmap},     {"lazy-syscall", lazy_syscall},
    {"lazy-oom", oom},          {"cow-simple", cow_simple},     {"cow-three", cow_three},
    {"cow-file", cow_file},     {"cow-forkfork", cow_forkfork},
};

int main(int argc, char **argv)
{
    return RUN_THEME(argc, argv, themes);
}
