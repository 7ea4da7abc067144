/*
 * fs/page_object.c - the page cache: a table of chains of frames, and a clock that goes round it.
 *
 * Frames are found by object and index in a hash table; the chain goes through their struct page.
 * So no page in memory needs memory of its own beside its frame. Which pages go when frames are
 * needed is decided by a hand that goes from bucket to bucket: a page that was used since it last
 * came by is spared once (the "clock" algorithm). Who reads a page marks it as used; who has it
 * mapped does so by the CPU, in the bit "accessed" of the entry.
 *
 * One call moves the hand only so far: a turn has an effort that it may cost, counted in units of
 * about 15 instructions. Half of it is for pages that are spared, so that a turn finds frames
 * where every page is in use. Buckets without pages of files are passed by a bitmap. Where one page
 * is shown by very many, a turn unmaps it from some of them, and the next one goes on. So what a
 * turn costs depends neither on the size of the RAM nor on what processes do. Several requests may
 * follow each other without a pause, each with a turn of its own: all turns of such a stretch
 * (task/task.h) together may cost as much as two. When that is spent, requests are refused that
 * need more; whoever can wait makes a pause, and asks again.
 *
 * Invariants: each frame in a chain is held by the cache; object->cached counts its frames in
 * chains; a busy page is in its chain, and nobody but the one who fills it has it. cache.promised +
 * the frames that are not pages of shared memory are at least PAGE_CACHE_PAGES_MIN.
 */
#include "fs/page_object.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "task/task.h"

/* One bucket for so many pages of the machine. */
#define PAGES_A_BUCKET 16
#define BUCKETS_MIN    64
#define BUCKETS_MAX    0x100000

/* What a turn of the hand may cost, and what a part of it does: units of some 15 instructions. */
#define TURN_EFFORT  4000
#define EFFORT_WORDS 2 /* so many words of the bitmap for one */
#define EFFORT_PAGE  8
#define EFFORT_DROP  38
#define EFFORT_LOOK  9 /* at a view's entry: what x86_64's four levels cost */
#define EFFORT_UNMAP 43
#define EFFORT_ASKED 4 /* of one frame, whether it can go */

/* What all turns in one stretch may cost. */
#define STRETCH_EFFORT (2 * TURN_EFFORT)

/* So many turns in a row that unmap nothing are made for a bucket where all is to go. */
#define VAIN_TURNS_MAX 64

#define WORD_BITS (8 * sizeof(uintptr_t))

/* Pages that are passed between two pauses. */
#define PIECE_PAGES 256

static struct {
    void **buckets;           /* each the first frame of a chain, or NULL */
    size_t bucket_count;      /* a power of two */
    uintptr_t *with_files;    /* a bit for each bucket: is a page of a file in it? */
    size_t hand;              /* the bucket that is looked at next for pages to give back */
    size_t promised;          /* frames that are promised to the cache and not taken */
    size_t busy;              /* pages that are being filled */
    size_t dirty_max;         /* pages that may be dirty */
    struct list_node dirty;   /* objects that have such, those that had one first at the front */
    struct wait_queue filled; /* who waits for a busy page */
    uint32_t stretch;         /* the one in which the last turn was */
    int stretch_effort;       /* units that are left of it */
    bool was_cut_short;       /* as in struct task, while the kernel starts */
    struct page_view_operations views;
    struct page_cache_stats stats;
} cache;

void page_cache_initialise(void)
{
    size_t buckets = BUCKETS_MIN;

    while (buckets < pmm_get_total_pages() / PAGES_A_BUCKET && buckets < BUCKETS_MAX) {
        buckets *= 2;
    }
    cache.buckets = kzalloc(buckets * sizeof(*cache.buckets) + buckets / 8);
    KASSERT(cache.buckets && pmm_promise(PAGE_CACHE_PAGES_MIN));
    cache.with_files = (uintptr_t *)(cache.buckets + buckets);
    cache.bucket_count = buckets;
    cache.promised = PAGE_CACHE_PAGES_MIN;
    cache.dirty_max =
        MAX(pmm_get_total_pages() / PAGE_CACHE_DIRTY_FRACTION, (size_t)PAGE_CACHE_DIRTY_MIN);
    list_initialise(&cache.dirty);
    wait_queue_initialise(&cache.filled);
    pmm_set_reclaimer(page_cache_shrink, page_cache_give_up);
}

