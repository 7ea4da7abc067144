/*
 * tests/kernel/test_page_cache.c - files' contents in memory, on a real disk and in real address
 * spaces. What the cache does by itself is tested on the host (tests/host/test_page_object.c).
 */
#include "base/align.h"
#include "base/status.h"
#include "debug/printk.h"
#include "fs/file_object.h"
#include "fs/page_object.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "process/process.h"
#include "task/task.h"

#define INIT_PATH  "0:/init.elf"
#define TWICE_PATH "0:/large/twice.elf" /* reads and maps the next one */
#define FILE_PATH  "0:/large/file.bin"

static struct page_cache_stats stats(void)
{
    struct page_cache_stats now;

    page_cache_get_stats(&now);
    return now;
}

/* What lies at a file's position, by file_read(). */
static bool is_in_file(const char *path, uint32_t position, const void *bytes, size_t length)
{
    static uint8_t buffer[PAGE_SIZE_BYTES];
    struct file *file;
    bool is_same = false;

    if (length <= sizeof(buffer) && file_open(path, &file) == OK) {
        is_same = file_seek(file, position) == OK &&
                  file_read(file, buffer, length) == (int)length &&
                  memcmp(buffer, bytes, length) == 0;
        file_close(file);
    }
    return is_same;
}

/* Two who open a file, and one who maps it, have the same frames; and they stay when all have
 * closed it. */
KTEST(page_cache_two_opens_share_frames)
{
    struct page_object *contents[2];
    struct file *files[2];
    void *frames[2], *later;

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < 2; i++) {
        KEXPECT(file_open(INIT_PATH, &files[i]) == OK);
        KEXPECT(file_contents(files[i], &contents[i]) == OK);
        KEXPECT(page_object_get(contents[i], 1, &frames[i]) == OK);
    }
    KEXPECT(contents[0] == contents[1] && frames[0] == frames[1]);
    KEXPECT(page_of(frames[0])->holders == 3);
    KEXPECT(is_in_file(INIT_PATH, PAGE_SIZE_BYTES, frames[0], PAGE_SIZE_BYTES));
    for (size_t i = 0; i < 2; i++) {
        KEXPECT(!page_release(frames[i]));
        page_object_release(contents[i]);
        file_close(files[i]);
    }
    uint64_t misses = stats().misses;

    KEXPECT(file_open(INIT_PATH, &files[0]) == OK);
    KEXPECT(file_contents(files[0], &contents[0]) == OK);
    KEXPECT(page_object_get(contents[0], 1, &later) == OK);
    KEXPECT(later == frames[0] && stats().misses == misses);
    KEXPECT(fs_unmount() == -EINUSE);
    KEXPECT(!page_release(later));
    page_object_release(contents[0]);
    file_close(files[0]);
    KEXPECT(fs_unmount() == OK);
    KEXPECT(stats().pages == 0 && stats().idle == 0);
}

/* The first page of the program that can be executed. */
static vaddr_t text_of(struct process *process)
{
    struct area *area = area_from(&process->space, 0);

    while (area && !(area->rights & PAGE_EXECUTE)) {
        area = area_from(&process->space, area->end);
    }
    return area ? area->start : 0;
}

static paddr_t frame_at(const struct process *process, vaddr_t address)
{
    return page_entry_frame(paging_entry(process->space.chunk, address));
}

/* Text of two processes is there once; it leaves both when it is taken back, and comes back by a
 * fault of each. What one of them has written stays its own. */
