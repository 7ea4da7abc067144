/*
 * map.c - the kernel's blocks as a picture: one character for a number of them.
 *
 * Who has a block is known by the kernel's function that asked for it. The picture is in capitals
 * where no block is free, and in colours, for those who see them. Rows of which all is free are
 * left out, and a character stands for as few blocks as let the others fit the screen.
 */
#include <drupe.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define COLUMNS 64
#define ROWS    16
#define OWNERS  64

/* The list of pieces begins with room for this many. */
#define PIECES_FIRST 256

#define PAGE_KIB 4
#define PAGE     4096

/* A serial line takes a fifth of a second for one picture. */
#define REST_MS 300

/* ECMA-48: to the top left; blanks from the cursor to the screen's end. */
#define HOME           "\x1B[H"
#define ERASE_THE_REST "\x1B[J"
#define ESCAPE         0x1B

enum owner { FREE, KERNEL, CACHE, TABLES, PROCESSES, SHARED, FILES, RESERVED, KINDS };

static const struct {
    char letter, capital;
    int color; /* ECMA-48's number of the background */
    const char *name;
} kinds[KINDS] = {
    [FREE] = {'.', '.', 40, "free"},           [KERNEL] = {'k', 'K', 44, "kernel"},
    [CACHE] = {'c', 'C', 46, "disk cache"},    [TABLES] = {'t', 'T', 45, "page tables"},
    [PROCESSES] = {'p', 'P', 42, "processes"}, [SHARED] = {'s', 'S', 47, "shared"},
    [FILES] = {'f', 'F', 43, "files"},         [RESERVED] = {'#', '#', 41, "reserved"},
};

/* The beginnings of the names of functions that ask for blocks; all others are the kernel's. */
static const struct {
    const char *start;
    enum owner owner;
} functions[] = {
    {"block_cache_", CACHE},       {"paging_", TABLES},     {"make_table", TABLES},
    {"bring_zeros", PROCESSES},    {"own_page", PROCESSES}, {"user_pages_", PROCESSES},
    {"process_malloc", PROCESSES}, {"take_frame", FILES},   {"page_object_", FILES},
};

static struct {
    uintptr_t address;
    enum owner owner;
} known[OWNERS];
static unsigned known_count;

static enum owner find_owner(uintptr_t address)
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
    switch (run->state) {
    case MEMORY_RUN_FREE: return FREE;
    case MEMORY_RUN_RESERVED: return RESERVED;
    case MEMORY_RUN_CACHED: return FILES;
    case MEMORY_RUN_SHARED: return SHARED;
    default: return find_owner(run->owner);
    }
}

/* ---------------------------------------------------------------- what there is */

/* Blocks side by side of one kind. */
struct piece {
    uintptr_t start; /* address */
    size_t pages;
    enum owner kind;
};

static struct {
    struct piece *pieces;
    size_t count;
    size_t room;
    size_t totals[KINDS]; /* pages */
} memory;

/* Appends blocks, to the last piece if they go on with it. 0 or -ENOMEM. */
static int add_piece(uintptr_t start, size_t pages, enum owner kind)
{
    struct piece *last = memory.pieces + memory.count - 1;

    memory.totals[kind] += pages;
    if (memory.count > 0 && last->kind == kind && last->start + last->pages * PAGE == start) {
        last->pages += pages;
        return OK;
    }
    if (memory.count == memory.room) {
        size_t room = memory.room * 2 + PIECES_FIRST;
        struct piece *pieces = realloc(memory.pieces, room * sizeof(*pieces));

        if (pieces == NULL) {
            return -ENOMEM;
        }
        memory.pieces = pieces;
        memory.room = room;
    }
    memory.pieces[memory.count++] = (struct piece){start, pages, kind};
    return OK;
}

static int read_memory(void)
{
    struct memory_run run = {0};
    int status = OK;

    memory.count = 0;
    memset(memory.totals, 0, sizeof(memory.totals));
    while (status == OK && memory_look(MEMORY_LOOK_RUN, run.start + run.pages * PAGE, &run) == 0) {
        status = add_piece(run.start, run.pages, kind_of(&run));
    }
    return status;
}

/* ---------------------------------------------------------------- the picture */

