/*
 * system_drupe.c - Drupe, as rows.h asks for it, and the rows that it alone has.
 */
#include <drupe.h>
#include <stdlib.h>
#include <string.h>

#include "abi/volume.h"
#include "bare_call.h"
#include "rows.h"

void system_begin(void)
{
}

void system_end(int status)
{
    exit(status);
}

void system_cheapest_call(void)
{
    bare_call(SYSCALL_GETPID);
}

void *system_get(size_t bytes)
{
    return page_malloc(bytes);
}

void system_give_back(void *memory, size_t bytes)
{
    (void)bytes;
    if (page_free(memory) != 0) {
        give_up("call 5 refused what call 4 gave");
    }
}

uint32_t system_free_pages(void)
{
    struct memory_figures figures;
    if (memory_figures(&figures) != 0) {
        give_up("no figures of the memory");
    }
    return figures.free_pages + figures.promised_pages; /* what is only promised nobody has */
}

volatile char *system_map(size_t bytes)
{
    struct memory_mapping mapping = {
        .length = bytes,
        .rights = MAPPING_READ | MAPPING_WRITE,
        .flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS,
        .descriptor = -1,
    };
    intptr_t memory = syscall_map(&mapping);
    if (memory < 0 && memory >= -SYSCALL_ERROR_MAX) {
        give_up("no memory to map");
    }
    return (volatile char *)memory;
}

void system_unmap(volatile char *memory, size_t bytes)
{
    if (syscall_unmap((uintptr_t)memory, bytes) != 0) {
        give_up("memory could not be unmapped");
    }
}

int system_fork(void)
{
    int pid = (int)syscall_fork();
    if (pid < 0) {
        give_up("fork was refused");
    }
    return pid;
}

void system_execute(const char *program)
{
    char *const arguments[] = {(char *)program, NULL};
    syscall_execute(program, arguments, NULL);
}

void system_exit(int status)
{
    syscall_exit_status(status);
    __builtin_unreachable();
}

void system_idle(void)
{
    for (;;) {
        syscall_sleep(1000000);
    }
}

void system_let_others_run(void)
{
    syscall_yield();
}

int system_start(const char *program, const char *argument)
{
    static struct command_argument words[2];
    strcpy(words[0].argument, program);
    words[0].next = argument != NULL ? &words[1] : NULL;
    if (argument != NULL) {
        strcpy(words[1].argument, argument);
    }
    int pid = process_spawn(words, 0);
    if (pid < 0) {
        give_up("a program could not be started");
    }
    return pid;
}

void system_wait(int pid)
{
    int status;
    if (process_wait(pid, &status) != pid) {
        give_up("a child could not be waited for");
    }
}

void system_kill(int pid)
{
    process_kill(pid);
}

/* ---------------------------------------------------------------- files */

/* The result of a call, which is no error and, if it counts bytes, all of them. */
static intptr_t sure(intptr_t result, const char *what)
{
    if (result < 0) {
        give_up(what);
    }
    return result;
}

static void all(intptr_t result, size_t bytes, const char *what)
{
    if (result != (intptr_t)bytes) {
        give_up(what);
    }
}

void system_mount(void)
{
}

int system_open(const char *path)
{
    return (int)sure(syscall_open_file(path, OPEN_READ), path);
}

int system_create(const char *path)
{
    return (int)sure(syscall_open_file(path, OPEN_READ | OPEN_WRITE | OPEN_CREATE | OPEN_EXCLUSIVE),
                     path);
}

void system_close(int file)
{
    sure(syscall_close(file), "a file could not be closed");
}

void system_read(int file, void *buffer, size_t bytes)
{
    all(syscall_read(file, buffer, bytes), bytes, "a read was short");
}

void system_write(int file, const void *buffer, size_t bytes)
{
    all(syscall_write_file(file, buffer, bytes), bytes, "a write was short");
}

void system_sync(int file)
{
    sure(syscall_sync_file(file), "a file could not be brought to the disk");
}

void system_seek(int file, uint32_t position)
{
    int64_t place = position;
    sure(syscall_seek_file(file, &place, FILE_SEEK_SET), "a position could not be set");
}

void system_read_at(int file, uint32_t position, void *buffer, size_t bytes)
{
    const struct file_transfer transfer = {position, (uintptr_t)buffer, bytes};
    all(syscall_read_at(file, &transfer), bytes, "a read at a position was short");
}

void system_write_at(int file, uint32_t position, const void *buffer, size_t bytes)
{
    const struct file_transfer transfer = {position, (uintptr_t)buffer, bytes};
    all(syscall_write_at(file, &transfer), bytes, "a write at a position was short");
}

void system_ask(int file)
{
    struct file_details details;
    sure(syscall_stat_file(file, NULL, &details), "nothing is known about an open file");
}

void system_ask_by_name(const char *path)
{
    struct file_details details;
    sure(syscall_stat_file(0, path, &details), path);
}

void system_make_folder(const char *path)
{
    sure(syscall_make_directory(path), path);
}

unsigned system_list(int folder)
{
    static uint64_t buffer[4096 / sizeof(uint64_t)];
    unsigned entries = 0;
    intptr_t bytes;

    system_seek(folder, 0);
    while ((bytes = sure(syscall_list_directory(folder, buffer, sizeof(buffer)), "a folder")) > 0) {
        const char *record = (const char *)buffer;
        for (const char *end = record + bytes; record < end;
             record += ((const struct directory_record *)(const void *)record)->bytes) {
            entries++;
        }
    }
    return entries;
}

void system_remove(const char *path)
{
    sure(syscall_remove(path, REMOVE_FILE), path);
}

void system_pipe(int ends[2])
{
    sure(syscall_pipe(ends), "no pipe");
}

size_t system_read_some(int end, void *buffer, size_t bytes)
{
    return (size_t)sure(syscall_read(end, buffer, bytes), "a pipe could not be read");
}

/* ---------------------------------------------------------------- memory nearly full */

#define LEFT 16u

static void one_page(void)
{
    volatile char *memory = page_malloc(PAGE_BYTES);
    if (memory == NULL) {
        give_up("no page where a few are free");
    }
    *memory = 1;
    page_free((void *)memory);
}

/* The pages are chained by their first words, as there is no room for a list. */
static uint32_t page_when_nearly_full(void)
{
    void **last = NULL;
    for (void **page; (page = page_malloc(PAGE_BYTES)) != NULL; last = page) {
        *page = last;
    }
    for (uint32_t i = 0; i < LEFT && last != NULL; i++) {
        void **before = *last;
        page_free(last);
        last = before;
    }
    uint32_t cost = cost_of(one_page, 100);
    while (last != NULL) {
        void **before = *last;
        page_free(last);
        last = before;
    }
    return cost;
}

/* ---------------------------------------------------------------- turns */

static void call_yield(void)
{
    bare_call(SYSCALL_YIELD);
}

static uint32_t yield_alone(void)
{
    return cost_of(call_yield, 1000);
}

/* Half of there and back, less the call. */
static uint32_t task_switch(void)
{
    int partner = system_start("yielder.elf", NULL);
    uint32_t there_and_back = cost_of(call_yield, 1000);
    system_kill(partner);
    system_wait(partner);
    return there_and_back / 2 - cost_of(system_cheapest_call, 1000);
}

const struct row system_rows[] = {
    {"get, touch, free a page, memory nearly full", page_when_nearly_full, GOAL(1900)},
    {"yield, no other process", yield_alone, NO_GOAL},
    {"task switch: half of yield there and back, less call", task_switch, GOALS(90, 114)},
    {NULL, NULL, 0},
};
