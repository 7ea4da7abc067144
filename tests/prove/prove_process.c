/*
 * prove_process.c - every state of a process's heap in a small window (prove.h has the theory).
 * Sources: src/process/process_memory.c src/process/address_space.c src/process/page_fault.c src/lib/tree.c
 * Sources: src/memory/paging/paging.c src/memory/paging/user_pages.c
 *
 * usage: prove_process [pages=8] [break=4] [neighbours] [progress] [memory=MIB]
 *
 * The real process_memory.c, address_space.c and page_fault.c, and the real page tables below them,
 * on an address space of which only `pages` pages are free: so many below the break's start, and
 * the others from it on, where another page table begins. With `neighbours`, allocations lie on
 * both sides.
 *
 * Moves: process_malloc() of the smallest and the largest size of 0 to 9 pages, and of huge ones;
 * process_move_break() by -9 to 9 pages and by parts of pages; a touch of each page, to read and to
 * write. For each, every answer of the layers below: as many free frames as needed, or any lower
 * number; the same of pages that the family may still have; no memory for an area, or for the index
 * of addresses; and *any* run of free addresses that is long enough. process_free() of each page of
 * the window and around it, of addresses inside, NULL and foreign ones.
 *
 * A state is: what each page is, and whether it has come. Page tables, what is charged to the
 * process and its family, what is promised and what lies where in the address space's tree follow
 * from these, and are compared after each move: promises are exact in every state.
 *
 * Poison: frames that are free, so that a page that is not cleared shows. Live pages hold a pattern
 * each, which must stay.
 *
 * Abstracted: which frame a page has: before each step page i gets frame i. Large pages, and pieces
 * between which the others run, do not fit into the window. memory/area/room.c is played by a row
 * of flags (it has tests of its own).
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/align.h"
#include "base/status.h"
#include "debug/backtrace.h"
#include "debug/panic.h"
#include "fs/node_contents.h"
#include "fs/page_object.h"
#include "layout.h"
#include "memory/heap/kmem_cache.h"
#include "memory/memory_map.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "process/address_space.h"
#include "process/process_memory.h"
#include "prove.h"
#include "task/task.h"

#define PAGE      PAGE_SIZE_BYTES
#define PAGES_MAX 12
#define TABLES    2
#define AREAS     2
#define FRAMES    (PAGES_MAX + 2 + TABLES + PAGES_MAX) /* mapped ones, tables, free ones */
#define BOUNDARY  PROCESS_BREAK_ADDRESS                /* between two page tables */
#define PLENTY    (PAGES_MAX + TABLES)
#define EAGER     4u /* pages of an allocation that come at once, at most */
#define AROUND    8u /* pages that come with one that is touched */

/* As process_memory.c has them. */
#define RUN_FIRST    PAGE_FLAG_MARK_1
#define RUN_HAS_NEXT PAGE_FLAG_MARK_2
#define USER_PAGE    (PAGE_FLAG_PRESENT | PAGE_FLAG_WRITEABLE | PAGE_FLAG_USER)

/* What a page is. */
#define NOTHING  0
#define OF_BREAK 1
#define FIRST    2
#define MIDDLE   3
#define LAST     4
#define ONLY     5
#define KIND     7
#define HAS_COME 8 /* and it has a frame */

struct state {
    uint8_t page[PAGES_MAX];
};

enum kind { MALLOC, FREE_PAGES, BREAK, TOUCH };

#define NO_ADDRESSES 255

struct move {
    enum kind kind;
    size_t size;       /* MALLOC */
    uintptr_t pointer; /* FREE_PAGES, TOUCH */
    int32_t delta;     /* BREAK */
    uint8_t choice;    /* MALLOC: which free run; or NO_ADDRESSES: no memory for the index */
    bool is_written;   /* TOUCH */
    bool has_no_area;  /* BREAK: no memory for one; NO_ADDRESSES as well */
    uint8_t frames;    /* that are free */
    uint8_t room;      /* of the family */
};

static size_t pages, break_page;
static uint32_t window_start, window_end;
static bool has_neighbours;

/* The module's memory. */
static struct family family;
static struct address_space space;
static struct paging_4gb_chunk chunk;
static struct page_counts counts_of_tables;
static uint32_t directory[PAGING_TOTAL_ENTRIES_PER_TABLE] __attribute__((aligned(PAGE)));
static uint8_t frames[FRAMES][PAGE] __attribute__((aligned(PAGE)));
static struct area areas[AREAS];

static bool is_taken[FRAMES];
static int filled_with[FRAMES]; /* the byte that a frame is full of; -1: not known */
static size_t free_frames, promised, family_limit;
static bool area_is_taken[AREAS], has_no_area;
static bool is_free_address[PAGES_MAX];
static unsigned choice;

static struct move moves[4096];
static size_t move_count;

/* ---------------------------------------------------------------- the layers below */

/* What paging.c has of the kernel that no move reaches is here, too. */

void panic(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    prove_fail("panic: %s", text);
}

void panic_add_reporter(panic_reporter_t report)
{
    (void)report;
}

void page_table_enable(paddr_t root)
{
    (void)root;
}

