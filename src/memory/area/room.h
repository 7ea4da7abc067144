/*
 * memory/area/room.h - which addresses of a range are free: an index of its gaps.
 *
 * Theory
 *
 * A room is a range of whole pages. What is free of it is a set of gaps, each as long as it can be,
 * so that no two touch. All gaps but one are in a balanced tree (lib/tree.h) in the order of their
 * addresses; each node also keeps the largest gap of its subtree, so that the first one that is
 * long enough is found by going down once.
 *
 * One gap, the *current* one, is outside the tree: two numbers in struct room. Memory is taken from
 * its start, upward, until it no longer suffices; then the next gap that does becomes the current
 * one (next fit). So most calls compare and add, and neither search nor need memory. (Doug Lea's
 * malloc calls such a chunk the designated victim.) The current gap may be empty: then its two
 * numbers are still the place behind what was given out last, and the next run that is given back
 * becomes it.
 *
 *   start                                                          end
 *     | in use |  gap  | in use | current gap       | in use | gap | in use ...
 *                      ^ below   ^ current_start     ^ current_end
 *                                                   above ^ (or less)
 *
 * Invariants (room_check() checks them)
 *
 *   - Gaps are not empty, but for the current one; they are in order, apart from each other and inside
 *     the room.
 *   - below < current_start <= current_end < above. Every gap of the tree ends at `below` or before it,
 *     or starts at `above` or behind it. So a run that lies between these and touches the current gap
 *     joins it and no other. Both may be closer to the current gap than the next gap is: a call that
 *     they do not suffice for looks into the tree.
 *   - A node's `largest` is the size of the largest gap in its subtree; the tree is balanced.
 *
 * Memory
 *
 * A gap in the tree is a node of 28 bytes (56 with 64 bits) from kmem_alloc(). A call that *takes*
 * and would need a node for what remains fails when there is none, and changes nothing. room_give()
 * cannot fail: the gap that finds no node is *lost* for the index, which gives out none of its
 * pages, and lost_pages counts them. So when a call finds nothing and room_has_lost(), its caller
 * finds a free run in another way (areas and page tables: address_space_find_free()), and says so
 * with room_put_back().
 *
 * Costs, with 100,000 gaps, in instructions (make bench counts them): taking from the current gap
 * and giving back to it some 15 together; all else some 500, at most 3,000. room_destroy() and
 * room_clone() take about 100 for each gap, so their callers say how many nodes a call may do.
 *
 * Addresses are multiples of PAGE_SIZE_BYTES, ranges [start, end) are not empty. Not for interrupt
 * handlers; calls for one room must not overlap.
 */
#ifndef MEMORY_AREA_ROOM_H
#define MEMORY_AREA_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/types.h"
#include "layout.h"
#include "lib/tree.h"

struct room {
    vaddr_t current_start, current_end; /* the current gap */
    vaddr_t below, above;               /* between which there is no other gap */
    struct tree gaps;                   /* all others */
    vaddr_t start, end;                 /* the range */
    size_t lost_pages;                  /* free, and in no gap */
};

/* A room whose pages are all free; start is not 0. Needs no memory. */
void room_initialise(struct room *room, vaddr_t start, vaddr_t end);

/*
 * Frees at most so many nodes; true: that was all, and the room may go. Until then only this may be
 * called for it.
 */
bool room_destroy(struct room *room, size_t nodes);

/*
 * Makes *to a copy of *from, for fork, at most so many nodes in one call. Before the first call *to
 * is all zero bytes. 0: done; 1: call again, *from must not change meanwhile; -ENOMEM. In the last
 * two cases, *to is only for room_clone() and room_destroy().
 */
int room_clone(struct room *to, const struct room *from, size_t nodes);

/* Are all pages of [start, end) free (and not lost)? */
bool room_is_free(const struct room *room, vaddr_t start, vaddr_t end);

/* Are there free pages that the index does not know? */
static inline bool room_has_lost(const struct room *room)
{
    return room->lost_pages > 0;
}

/* The calls behind the two below, when the current gap alone does not suffice. */
vaddr_t room_take_slowly(struct room *room, vaddr_t low, vaddr_t high, size_t pages);
void room_give_slowly(struct room *room, vaddr_t start, vaddr_t end);

/*
 * Takes a run of so many pages in [low, high), next fit: from the start of the current gap; else
 * from the first gap behind it that is long enough, else from the first one of all. That gap
 * becomes the current one. The result is the run's start, 0: there is none, or no memory.
 */
static inline vaddr_t room_take(struct room *room, vaddr_t low, vaddr_t high, size_t pages)
{
    vaddr_t start = room->current_start;
    vaddr_t end = start + pages * PAGE_SIZE_BYTES; /* wraps only when there are not as many pages */

    if (pages - 1 < (room->current_end - start) / PAGE_SIZE_BYTES && start >= low && end <= high) {
        room->current_start = end;
        return start;
    }
    return room_take_slowly(room, low, high, pages);
}

/* Takes the highest run of so many pages in [low, high); which gap is the current one stays. 0:
 * there is none, or no memory. */
vaddr_t room_take_highest(struct room *room, vaddr_t low, vaddr_t high, size_t pages);

/* Takes [start, end). False, and nothing is changed: some page of it is not free, or there is no
 * memory (room_is_free() distinguishes these). */
bool room_take_at(struct room *room, vaddr_t start, vaddr_t end);

/* Gives back [start, end), any pages that were taken, none of them free. Never fails. */
static inline void room_give(struct room *room, vaddr_t start, vaddr_t end)
{
    if (end == room->current_start && start > room->below) {
        room->current_start = start;
    } else if (start == room->current_end && end < room->above) {
        room->current_end = end;
    } else {
        room_give_slowly(room, start, end);
    }
}

/*
 * Says that the pages of [start, end), which its caller found to be free, are. What of them was
 * lost is so no longer, as far as there is memory for nodes now.
 */
void room_put_back(struct room *room, vaddr_t start, vaddr_t end);

/* For tests: 0, or -ECORRUPT when an invariant does not hold. */
int room_check(const struct room *room);

#endif
