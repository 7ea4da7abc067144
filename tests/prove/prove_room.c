/*
 * prove_room.c - every state of the index of free addresses of a few pages (prove.h has the
 * theory).
 * Sources: src/lib/tree.c
 *
 * usage: prove_room [pages=8] [progress] [memory=MIB]
 *
 * The real room.c, included below because its nodes are its own, on the real tree, with nodes from
 * a few places here.
 *
 * Moves: room_take() and room_take_highest() of each number of pages with each pair of limits, and
 * with numbers and limits that nothing fits. room_take_at() (and room_is_free()) and room_give() of
 * each range, also of such that are not free or not in use, and beyond the room. room_put_back() of
 * each range that is free, known or not. room_clone(), in pieces of one node and of all, after
 * which the clone is the room; room_destroy() in such pieces. Each of these once with memory for
 * nodes and once without, if it asks for one; room_clone() with each node missing.
 *
 * A state is: what each page is (in use, free, or free and lost), the current gap, the two limits
 * beside it, and the tree with its shape.
 *
 * Poison: places of nodes that are free. They must not change.
 *
 * Abstracted: in which place a node is. The module compares no pointers but with NULL and for being
 * the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/area/room.c" /* NOLINT(bugprone-suspicious-include) */

#include "prove.h"
#include "room_model.h"

#define PAGE      ((size_t)PAGE_SIZE_BYTES)
#define PAGES_MAX 12
#define NODES_MAX (PAGES_MAX / 2 + 1)
#define PLACES    (2 * NODES_MAX) /* a room and its clone */
#define BASE      ((vaddr_t)0x80000000u)

struct node {
    uint8_t start, end;
    uint8_t children; /* bit 0: one before it, bit 1: one after it */
};

struct state {
    uint8_t page[PAGES_MAX]; /* PAGE_USED, PAGE_FREE, PAGE_LOST */
    uint8_t current_start, current_end;
    uint8_t below, above; /* twice the page, + 1: a byte further out */
    uint8_t nodes;
    struct node node[NODES_MAX]; /* each before those below it, first the side before */
};

enum kind { TAKE, TAKE_HIGHEST, TAKE_AT, GIVE, PUT_BACK, CLONE, DESTROY };

struct move {
    enum kind kind;
    size_t low, high; /* pages; for TAKE_AT and others, of the range */
    size_t pages;     /* of CLONE and DESTROY: nodes in one call */
    uint8_t failing;  /* which allocation fails; 0: none */
};

static size_t pages;

/* The module's memory. */
static struct room room;
static struct {
    struct gap gap;
    bool is_taken;
} places[PLACES];
static unsigned allocations, failing;

static jmp_buf after_panic;
static bool panic_is_expected;

static struct move moves[4096];
static size_t move_count;

/* ---------------------------------------------------------------- the layers below */

void panic(const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (panic_is_expected) {
        longjmp(after_panic, 1);
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    prove_fail("panic: %s", text);
}

static struct gap *new_place(void)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (!places[i].is_taken) {
            places[i].is_taken = true;
            return &places[i].gap;
        }
    }
    prove_fail("more nodes are taken than there can be gaps");
}

void *kmem_alloc(size_t size)
{
    PROVE(size == sizeof(struct gap), "%zu bytes are asked for", size);
    return ++allocations == failing ? NULL : new_place();
}

void kmem_free(void *ptr)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (&places[i].gap == ptr) {
            PROVE(places[i].is_taken, "a node is freed twice");
            places[i].is_taken = false;
            memset(&places[i].gap, PROVE_POISON, sizeof(places[i].gap));
            return;
        }
    }
    prove_fail("%p is freed, and is no node", ptr);
}

static size_t count_nodes(void)
{
    size_t count = 0;

    for (size_t i = 0; i < PLACES; i++) {
        const uint8_t *bytes = (const uint8_t *)&places[i].gap;

        PROVE(places[i].is_taken || (bytes[0] == PROVE_POISON &&
                                     memcmp(bytes, bytes + 1, sizeof(struct gap) - 1) == 0),
              "a node is written to that is free");
        count += places[i].is_taken;
    }
    return count;
}

/* ---------------------------------------------------------------- state to memory */

static vaddr_t address_of(size_t page)
{
    return BASE + page * PAGE;
}

static size_t page_of(vaddr_t address)
{
    return address == 0 ? NO_PAGE : (address - BASE) / PAGE;
}

static size_t lost_pages(const struct state *state)
{
    return model_count(state->page, pages, PAGE_LOST);
}