void page_flush_all(void)
{
}

unsigned page_table_largest_level(void)
{
    return 0;
}

const struct page_range *page_kernel_ranges(size_t *count)
{
    *count = 0;
    return NULL;
}

bool memory_map_next_range(const struct memory_map *map, uint64_t from, uint64_t end,
                           struct memory_range *range)
{
    (void)map;
    (void)from;
    (void)end;
    (void)range;
    return false;
}

void backtrace_set_address_check(bool (*is_readable)(uint32_t address))
{
    (void)is_readable;
}

void paging_report_fault(const struct trap_frame *frame)
{
    (void)frame;
}

static size_t frame_number(const void *frame)
{
    size_t number = (size_t)((uintptr_t)frame - (uintptr_t)frames) / PAGE;

    PROVE((uintptr_t)frame % PAGE == 0 && number < FRAMES && is_taken[number],
          "%p is given back, and is no frame that was taken", frame);
    return number;
}

static void *take_frame(void)
{
    for (size_t i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            is_taken[i] = true;
            filled_with[i] = -1;
            return frames[i];
        }
    }
    prove_fail("more frames are taken than pages can use");
}

void *pmm_alloc_page(void)
{
    if (free_frames == 0) {
        return NULL;
    }
    free_frames--;
    return take_frame();
}

void *pmm_alloc_zeroed_page(void)
{
    void *frame = pmm_alloc_page();

    return frame != NULL ? memset(frame, 0, PAGE) : NULL;
}

void *pmm_alloc_promised_page(void)
{
    PROVE(promised > 0, "a promise is kept that was not made");
    promised--;
    return take_frame();
}

void *pmm_alloc_promised_zeroed_page(void)
{
    return memset(pmm_alloc_promised_page(), 0, PAGE);
}

bool pmm_promise(size_t count)
{
    if (count > free_frames) {
        return false;
    }
    free_frames -= count;
    promised += count;
    return true;
}

void pmm_promise_freed(size_t count)
{
    PROVE(pmm_promise(count), "what is promised again is not free");
}

void pmm_give_back_promise(size_t count)
{
    PROVE(count <= promised, "%zu promises are given back, of %zu", count, promised);
    promised -= count;
    free_frames += count;
}

int pmm_free_page(void *frame)
{
    size_t number = frame_number(frame);

    is_taken[number] = false;
    filled_with[number] = -1;
    free_frames++;
    return OK;
}

int pmm_free_zeroed_page(void *frame)
{
    const uint8_t *bytes = frames[frame_number(frame)];

    for (size_t i = 0; i < PAGE; i++) {
        PROVE(bytes[i] == 0, "a frame is given back as zeroed that is not");
    }
    return pmm_free_page(frame);
}

struct page *page_of(const void *frame)
{
    prove_fail("%p is shared, and nobody forks", frame);
}

bool page_release(void *frame)
{
    return page_of(frame) != NULL;
}

bool family_charge_slowly(struct family *of, enum family_kind kind, uint32_t count)
{
    if (of->used[kind] + count > family_limit) {
        return false;
    }
    of->used[kind] += count;
    return true;
}

void family_give_back_slowly(struct family *of, enum family_kind kind, uint32_t count)
{
    PROVE(of->used[kind] >= count, "the family gets back more than it was charged");
    of->used[kind] -= count;
}

bool task_pause(void)
{
    return true;
}

struct address_space *process_address_space(struct process *process)
{
    (void)process;
    return &space;
}

/* Areas alone are made of it. */
void *kmem_alloc(size_t size)
{
    PROVE(size == sizeof(struct area), "memory for something else than an area");
    for (size_t i = 0; !has_no_area && i < AREAS; i++) {
        if (!area_is_taken[i]) {
            area_is_taken[i] = true;
            return &areas[i];
        }
    }
    return NULL;
}

void kmem_free(void *memory)
{
    if (memory != NULL) {
        area_is_taken[(struct area *)memory - areas] = false;
        memset(memory, PROVE_POISON, sizeof(struct area));
    }
}

/* No area shows an object. */

struct page_object *page_object_hold(struct page_object *object)
{
    prove_fail("an object, %p", (void *)object);
}

void page_object_release(struct page_object *object)
{
    (void)page_object_hold(object);
}

void page_object_add_view(struct page_object *object, struct list_node *view)
{
    (void)view;
    (void)page_object_hold(object);
}

void page_object_remove_view(struct page_object *object, struct list_node *view)
{
    page_object_add_view(object, view);
}

int page_object_get(struct page_object *object, uint32_t index, void **frame)
{
    (void)index;
    (void)frame;
    (void)page_object_hold(object);
    return -EIO;
}

bool page_object_is_file(const struct page_object *object)
{
    prove_fail("an object, %p", (const void *)object);
}

int page_object_make_room(struct page_object *object)
{
    (void)page_object_hold(object);
    return -EIO;
}

void page_object_mark_dirty(struct page_object *object, uint32_t index, void *frame)
{
    (void)index;
    (void)frame;
    (void)page_object_hold(object);
}

/* ... and no program's file is known. */

