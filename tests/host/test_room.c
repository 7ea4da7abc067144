/*
 * test_room.c - the index of free addresses: each way to take and to give back, what happens when
 * there is no memory for nodes, and long random sequences against a model that looks at each page.
 * Sources: src/memory/area/room.c src/lib/tree.c tests/host/stub_kmem_malloc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/align.h"
#include "base/status.h"
#include "memory/area/room.h"

#include "random.h"
#include "room_model.h"
#include "stub_kmem_malloc.h"

#define PAGE  ((size_t)PAGE_SIZE_BYTES)
#define START ((vaddr_t)0x80000000u)

/* Of pages of the room. */
static vaddr_t at(size_t page)
{
    return START + page * PAGE;
}

static size_t page_of(vaddr_t address)
{
    return address == 0 ? NO_PAGE : (address - START) / PAGE;
}

static size_t take(struct room *room, size_t low, size_t high, size_t pages)
{
    return page_of(room_take(room, at(low), at(high), pages));
}

static size_t take_highest(struct room *room, size_t low, size_t high, size_t pages)
{
    return page_of(room_take_highest(room, at(low), at(high), pages));
}

static bool take_at(struct room *room, size_t first, size_t end)
{
    return room_take_at(room, at(first), at(end));
}

static void give(struct room *room, size_t first, size_t end)
{
    room_give(room, at(first), at(end));
}

static bool is_free(const struct room *room, size_t first, size_t end)
{
    return room_is_free(room, at(first), at(end));
}

/* A room that is free where the picture has a dot, made in the order of addresses, so that the
 * first dots are the current gap. */
static void make(struct room *room, const char *picture)
{
    size_t count = strlen(picture);

    room_initialise(room, START, at(count));
    for (size_t i = 0; i < count; i++) {
        if (picture[i] != '.') {
            assert_true(take_at(room, i, i + 1));
        }
    }
    assert_int_equal(room_check(room), OK);
}

/* The picture is what the room says, and it is sound. */
static void assert_is(const struct room *room, const char *picture)
{
    size_t count = strlen(picture);

    assert_int_equal(room_check(room), OK);
    for (size_t first = 0; first < count; first++) {
        bool all = true;

        for (size_t end = first + 1; end <= count; end++) {
            all = all && picture[end - 1] == '.';
            if (is_free(room, first, end) != all) {
                fail_msg("pages %zu to %zu: %s", first, end, picture);
            }
        }
    }
}

static void assert_current(const struct room *room, size_t first, size_t end)
{
    assert_int_equal(room->current_start, at(first));
    assert_int_equal(room->current_end, at(end));
}

/* Ends a room, and each test: nothing is left. */
static void end(struct room *room)
{
    assert_true(room_destroy(room, SIZE_MAX));
    assert_int_equal(stub_kmem_live(), 0);
}

/* ---------------------------------------------------------------- taking */

static void all_of_it_once(void **state)
{
    struct room room;

    (void)state;
    make(&room, "....");
    assert_int_equal(take(&room, 0, 4, 5), NO_PAGE);
    assert_int_equal(take(&room, 0, 4, 4), 0);
    assert_is(&room, "####");
    assert_int_equal(take(&room, 0, 4, 1), NO_PAGE);
    assert_int_equal(take_highest(&room, 0, 4, 1), NO_PAGE);
    assert_false(take_at(&room, 0, 1));
    give(&room, 0, 4);
    assert_is(&room, "....");
    assert_int_equal(take_highest(&room, 0, 4, 4), 0);
    give(&room, 0, 4);
    assert_true(take_at(&room, 0, 4));
    assert_is(&room, "####");
    end(&room);
}

static void sizes_that_nothing_has(void **state)
{
    const size_t sizes[] = {0,       5, SIZE_MAX / PAGE, SIZE_MAX / PAGE + 1, SIZE_MAX / PAGE + 2,
                            SIZE_MAX};
    struct room room;

    (void)state;
    make(&room, ".#..");
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        assert_int_equal(take(&room, 0, 4, sizes[i]), NO_PAGE);
        assert_int_equal(take_highest(&room, 0, 4, sizes[i]), NO_PAGE);
    }
    assert_is(&room, ".#..");
    end(&room);
}

