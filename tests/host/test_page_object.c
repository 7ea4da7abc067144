/*
 * test_page_object.c - the page cache: what it keeps, reads ahead, waits for, and gives back.
 * Sources: src/fs/page_object.c
 * Sources: tests/host/stub_frames.c tests/host/stub_tasks.c tests/host/stub_kmem_malloc.c
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
#include "fs/page_object.h"
#include "memory/heap/kheap.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "task/task.h"

#include "random.h"
#include "stub_frames.h"
#include "stub_kmem_malloc.h"
#include "stub_tasks.h"

#define NOWHERE UINT32_MAX

/* A file whose every byte says which page it is of. */
struct test_file {
    struct page_object object;
    uint8_t seed;
    uint32_t fills;    /* calls */
    uint32_t index;    /* of the last one */
    size_t count;      /* and how many pages it was about */
    uint32_t bad_page; /* cannot be read; NOWHERE: all can */
    bool waits;        /* the one who reads waits for the disk */
    unsigned ends;
};

static uint8_t content(const struct test_file *file, uint32_t index)
{
    return (uint8_t)(file->seed + index * 7);
}

static int fill(struct page_object *object, uint32_t index, void *const frames[], size_t count)
{
    struct test_file *file = (struct test_file *)object;

    assert_true(count > 0 && count <= PAGE_OBJECT_FILL_MAX && index + count <= object->pages);
    file->fills++;
    file->index = index;
    file->count = count;
    if (file->waits) {
        stub_task_wait();
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(page_of(frames[i])->is_busy);
        memset(frames[i], content(file, index + (uint32_t)i), PAGE_SIZE_BYTES);
        if (index + i == file->bad_page) {
            return -EIO;
        }
    }
    return OK;
}

static void end(struct page_object *object)
{
    struct test_file *file = (struct test_file *)object;

    assert_int_equal(object->references, 0);
    assert_int_equal(object->cached, 0);
    file->ends++;
}

static const struct page_object_operations operations = {.fill = fill, .end = end};

static void open_file(struct test_file *file, uint32_t pages, uint8_t seed)
{
    *file = (struct test_file){.seed = seed, .bad_page = NOWHERE};
    page_object_initialise(&file->object, &operations, pages);
}

/* Gets the page, and gives up the hold on it again; its contents must be right. */
static void *get(struct test_file *file, uint32_t index)
{
    void *frame = NULL;

    assert_int_equal(page_object_get(&file->object, index, &frame), OK);
    assert_int_equal(((uint8_t *)frame)[0], content(file, index));
    assert_int_equal(((uint8_t *)frame)[PAGE_SIZE_BYTES - 1], content(file, index));
    assert_false(page_release(frame));
    return frame;
}

static bool is_there(const struct test_file *file, uint32_t index)
{
    return page_object_find(&file->object, index) != NULL;
}

static struct page_cache_stats stats(void)
{
    struct page_cache_stats now;

    page_cache_get_stats(&now);
    return now;
}

/* A turn of its own, in a stretch of its own. */
static size_t shrink(size_t pages)
{
    (void)task_pause();
    return page_cache_shrink(pages);
}

/* So that nobody gets a frame any more but from the cache. Returns how many were promised. */
static size_t promise_all(void)
{
    size_t count = stub_frames_free() - stub_frames_promised();

    assert_true(pmm_promise(count));
    return count;
}

void *kzalloc(size_t size)
{
    return calloc(1, size);
}

/* ---------------------------------------------------------------- around each test */

static int set_up_cache(void **state)
{
    (void)state;
    stub_pmm_set_pages(STUB_FRAMES, STUB_FRAMES);
    page_cache_initialise();
    return 0;
}

static int forget_all(void **state)
{
    (void)state;
    page_cache_set_views(&(struct page_view_operations){NULL, NULL});
    page_cache_forget();
    assert_int_equal(stats().pages, 0);
    assert_int_equal(stats().files, 0);
    assert_int_equal(stats().idle, 0);
    assert_int_equal(stats().spare, 0);
    assert_int_equal(stub_frames_free(), STUB_FRAMES);
    assert_int_equal(stub_frames_promised(), PAGE_CACHE_PAGES_MIN);
    assert_int_equal(stub_kmem_live(), 0);
    (void)stub_frames_reclaims();
    return 0;
}

/* ---------------------------------------------------------------- getting */

