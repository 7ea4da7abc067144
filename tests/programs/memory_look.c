/*
 * tests/programs/memory_look.c - what command 37 shows is what is there.
 * Expect: status 0
 * Says: trace: process_malloc(5000) = 0x
 */
#include <drupe.h>
#include <string.h>

#include "abi/syscalls.h"
#include "check.h"
#include "own_map.h"
#include "base/status.h"

#define PRESENT  0x001u
#define WRITABLE 0x002u
#define USER     0x004u
#define LARGE    0x080u
#define PAGE     4096u

/* Frames that the page allocator keeps zeroed: free, but taken in the table. */
#define KEPT_MAX 16

/* That the first pages at an address may need. */
#define TABLES_MAX 3

struct sums {
    uint32_t pages, free, reserved, runs;
    uint32_t of_malloc; /* pages whose owner is process_malloc() or what it calls */
};

/* A kernel of 64 bits has its own half of the addresses, and all RAM in one row there. */
static bool is_64_bit_kernel(void)
{
    struct memory_levels levels = {0};

    CHECK(memory_look(MEMORY_LOOK_LEVELS, 0, &levels) == 0);
    return levels.count > 2;
}

static void add_up(struct sums *sums)
{
    uintptr_t first = is_64_bit_kernel() ? LOW_ZONE_PHYSICAL : HEAP_ADDRESS;
    struct memory_run run = {0};
    uintptr_t next = 0;
    char name[MEMORY_NAME_BYTES];

    memset(sums, 0, sizeof(*sums));
    while (memory_look(MEMORY_LOOK_RUN, next, &run) == 0) {
        CHECK(run.start % PAGE == 0 && run.start >= next && run.pages > 0);
        CHECK(sums->runs > 0 || run.start == first);
        next = run.start + run.pages * PAGE;
        sums->runs++;
        sums->pages += run.pages;
        sums->free += run.state == MEMORY_RUN_FREE ? run.pages : 0;
        sums->reserved += run.state == MEMORY_RUN_RESERVED ? run.pages : 0;
        if (run.state == MEMORY_RUN_TAKEN) {
            CHECK(memory_look(MEMORY_LOOK_NAME, run.owner, name) == 0);
            CHECK(strlen(name) > 0 && strlen(name) < sizeof(name));
            if (strcmp(name, "map_new_page") == 0 || strcmp(name, "process_malloc") == 0) {
                sums->of_malloc += run.pages;
            }
        } else {
            CHECK(run.owner == 0);
        }
    }
    CHECK(memory_look(MEMORY_LOOK_RUN, next, &run) == -ENOENT);
    CHECK(memory_look(MEMORY_LOOK_RUN, 0xFFFFFFFF, &run) == -ENOENT);
}

static void check_runs(void)
{
    struct memory_figures figures;
    struct sums before, after;
    struct memory_run run, part;

    add_up(&before);
    memory_figures(&figures);
    CHECK(before.pages - before.reserved == figures.total_pages);
    CHECK(before.free <= figures.free_pages && before.free + KEPT_MAX >= figures.free_pages);

    void *memory = page_malloc(256 * PAGE);
    add_up(&after);
    CHECK(after.of_malloc == before.of_malloc + 256);
    CHECK(before.free - after.free >= 256 - KEPT_MAX);
    CHECK(before.free - after.free <= 256 + TABLES_MAX);
    page_free(memory);

    /* From the middle of a run on it is the rest of it. */
    CHECK(memory_look(MEMORY_LOOK_RUN, HEAP_ADDRESS + 0x1000000, &run) == 0);
    CHECK(memory_look(MEMORY_LOOK_RUN, run.start + 2 * PAGE + 1, &part) == 0);
    CHECK(part.start == run.start + 2 * PAGE && part.pages == run.pages - 2);
    CHECK(part.state == MEMORY_RUN_FREE);
}

static struct memory_walk walk_of(uintptr_t address)
{
    struct memory_walk walk = {.pid = 0, .directory_entry = 1, .table_entry = 1};

    CHECK(memory_look(MEMORY_LOOK_WALK, address, &walk) == 0);
    return walk;
}