static void limits_outside_and_the_wrong_way_round(void **state)
{
    struct room room;

    (void)state;
    make(&room, ".#..");
    assert_int_equal(room_take_highest(&room, 0, UINTPTR_MAX, 1), at(3));
    assert_int_equal(room_take(&room, 0, UINTPTR_MAX, 1), at(0));
    assert_int_equal(room_take(&room, 0, UINTPTR_MAX, 1), at(2));
    give(&room, 0, 1);
    assert_int_equal(take(&room, 1, 1, 1), NO_PAGE);
    assert_int_equal(take(&room, 1, 0, 1), NO_PAGE);
    assert_int_equal(take_highest(&room, 1, 0, 1), NO_PAGE);
    assert_int_equal(room_take(&room, 0, START, 1), 0);
    assert_int_equal(room_take_highest(&room, 0, START, 1), 0);
    assert_int_equal(room_take(&room, at(4), UINTPTR_MAX, 1), 0);
    assert_int_equal(room_take_highest(&room, at(4), UINTPTR_MAX, 1), 0);
    assert_is(&room, ".###");
    end(&room);
}

static void a_room_up_to_the_last_page_but_one(void **state)
{
    vaddr_t last = ALIGN_DOWN(UINTPTR_MAX, PAGE);
    struct room room;

    (void)state;
    room_initialise(&room, last - 3 * PAGE, last);
    assert_int_equal(room_take_highest(&room, 0, UINTPTR_MAX, 1), last - PAGE);
    assert_int_equal(room_take(&room, 0, UINTPTR_MAX, SIZE_MAX), 0);
    assert_int_equal(room_take(&room, 0, UINTPTR_MAX, 2), last - 3 * PAGE);
    room_give(&room, last - PAGE, last);
    room_give(&room, last - 3 * PAGE, last - PAGE);
    assert_true(room_is_free(&room, last - 3 * PAGE, last));
    assert_int_equal(room_check(&room), OK);
    end(&room);
}

static void next_fit_goes_upward_and_then_from_low_on(void **state)
{
    struct room room;

    (void)state;
    make(&room, "..#..#...#..");
    assert_int_equal(take(&room, 0, 12, 1), 0);
    assert_int_equal(take(&room, 0, 12, 2), 3);
    assert_current(&room, 5, 5);
    assert_is(&room, "#.####...#..");
    assert_int_equal(take(&room, 0, 12, 2), 6);
    assert_current(&room, 8, 9);
    assert_int_equal(take(&room, 0, 12, 2), 10);
    /* Behind it is nothing, so the first one of all; then the next one. */
    assert_int_equal(take(&room, 0, 12, 1), 1);
    assert_int_equal(take(&room, 0, 12, 1), 8);
    assert_is(&room, "############");
    end(&room);
}

static void next_fit_with_limits(void **state)
{
    struct room room;

    (void)state;
    make(&room, "..........#...");
    /* Of the current gap, the part below low goes into the tree. */
    assert_int_equal(take(&room, 4, 14, 2), 4);
    assert_current(&room, 6, 10);
    assert_int_equal(take(&room, 4, 8, 2), 6);
    assert_int_equal(take(&room, 4, 9, 2), NO_PAGE);
    assert_current(&room, 8, 10);
    /* A gap that low cuts. */
    assert_int_equal(take(&room, 1, 4, 2), 1);
    assert_current(&room, 3, 4);
    assert_is(&room, ".##.####..#...");
    /* The current gap lies below low: not touched, nor what lies above high. */
    assert_int_equal(take(&room, 9, 13, 3), NO_PAGE);
    assert_int_equal(take(&room, 9, 14, 3), 11);
    assert_is(&room, ".##.####..####");
    end(&room);
    /* It cuts at the current gap's end. */
    make(&room, "....#");
    assert_int_equal(take(&room, 2, 5, 2), 2);
    assert_is(&room, "..###");
    end(&room);
}