/* Makes the subtree whose nodes begin with *next. */
static struct tree_node *put_nodes(const struct node **next, struct tree_node *parent)
{
    const struct node *node = (*next)++;
    struct gap *gap = new_place();

    *gap = (struct gap){.start = address_of(node->start), .end = address_of(node->end)};
    gap->node.parent = parent;
    gap->node.height = 1;
    for (unsigned side = 0; side < 2; side++) {
        if (node->children & 1u << side) {
            struct tree_node *child = put_nodes(next, &gap->node);

            gap->node.child[side] = child;
            gap->node.height = MAX(gap->node.height, child->height + 1);
        }
    }
    update_largest(&gap->node);
    return &gap->node;
}

static void put(const struct state *state, const struct move *move)
{
    const struct node *next = state->node;

    memset(places, PROVE_POISON, sizeof(places));
    for (size_t i = 0; i < PLACES; i++) {
        places[i].is_taken = false;
    }
    room = (struct room){
        .current_start = address_of(state->current_start),
        .current_end = address_of(state->current_end),
        .below = address_of(state->below / 2) - state->below % 2,
        .above = address_of(state->above / 2) + state->above % 2,
        .start = BASE,
        .end = address_of(pages),
        .lost_pages = lost_pages(state),
    };
    tree_initialise(&room.gaps, update_largest);
    if (state->nodes > 0) {
        room.gaps.root = put_nodes(&next, NULL);
    }
    allocations = 0;
    failing = move->failing;
}

/* ---------------------------------------------------------------- memory to state */

static void take_gap(struct state *state, vaddr_t start, vaddr_t end)
{
    PROVE(start % PAGE == 0 && end % PAGE == 0 && start >= BASE && start <= end &&
              end <= address_of(pages),
          "a gap is not in the room");
    for (size_t i = page_of(start); i < page_of(end); i++) {
        PROVE(state->page[i] == PAGE_USED, "page %zu is in two gaps", i);
        state->page[i] = PAGE_FREE;
    }
}

static void take_nodes(struct state *state, const struct tree_node *node)
{
    PROVE(state->nodes < NODES_MAX, "there are too many gaps");
    const struct gap *gap = gap_of(node);
    state->node[state->nodes++] = (struct node){
        .start = (uint8_t)page_of(gap->start),
        .end = (uint8_t)page_of(gap->end),
        .children = (uint8_t)((node->child[0] != NULL) + 2 * (node->child[1] != NULL)),
    };
    take_gap(state, gap->start, gap->end);
    for (unsigned side = 0; side < 2; side++) {
        if (node->child[side] != NULL) {
            take_nodes(state, node->child[side]);
        }
    }
}

/* What the room says; pages that it does not know are in use then. */
static void take_snapshot(struct state *state)
{
    memset(state, 0, sizeof(*state));
    PROVE(room_check(&room) == OK, "room_check() fails");
    PROVE(room.start == BASE && room.end == address_of(pages), "the range has changed");
    take_gap(state, room.current_start, room.current_end);
    if (room.gaps.root != NULL) {
        take_nodes(state, room.gaps.root);
    }
    PROVE(count_nodes() == state->nodes, "%zu nodes are taken, %u are in the tree", count_nodes(),
          state->nodes);
    state->current_start = (uint8_t)page_of(room.current_start);
    state->current_end = (uint8_t)page_of(room.current_end);
    /* Each is a page's address, or one byte further from the current gap. */
    size_t is_lower = room.below % PAGE != 0, is_higher = room.above % PAGE != 0;
    PROVE((room.below + is_lower) % PAGE == 0 && (room.above - is_higher) % PAGE == 0,
          "a limit of the current gap is at 0x%zX or 0x%zX", (size_t)room.below,
          (size_t)room.above);
    state->below = (uint8_t)(2 * page_of(room.below + is_lower) + is_lower);
    state->above = (uint8_t)(2 * page_of(room.above - is_higher) + is_higher);
}

/* The snapshot, which must show these pages; lost ones among them are entered. */
static void take_snapshot_of(const uint8_t *expected, struct state *after)
{
    take_snapshot(after);
    for (size_t i = 0; i < pages; i++) {
        PROVE((after->page[i] == PAGE_FREE) == (expected[i] == PAGE_FREE),
              "page %zu is %sfree afterwards", i, after->page[i] == PAGE_FREE ? "" : "not ");
        after->page[i] = expected[i];
    }
    PROVE(room.lost_pages == lost_pages(after), "%zu pages are counted as lost, %zu are",
          room.lost_pages, lost_pages(after));
}

