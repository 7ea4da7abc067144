/*
 * prove_process.c - every state of a process's heap in a small window (prove.h has the theory).
 * Sources: src/memory/paging/paging.c
 *
 * usage: prove_process [pages=8] [break=5] [table=3] [neighbours] [progress] [memory=MIB]
 *
 * The real process_memory.c, included below with a window of 8 pages in place of the gigabyte of
 * layout.h, and the real paging.c on a chunk that begins empty. The break starts at page 5; from
 * page 3 on, pages are in the next page table, so that tables come and go. With `neighbours`, pages
 * that are not the heap's, with the same bits set in their entries, are mapped on both sides.
 *
 * Moves: process_malloc() of the smallest and the largest size of 0 to 9 pages, and of huge ones;
 * process_move_break() by -9 to 9 pages and by parts of pages. For each, every answer of the layers
 * below: as many free frames as needed, or any lower number; the same of pages that the family may
 * still have; a task that is cancelled in any of its pauses. process_free() of each page of the window and around it, of
 * addresses inside, NULL and foreign ones.
 *
 * A state is: the bits of each page's entry, heap_next, break_bytes. Page tables, counts of pages and
 * what the family is charged follow from these, and are compared after each move.
 *
 * Poison: frames that are free, so that a page that is not cleared shows. Live pages hold a pattern
 * each, which must stay.
 *
 * Abstracted: which frame a page has. The module never reads a frame's number, it only maps and
 * frees it: before each step page i gets frame i. Large pages and pieces of 256 pages, between which
 * the others run, do not fit into the window.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

static uint32_t window_start, window_break, window_end;
#undef PROCESS_HEAP_ADDRESS
#undef PROCESS_BREAK_ADDRESS
#undef PROCESS_HEAP_END
#define PROCESS_HEAP_ADDRESS  window_start
#define PROCESS_BREAK_ADDRESS window_break
#define PROCESS_HEAP_END      window_end

#include "process/process_memory.c" /* NOLINT(bugprone-suspicious-include) */

#include "debug/backtrace.h"
#include "debug/panic.h"
#include "memory/memory_map.h"
#include "prove.h"

#define PAGE      PAGE_SIZE_BYTES
#define PAGES_MAX 12
#define TABLES    2
#define FRAMES    (PAGES_MAX + 2 + TABLES + PAGES_MAX) /* mapped ones, tables, free ones */
#define BOUNDARY  0x80400000u                          /* between two page tables */
#define PLENTY    (PAGES_MAX + TABLES)

#define NOTHING  0
#define OF_BREAK 1 /* mapped, without the bits of a run */
#define FIRST    2
#define MIDDLE   3
#define LAST     4
#define ONLY     5

struct state {
    uint8_t page[PAGES_MAX]; /* NOTHING to ONLY */
    uint8_t next;            /* heap_next, in pages */
    uint8_t break_pages;
};

enum kind { MALLOC, FREE_PAGES, BREAK };

struct move {
    enum kind kind;
    size_t size;       /* MALLOC */
    uintptr_t pointer; /* FREE_PAGES */
    int32_t delta;     /* BREAK */
    uint8_t frames;    /* that are free */
    uint8_t room;      /* of the family */
    uint8_t pauses;    /* before the task is cancelled */
};

static size_t pages, break_page, table_page;
static bool has_neighbours;

/* The module's memory. */
static struct family family;
static struct process process;
static struct paging_4gb_chunk chunk;
static uint32_t directory[PAGING_TOTAL_ENTRIES_PER_TABLE] __attribute__((aligned(PAGE)));
static uint8_t frames[FRAMES][PAGE] __attribute__((aligned(PAGE)));

static bool is_taken[FRAMES];
static int filled_with[FRAMES]; /* the byte that a frame is full of; -1: not known */
static size_t free_frames, family_limit, pauses;

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

void *pmm_alloc_page(void)
{
    if (free_frames == 0) {
        return NULL;
    }
    for (size_t i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            is_taken[i] = true;
            filled_with[i] = -1;
            free_frames--;
            return frames[i];
        }
    }
    prove_fail("more frames are taken than pages can use");
}