void page_cache_set_views(const struct page_view_operations *operations)
{
    cache.views = *operations;
}

/* ---------------------------------------------------------------- chains */

static void **bucket_of(const struct page_object *object, uint32_t index)
{
    uintptr_t key = (uintptr_t)object / KMEM_ALIGNMENT * 31 + index;

    return &cache.buckets[key & (cache.bucket_count - 1)];
}

/* The frame, and its struct in *page; NULL: the page is absent. */
static inline void *find(const struct page_object *object, uint32_t index, struct page **page)
{
    for (void *frame = *bucket_of(object, index); frame; frame = (*page)->next) {
        *page = page_of(frame);
        if ((*page)->object == object && (*page)->index == index) {
            return frame;
        }
    }
    return NULL;
}

void *page_object_find(const struct page_object *object, uint32_t index)
{
    struct page *page;

    return find(object, index, &page);
}

/* Can its pages be read again? */
static bool is_refilled(const struct page_object *object)
{
    return object->operations->fill != NULL;
}

/* Were all its pages promised when it was made? */
static bool is_promised(const struct page_object *object)
{
    return !object->operations->fill && !object->operations->charge;
}

bool page_object_is_file(const struct page_object *object)
{
    return !is_promised(object);
}

/* A page of a file came to the bucket, or left it. */
static void note_files(void *const *bucket)
{
    size_t number = (size_t)(bucket - cache.buckets);
    uintptr_t bit = (uintptr_t)1 << number % WORD_BITS;
    void *frame = *bucket;

    while (frame && !is_refilled(page_of(frame)->object)) {
        frame = page_of(frame)->next;
    }
    if (frame) {
        cache.with_files[number / WORD_BITS] |= bit;
    } else {
        cache.with_files[number / WORD_BITS] &= ~bit;
    }
}

/* The frame, which has one owner, becomes the object's page: held by the cache alone. */
static void add(struct page_object *object, uint32_t index, void *frame, bool is_busy)
{
    void **bucket = bucket_of(object, index);

    *page_of(frame) = (struct page){
        .holders = 1,
        .index = index,
        .is_busy = is_busy,
        .is_used = true,
        .object = object,
        .next = *bucket,
    };
    *bucket = frame;
    object->cached++;
    cache.stats.pages++;
    if (is_refilled(object)) {
        cache.stats.files++;
        note_files(bucket);
    }
}

/* The page is dirty no longer. */
static void clean(struct page *page)
{
    struct page_object *object = page->object;

    if (!page->is_dirty) {
        return;
    }
    page->is_dirty = false;
    cache.stats.dirty--;
    if (--object->dirty == 0) {
        list_remove(&object->dirty_link);
    }
}

/* Takes the frame out of its chain, and gives back the cache's hold on it. */
static void drop(struct page *page, void *frame)
{
    struct page_object *object = page->object;
    void **bucket = bucket_of(object, page->index);
    void **link = bucket;

    while (*link != frame) {
        link = &page_of(*link)->next;
    }
    *link = page->next;
    clean(page);
    page->object = NULL;
    object->cached--;
    cache.stats.pages--;
    if (is_refilled(object)) {
        cache.stats.files--;
        note_files(bucket);
    }

    bool is_free = page_release(frame);

    if (is_free && is_refilled(object) &&
        cache.stats.files + cache.promised < PAGE_CACHE_PAGES_MIN) {
        pmm_promise_freed(1);
        cache.promised++;
    }
    if (object->operations->give_back) {
        object->operations->give_back(object, 1);
    }
}

/* An object that nobody refers to ends with its last page. */
static void end_if_unused(struct page_object *object)
{
    if (object->references == 0 && object->cached == 0 && object->operations->end) {
        cache.stats.idle--;
        object->operations->end(object);
    }
}

