/*
 * walk.c - address translation: one address in words, or a whole address space.
 *
 *   31          22 21          12 11           0
 *  +--------------+--------------+--------------+
 *  |  directory   |    table     |    offset    |   4 KiB page
 *  +--------------+--------------+--------------+
 *  |  directory   |           offset            |   4 MiB page
 *  +--------------+-----------------------------+
 *
 * Intel SDM volume 3, section 4.3; the bits of an entry are in tables 4-4 to 4-6.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "mem.h"

#define PAGES_A_TABLE 1024u
#define PAGES         (1u << 20) /* of an address space */
#define PAGE_KIB      4
#define COLUMNS       80 /* of the screen; the last stays free */

#define PRESENT  0x001u
#define WRITABLE 0x002u
#define USER     0x004u
#define LARGE    0x080u
#define FLAGS    0xFFFu
#define RIGHTS   (PRESENT | WRITABLE | USER)

static const struct {
    uint32_t flag;
    const char *if_set;
    const char *if_clear; /* "": nothing is said then */
} flags[] = {
    {WRITABLE, "writeable", "read-only"},
    {USER, "for all", "for the kernel"},
    {0x008, "write-through", ""},
    {0x010, "uncached", ""},
    {0x020, "accessed", ""},
    {0x040, "dirty", ""},
    {LARGE, "4 MiB", ""},
    {0x100, "global", ""},
};

/* Continues a line that has that many characters; goes on in the next where the screen ends. */
static void print_flags(int column, uint32_t entry)
{
    if (!(entry & PRESENT)) {
        puts("not present");
        return;
    }
    column += printf("present");
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        const char *word = entry & flags[i].flag ? flags[i].if_set : flags[i].if_clear;
        size_t length = strlen(word);

        if (length == 0) {
            continue;
        }
        if (column + 2 + (int)length < COLUMNS) {
            column += printf(", %s", word);
        } else {
            column = printf(",\n    %s", word) - 2;
        }
    }
    print("\n");
}

/* What layout.h says lies there. */
static const struct {
    uint32_t start;
    const char *what;
} ranges[] = {
    {0, "NULL"},
    {PAGE_SIZE_BYTES, "low memory"},
    {HEAP_TABLE_ADDRESS / PAGE_SIZE_BYTES * PAGE_SIZE_BYTES, "heap table and index"},
    {HEAP_TABLE_AREA_END, "BIOS, VGA, ROM"},
    {KERNEL_ADDRESS, "kernel"},
    {USER_STACK_GUARD, "guard page"},
    {USER_STACK_BOTTOM, "user stack"},
    {USER_STACK_TOP, "guard page"},
    {USER_PROGRAM_ADDRESS, "user program"},
    {HEAP_ADDRESS, "kernel heap pool"},
    {FRAME_ZONE_ADDRESS, "frame zone"},
    {PROCESS_HEAP_ADDRESS, "process heap"},
    {WINDOW_ADDRESS, "window: 4-16 MiB"},
    {WINDOW_END, "unused"},
    {VMALLOC_ADDRESS, "kernel byte heap"},
    {MMIO_ADDRESS, "devices"},
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))

static unsigned range_of(uint32_t address)
{
    unsigned i = RANGES - 1;

    while (ranges[i].start > address) {
        i--;
    }
    return i;
}

/* Where the RAM that the kernel manages ends: the map has room for more. The window's runs come
 * after it. */
static uint32_t find_ram_end(void)
{
    struct memory_run run = {0};
    uint32_t end = 0;

    while (memory_look(MEMORY_LOOK_RUN, end, &run) == 0 && run.start < WINDOW_ADDRESS) {
        end = run.start + run.pages * PAGE_SIZE_BYTES;
    }
    return end;
}

/* What lies at address, and in *end where something else begins; 0 is 4 GiB. */
static const char *what_is_at(uint32_t address, uint32_t ram_end, uint32_t *end)
{
    unsigned range = range_of(address);

    *end = range + 1 < RANGES ? ranges[range + 1].start : 0;
    if (address < HEAP_ADDRESS || address >= PROCESS_HEAP_ADDRESS) {
        return ranges[range].what;
    }
    if (address >= ram_end) {
        *end = PROCESS_HEAP_ADDRESS;
        return "no RAM";
    }
    if (*end > ram_end) {
        *end = ram_end;
    }
    return ranges[range].what;
}