static void test_a_page_is_read_once(void **state)
{
    struct page_cache_stats before = stats();
    static struct test_file file;
    void *first, *second;

    (void)state;
    open_file(&file, 1, 3);
    assert_null(page_object_find(&file.object, 0));
    assert_int_equal(page_object_get(&file.object, 0, &first), OK);
    assert_int_equal(page_object_get(&file.object, 0, &second), OK);
    assert_ptr_equal(first, second);
    assert_ptr_equal(first, page_object_find(&file.object, 0));
    assert_int_equal(page_of(first)->holders, 3); /* the cache, and two */
    assert_int_equal(file.fills, 1);
    assert_int_equal(stats().misses - before.misses, 1);
    assert_int_equal(stats().hits - before.hits, 1);
    assert_int_equal(stats().files, 1);
    assert_false(page_release(first));
    assert_false(page_release(second));
    assert_int_equal(page_object_get(&file.object, 1, &first), -EBOUNDS);
    assert_int_equal(page_object_get(&file.object, UINT32_MAX, &first), -EBOUNDS);
    page_object_release(&file.object);
    assert_int_equal(file.ends, 0); /* its page stays */
    assert_int_equal(stats().idle, 1);
    page_cache_forget();
    assert_int_equal(file.ends, 1);
}

static void test_a_file_that_nobody_has_open_comes_back_with_its_pages(void **state)
{
    static struct test_file file;

    (void)state;
    open_file(&file, 4, 9);
    void *frame = get(&file, 3);
    page_object_release(&file.object);
    assert_int_equal(stats().idle, 1);
    assert_ptr_equal(page_object_hold(&file.object), &file.object);
    assert_int_equal(stats().idle, 0);
    assert_ptr_equal(get(&file, 3), frame);
    assert_int_equal(file.fills, 1);
    page_object_release(&file.object);

    static struct test_file empty;

    open_file(&empty, 0, 1);
    page_object_release(&empty.object);
    assert_int_equal(empty.ends, 1); /* at once: it has no pages */
}

static void test_reads_ahead_of_who_goes_on(void **state)
{
    static const struct {
        uint32_t index, count;
    } fills[] = {{0, 2}, {2, 4}, {6, 8}, {14, 16}, {30, 32}, {62, 18}};
    static struct test_file file;
    uint32_t known = 0;

    (void)state;
    open_file(&file, 80, 40);
    for (uint32_t index = 0; index < 80; index++) {
        (void)get(&file, index);
        if (file.fills != known) {
            assert_int_equal(file.index, fills[known].index);
            assert_int_equal(file.count, fills[known].count);
            known++;
        }
    }
    assert_int_equal(known, 6);
    page_object_release(&file.object);

    /* Who jumps gets one page, and from there on more again. */
    page_cache_forget();
    open_file(&file, 50, 40);
    (void)get(&file, 20);
    assert_int_equal(file.count, 1);
    (void)get(&file, 10);
    assert_int_equal(file.count, 1);
    (void)get(&file, 11);
    assert_int_equal(file.count, 2);
    (void)get(&file, 13);
    assert_int_equal(file.count, 4);
    /* Up to a page that is there. */
    (void)get(&file, 17);
    assert_int_equal(file.count, 3);
    assert_int_equal(file.object.cached, 11);
    page_object_release(&file.object);
}

static void test_what_cannot_be_read_is_not_kept(void **state)
{
    static struct test_file file;
    void *frame;

    (void)state;
    open_file(&file, 40, 5);
    file.bad_page = 20;
    assert_int_equal(page_object_get(&file.object, 20, &frame), -EIO);
    assert_int_equal(file.object.cached, 0);
    assert_int_equal(stub_frames_free(), STUB_FRAMES);
    assert_int_equal(page_object_get(&file.object, 20, &frame), -EIO);
    assert_int_equal(file.fills, 2); /* tried again */
    file.bad_page = NOWHERE;
    (void)get(&file, 20);
    page_object_release(&file.object);
}

/* A page that is only read ahead spoils nothing: every other page can be had. */
static void test_a_bad_page_ahead(void **state)
{
    static struct test_file file;
    void *frame;

    (void)state;
    for (uint32_t bad = 0; bad < 40; bad++) {
        open_file(&file, 40, 5);
        file.bad_page = bad;
        for (uint32_t index = 0; index < 40; index++) {
            if (index == bad) {
                assert_int_equal(page_object_get(&file.object, index, &frame), -EIO);
            } else {
                (void)get(&file, index);
            }
        }
        assert_int_equal(file.object.cached, 39);
        page_object_release(&file.object);
        page_cache_forget();
        assert_int_equal(file.ends, 1);
    }
}

/* ---------------------------------------------------------------- several at once */

struct reader {
    struct test_file *file;
    uint32_t index;
    int status;
    void *frame;
};

