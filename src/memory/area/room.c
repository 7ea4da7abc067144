/*
 * memory/area/room.c - an index of free addresses (room.h has theory and invariants).
 *
 * Two searches of the tree: find_neighbours() goes to the place of an address, find_fit() to the
 * gap that is nearest to an address and long enough. All that changes gaps ends in one of these:
 * take from the current one, take from one of the tree, make one of the tree the current one, give
 * to either.
 */
#include "memory/area/room.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "memory/heap/kmem_cache.h"

/* For find_fit(): which way to go from the address. Equal to the side of a node that is nearer. */
#define UPWARD   0
#define DOWNWARD 1

struct gap {
    struct tree_node node;
    vaddr_t start, end;
    size_t largest; /* bytes of the largest gap from this node down */
};

static inline struct gap *gap_of(const struct tree_node *node)
{
    return TREE_ENTRY(node, struct gap, node);
}

static inline size_t size_of(const struct gap *gap)
{
    return gap->end - gap->start;
}

static inline size_t largest_of(const struct tree_node *node)
{
    return node != NULL ? gap_of(node)->largest : 0;
}

static bool update_largest(struct tree_node *node)
{
    struct gap *gap = gap_of(node);
    size_t below = MAX(largest_of(node->child[0]), largest_of(node->child[1]));
    size_t largest = MAX(size_of(gap), below);
    bool is_changed = largest != gap->largest;

    gap->largest = largest;
    return is_changed;
}

static bool current_is_empty(const struct room *room)
{
    return room->current_start == room->current_end;
}

/* ---------------------------------------------------------------- searches */

/* The gaps of the tree around an address: the last that starts below it, the first that does
 * not. */
struct neighbours {
    struct gap *before, *after; /* NULL: none */
};

static struct neighbours find_neighbours(const struct room *room, vaddr_t address)
{
    struct neighbours found = {NULL, NULL};
    struct tree_node *node = room->gaps.root;

    while (node != NULL) {
        struct gap *gap = gap_of(node);

        if (gap->start < address) {
            found.before = gap;
            node = node->child[1];
        } else {
            found.after = gap;
            node = node->child[0];
        }
    }
    return found;
}

/* The gap of the tree that all of [start, end) lies in; NULL: none. */
static struct gap *find_around(const struct room *room, vaddr_t start, vaddr_t end)
{
    struct gap *gap = find_neighbours(room, start + 1).before;

    return gap != NULL && gap->end >= end ? gap : NULL;
}

static bool is_in_current(const struct room *room, vaddr_t start, vaddr_t end)
{
    return start >= room->current_start && end <= room->current_end;
}

/* The first gap of the subtree, seen from that side, that has as many bytes. There must be one. */
static struct gap *first_fit(const struct tree_node *node, unsigned side, size_t bytes)
{
    for (;;) {
        if (largest_of(node->child[side]) >= bytes) {
            node = node->child[side];
        } else if (size_of(gap_of(node)) >= bytes) {
            return gap_of(node);
        } else {
            node = node->child[!side];
        }
    }
}

struct fit {
    struct gap *gap;
    vaddr_t start; /* 0: there is none */
};

/*
 * The place for so many bytes in the tree that is nearest to `from`, and above (UPWARD) or below
 * it.
 *
 * On the way down, `cut` is the gap that reaches across `from`, if any does. What lies beyond
 * `from` are the nodes where the way goes to the nearer side, each with all on its far side. The
 * last of these is the nearest.
 */
static struct fit find_fit(const struct room *room, vaddr_t from, unsigned way, size_t bytes)
{
    const struct tree_node *node = room->gaps.root;
    const struct tree_node *nearest = NULL;
    struct gap *cut = NULL;

    while (largest_of(node) >= bytes) {
        struct gap *gap = gap_of(node);

        if (way == UPWARD ? gap->start < from : gap->end > from) {
            cut = gap;
            node = node->child[!way];
        } else {
            if (size_of(gap) >= bytes || largest_of(node->child[!way]) >= bytes) {
                nearest = node;
            }
            node = node->child[way];
        }
    }
    if (cut != NULL && cut->start < from && from < cut->end &&
        (way == UPWARD ? cut->end - from : from - cut->start) >= bytes) {
        return (struct fit){cut, way == UPWARD ? from : from - bytes};
    }
    if (nearest == NULL) {
        return (struct fit){NULL, 0};
    }
    struct gap *gap = gap_of(nearest);
    if (size_of(gap) < bytes) {
        gap = first_fit(nearest->child[!way], way, bytes);
    }
    return (struct fit){gap, way == UPWARD ? gap->start : gap->end - bytes};
}