/* ---------------------------------------------------------------- giving back */

/* Was a turn of this task's ended for its effort, though others could have more success? */
static bool *was_cut_short(void)
{
    struct task *task = task_current();

    return task ? &task->was_cut_short : &cache.was_cut_short;
}

/* Units that may still be spent in this stretch. */
static int *stretch_effort(void)
{
    if (cache.stretch != task_stretch()) {
        cache.stretch = task_stretch();
        cache.stretch_effort = STRETCH_EFFORT;
    }
    return &cache.stretch_effort;
}

/* A turn of the hand: some frames are to become free, or one promised to the cache. */
struct turn {
    int effort;         /* units that are left */
    int sparing_effort; /* of these, for pages that were used and are spared */
    size_t wanted;      /* pages */
    size_t freed;       /* frames that were not promised to the cache */
    size_t refused;     /* pages that nothing can be done about now, one after the other */
    size_t unmapped;    /* how often a page was unmapped from one of those who show it */
    bool is_for_cache;
};

static struct turn new_turn(size_t wanted, bool is_for_cache)
{
    int effort = MIN(TURN_EFFORT, *stretch_effort());

    return (struct turn){
        .effort = effort,
        .sparing_effort = effort / 2,
        .wanted = wanted,
        .is_for_cache = is_for_cache,
    };
}

/* One that spares nothing. */
static struct turn unsparing_turn(void)
{
    return (struct turn){.effort = TURN_EFFORT, .wanted = SIZE_MAX};
}

/* Its effort has ended: others run. */
static void pause_turn(struct turn *turn)
{
    (void)task_pause();
    *turn = unsparing_turn();
}

static bool has_enough(const struct turn *turn)
{
    return turn->is_for_cache ? cache.promised > 0 : turn->freed >= turn->wanted;
}

void page_object_add_view(struct page_object *object, struct list_node *view)
{
    list_append(&object->views, view);
    object->views_changed++;
}

void page_object_remove_view(struct page_object *object, struct list_node *view)
{
    list_remove(view);
    object->views_changed++;
}

/* The next view of the object, round and round. */
static struct list_node *next_view(struct page_object *object)
{
    struct list_node *view = list_take_first(&object->views);

    page_object_add_view(object, view);
    return view;
}

/* Was the page used since the hand came by last? Not any longer, then. Of very many who show it not
 * all are asked, but those that would be the next to lose it; what is left of the effort is for
 * that. */
static bool was_used(struct turn *turn, struct page *page, void *frame)
{
    bool is_used = page->is_used;

    page->is_used = false;
    if (page->holders == 1 || !cache.views.was_used) {
        return is_used;
    }
    LIST_FOR_EACH(view, &page->object->views) {
        if (turn->sparing_effort <= 0) {
            break;
        }
        turn->effort -= EFFORT_LOOK;
        turn->sparing_effort -= EFFORT_LOOK;
        is_used |= cache.views.was_used(view, page->index, frame);
    }
    return is_used;
}

/* Those who show the page lose it, as far as the effort goes. Does nobody hold it but the cache? */
static bool unmap(struct turn *turn, struct page *page, void *frame)
{
    struct list_node *last = page->object->views.previous;

    if (page->holders > 1 && last != &page->object->views && cache.views.unmap) {
        for (struct list_node *view = NULL;
             view != last && page->holders > 1 && turn->effort > 0;) {
            view = next_view(page->object);
            bool is_unmapped = cache.views.unmap(view, page->index, frame);

            turn->unmapped += is_unmapped;
            turn->effort -= is_unmapped ? EFFORT_UNMAP : EFFORT_LOOK;
        }
    }
    return page->holders == 1;
}

/* A page, which the caller holds, is unmapped from all who show it. Others run in between where
 * those are many. False: then views came or went meanwhile, and one may have been passed over. */
