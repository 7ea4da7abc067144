/*
 * tests/programs/vm/forks.c - forks of a large process, and copies of one program: MIT's cow, on a
 * machine of 256 MiB.
 */
#include "vm.h"

#include "base/status.h"

#define BLOCKS       10000u /* of two and three pages in turn: 98 MiB */
#define LARGE_BLOCKS 800u   /* of 64 pages: 200 MiB */
#define LARGE_PAGES  64u
#define COPIES       50

static volatile uint8_t **blocks; /* not in the file: copies would each have a place for it */

static size_t pages_of_block(size_t i, bool is_large)
{
    return is_large ? LARGE_PAGES : 2 + i % 2;
}

/* Each page is touched. */
static void take_blocks(size_t count, bool is_large)
{
    blocks = page_malloc(count * sizeof(*blocks));
    CHECK(blocks);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = page_malloc(pages_of_block(i, is_large) * PAGE_BYTES);
        CHECK(blocks[i]);
        for (size_t page = 0; page < pages_of_block(i, is_large); page++) {
            blocks[i][page * PAGE_BYTES] = (uint8_t)(i + page + 1);
        }
    }
}

static void check_blocks(size_t count, bool is_large)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t page = 0; page < pages_of_block(i, is_large); page++) {
            CHECK(blocks[i][page * PAGE_BYTES] == (uint8_t)(i + page + 1));
        }
    }
}

static void free_blocks(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(page_free((void *)blocks[i]) == 0);
    }
    CHECK(page_free((void *)blocks) == 0);
}

/* A child of a process with many allocations has all of them, and what it writes is its own. */
static void fork_100_mib(void)
{
    take_blocks(BLOCKS, false);
    int child = fork_checked();

    if (child == 0) {
        check_blocks(BLOCKS, false);
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i][PAGE_BYTES] = 0;
        }
        exit(0);
    }
    CHECK(status_of(child) == 0);
    check_blocks(BLOCKS, false);
    free_blocks(BLOCKS);
}

/* Not all pages of both would find a place: the call says no, and nobody loses anything. */
static void fork_200_mib(void)
{
    take_blocks(LARGE_BLOCKS, true);
    CHECK((int)syscall_fork() == -ENOMEM);
    check_blocks(LARGE_BLOCKS, true);
    free_blocks(LARGE_BLOCKS);
    int child = fork_checked();

    if (child == 0) {
        exit(0);
    }
    CHECK(status_of(child) == 0);
}

/* Of the file, and cannot be written to. */
static const uint8_t text[16 * PAGE_BYTES] = {1};

static void touch_text(void)
{
    const volatile uint8_t *bytes = text;
    uint32_t sum = 0;

    for (size_t i = 0; i < sizeof(text); i += PAGE_BYTES) {
        sum += bytes[i];
    }
    CHECK(sum == 1);
}

/* Who sleeps has touched all of it. */
static void hold(void)
{
    touch_text();
    syscall_sleep(1000000);
}

static bool is_asleep(int pid)
{
    struct process_info *list;
    int count = process_list_all(&list);
    bool is_waiting = false;

    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        is_waiting |= list[i].pid == (uint32_t)pid && list[i].state == PROCESS_WAITING;
    }
    free(list);
    return is_waiting;
}

static struct memory_figures figures(void)
{
    struct memory_figures now;

    CHECK(memory_figures(&now) == 0);
    return now;
}

/* So many copies of this program, each of which is waited for until it sleeps. */
static void start_copies(int *pids, int count)
{
    char *const arguments[] = {"forks.elf", "hold", NULL};

    for (int i = 0; i < count; i++) {
        pids[i] = (int)syscall_spawn_posix("forks.elf", arguments, NULL);
        CHECK(pids[i] > 0);
        while (!is_asleep(pids[i])) {
            syscall_sleep(10);
        }
    }
}

/* Each copy costs what is its own; the pages of the file are there once. */
static void text_once(void)
{
    int pids[COPIES];

    touch_text(); /* it is in memory: no copy sleeps for the disk */
    start_copies(pids, 1);
    struct memory_figures one = figures();

    start_copies(pids + 1, COPIES - 1);
    struct memory_figures all = figures();

    CHECK(all.file_pages == one.file_pages);
    CHECK(one.free_pages - all.free_pages < (COPIES - 1) * 16);
    for (int i = 0; i < COPIES; i++) {
        CHECK(syscall_kill(pids[i]) == 0);
        (void)status_of(pids[i]);
    }
}

static const struct theme themes[] = {
    {"fork-100-mib", fork_100_mib},
    {"fork-200-mib", fork_200_mib},
    {"text-once", text_once},
    {"hold", hold}, /* for text-once */
};

int main(int argc, char **argv)
{
    return RUN_THEME(argc, argv, themes);
}
