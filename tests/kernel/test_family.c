/*
 * tests/kernel/test_family.c - what processes are charged to their families: exactly what they
 * take, and all of it comes back. The disk's init is programs/hello.
 */
#include "fs/file_object.h"
#include "config.h"
#include "ktest.h"
#include "space_model.h"
#include "lib/string.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/family.h"
#include "process/process.h"
#include "process/process_memory.h"
#include "task/task.h"

#define INIT_PATH "0:/init.elf"

static bool is_same(const uint32_t *a, const uint32_t *b)
{
    return memcmp(a, b, sizeof(uint32_t) * FAMILY_KINDS) == 0;
}

KTEST(family_charges_are_what_the_tables_say)
{
    struct family *init = family_of_init();
    uint32_t before[FAMILY_KINDS];
    struct process *process = NULL;

    KEXPECT(ktest_mount());
    memcpy(before, init->used, sizeof(before));
    KEXPECT(process_load(INIT_PATH, NULL, &process) == OK);
    uint32_t fixed = init->used[FAMILY_PAGES] - before[FAMILY_PAGES] - process->space.pages;
    KEXPECT(process->family == init);
    KEXPECT(init->used[FAMILY_PROCESSES] == before[FAMILY_PROCESSES] + 1);
    KEXPECT(process->space.pages == space_count_charged(&process->space));
    KEXPECT(fixed == PAGING_CHUNK_PAGES + TASK_STACK_PAGES + 1);

    /* One page, a table's worth, across two tables; freed in another order. */
    void *small = process_malloc(process, 1);
    void *table = process_malloc(process, LARGE_PAGE_SIZE_BYTES);
    void *large = process_malloc(process, LARGE_PAGE_SIZE_BYTES + 5 * PAGE_SIZE_BYTES);
    KEXPECT(small && table && large);
    KEXPECT(process->space.pages == space_count_charged(&process->space));
    KEXPECT((vaddr_t)process_move_break(process, 1030 * PAGE_SIZE_BYTES) == PROCESS_BREAK_ADDRESS);
    KEXPECT(process->space.pages == space_count_charged(&process->space));
    KEXPECT(process_free(process, table) == OK && process_free(process, small) == OK);
    KEXPECT(process->space.pages == space_count_charged(&process->space));
    KEXPECT((vaddr_t)process_move_break(process, -8 * PAGE_SIZE_BYTES) ==
            PROCESS_BREAK_ADDRESS + 1030 * PAGE_SIZE_BYTES);
    KEXPECT(process->space.pages == space_count_charged(&process->space));
    KEXPECT(init->used[FAMILY_PAGES] == before[FAMILY_PAGES] + fixed + process->space.pages);
    process_destroy(process);
    KEXPECT(is_same(before, init->used));
    KEXPECT(fs_unmount() == OK);
}

KTEST(family_of_a_job_comes_and_goes)
{
    uint32_t before[FAMILY_KINDS];
    struct process *first = NULL, *second = NULL;

    KEXPECT(ktest_mount());
    memcpy(before, family_of_init()->used, sizeof(before));
    KEXPECT(process_load_job(INIT_PATH, NULL, false, &first) == OK);
    KEXPECT(process_load_job("0:/reader.elf", NULL, true, &second) == OK);
    KEXPECT(first->family != family_of_init() && first->family != second->family);
    KEXPECT(first->family->number == 1 && second->family->number == 2);
    KEXPECT(first->family->used[FAMILY_PROCESSES] == 1 && first->family->members == 1);
    process_start(first, 0);
    process_start(second, 0);
    task_run_all();
    KEXPECT(first->task.state == TASK_ENDED && second->task.state == TASK_ENDED);
    KEXPECT(first->family->used[FAMILY_PAGES] == 0);
    KEXPECT(first->family->used[FAMILY_PROCESSES] == 1); /* until somebody asks for its status */
    KEXPECT(second->family->used[FAMILY_FILES] == 0);    /* it ends with a file open */
    process_destroy(first);
    process_destroy(second);
    KEXPECT(is_same(before, family_of_init()->used));
    KEXPECT(process_load_job("0:/nobody.elf", NULL, false, &first) == -ENOENT);
    KEXPECT(is_same(before, family_of_init()->used));
    KEXPECT(fs_unmount() == OK);
}

/* A family that is ending gets no new process, and every process in it ends, started or about to
 * be. */