static bool unmap_from_all(struct turn *turn, struct page_object *object, uint32_t index,
                           void *frame)
{
    size_t left = 0;
    bool is_sure = true;

    LIST_FOR_EACH(view, &object->views) {
        left++;
    }
    for (; left > 0 && !list_is_empty(&object->views) && cache.views.unmap; left--) {
        bool is_unmapped = cache.views.unmap(next_view(object), index, frame);

        turn->effort -= is_unmapped ? EFFORT_UNMAP : EFFORT_LOOK;
        if (turn->effort <= 0) {
            uint32_t changed = object->views_changed;

            pause_turn(turn);
            is_sure = is_sure && object->views_changed == changed;
        }
    }
    return is_sure;
}

static bool may_go(const struct page *page)
{
    return page->object && is_refilled(page->object) && !page->is_busy && !page->is_dirty;
}

static void drop_file_page(struct turn *turn, struct page *page, void *frame)
{
    struct page_object *object = page->object;
    size_t promised = cache.promised;

    turn->effort -= EFFORT_DROP;
    turn->refused = 0;
    drop(page, frame);
    end_if_unused(object);
    turn->freed += cache.promised == promised;
}

/* What of a bucket's pages can go, goes: all of them, as those that are spared here would be taken
 * for unused ones when the hand came back to the same bucket at once. False: the effort has ended;
 * else the hand goes on. */
static bool sweep_bucket(struct turn *turn, size_t bucket)
{
    size_t unmapped = turn->unmapped;
    void *next;

    for (void *frame = cache.buckets[bucket]; frame; frame = next) {
        struct page *page = page_of(frame);

        next = page->next;
        turn->effort -= EFFORT_PAGE;
        if (!may_go(page)) {
            turn->refused += is_refilled(page->object);
            continue;
        }
        if (turn->effort <= 0) {
            return false;
        }
        if (turn->sparing_effort > 0 && was_used(turn, page, frame)) {
            turn->sparing_effort -= EFFORT_PAGE;
            turn->refused = 0;
        } else if (unmap(turn, page, frame)) {
            drop_file_page(turn, page, frame);
        } else if (turn->effort <= 0 && turn->unmapped > unmapped) {
            return false; /* the next turn unmaps it from the others */
        } else { /* somebody holds it, whom no turn may wait for: he may need one himself */
            turn->refused++;
        }
    }
    return true;
}

/* The first bucket from there on, round and round, that has pages of files; there are some. Or one
 * without, when the effort ends before. */
static size_t bucket_with_files(struct turn *turn, size_t bucket)
{
    const size_t words = cache.bucket_count / WORD_BITS;
    size_t first = (bucket & (cache.bucket_count - 1)) / WORD_BITS, word = first;
    size_t left = (size_t)turn->effort * EFFORT_WORDS;
    uintptr_t bits = cache.with_files[word] & ~(uintptr_t)0 << bucket % WORD_BITS;

    while (bits == 0 && left > 0) {
        word = (word + 1) & (words - 1);
        bits = cache.with_files[word];
        left--;
    }
    turn->effort -= (int)(((word - first) & (words - 1)) / EFFORT_WORDS);
    return word * WORD_BITS + (bits ? (size_t)__builtin_ctzl(bits) : 0);
}

/* Moves the hand until the turn has enough, its effort has ended, or no page can go. */
static void make_turn(struct turn *turn)
{
    int effort = turn->effort;

    while (!has_enough(turn) && turn->effort > 0 && turn->refused < cache.stats.files) {
        cache.hand = bucket_with_files(turn, cache.hand);
        cache.hand += sweep_bucket(turn, cache.hand);
    }
    *stretch_effort() -= effort - turn->effort;
    if (!has_enough(turn) && turn->effort <= 0) {
        *was_cut_short() = true;
    }
}

/* Frames that the cache has beyond its own part. */
static size_t spare(void)
{
    size_t clean_ones = cache.stats.files - cache.stats.dirty + cache.promised;

    return clean_ones > PAGE_CACHE_PAGES_MIN ? clean_ones - PAGE_CACHE_PAGES_MIN : 0;
}

size_t page_cache_shrink(size_t pages)
{
    if (pages > spare()) {
        return 0; /* of no use, and all of the table would be looked at */
    }
    struct turn turn = new_turn(pages, false);

    make_turn(&turn);
    return turn.freed;
}