KTEST(page_cache_takes_text_back_and_brings_it)
{
    struct process *processes[2];
    void *own;

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < 2; i++) {
        KEXPECT(process_load(INIT_PATH, NULL, &processes[i]) == OK);
    }
    vaddr_t text = text_of(processes[0]);

    KEXPECT(text);
    for (size_t i = 0; i < 2; i++) {
        KEXPECT(address_space_fault(&processes[i]->space, text, PAGE_EXECUTE) == OK);
    }
    paddr_t frame = frame_at(processes[0], text);
    struct page copy = *page_of(page_memory(frame));

    KEXPECT(frame && frame == frame_at(processes[1], text));
    KEXPECT(copy.holders == 3 && page_object_is_file(copy.object));
    KEXPECT(address_space_own_page(&processes[1]->space, text, &own) == -EINVARG ||
            page_physical(own) != frame);

    page_cache_forget();
    KEXPECT(stats().files == 0);
    KEXPECT(frame_at(processes[0], text) == 0);
    KEXPECT(!page_object_find(copy.object, copy.index));
    KEXPECT(address_space_fault(&processes[0]->space, text, PAGE_EXECUTE) == OK);
    KEXPECT(is_in_file(INIT_PATH, copy.index * PAGE_SIZE_BYTES,
                       page_memory(frame_at(processes[0], text)), 512));
    for (size_t i = 0; i < 2; i++) {
        process_destroy(processes[i]);
    }
    KEXPECT(fs_unmount() == OK);
    KEXPECT(stats().pages == 0);
}

static void touch(struct process *process, vaddr_t address)
{
    struct page_entry entry = paging_entry(process->space.chunk, address);

    paging_write(process->space.chunk, address, page_entry_change(entry, PAGE_FLAG_ACCESSED, 0));
}

/* Some pages of a file that no program shows. */
static bool read_some_pages(void)
{
    static uint8_t buffer[8 * PAGE_SIZE_BYTES];
    struct file *file;
    bool is_read = false;

    if (file_open(FILE_PATH, &file) == OK) {
        is_read = file_read(file, buffer, sizeof(buffer)) == (int)sizeof(buffer);
        file_close(file);
    }
    return is_read;
}

/* A page that one of two programs goes on touching stays until there is no other. */
KTEST(page_cache_spares_what_programs_touch)
{
    struct process *processes[2];

    KEXPECT(ktest_mount());
    for (size_t i = 0; i < 2; i++) {
        KEXPECT(process_load(INIT_PATH, NULL, &processes[i]) == OK);
    }
    vaddr_t text = text_of(processes[0]);

    KEXPECT(text && read_some_pages());
    (void)page_cache_shrink(1); /* no other page is marked as used any more */
    for (size_t i = 0; i < 2; i++) {
        (void)address_space_fault(&processes[i]->space, text, PAGE_EXECUTE);
    }
    paddr_t frame = frame_at(processes[0], text);

    KEXPECT(frame && frame == frame_at(processes[1], text));
    while (stats().files > 1) {
        (void)task_pause(); /* in one stretch, turns may cost only so much */
        touch(processes[1], text);
        KEXPECT(page_cache_shrink(1) > 0);
        KEXPECT(frame_at(processes[0], text) == frame && frame_at(processes[1], text) == frame);
    }
    (void)task_pause();
    KEXPECT(page_cache_shrink(1) == 1);
    KEXPECT(frame_at(processes[0], text) == 0 && frame_at(processes[1], text) == 0);
    for (size_t i = 0; i < 2; i++) {
        process_destroy(processes[i]);
    }
    KEXPECT(fs_unmount() == OK);
}

/* For the tables of a mapping, and small objects. */
#define LEFT_PAGES 8

/* Runs it with all other pages of the machine promised to somebody else. Its status. */
static int run_without_memory(struct process *process)
{
    size_t promised = pmm_get_available_pages() - LEFT_PAGES;

    if (!pmm_promise(promised)) {
        return -ENOMEM;
    }
    process_start(process, 0);
    task_run_all();
    pmm_give_back_promise(promised);
    return process->exit_status;
}

static uint32_t pages_of_objects(const struct address_space *space)
{
    const struct area *area = area_from(space, 0);
    uint32_t pages = 0;

    for (; area; area = area_from(space, area->end)) {
        pages += area->object ? (area->end - area->start) / PAGE_SIZE_BYTES : 0;
    }
    return pages;
}

static uint32_t pages_of_file(const char *path)
{
    struct file_stat stat = {0};
    struct file *file;

    if (file_open(path, &file) == OK) {
        file_stat(file, &stat);
        file_close(file);
    }
    return (stat.size + PAGE_SIZE_BYTES - 1) / PAGE_SIZE_BYTES;
}

/*
 * Nothing is left but the cache's own part, and a program reads a larger file. Its pages take each
 * other's places, and those of the program's text, which is then read again in the middle of it.
 */