static void nothing_has_changed(const struct state *before, struct state *after, const char *call)
{
    take_snapshot_of(before->page, after);
    PROVE(memcmp(before, after, sizeof(*before)) == 0, "%s fails, but has changed something", call);
}

/* ---------------------------------------------------------------- moves and what they promise */

static bool memory_was_short(void)
{
    return failing != 0 && allocations >= failing;
}

/* Checks the result of a call that takes, and enters what is taken. True: something is. */
static bool has_taken(const struct state *before, uint8_t *expected, size_t page, size_t wanted,
                      size_t length, const char *call)
{
    PROVE(page == wanted || (page == NO_PAGE && memory_was_short()), "%s returns page %zd, not %zd",
          call, (ssize_t)page, (ssize_t)wanted);
    memcpy(expected, before->page, PAGES_MAX);
    if (page != NO_PAGE) {
        model_set(expected, page, page + length, PAGE_USED);
    }
    return page != NO_PAGE;
}

static void try_take(const struct move *move, const struct state *before, struct state *after)
{
    size_t wanted = model_find_next(before->page, pages, before->current_start, move->low,
                                    move->high, move->pages);
    uint8_t expected[PAGES_MAX];
    size_t page =
        page_of(room_take(&room, address_of(move->low), address_of(move->high), move->pages));

    if (!has_taken(before, expected, page, wanted, move->pages, "room_take()")) {
        nothing_has_changed(before, after, "room_take()");
        return;
    }
    take_snapshot_of(expected, after);
    size_t behind = page + move->pages;
    bool is_end_of_current =
        before->current_start < page && page < before->current_end && behind == before->current_end;
    PROVE(is_end_of_current || (after->current_start == behind &&
                                after->current_end == model_run_end(expected, pages, behind)),
          "the gap is not the current one");
}

/* Of the current gap before, what is not taken of it at its start or its end is the current gap
 * after; of what is left on both sides, the lower part. */
static void current_is_the_same(const struct state *before, const struct state *after, size_t first,
                                size_t end)
{
    size_t start = before->current_start, current_end = before->current_end;

    if (first >= start && end <= current_end) {
        if (first == start) {
            start = end;
        } else {
            current_end = first;
        }
    }
    PROVE(after->current_start == start && after->current_end == current_end,
          "another gap is the current one");
}

static void try_take_highest(const struct move *move, const struct state *before,
                             struct state *after)
{
    size_t wanted = model_find(before->page, pages, move->low, move->high, move->pages, true);
    uint8_t expected[PAGES_MAX];
    size_t page = page_of(
        room_take_highest(&room, address_of(move->low), address_of(move->high), move->pages));

    if (!has_taken(before, expected, page, wanted, move->pages, "room_take_highest()")) {
        nothing_has_changed(before, after, "room_take_highest()");
        return;
    }
    take_snapshot_of(expected, after);
    current_is_the_same(before, after, page, page + move->pages);
}

static void try_take_at(const struct move *move, const struct state *before, struct state *after)
{
    bool is_free = move->high <= pages && model_is(before->page, move->low, move->high, PAGE_FREE);
    uint8_t expected[PAGES_MAX];

    PROVE(room_is_free(&room, address_of(move->low), address_of(move->high)) == is_free,
          "room_is_free() says %d", !is_free);
    bool is_taken = room_take_at(&room, address_of(move->low), address_of(move->high));
    if (!has_taken(before, expected, is_taken ? move->low : NO_PAGE, is_free ? move->low : NO_PAGE,
                   move->high - move->low, "room_take_at()")) {
        nothing_has_changed(before, after, "room_take_at()");
        return;
    }
    take_snapshot_of(expected, after);
    current_is_the_same(before, after, move->low, move->high);
}

/* A wrong give, of pages that a gap has or that the room does not have, is a panic. True: it
 * was. */
static bool gives_with_panic(const struct move *move)
{
    volatile bool has_panicked = true;

    panic_is_expected = true;
    if (setjmp(after_panic) == 0) {
        room_give(&room, address_of(move->low), address_of(move->high));
        has_panicked = false;
    }
    panic_is_expected = false;
    return has_panicked;
}

