/*
 * test_user_pages.c - ranges of pages: promised, shared, protected, given back; in both formats,
 * with a CPU whose TLB remembers (paging_fixture.h).
 * Sources: src/memory/memory_map.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paging_fixture.h"

#include "memory/paging/user_pages.c" /* NOLINT(bugprone-suspicious-include) */

#define MARKS  (PAGE_FLAG_MARK_1 | PAGE_FLAG_MARK_2)
#define BORDER 0x80400000u         /* between two tables */
#define START  (BORDER - 3 * PAGE) /* three pages in one, three in the next */
#define END    (BORDER + 3 * PAGE)
#define TABLES (ARCH_BITS == 64 ? 4u : 2u) /* for these six */
#define LOW    0x80000000u
#define HIGH   0xC0000000u

static void *at(size_t page)
{
    return (void *)(uintptr_t)(START + page * PAGE);
}

static struct page_entry entry_at(const struct paging_4gb_chunk *chunk, size_t page)
{
    return paging_entry(chunk, (vaddr_t)at(page));
}

static void *frame_at(const struct paging_4gb_chunk *chunk, size_t page)
{
    return page_memory(page_entry_frame(entry_at(chunk, page)));
}

/* A frame of its own for the page. */
static void bring(struct paging_4gb_chunk *chunk, size_t page, uint32_t flags)
{
    void *frame = pmm_alloc_page();

    assert_int_equal(paging_map(chunk, at(page), (void *)page_physical(frame), flags), OK);
}

static void release_all(struct paging_4gb_chunk *chunk)
{
    struct user_pages_released released;

    for (vaddr_t at_address = LOW; at_address < HIGH;) {
        at_address = user_pages_release(chunk, at_address, HIGH, SIZE_MAX, 0, &released);
    }
    assert_int_equal(chunk->own_tables, PAGE_MIXED_TABLES);
}

static void free_chunk(struct paging_4gb_chunk *chunk)
{
    release_all(chunk);
    paging_switch(paging_kernel_chunk());
    paging_free_4gb(chunk);
}

/* ---------------------------------------------------------------- single things */

static void promises(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    size_t before = taken;
    struct user_pages_count count;

    (void)state;
    for (size_t left = 0; left < TABLES; left++) {
        frames_left = left;
        assert_int_equal(user_pages_promise(chunk, START, END, MARKS), -ENOMEM);
        assert_int_equal(taken, before); /* all is as it was */
        assert_int_equal(chunk->own_tables, PAGE_MIXED_TABLES);
        assert_true(page_entry_is_empty(entry_at(chunk, 0)));
    }
    frames_left = TABLES;
    assert_int_equal(user_pages_promise(chunk, START, END, MARKS), OK);
    frames_left = SIZE_MAX;
    assert_int_equal(taken - before, TABLES);
    for (size_t i = 0; i < 6; i++) {
        assert_true(page_entry_is_promised(entry_at(chunk, i)));
        assert_int_equal(page_entry_marks(entry_at(chunk, i)), MARKS);
        assert_false(paging_is_mapped(chunk, at(i)));
    }
    assert_true(page_entry_is_empty(paging_entry(chunk, START - PAGE)));
    assert_true(page_entry_is_empty(paging_entry(chunk, END)));
    check_chunk(chunk);
    user_pages_count(chunk, LOW, HIGH, &count);
    assert_true(count.promised == 6 && count.present == 0 && count.shared == 0);
    user_pages_count(chunk, START + PAGE, END - PAGE, &count);
    assert_int_equal(count.promised, 4);

    bring(chunk, 2, USER | PAGE_FLAG_MARK_1); /* the touch */
    check_chunk(chunk);
    user_pages_count(chunk, LOW, HIGH, &count);
    assert_true(count.promised == 5 && count.present == 1 && count.shared == 0);
    free_chunk(chunk);
    assert_int_equal(taken, kernel_tables);
}