/* As it is drawn: one cell is being filled, then one row. */
static struct {
    bool is_rehearsal; /* only rows are counted */
    unsigned rows;     /* drawn, and lines in the place of free ones */
    size_t cell_pages; /* of each cell */
    size_t cell[KINDS];
    size_t in_cell;
    uintptr_t row_start; /* address */
    uintptr_t next;      /* address behind what was drawn */
    size_t free_rows;    /* left out, before this one */
    unsigned column;
    bool is_row_free;
    int color; /* of the cell before */
    char row[COLUMNS * 8 + 16];
} picture;

/* A line in the place of the rows that were left out, as long as they are: in a picture that is
 * drawn again in place, it covers one that was there before. */
static void end_gap(void)
{
    if (picture.free_rows > 0 && !picture.is_rehearsal) {
        char text[COLUMNS + 1];

        (void)snprintf(text, sizeof(text), "%s%zu KiB free", picture.rows > 0 ? "... " : "",
                       picture.free_rows * COLUMNS * picture.cell_pages * PAGE_KIB);
        printf("         %-*s\n", COLUMNS, text);
    }
    picture.rows += picture.free_rows > 0;
    picture.free_rows = 0;
}

static void end_row(void)
{
    if (picture.column == COLUMNS && picture.is_row_free) {
        picture.free_rows++;
    } else if (picture.column > 0) {
        end_gap();
        picture.rows++;
        if (!picture.is_rehearsal) {
            printf("%08lx %s\x1B[0m\n", (unsigned long)picture.row_start, picture.row);
        }
    }
    picture.row[0] = '\0';
    picture.column = 0;
    picture.is_row_free = true;
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
    picture.is_row_free = picture.is_row_free && most == FREE;
    memset(picture.cell, 0, sizeof(picture.cell));
    picture.in_cell = 0;
    if (++picture.column == COLUMNS) {
        end_row();
    }
}

static void draw(const struct piece *piece)
{
    size_t pages = piece->pages;

    if (piece->start != picture.next) { /* another store begins */
        end_cell();
        picture.next = piece->start;
        end_row();
        end_gap();
        picture.row_start = piece->start;
    }
    while (pages > 0) {
        size_t room = picture.cell_pages - picture.in_cell;
        size_t count = pages < room ? pages : room;

        picture.cell[piece->kind] += count;
        picture.in_cell += count;
        picture.next += count * PAGE;
        pages -= count;
        if (count == room) {
            end_cell();
        }
    }
}

/* Draws all pieces with that many pages per cell, or only counts the rows; returns their number. */
static unsigned draw_pieces(size_t cell_pages, bool is_rehearsal)
{
    memset(&picture, 0, sizeof(picture));
    picture.cell_pages = cell_pages;
    picture.is_rehearsal = is_rehearsal;
    picture.is_row_free = true;
    for (size_t i = 0; i < memory.count; i++) {
        draw(&memory.pieces[i]);
    }
    end_cell();
    end_row();
    end_gap();
    return picture.rows;
}

/* With rows_min, blank rows follow if need be: what comes below stays where it is. */
static int draw_all(unsigned rows_min)
{
    size_t cell_pages = 1;

    if (read_memory() < 0) {
        puts("mem: there is not enough memory for a picture.");
        return EXIT_FAILURE;
    }
    while (draw_pieces(cell_pages, true) > ROWS) {
        cell_pages *= 2;
    }
    printf("A character is %zu KiB. Capitals: nothing of it is free.\n", cell_pages * PAGE_KIB);
    for (unsigned rows = draw_pieces(cell_pages, false); rows < rows_min; rows++) {
        printf("%*s\n", COLUMNS + 9, "");
    }
    for (enum owner kind = FREE; kind < KINDS; kind++) {
        printf("\x1B[%dm%c\x1B[0m %-11s %7zu KiB%s", kinds[kind].color, kinds[kind].letter,
               kinds[kind].name, memory.totals[kind] * PAGE_KIB,
               kind % 3 == 2 || kind + 1 == KINDS ? "\n" : "  ");
    }
    return EXIT_SUCCESS;
}

int show_map(void)
{
    return draw_all(0);
}

int show_live_map(void)
{
    int key;

    catch_interrupt(1); /* ctrl-C is a key: the picture in progress is finished */
    print(HOME ERASE_THE_REST);
    for (;;) {
        if (draw_all(ROWS) != EXIT_SUCCESS) {
            return EXIT_FAILURE;
        }
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