/* ---------------------------------------------------------------- nodes */

static struct gap *new_gap(vaddr_t start, vaddr_t end)
{
    struct gap *gap = kmem_alloc(sizeof(*gap));

    if (gap != NULL) {
        gap->start = start;
        gap->end = end;
        gap->largest = 0;
    }
    return gap;
}

static void remove_gap(struct room *room, struct gap *gap)
{
    tree_remove(&room->gaps, &gap->node);
    kmem_free(gap);
}

/* The current gap is not to grow into this one without a look into the tree. */
static void keep_off(struct room *room, const struct gap *gap)
{
    if (gap->end <= room->current_start) {
        room->below = MAX(room->below, gap->end);
    } else {
        room->above = MIN(room->above, gap->start);
    }
}

static void insert_gap(struct room *room, struct neighbours at, struct gap *gap)
{
    tree_insert_between(&room->gaps, at.before != NULL ? &at.before->node : NULL,
                        at.after != NULL ? &at.after->node : NULL, &gap->node);
    keep_off(room, gap);
}

/* After one of its ends was moved. */
static void update_gap(struct room *room, struct gap *gap)
{
    tree_update(&room->gaps, &gap->node);
    keep_off(room, gap);
}

/* ---------------------------------------------------------------- taking */

/* Takes [start, end), which lies in the gap. False: there is no memory for what remains behind
 * it. */
static bool take_from_gap(struct room *room, struct gap *gap, vaddr_t start, vaddr_t end)
{
    if (start == gap->start && end == gap->end) {
        remove_gap(room, gap);
        return true;
    }
    if (start == gap->start) {
        gap->start = end;
    } else {
        if (end < gap->end) {
            struct tree_node *next = tree_next(&gap->node);
            struct gap *rest = new_gap(end, gap->end);

            if (rest == NULL) {
                return false;
            }
            tree_insert_between(&room->gaps, &gap->node, next, &rest->node);
        }
        gap->end = start;
    }
    tree_update(&room->gaps, &gap->node);
    return true;
}

/*
 * The same from the current gap. When something remains on both sides, the upper part is the
 * current gap then if upper_stays, else the lower one.
 */
static bool take_from_current(struct room *room, vaddr_t start, vaddr_t end, bool upper_stays)
{
    if (start == room->current_start) {
        room->current_start = end;
        return true;
    }
    if (end < room->current_end) {
        struct gap *rest =
            upper_stays ? new_gap(room->current_start, start) : new_gap(end, room->current_end);

        if (rest == NULL) {
            return false;
        }
        if (upper_stays) {
            room->current_start = end;
        } else {
            room->current_end = start;
        }
        insert_gap(room, find_neighbours(room, rest->start), rest);
        return true;
    }
    room->current_end = start;
    return true;
}

/*
 * Takes so many bytes at start, in the gap, which becomes the current one from there on. What it
 * was before goes into the tree, with the gap's node unless that still has what is below start.
 * False: there is no memory for one.
 */
static bool take_and_move_current(struct room *room, struct gap *gap, vaddr_t start, size_t bytes)
{
    struct gap *old = NULL;
    vaddr_t end = gap->end;
    bool is_cut = gap->start < start;

    if (!current_is_empty(room)) {
        old = is_cut ? new_gap(room->current_start, room->current_end) : gap;
        if (old == NULL) {
            return false;
        }
    }
    if (is_cut) {
        gap->end = start;
        tree_update(&room->gaps, &gap->node);
    } else if (old != NULL) {
        tree_remove(&room->gaps, &gap->node);
        gap->start = room->current_start;
        gap->end = room->current_end;
    } else {
        remove_gap(room, gap);
    }
    room->current_start = start + bytes;
    room->current_end = end;
    /* The gap touched no other: without the tree this much is known. */
    room->below = is_cut ? start : start - 1;
    room->above = end + 1;
    if (old != NULL) {
        insert_gap(room, find_neighbours(room, old->start), old);
    }
    return true;
}