KTEST(page_cache_serves_readers_when_memory_is_full)
{
    struct process *process;

    KEXPECT(ktest_mount());
    KEXPECT(process_load(TWICE_PATH, NULL, &process) == OK);
    page_cache_forget();

    uint64_t misses = stats().misses;
    uint32_t shown_before = process->space.faults.shown;
    uint32_t shown_once = pages_of_objects(&process->space) + pages_of_file(FILE_PATH);

    KEXPECT(run_without_memory(process) == 0);
    uint32_t shown = process->space.faults.shown - shown_before;

    process_destroy(process);
    printk("info: %u pages of files, %u times read, %u times shown\n", shown_once,
           (uint32_t)(stats().misses - misses), shown);
    KEXPECT(stats().misses - misses > 2 * PAGE_CACHE_PAGES_MIN);
    KEXPECT(stats().files <= PAGE_CACHE_PAGES_MIN + LEFT_PAGES);
    KEXPECT(shown > shown_once); /* some came back */
    KEXPECT(fs_unmount() == OK);
    kmem_reap();
}

/* Files' pages are free for everybody: as many frames can be had as without them. */
KTEST(page_cache_gives_its_frames_to_all)
{
    struct process *process;
    struct list_node taken;
    size_t count = 0;
    void *frame;

    size_t unmounted = pmm_get_available_pages();

    KEXPECT(ktest_mount());
    size_t before = pmm_get_available_pages();

    KEXPECT(process_load(TWICE_PATH, NULL, &process) == OK);
    process_start(process, 0);
    task_run_all();
    KEXPECT(process->exit_status == 0);
    process_destroy(process);
    kmem_reap();
    KEXPECT(stats().files > PAGE_CACHE_PAGES_MIN);
    list_initialise(&taken);
    while ((frame = pmm_alloc_page()) != NULL) {
        list_append(&taken, frame);
        count++;
    }
    KEXPECT(stats().files <= PAGE_CACHE_PAGES_MIN && stats().spare == 0);
    while ((frame = list_take_first(&taken)) != NULL) {
        pmm_free_page(frame);
    }
    printk("info: %u frames could be had before files were read, %u afterwards\n", (uint32_t)before,
           (uint32_t)count);
    KEXPECT(fs_unmount() == OK);
    kmem_reap();
    size_t later = pmm_get_available_pages();

    KEXPECT(later <= unmounted + 4 && later + 64 >= unmounted);
}

#define POOL_FRAMES 200

/* Takes all frames but some of the kernel's pool, where files' pages must lie then. */
static void take_all_but_some_of_the_pool(struct list_node *taken)
{
    size_t left = 0;
    void *frame;
    struct list_node rest;

    list_initialise(taken);
    list_initialise(&rest);
    while ((frame = pmm_alloc_page()) != NULL) {
        list_append(kheap_is_frames(frame) && left++ < POOL_FRAMES ? &rest : taken, frame);
    }
    while ((frame = list_take_first(&rest)) != NULL) {
        pmm_free_page(frame);
    }
}

/* Where files' pages lie in the kernel's pool, kmalloc() gets their places. */
KTEST(page_cache_leaves_the_pool_to_kmalloc)
{
    struct process *process;
    struct list_node taken, blocks;
    void *memory;

    KEXPECT(ktest_mount());
    KEXPECT(process_load(TWICE_PATH, NULL, &process) == OK);
    page_cache_forget();
    take_all_but_some_of_the_pool(&taken);
    process_start(process, 0);
    task_run_all();
    KEXPECT(process->exit_status == 0);

    size_t files = stats().files;

    list_initialise(&blocks);
    while ((memory = kmalloc(PAGE_SIZE_BYTES)) != NULL) {
        list_append(&blocks, memory);
    }
    size_t left = stats().files;

    while ((memory = list_take_first(&blocks)) != NULL) {
        kfree(memory);
    }
    while ((memory = list_take_first(&taken)) != NULL) {
        pmm_free_page(memory);
    }
    process_destroy(process);
    KEXPECT(files > 2 * PAGE_CACHE_PAGES_MIN);
    KEXPECT(left <= PAGE_CACHE_PAGES_MIN);
    KEXPECT(fs_unmount() == OK);
    kmem_reap();
}
