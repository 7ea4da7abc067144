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
 * On a kernel of 64 bits there are four steps, of 9 bits each, and pages of 4 KiB, 2 MiB and 1 GiB.
 *
 * Intel SDM volume 3, sections 4.3 and 4.5; the bits of an entry are in tables 4-4 to 4-6 and 4-15
 * to 4-20.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "mem.h"
#include "ranges.h"

#define ADDRESS_DIGITS ((int)sizeof(uintptr_t) * 2)

#define PAGE_BITS 12
#define PAGE_KIB  4
#define COLUMNS   80 /* of the screen; the last stays free */

#define PRESENT  0x001u
#define WRITABLE 0x002u
#define USER     0x004u
#define LARGE    0x080u
#define FRAME    0x000FFFFFFFFFF000ull
#define RIGHTS   (PRESENT | WRITABLE | USER)

static const struct {
    uint64_t flag;
    const char *if_set;
    const char *if_clear; /* "": nothing is said then */
} flags[] = {
    {WRITABLE, "writeable", "read-only"},
    {USER, "for all", "for the kernel"},
    {0x008, "write-through", ""},
    {0x010, "uncached", ""},
    {0x020, "accessed", ""},
    {0x040, "dirty", ""},
    {LARGE, NULL, ""}, /* the page's size */
    {0x100, "global", ""},
    {1ull << 63, "not executable", ""},
};

/* Bits of an address that choose an entry in one step of count, 0 the first; and those below
 * them. */
static unsigned index_bits(unsigned count)
{
    return count == 2 ? 10 : 9;
}

static unsigned offset_bits(unsigned count, unsigned step)
{
    return PAGE_BITS + index_bits(count) * (count - 1 - step);
}

static unsigned index_of(uintptr_t address, unsigned count, unsigned step)
{
    unsigned bits = offset_bits(count, step);

    return bits < 8 * sizeof(address) ? address >> bits & ((1u << index_bits(count)) - 1) : 0;
}

/* The step at which the translation ends: with a page, or with nothing. */
static unsigned last_step(const struct memory_levels *levels)
{
    unsigned step = 0;

    while (step + 1 < levels->count && levels->entries[step] & PRESENT &&
           !(levels->entries[step] & LARGE)) {
        step++;
    }
    return step;
}

static const char *size_of_page(unsigned bits)
{
    return bits == 30 ? "1 GiB" : bits == 22 ? "4 MiB" : "2 MiB";
}

/* Continues a line that has that many characters; goes on in the next where the screen ends. bits:
 * of the offset, if it maps a page. */
static void print_flags(int column, uint64_t entry, unsigned bits)
{
    if (!(entry & PRESENT)) {
        puts("not present");
        return;
    }
    column += printf("present");
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        const char *word = entry & flags[i].flag ? flags[i].if_set : flags[i].if_clear;
        if (word == NULL) {
            word = size_of_page(bits);
        }
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
    puts("");
}

static unsigned range_of(uintptr_t address)
{
    size_t i = range_count - 1;

    while (ranges[i].start > address) {
        i--;
    }
    return (unsigned)i;
}

/* Where the RAM that the kernel manages ends, as an address: the map has room for more. */
static uintptr_t find_ram_end(void)
{
    struct memory_run run = {0};
    uintptr_t end = 0;

    while (memory_look(MEMORY_LOOK_RUN, end, &run) == 0 && run.start < ram_range.runs_end) {
        end = run.start + run.pages * PAGE_SIZE_BYTES;
    }
    return end - ram_range.physical + ram_range.start;
}