struct node *node_hold(struct node *node)
{
    prove_fail("a node, %p", (void *)node);
}

void node_release(struct node *node)
{
    (void)node_hold(node);
}

void node_add_writer(struct node *node)
{
    (void)node_hold(node);
}

void node_end_writing(struct node *node)
{
    (void)node_hold(node);
}

int node_begin_running(struct node *node)
{
    (void)node_hold(node);
    return -EIO;
}

void node_end_running(struct node *node)
{
    (void)node_hold(node);
}

void node_note_change(struct node *node)
{
    (void)node_hold(node);
}

void page_cache_set_views(const struct page_view_operations *operations)
{
    (void)operations;
}

bool page_cache_promise_in_turns(size_t count)
{
    (void)count;
    return false;
}

/* ---------------------------------------------------------------- free addresses */

/* The pages [*first, *last) of the window; false: some of it lies outside. */
static bool pages_of(vaddr_t start, vaddr_t end, size_t *first, size_t *last)
{
    *first = (start - window_start) / PAGE;
    *last = (end - window_start) / PAGE;
    return start >= window_start && start < end && end <= window_end;
}

bool room_is_free(const struct room *room, vaddr_t start, vaddr_t end)
{
    size_t first, last;
    bool is_free = pages_of(start, end, &first, &last);

    (void)room;
    for (size_t i = first; is_free && i < last; i++) {
        is_free = is_free_address[i];
    }
    return is_free;
}

bool room_take_at(struct room *room, vaddr_t start, vaddr_t end)
{
    size_t first, last;

    if (!room_is_free(room, start, end) || choice == NO_ADDRESSES) {
        return false;
    }
    (void)pages_of(start, end, &first, &last);
    memset(is_free_address + first, false, last - first);
    return true;
}

vaddr_t room_take_slowly(struct room *room, vaddr_t low, vaddr_t high, size_t count)
{
    unsigned number = 0;

    for (size_t behind = pages; count > 0 && behind >= count; behind--) {
        vaddr_t end = window_start + behind * PAGE, start = end - count * PAGE;

        if (start >= low && end <= high && room_is_free(room, start, end) && number++ == choice) {
            return room_take_at(room, start, end) ? start : 0;
        }
    }
    return 0;
}

void room_give_slowly(struct room *room, vaddr_t start, vaddr_t end)
{
    size_t first, last;

    (void)room;
    PROVE(pages_of(start, end, &first, &last), "addresses outside the window are given back");
    for (size_t i = first; i < last; i++) {
        PROVE(!is_free_address[i], "the address of page %zu is given back twice", i);
        is_free_address[i] = true;
    }
}

/* Nothing is ever lost here: prove_room.c has that. */
void room_put_back(struct room *room, vaddr_t start, vaddr_t end)
{
    (void)room;
    prove_fail("addresses from %#zx to %#zx are put back", (size_t)start, (size_t)end);
}

void room_initialise(struct room *room, vaddr_t start, vaddr_t end)
{
    (void)room;
    (void)start;
    (void)end;
}

bool room_destroy(struct room *room, size_t nodes)
{
    (void)room;
    return nodes > 0;
}

int room_clone(struct room *to, const struct room *from, size_t nodes)
{
    (void)to;
    (void)from;
    (void)nodes;
    return -ENOMEM;
}

/* ---------------------------------------------------------------- state to memory */

static uint32_t address_of(size_t page)
{
    return window_start + (uint32_t)page * PAGE;
}

/* The table that the page's entry is in. */
static size_t table_of_page(size_t page)
{
    return page >= break_page;
}

static uint32_t marks_of(uint8_t what)
{
    static const uint32_t marks[] = {
        [FIRST] = RUN_FIRST | RUN_HAS_NEXT,
        [MIDDLE] = RUN_HAS_NEXT,
        [ONLY] = RUN_FIRST,
        [LAST] = 0,
        [OF_BREAK] = 0,
    };

    return marks[what & KIND];
}

static struct page_entry entry_of(uint8_t what, size_t frame)
{
    return what & HAS_COME ? page_entry_make((paddr_t)frames[frame], USER_PAGE | marks_of(what), 0)
                           : page_entry_promise(marks_of(what));
}

/* Has the page an entry? The break's have one when they have come. */
static bool has_entry(uint8_t what)
{
    return what != NOTHING && what != OF_BREAK;
}

struct counts {
    size_t pages;  /* that are charged */
    size_t come;   /* of these, those with a frame */
    size_t tables; /* that are charged */
    size_t made;   /* of these, those that are there */
};

static struct counts count(const uint8_t *page)
{
    struct counts counts = {.pages = has_neighbours ? 2 : 0, .come = has_neighbours ? 2 : 0};
    bool is_used[TABLES] = {has_neighbours, has_neighbours};
    bool is_made[TABLES] = {has_neighbours, has_neighbours};

    for (size_t i = 0; i < pages; i++) {
        counts.pages += page[i] != NOTHING;
        counts.come += (page[i] & HAS_COME) != 0;
        is_used[table_of_page(i)] |= page[i] != NOTHING;
        is_made[table_of_page(i)] |= has_entry(page[i]);
    }
    counts.tables = (size_t)is_used[0] + is_used[1];
    counts.made = (size_t)is_made[0] + is_made[1];
    return counts;
}