static int no_such_process(uint32_t pid)
{
    printf("mem: there is no process %u.\n", pid);
    return EXIT_FAILURE;
}

int show_walk(uint32_t address, uint32_t pid)
{
    struct memory_walk walk = {.pid = pid};

    if (memory_look(MEMORY_LOOK_WALK, address, &walk) < 0) {
        return no_such_process(pid);
    }
    printf("%08x: %s\n", address, ranges[range_of(address)].what);
    int column = printf("  directory entry %u: %08x ", address / LARGE_PAGE_SIZE_BYTES,
                        walk.directory_entry);
    print_flags(column, walk.directory_entry);

    uint32_t last = walk.directory_entry;
    uint32_t page_bytes = LARGE_PAGE_SIZE_BYTES;
    if (last & PRESENT && !(last & LARGE)) {
        last = walk.table_entry;
        page_bytes = PAGE_SIZE_BYTES;
        column =
            printf("  entry %u of the table at %08x: %08x ",
                   address / PAGE_SIZE_BYTES % PAGES_A_TABLE, walk.directory_entry & ~FLAGS, last);
        print_flags(column, last);
    }
    if (!(last & PRESENT)) {
        puts("  Touching it causes a page fault.");
    } else {
        printf("  It lies at %08x in physical memory.\n",
               last / page_bytes * page_bytes + address % page_bytes);
    }
    return EXIT_SUCCESS;
}

/* Rights at address, 0 if nothing is mapped, and for how many pages from there on at least. */
static int rights_at(uint32_t pid, uint32_t address, uint32_t *rights, uint32_t *pages)
{
    struct memory_walk walk = {.pid = pid};

    if (memory_look(MEMORY_LOOK_WALK, address, &walk) < 0) {
        return -ENOENT;
    }
    uint32_t entry = walk.directory_entry;
    if (entry & PRESENT && !(entry & LARGE)) {
        entry = walk.table_entry;
        *pages = 1;
    } else {
        *pages = PAGES_A_TABLE - address / PAGE_SIZE_BYTES % PAGES_A_TABLE;
    }
    *rights = entry & PRESENT ? entry & RIGHTS : 0;
    return 0;
}

static void print_stretch(uint32_t start, uint32_t end, const char *what, uint32_t rights)
{
    static const char *const words[] = {"read-only, kernel", "writeable, kernel", "read-only, all",
                                        "writeable, all"};

    printf("%08x-%08x %-20s %8u KiB  %s\n", start * PAGE_SIZE_BYTES, end * PAGE_SIZE_BYTES - 1,
           what, (end - start) * PAGE_KIB, rights == 0 ? "not mapped" : words[rights / WRITABLE]);
}

int show_layout(uint32_t pid)
{
    uint32_t ram_end = find_ram_end();
    uint32_t start = 0;
    uint32_t start_rights = 0;
    const char *start_what = "";
    uint32_t count;

    for (uint32_t page = 0; page < PAGES; page += count) {
        uint32_t rights;
        uint32_t end;
        const char *what = what_is_at(page * PAGE_SIZE_BYTES, ram_end, &end);

        if (rights_at(pid, page * PAGE_SIZE_BYTES, &rights, &count) < 0) {
            return no_such_process(pid);
        }
        /* Some ranges end inside of 4 MiB. */
        uint32_t end_page = end != 0 ? end / PAGE_SIZE_BYTES : PAGES;
        if (page + count > end_page) {
            count = end_page - page;
        }
        if (page > 0 && (rights != start_rights || what != start_what)) {
            print_stretch(start, page, start_what, start_rights);
            start = page;
        }
        start_rights = rights;
        start_what = what;
    }
    print_stretch(start, PAGES, start_what, start_rights);
    return EXIT_SUCCESS;
}