static void read_page(void *context)
{
    struct reader *reader = context;

    reader->status = page_object_get(&reader->file->object, reader->index, &reader->frame);
}

static void test_who_comes_later_waits_for_the_same_page(void **state)
{
    static struct test_file file;
    struct reader first = {.file = &file}, second = first, third = first;

    (void)state;
    open_file(&file, 1, 77);
    file.waits = true;
    stub_task_start(0, read_page, &first);
    assert_int_equal(file.fills, 1);
    stub_task_start(1, read_page, &second);
    stub_task_start(2, read_page, &third);
    assert_true(stub_task_is_blocked(1) && stub_task_is_blocked(2));

    /* Nobody takes it away meanwhile, and one of them may give up. */
    page_cache_forget();
    assert_int_equal(file.object.cached, 1);
    stub_task_cancel(2);
    stub_tasks_run_woken();
    assert_true(stub_task_has_ended(2));
    assert_int_equal(third.status, -EINTERRUPTED);
    stub_task_go_on(0);
    stub_tasks_run_woken();
    assert_true(stub_task_has_ended(0) && stub_task_has_ended(1));
    assert_int_equal(first.status, OK);
    assert_int_equal(second.status, OK);
    assert_ptr_equal(first.frame, second.frame);
    assert_int_equal(page_of(first.frame)->holders, 3);
    assert_int_equal(file.fills, 1);
    assert_false(page_release(first.frame));
    assert_false(page_release(first.frame));
    page_object_release(&file.object);
}

/* Who waited for it reads by himself when it could not be read. */
static void test_a_busy_page_that_fails(void **state)
{
    static struct test_file file;
    struct reader first = {.file = &file, .index = 3}, second = first;

    (void)state;
    open_file(&file, 8, 1);
    file.waits = true;
    file.bad_page = 3;
    stub_task_start(0, read_page, &first);
    stub_task_start(1, read_page, &second);
    stub_task_go_on(0);
    file.bad_page = NOWHERE;
    stub_tasks_run_woken();
    assert_int_equal(first.status, -EIO);
    assert_int_equal(file.fills, 2);
    stub_task_go_on(1);
    assert_int_equal(second.status, OK);
    assert_int_equal(((uint8_t *)second.frame)[0], content(&file, 3));
    assert_false(page_release(second.frame));
    page_object_release(&file.object);
}

/* The last reference goes while a page is on its way: the object ends when that is there and given
 * back. */
static void test_the_object_stays_while_a_page_is_busy(void **state)
{
    static struct test_file file;
    struct reader reader = {.file = &file};

    (void)state;
    open_file(&file, 1, 1);
    file.waits = true;
    file.bad_page = 0;
    stub_task_start(0, read_page, &reader);
    page_object_release(&file.object);
    assert_int_equal(file.ends, 0);
    stub_task_go_on(0);
    assert_int_equal(reader.status, -EIO);
    assert_int_equal(file.ends, 1);
}

static void cut_off_all(void *context)
{
    page_object_resize(context, 0);
}

/* The file becomes shorter while somebody waits for a page: then that page is behind its end, and
 * none is made there. */
static void test_a_page_is_cut_off_while_others_wait_for_it(void **state)
{
    static struct test_file file;
    struct reader first = {.file = &file, .index = 3}, second = first, late = first;

    (void)state;
    open_file(&file, 8, 1);
    file.waits = true;
    stub_task_start(0, read_page, &first);
    stub_task_start(2, read_page, &second);
    stub_task_start(1, cut_off_all, &file.object);
    assert_true(stub_task_is_blocked(1) && stub_task_is_blocked(2));
    stub_task_start(3, read_page, &late);
    assert_int_equal(late.status, -EBOUNDS);
    stub_task_go_on(0);
    stub_tasks_run_woken();
    assert_true(stub_task_has_ended(1) && stub_task_has_ended(2));
    assert_int_equal(first.status, -EBOUNDS);
    assert_int_equal(second.status, -EBOUNDS);
    assert_int_equal(file.object.cached, 0);
    page_object_release(&file.object);
    assert_int_equal(file.ends, 1);
}

/* Without any frame but the cache's own, each of more readers than it has frames comes to its page.
 * */