static size_t break_pages(const struct state *state)
{
    size_t length = 0;

    while (break_page + length < pages && (state->page[break_page + length] & KIND) == OF_BREAK) {
        length++;
    }
    return length;
}

static uint8_t pattern(size_t page)
{
    return (uint8_t)(0x21 + page * 13);
}

static void fill(size_t frame, uint8_t byte)
{
    if (filled_with[frame] != byte) {
        memset(frames[frame], byte, PAGE);
        filled_with[frame] = byte;
    }
}

static void map(size_t table, uint32_t address, struct page_entry entry)
{
    size_t index = address / LARGE_PAGE_SIZE_BYTES;
    struct page_entry *entries = (struct page_entry *)(void *)frames[table];
    struct page_entry *slot = (struct page_entry *)&directory[index];

    if (directory[index] == 0) {
        memset(entries, 0, PAGE);
        filled_with[table] = -1;
        is_taken[table] = true;
        *slot = page_entry_make_table((paddr_t)entries, true);
        page_count_set(chunk.counts, slot, address, 0);
        chunk.own_tables++;
    }
    entries[address / PAGE % PAGING_TOTAL_ENTRIES_PER_TABLE] = entry;
    page_count_up(chunk.counts, slot, address);
}

static void put_break(const struct state *state)
{
    size_t length = break_pages(state);

    memset(areas, PROVE_POISON, sizeof(areas));
    memset(area_is_taken, 0, sizeof(area_is_taken));
    if (length > 0) {
        area_is_taken[0] = true;
        areas[0] = (struct area){.start = BOUNDARY,
                                 .end = BOUNDARY + length * PAGE,
                                 .rights = PAGE_READ | PAGE_WRITE,
                                 .kind = AREA_BREAK,
                                 .is_charged = true,
                                 .chunk = &chunk};
        tree_insert(&space.areas, NULL, 0, &areas[0].node);
    }
    space.area_count = length > 0;
}

/* Frames: 0 and 1 are the neighbours', 2 and 3 the tables, page i has 4 + i. */
static void put(const struct state *state, const struct move *move)
{
    struct counts counts = count(state->page);

    memset(directory, 0, sizeof(directory));
    memset(&chunk, 0, sizeof(chunk));
    memset(is_taken, 0, sizeof(is_taken));
    chunk.directory_entry = directory;
    chunk.counts = &counts_of_tables;
    memset(&counts_of_tables, PROVE_POISON, sizeof(counts_of_tables));
    chunk.own_tables = PAGE_MIXED_TABLES;
    chunk.promised_tables = counts.tables - counts.made;
    if (has_neighbours) {
        is_taken[0] = is_taken[1] = true;
        map(2, window_start - PAGE, entry_of(ONLY | HAS_COME, 0));
        map(2 + table_of_page(pages), window_end, entry_of(ONLY | HAS_COME, 1));
    }
    for (size_t i = 0; i < pages; i++) {
        is_free_address[i] = state->page[i] == NOTHING;
        if (state->page[i] & HAS_COME) {
            is_taken[4 + i] = true;
            fill(4 + i, pattern(i));
        }
        if (has_entry(state->page[i])) {
            map(2 + table_of_page(i), address_of(i), entry_of(state->page[i], 4 + i));
        }
    }
    for (size_t i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            fill(i, PROVE_POISON);
        }
    }
    size_t used = counts.pages + counts.tables;
    family = (struct family){.used[FAMILY_PAGES] = (uint32_t)used};
    family_limit = used + move->room;
    space = (struct address_space){.family = &family, .chunk = &chunk, .pages = (uint32_t)used};
    chunk.resident = counts.come;
    put_break(state);
    free_frames = move->frames;
    promised = used - counts.come - counts.made;
    choice = move->choice;
    has_no_area = move->has_no_area;
}

/* ---------------------------------------------------------------- memory to state */

/* Which kind of page that entry makes it; the page before distinguishes the last of a run from the
 * break. */
static uint8_t kind_of(struct page_entry entry, bool is_in_run, bool is_in_break)
{
    uint8_t has_come = page_entry_frame(entry) ? HAS_COME : 0;

    if (page_entry_is_empty(entry)) {
        return is_in_break ? OF_BREAK : NOTHING;
    }
    switch (page_entry_marks(entry) & (RUN_FIRST | RUN_HAS_NEXT)) {
    case RUN_FIRST: return has_come | ONLY;
    case RUN_FIRST | RUN_HAS_NEXT: return has_come | FIRST;
    case RUN_HAS_NEXT: return has_come | MIDDLE;
    default: return has_come | (is_in_run ? LAST : OF_BREAK);
    }
}

static bool holds(const uint8_t *bytes, uint8_t value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, PAGE - 1) == 0;
}