static bool is_possible(const struct room *room, size_t pages)
{
    return pages > 0 && pages <= (room->end - room->start) / PAGE_SIZE_BYTES;
}

vaddr_t room_take_slowly(struct room *room, vaddr_t low, vaddr_t high, size_t pages)
{
    vaddr_t from = MAX(low, room->current_start);
    size_t bytes = pages * PAGE_SIZE_BYTES;

    if (!is_possible(room, pages)) {
        return 0;
    }
    if (from < room->current_end && room->current_end - from >= bytes && from + bytes <= high) {
        return take_from_current(room, from, from + bytes, true) ? from : 0;
    }
    struct fit fit = find_fit(room, from, UPWARD, bytes);
    if ((fit.start == 0 || fit.start + bytes > high) && low < from) {
        fit = find_fit(room, low, UPWARD, bytes);
    }
    if (fit.start == 0 || fit.start + bytes > high ||
        !take_and_move_current(room, fit.gap, fit.start, bytes)) {
        return 0;
    }
    return fit.start;
}

vaddr_t room_take_highest(struct room *room, vaddr_t low, vaddr_t high, size_t pages)
{
    size_t bytes = pages * PAGE_SIZE_BYTES;
    vaddr_t end = MIN(high, room->current_end);

    if (!is_possible(room, pages)) {
        return 0;
    }
    struct fit fit = find_fit(room, high, DOWNWARD, bytes);
    if (end > room->current_start && end - room->current_start >= bytes &&
        end - bytes > fit.start) {
        fit = (struct fit){NULL, end - bytes};
    }
    if (fit.start == 0 || fit.start < low) {
        return 0;
    }
    bool is_taken = fit.gap != NULL ? take_from_gap(room, fit.gap, fit.start, fit.start + bytes)
                                    : take_from_current(room, fit.start, end, false);
    return is_taken ? fit.start : 0;
}

bool room_is_free(const struct room *room, vaddr_t start, vaddr_t end)
{
    return is_in_current(room, start, end) || find_around(room, start, end) != NULL;
}

bool room_take_at(struct room *room, vaddr_t start, vaddr_t end)
{
    KASSERT(start < end);
    if (is_in_current(room, start, end)) {
        return take_from_current(room, start, end, false);
    }
    struct gap *gap = find_around(room, start, end);
    return gap != NULL && take_from_gap(room, gap, start, end);
}

/* ---------------------------------------------------------------- giving back */

/* Is this a run inside the room, and no page of it in a gap? */
static bool may_be_given(const struct room *room, struct neighbours at, vaddr_t start, vaddr_t end)
{
    return start >= room->start && start < end && end <= room->end &&
           (at.before == NULL || at.before->end <= start) &&
           (at.after == NULL || end <= at.after->start) &&
           (current_is_empty(room) || end <= room->current_start || room->current_end <= start);
}

/* The pages touch the current gap, or it is empty and they become it. */
static void give_to_current(struct room *room, struct neighbours at, vaddr_t start, vaddr_t end)
{
    bool touches = start <= room->current_end && room->current_start <= end;

    room->below = at.before != NULL ? at.before->end : room->start - 1;
    room->above = at.after != NULL ? at.after->start : room->end + 1;
    if (touches) {
        room->current_start = MIN(start, room->current_start);
        room->current_end = MAX(end, room->current_end);
    } else {
        room->current_start = start;
        room->current_end = end;
    }
    if (room->below == room->current_start) {
        room->current_start = at.before->start;
        room->below = at.before->start - 1;
        remove_gap(room, at.before);
    }
    if (room->above == room->current_end) {
        room->current_end = at.after->end;
        room->above = at.after->end + 1;
        remove_gap(room, at.after);
    }
}

/* The pages touch a gap of the tree, and not the current one. */
static void give_to_gap(struct room *room, struct neighbours at, vaddr_t start, vaddr_t end)
{
    bool touches_after = at.after != NULL && at.after->start == end;

    if (at.before == NULL || at.before->end != start) {
        at.after->start = start;
        update_gap(room, at.after);
        return;
    }
    at.before->end = touches_after ? at.after->end : end;
    if (touches_after) {
        remove_gap(room, at.after);
    }
    update_gap(room, at.before);
}

