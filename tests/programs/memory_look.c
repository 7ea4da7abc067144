/*
 * tests/programs/memory_look.c - what command 37 shows is what is there.
 * Expect: status 0
 * Says: trace: process_malloc(5000) = 0x
 */
#include <drupe.h>
#include <string.h>

#include "abi/mapping.h"
#include "abi/syscall_stubs.h"
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
    uint32_t of_malloc; /* pages that process_malloc(), or a fault in its memory, has taken */
    uint32_t shared, cached;
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
    struct memory_run run = {0};
    uintptr_t next = 0;
    char name[MEMORY_NAME_BYTES];

    memset(sums, 0, sizeof(*sums));
    while (memory_look(MEMORY_LOOK_RUN, next, &run) == 0) {
        CHECK(run.start % PAGE == 0 && run.start >= next && run.pages > 0);
        CHECK(sums->runs > 0 || (run.start > KERNEL_PHYSICAL && run.start < USER_STACK_GUARD));
        next = run.start + run.pages * PAGE;
        sums->runs++;
        sums->pages += run.pages;
        sums->free += run.state == MEMORY_RUN_FREE ? run.pages : 0;
        sums->reserved += run.state == MEMORY_RUN_RESERVED ? run.pages : 0;
        sums->shared += run.state == MEMORY_RUN_SHARED ? run.pages : 0;
        sums->cached += run.state == MEMORY_RUN_CACHED ? run.pages : 0;
        if (run.state == MEMORY_RUN_CACHED || run.state == MEMORY_RUN_SHARED) {
            CHECK(run.pages == 1 && run.owner != 0);
        } else if (run.state == MEMORY_RUN_TAKEN) {
            CHECK(memory_look(MEMORY_LOOK_NAME, run.owner, name) == 0);
            CHECK(strlen(name) > 0 && strlen(name) < sizeof(name));
            if (strcmp(name, "process_malloc") == 0 ||
                strncmp(name, "user_pages_", strlen("user_pages_")) == 0) {
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
    CHECK(before.cached == figures.file_pages && figures.file_misses > 0);
    CHECK(before.free <= figures.free_pages + figures.promised_pages);
    CHECK(before.free + KEPT_MAX + figures.file_pages >= figures.free_pages);

    char *memory = page_malloc(256 * PAGE);
    memset(memory, 1, 256 * PAGE);
    add_up(&after);
    CHECK(after.of_malloc >= before.of_malloc + 256 && after.of_malloc <= before.of_malloc + 258);
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

/* The first area above address, of this program. */
static struct memory_area area_from(uintptr_t address)
{
    struct memory_area area = {.pid = 0, .kind = 99, .start = 1, .present = 99};

    CHECK(memory_look(MEMORY_LOOK_AREA, address, &area) == 0);
    CHECK(area.pid == (uint32_t)process_id() && area.end > address && area.start < area.end);
    return area;
}

static bool is_area_at(uintptr_t address)
{
    struct memory_area area = {.pid = 0};

    return memory_look(MEMORY_LOOK_AREA, address, &area) == 0 && area.start <= address;
}

static struct memory_faults faults_now(void)
{
    struct memory_faults faults;

    CHECK(memory_look(MEMORY_LOOK_FAULTS, 0, &faults) == 0);
    return faults;
}

/* Memory by command 4: promised, then touched, then in the middle of a hole. */
static void check_malloc_area(void)
{
    char *memory = page_malloc(64 * PAGE);
    uintptr_t start = (uintptr_t)memory;
    struct memory_area area = area_from(start);
    struct memory_faults before = faults_now();

    CHECK(area.kind == MEMORY_AREA_MALLOC && area.rights == (MAPPING_READ | MAPPING_WRITE));
    CHECK(area.flags == MEMORY_AREA_IS_CHARGED);
    CHECK(area.start == start && area.end == start + 64 * PAGE);
    CHECK(area.present == 0 && area.shared == 0 && area.promised == 64);
    for (int page = 0; page < 20; page++) {
        memory[page * PAGE] = 1;
    }
    struct memory_faults after = faults_now();

    area = area_from(start);
    CHECK(area.present >= 20 && area.present < 30 && area.present + area.promised == 64);
    CHECK(after.zeros - before.zeros + after.around - before.around == area.present);
    CHECK(after.zeros > before.zeros && after.around > before.around);
    area = area_from(start + 60 * PAGE + 5); /* the rest of it */
    CHECK(area.start == start + 60 * PAGE && area.end == start + 64 * PAGE && area.promised == 4);
    page_free(memory);
    CHECK(!is_area_at(start));
}

/* Areas of a mapping: what stands in the call, and counts. */
static void check_mappings(void)
{
    const uintptr_t start = OWN_HEAP_START + (512 << 20);
    struct memory_mapping mapping = {.address = start,
                                     .length = 16 * PAGE,
                                     .rights = MAPPING_READ | MAPPING_WRITE,
                                     .flags = MAPPING_SHARED | MAPPING_ANONYMOUS};
    struct memory_area area;

    CHECK(syscall_map(&mapping) == (intptr_t)start);
    *(volatile char *)(start + 3 * PAGE) = 1;
    area = area_from(start);
    CHECK(area.kind == MEMORY_AREA_MAPPING && area.start == start && area.end == start + 16 * PAGE);
    CHECK(area.flags == MEMORY_AREA_IS_SHARED && area.present == 1 && area.shared == 1);
    CHECK(area.promised == 0); /* what is shared is promised once, and not to this process */
    CHECK(syscall_unmap(start, 16 * PAGE) == 0);

    mapping.flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS;
    CHECK(syscall_map(&mapping) == (intptr_t)start);
    (void)*(volatile char *)(start + 3 * PAGE);
    area = area_from(start);
    CHECK(area.flags == MEMORY_AREA_IS_CHARGED && area.present == 1 && area.shared == 0);
    CHECK(area.promised == 15);
    CHECK(syscall_unmap(start, 16 * PAGE) == 0);

    mapping.rights = 0;
    CHECK(syscall_map(&mapping) == (intptr_t)start);
    area = area_from(start);
    CHECK(area.rights == 0 && area.flags == 0 && area.present == 0 && area.promised == 0);
    CHECK(syscall_unmap(start, 16 * PAGE) == 0);
    CHECK(!is_area_at(start));
}

/* All areas in order; text is a file's. */
static void check_areas(void)
{
    struct memory_area area = {.pid = 0};
    unsigned stacks = 0, texts = 0;
    uintptr_t address = 0;

    while (memory_look(MEMORY_LOOK_AREA, address, &area) == 0) {
        CHECK(area.start >= address && area.start < area.end);
        stacks += area.kind == MEMORY_AREA_STACK && area.end == OWN_STACK_TOP;
        texts += area.kind == MEMORY_AREA_PROGRAM && area.rights & MAPPING_EXECUTE &&
                 area.flags == MEMORY_AREA_IS_FILE && area.shared == area.present &&
                 area.present > 0;
        address = (uintptr_t)area.end;
        area.pid = 0;
    }
    CHECK(stacks == 1 && texts == 1);
    CHECK(memory_look(MEMORY_LOOK_AREA, address, &area) == -ENOENT);
    area.pid = 9999;
    CHECK(memory_look(MEMORY_LOOK_AREA, 0, &area) == -EINVARG);
    CHECK(memory_look(MEMORY_LOOK_FAULTS, 9999, &area) == -EINVARG);
}

/* A fork shares this program's pages: runs and areas say so, and a write copies one. */
static void check_fork(void)
{
    static char page[3 * PAGE];
    struct sums before, after;
    struct memory_faults faults;

    memset(page, 1, sizeof(page));
    add_up(&before);
    CHECK(before.cached > 0);

    int pid = (int)syscall_fork();
    if (pid == 0) {
        process_sleep(60 * 1000);
        exit_status(0);
    }
    CHECK(pid > 0);
    add_up(&after);
    CHECK(after.shared >= before.shared + 2 && after.cached >= before.cached);
    CHECK(area_from((uintptr_t)page + PAGE).shared >= 2);
    faults = faults_now();
    page[PAGE] = 2;
    CHECK(faults_now().copied == faults.copied + 1);
    CHECK(process_kill(pid) == 0 && process_wait(pid, NULL) == pid);
    faults = faults_now();
    page[2 * PAGE] = 2;
    CHECK(faults_now().copied == faults.copied);
    CHECK(faults_now().taken_back == faults.taken_back + 1);
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
        CHECK(memory_look(MEMORY_LOOK_AREA, 0, (void *)wrong[i]) == -EINVARG);
        CHECK(memory_look(MEMORY_LOOK_FAULTS, 0, (void *)wrong[i]) == -EINVARG);
    }
    CHECK(memory_look(MEMORY_LOOK_RUN, HEAP_ADDRESS, &run) == 0);
    CHECK(memory_look(MEMORY_LOOK_NAME, run.owner, (void *)0x100000) == -EINVARG);
    CHECK(memory_look(MEMORY_LOOK_NAME, 0x400000, &run) == -ENOENT);
    CHECK(memory_look(MEMORY_LOOK_NAME, 0, &run) == -ENOENT);
    CHECK(memory_look(7, 0, &run) == -EINVARG);
    CHECK(memory_look(0xFFFFFFFF, 0, &run) == -EINVARG);
}

int main(void)
{
    check_runs();
    check_walks();
    check_levels();
    check_areas();
    check_malloc_area();
    check_mappings();
    check_fork();
    check_wrong_arguments();
    CHECK(memory_look(MEMORY_LOOK_TRACE, 1, NULL) == 0);
    page_free(page_malloc(5000));
    CHECK(memory_look(MEMORY_LOOK_TRACE, 0, NULL) == 0);
    return check_status();
}