/* A promised entry without marks is not an empty one. */
static void promises_without_marks(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();

    (void)state;
    assert_int_equal(user_pages_promise(chunk, START, START + PAGE, 0), OK);
    assert_false(page_entry_is_empty(entry_at(chunk, 0)));
    assert_true(page_entry_is_promised(entry_at(chunk, 0)));
    free_chunk(chunk);
}

static void releases_in_parts(void **state)
{
    struct paging_4gb_chunk *chunk = new_chunk();
    size_t before = taken;
    struct user_pages_released released;

    (void)state;
    paging_switch(chunk);
    assert_int_equal(user_pages_promise(chunk, START, END, 0), OK);
    for (size_t i = 0; i < 6; i += 2) {
        bring(chunk, i, USER);
        touch((vaddr_t)at(i));
    }
    vaddr_t stop = user_pages_release(chunk, START, HIGH, 2, 0, &released);

    assert_true(stop == (vaddr_t)at(2));
    assert_true(released.entries == 2 && released.present == 1 && released.freed == 1);
    assert_true(released.tables == 0 && !released.is_last);
    check_chunk(chunk);
    check_tlb();
    stop = user_pages_release(chunk, stop, (vaddr_t)at(4), SIZE_MAX, 0, &released);
    assert_true(stop == (vaddr_t)at(4));
    assert_true(released.entries == 2 && released.present == 1 && released.tables == 1);
    check_chunk(chunk);
    check_tlb();
    stop = user_pages_release(chunk, stop, HIGH, 2, 0, &released);
    assert_true(stop >= END && released.entries == 2 && released.tables == TABLES - 1);
    check_tlb();
    assert_int_equal(taken, before);
    stop = user_pages_release(chunk, stop, HIGH, 1, 0, &released);
    assert_true(stop == HIGH && released.entries == 0);
    free_chunk(chunk);
}

/* A run of process_malloc(), in parts: it ends behind the first entry without the mark, and no
 * further. */
static void releases_a_run(void **state)
{
    struct user_pages_released released;

    (void)state;
    for (size_t length = 1; length <= 6; length++) {
        for (size_t max = 1; max <= 7; max++) {
            struct paging_4gb_chunk *chunk = new_chunk();
            vaddr_t stop = START;
            size_t entries = 0;

            assert_int_equal(user_pages_promise(chunk, START, END, PAGE_FLAG_MARK_2), OK);
            paging_write(chunk, (vaddr_t)at(length - 1), page_entry_promise(PAGE_FLAG_MARK_1));
            do {
                stop = user_pages_release(chunk, stop, HIGH, max, PAGE_FLAG_MARK_2, &released);
                entries += released.entries;
                assert_in_range(released.entries, 1, max);
            } while (!released.is_last);
            assert_int_equal(entries, length);
            assert_true(stop == (vaddr_t)at(length));
            assert_true(page_entry_is_empty(entry_at(chunk, length - 1)));
            assert_true(length == 6 || page_entry_is_promised(entry_at(chunk, length)));
            check_chunk(chunk);
            free_chunk(chunk);
        }
    }
    assert_int_equal(taken, kernel_tables);
}