void room_give_slowly(struct room *room, vaddr_t start, vaddr_t end)
{
    struct neighbours at = find_neighbours(room, start);
    bool touches_current = start <= room->current_end && room->current_start <= end;
    bool touches_gap = (at.before != NULL && at.before->end == start) ||
                       (at.after != NULL && at.after->start == end);

    KASSERT(may_be_given(room, at, start, end));
    if (touches_current || (current_is_empty(room) && !touches_gap)) {
        give_to_current(room, at, start, end);
    } else if (touches_gap) {
        give_to_gap(room, at, start, end);
    } else {
        struct gap *gap = new_gap(start, end);

        if (gap != NULL) {
            insert_gap(room, at, gap);
        } else {
            room->lost_pages += (end - start) / PAGE_SIZE_BYTES;
        }
    }
}

void room_put_back(struct room *room, vaddr_t start, vaddr_t end)
{
    while (start < end) {
        struct neighbours at = find_neighbours(room, start + 1);
        vaddr_t next = at.after != NULL ? MIN(end, at.after->start) : end;

        if (at.before != NULL && start < at.before->end) {
            start = at.before->end;
        } else if (start >= room->current_start && start < room->current_end) {
            start = room->current_end;
        } else {
            if (start < room->current_start) {
                next = MIN(next, room->current_start);
            }
            KASSERT(room->lost_pages >= (next - start) / PAGE_SIZE_BYTES);
            room->lost_pages -= (next - start) / PAGE_SIZE_BYTES;
            room_give(room, start, next);
            start = next;
        }
    }
}

/* ---------------------------------------------------------------- whole rooms */

void room_initialise(struct room *room, vaddr_t start, vaddr_t end)
{
    KASSERT(start > 0 && start < end);
    *room = (struct room){
        .current_start = start,
        .current_end = end,
        .below = start - 1,
        .above = end + 1,
        .start = start,
        .end = end,
    };
    tree_initialise(&room->gaps, update_largest);
}

bool room_destroy(struct room *room, size_t nodes)
{
    for (; nodes > 0 && room->gaps.root != NULL; nodes--) {
        kmem_free(gap_of(tree_dismantle(&room->gaps)));
    }
    return room->gaps.root == NULL;
}

int room_clone(struct room *to, const struct room *from, size_t nodes)
{
    struct tree_node *root = to->gaps.root;

    *to = *from;
    to->gaps.root = root;
    struct tree_node *last = tree_last(&to->gaps);
    struct gap *gap = find_neighbours(from, last != NULL ? gap_of(last)->end : 0).after;
    while (gap != NULL) {
        const struct tree_node *next = tree_next(&gap->node);

        if (nodes-- == 0) {
            return 1;
        }
        gap = new_gap(gap->start, gap->end);
        if (gap == NULL) {
            return -ENOMEM;
        }
        tree_insert_between(&to->gaps, last, NULL, &gap->node);
        last = &gap->node;
        gap = next != NULL ? gap_of(next) : NULL;
    }
    return OK;
}

/* ---------------------------------------------------------------- proof */

/* Is the gap inside the room, behind what comes before it, and away from the current gap? */
static bool gap_is_sound(const struct room *room, const struct gap *gap, vaddr_t before)
{
    size_t largest = MAX(largest_of(gap->node.child[0]), largest_of(gap->node.child[1]));

    return gap->start < gap->end && IS_ALIGNED(gap->start | gap->end, PAGE_SIZE_BYTES) &&
           gap->start > before && gap->end <= room->end &&
           (gap->end <= room->below || gap->start >= room->above) &&
           gap->largest == MAX(largest, size_of(gap));
}

int room_check(const struct room *room)
{
    vaddr_t before = room->start - 1;

    if (room->below >= room->current_start || room->current_start > room->current_end ||
        room->current_end >= room->above || room->current_start < room->start ||
        room->current_end > room->end || !tree_is_sound(&room->gaps) ||
        !IS_ALIGNED(room->current_start | room->current_end, PAGE_SIZE_BYTES)) {
        return -ECORRUPT;
    }
    for (const struct tree_node *node = tree_first(&room->gaps); node != NULL;
         node = tree_next(node)) {
        if (!gap_is_sound(room, gap_of(node), before)) {
            return -ECORRUPT;
        }
        before = gap_of(node)->end;
    }
    return OK;
}