static void the_highest_place(void **state)
{
    struct room room;

    (void)state;
    make(&room, "...#....#..");
    assert_int_equal(take_highest(&room, 0, 11, 2), 9);
    assert_int_equal(take_highest(&room, 0, 11, 2), 6);
    assert_int_equal(take_highest(&room, 0, 11, 3), 0);
    assert_current(&room, 3, 3);
    give(&room, 0, 3);
    assert_is(&room, "...#..#####");
    assert_current(&room, 0, 3);
    assert_int_equal(take_highest(&room, 0, 5, 1), 4);
    assert_int_equal(take_highest(&room, 1, 3, 1), 2);
    assert_int_equal(take_highest(&room, 0, 1, 1), 0);
    assert_current(&room, 1, 2);
    assert_int_equal(take_highest(&room, 2, 11, 2), NO_PAGE);
    assert_int_equal(take_highest(&room, 6, 11, 1), NO_PAGE);
    assert_is(&room, "#.###.#####");
    end(&room);
}

static void high_cuts_gaps(void **state)
{
    struct room room;

    (void)state;
    make(&room, "......#......");
    assert_int_equal(take_highest(&room, 0, 10, 2), 8);
    assert_is(&room, "......#.##...");
    assert_int_equal(take_highest(&room, 0, 9, 2), 4);
    assert_int_equal(take_highest(&room, 0, 3, 2), 1);
    assert_current(&room, 0, 1);
    assert_is(&room, ".##.###.##...");
    end(&room);
}

static void exactly_there(void **state)
{
    struct room room;

    (void)state;
    make(&room, "......#......");
    assert_true(take_at(&room, 2, 4)); /* in the middle of the current gap */
    assert_current(&room, 0, 2);
    assert_true(take_at(&room, 9, 10)); /* and of another */
    assert_is(&room, "..##..#..#...");
    assert_false(take_at(&room, 1, 3));
    assert_false(take_at(&room, 1, 5));
    assert_false(take_at(&room, 5, 7));
    assert_false(take_at(&room, 12, 14));
    assert_is(&room, "..##..#..#...");
    assert_true(take_at(&room, 0, 1));
    assert_true(take_at(&room, 4, 5));
    assert_true(take_at(&room, 12, 13));
    assert_true(take_at(&room, 7, 9));
    assert_is(&room, "#.###.####..#");
    end(&room);
}

/* ---------------------------------------------------------------- giving back */

/* Makes the gap that starts at that page the current one. */
static void make_current(struct room *room, size_t page)
{
    assert_int_equal(take(room, page, page + 1, 1), page);
    give(room, page, page + 1);
    assert_int_equal(room->current_start, at(page));
}

/* Pages 3 to 5 are given back: with and without a gap on each side, and the current gap on the
 * left, on the right, behind all that, or empty inside and outside of them. */
static void all_neighbours_are_merged(void **state)
{
    static const size_t places[] = {1, 6, 9, 4, 0};
    struct room room;

    (void)state;
    for (unsigned shape = 0; shape < 4; shape++) {
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
            char picture[] = "##########";
            size_t place = places[i];
            bool is_empty = i > 2;

            memset(picture + 1, shape & 1 ? '.' : '#', 2);
            memset(picture + 6, shape & 2 ? '.' : '#', 2);
            picture[9] = '.';
            picture[place] = '.';
            make(&room, picture);
            make_current(&room, place);
            if (is_empty) {
                assert_int_equal(take(&room, place, place + 1, 1), place);
                picture[place] = '#';
            }
            give(&room, 3, 6);
            memset(picture + 3, '.', 3);
            assert_is(&room, picture);
            end(&room);
        }
    }
}

static void what_was_taken_goes_back_without_the_tree(void **state)
{
    struct room room;

    (void)state;
    make(&room, "#....#.");
    make_current(&room, 1);
    stub_kmem_fail_from(1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(take(&room, 0, 7, 1), 1 + i);
    }
    for (size_t i = 4; i-- > 0;) {
        give(&room, 1 + i, 2 + i);
        assert_current(&room, 1 + i, 5);
    }
    /* The other end, too. */
    assert_true(take_at(&room, 3, 5));
    give(&room, 3, 4);
    give(&room, 4, 5);
    assert_current(&room, 1, 5);
    stub_kmem_fail_at(0);
    assert_is(&room, "#....#.");
    end(&room);
}