static void shares(void **state)
{
    struct paging_4gb_chunk *from = new_chunk(), *to = new_chunk();
    struct user_pages_shared shared;

    (void)state;
    paging_switch(from);
    bring(from, 0, USER | PAGE_FLAG_MARK_1);
    assert_int_equal(user_pages_promise(from, START + PAGE, START + 2 * PAGE, PAGE_FLAG_MARK_2),
                     OK);
    bring(from, 3, USER & ~PAGE_FLAG_WRITEABLE);
    bring(from, 4, USER);
    assert_true(user_pages_protect(from, (vaddr_t)at(4), (vaddr_t)at(5), 9, 0, false) ==
                (vaddr_t)at(5));
    for (size_t i = 0; i < 6; i++) {
        touch((vaddr_t)at(i));
    }
    void *frame = frame_at(from, 0);
    size_t before = taken;

    assert_true(user_pages_share(to, from, LOW, HIGH, SIZE_MAX, true, &shared) == HIGH);
    assert_true(!shared.has_failed && shared.present == 3);
    assert_int_equal(taken - before, TABLES);
    check_tlb();
    check_chunk(to);
    check_chunk(from);
    for (size_t i = 0; i < 6; i++) {
        assert_true(page_entry_is_same(entry_at(from, i), entry_at(to, i)));
        assert_int_equal(page_entry_is_empty(entry_at(to, i)), i == 2 || i == 5);
    }
    assert_int_equal(page_entry_marks(entry_at(to, 0)), PAGE_FLAG_SHARED | PAGE_FLAG_MARK_1);
    assert_false(page_entry_flags(entry_at(to, 0)) & PAGE_FLAG_WRITEABLE);
    assert_true(page_entry_is_promised(entry_at(to, 1)));
    assert_int_equal(page_entry_marks(entry_at(to, 1)), PAGE_FLAG_MARK_2);
    assert_int_equal(page_of(frame)->holders, 2);
    assert_null(page_of(frame)->object);
    assert_false(paging_is_mapped(to, at(4)));
    assert_int_equal(page_of(frame_at(to, 4))->holders, 2);

    /* A third one; then they go. */
    struct paging_4gb_chunk *third = new_chunk();
    struct user_pages_released released;

    (void)user_pages_share(third, to, START, END, SIZE_MAX, true, &shared);
    assert_int_equal(page_of(frame)->holders, 3);
    (void)user_pages_release(from, START, END, SIZE_MAX, 0, &released);
    assert_true(released.entries == 4 && released.present == 3 && released.freed == 0);
    (void)user_pages_release(third, START, END, SIZE_MAX, 0, &released);
    assert_true(released.present == 3 && released.freed == 0);
    assert_true(page_is_last(frame));
    (void)user_pages_release(to, START, END, SIZE_MAX, 0, &released);
    assert_true(released.present == 3 && released.freed == 3);
    free_chunk(from);
    free_chunk(to);
    free_chunk(third);
    assert_int_equal(taken, kernel_tables);
}

/* Shared memory: all write to the same page, before and after. */
static void shares_what_is_common(void **state)
{
    struct paging_4gb_chunk *from = new_chunk(), *to = new_chunk();
    struct user_pages_shared shared;

    (void)state;
    bring(from, 0, USER);
    (void)user_pages_share(to, from, START, END, SIZE_MAX, false, &shared);
    assert_true(page_entry_rights(entry_at(from, 0)) & PAGE_WRITE);
    assert_true(page_entry_rights(entry_at(to, 0)) & PAGE_WRITE);
    (void)user_pages_protect(to, START, END, SIZE_MAX, PAGE_READ, true);
    assert_false(page_entry_rights(entry_at(to, 0)) & PAGE_WRITE);
    (void)user_pages_protect(to, START, END, SIZE_MAX, PAGE_READ | PAGE_WRITE, true);
    assert_true(page_entry_rights(entry_at(to, 0)) & PAGE_WRITE);
    (void)user_pages_protect(to, START, END, SIZE_MAX, PAGE_READ | PAGE_WRITE, false);
    assert_false(page_entry_rights(entry_at(to, 0)) & PAGE_WRITE);
    free_chunk(from);
    free_chunk(to);
    assert_int_equal(taken, kernel_tables);
}