static void test_more_readers_than_frames(void **state)
{
    enum { READERS = PAGE_CACHE_PAGES_MIN + 8 };
    static struct test_file files[READERS];
    struct reader readers[READERS];
    size_t promised = promise_all();
    unsigned blocked = 0;

    (void)state;
    for (unsigned i = 0; i < READERS; i++) {
        open_file(&files[i], 4, (uint8_t)i);
        files[i].waits = true;
        readers[i] = (struct reader){.file = &files[i], .index = 2};
        stub_task_start(i, read_page, &readers[i]);
        blocked += stub_task_is_blocked(i);
    }
    assert_int_equal(blocked, 8);
    for (unsigned i = 0; i < READERS; i++) {
        stub_task_go_on(i);
        assert_int_equal(readers[i].status, OK);
        assert_int_equal(((uint8_t *)readers[i].frame)[0], content(&files[i], 2));
        assert_false(page_release(readers[i].frame));
        stub_tasks_run_woken();
    }
    for (unsigned i = 0; i < READERS; i++) {
        page_object_release(&files[i].object);
    }
    page_cache_forget();
    pmm_give_back_promise(promised);
}

/* ---------------------------------------------------------------- giving back */

static void test_what_was_used_lately_stays(void **state)
{
    static struct test_file file;

    (void)state;
    open_file(&file, 200, 8);
    for (uint32_t index = 0; index < 200; index++) {
        (void)get(&file, index);
    }
    (void)shrink(1); /* all are marked as not used, and some go */
    uint32_t left = file.object.cached;

    assert_in_range(left, 100, 199);
    assert_int_equal(shrink(stats().spare + 1), 0); /* nobody would be helped */
    assert_int_equal(file.object.cached, left);
    uint32_t used[50], count = 0;

    for (uint32_t index = 0; index < 200 && count < 50; index += 3) {
        if (is_there(&file, index)) {
            (void)get(&file, index);
            used[count++] = index;
        }
    }
    assert_int_equal(count, 50);
    for (size_t freed = 0; freed < left - 60;) { /* in several turns */
        size_t now = shrink(left - 60 - freed);

        assert_int_not_equal(now, 0);
        freed += now;
    }
    assert_in_range(file.object.cached, 51, 60);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(is_there(&file, used[i]));
    }
    page_object_release(&file.object);
}

/* Frames that somebody asks for come from the cache, not more of them than needed, and down to its
 * own part. */
static void test_gives_frames_to_others(void **state)
{
    void *taken[STUB_FRAMES];
    static struct test_file file;
    size_t count = 0;

    (void)state;
    open_file(&file, 200, 8);
    for (uint32_t index = 0; index < 200; index++) {
        (void)get(&file, index);
    }
    assert_int_equal(stats().spare, 200);
    while ((taken[count] = pmm_alloc_page()) != NULL) {
        (void)task_pause();
        count++;
        assert_true(stub_frames_free() >= stub_frames_promised());
        assert_int_equal(stats().files + stub_frames_promised() >= PAGE_CACHE_PAGES_MIN, true);
    }
    assert_int_equal(count, STUB_FRAMES - PAGE_CACHE_PAGES_MIN);
    assert_int_equal(stats().spare, 0);
    assert_false(pmm_promise(1));

    /* In what is its own, a page takes the place of one other: the rest stays. */
    for (uint32_t index = 0; index < 200; index++) {
        (void)get(&file, index);
        assert_true(stats().files >= MIN(index, PAGE_CACHE_PAGES_MIN) / 2);
    }
    assert_in_range(stats().files, PAGE_CACHE_PAGES_MIN - 8, PAGE_CACHE_PAGES_MIN);
    while (count > 0) {
        assert_int_equal(pmm_free_page(taken[--count]), OK);
    }
    page_object_release(&file.object);
}

/* Who shows a page: one slot each. */
struct view {
    struct list_node link;
    void *frames[200];
    bool is_used[200]; /* as the CPU notes it */
    unsigned unmapped;
};

enum { MANY_VIEWS = 3000, CALLS_AT_ONCE = 500, CALLS_IN_A_STRETCH = 1400 };

static unsigned view_calls, stretch_calls; /* of the two functions below; in this stretch */

static void count_call(void)
{
    static uint32_t stretch;

    stretch_calls = stretch == task_stretch() ? stretch_calls + 1 : 1;
    stretch = task_stretch();
    view_calls++;
    assert_true(stretch_calls <= CALLS_IN_A_STRETCH);
}

static bool was_used(struct list_node *node, uint32_t index, const void *frame)
{
    struct view *view = LIST_ENTRY(node, struct view, link);
    bool is_used = view->frames[index] == frame && view->is_used[index];

    count_call();
    view->is_used[index] = view->is_used[index] && !is_used;
    return is_used;
}

static bool unmap(struct list_node *node, uint32_t index, void *frame)
{
    struct view *view = LIST_ENTRY(node, struct view, link);

    count_call();
    if (view->frames[index] != frame) {
        return false;
    }
    view->frames[index] = NULL;
    view->unmapped++;
    assert_false(page_release(frame));
    return true;
}

