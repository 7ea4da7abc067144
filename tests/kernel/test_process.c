/*
 * tests/kernel/test_process.c - whole processes: loading, running, ending, and every way to fail.
 * The disk's init is programs/hello.
 */
#include "debug/printk.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/process.h"
#include "task/task.h"

#define INIT_PATH "0:/init.elf"

/* The disk cache has the program afterwards: what it takes is not counted in the tests below. */
static bool warm_up(void)
{
    struct process *process;
    int status = process_load(INIT_PATH, NULL, &process);

    if (status == OK) {
        process_destroy(process);
    }
    return status == OK;
}

static bool mount(void)
{
    return ktest_mount() && warm_up();
}

KTEST(process_load_and_destroy_returns_every_page)
{
    size_t pages, objects;
    struct process *process = NULL;

    KEXPECT(mount());
    pages = pmm_get_free_pages();
    objects = kmem_live_objects();
    for (int i = 0; i < 100; i++) {
        KEXPECT(process_load(INIT_PATH, NULL, &process) == OK);
        KEXPECT(pmm_get_free_pages() < pages);
        process_destroy(process);
    }
    kmem_reap();
    KEXPECT(kmem_live_objects() == objects);
    KEXPECT(fs_unmount() == OK);
}

/* Address space 12 KiB, user stack 16, kernel stack and guard 12, program and its table, and the
 * slabs of the first small objects. */
KTEST(process_costs_pages_not_megabytes)
{
    struct process *process = NULL;

    KEXPECT(mount());
    size_t before = pmm_get_free_pages();
    KEXPECT(process_load(INIT_PATH, NULL, &process) == OK);
    printk("info: one process of hello takes %u KiB\n",
           (uint32_t)(before - pmm_get_free_pages()) * 4);
    KEXPECT((before - pmm_get_free_pages()) * 4096 <= 80 * 1024);
    process_destroy(process);
    KEXPECT(fs_unmount() == OK);
}

/* Runs to its end in ring 3, a hundred times; the pages come back at exit, not later. */
KTEST(process_run_to_exit_returns_every_page)
{
    KEXPECT(mount());
    for (int i = 0; i < 100; i++) {
        struct process *process = NULL;

        KEXPECT(process_load(INIT_PATH, NULL, &process) == OK);
        size_t loaded = pmm_get_free_pages();
        process_start(process, 0);
        task_run_all();
        KEXPECT(process->task.state == TASK_ENDED);
        KEXPECT(process->exit_status == 0);
        KEXPECT(!process->space.chunk);
        KEXPECT(pmm_get_free_pages() > loaded);
        process_destroy(process);
    }
    KEXPECT(fs_unmount() == OK);
}

/* Not only when its status has been asked for. */
KTEST(process_exit_closes_files)
{
    struct process *process = NULL;

    KEXPECT(mount());
    KEXPECT(process_load("0:/reader.elf", NULL, &process) == OK);
    process_start(process, 0);
    task_run_all();
    KEXPECT(process->task.state == TASK_ENDED && process->exit_status == 0);
    int status = fs_unmount(); /* -EINUSE while a file is open */
    process_destroy(process);
    KEXPECT(status == OK);
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    while (count > 0 && bytes[count - 1] == 0) {
        count--;
    }
    return count == 0;
}

/* Where neither file nor arguments have put anything, a program finds zeros, not the frames' old
 * contents. None of hello's segments fills its last page. */