/* Each table that lacks in turn: what is done is whole, and can be given back. */
static void shares_until_memory_ends(void **state)
{
    struct paging_4gb_chunk *from = new_chunk();

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        bring(from, i, USER);
    }
    for (size_t left = 0; left <= TABLES; left++) {
        struct paging_4gb_chunk *to = new_chunk();
        struct user_pages_shared shared;

        frames_left = left;
        vaddr_t stop = user_pages_share(to, from, START, END, SIZE_MAX, true, &shared);
        frames_left = SIZE_MAX;
        assert_int_equal(shared.has_failed, left < TABLES);
        assert_true(stop == (!shared.has_failed ? END : left == TABLES - 1 ? BORDER : START));
        size_t done = 0;

        for (size_t i = 0; i < 6; i++) {
            bool is_done = (vaddr_t)at(i) < stop;

            done += is_done;
            assert_int_equal(page_entry_is_empty(entry_at(to, i)), !is_done);
            assert_true(!is_done || page_of(frame_at(from, i))->holders == 2);
        }
        assert_int_equal(shared.present, done);
        check_chunk(to);
        check_chunk(from);
        free_chunk(to);
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(paging_is_mapped(from, at(i)), true);
        }
    }
    free_chunk(from);
    assert_int_equal(taken, kernel_tables);
}

static void protects(void **state)
{
    static const page_rights_t rights[] = {
        PAGE_READ, PAGE_READ | PAGE_WRITE, 0, PAGE_READ | PAGE_EXECUTE, 0, PAGE_READ | PAGE_WRITE};
    struct paging_4gb_chunk *chunk = new_chunk();

    (void)state;
    paging_switch(chunk);
    assert_int_equal(user_pages_promise(chunk, START, END, MARKS), OK);
    bring(chunk, 1, USER | PAGE_FLAG_MARK_1);
    bring(chunk, 4, USER);
    void *frames_of[] = {frame_at(chunk, 1), frame_at(chunk, 4)};
    for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
        touch((vaddr_t)at(1));
        touch((vaddr_t)at(4));
        assert_true(user_pages_protect(chunk, START, END, SIZE_MAX, rights[i], false) == END);
        check_tlb();
        check_chunk(chunk);
        for (size_t j = 0; j < 6; j++) {
            bool has_frame = j == 1 || j == 4;

            assert_int_equal(page_entry_is_promised(entry_at(chunk, j)), !has_frame);
            assert_int_equal(paging_is_mapped(chunk, at(j)), has_frame && rights[i] != 0);
            if (has_frame) {
                page_rights_t now = page_entry_rights(entry_at(chunk, j));

                assert_ptr_equal(frame_at(chunk, j), frames_of[j == 4]);
                assert_int_equal(page_entry_marks(entry_at(chunk, j)),
                                 j == 1 ? PAGE_FLAG_MARK_1 : 0);
                assert_true(rights[i] == 0 || (now & PAGE_WRITE) == (rights[i] & PAGE_WRITE));
                assert_true(rights[i] == 0 || !PAGE_CAN_FORBID_EXECUTION ||
                            (now & PAGE_EXECUTE) == (rights[i] & PAGE_EXECUTE));
            }
        }
    }
    free_chunk(chunk);
    assert_int_equal(taken, kernel_tables);
}

/* ---------------------------------------------------------------- any sequence of them */

#define CHUNKS 3
#define PAGES  40 /* around the border */
#define BASE   (BORDER - PAGES / 2 * PAGE)

static struct {
    enum { EMPTY, PROMISED, PRESENT } what;
    uint32_t marks;
    page_rights_t rights;
    bool is_writeable, is_shared;
    void *frame;
} model[CHUNKS][PAGES];
static struct paging_4gb_chunk *chunks[CHUNKS];

static vaddr_t address_of(size_t page)
{
    return BASE + page * PAGE;
}

static size_t count_holders(const void *frame)
{
    size_t count = 0;

    for (size_t i = 0; i < CHUNKS * PAGES; i++) {
        count += model[i / PAGES][i % PAGES].what == PRESENT &&
                 model[i / PAGES][i % PAGES].frame == frame;
    }
    return count;
}