int page_cache_give_up(void *frame)
{
    int *left = stretch_effort();
    struct turn turn = {.effort = *left};
    struct page *page = page_of(frame);
    int answer = 0;

    if (spare() == 0) {
        return -EBUSY;
    }
    if (*left > 0 && may_go(page) && unmap(&turn, page, frame)) {
        drop_file_page(&turn, page, frame);
        answer = 1;
    } else if (*left <= 0 || (turn.effort <= 0 && turn.unmapped > 0)) {
        *was_cut_short() = true;
        answer = -EBUSY;
    }
    *left = turn.effort - EFFORT_ASKED;
    return answer;
}

bool page_cache_may_try_again(void)
{
    bool was_cut = *was_cut_short();

    *was_cut_short() = false;
    return was_cut && task_pause();
}

bool page_cache_promise_in_turns(size_t pages)
{
    while (page_cache_may_try_again()) {
        if (pmm_promise(pages)) {
            return true;
        }
    }
    return false;
}

void page_cache_forget(void)
{
    struct turn turn = unsparing_turn();
    unsigned vain = 0;

    for (size_t bucket = 0; bucket < cache.bucket_count && cache.stats.files > 0;) {
        size_t unmapped = turn.unmapped;
        bool is_done = sweep_bucket(&turn, bucket) && turn.effort > 0;

        vain = is_done || turn.unmapped > unmapped ? 0 : vain + 1;
        bucket += is_done || vain % VAIN_TURNS_MAX == VAIN_TURNS_MAX - 1;
        turn.effort--;
        if (turn.effort <= 0) {
            pause_turn(&turn);
        }
    }
}

/* Makes a place for a page where no frame can be had: one that a page of a file leaves. */
static bool replace_one(void)
{
    struct turn turn = new_turn(1, true);

    make_turn(&turn);
    return cache.promised > 0;
}

/* A frame for a page of the object; NULL: none can be had. */
static void *take_frame(struct page_object *object)
{
    if (is_promised(object)) {
        object->promised--;
        return pmm_alloc_promised_page();
    }
    void *frame = pmm_alloc_page();

    if (!frame && is_refilled(object) && (cache.promised > 0 || replace_one())) {
        cache.promised--;
        frame = pmm_alloc_promised_page();
    }
    return frame;
}

/* ---------------------------------------------------------------- objects */

void page_object_initialise(struct page_object *object,
                            const struct page_object_operations *operations, uint32_t pages)
{
    *object = (struct page_object){
        .operations = operations, .references = 1, .pages = pages, .filled = pages};
    list_initialise(&object->views);
    list_initialise(&object->dirty_link);
}

struct page_object *page_object_hold(struct page_object *object)
{
    if (object->references == 0) {
        cache.stats.idle--;
        if (object->operations->used_again) {
            object->operations->used_again(object);
        }
    }
    object->references++;
    return object;
}

/* The page goes, from those who show it, too. May wait. */
static void drop_everywhere(struct turn *turn, struct page_object *object, uint32_t index,
                            void *frame)
{
    struct page *page = page_of(frame);

    if (page->holders > 1) {
        page_hold(frame);
        (void)unmap_from_all(turn, object, index, frame);
        if (page_release(frame) || page->object != object || page->index != index) {
            return; /* it has gone meanwhile */
        }
    }
    turn->effort -= EFFORT_DROP;
    drop(page, frame);
}

/* Those pages from `first` on that are in memory go, up to `end` of them; a busy one is waited for.
 * Lets others run now and then. */
static void drop_from(struct page_object *object, uint32_t first, uint32_t end)
{
    struct turn turn = unsparing_turn();

    for (uint32_t index = first; index < end && object->cached > 0;) {
        void *frame = page_object_find(object, index);

        if (frame && page_of(frame)->is_busy) {
            task_wait(&cache.filled);
            continue;
        }
        if (frame) {
            drop_everywhere(&turn, object, index, frame);
        }
        index++;
        turn.effort -= EFFORT_LOOK;
        if (turn.effort <= 0) {
            pause_turn(&turn);
        }
    }
}