static void an_empty_current_gap_is_the_next_that_is_given(void **state)
{
    struct room room;

    (void)state;
    make(&room, "........");
    assert_int_equal(take(&room, 0, 8, 8), 0);
    stub_kmem_fail_from(1);
    give(&room, 4, 5);
    assert_current(&room, 4, 5);
    assert_false(room_has_lost(&room));
    stub_kmem_fail_at(0);
    give(&room, 1, 2);
    assert_current(&room, 4, 5);
    /* Both sides join it, one after the other, and at last the gap behind. */
    give(&room, 3, 4);
    give(&room, 2, 3);
    assert_current(&room, 1, 5);
    give(&room, 5, 7);
    assert_current(&room, 1, 7);
    assert_is(&room, "#......#");
    end(&room);
}

/* ---------------------------------------------------------------- without memory */

static void taking_changes_nothing_without_memory(void **state)
{
    struct room room;

    (void)state;
    make(&room, ".....#.....#...");
    make_current(&room, 6);
    stub_kmem_fail_from(1);
    assert_false(take_at(&room, 2, 3));
    assert_false(take_at(&room, 8, 9));
    assert_int_equal(take_highest(&room, 0, 10, 2), NO_PAGE);
    assert_int_equal(take_highest(&room, 0, 4, 2), NO_PAGE);
    assert_int_equal(take(&room, 8, 15, 2), NO_PAGE);
    assert_int_equal(take(&room, 2, 6, 2), NO_PAGE);
    assert_false(room_has_lost(&room));
    assert_current(&room, 6, 11);
    stub_kmem_fail_at(0);
    assert_is(&room, ".....#.....#...");
    /* What needs no node goes on. */
    stub_kmem_fail_from(1);
    assert_int_equal(take(&room, 12, 15, 2), 12);
    assert_int_equal(take_highest(&room, 0, 15, 1), 14);
    assert_int_equal(take_highest(&room, 6, 11, 1), 10);
    assert_true(take_at(&room, 0, 1));
    assert_true(take_at(&room, 4, 5));
    stub_kmem_fail_at(0);
    assert_is(&room, "#...##....#####");
    end(&room);
}

static void a_lost_gap_is_counted_and_put_back(void **state)
{
    struct room room;

    (void)state;
    make(&room, "#########.");
    make_current(&room, 9);
    stub_kmem_fail_from(1);
    give(&room, 1, 3);
    give(&room, 4, 7);
    assert_int_equal(room.lost_pages, 5);
    assert_true(room_has_lost(&room));
    assert_false(is_free(&room, 1, 2));
    assert_int_equal(take(&room, 0, 10, 2), NO_PAGE);
    /* Still none. */
    room_put_back(&room, at(1), at(3));
    assert_int_equal(room.lost_pages, 5);
    stub_kmem_fail_at(0);
    room_put_back(&room, at(1), at(3));
    assert_int_equal(room.lost_pages, 3);
    assert_is(&room, "#..######.");
    /* With what is known around it. */
    give(&room, 3, 4);
    give(&room, 7, 9);
    assert_int_equal(room.lost_pages, 3);
    room_put_back(&room, at(1), at(10));
    assert_false(room_has_lost(&room));
    assert_is(&room, "#.........");
    room_put_back(&room, at(1), at(10));
    assert_is(&room, "#.........");
    end(&room);
}

/* ---------------------------------------------------------------- whole rooms */

#define MANY 1000

/* Every second page is free, from page 1 on. */
static void make_comb(struct room *room)
{
    room_initialise(room, START, at(2 * MANY));
    for (size_t i = 0; i < MANY; i++) {
        assert_true(take_at(room, 2 * i, 2 * i + 1));
    }
    assert_int_equal(room_check(room), OK);
    assert_int_equal(stub_kmem_live(), MANY - 1);
}