/* The break's area, and no other. Its end is where the break is. */
static vaddr_t check_areas(void)
{
    const struct area *area = area_from(&space, PAGE);

    PROVE(tree_is_sound(&space.areas), "the tree of areas is not sound");
    PROVE(area_is_taken[0] + area_is_taken[1] == (area != NULL), "an area is lost");
    PROVE(space.area_count == (area != NULL), "%zu areas are counted", (size_t)space.area_count);
    PROVE(space.latest == NULL || space.latest == area, "an area that is gone is remembered");
    if (area == NULL) {
        return BOUNDARY;
    }
    PROVE(area->start == BOUNDARY && area->end > area->start && area->end <= window_end &&
              area->kind == AREA_BREAK && area->rights == (PAGE_READ | PAGE_WRITE) &&
              area->is_charged && area->object == NULL,
          "the break's area is wrong");
    PROVE(area_from(&space, area->end) == NULL, "there are two areas");
    return area->end;
}

static void check_page(size_t i, struct page_entry entry, const struct state *before,
                       bool is_mapped[FRAMES])
{
    size_t frame = ((uintptr_t)page_entry_frame(entry) - (uintptr_t)frames) / PAGE;

    PROVE((page_entry_flags(entry) & USER_PAGE) == USER_PAGE, "page %zu is not the user's to write",
          i);
    PROVE(frame < FRAMES && is_taken[frame], "page %zu has a frame that is free", i);
    PROVE(!is_mapped[frame], "page %zu has a frame that is in use", i);
    is_mapped[frame] = true;
    if (before != NULL && before->page[i] & HAS_COME) {
        PROVE(frame == 4 + i && holds(frames[frame], pattern(i)),
              "a neighbour is touched: page %zu", i);
    } else {
        PROVE(holds(frames[frame], 0), "page %zu is not zeroed", i);
    }
}

/* What is noted of each table: how many entries it has in use. */
static void check_tables(const uint8_t *page)
{
    unsigned in_use[TABLES] = {0};

    if (has_neighbours) {
        in_use[0]++;
        in_use[table_of_page(pages)]++;
    }
    for (size_t i = 0; i < pages; i++) {
        in_use[table_of_page(i)] += has_entry(page[i]);
    }
    for (size_t i = 0; i < TABLES; i++) {
        vaddr_t address = BOUNDARY - (i == 0 ? PAGE : 0);
        const struct page_entry *slot =
            (const struct page_entry *)&directory[address / LARGE_PAGE_SIZE_BYTES];

        PROVE(in_use[i] == 0 || page_count(chunk.counts, slot, address) == in_use[i],
              "table %zu has another number of entries in use than %u", i, in_use[i]);
    }
}

/* What is charged, promised and taken is what the pages say. */
static void check_counts(const struct state *before, const struct move *move,
                         const struct state *state)
{
    struct counts counts = count(state->page);
    size_t taken = 0, used = counts.pages + counts.tables;

    for (size_t i = 0; i < FRAMES; i++) {
        taken += is_taken[i];
    }
    PROVE(taken == counts.come + counts.made, "%zu frames are taken for %zu pages and %zu tables",
          taken, counts.come, counts.made);
    PROVE(space.pages == used, "the process counts %u pages, not %zu", space.pages, used);
    PROVE(chunk.resident == counts.come, "%zu pages are said to be there, not %zu",
          (size_t)chunk.resident, counts.come);
    PROVE(family.used[FAMILY_PAGES] == used, "the family is charged for %u pages, not %zu",
          family.used[FAMILY_PAGES], used);
    PROVE(promised == used - taken, "%zu pages are promised, not %zu", promised, used - taken);
    PROVE(chunk.own_tables - PAGE_MIXED_TABLES == counts.made,
          "the chunk counts %zu tables, not %zu", chunk.own_tables - PAGE_MIXED_TABLES,
          counts.made);
    PROVE(chunk.promised_tables == counts.tables - counts.made, "%zu tables are promised, not %zu",
          chunk.promised_tables, counts.tables - counts.made);
    if (before != NULL) {
        struct counts old = count(before->page);

        PROVE(free_frames + used == move->frames + old.pages + old.tables, "frames are lost");
    }
}

static void take_snapshot(const struct state *before, const struct move *move, struct state *state)
{
    bool is_mapped[FRAMES] = {has_neighbours, has_neighbours};
    bool is_in_run = false;
    vaddr_t break_end = check_areas();

    memset(state, 0, sizeof(*state));
    for (size_t i = 0; i < pages; i++) {
        struct page_entry entry = paging_entry(&chunk, address_of(i));

        state->page[i] = kind_of(entry, is_in_run, i >= break_page && address_of(i) < break_end);
        is_in_run = (state->page[i] & KIND) == FIRST || (state->page[i] & KIND) == MIDDLE;
        PROVE(is_free_address[i] == (state->page[i] == NOTHING),
              "page %zu and the index of free addresses do not agree", i);
        if (state->page[i] & HAS_COME) {
            check_page(i, entry, before, is_mapped);
        }
    }
    PROVE(BOUNDARY + break_pages(state) * PAGE == break_end,
          "the break and its pages do not agree");
    for (size_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++) {
        struct page_entry entry = {directory[i]};
        PROVE(directory[i] == 0 || page_entry_is_own_table(entry),
              "directory entry %zu leads to a table that is not the chunk's own", i);
        PROVE(directory[i] == 0 || i == BOUNDARY / LARGE_PAGE_SIZE_BYTES ||
                  i == BOUNDARY / LARGE_PAGE_SIZE_BYTES - 1,
              "something is mapped outside the window");
    }
    if (has_neighbours) {
        PROVE(
            page_entry_is_same(paging_entry(&chunk, window_start - PAGE),
                               entry_of(ONLY | HAS_COME, 0)) &&
                page_entry_is_same(paging_entry(&chunk, window_end), entry_of(ONLY | HAS_COME, 1)),
            "a page beside the window has changed");
    }
    check_tables(state->page);
    check_counts(before, move, state);
}