void page_object_end(struct page_object *object)
{
    KASSERT(object->references == 0);
    cache.stats.idle--;
    object->references++; /* so that nobody ends it in a pause */
    drop_from(object, 0, object->pages);
    KASSERT(object->references == 1 && object->cached == 0 && object->writing == 0);
    object->references = 0;
}

void page_object_release(struct page_object *object)
{
    KASSERT(object->references > 0);
    if (--object->references > 0) {
        return;
    }
    cache.stats.idle++;
    if (object->operations->unused) {
        object->operations->unused(object);
        return;
    }
    if (is_promised(object)) {
        drop_from(object, 0, object->pages);
    }
    end_if_unused(object);
}

/* ---------------------------------------------------------------- pages */

void page_object_expect(struct page_object *object, uint32_t index, uint32_t pages)
{
    if (pages > 1) {
        object->next = index;
        object->window =
            MIN(pages, (uint32_t)PAGE_OBJECT_FILL_MAX) / 2; /* the next is twice that */
    }
}

/* How many pages are read at once: twice as many as the last time for a reader who goes on where it
 * was. */
static size_t window(struct page_object *object, uint32_t index)
{
    bool goes_on = index == object->next;

    object->window = goes_on ? MIN(MAX(object->window * 2, 2u), (uint32_t)PAGE_OBJECT_FILL_MAX) : 1;
    return MIN((size_t)object->window, (size_t)(object->filled - index));
}

/* Several pages are to be read at once: others go for them in one turn. */
static void make_room_for(size_t count)
{
    size_t available = pmm_get_available_pages();

    if (count > 1 && available < count) {
        (void)page_cache_shrink(count - available);
    }
}

/* Adds busy pages from index on, until one is there already, or no frame can be had. Returns how
 * many. */
static size_t add_busy(struct page_object *object, uint32_t index, size_t count, void *frames[])
{
    size_t added = 0;

    make_room_for(count);
    while (added < count && !page_object_find(object, index + (uint32_t)added)) {
        void *frame = added == 0                      ? take_frame(object)
                      : pmm_get_available_pages() > 0 ? pmm_alloc_page()
                                                      : NULL;

        /* Giving back pages for it may have changed nothing here: absent pages stay absent. */
        if (!frame) {
            break;
        }
        frames[added] = frame;
        add(object, index + (uint32_t)added, frame, true);
        cache.busy++;
        added++;
    }
    return added;
}

/* Waits until some page is busy no longer. 0; -EINTERRUPTED; otherwise, if none is busy. */
static int wait_for_busy(int otherwise)
{
    if (cache.busy == 0) {
        return otherwise;
    }
    if (task_is_cancelled()) {
        return -EINTERRUPTED;
    }
    task_block(&cache.filled);
    return OK;
}

/* No frame was found. 0: look again; -EINTERRUPTED; -ENOMEM. */
static int wait_for_frame(void)
{
    return page_cache_may_try_again() ? OK
           : task_is_cancelled()      ? -EINTERRUPTED
                                      : wait_for_busy(-ENOMEM);
}

/* The pages are busy no longer: they are there, or, when they could not be filled, absent again. */
static void settle(void *const frames[], size_t count, int status)
{
    for (size_t i = 0; i < count; i++) {
        struct page *page = page_of(frames[i]);

        page->is_busy = false;
        if (status < 0) {
            drop(page, frames[i]);
        }
    }
    cache.busy -= count;
    task_wake_all(&cache.filled);
}

/* Reads pages of a file from index on. What was to be read ahead may be what cannot be read: then
 * the one that is wanted is read alone. */
static int fill(struct page_object *object, uint32_t index)
{
    void *frames[PAGE_OBJECT_FILL_MAX];
    size_t count = add_busy(object, index, window(object, index), frames);

    if (count == 0) {
        return wait_for_frame();
    }
    (void)page_object_hold(object);

    int status = object->operations->fill(object, index, frames, count);

    if (status < 0 && count > 1) {
        settle(frames + 1, count - 1, status);
        count = 1;
        status = object->operations->fill(object, index, frames, count);
    }
    settle(frames, count, status);
    object->next = index + (uint32_t)count;
    page_object_release(object);
    return status;
}