void *pmm_alloc_zeroed_page(void)
{
    void *frame = pmm_alloc_page();

    return frame != NULL ? memset(frame, 0, PAGE) : NULL;
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

size_t pmm_get_free_pages(void)
{
    return free_frames;
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

uint32_t family_room(const struct family *of, enum family_kind kind)
{
    return (uint32_t)family_limit - of->used[kind];
}

bool task_pause(void)
{
    return pauses > 0 && pauses-- > 0;
}

/* ---------------------------------------------------------------- state to memory */

static uint32_t address_of(size_t page)
{
    return window_start + (uint32_t)page * PAGE;
}

/* The table that the page's entry is in. */
static size_t table_of_page(size_t page)
{
    return page >= table_page;
}

static uint32_t entry_of(uint8_t what, size_t frame)
{
    const uint32_t marks[] = {
        [FIRST] = RUN_FIRST | RUN_HAS_NEXT,
        [MIDDLE] = RUN_HAS_NEXT,
        [ONLY] = RUN_FIRST,
        [LAST] = 0,
        [OF_BREAK] = 0,
    };

    return (uint32_t)(uintptr_t)frames[frame] | USER_PAGE | marks[what];
}

/* The tables that must be there, and the pages that are mapped. */
static size_t count_tables(const uint8_t *page)
{
    bool is_used[TABLES] = {has_neighbours && table_page > 0,
                            has_neighbours && table_page <= pages};

    for (size_t i = 0; i < pages; i++) {
        is_used[table_of_page(i)] |= page[i] != NOTHING;
    }
    return (size_t)is_used[0] + is_used[1];
}

static size_t count_pages(const uint8_t *page)
{
    size_t count = 0;

    for (size_t i = 0; i < pages; i++) {
        count += page[i] != NOTHING;
    }
    return count;
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

static void map(size_t table, uint32_t address, uint32_t entry)
{
    size_t index = address / LARGE_PAGE_SIZE_BYTES;
    uint32_t *entries = (uint32_t *)(void *)frames[table];
    struct page_entry *slot = (struct page_entry *)&directory[index];

    if (directory[index] == 0) {
        memset(entries, 0, PAGE);
        filled_with[table] = -1;
        is_taken[table] = true;
        *slot = page_entry_make_table((paddr_t)entries, true);
        page_count_set(&chunk.counts, slot, address, 0);
        chunk.own_tables++;
    }
    entries[address / PAGE % PAGING_TOTAL_ENTRIES_PER_TABLE] = entry;
    page_count_up(&chunk.counts, slot, address);
}

/* Frames: 0 and 1 are the neighbours', 2 and 3 the tables, page i has 4 + i. */
static void put(const struct state *state, const struct move *move)
{
    memset(directory, 0, sizeof(directory));
    memset(&chunk, 0, sizeof(chunk));
    memset(is_taken, 0, sizeof(is_taken));
    chunk.directory_entry = directory;
    if (has_neighbours) {
        is_taken[0] = is_taken[1] = true;
        map(2 + (table_page == 0), window_start - PAGE, entry_of(ONLY, 0));
        map(2 + table_of_page(pages), window_end, entry_of(ONLY, 1));
    }
    for (size_t i = 0; i < pages; i++) {
        if (state->page[i] != NOTHING) {
            is_taken[4 + i] = true;
            fill(4 + i, pattern(i));
            map(2 + table_of_page(i), address_of(i), entry_of(state->page[i], 4 + i));
        }
    }
    for (size_t i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            fill(i, PROVE_POISON);
        }
    }
    size_t used = count_pages(state->page) + count_tables(state->page);
    family = (struct family){.used[FAMILY_PAGES] = (uint32_t)used};
    family_limit = used + move->room;
    process = (struct process){.family = &family,
                               .chunk = &chunk,
                               .pages = (uint32_t)used,
                               .heap_next = address_of(state->next),
                               .break_bytes = state->break_pages * PAGE};
    free_frames = move->frames;
    pauses = move->pauses;
}

/* ---------------------------------------------------------------- memory to state */

/* Which kind of page that entry makes it; the page before distinguishes the last of a run from the
 * break. */
static uint8_t kind_of(uint32_t entry, bool is_in_run)
{
    if (entry == 0) {
        return NOTHING;
    }
    switch (entry & (RUN_FIRST | RUN_HAS_NEXT)) {
    case RUN_FIRST: return ONLY;
    case RUN_FIRST | RUN_HAS_NEXT: return FIRST;
    case RUN_HAS_NEXT: return MIDDLE;
    default: return is_in_run ? LAST : OF_BREAK;
    }
}

static bool holds(const uint8_t *bytes, uint8_t value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, PAGE - 1) == 0;
}

static void take_snapshot(const struct state *before, const struct move *move, struct state *state)
{
    bool is_mapped[FRAMES] = {has_neighbours, has_neighbours};
    bool is_in_run = false;

    memset(state, 0, sizeof(*state));
    for (size_t i = 0; i < pages; i++) {
        uint32_t entry = paging_get(&chunk, (void *)address_of(i));

        state->page[i] = kind_of(entry, is_in_run);
        is_in_run = state->page[i] == FIRST || state->page[i] == MIDDLE;
        if (entry == 0) {
            continue;
        }
        size_t frame = ((entry & ~(uint32_t)PAGING_FLAGS_MASK) - (uintptr_t)frames) / PAGE;
        PROVE((entry & USER_PAGE) == USER_PAGE, "page %zu is not the user's to write", i);
        PROVE(frame < FRAMES && is_taken[frame], "page %zu has a frame that is free", i);
        PROVE(!is_mapped[frame], "page %zu has a frame that is in use", i);
        is_mapped[frame] = true;
        if (before != NULL && before->page[i] != NOTHING) {
            PROVE(frame == 4 + i && holds(frames[frame], pattern(i)),
                  "a neighbour is touched: page %zu", i);
        } else {
            PROVE(holds(frames[frame], 0), "page %zu is not zeroed", i);
        }
    }
    size_t taken = 0, mapped = count_pages(state->page), tables = count_tables(state->page);
    for (size_t i = 0; i < FRAMES; i++) {
        taken += is_taken[i];
    }
    PROVE(taken == mapped + tables + 2 * has_neighbours,
          "%zu frames are taken for %zu pages and %zu tables", taken, mapped, tables);
    PROVE(process.pages == mapped + tables, "the process counts %u pages, not %zu", process.pages,
          mapped + tables);
    PROVE(family.used[FAMILY_PAGES] == mapped + tables,
          "the family is charged for %u pages, not %zu", family.used[FAMILY_PAGES],
          mapped + tables);
    for (size_t i = 0; i < PAGING_TOTAL_ENTRIES_PER_TABLE; i++) {
        struct page_entry entry = {directory[i]};
        PROVE(directory[i] == 0 || page_entry_is_own_table(entry),
              "directory entry %zu leads to a table that is not the chunk's own", i);
        PROVE(directory[i] == 0 || i == BOUNDARY / LARGE_PAGE_SIZE_BYTES ||
                  i == BOUNDARY / LARGE_PAGE_SIZE_BYTES - 1,
              "something is mapped outside the window");
    }
    PROVE(chunk.own_tables == tables, "the chunk counts %zu tables, not %zu", chunk.own_tables,
          tables);
    if (has_neighbours) {
        PROVE(paging_get(&chunk, (void *)(window_start - PAGE)) == entry_of(ONLY, 0) &&
                  paging_get(&chunk, (void *)window_end) == entry_of(ONLY, 1),
              "a page beside the window has changed");
    }
    uint32_t next = (process.heap_next - window_start) / PAGE;
    PROVE(process.heap_next % PAGE == 0 && next <= pages, "heap_next lies outside the window");
    PROVE(process.break_bytes % PAGE == 0 && process.break_bytes / PAGE <= pages - break_page,
          "break_bytes is %u", process.break_bytes);
    state->next = (uint8_t)next;
    state->break_pages = (uint8_t)(process.break_bytes / PAGE);
    PROVE(before == NULL || free_frames + taken == move->frames + count_pages(before->page) +
                                                       count_tables(before->page) +
                                                       2 * has_neighbours,
          "frames are lost");
}

/* ---------------------------------------------------------------- moves and what they promise */

/* Are the bits of all pages these? */
static void pages_are(const uint8_t *expected, const struct state *after)
{
    for (size_t i = 0; i < pages; i++) {
        PROVE(after->page[i] == expected[i], "the marks of page %zu are of kind %u, not %u", i,
              after->page[i], expected[i]);
    }
}

static void nothing_has_changed(const struct state *before, const struct state *after,
                                const char *call)
{
    PROVE(memcmp(before, after, sizeof(*before)) == 0, "%s fails, but has changed something", call);
}

/* The first free run of that length that ends at `end` or before; `pages` when there is none. */
static size_t find_run(const struct state *state, size_t end, size_t length)
{
    size_t run = 0;

    for (size_t i = 0; i < end; i++) {
        run = state->page[i] == NOTHING ? run + 1 : 0;
        if (run >= length) {
            return i + 1 - length;
        }
    }
    return pages;
}

/* Are the frames, the family's room and the pauses enough to map these new pages one by one? */
static bool suffices(const struct state *before, const uint8_t *expected, const struct move *move)
{
    size_t new = count_pages(expected) - count_pages(before->page);
    size_t needed = new + count_tables(expected) - count_tables(before->page);

    return move->frames >= needed && move->room >= needed;
}

static void try_malloc(const struct move *move, const struct state *before, struct state *after)
{
    size_t length = move->size / PAGE + (move->size % PAGE != 0);
    size_t below = length > 0 && length <= pages ? find_run(before, break_page, length) : pages;
    size_t lowest = length > 0 && length <= pages ? find_run(before, pages, length) : pages;
    uint8_t *pointer = process_malloc(&process, move->size);
    uint8_t expected[PAGES_MAX];

    memcpy(expected, before->page, sizeof(expected));
    take_snapshot(before, move, after);
    if (pointer == NULL) {
        nothing_has_changed(before, after, "process_malloc()");
        if (lowest == pages || move->pauses < PLENTY) {
            return;
        }
        /* There is a run. Which one is up to the search, so let two tables be needed. */
        PROVE(move->frames < length + TABLES || move->room < length + TABLES,
              "NULL, though %zu pages are free from page %zu on", length, lowest);
        return;
    }
    size_t first = ((uintptr_t)pointer - window_start) / PAGE;
    PROVE(lowest < pages, "%p, though no run is free", (void *)pointer);
    PROVE((uintptr_t)pointer % PAGE == 0 && first < pages && first + length <= pages,
          "%p is not in the window", (void *)pointer);
    PROVE(below == pages || first + length <= break_page,
          "the break's pages are taken, though there is room below");
    for (size_t i = 0; i < length; i++) {
        PROVE(before->page[first + i] == NOTHING, "page %zu is handed out twice", first + i);
        expected[first + i] = length == 1 ? ONLY : i == 0 ? FIRST : i + 1 == length ? LAST : MIDDLE;
    }
    PROVE(suffices(before, expected, move), "more is taken than there is");
    pages_are(expected, after);
    PROVE(after->next == first + length && after->break_pages == before->break_pages,
          "heap_next or the break is wrong");
}

static void try_free(const struct move *move, const struct state *before, struct state *after)
{
    size_t page = (move->pointer - window_start) / PAGE;
    uint8_t expected[PAGES_MAX];
    bool is_right = move->pointer % PAGE == 0 && page < pages &&
                    (before->page[page] == FIRST || before->page[page] == ONLY);
    size_t length = 0;

    memcpy(expected, before->page, sizeof(expected));
    for (size_t i = page; is_right && length == i - page; i++) {
        bool more = expected[i] == FIRST || expected[i] == MIDDLE;
        expected[i] = NOTHING;
        length += more;
    }
    size_t told = process_allocation_pages(&process, (void *)move->pointer);
    PROVE(told == (is_right ? length + 1 : 0), "process_allocation_pages() says %zu", told);
    int status = process_free(&process, (void *)move->pointer);
    take_snapshot(before, move, after);
    if (!is_right) {
        PROVE(status == (move->pointer == 0 ? OK : -EINVARG), "a wrong free returns %d", status);
        nothing_has_changed(before, after, "process_free()");
        return;
    }
    PROVE(status == OK, "a right free is refused with %d", status);
    pages_are(expected, after);
    PROVE(after->next == (page + length + 1 == before->next ? page : before->next),
          "heap_next is at page %u", after->next);
}

static void try_break(const struct move *move, const struct state *before, struct state *after)
{
    uint32_t old_break = window_break + before->break_pages * PAGE;
    int32_t delta = move->delta / (int32_t)PAGE;
    size_t old_end = break_page + before->break_pages;
    uint8_t expected[PAGES_MAX];
    bool is_bad = move->delta % (int32_t)PAGE != 0 || (delta < 0 && -delta > before->break_pages);
    bool has_room = !is_bad && (delta <= 0 || (size_t)delta <= pages - old_end);

    memcpy(expected, before->page, sizeof(expected));
    for (int32_t i = 0; has_room && i < delta; i++) {
        has_room = expected[old_end + (size_t)i] == NOTHING;
        expected[old_end + (size_t)i] = OF_BREAK;
    }
    for (int32_t i = delta; !is_bad && i < 0; i++) {
        expected[(size_t)((int32_t)old_end + i)] = NOTHING;
    }
    bool can_succeed =
        has_room && (delta <= 0 || (suffices(before, expected, move) && move->pauses + 1 >= delta));
    uint32_t result = process_move_break(&process, move->delta);
    take_snapshot(before, move, after);
    uint32_t wanted = is_bad ? (uint32_t)-EINVARG : can_succeed ? old_break : (uint32_t)-ENOMEM;
    PROVE(result == wanted, "process_move_break() returns 0x%X, not 0x%X", result, wanted);
    if (!can_succeed) {
        nothing_has_changed(before, after, "process_move_break()");
        return;
    }
    pages_are(expected, after);
    PROVE(after->break_pages == before->break_pages + delta && after->next == before->next,
          "the break is at %u pages", after->break_pages);
}

static bool step(const void *from, size_t number, void *next)
{
    const struct move *move = &moves[number];

    put(from, move);
    switch (move->kind) {
    case MALLOC: try_malloc(move, from, next); break;
    case FREE_PAGES: try_free(move, from, next); break;
    case BREAK: try_break(move, from, next); break;
    }
    return true;
}

/* ---------------------------------------------------------------- for the search */

static void start(void *state)
{
    const struct state nothing = {.next = 0};
    const struct move none = {.frames = 0};

    put(&nothing, &none);
    take_snapshot(NULL, NULL, state);
}

/* Runs are whole, and the break's pages are those below the break and no others. */
static void check(const void *of)
{
    const struct state *state = of;

    for (size_t i = 0; i < pages; i++) {
        uint8_t before = i > 0 ? state->page[i - 1] : (uint8_t)NOTHING;
        bool is_open = before == FIRST || before == MIDDLE;
        bool is_later = state->page[i] == MIDDLE || state->page[i] == LAST;
        bool is_below_break = i >= break_page && i < break_page + state->break_pages;

        PROVE(is_open == is_later, "the run around page %zu is not whole", i);
        PROVE((state->page[i] == OF_BREAK) == is_below_break, "page %zu and the break do not agree",
              i);
    }
    PROVE(state->page[pages - 1] != FIRST && state->page[pages - 1] != MIDDLE,
          "a run goes on behind the window");
}

static void describe_move(size_t number, char *text, size_t bytes)
{
    const struct move *move = &moves[number];
    int length = 0;

    switch (move->kind) {
    case MALLOC: length = snprintf(text, bytes, "process_malloc(%zu)", move->size); break;
    case FREE_PAGES: snprintf(text, bytes, "process_free(0x%zX)", (size_t)move->pointer); return;
    case BREAK: length = snprintf(text, bytes, "process_move_break(%d)", (int)move->delta); break;
    }
    snprintf(text + length, bytes - (size_t)length,
             ": %u frames free, room for %u, cancelled after %u", move->frames, move->room,
             move->pauses);
}

static void describe_state(const void *of, char *text, size_t bytes)
{
    const struct state *state = of;
    size_t length = 0;

    for (size_t i = 0; i < pages; i++) {
        text[length++] = ".b[=]1"[state->page[i]];
    }
    snprintf(text + length, bytes - length, "  heap_next at page %u, break %u pages", state->next,
             state->break_pages);
}

static void add_move(struct move move)
{
    if (move_count == ARRAY_SIZE(moves)) {
        fprintf(stderr, "too many moves\n");
        exit(2);
    }
    moves[move_count++] = move;
}

/* The move, first with plenty of everything; then, if it asks for new pages, with each answer of the
 * layers below that can matter: one of them short at a time. */
static void add_moves_of(struct move move, size_t new_pages)
{
    const size_t amounts[] = {new_pages > 0 ? new_pages + TABLES + 1 : 0,
                              new_pages > 0 ? new_pages + TABLES + 1 : 0, new_pages};

    move.frames = move.room = PLENTY;
    move.pauses = PLENTY;
    add_move(move);
    for (size_t kind = 0; kind < ARRAY_SIZE(amounts); kind++) {
        for (size_t amount = 0; amount < amounts[kind]; amount++) {
            struct move with_less = move;
            uint8_t *answer = kind == 0   ? &with_less.frames
                              : kind == 1 ? &with_less.room
                                          : &with_less.pauses;
            *answer = (uint8_t)amount;
            add_move(with_less);
        }
    }
}

static void add_moves(void)
{
    const size_t huge[] = {0, SIZE_MAX, SIZE_MAX - PAGE + 1, SIZE_MAX / 2 + 1};
    const int32_t odd[] = {1, -1, 4095, -4095, 4097, INT32_MAX, INT32_MIN, INT32_MIN + 4096};
    const size_t inside[] = {0, 1, 4, 2048, 4095};

    for (size_t i = 1; i <= pages + 1; i++) {
        add_moves_of((struct move){.kind = MALLOC, .size = i * PAGE - PAGE + 1}, 0);
        add_moves_of((struct move){.kind = MALLOC, .size = i * PAGE}, i <= pages ? i : 0);
        add_moves_of((struct move){.kind = BREAK, .delta = (int32_t)(i * PAGE)},
                     i <= pages - break_page ? i : 0);
        add_moves_of((struct move){.kind = BREAK, .delta = -(int32_t)(i * PAGE)}, 0);
    }
    add_moves_of((struct move){.kind = BREAK, .delta = 0}, 0);
    for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
        add_moves_of((struct move){.kind = MALLOC, .size = huge[i]}, 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        add_moves_of((struct move){.kind = BREAK, .delta = odd[i]}, 0);
    }
    const struct move plain = {
        .kind = FREE_PAGES, .frames = PLENTY, .room = PLENTY, .pauses = PLENTY};
    for (size_t i = 0; i < pages + 2; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(inside); j++) {
            struct move move = plain;
            move.pointer = window_start - PAGE + i * PAGE + inside[j];
            add_move(move);
        }
    }
    const uintptr_t foreign[] = {0, 1, PAGE, 0x7FFFF000u, 0xFFFFF000u, UINTPTR_MAX, BOUNDARY * 2};
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        struct move move = plain;
        move.pointer = foreign[i];
        add_move(move);
    }
}

