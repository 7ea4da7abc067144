/*
 * tests/programs/guests/runner.c - init for programs with newlib: runs the command lines of run.txt
 * one after the other, and reports how each ended and whether all memory came back.
 *
 * A line "A & B" runs both at the same time, with A in front. Lines of its own begin with "[".
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/volume.h"

struct balance {
    unsigned pages;
    unsigned objects;
};

/* What the disk cache and empty slabs hold can be had back. */
static struct balance measure(void)
{
    struct memory_figures figures;
    struct balance balance = {0, 0};

    if (memory_figures(&figures) == 0) {
        balance.pages = figures.free_pages + figures.object_pages + figures.cache_pages;
        balance.objects = figures.objects - figures.cache_pages;
    }
    return balance;
}

static int start(const char *line, unsigned flags)
{
    struct command_argument *list = NULL;
    int result = command_split(line, &list);

    if (result > 0) {
        result = process_spawn(list, flags);
    }
    command_free(list);
    return result;
}

/* What a line has left in /tmp is not lost memory: its files go. */
static void empty_memory_drive(void)
{
    uint64_t buffer[DIRECTORY_RECORD_BYTES_MAX / sizeof(uint64_t)];
    const struct directory_record *record = (const void *)buffer;
    bool has_more = true;

    while (has_more) {
        char path[sizeof("/tmp/") + sizeof(buffer)];
        intptr_t folder = syscall_open_file("/tmp", OPEN_READ | OPEN_DIRECTORY);
        intptr_t bytes = syscall_list_directory((int)folder, buffer, sizeof(buffer));

        syscall_close((int)folder);
        has_more = bytes > 0;
        if (has_more) {
            snprintf(path, sizeof(path), "/tmp/%s", record->name);
            has_more = syscall_remove(path, REMOVE_FILE) == 0;
        }
    }
}

static void run(char *line)
{
    struct balance before = measure();
    unsigned flags = SPAWN_FRONT;
    int status;

    printf("[%s]\n", line);
    for (char *next; line; line = next) {
        next = strchr(line, '&');
        if (next) {
            *next++ = '\0';
        }
        int pid = start(line, flags);
        if (pid < 0) {
            printf("[not started: %d]\n", pid);
        }
        flags = 0;
    }
    while (process_wait(WAIT_ANY, &status) > 0) {
        printf("[status %d]\n", status);
    }
    empty_memory_drive();
    process_sleep(10); /* the idle task buries what has ended */
    struct balance after = measure();
    if (after.pages != before.pages || after.objects != before.objects) {
        printf("[memory: %d pages and %d objects did not come back]\n",
               (int)(before.pages - after.pages), (int)(after.objects - before.objects));
    } else {
        puts("[memory is back]");
    }
}

int main(void)
{
    static char text[4096];
    int file = file_open("run.txt");
    int length = file_read(file, text, sizeof(text) - 1);

    struct command_argument *list = NULL;

    file_close(file);
    if (length < 0) {
        puts("[there is no run.txt]");
        return 1;
    }
    /* malloc() takes what it needs for a line before anything is measured, and keeps it. */
    if (command_split("1 2 3 4 5 6 7 8", &list) > 0) {
        command_free(list);
    }
    for (char *line = text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) {
            *next++ = '\0';
        }
        run(line);
    }
    puts("[end]");
    return 0;
}