KTEST(process_load_leaves_nothing_of_what_frames_held)
{
    enum { FRAMES = 400, TAIL = 512 };
    struct process *process = NULL;
    struct list_node taken;
    void *page;
    size_t pages = 0;

    KEXPECT(mount());
    list_initialise(&taken);
    for (int i = 0; i < FRAMES; i++) {
        page = pmm_alloc_page();
        KEXPECT(page);
        memset(page, 0xA5, PAGE_SIZE_BYTES);
        list_append(&taken, page);
    }
    while ((page = list_take_first(&taken)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(process_load(INIT_PATH, NULL, &process) == OK);
    /* Each page, there already or brought by a touch. */
    for (vaddr_t address = USER_PROGRAM_ADDRESS; address_space_rights(&process->space, address);
         address += PAGE_SIZE_BYTES, pages++) {
        void *frame;

        KEXPECT(address_space_own_page(&process->space, address, &frame) == OK);
        const uint8_t *memory = frame;
        KEXPECT(is_zero(memory + PAGE_SIZE_BYTES - TAIL, TAIL));
    }
    KEXPECT(pages >= 3);
    for (vaddr_t address = USER_STACK_BOTTOM; address < USER_STACK_TOP;
         address += PAGE_SIZE_BYTES) {
        void *frame;

        KEXPECT(address_space_own_page(&process->space, address, &frame) == OK);
        const uint8_t *memory = frame;
        KEXPECT(is_zero(memory, TAIL));
    }
    process_destroy(process);
    KEXPECT(fs_unmount() == OK);
}

KTEST(process_several_at_once)
{
    enum { COUNT = 20 };
    static struct process *processes[COUNT];

    KEXPECT(mount());
    for (int i = 0; i < COUNT; i++) {
        KEXPECT(process_load(INIT_PATH, NULL, &processes[i]) == OK);
        process_start(processes[i], 0);
    }
    task_run_all();
    for (int i = 0; i < COUNT; i++) {
        KEXPECT(processes[i]->task.state == TASK_ENDED && processes[i]->exit_status == 0);
        process_destroy(processes[i]);
    }
    KEXPECT(fs_unmount() == OK);
}

KTEST(process_load_of_what_is_not_there)
{
    struct process *process = NULL;

    KEXPECT(mount());
    KEXPECT(process_load("0:/nobody.elf", NULL, &process) == -ENOENT);
    KEXPECT(process_load("0:/", NULL, &process) == -EISDIR);
    KEXPECT(process_load("1:/init.elf", NULL, &process) == -ENOENT);
    KEXPECT(process_load("0:init.elf", NULL, &process) == -EBADPATH);
    KEXPECT(process_load("", NULL, &process) == -EBADPATH);
    KEXPECT(!process);
    KEXPECT(fs_unmount() == OK);
}

/* Also from what the kernel keeps for later: what gives it back leaves some pages free. */
static void take_all_pages(struct list_node *taken)
{
    void *page;
    bool is_done = false;

    while (!is_done) {
        ktest_forget_caches();
        is_done = true;
        while ((page = pmm_alloc_page()) != NULL) {
            list_append(taken, page);
            is_done = false;
        }
    }
}

/* With n pages left, for every n up to success: an error, and nothing is lost. */
KTEST(process_load_out_of_memory_at_every_page)
{
    struct process *process = NULL;
    struct list_node taken;
    void *page;

    KEXPECT(mount());
    list_initialise(&taken);
    take_all_pages(&taken);
    uint32_t needed = 0;
    int status = -ENOMEM;
    bool is_lossless = true;
    for (; needed < 64 && status == -ENOMEM; needed++) {
        ktest_forget_caches(); /* what a load that failed has read stays there; it is not lost */
        size_t before = pmm_get_free_pages();

        status = process_load(INIT_PATH, NULL, &process);
        ktest_forget_caches();
        is_lossless = is_lossless && (status == OK || pmm_get_free_pages() == before);
        pmm_free_page(list_take_first(&taken));
    }
    if (status == OK) {
        process_destroy(process);
    }
    while ((page = list_take_first(&taken)) != NULL) {
        pmm_free_page(page);
    }
    KEXPECT(fs_unmount() == OK);
    printk("info: hello loads with %u pages\n", needed);
    KEXPECT(status == OK);
    KEXPECT(needed > USER_STACK_BYTES / PAGE_SIZE_BYTES); /* the chunk is the spare one */
    KEXPECT(is_lossless);
}
