/*
 * tests/kernel/test_family.c - what processes are charged to their families: exactly what they
 * take, and all of it comes back. The disk's init is programs/hello.
 */
#include "fs/file.h"
#include "config.h"
#include "ktest.h"
#include "lib/string.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/family.h"
#include "process/process.h"
#include "task/task.h"

#define INIT_PATH "0:/init.elf"

/* What a chunk maps and its tables, counted in the tables themselves; the table of the first 4 MiB
 * is one of the chunk's own pages. */
static uint32_t count_pages(const struct process *process)
{
    return USER_STACK_BYTES / PAGE_SIZE_BYTES +
           paging_count_private(process->chunk, USER_PROGRAM_ADDRESS, USER_PROGRAM_END) +
           paging_count_private(process->chunk, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END);
}

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
    uint32_t fixed = init->used[FAMILY_PAGES] - before[FAMILY_PAGES] - process->pages;
    KEXPECT(process->family == init);
    KEXPECT(init->used[FAMILY_PROCESSES] == before[FAMILY_PROCESSES] + 1);
    KEXPECT(process->pages == count_pages(process));
    KEXPECT(fixed == PAGING_CHUNK_PAGES + TASK_STACK_PAGES + 1);

    /* One page, a table's worth, across two tables; freed in another order. */
    void *small = process_malloc(process, 1);
    void *table = process_malloc(process, LARGE_PAGE_SIZE_BYTES);
    void *large = process_malloc(process, LARGE_PAGE_SIZE_BYTES + 5 * PAGE_SIZE_BYTES);
    KEXPECT(small && table && large);
    KEXPECT(process->pages == count_pages(process));
    KEXPECT((vaddr_t)process_move_break(process, 1030 * PAGE_SIZE_BYTES) == PROCESS_BREAK_ADDRESS);
    KEXPECT(process->pages == count_pages(process));
    KEXPECT(process_free(process, table) == OK && process_free(process, small) == OK);
    KEXPECT(process->pages == count_pages(process));
    KEXPECT((vaddr_t)process_move_break(process, -8 * PAGE_SIZE_BYTES) ==
            PROCESS_BREAK_ADDRESS + 1030 * PAGE_SIZE_BYTES);
    KEXPECT(process->pages == count_pages(process));
    KEXPECT(init->used[FAMILY_PAGES] == before[FAMILY_PAGES] + fixed + process->pages);
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

/* There are pages enough, but no three side by side: the shell, and a new job of its, get one of
 * the stacks that are kept; a job's further processes do not. */
KTEST(family_kernel_stacks_when_memory_is_in_pieces)
{
    enum { EVERY = 4, FOR_INIT = TASK_SPARE_STACKS - 1 };
    struct process *processes[FOR_INIT] = {NULL}, *job = NULL, *further = NULL;
    struct list_node kept, piece;
    void *page;

    KEXPECT(ktest_mount());
    KEXPECT(process_load(INIT_PATH, NULL, &job) == OK); /* the disk cache has it now */
    process_destroy(job);
    list_initialise(&kept);
    list_initialise(&piece);
    /* Not of the pool: the kernel's part of it is one long run. */
    while ((page = pmm_alloc_page()) != NULL) {
        paddr_t frame = page_physical(page);
        bool is_piece =
            (frame < HEAP_ADDRESS || frame >= HEAP_END) && frame / PAGE_SIZE_BYTES % EVERY == 0;

        list_append(is_piece ? &piece : &kept, page);
    }
    while ((page = list_take_first(&piece)) != NULL) {
        pmm_free_page(page);
    }
    void *run = pmm_alloc_frames(TASK_STACK_PAGES);
    int job_status = process_load_job(INIT_PATH, NULL, true, &job);
    int further_status = OK, init_status = OK, last_status;
    if (job_status == OK) {
        struct task task;

        further_status = task_create(&task, job->chunk, &(struct user_start){0}, false);
    }
    for (int i = 0; i < FOR_INIT && init_status == OK; i++) {
        init_status = process_load(INIT_PATH, NULL, &processes[i]);
    }
    last_status = process_load(INIT_PATH, NULL, &further); /* these were all */
    for (int i = 0; i < FOR_INIT; i++) {
        if (processes[i]) {
            process_destroy(processes[i]);
        }
    }
    if (job_status == OK) {
        process_destroy(job);
    }
    while ((page = list_take_first(&kept)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(!run);
    KEXPECT(job_status == OK && init_status == OK);
    KEXPECT(further_status == -ENOMEM && last_status == -ENOMEM);
    KEXPECT(fs_unmount() == OK);
}