static void assert_comb(const struct room *room)
{
    assert_int_equal(room_check(room), OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_false(is_free(room, 2 * i, 2 * i + 1));
        assert_true(is_free(room, 2 * i + 1, 2 * i + 2));
    }
}

static void a_room_ends_in_pieces(void **state)
{
    struct room room;
    unsigned calls = 1;

    (void)state;
    make_comb(&room);
    for (; !room_destroy(&room, 100); calls++) {
        assert_int_equal(stub_kmem_live(), MANY - 1 - 100 * calls);
    }
    assert_int_equal(calls, 10);
    assert_int_equal(stub_kmem_live(), 0);
    assert_true(room_destroy(&room, 0));
}

static void a_clone_is_the_same_and_another(void **state)
{
    const size_t pieces[] = {1, 7, MANY - 2, MANY - 1, SIZE_MAX};
    struct room room;

    (void)state;
    make_comb(&room);
    room.lost_pages = 3;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct room clone = {.start = 0};
        size_t calls = 1;
        int status;

        while ((status = room_clone(&clone, &room, pieces[i])) == 1) {
            calls++;
        }
        assert_int_equal(status, OK);
        assert_int_equal(calls, (MANY - 2) / pieces[i] + 1);
        assert_comb(&clone);
        assert_int_equal(clone.current_start, room.current_start);
        assert_int_equal(clone.lost_pages, 3);
        give(&clone, 0, 1);
        assert_true(take_at(&clone, 5, 6));
        assert_true(room_destroy(&clone, SIZE_MAX));
        assert_comb(&room);
    }
    end(&room);
}

static void a_clone_fails_at_each_node(void **state)
{
    struct room room;

    (void)state;
    make_comb(&room);
    for (unsigned nth = 1; nth < MANY; nth++) {
        struct room clone = {.start = 0};

        stub_kmem_fail_at(nth);
        assert_int_equal(room_clone(&clone, &room, SIZE_MAX), -ENOMEM);
        assert_int_equal(stub_kmem_live(), MANY - 1 + nth - 1);
        assert_true(room_destroy(&clone, SIZE_MAX));
    }
    assert_comb(&room);
    end(&room);
}

static void the_checker_notices_damage(void **state)
{
    struct room room, copy;

    (void)state;
    make_comb(&room);
    copy = room;
    const struct {
        vaddr_t *number;
        vaddr_t value;
    } damage[] = {
        {&room.current_start, room.current_end + PAGE},
        {&room.current_start, room.current_start + 1},
        {&room.current_start, START - PAGE},
        {&room.current_end, room.current_start - PAGE},
        {&room.current_end, room.above},
        {&room.current_end, at(2 * MANY + 1)},
        {&room.below, room.current_start},
        {&room.above, room.current_end},
        {&room.above, room.above + 1},
        {&room.start, at(2)},
        {&room.end, at(2 * MANY - 1)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
        *damage[i].number = damage[i].value;
        assert_int_equal(room_check(&room), -ECORRUPT);
        room = copy;
        assert_int_equal(room_check(&room), OK);
    }
    /* Each word of each node, behind its links and its height: start, end and largest. */
    for (struct tree_node *node = tree_first(&room.gaps); node != NULL; node = tree_next(node)) {
        vaddr_t *words = (vaddr_t *)(node + 1);

        for (size_t i = 0; i < 3; i++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                vaddr_t saved = words[i];
                /* Further out it would be a gap as good as this one but for `largest`. */
                words[i] += (vaddr_t)((intptr_t)PAGE * sign);
                assert_int_equal(room_check(&room), -ECORRUPT);
                words[i] = saved;
            }
        }
    }
    assert_int_equal(room_check(&room), OK);
    end(&room);
}

/* ---------------------------------------------------------------- at random */

#define MODEL_PAGES 300

struct pair {
    struct room room;
    uint8_t pages[MODEL_PAGES];
    unsigned fail_each; /* every so-manieth allocation fails; 0: none */
};

