/*
 * mem - where the memory is. It shows the kernel's two stores (the heap's pool and the frames
 * beyond it), the small objects that are cut out of the pool's pages, what is kept of the disk, and
 * what is promised; in map.c, areas.c and walk.c where exactly.
 */
#include <ctype.h>
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define USAGE                                                                          \
    "Usage: mem                      how much there is and who has it, in KiB\n"       \
    "       mem map                  every block of the kernel, drawn, by owner\n"     \
    "       mem map live             the same, drawn again until a key is pressed\n"   \
    "       mem areas [PID]          what its addresses mean, and how much is there\n" \
    "       mem walk ADDRESS [PID]   how an address is translated, by that process\n"  \
    "       mem layout [PID]         what its address space holds, range by range\n"   \
    "       mem trace PROGRAM ...    runs it; a line for each allocation and free\n"
#define PAGE_KIB 4

static void show_pages(const char *what, uint32_t pages, const char *remark)
{
    printf("%-28s %10u KiB%s\n", what, pages * PAGE_KIB, remark);
}

/* In tenths of a per cent; without overflow for counts near 2^32. */
static uint32_t share(uint32_t part, uint32_t other)
{
    while (part > 1000000 || other > 1000000) {
        part /= 2;
        other /= 2;
    }
    return part + other == 0 ? 0 : part * 1000 / (part + other);
}

/* How often what was wanted was there. */
static void show_found(const char *what, uint32_t hits, uint32_t misses)
{
    uint32_t rate = share(hits, misses);

    printf("  %-7s found there        %10u of %u (%u.%u %%)\n", what, hits, hits + misses,
           rate / 10, rate % 10);
}

static int show_figures(void)
{
    struct memory_figures now;
    int status = memory_figures(&now);
    if (status < 0) {
        printf("mem: no figures: %s.\n", error_text(status));
        return EXIT_FAILURE;
    }
    show_pages("Managed by the kernel", now.total_pages, "");
    show_pages("  free", now.free_pages, "");
    show_pages("Kernel heap's pool", now.pool_pages, ", of these");
    show_pages("  free", now.pool_free_pages, "");
    show_pages("  longest free run", now.largest_run_pages, "");
    show_pages("Pages of small objects", now.object_pages, "");
    printf("  objects                    %10u\n", now.objects);
    show_pages("Disk cache", now.cache_pages, "");
    show_found("sectors", now.cache_hits, now.cache_misses);
    show_pages("Files' contents", now.file_pages, "");
    show_found("pages", now.file_hits, now.file_misses);
    show_pages("Promised, not taken yet", now.promised_pages, "");
    printf("Processes                    %10u\n", now.processes);
    show_pages("  this one", now.own_pages, "");
    return EXIT_SUCCESS;
}

/* All of text as a number; with base 16, 0x may come before it. */
static int read_number(const char *text, unsigned base, uintptr_t *number)
{
    static const char digits[] = "0123456789abcdef";
    uintptr_t value = 0;

    if (base == 16 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
    }
    if (*text == '\0') {
        return -EINVARG;
    }
    for (; *text != '\0'; text++) {
        const char *place = strchr(digits, tolower(*text));
        uint32_t digit = place != NULL ? (uint32_t)(place - digits) : base;
        if (digit >= base || value > (UINTPTR_MAX - digit) / base) {
            return -EINVARG;
        }
        value = value * base + digit;
    }
    *number = value;
    return 0;
}

static int read_pid(const char *text, uint32_t *pid)
{
    uintptr_t number;

    if (read_number(text, 10, &number) < 0 || number > UINT32_MAX) {
        return -EINVARG;
    }
    *pid = (uint32_t)number;
    return 0;
}

/* Starts the program that the first word names: of the working folder or, if no folder is named, of
 * the root; with ".elf" where there is none without. words ends with NULL. */
static int start(char **words)
{
    static const char *const places[] = {"%s", "%s.elf", "/%s", "/%s.elf"};
    size_t count = strchr(words[0], '/') ? 2 : 4;
    int pid = -ENOENT;

    for (size_t i = 0; pid == -ENOENT && i < count; i++) {
        char path[COMMAND_ARGUMENT_BYTES];

        if (snprintf(path, sizeof(path), places[i], words[0]) >= (int)sizeof(path)) {
            return -EBADPATH;
        }
        pid = process_spawn_program(
            &(struct spawn_request){.path = path, .arguments = words, .flags = SPAWN_FRONT});
    }
    return pid;
}

/* The trace is on until this process turns it off, or ends: so it cannot be left on. */
static int trace_program(char **words)
{
    int status = 0;

    if (memory_look(MEMORY_LOOK_TRACE, 1, NULL) < 0) {
        puts("mem: a program in the background cannot turn on the trace.");
        return EXIT_FAILURE;
    }
    int pid = start(words);
    if (pid > 0) {
        process_wait(pid, &status);
    }
    memory_look(MEMORY_LOOK_TRACE, 0, NULL);
    if (pid < 0) {
        printf("mem: '%s' cannot be started: %s.\n", words[0], error_text(pid));
        return EXIT_FAILURE;
    }
    return status;
}

int main(int argc, char **argv)
{
    uintptr_t address = 0;
    uint32_t pid = 0;

    if (show_help(argc, argv, USAGE)) {
        return EXIT_SUCCESS;
    }
    if (argc <= 1) {
        return show_figures();
    }
    const char *what = argv[1];
    if (strcmp(what, "map") == 0 && argc == 2) {
        return show_map();
    }
    if (strcmp(what, "map") == 0 && argc == 3 && strcmp(argv[2], "live") == 0) {
        return show_live_map();
    }
    if (strcmp(what, "walk") == 0 && (argc == 3 || argc == 4) &&
        read_number(argv[2], 16, &address) == 0 && (argc == 3 || read_pid(argv[3], &pid) == 0)) {
        return show_walk(address, pid);
    }
    if (strcmp(what, "layout") == 0 && (argc == 2 || (argc == 3 && read_pid(argv[2], &pid) == 0))) {
        return show_layout(pid);
    }
    if (strcmp(what, "areas") == 0 && (argc == 2 || (argc == 3 && read_pid(argv[2], &pid) == 0))) {
        return show_areas(pid);
    }
    if (strcmp(what, "trace") == 0 && argc >= 3) {
        return trace_program(argv + 2);
    }
    dprintf(FILE_ERRORS, "%s", USAGE);
    return EXIT_USAGE;
}