static void check_model(void)
{
    size_t count_frames = 0, count_tables = 0;

    for (size_t c = 0; c < CHUNKS; c++) {
        struct user_pages_count seen, count = {0};

        for (size_t i = 0; i < PAGES; i++) {
            struct page_entry entry = paging_entry(chunks[c], address_of(i));
            bool is_present = model[c][i].what == PRESENT;

            assert_int_equal(page_entry_is_empty(entry), model[c][i].what == EMPTY);
            assert_int_equal(page_entry_is_promised(entry), model[c][i].what == PROMISED);
            count.present += is_present;
            count.shared += is_present && model[c][i].is_shared;
            count.promised += model[c][i].what == PROMISED;
            if (model[c][i].what != EMPTY) {
                assert_int_equal(page_entry_marks(entry),
                                 model[c][i].marks |
                                     (model[c][i].is_shared ? PAGE_FLAG_SHARED : 0));
            }
            if (is_present) {
                assert_ptr_equal(page_memory(page_entry_frame(entry)), model[c][i].frame);
                assert_int_equal(page_entry_is_present(entry), model[c][i].rights != 0);
                if (model[c][i].rights) {
                    assert_int_equal(page_entry_rights(entry) & PAGE_WRITE,
                                     model[c][i].is_writeable ? PAGE_WRITE : 0);
                }
                size_t holders = count_holders(model[c][i].frame);
                assert_true(model[c][i].is_shared ? page_of(model[c][i].frame)->holders == holders
                                                  : holders == 1);
                if (c * PAGES + i == 0 || holders == 1) {
                    count_frames++;
                } else { /* once, by its first holder */
                    bool is_first = true;
                    for (size_t j = 0; j < c * PAGES + i; j++) {
                        is_first &= model[j / PAGES][j % PAGES].what != PRESENT ||
                                    model[j / PAGES][j % PAGES].frame != model[c][i].frame;
                    }
                    count_frames += is_first;
                }
            }
        }
        user_pages_count(chunks[c], LOW, HIGH, &seen);
        assert_memory_equal(&seen, &count, sizeof(count));
        check_chunk(chunks[c]);
        count_tables += chunks[c]->own_tables - PAGE_MIXED_TABLES;
    }
    assert_int_equal(taken - kernel_tables,
                     count_frames + count_tables + (size_t)CHUNKS * PAGING_CHUNK_PAGES);
    check_tlb();
}

static bool is_empty(size_t c, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        if (model[c][i].what != EMPTY) {
            return false;
        }
    }
    return true;
}

static void promise_some(size_t c, size_t first, size_t last)
{
    uint32_t marks = rand() % 2 ? PAGE_FLAG_MARK_1 : MARKS;

    if (!is_empty(c, first, last)) {
        return;
    }
    frames_left = rand() % 4 ? SIZE_MAX : (size_t)rand() % 3;
    int status = user_pages_promise(chunks[c], address_of(first), address_of(last), marks);

    assert_true(status == OK || (status == -ENOMEM && frames_left < 3));
    frames_left = SIZE_MAX;
    for (size_t i = first; status == OK && i < last; i++) {
        model[c][i].what = PROMISED;
        model[c][i].marks = marks;
        model[c][i].is_shared = false;
    }
}

static void bring_one(size_t c, size_t i)
{
    if (model[c][i].what == PRESENT) {
        return;
    }
    model[c][i].marks = model[c][i].what == PROMISED ? model[c][i].marks : 0;
    model[c][i].what = PRESENT;
    model[c][i].frame = pmm_alloc_page();
    model[c][i].is_shared = false;
    model[c][i].is_writeable = rand() % 2;
    model[c][i].rights = PAGE_READ;
    assert_int_equal(paging_map(chunks[c], (void *)address_of(i),
                                (void *)page_physical(model[c][i].frame),
                                PAGE_FLAG_PRESENT | PAGE_FLAG_USER | model[c][i].marks |
                                    (model[c][i].is_writeable ? PAGE_FLAG_WRITEABLE : 0)),
                     OK);
}