/* ---------------------------------------------------------------- moves and what they promise */

/* Are the pages these? */
static void pages_are(const uint8_t *expected, const struct state *after)
{
    for (size_t i = 0; i < pages; i++) {
        PROVE(after->page[i] == expected[i], "page %zu is of kind %u, not %u", i, after->page[i],
              expected[i]);
    }
}

static void nothing_has_changed(const struct state *before, const struct state *after,
                                const char *call)
{
    PROVE(memcmp(before, after, sizeof(*before)) == 0, "%s fails, but has changed something", call);
}

/* The number-th free run of that length that ends at `end` or before, from above; `pages` when
 * there are not so many. */
static size_t find_run(const struct state *state, size_t end, size_t length, unsigned number)
{
    size_t run = 0;

    for (size_t i = end; i > 0; i--) {
        run = state->page[i - 1] == NOTHING ? run + 1 : 0;
        if (run >= length && number-- == 0) {
            return i - 1;
        }
    }
    return pages;
}

/* Are the frames and the family's room enough for what is charged anew? */
static bool suffices(const struct state *before, const uint8_t *expected, const struct move *move)
{
    struct counts old = count(before->page), new = count(expected);
    size_t needed = new.pages + new.tables - old.pages - old.tables;

    return move->frames >= needed && move->room >= needed;
}

/* False: there are not so many runs to choose from. */
static bool try_malloc(const struct move *move, const struct state *before, struct state *after)
{
    size_t length = move->size / PAGE + (move->size % PAGE != 0);
    unsigned number = move->choice == NO_ADDRESSES ? 0 : move->choice;
    bool is_possible = length > 0 && length <= pages;
    bool is_below = is_possible && find_run(before, break_page, length, 0) < pages;
    size_t first =
        is_possible ? find_run(before, is_below ? break_page : pages, length, number) : pages;
    uint8_t expected[PAGES_MAX];

    if (number > 0 && first == pages) {
        return false;
    }
    memcpy(expected, before->page, sizeof(expected));
    for (size_t i = 0; first < pages && i < length; i++) {
        expected[first + i] =
            (uint8_t)((length <= EAGER ? HAS_COME : 0) | (length == 1       ? ONLY
                                                          : i == 0          ? FIRST
                                                          : i + 1 == length ? LAST
                                                                            : MIDDLE));
    }
    bool can_succeed =
        first < pages && move->choice != NO_ADDRESSES && suffices(before, expected, move);
    void *pointer = process_malloc(NULL, move->size);

    take_snapshot(before, move, after);
    PROVE(pointer == (can_succeed ? (void *)(uintptr_t)address_of(first) : NULL),
          "process_malloc() returns %p", pointer);
    if (can_succeed) {
        pages_are(expected, after);
    } else {
        nothing_has_changed(before, after, "process_malloc()");
    }
    return true;
}

static void try_free(const struct move *move, const struct state *before, struct state *after)
{
    size_t page = (move->pointer - window_start) / PAGE;
    uint8_t expected[PAGES_MAX];
    bool is_right = move->pointer % PAGE == 0 && page < pages &&
                    ((before->page[page] & KIND) == FIRST || (before->page[page] & KIND) == ONLY);
    size_t length = 0;

    memcpy(expected, before->page, sizeof(expected));
    for (size_t i = page; is_right && length == i - page; i++) {
        bool more = (expected[i] & KIND) == FIRST || (expected[i] & KIND) == MIDDLE;
        expected[i] = NOTHING;
        length += more;
    }
    size_t told = process_allocation_pages(NULL, (void *)move->pointer);
    PROVE(told == (is_right ? length + 1 : 0), "process_allocation_pages() says %zu", told);
    int status = process_free(NULL, (void *)move->pointer);
    take_snapshot(before, move, after);
    if (!is_right) {
        PROVE(status == (move->pointer == 0 ? OK : -EINVARG), "a wrong free returns %d", status);
        nothing_has_changed(before, after, "process_free()");
        return;
    }
    PROVE(status == OK, "a right free is refused with %d", status);
    pages_are(expected, after);
}

