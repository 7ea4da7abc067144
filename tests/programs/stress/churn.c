/*
 * churn.c - many processes that start others, take memory, give it back and end, all at once; then
 * the kernel must have back what it had.
 *
 *   churn.elf                      the first: starts WORKERS, waits, compares the counts
 *   churn.elf worker SEED COUNT    so many operations; status 0 when each did what it should
 *   churn.elf N                    ends at once, with status N
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS          32
#define OPERATIONS       200000 /* of all workers together: spawn, wait, malloc, free, exit */
#define ROUNDS           4      /* a worker ends after a quarter of its share; another comes */
#define CHILDREN_MAX     2      /* of a worker, at a time */
#define RUNS_MAX         12     /* of memory that a worker holds */
#define PAGES_MAX        6      /* of one of them */
#define PAGE_BYTES       4096
#define SPAWN_ONE_IN     40
#define ADDRESS(pointer) ((uintptr_t)(pointer))

static struct {
    uint8_t *start; /* NULL: none */
    uint32_t pages;
    uint8_t fill;
} runs[RUNS_MAX];

static uint32_t state;

/* xorshift (Marsaglia, 2003) */
static uint32_t random_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static int spawn(const char *const *words)
{
    static struct command_argument list[4];
    int count = 0;

    for (; words[count]; count++) {
        strcpy(list[count].argument, words[count]);
        list[count].next = words[count + 1] ? &list[count + 1] : NULL;
    }
    return system_call(SYSCALL_SPAWN, ADDRESS(list), 0, 0);
}

/* The status of a child, which must be pid unless that is WAIT_ANY; -1: something is wrong. */
static int wait_for(int pid)
{
    int status = -1;
    int result = system_call(SYSCALL_WAIT, (uint32_t)pid, ADDRESS(&status), 0);

    return result > 0 && (pid == WAIT_ANY || result == pid) ? status : -1;
}

/* ---------------------------------------------------------------- workers */

static bool do_memory(void)
{
    uint32_t i = random_below(RUNS_MAX);

    if (!runs[i].start) {
        runs[i].pages = 1 + random_below(PAGES_MAX);
        runs[i].fill = (uint8_t)(1 + random_below(255));
        runs[i].start = page_malloc(runs[i].pages * PAGE_BYTES);
        if (!runs[i].start || runs[i].start[runs[i].pages * PAGE_BYTES - 1] != 0) {
            return false;
        }
        for (uint32_t page = 0; page < runs[i].pages; page++) {
            runs[i].start[page * PAGE_BYTES + runs[i].fill] = runs[i].fill;
        }
        return true;
    }
    for (uint32_t page = 0; page < runs[i].pages; page++) {
        if (runs[i].start[page * PAGE_BYTES + runs[i].fill] != runs[i].fill) {
            return false;
        }
    }
    bool is_free = page_free(runs[i].start) == 0;
    runs[i].start = NULL;
    return is_free;
}

/* Ends with what it has: memory, and children that nobody waits for. */
static int work(uint32_t seed, uint32_t operations)
{
    int children[CHILDREN_MAX] = {0};
    char number[12];

    state = seed * 2654435761u | 1;
    while (operations-- > 0) {
        uint32_t i = random_below(CHILDREN_MAX);

        if (random_below(SPAWN_ONE_IN) != 0) {
            if (!do_memory()) {
                return 1;
            }
        } else if (!children[i]) {
            snprintf(number, sizeof(number), "%u", i + 7);
            children[i] = spawn((const char *const[]){"churn.elf", number, NULL});
            if (children[i] <= 0) {
                return 2;
            }
        } else {
            if (wait_for(children[i]) != (int)i + 7) {
                return 3;
            }
            children[i] = 0;
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- the first */

struct counts {
    uint32_t pages, objects;
};

/* Without the disk cache's, which has an object and a page for each block. */
static struct counts count(void)
{
    static struct memory_figures figures;

    system_call(SYSCALL_MEMORY_FIGURES, ADDRESS(&figures), sizeof(figures), 0);
    return (struct counts){
        .pages = figures.free_pages + figures.cache_pages + figures.object_pages,
        .objects = figures.objects - figures.cache_pages,
    };
}

static void wait_until_alone(void)
{
    static struct process_info list[2];

    while (system_call(SYSCALL_PROCESS_LIST, ADDRESS(list), 2, 0) > 1) {
        system_call(SYSCALL_SLEEP, 10, 0, 0);
    }
}

static int start_worker(unsigned number)
{
    char seed[12], operations[12];

    snprintf(seed, sizeof(seed), "%u", number + 1);
    snprintf(operations, sizeof(operations), "%d", OPERATIONS / WORKERS / ROUNDS);
    return spawn((const char *const[]){"churn.elf", "worker", seed, operations, NULL});
}

static int first(void)
{
    int failed = wait_for(spawn((const char *const[]){"churn.elf", "0", NULL}));
    struct counts before = count();

    for (unsigned i = 0; i < WORKERS * ROUNDS; i++) {
        if (i >= WORKERS) {
            failed += wait_for(WAIT_ANY) != 0;
        }
        failed += start_worker(i) <= 0;
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        failed += wait_for(WAIT_ANY) != 0;
    }
    wait_until_alone();
    struct counts after = count();
    printf("info: %d operations by %d processes at a time; free pages %u, then %u; objects %u, "
           "then %u\n",
           OPERATIONS, WORKERS, before.pages, after.pages, before.objects, after.objects);
    if (failed) {
        printf("churn: %d workers failed\n", failed);
    }
    return failed != 0 || before.pages != after.pages || before.objects != after.objects;
}

int main(int argc, char **argv)
{
    if (argc == 4) {
        return work((uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
    }
    return argc == 2 ? atoi(argv[1]) : first();
}