int main(int count, char **arguments)
{
    static char name[160];
    bool shows_progress = false;
    size_t memory_mib = 1024;

    pages = 8;
    break_page = 5;
    table_page = 3;
    for (int i = 1; i < count; i++) {
        shows_progress |= strcmp(arguments[i], "progress") == 0;
        has_neighbours |= strcmp(arguments[i], "neighbours") == 0;
        sscanf(arguments[i], "pages=%zu", &pages);
        sscanf(arguments[i], "break=%zu", &break_page);
        sscanf(arguments[i], "table=%zu", &table_page);
        sscanf(arguments[i], "memory=%zu", &memory_mib);
    }
    if (pages == 0 || pages > PAGES_MAX || break_page > pages || table_page > pages) {
        fprintf(stderr,
                "usage: prove_process [pages=1..%d] [break=PAGE] [table=PAGE] [neighbours]"
                " [progress] [memory=MIB]\n",
                PAGES_MAX);
        return 2;
    }
    window_start = BOUNDARY - (uint32_t)table_page * PAGE;
    window_break = window_start + (uint32_t)break_page * PAGE;
    window_end = window_start + (uint32_t)pages * PAGE;
    add_moves();
    snprintf(name, sizeof(name),
             "process heap of %zu pages, break at page %zu, table at page %zu%s", pages, break_page,
             table_page, has_neighbours ? ", with neighbours" : "");
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