static void set_views(void)
{
    page_cache_set_views(&(struct page_view_operations){.was_used = was_used, .unmap = unmap});
}

static void show(struct test_file *file, struct view *view, uint32_t first, uint32_t count)
{
    *view = (struct view){.unmapped = 0};
    page_object_add_view(&file->object, &view->link);
    for (uint32_t index = first; index < first + count; index++) {
        assert_int_equal(page_object_get(&file->object, index, &view->frames[index]), OK);
        view->is_used[index] = true;
    }
}

/* Of pages that are shown those stay that a program has touched lately, by whichever view. */
static void test_pages_that_were_touched_stay(void **state)
{
    static struct test_file file;
    static struct view a, b;
    bool is_touched[60];
    void *held;

    (void)state;
    set_views();
    open_file(&file, 120, 8);
    for (uint32_t index = 0; index < 120; index++) {
        (void)get(&file, index);
    }
    show(&file, &a, 0, 40);
    show(&file, &b, 20, 40);
    assert_int_equal(page_object_get(&file.object, 119, &held),
                     OK);             /* by somebody who shows it nowhere */
    assert_in_range(shrink(1), 1, 8); /* nothing is marked any more */
    for (uint32_t index = 0; index < 60; index++) {
        a.is_used[index] = index < 15;
        b.is_used[index] = index >= 20 && index < 35;
        is_touched[index] = is_there(&file, index) && (a.is_used[index] || b.is_used[index]);
    }
    while (file.object.cached > 45) {
        assert_in_range(shrink(1), 1, 8);
    }
    for (uint32_t index = 0; index < 60; index++) {
        assert_true(is_there(&file, index) || !is_touched[index]);
    }
    assert_true(a.unmapped > 0 && b.unmapped > 0);
    page_cache_forget();
    assert_int_equal(a.unmapped, 40);
    assert_int_equal(b.unmapped, 40);
    assert_int_equal(file.object.cached, 1);
    assert_ptr_equal(page_object_find(&file.object, 119), held);
    assert_false(page_release(held));
    list_remove(&a.link);
    list_remove(&b.link);
    page_object_release(&file.object);
    page_cache_forget();
    assert_int_equal(file.ends, 1);
}

/* Where all pages are used over and over, some go nevertheless. */
static void test_frames_are_found_where_all_is_used(void **state)
{
    static struct test_file file;
    static struct view view;

    (void)state;
    set_views();
    open_file(&file, 200, 8);
    show(&file, &view, 0, 200);
    while (file.object.cached > 100) {
        memset(view.is_used, true, sizeof(view.is_used));
        assert_in_range(shrink(1), 1, 8);
    }
    assert_int_equal(view.unmapped, 200 - file.object.cached);
    page_cache_forget();
    list_remove(&view.link);
    page_object_release(&file.object);
}

/*
 * One page is shown by very many. No call goes to all of them, but one after the other: a call that
 * can wait for a frame comes to it, others may not.
 */
static void test_a_page_that_very_many_show(void **state)
{
    static struct test_file file, other;
    static struct view views[MANY_VIEWS];
    size_t promised, freed = 0;

    (void)state;
    set_views();
    open_file(&file, 200, 8);
    for (uint32_t i = 0; i < MANY_VIEWS; i++) {
        show(&file, &views[i], 0, 2 * PAGE_CACHE_PAGES_MIN);
    }
    for (uint32_t i = 0; i < 200; i++) {
        view_calls = 0;
        freed += shrink(1);
        assert_true(view_calls <= CALLS_AT_ONCE);
    }
    assert_in_range(freed, 1, PAGE_CACHE_PAGES_MIN);

    /* All that others can have is promised, by many calls. */
    promised = stub_frames_free() - stub_frames_promised() + stats().spare;
    assert_true(page_cache_promise(promised));
    assert_false(page_cache_promise(1));
    assert_int_equal(stats().spare, 0);

    /* A page that is read then comes, however long it takes. */
    open_file(&other, 1, 3);
    (void)get(&other, 0);
    pmm_give_back_promise(promised);
    page_cache_forget();
    assert_int_equal(file.object.cached, 0);
    for (uint32_t i = 0; i < MANY_VIEWS; i++) {
        page_object_remove_view(&file.object, &views[i].link);
    }
    page_object_release(&file.object);
    page_object_release(&other.object);
}

/*
 * Many requests follow each other without a pause: all their turns together cost no more than two,
 * and who is refused for that is told to ask again. The page comes to be free all the same.
 */