/* What lies at address, and in *end where something else begins; 0 is the address space's end. */
static const char *what_is_at(uintptr_t address, uintptr_t ram_end, uintptr_t *end)
{
    unsigned range = range_of(address);

    *end = range + 1 < range_count ? ranges[range + 1].start : 0;
    if (address < ram_range.start || address >= ram_range.end) {
        return ranges[range].what;
    }
    if (address >= ram_end) {
        *end = ram_range.end;
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

int show_walk(uintptr_t address, uint32_t pid)
{
    struct memory_levels levels = {.pid = pid};

    if (memory_look(MEMORY_LOOK_LEVELS, address, &levels) < 0) {
        return no_such_process(pid);
    }
    unsigned last = last_step(&levels);
    int digits = levels.count == 2 ? 8 : 16;
    uint64_t entry = 0;

    printf("%0*lx: %s\n", ADDRESS_DIGITS, (unsigned long)address, ranges[range_of(address)].what);
    for (unsigned step = 0; step <= last; step++) {
        uint64_t table = entry & FRAME;
        unsigned index = index_of(address, levels.count, step);
        int column;

        entry = levels.entries[step];
        if (step == 0) {
            column = printf("  %s entry %u: %0*llx ", levels.count == 2 ? "directory" : "root",
                            index, digits, (unsigned long long)entry);
        } else {
            column = printf("  entry %u of the table at %08llx: %0*llx ", index,
                            (unsigned long long)table, digits, (unsigned long long)entry);
        }
        print_flags(column, entry, offset_bits(levels.count, step));
    }
    if (!(entry & PRESENT)) {
        puts("  Touching it causes a page fault.");
    } else {
        uint64_t offset_mask = (1ull << offset_bits(levels.count, last)) - 1;

        printf("  It lies at %08llx in physical memory.\n",
               (unsigned long long)((entry & FRAME & ~offset_mask) | (address & offset_mask)));
    }
    return EXIT_SUCCESS;
}

/* Rights at address, 0 if nothing is mapped, and for how many bytes from there on at least. */
static int rights_at(uint32_t pid, uintptr_t address, unsigned *rights, uintptr_t *bytes)
{
    struct memory_levels levels = {.pid = pid};

    if (memory_look(MEMORY_LOOK_LEVELS, address, &levels) < 0) {
        return -ENOENT;
    }
    unsigned last = last_step(&levels);
    unsigned bits = offset_bits(levels.count, last);
    uint64_t entry = levels.entries[last];

    *bytes = bits < 8 * sizeof(address)
                 ? ((uintptr_t)1 << bits) - (address & (((uintptr_t)1 << bits) - 1))
                 : 0 - address; /* all that a 32-bit program has */
    *rights = entry & PRESENT ? (unsigned)entry & RIGHTS : 0;
    return 0;
}

static void print_stretch(uintptr_t start, uintptr_t end, const char *what, unsigned rights)
{
    static const char *const words[] = {"read-only, kernel", "writeable, kernel", "read-only, all",
                                        "writeable, all"};

    printf("%0*lx-%0*lx %-20s ", ADDRESS_DIGITS, (unsigned long)start, ADDRESS_DIGITS,
           (unsigned long)(end - 1), what);
    if (ADDRESS_DIGITS == 8) { /* else the line has no room for it */
        printf("%8u KiB  ", (unsigned)((end - start) / PAGE_SIZE_BYTES) * PAGE_KIB);
    }
    puts(rights == 0 ? "not mapped" : words[rights / WRITABLE]);
}

int show_layout(uint32_t pid)
{
    uintptr_t ram_end = find_ram_end();
    uintptr_t start = 0, address = 0;
    unsigned start_rights = 0;
    const char *start_what = ranges[0].what;

    do {
        unsigned rights;
        uintptr_t end, bytes;
        const char *what = what_is_at(address, ram_end, &end);

        if (what == no_address) {
            rights = 0;
            bytes = end - address;
        } else if (rights_at(pid, address, &rights, &bytes) < 0) {
            return no_such_process(pid);
        }
        if (address > 0 && (rights != start_rights || what != start_what)) {
            print_stretch(start, address, start_what, start_rights);
            start = address;
        }
        /* Some ranges end inside of what an entry covers. The last one of all covers the end: 0. */
        address = bytes > end - address ? end : address + bytes;
        start_rights = rights;
        start_what = what;
    } while (address != 0);
    print_stretch(start, 0, start_what, start_rights);
    return EXIT_SUCCESS;
}