/* A page that begins with zeros. */
static int bring_zeros(struct page_object *object, uint32_t index)
{
    int status = object->operations->charge ? object->operations->charge(object) : OK;

    if (status < 0) {
        return status;
    }
    void *frame = take_frame(object);

    if (!frame) {
        if (object->operations->give_back) {
            object->operations->give_back(object, 1);
        }
        return wait_for_frame();
    }
    pmm_zero_page(frame);
    add(object, index, frame, false);
    return OK;
}

static int bring(struct page_object *object, uint32_t index)
{
    return is_refilled(object) && index < object->filled ? fill(object, index)
                                                         : bring_zeros(object, index);
}

int page_object_get(struct page_object *object, uint32_t index, void **frame)
{
    struct page *page;
    bool is_hit = true;
    int status = OK;

    while (status == OK) {
        if (index >= object->pages) { /* looked at again after each wait: it may be shorter */
            return -EBOUNDS;
        }
        *frame = find(object, index, &page);
        if (*frame && !page->is_busy) {
            page->is_used = true;
            page->holders++;
            *(is_hit ? &cache.stats.hits : &cache.stats.misses) += 1;
            return OK;
        }
        is_hit = is_hit && *frame;
        status = *frame ? wait_for_busy(OK) : bring(object, index);
    }
    return status;
}

void *page_object_get_at_once(struct page_object *object, uint32_t index)
{
    struct page *page;
    void *frame = find(object, index, &page);

    if (!frame || page->is_busy) {
        return NULL;
    }
    page->is_used = true;
    cache.stats.hits++;
    return frame;
}

/* ---------------------------------------------------------------- writing */

void page_object_mark_dirty(struct page_object *object, uint32_t index, void *frame)
{
    struct page *page = page_of(frame);

    if (!page_object_notices_writes(object) || page->object != object || page->index != index ||
        page->is_dirty) {
        return;
    }
    page->is_dirty = true;
    cache.stats.dirty++;
    if (object->dirty++ == 0) {
        object->dirty_first = index;
        object->dirty_end = index + 1;
        list_append(&cache.dirty, &object->dirty_link);
    }
    object->dirty_first = MIN(object->dirty_first, index);
    object->dirty_end = MAX(object->dirty_end, index + 1);
}

void page_object_abandon(struct page_object *object)
{
    KASSERT(object->references == 0);
    list_remove(&object->dirty_link);
}

int page_object_make_zero(struct page_object *object, uint32_t index)
{
    void *frame;
    int status = page_object_make_room(object);

    if (status == OK) {
        status = page_object_get(object, index, &frame);
    }
    if (status == OK) {
        page_object_mark_dirty(object, index, frame);
        (void)page_release(frame);
    }
    return status;
}

/* Are there more dirty pages than there should be? Some of the cache's own part stay clean, so that
 * pages of files can always be read in their place. */
static bool is_too_dirty(void)
{
    size_t clean_ones = cache.stats.files - cache.stats.dirty + cache.promised;

    return cache.stats.dirty >= cache.dirty_max ||
           (cache.stats.dirty >= PAGE_CACHE_DIRTY_MIN &&
            clean_ones <= PAGE_CACHE_PAGES_MIN - PAGE_CACHE_DIRTY_MIN);
}

int page_object_make_room(struct page_object *object)
{
    if (!page_object_notices_writes(object)) {
        return OK;
    }
    while (is_too_dirty() && !list_is_empty(&cache.dirty)) {
        struct page_object *first = LIST_ENTRY(cache.dirty.next, struct page_object, dirty_link);

        (void)page_object_hold(first);

        int status = page_object_write_back(first);

        page_object_release(first);
        if (status == -EINTERRUPTED || status == -ENOMEM) {
            return status; /* others are reported by those whose files they are */
        }
    }
    return OK;
}