static void test_many_requests_in_one_stretch(void **state)
{
    static struct test_file file, other;
    static struct view views[MANY_VIEWS];
    void *frame;
    unsigned pauses = 0;

    (void)state;
    set_views();
    open_file(&file, 2 * PAGE_CACHE_PAGES_MIN, 8);
    for (uint32_t i = 0; i < MANY_VIEWS; i++) {
        show(&file, &views[i], 0, 2 * PAGE_CACHE_PAGES_MIN);
    }
    size_t promised = promise_all();

    (void)task_pause();
    (void)page_cache_may_try_again();
    do {
        (void)task_pause();
        view_calls = 0;
        for (int i = 0; i < 20 && (frame = pmm_alloc_page()) == NULL; i++) {
            (void)page_cache_give_up(page_object_find(&file.object, 0));
        }
        assert_in_range(view_calls, 100, CALLS_IN_A_STRETCH);
        pauses++;
    } while (!frame && page_cache_may_try_again());
    assert_non_null(frame);
    assert_in_range(pauses, 2, MANY_VIEWS); /* each unmaps it from some */
    assert_int_equal(pmm_free_page(frame), OK);

    /* Where it is not for that, nobody is told so. */
    size_t others = stub_frames_free() - stub_frames_promised() + stats().spare;

    assert_true(page_cache_promise(others));
    (void)page_cache_may_try_again();
    assert_null(pmm_alloc_page());
    assert_false(page_cache_may_try_again());

    /* Pages that are read ahead: one who reads them makes a pause when its part is spent. */
    open_file(&other, PAGE_OBJECT_FILL_MAX, 3);
    page_object_expect(&other.object, 0, PAGE_OBJECT_FILL_MAX);
    for (uint32_t i = 0; i < PAGE_OBJECT_FILL_MAX; i++) {
        (void)get(&other, i);
    }
    pmm_give_back_promise(promised + others);
    page_cache_forget();
    for (uint32_t i = 0; i < MANY_VIEWS; i++) {
        page_object_remove_view(&file.object, &views[i].link);
    }
    page_object_release(&file.object);
    page_object_release(&other.object);
    page_cache_forget();
}

/* What was written back, by page. */
static unsigned writes[2 * PAGE_CACHE_PAGES_MIN];

static int write_back(struct page_object *object, uint32_t index, void *const frames[],
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(page_of(frames[i])->is_dirty, false);
        writes[index + i]++;
    }
    (void)object;
    return OK;
}

static const struct page_object_operations written = {
    .fill = fill, .end = end, .write_back = write_back};

/*
 * Dirty pages that very many show are written back, and then cut off: no stretch goes to all who
 * show them, and in the end nobody does, so that the next write is noticed.
 */
static void test_dirty_pages_that_very_many_show(void **state)
{
    static struct test_file file;
    static struct view views[MANY_VIEWS];

    (void)state;
    set_views();
    open_file(&file, 4, 8);
    file.object.operations = &written;
    memset(writes, 0, sizeof(writes));
    for (uint32_t i = 0; i < MANY_VIEWS; i++) {
        show(&file, &views[i], 0, 4);
    }
    for (uint32_t index = 0; index < 3; index++) {
        page_object_mark_dirty(&file.object, index, page_object_find(&file.object, index));
    }
    (void)task_pause();
    view_calls = 0;
    assert_int_equal(page_object_write_back(&file.object), OK);
    assert_int_equal(view_calls, 3 * MANY_VIEWS);
    assert_int_equal(stats().dirty, 0);
    for (uint32_t index = 0; index < 4; index++) {
        struct page *page = page_of(page_object_find(&file.object, index));

        assert_int_equal(page->holders, index < 3 ? 1 : 1 + MANY_VIEWS);
        assert_int_equal(writes[index], index < 3 ? 1 : 0);
    }
    (void)task_pause();
    page_object_resize(&file.object, 2);
    assert_int_equal(file.object.cached, 2);
    for (uint32_t i = 0; i < MANY_VIEWS; i++) {
        assert_null(views[i].frames[3]);
        page_object_remove_view(&file.object, &views[i].link);
    }
    page_object_release(&file.object);
    page_cache_forget();
}

/* A page that somebody reads, who waits, is cut off where the cache has no more than its own part:
 * it is free when the reader has done. */
static void test_a_held_page_is_cut_off(void **state)
{
    static struct test_file file;
    void *held;

    (void)state;
    open_file(&file, 4, 8);
    size_t promised = promise_all();

    (void)get(&file, 0);
    assert_int_equal(page_object_get(&file.object, 3, &held), OK);
    page_object_resize(&file.object, 2);
    assert_int_equal(file.object.cached, 1);
    assert_true(page_release(held));
    (void)get(&file, 1);
    pmm_give_back_promise(promised);
    page_object_release(&file.object);
    page_cache_forget();
}