KTEST(family_that_is_ending_gets_no_more)
{
    struct process *process = NULL, *late = NULL;

    KEXPECT(ktest_mount());
    KEXPECT(process_load_job(INIT_PATH, NULL, false, &process) == OK);
    process_start(process, 0);
    process_cancel_family(process->family, 77);
    task_run_all();
    KEXPECT(process->task.state == TASK_ENDED && process->exit_status == 77);
    process_destroy(process);
    KEXPECT(process_load_job(INIT_PATH, NULL, false, &late) == OK);
    KEXPECT(!late->family->is_ending);
    process_destroy(late);
    KEXPECT(fs_unmount() == OK);
}

/* One process of a job takes all pages that it may, or has addresses for: the limit ends that, and
 * init's family still gets what the reserve promises. */
KTEST(family_limit_leaves_the_reserve)
{
    struct process *greedy = NULL, *own = NULL;
    size_t pages = 0;

    KEXPECT(ktest_mount());
    KEXPECT(process_load_job(INIT_PATH, NULL, false, &greedy) == OK);
    for (size_t size = 64u << 20; size >= PAGE_SIZE_BYTES; size /= 2) {
        while (process_malloc(greedy, size)) {
            pages += size / PAGE_SIZE_BYTES;
        }
    }
    const size_t addresses = (PROCESS_BREAK_ADDRESS - PROCESS_HEAP_ADDRESS) / PAGE_SIZE_BYTES;
    bool has_all = pages < addresses;
    KEXPECT(!has_all || (vaddr_t)process_move_break(greedy, PAGE_SIZE_BYTES) == (vaddr_t)-ENOMEM);
    KEXPECT(!has_all || family_room(greedy->family, FAMILY_PAGES) <= 1);
    KEXPECT(!has_all || pages > pmm_get_total_pages() / 2);
    KEXPECT(pmm_get_free_pages() > pmm_get_total_pages() / 16);
    KEXPECT(process_load(INIT_PATH, NULL, &own) == OK);
    KEXPECT(process_malloc(own, 64 * PAGE_SIZE_BYTES));
    process_destroy(own);
    KEXPECT(process_load_job(INIT_PATH, NULL, true, &own) == OK);
    process_destroy(own);
    process_destroy(greedy);
    KEXPECT(fs_unmount() == OK);
}

/* As many at once as below: the tables for kernel stacks, which stay, are there afterwards. */
static bool load_and_destroy(struct process *processes[], int count)
{
    int loaded = 0;

    while (loaded < count && process_load(INIT_PATH, NULL, &processes[loaded]) == OK) {
        loaded++;
    }
    for (int i = 0; i < loaded; i++) {
        process_destroy(processes[i]);
        processes[i] = NULL;
    }
    return loaded == count;
}

/* There are pages enough, but no two side by side: a kernel stack takes them where they are. */
KTEST(family_kernel_stacks_when_memory_is_in_pieces)
{
    enum { EVERY = 4, COUNT = 6 };
    struct process *processes[COUNT + 1] = {NULL}, *job = NULL;
    struct list_node kept, piece, runs;
    void *page;
    int statuses = OK;

    KEXPECT(ktest_mount());
    KEXPECT(load_and_destroy(processes, COUNT + 1));
    list_initialise(&kept);
    list_initialise(&piece);
    list_initialise(&runs);
    while ((page = pmm_alloc_page()) != NULL) {
        paddr_t frame = page_physical(page);
        bool is_piece =
            (frame < HEAP_ADDRESS || frame >= HEAP_END) && frame / PAGE_SIZE_BYTES % EVERY == 0;

        list_append(is_piece ? &piece : &kept, page);
    }
    while ((page = list_take_first(&piece)) != NULL) {
        pmm_free_page(page);
    }
    while ((page = pmm_alloc_frames(2)) != NULL) {
        list_append(&runs, page); /* of what is promised, and lies together */
    }
    int job_status = process_load_job(INIT_PATH, NULL, true, &job);
    for (int i = 0; i < COUNT; i++) {
        int status = process_load(INIT_PATH, NULL, &processes[i]);

        statuses = status < 0 ? status : statuses;
    }
    if (job_status == OK) {
        /* In the order in which they came: the same stacks are spare then as before. */
        process_destroy(job);
    }
    for (int i = 0; i < COUNT; i++) {
        if (processes[i]) {
            process_destroy(processes[i]);
        }
    }
    while ((page = list_take_first(&kept)) != NULL) {
        pmm_free_page(page);
    }
    while ((page = list_take_first(&runs)) != NULL) {
        pmm_free_frames(page);
    }
    KEXPECT(job_status == OK && statuses == OK);
    KEXPECT(fs_unmount() == OK);
}