/* Each page, and all of each run, is what the model says. */
static void assert_room_is_model(const struct pair *pair)
{
    assert_int_equal(room_check(&pair->room), OK);
    assert_int_equal(pair->room.lost_pages, model_count(pair->pages, MODEL_PAGES, PAGE_LOST));
    for (size_t i = 0; i < MODEL_PAGES; i++) {
        assert_int_equal(is_free(&pair->room, i, i + 1), pair->pages[i] == PAGE_FREE);
        if (pair->pages[i] == PAGE_FREE) {
            assert_true(is_free(&pair->room, i, model_run_end(pair->pages, MODEL_PAGES, i)));
        }
    }
}

/* Enters what was taken; NO_PAGE although there is a place only without memory for a node. */
static void assert_taken(struct pair *pair, size_t page, size_t wanted, size_t length)
{
    if (page == NO_PAGE && wanted != NO_PAGE) {
        assert_int_not_equal(pair->fail_each, 0);
        return;
    }
    assert_int_equal(page, wanted);
    if (page != NO_PAGE) {
        model_set(pair->pages, page, page + length, PAGE_USED);
    }
}

static size_t random_length(void)
{
    return 1 + random_below(random_below(8) == 0 ? 40 : 4);
}

static void random_take(struct pair *pair)
{
    bool has_limits = random_below(2) == 0;
    size_t low = has_limits ? random_below(MODEL_PAGES) : 0;
    size_t high = has_limits ? low + random_below(80) : MODEL_PAGES;
    size_t length = random_length();

    if (random_below(3) == 0) {
        size_t wanted = model_find(pair->pages, MODEL_PAGES, low, high, length, true);

        assert_taken(pair, take_highest(&pair->room, low, high, length), wanted, length);
    } else {
        size_t current = page_of(pair->room.current_start);
        size_t wanted = model_find_next(pair->pages, MODEL_PAGES, current, low, high, length);
        size_t page = take(&pair->room, low, high, length);

        assert_taken(pair, page, wanted, length);
        if (page != NO_PAGE && low == 0) {
            size_t end_page = model_run_end(pair->pages, MODEL_PAGES, page + length);
            assert_current(&pair->room, page + length, end_page);
        }
    }
}

static void random_take_at(struct pair *pair)
{
    size_t first = random_below(MODEL_PAGES);
    size_t length = random_length();
    bool wanted =
        first + length <= MODEL_PAGES && model_is(pair->pages, first, first + length, PAGE_FREE);

    assert_int_equal(is_free(&pair->room, first, first + length), wanted);
    bool is_taken = take_at(&pair->room, first, first + length);
    assert_taken(pair, is_taken ? first : NO_PAGE, wanted ? first : NO_PAGE, length);
}

/* Gives back some pages that are taken, whether by one call or by several. */
static void random_give(struct pair *pair)
{
    size_t first = random_below(MODEL_PAGES);
    size_t last = first, longest = random_length();
    size_t lost = pair->room.lost_pages;

    while (last < MODEL_PAGES && last - first < longest && pair->pages[last] == PAGE_USED) {
        last++;
    }
    if (first == last) {
        return;
    }
    give(&pair->room, first, last);
    bool is_lost = pair->room.lost_pages != lost;
    assert_true(!is_lost || pair->fail_each != 0);
    model_set(pair->pages, first, last, is_lost ? PAGE_LOST : PAGE_FREE);
}

/* Puts back what is free around a page, known or lost; which of it then is known the room says. */
static void random_put_back(struct pair *pair)
{
    size_t first = random_below(MODEL_PAGES);
    size_t last = first;

    while (last < MODEL_PAGES && pair->pages[last] != PAGE_USED) {
        last++;
    }
    room_put_back(&pair->room, at(first), at(last));
    for (size_t i = first; i < last; i++) {
        assert_true(pair->fail_each != 0 || is_free(&pair->room, i, i + 1));
        if (is_free(&pair->room, i, i + 1)) {
            pair->pages[i] = PAGE_FREE;
        }
    }
}