static void try_break(const struct move *move, const struct state *before, struct state *after)
{
    size_t length = break_pages(before), old_end = break_page + length;
    uint32_t old_break = BOUNDARY + (uint32_t)length * PAGE;
    int32_t delta = move->delta / (int32_t)PAGE;
    uint8_t expected[PAGES_MAX];
    bool is_bad = move->delta % (int32_t)PAGE != 0 || (delta < 0 && (size_t)-delta > length);
    bool has_room = !is_bad && (delta <= 0 || (size_t)delta <= pages - old_end);

    memcpy(expected, before->page, sizeof(expected));
    for (int32_t i = 0; has_room && i < delta; i++) {
        has_room = expected[old_end + (size_t)i] == NOTHING;
        expected[old_end + (size_t)i] = OF_BREAK;
    }
    for (int32_t i = delta; !is_bad && i < 0; i++) {
        expected[(size_t)((int32_t)old_end + i)] = NOTHING;
    }
    bool can_succeed = has_room && (delta <= 0 || (suffices(before, expected, move) &&
                                                   move->choice != NO_ADDRESSES &&
                                                   !(move->has_no_area && length == 0)));
    uint32_t result = (uint32_t)process_move_break(NULL, move->delta);
    take_snapshot(before, move, after);
    uint32_t wanted = is_bad ? (uint32_t)-EINVARG : can_succeed ? old_break : (uint32_t)-ENOMEM;
    PROVE(result == wanted, "process_move_break() returns 0x%X, not 0x%X", result, wanted);
    if (!can_succeed) {
        nothing_has_changed(before, after, "process_move_break()");
        return;
    }
    pages_are(expected, after);
}

/* The entry before page is one that has come. */
static bool one_before_is_there(const struct state *before, size_t page)
{
    return page == 0 ? has_neighbours : (before->page[page - 1] & HAS_COME) != 0;
}

/* Whatever is free: a touch of what was promised brings it. */
static void try_touch(const struct move *move, const struct state *before, struct state *after)
{
    size_t page = (move->pointer - window_start) / PAGE;
    uint8_t what = before->page[page];
    bool is_needed = what != NOTHING && !(what & HAS_COME);
    size_t more = (what & KIND) != OF_BREAK && one_before_is_there(before, page) ? AROUND : 1;
    uint8_t expected[PAGES_MAX];

    memcpy(expected, before->page, sizeof(expected));
    for (size_t i = page; is_needed && i < page + more && i < pages &&
                          (i == page || (has_entry(expected[i]) && !(expected[i] & HAS_COME)));
         i++) {
        expected[i] |= HAS_COME;
    }
    int status =
        address_space_fault(&space, move->pointer, move->is_written ? PAGE_WRITE : PAGE_READ);

    take_snapshot(before, move, after);
    PROVE(status == (is_needed ? OK : -EINVARG), "a touch gives %d", status);
    pages_are(expected, after);
}

static bool step(const void *from, size_t number, void *next)
{
    const struct move *move = &moves[number];

    put(from, move);
    switch (move->kind) {
    case MALLOC: return try_malloc(move, from, next);
    case FREE_PAGES: try_free(move, from, next); break;
    case BREAK: try_break(move, from, next); break;
    case TOUCH: try_touch(move, from, next); break;
    }
    return true;
}

/* ---------------------------------------------------------------- for the search */

static void start(void *state)
{
    const struct state nothing = {{NOTHING}};
    const struct move none = {.frames = 0};

    put(&nothing, &none);
    take_snapshot(NULL, NULL, state);
}

/* Runs are whole, and the break's pages are those below the break and no others; all can be given
 * back, and then nothing is charged or promised. */
static void check(const void *of)
{
    const struct state *state = of;
    bool is_open = false;

    for (size_t i = 0; i < pages; i++) {
        uint8_t what = state->page[i] & KIND;

        PROVE(is_open == (what == MIDDLE || what == LAST), "the run around page %zu is not whole",
              i);
        PROVE(what != OF_BREAK || (i >= break_page && i < break_page + break_pages(state)),
              "page %zu is the break's", i);
        is_open = what == FIRST || what == MIDDLE;
    }
    PROVE(!is_open, "a run goes on behind the window");
}

static void describe_move(size_t number, char *text, size_t bytes)
{
    const struct move *move = &moves[number];
    int length = 0;

    switch (move->kind) {
    case MALLOC:
        length = snprintf(text, bytes, "process_malloc(%zu), run %d", move->size,
                          move->choice == NO_ADDRESSES ? -1 : move->choice);
        break;
    case FREE_PAGES: snprintf(text, bytes, "process_free(0x%zX)", (size_t)move->pointer); return;
    case BREAK:
        length = snprintf(text, bytes, "process_move_break(%d)%s%s", (int)move->delta,
                          move->choice == NO_ADDRESSES ? ", no addresses" : "",
                          move->has_no_area ? ", no area" : "");
        break;
    case TOUCH:
        length = snprintf(text, bytes, "touch of 0x%zX to %s", (size_t)move->pointer,
                          move->is_written ? "write" : "read");
        break;
    }
    snprintf(text + length, bytes - (size_t)length, ": %u frames free, room for %u", move->frames,
             move->room);
}

static void describe_state(const void *of, char *text, size_t bytes)
{
    const struct state *state = of;
    size_t length = 0;

    while (length < pages && length + 1 < bytes) {
        text[length] = ".b[=]1  .B{#}I"[state->page[length]];
        length++;
    }
    text[length] = '\0';
}