static void check_walks(void)
{
    char *memory = page_malloc(PAGE);
    uint32_t rights = PRESENT | WRITABLE | USER;
    struct memory_walk walk;

    CHECK(walk_of(0).table_entry == 0);
    if (is_64_bit_kernel()) {
        CHECK(walk_of(0x1000).table_entry == 0 && walk_of(HEAP_ADDRESS).directory_entry == 0);
        CHECK((walk_of(KERNEL_ADDRESS).table_entry & rights) == (IS_64_BIT ? PRESENT : 0));
    } else {
        CHECK(walk_of(0).directory_entry & PRESENT);
        CHECK((walk_of(0x1000).table_entry & rights) == (PRESENT | WRITABLE));
        CHECK((walk_of(KERNEL_ADDRESS).table_entry & rights) == PRESENT);
        CHECK((walk_of(HEAP_ADDRESS).directory_entry & (rights | LARGE)) ==
              (PRESENT | WRITABLE | LARGE));
    }
    CHECK(walk_of(OWN_STACK_BOTTOM - 1).table_entry == 0);
    CHECK((walk_of(OWN_STACK_TOP - 1).table_entry & rights) == rights);
    CHECK((walk_of((uintptr_t)check_walks).table_entry & rights) == (PRESENT | USER));
    CHECK(walk_of(HEAP_ADDRESS).table_entry == 0);
    CHECK(walk_of(OWN_HEAP_END - 1).directory_entry == 0);
    CHECK(walk_of(OWN_HEAP_END - 1).table_entry == 0);

    /* The CPU marks what was written. */
    unsigned entry = walk_of((uintptr_t)memory).table_entry;
    CHECK((entry & (rights | 0x40)) == rights);
    *(volatile char *)memory = 1;
    CHECK(walk_of((uintptr_t)memory).table_entry == (entry | 0x60));
    page_free(memory);
    CHECK(walk_of((uintptr_t)memory).table_entry == 0);

    walk = (struct memory_walk){.pid = (uint32_t)process_id()};
    CHECK(memory_look(MEMORY_LOOK_WALK, 0x400000, &walk) == 0);
    CHECK(walk.table_entry == walk_of(0x400000).table_entry);
    walk.pid = 9999;
    CHECK(memory_look(MEMORY_LOOK_WALK, 0x400000, &walk) == -EINVARG);
}

/* All steps: the last two are those of MEMORY_LOOK_WALK, and a step that was not made is 0. */
static void check_levels(void)
{
    static const uintptr_t addresses[] = {
        0,        0x1000,       KERNEL_ADDRESS,  OWN_STACK_BOTTOM - 1, OWN_STACK_TOP - 1,
        0x400000, HEAP_ADDRESS, OWN_HEAP_END - 1};
    struct memory_levels levels;

    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct memory_walk walk = walk_of(addresses[i]);

        levels = (struct memory_levels){.pid = 0, .entries = {1, 1, 1, 1}};
        CHECK(memory_look(MEMORY_LOOK_LEVELS, addresses[i], &levels) == 0);
        CHECK(levels.count == 2 || levels.count == 4);
        CHECK((uint32_t)levels.entries[levels.count - 2] == walk.directory_entry);
        CHECK((uint32_t)levels.entries[levels.count - 1] == walk.table_entry);
        for (unsigned step = levels.count; step < MEMORY_LEVELS_MAX; step++) {
            CHECK(levels.entries[step] == 0);
        }
    }
    levels.pid = 9999;
    CHECK(memory_look(MEMORY_LOOK_LEVELS, 0x400000, &levels) == -EINVARG);
}

static void check_wrong_arguments(void)
{
    static const uintptr_t wrong[] = {
        0,         0x1000,     0x100000,       OWN_STACK_BOTTOM - 4, OWN_STACK_TOP - 4,
        0x1000000, 0xFFFFFFFC, UINTPTR_MAX - 3};
    struct memory_run run;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK(memory_look(MEMORY_LOOK_RUN, HEAP_ADDRESS, (void *)wrong[i]) == -EINVARG);
        CHECK(memory_look(MEMORY_LOOK_WALK, HEAP_ADDRESS, (void *)wrong[i]) == -EINVARG);
        CHECK(memory_look(MEMORY_LOOK_LEVELS, HEAP_ADDRESS, (void *)wrong[i]) == -EINVARG);
    }
    CHECK(memory_look(MEMORY_LOOK_RUN, HEAP_ADDRESS, &run) == 0);
    CHECK(memory_look(MEMORY_LOOK_NAME, run.owner, (void *)0x100000) == -EINVARG);
    CHECK(memory_look(MEMORY_LOOK_NAME, 0x400000, &run) == -ENOENT);
    CHECK(memory_look(MEMORY_LOOK_NAME, 0, &run) == -ENOENT);
    CHECK(memory_look(5, 0, &run) == -EINVARG);
    CHECK(memory_look(0xFFFFFFFF, 0, &run) == -EINVARG);
}

int main(void)
{
    check_runs();
    check_walks();
    check_levels();
    check_wrong_arguments();
    CHECK(memory_look(MEMORY_LOOK_TRACE, 1, NULL) == 0);
    page_free(page_malloc(5000));
    CHECK(memory_look(MEMORY_LOOK_TRACE, 0, NULL) == 0);
    return check_status();
}