static void random_clone(struct pair *pair)
{
    struct room clone = {.start = 0};
    int status;

    while ((status = room_clone(&clone, &pair->room, 1 + random_below(20))) == 1) {
    }
    if (status == OK) {
        struct room old = pair->room;

        pair->room = clone;
        clone = old;
    } else {
        assert_int_not_equal(pair->fail_each, 0);
    }
    while (!room_destroy(&clone, 1 + random_below(20))) {
    }
}

static void random_operation(struct pair *pair)
{
    if (pair->fail_each != 0) {
        stub_kmem_fail_at(1 + random_below(pair->fail_each));
    }
    switch (random_below(10)) {
    case 0:
    case 1:
    case 2:
    case 3: random_take(pair); break;
    case 4: random_take_at(pair); break;
    case 5: random_put_back(pair); break;
    default: random_give(pair); break;
    }
    if (random_below(1000) == 0) {
        random_clone(pair);
    }
}

static void random_operations(unsigned fail_each)
{
    for (uint32_t seed = 1; seed <= 4; seed++) {
        struct pair pair = {.fail_each = fail_each};

        random_state = seed * 7919;
        room_initialise(&pair.room, START, at(MODEL_PAGES));
        model_set(pair.pages, 0, MODEL_PAGES, PAGE_FREE);
        for (unsigned i = 0; i < 50000; i++) {
            random_operation(&pair);
            if (i % 16 == 0) {
                assert_room_is_model(&pair);
            }
        }
        stub_kmem_fail_at(0);
        end(&pair.room);
    }
}

static void random_operations_with_memory(void **state)
{
    (void)state;
    random_operations(0);
}

static void random_operations_that_miss_nodes(void **state)
{
    (void)state;
    random_operations(1);
    random_operations(4);
}

/* ---------------------------------------------------------------- large ones */

/* As many gaps as there are pages for: no call goes further down than an AVL tree of them is
 * high. */
static void a_tree_of_100000_gaps_is_low(void **state)
{
    const size_t gaps = 100000;
    struct room room;

    (void)state;
    room_initialise(&room, PAGE, PAGE + 2 * gaps * PAGE);
    for (size_t i = 0; i < gaps; i++) {
        vaddr_t start = PAGE + 2 * (i * 38197 % gaps) * PAGE; /* each once */

        assert_true(room_take_at(&room, start, start + PAGE));
    }
    assert_int_equal(room_check(&room), OK);
    assert_true(room.gaps.root->height <= 24);
    assert_int_equal(room_take(&room, 0, UINTPTR_MAX, 2), 0);
    assert_int_equal(room_take_highest(&room, 0, UINTPTR_MAX, 2), 0);
    assert_int_equal(room_take_highest(&room, 0, UINTPTR_MAX, 1), PAGE + (2 * gaps - 1) * PAGE);
    end(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_once),
        cmocka_unit_test(sizes_that_nothing_has),
        cmocka_unit_test(limits_outside_and_the_wrong_way_round),
        cmocka_unit_test(a_room_up_to_the_last_page_but_one),
        cmocka_unit_test(next_fit_goes_upward_and_then_from_low_on),
        cmocka_unit_test(next_fit_with_limits),
        cmocka_unit_test(the_highest_place),
        cmocka_unit_test(high_cuts_gaps),
        cmocka_unit_test(exactly_there),
        cmocka_unit_test(all_neighbours_are_merged),
        cmocka_unit_test(what_was_taken_goes_back_without_the_tree),
        cmocka_unit_test(an_empty_current_gap_is_the_next_that_is_given),
        cmocka_unit_test(taking_changes_nothing_without_memory),
        cmocka_unit_test(a_lost_gap_is_counted_and_put_back),
        cmocka_unit_test(a_room_ends_in_pieces),
        cmocka_unit_test(a_clone_is_the_same_and_another),
        cmocka_unit_test(a_clone_fails_at_each_node),
        cmocka_unit_test(the_checker_notices_damage),
        cmocka_unit_test(random_operations_with_memory),
        cmocka_unit_test(random_operations_that_miss_nodes),
        cmocka_unit_test(a_tree_of_100000_gaps_is_low),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