/* ---------------------------------------------------------------- shared memory */

static struct {
    unsigned calls;
    void *charged;
    uint32_t pages;
} charge;

static void charge_back(void *charged, uint32_t pages)
{
    charge.calls++;
    charge.charged = charged;
    charge.pages = pages;
}

static void test_shared_memory(void **state)
{
    static struct test_file file;
    void *frame, *again;

    (void)state;
    memset(&charge, 0, sizeof(charge));
    assert_true(pmm_promise(100));
    struct page_object *memory = shared_memory_new(100, &charge, charge_back);

    assert_non_null(memory);
    assert_false(page_object_is_file(memory));
    size_t promised = promise_all(); /* every other frame is spoken for: its own are there */

    for (uint32_t index = 0; index < 70; index++) {
        assert_int_equal(page_object_get(memory, index, &frame), OK);
        for (size_t i = 0; i < PAGE_SIZE_BYTES; i++) {
            assert_int_equal(((uint8_t *)frame)[i], 0);
        }
        memset(frame, 0xEE, PAGE_SIZE_BYTES);
        assert_false(page_release(frame));
    }
    assert_int_equal(stats().pages, 70);
    assert_int_equal(stats().files, 0);
    assert_int_equal(stub_frames_promised(), promised + 30 + PAGE_CACHE_PAGES_MIN);

    /* Nobody gets them, however short memory is; pages of files are read beside them. */
    open_file(&file, 60, 1);
    for (uint32_t index = 0; index < 60; index++) {
        (void)get(&file, index);
    }
    page_object_release(&file.object);
    page_cache_forget();
    assert_int_equal(page_object_get(memory, 69, &again), OK);
    assert_ptr_equal(again, frame);
    assert_int_equal(((uint8_t *)again)[5], 0xEE);
    assert_int_equal(page_object_get(memory, 100, &again), -EBOUNDS);

    assert_false(page_release(frame));
    (void)page_object_hold(memory);
    page_object_release(memory);
    assert_int_equal(charge.calls, 0);
    page_object_release(memory);
    assert_int_equal(charge.calls, 1);
    assert_ptr_equal(charge.charged, &charge);
    assert_int_equal(charge.pages, 100);
    assert_int_equal(stub_frames_free() - stub_frames_promised(), 100);
    pmm_give_back_promise(promised);
}

static void test_shared_memory_without_memory(void **state)
{
    (void)state;
    memset(&charge, 0, sizeof(charge));
    stub_kmem_fail_at(1);
    assert_null(shared_memory_new(10, &charge, charge_back));
    assert_int_equal(charge.calls, 0);
}

/* ---------------------------------------------------------------- anything in any order */

enum { MODEL_FILES = 6, MODEL_PAGES = 90, MODEL_HELD = 40, MODEL_TAKEN = 300 };

static struct {
    struct test_file files[MODEL_FILES];
    bool is_open[MODEL_FILES];
    void *held[MODEL_HELD];
    uint8_t expected[MODEL_HELD];
    unsigned held_count;
    void *taken[MODEL_TAKEN];
    unsigned taken_count;
    size_t promised;
} model;

static void get_any(void)
{
    struct test_file *file = &model.files[random_below(MODEL_FILES)];
    uint32_t index = random_below(4) ? file->object.next : random_below(MODEL_PAGES);
    void *frame;
    int status;

    if (index >= MODEL_PAGES || !model.is_open[file - model.files]) {
        return;
    }
    file->bad_page = random_below(10) ? NOWHERE : random_below(MODEL_PAGES);
    status = page_object_get(&file->object, index, &frame);
    if (status < 0) { /* none can be had only when all of the cache's own are held */
        assert_true(status == -EIO
                        ? file->bad_page == index
                        : status == -ENOMEM && model.held_count >= PAGE_CACHE_PAGES_MIN - 8);
        return;
    }
    assert_int_equal(((uint8_t *)frame)[100], content(file, index));
    if (model.held_count < MODEL_HELD && random_below(3) == 0) {
        model.expected[model.held_count] = content(file, index);
        model.held[model.held_count++] = frame;
    } else {
        assert_false(page_release(frame));
    }
}

static void release_held(void)
{
    unsigned i = random_below(MODEL_HELD);

    if (i < model.held_count) {
        assert_int_equal(((uint8_t *)model.held[i])[4000], model.expected[i]);
        assert_false(page_release(model.held[i]));
        model.held_count--;
        model.held[i] = model.held[model.held_count];
        model.expected[i] = model.expected[model.held_count];
    }
}

