/*
 * map.c - the kernel's blocks as a picture: a character for so many of them.
 *
 * Who has a block is known by the kernel's function that asked for it. The picture is in capitals
 * where no block is free, and in colours, for those who see them.
 */
#include <drupe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define COLUMNS  64
#define ROWS     16
#define OWNERS   64
#define PAGE_KIB 4
#define PAGE     4096

/* A serial line takes a fifth of a second for one picture. */
#define REST_MS 300

/* ECMA-48: to the top left; blanks from the cursor to the screen's end. */
#define HOME           "\x1B[H"
#define ERASE_THE_REST "\x1B[J"
#define ESCAPE         0x1B

enum owner { FREE, KERNEL, CACHE, TABLES, PROCESSES, RESERVED, KINDS };

static const struct {
    char letter, capital;
    int color; /* ECMA-48's number of the background */
    const char *name;
} kinds[KINDS] = {
    [FREE] = {'.', '.', 40, "free"},           [KERNEL] = {'k', 'K', 44, "kernel"},
    [CACHE] = {'c', 'C', 46, "disk cache"},    [TABLES] = {'t', 'T', 45, "page tables"},
    [PROCESSES] = {'p', 'P', 42, "processes"}, [RESERVED] = {'#', '#', 41, "reserved"},
};

/* The beginnings of the names of functions that ask for blocks; all others are the kernel's. */
static const struct {
    const char *start;
    enum owner owner;
} functions[] = {
    {"block_cache_", CACHE},       {"new_block", CACHE},
    {"paging_", TABLES},           {"make_private_table", TABLES},
    {"user_page", PROCESSES},      {"process_load", PROCESSES},
    {"load_", PROCESSES},          {"map_new_page", PROCESSES},
    {"process_malloc", PROCESSES}, {"process_move_break", PROCESSES},
};

static struct {
    uint32_t address;
    enum owner owner;
} known[OWNERS];
static unsigned known_count;

static enum owner find_owner(uint32_t address)
{
    char name[MEMORY_NAME_BYTES];
    enum owner owner = KERNEL;

    for (unsigned i = 0; i < known_count; i++) {
        if (known[i].address == address) {
            return known[i].owner;
        }
    }
    if (memory_look(MEMORY_LOOK_NAME, address, name) == 0) {
        for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
            if (strncmp(name, functions[i].start, strlen(functions[i].start)) == 0) {
                owner = functions[i].owner;
            }
        }
    }
    if (known_count < OWNERS) {
        known[known_count].address = address;
        known[known_count++].owner = owner;
    }
    return owner;
}

static enum owner kind_of(const struct memory_run *run)
{
    return run->state == MEMORY_RUN_FREE       ? FREE
           : run->state == MEMORY_RUN_RESERVED ? RESERVED
                                               : find_owner(run->owner);
}

/* The picture as it is drawn: one cell is being filled, then one row. */
static struct {
    uint32_t cell_pages; /* of each cell */
    uint32_t cell[KINDS];
    uint32_t in_cell;
    uint32_t row_start; /* address */
    uint32_t next;      /* address behind what was drawn */
    unsigned column;
    int color; /* of the cell before */
    char row[COLUMNS * 8 + 16];
} picture;

static void end_row(void)
{
    if (picture.column > 0) {
        printf("%08x %s\x1B[0m\n", picture.row_start, picture.row);
    }
    picture.row[0] = '\0';
    picture.column = 0;
    picture.color = kinds[FREE].color; /* as after [0m */
    picture.row_start = picture.next;
}

static void end_cell(void)
{
    enum owner most = FREE;

    if (picture.in_cell == 0) {
        return;
    }
    for (enum owner kind = KERNEL; kind < KINDS; kind++) {
        if (picture.cell[kind] > (most == FREE ? 0 : picture.cell[most])) {
            most = kind;
        }
    }
    size_t length = strlen(picture.row);
    if (kinds[most].color != picture.color) {
        picture.color = kinds[most].color;
        length += (size_t)snprintf(picture.row + length, sizeof(picture.row) - length, "\x1B[%dm",
                                   picture.color);
    }
    (void)snprintf(picture.row + length, sizeof(picture.row) - length, "%c",
                   picture.cell[FREE] > 0 ? kinds[most].letter : kinds[most].capital);
    memset(picture.cell, 0, sizeof(picture.cell));
    picture.in_cell = 0;
    if (++picture.column == COLUMNS) {
        end_row();
    }
}

static void draw(const struct memory_run *run, enum owner kind)
{
    uint32_t pages = run->pages;

    if (run->start != picture.next) { /* another store begins */
        end_cell();
        picture.next = run->start;
        end_row();
        picture.row_start = run->start;
    }
    while (pages > 0) {
        uint32_t room = picture.cell_pages - picture.in_cell;
        uint32_t count = pages < room ? pages : room;

        picture.cell[kind] += count;
        picture.in_cell += count;
        picture.next += count * PAGE;
        pages -= count;
        if (count == room) {
            end_cell();
        }
    }
}

static void draw_all(void)
{
    struct memory_figures figures;
    struct memory_run run = {0};
    uint32_t totals[KINDS] = {0};

    memory_figures(&figures);
    picture.cell_pages = figures.total_pages / (COLUMNS * ROWS) + 1;
    printf("A character is %u KiB. Capitals: nothing of it is free.\n",
           picture.cell_pages * PAGE_KIB);
    while (memory_look(MEMORY_LOOK_RUN, run.start + run.pages * PAGE, &run) == 0) {
        enum owner kind = kind_of(&run);

        totals[kind] += run.pages;
        draw(&run, kind);
    }
    end_cell();
    end_row();
    for (enum owner kind = FREE; kind < KINDS; kind++) {
        printf("\x1B[%dm%c\x1B[0m %-11s %7u KiB%s", kinds[kind].color, kinds[kind].letter,
               kinds[kind].name, totals[kind] * PAGE_KIB, kind % 3 == 2 ? "\n" : "  ");
    }
}

int show_map(void)
{
    draw_all();
    return EXIT_SUCCESS;
}

int show_live_map(void)
{
    int key;

    catch_interrupt(1); /* ctrl-C is a key: the picture in progress is finished */
    print(HOME ERASE_THE_REST);
    for (;;) {
        draw_all();
        print("Any key ends this." ERASE_THE_REST);
        process_sleep(REST_MS);
        key = getkey();
        if (key != 0) {
            break;
        }
        print(HOME);
    }
    while (key == ESCAPE && getkey() != 0) { /* a terminal's arrow is ESC and more */
    }
    print("\r" ERASE_THE_REST);
    return EXIT_SUCCESS;
}