/* Pages that are on their way to the disk: all lie one behind the other. */
struct run {
    uint32_t index, count;
    bool is_sure; /* who writes to them from now on is noticed */
    void *frames[PAGE_OBJECT_FILL_MAX];
};

/* The dirty pages from run->index on are dirty no longer, and each is held; then they are unmapped,
 * so that the next who writes to one is noticed. May wait. */
static void take_dirty(struct page_object *object, struct run *run)
{
    struct turn turn = unsparing_turn();

    run->count = 0;
    run->is_sure = true;
    while (run->count < PAGE_OBJECT_FILL_MAX) {
        uint32_t index = run->index + run->count;
        void *frame = page_object_find(object, index);

        if (!frame || !page_of(frame)->is_dirty) {
            break;
        }
        clean(page_of(frame));
        page_hold(frame);
        object->writing++;
        run->frames[run->count++] = frame;
        if (page_of(frame)->holders > 2) {
            run->is_sure = unmap_from_all(&turn, object, index, frame) && run->is_sure;
        }
    }
}

static int write_run(struct page_object *object, const struct run *run)
{
    int status = object->operations->write_back(object, run->index, run->frames, run->count);

    for (uint32_t i = 0; i < run->count; i++) {
        if (status == -ENOMEM || status == -EINTERRUPTED || !run->is_sure) {
            page_object_mark_dirty(object, run->index + i, run->frames[i]);
        }
        (void)page_release(run->frames[i]);
    }
    if (status == OK) {
        object->filled = MAX(object->filled, MIN(run->index + run->count, object->pages));
    }
    object->writing -= run->count;
    task_wake_all(&cache.filled);
    return status;
}

int page_object_write_back(struct page_object *object)
{
    uint32_t index = object->dirty > 0 ? object->dirty_first : 0;
    uint32_t end = object->dirty > 0 ? object->dirty_end : 0;
    int status = OK;

    for (uint32_t steps = 1; index < end && object->dirty > 0; steps++) {
        struct run run = {.index = index};

        take_dirty(object, &run);
        if (run.count > 0) {
            int now = write_run(object, &run);

            status = status < 0 ? status : now;
            if (now == -ENOMEM || now == -EINTERRUPTED) {
                return now;
            }
        }
        index += MAX(run.count, 1u);
        if ((run.count > 0 || steps % PIECE_PAGES == 0) && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    while (object->writing > 0) { /* by others */
        task_block(&cache.filled);
        if (task_is_cancelled()) {
            return -EINTERRUPTED;
        }
    }
    return status;
}

void page_object_resize(struct page_object *object, uint32_t pages)
{
    uint32_t before = object->pages;

    object->pages = pages; /* from now on nobody gets one behind it */
    object->filled = MIN(object->filled, pages);
    if (pages < before) {
        drop_from(object, pages, before);
    }
}

void page_object_lengthen(struct page_object *object, uint32_t pages)
{
    KASSERT(pages >= object->pages);
    object->pages = object->filled = pages;
}

void page_cache_get_stats(struct page_cache_stats *stats)
{
    *stats = cache.stats;
    stats->spare = spare();
}

/* ---------------------------------------------------------------- shared memory */

struct shared_memory {
    struct page_object object;
    void *charged;
    void (*charge_back)(void *charged, uint32_t pages);
};

static void end_shared_memory(struct page_object *object)
{
    struct shared_memory *memory = LIST_ENTRY(object, struct shared_memory, object);

    pmm_give_back_promise(object->promised);
    memory->charge_back(memory->charged, object->pages);
    kmem_free(memory);
}

static const struct page_object_operations shared_memory_operations = {
    .fill = NULL,
    .end = end_shared_memory,
};

struct page_object *shared_memory_new(uint32_t pages, void *charged,
                                      void (*charge_back)(void *charged, uint32_t pages))
{
    struct shared_memory *memory = kmem_alloc(sizeof(*memory));

    if (!memory) {
        return NULL;
    }
    page_object_initialise(&memory->object, &shared_memory_operations, pages);
    memory->object.promised = pages;
    memory->charged = charged;
    memory->charge_back = charge_back;
    return &memory->object;
}