static void release_some(size_t c, size_t first, size_t last)
{
    size_t max = 1 + (size_t)rand() % 20;
    struct user_pages_released released;
    vaddr_t stop, start_at = address_of(first);

    do {
        size_t entries = 0, present = 0, freed = 0, tables = chunks[c]->own_tables;

        stop = user_pages_release(chunks[c], start_at, address_of(last), max, 0, &released);
        assert_true(stop > start_at && stop <= address_of(last));
        for (size_t i = first; i < last && address_of(i) < stop; i++) {
            entries += model[c][i].what != EMPTY;
            present += model[c][i].what == PRESENT;
            freed += model[c][i].what == PRESENT && count_holders(model[c][i].frame) == 1;
            model[c][i].what = EMPTY;
        }
        assert_true(released.entries == entries && released.present == present);
        assert_true(released.freed == freed && released.entries <= max);
        assert_int_equal(released.tables, tables - chunks[c]->own_tables);
        start_at = stop;
    } while (stop < address_of(last));
}

static void share_some(size_t c, size_t first, size_t last)
{
    size_t to = (c + 1) % CHUNKS;
    vaddr_t stop = address_of(first);
    struct user_pages_shared shared;

    if (!is_empty(to, first, last)) {
        return;
    }
    do {
        stop = user_pages_share(chunks[to], chunks[c], stop, address_of(last),
                                1 + (size_t)rand() % 20, true, &shared);
        assert_false(shared.has_failed);
    } while (stop < address_of(last));
    for (size_t i = first; i < last; i++) {
        if (model[c][i].what == PRESENT) {
            model[c][i].is_shared = true;
            model[c][i].is_writeable = false;
        }
        if (model[c][i].what != EMPTY) {
            model[to][i] = model[c][i];
        }
    }
}

static void protect_some(size_t c, size_t first, size_t last)
{
    page_rights_t rights =
        (page_rights_t)(rand() % 3 ? PAGE_READ | (rand() % 2 ? PAGE_WRITE : 0) : 0);
    vaddr_t stop = address_of(first);

    do {
        vaddr_t next = user_pages_protect(chunks[c], stop, address_of(last),
                                          1 + (size_t)rand() % 20, rights, false);
        assert_true(next > stop);
        stop = next;
    } while (stop < address_of(last));
    for (size_t i = first; i < last; i++) {
        model[c][i].rights = rights;
        model[c][i].is_writeable = rights & PAGE_WRITE && !model[c][i].is_shared;
    }
}

static void random_sequences(void **state)
{
    (void)state;
    memset(model, 0, sizeof(model));
    for (size_t c = 0; c < CHUNKS; c++) {
        chunks[c] = new_chunk();
    }
    for (int i = 0; i < 8000; i++) {
        size_t c = (size_t)rand() % CHUNKS, first = (size_t)rand() % PAGES;
        size_t last = first + 1 + (size_t)rand() % (PAGES - first);

        if (rand() % 2) {
            last = MIN(last, first + 3);
        }
        paging_switch(chunks[rand() % CHUNKS]);
        for (size_t j = 0; j < 20; j++) {
            touch(address_of((size_t)rand() % PAGES));
        }
        switch (rand() % 8) {
        case 0: promise_some(c, first, last); break;
        case 1:
        case 2:
        case 3: bring_one(c, first); break;
        case 4: release_some(c, first, last); break;
        case 5:
        case 6: share_some(c, first, last); break;
        default: protect_some(c, first, last); break;
        }
        check_model();
    }
    for (size_t c = 0; c < CHUNKS; c++) {
        free_chunk(chunks[c]);
    }
    assert_int_equal(taken, kernel_tables);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(promises),
        TEST(promises_without_marks),
        TEST(releases_in_parts),
        TEST(releases_a_run),
        TEST(shares),
        TEST(shares_what_is_common),
        TEST(shares_until_memory_ends),
        TEST(protects),
        TEST(random_sequences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