static bool try_give(const struct move *move, const struct state *before, struct state *after)
{
    size_t last = MIN(move->high, pages);
    uint8_t expected[PAGES_MAX];

    for (size_t i = move->low; i < last; i++) {
        if (before->page[i] == PAGE_LOST) {
            return false; /* not promised to be noticed */
        }
    }
    memcpy(expected, before->page, sizeof(expected));
    if (last < move->high || !model_is(expected, move->low, last, PAGE_USED)) {
        PROVE(gives_with_panic(move), "a wrong room_give() is not noticed");
        nothing_has_changed(before, after, "room_give()");
        return true;
    }
    room_give(&room, address_of(move->low), address_of(move->high));
    bool is_lost = room.lost_pages > lost_pages(before);
    PROVE(!is_lost || memory_was_short(), "pages are lost, though there is memory");
    model_set(expected, move->low, move->high, is_lost ? PAGE_LOST : PAGE_FREE);
    take_snapshot_of(expected, after);
    return true;
}

static bool try_put_back(const struct move *move, const struct state *before, struct state *after)
{
    uint8_t expected[PAGES_MAX];

    memcpy(expected, before->page, sizeof(expected));
    for (size_t i = move->low; i < move->high; i++) {
        if (expected[i] == PAGE_USED) {
            return false;
        }
    }
    room_put_back(&room, address_of(move->low), address_of(move->high));
    bool is_lost = room.lost_pages > 0 && memory_was_short();
    for (size_t i = move->low; i < move->high; i++) {
        if (!is_lost || room_is_free(&room, address_of(i), address_of(i + 1))) {
            expected[i] = PAGE_FREE;
        }
    }
    take_snapshot_of(expected, after);
    return true;
}

/* The clone is the room afterwards. False when there is no such move: fewer nodes than that. */
static bool try_clone(const struct move *move, const struct state *before, struct state *after)
{
    struct room clone = {.start = 0};
    size_t calls = 1;
    int status = room_clone(&clone, &room, move->pages);

    for (; status == 1; calls++) {
        status = room_clone(&clone, &room, move->pages);
    }
    PROVE(status == (memory_was_short() ? -ENOMEM : OK), "room_clone() returns %d", status);
    PROVE(status != OK || calls == before->nodes / move->pages + (before->nodes % move->pages > 0) +
                                       (before->nodes == 0),
          "room_clone() takes %zu calls", calls);
    struct room gone = status == OK ? room : clone;
    if (status == OK) {
        room = clone;
    }
    PROVE(room_destroy(&gone, SIZE_MAX), "room_destroy() does not end");
    if (status != OK) {
        nothing_has_changed(before, after, "room_clone()");
        return true;
    }
    take_snapshot_of(before->page, after);
    PROVE(after->current_start == before->current_start &&
              after->current_end == before->current_end && after->below == before->below &&
              after->above == before->above,
          "the clone's current gap is another one");
    return failing == 0;
}

static void try_destroy(const struct move *move, const struct state *before)
{
    size_t nodes = before->nodes;

    while (nodes > move->pages) {
        nodes -= move->pages;
        PROVE(!room_destroy(&room, move->pages), "room_destroy() ends too soon");
        PROVE(count_nodes() == nodes, "room_destroy() leaves %zu nodes, not %zu", count_nodes(),
              nodes);
    }
    PROVE(room_destroy(&room, move->pages), "room_destroy() does not end");
    PROVE(count_nodes() == 0, "%zu nodes are left", count_nodes());
}

static bool step(const void *from, size_t number, void *next)
{
    const struct move *move = &moves[number];
    bool is_move = true;

    /* The search makes moves in their order: the one before was this one, with memory. */
    if (move->failing == 1 && allocations == 0) {
        return false;
    }
    put(from, move);
    switch (move->kind) {
    case TAKE: try_take(move, from, next); break;
    case TAKE_HIGHEST: try_take_highest(move, from, next); break;
    case TAKE_AT: try_take_at(move, from, next); break;
    case GIVE: is_move = try_give(move, from, next); break;
    case PUT_BACK: is_move = try_put_back(move, from, next); break;
    case CLONE: is_move = try_clone(move, from, next); break;
    case DESTROY:
        try_destroy(move, from);
        /* It ends the room: that leads to no state. */
        return false;
    }
    /* Without a node that was missing it is the same move as with memory. */
    return is_move && (move->failing == 0 || memory_was_short());
}

/* ---------------------------------------------------------------- for the search */

static void start(void *state)
{
    const struct move none = {.failing = 0};
    struct state nothing = {.current_end = (uint8_t)pages};

    put(&nothing, &none);
    room_initialise(&room, BASE, address_of(pages));
    take_snapshot(state);
}

/* Gaps are as long as they can be: no two touch. */
static void check(const void *of)
{
    const struct state *state = of;

    for (size_t i = 0; i < pages; i++) {
        size_t end = model_run_end(state->page, pages, i);

        PROVE(end == i || room_is_free(&room, address_of(i), address_of(end)),
              "the run around page %zu is not one gap", i);
    }
}