static void add_move(struct move move)
{
    if (move_count == ARRAY_SIZE(moves)) {
        fprintf(stderr, "too many moves\n");
        exit(2);
    }
    moves[move_count++] = move;
}

/* The move, first with plenty of everything; then, if it asks for new pages, with each answer of
 * the layers below that can matter: one of them short at a time. */
static void add_moves_of(struct move move, size_t new_pages)
{
    move.frames = move.room = PLENTY;
    add_move(move);
    for (size_t amount = 0; new_pages > 0 && amount < new_pages + TABLES + 1; amount++) {
        struct move with_less = move;

        with_less.frames = (uint8_t)amount;
        add_move(with_less);
        with_less = move;
        with_less.room = (uint8_t)amount;
        add_move(with_less);
    }
}

static void add_moves(void)
{
    const size_t huge[] = {0, SIZE_MAX, SIZE_MAX - PAGE + 1, SIZE_MAX / 2 + 1};
    const int32_t odd[] = {1, -1, 4095, -4095, 4097, INT32_MAX, INT32_MIN, INT32_MIN + 4096};
    const size_t inside[] = {0, 1, 4, 2048, 4095};

    for (size_t i = 1; i <= pages + 1; i++) {
        struct move move = {.kind = MALLOC, .size = i * PAGE, .choice = NO_ADDRESSES};

        add_moves_of((struct move){.kind = MALLOC, .size = i * PAGE - PAGE + 1}, 0);
        add_moves_of(move, 0);
        for (move.choice = 0; move.choice + i <= pages + (i > pages); move.choice++) {
            add_moves_of(move, i <= pages ? i : 0);
        }
        move = (struct move){.kind = BREAK, .delta = (int32_t)(i * PAGE)};
        add_moves_of(move, i <= pages - break_page ? i : 0);
        move.has_no_area = true;
        add_moves_of(move, 0);
        move.has_no_area = false;
        move.choice = NO_ADDRESSES;
        add_moves_of(move, 0);
        /* What goes back needs nothing. */
        move = (struct move){.kind = BREAK, .delta = -(int32_t)(i * PAGE)};
        add_moves_of(move, 0);
        move.has_no_area = true;
        move.choice = NO_ADDRESSES;
        add_move(move);
    }
    add_moves_of((struct move){.kind = BREAK, .delta = 0}, 0);
    for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
        add_moves_of((struct move){.kind = MALLOC, .size = huge[i]}, 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        add_moves_of((struct move){.kind = BREAK, .delta = odd[i]}, 0);
    }
    for (size_t i = 0; i < pages; i++) {
        struct move move = {.kind = TOUCH, .pointer = window_start + i * PAGE + i};

        add_move(move); /* with nothing free */
        move.is_written = true;
        add_moves_of(move, 0);
    }
    const struct move plain = {.kind = FREE_PAGES, .has_no_area = true, .choice = NO_ADDRESSES};
    for (size_t i = 0; i < pages + 2; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(inside); j++) {
            struct move move = plain;
            move.pointer = window_start - PAGE + i * PAGE + inside[j];
            if (move.pointer % PAGE != 0 || !has_neighbours || (i > 0 && i <= pages)) {
                add_move(move); /* not the neighbours' own */
            }
        }
    }
    const uintptr_t foreign[] = {0, 1, PAGE, 0x7FFFF000u, 0xFFFFF000u, UINTPTR_MAX, BOUNDARY * 2};
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        struct move move = plain;
        move.pointer = foreign[i];
        add_move(move);
    }
}

int main(int argument_count, char **arguments)
{
    static char name[160];
    bool shows_progress = false;
    size_t memory_mib = 1024;

    pages = 8;
    break_page = 4;
    for (int i = 1; i < argument_count; i++) {
        shows_progress |= strcmp(arguments[i], "progress") == 0;
        has_neighbours |= strcmp(arguments[i], "neighbours") == 0;
        sscanf(arguments[i], "pages=%zu", &pages);
        sscanf(arguments[i], "break=%zu", &break_page);
        sscanf(arguments[i], "memory=%zu", &memory_mib);
    }
    if (pages == 0 || pages > PAGES_MAX || break_page > pages) {
        fprintf(stderr,
                "usage: prove_process [pages=1..%d] [break=PAGE] [neighbours] [progress]"
                " [memory=MIB]\n",
                PAGES_MAX);
        return 2;
    }
    window_start = BOUNDARY - (uint32_t)break_page * PAGE;
    window_end = window_start + (uint32_t)pages * PAGE;
    add_moves();
    snprintf(name, sizeof(name), "process heap of %zu pages, break at page %zu%s", pages,
             break_page, has_neighbours ? ", with neighbours" : "");
    const struct prove_model model = {
        .name = name,
        .state_bytes = sizeof(struct state),
        .moves = move_count,
        .start = start,
        .step = step,
        .check = check,
        .describe_move = describe_move,
        .describe_state = describe_state,
    };
    return prove(&model, memory_mib, shows_progress);
}