static void take_or_promise(void)
{
    if (random_below(2) == 0) {
        size_t count = random_below(150);

        model.promised += pmm_promise(count) ? count : 0;
    }
    for (unsigned i = random_below(20); i > 0 && model.taken_count < MODEL_TAKEN; i--) {
        model.taken[model.taken_count] = pmm_alloc_page();
        model.taken_count += model.taken[model.taken_count] != NULL;
    }
}

static void free_or_give_back(void)
{
    if (random_below(2) == 0) {
        size_t count = random_below((uint32_t)model.promised + 1);

        pmm_give_back_promise(count);
        model.promised -= count;
    }
    for (unsigned i = random_below(20); i > 0 && model.taken_count > 0; i--) {
        assert_int_equal(pmm_free_page(model.taken[--model.taken_count]), OK);
    }
}

/* A file that nobody has open keeps its pages until they are needed; then it is gone, and may be
 * made anew. */
static void open_or_close(void)
{
    unsigned i = random_below(MODEL_FILES);
    struct test_file *file = &model.files[i];

    if (model.is_open[i]) {
        page_object_release(&file->object);
    } else if (file->ends > 0) {
        open_file(file, MODEL_PAGES, (uint8_t)(i * 31));
    } else {
        (void)page_object_hold(&file->object);
    }
    model.is_open[i] = !model.is_open[i];
}

static void check_counts(void)
{
    size_t cached = 0, idle = 0;

    for (unsigned i = 0; i < MODEL_FILES; i++) {
        bool is_gone = model.files[i].ends > 0;

        cached += is_gone ? 0 : model.files[i].object.cached;
        idle += !is_gone && !model.is_open[i];
    }
    assert_int_equal(stats().pages, cached);
    assert_int_equal(stats().files, cached);
    assert_int_equal(stats().idle, idle);
    assert_int_equal(stub_frames_free(), STUB_FRAMES - cached - model.taken_count);
    assert_int_equal(stats().spare,
                     cached + (stub_frames_promised() - model.promised) - PAGE_CACHE_PAGES_MIN);
    assert_true(stub_frames_free() >= stub_frames_promised());
}

static void test_anything_in_any_order(void **state)
{
    static void (*const actions[])(void) = {
        get_any, get_any, get_any, release_held, take_or_promise, free_or_give_back, open_or_close};

    (void)state;
    memset(&model, 0, sizeof(model));
    random_state = 2026;
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        open_file(&model.files[i], MODEL_PAGES, (uint8_t)(i * 31));
        model.is_open[i] = true;
    }
    for (unsigned step = 0; step < 30000; step++) {
        actions[random_below(sizeof(actions) / sizeof(actions[0]))]();
        if (random_below(50) == 0) {
            (void)shrink(random_below(20));
        }
        check_counts();
    }
    assert_true(stub_frames_reclaims() > 100); /* memory was short at times */
    while (model.held_count > 0) {
        release_held();
    }
    while (model.taken_count > 0) {
        free_or_give_back();
    }
    pmm_give_back_promise(model.promised);
    for (unsigned i = 0; i < MODEL_FILES; i++) {
        if (model.is_open[i]) {
            page_object_release(&model.files[i].object);
        }
    }
    page_cache_forget();
}

#define test(name) cmocka_unit_test_teardown(name, forget_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_a_page_is_read_once),
        test(test_a_file_that_nobody_has_open_comes_back_with_its_pages),
        test(test_reads_ahead_of_who_goes_on),
        test(test_what_cannot_be_read_is_not_kept),
        test(test_a_bad_page_ahead),
        test(test_who_comes_later_waits_for_the_same_page),
        test(test_a_busy_page_that_fails),
        test(test_the_object_stays_while_a_page_is_busy),
        test(test_a_page_is_cut_off_while_others_wait_for_it),
        test(test_more_readers_than_frames),
        test(test_what_was_used_lately_stays),
        test(test_gives_frames_to_others),
        test(test_pages_that_were_touched_stay),
        test(test_frames_are_found_where_all_is_used),
        test(test_a_page_that_very_many_show),
        test(test_many_requests_in_one_stretch),
        test(test_dirty_pages_that_very_many_show),
        test(test_a_held_page_is_cut_off),
        test(test_shared_memory),
        test(test_shared_memory_without_memory),
        test(test_anything_in_any_order),
    };
    return cmocka_run_group_tests(tests, set_up_cache, NULL);
}