static void describe_move(size_t number, char *text, size_t bytes)
{
    static const char *const names[] = {
        [TAKE] = "room_take",       [TAKE_HIGHEST] = "room_take_highest",
        [GIVE] = "room_give",       [TAKE_AT] = "room_take_at",
        [CLONE] = "room_clone",     [PUT_BACK] = "room_put_back",
        [DESTROY] = "room_destroy",
    };
    const struct move *move = &moves[number];
    const char *when = move->failing != 0 ? ", without memory" : "";

    if (move->kind == TAKE || move->kind == TAKE_HIGHEST) {
        snprintf(text, bytes, "%s(%zd, %zd, %zu)%s", names[move->kind], (ssize_t)move->low,
                 (ssize_t)move->high, move->pages, when);
    } else if (move->kind == CLONE || move->kind == DESTROY) {
        snprintf(text, bytes, "%s(%zd nodes), allocation %u fails", names[move->kind],
                 (ssize_t)move->pages, move->failing);
    } else {
        snprintf(text, bytes, "%s(%zu, %zu)%s", names[move->kind], move->low, move->high, when);
    }
}

static void describe_state(const void *of, char *text, size_t bytes)
{
    const struct state *state = of;
    size_t length = 0;

    for (size_t i = 0; i < pages; i++) {
        text[length++] = "#.?"[state->page[i]];
    }
    length +=
        (size_t)snprintf(text + length, bytes - length, "  current %u to %u, below %u, above %u",
                         state->current_start, state->current_end, state->below, state->above);
    for (size_t i = 0; i < state->nodes; i++) {
        length +=
            (size_t)snprintf(text + length, bytes - length, "; %u to %u%s%s", state->node[i].start,
                             state->node[i].end, state->node[i].children & 1 ? " /" : "",
                             state->node[i].children & 2 ? " \\" : "");
    }
}

static void add_move(struct move move, unsigned failing_max)
{
    for (unsigned i = 0; i <= failing_max; i++) {
        if (move_count == ARRAY_SIZE(moves)) {
            fprintf(stderr, "too many moves\n");
            exit(2);
        }
        move.failing = (uint8_t)i;
        moves[move_count++] = move;
    }
}

static void add_takes(size_t low, size_t high, size_t length)
{
    add_move((struct move){.kind = TAKE, .low = low, .high = high, .pages = length}, 1);
    add_move((struct move){.kind = TAKE_HIGHEST, .low = low, .high = high, .pages = length}, 1);
}

static void add_moves(void)
{
    const size_t huge[] = {0, SIZE_MAX, SIZE_MAX / PAGE + 2};

    for (size_t low = 0; low <= pages; low++) {
        for (size_t high = low + 1; high <= pages; high++) {
            for (size_t length = 1; length <= high - low + 1; length++) {
                add_takes(low, high, length);
            }
            add_move((struct move){.kind = TAKE_AT, .low = low, .high = high}, 1);
            add_move((struct move){.kind = GIVE, .low = low, .high = high}, 1);
            add_move((struct move){.kind = PUT_BACK, .low = low, .high = high}, 1);
        }
        add_takes(low, low, 1);
        add_takes(pages, low, 1);
        add_move((struct move){.kind = TAKE_AT, .low = low, .high = pages + 1}, 1);
        add_move((struct move){.kind = GIVE, .low = low, .high = pages + 1}, 1);
    }
    for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
        add_takes(0, pages, huge[i]);
    }
    add_takes(0, (UINTPTR_MAX - BASE) / PAGE, 1);
    for (size_t nodes = 1; nodes <= NODES_MAX; nodes += NODES_MAX - 1) {
        add_move((struct move){.kind = CLONE, .pages = nodes}, (unsigned)pages / 2);
        add_move((struct move){.kind = DESTROY, .pages = nodes}, 0);
    }
}

int main(int count, char **arguments)
{
    static char name[80];
    bool shows_progress = false;
    size_t memory_mib = 1024;

    pages = 8;
    for (int i = 1; i < count; i++) {
        shows_progress |= strcmp(arguments[i], "progress") == 0;
        sscanf(arguments[i], "pages=%zu", &pages);
        sscanf(arguments[i], "memory=%zu", &memory_mib);
    }
    if (pages == 0 || pages > PAGES_MAX) {
        fprintf(stderr, "usage: prove_room [pages=1..%d] [progress] [memory=MIB]\n", PAGES_MAX);
        return 2;
    }
    add_moves();
    snprintf(name, sizeof(name), "room of %zu pages", pages);
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
