/*
 * tests/kernel/test_address_space.c - areas, faults and copies: each by itself, and any sequence of
 * them against a model that knows of each page what it is, and whose frame it has.
 */
#include "base/align.h"
#include "base/status.h"
#include "debug/printk.h"
#include "failing.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "memory/paging/user_pages.h"
#include "process/mapping.h"
#include "process/process_memory.h"
#include "space_model.h"

#define PAGE       PAGE_SIZE_BYTES
#define READ_WRITE (PAGE_READ | PAGE_WRITE)
#define PLACE      0x00800000u /* in the program's range, between two tables */
#define SPACES     3

/* ---------------------------------------------------------------- the model */

/* Pages around a border of tables: one window in the program's range, one around the break's
 * start. */
#define WINDOW_PAGES 40
#define PAGES        (2 * WINDOW_PAGES)
#define HEAP_WINDOW  (PROCESS_BREAK_ADDRESS - WINDOW_PAGES / 2 * PAGE)

enum what { NOTHING, OF_AREA, OF_MALLOC };

struct model_page {
    uint8_t what;
    uint8_t kind; /* of the area */
    page_rights_t rights;
    bool is_charged;
    bool is_first, has_next; /* of the allocation */
    bool is_shared;          /* the entry says that others may hold the frame */
    uint16_t frame;          /* its number; 0: none */
};

static struct {
    struct process processes[SPACES];
    bool is_there[SPACES];
    struct model_page pages[SPACES][PAGES];
    void *frames[SPACES * PAGES + 1]; /* by number; NULL: that is free */
    uint8_t fill[SPACES * PAGES + 1]; /* the byte that it is full of */
    uint32_t seed;
    size_t promised; /* before all */
    uint32_t charged;
    const char *wrong; /* what was found */
} model;

static uint32_t random(uint32_t below)
{
    model.seed = model.seed * 1664525 + 1013904223;
    return (model.seed >> 8) % below;
}

static vaddr_t address_of(size_t page)
{
    return page < WINDOW_PAGES ? PLACE + (page - WINDOW_PAGES / 2) * PAGE
                               : HEAP_WINDOW + (page - WINDOW_PAGES) * PAGE;
}

/* 0 to PAGES - 1; PAGES: in no window. */
static size_t page_at(vaddr_t address)
{
    for (size_t i = 0; i < PAGES; i += WINDOW_PAGES) {
        if (address >= address_of(i) && address - address_of(i) < WINDOW_PAGES * PAGE) {
            return i + (address - address_of(i)) / PAGE;
        }
    }
    return PAGES;
}

static void expect(bool condition, const char *what)
{
    if (!condition && !model.wrong) {
        model.wrong = what;
    }
}

#define EXPECT(condition) expect(condition, #condition)

static uint16_t new_frame(void)
{
    uint16_t number = 1;

    while (model.frames[number]) {
        number++;
    }
    model.fill[number] = 0;
    return number;
}

static uint32_t count_holders(uint16_t frame)
{
    uint32_t holders = 0;

    for (size_t i = 0; i < SPACES * PAGES; i++) {
        holders += model.pages[i / PAGES][i % PAGES].frame == frame;
    }
    return holders;
}

static struct address_space *space_of(size_t s)
{
    return &model.processes[s].space;
}

/* The page has the frame with that number now; which one that is, its entry says. */
static void set_frame(size_t s, size_t page, uint16_t frame, bool is_shared)
{
    struct page_entry entry = paging_entry(space_of(s)->chunk, address_of(page));
    uint16_t old = model.pages[s][page].frame;

    model.pages[s][page].frame = frame;
    model.pages[s][page].is_shared = is_shared;
    if (old && count_holders(old) == 0) {
        model.frames[old] = NULL;
    }
    if (frame && !model.frames[frame]) {
        model.frames[frame] = page_memory(page_entry_frame(entry));
    }
}

static void forget(size_t s, size_t page)
{
    set_frame(s, page, 0, false);
    model.pages[s][page] = (struct model_page){0};
}

static bool are_free(size_t s, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        if (model.pages[s][i].what != NOTHING) {
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- does all agree? */

static void check_page(size_t s, size_t i)
{
    const struct model_page *page = &model.pages[s][i];
    struct page_entry entry = paging_entry(space_of(s)->chunk, address_of(i));
    const struct area *area = area_at(space_of(s), address_of(i));

    EXPECT((area != NULL) == (page->what == OF_AREA));
    EXPECT(!area || (area->kind == page->kind && area->rights == page->rights &&
                     area->is_charged == page->is_charged));
    EXPECT(address_space_rights(space_of(s), address_of(i)) == page->rights);
    EXPECT(page_entry_is_promised(entry) == (page->what == OF_MALLOC && !page->frame));
    EXPECT(page_entry_is_empty(entry) == (page->what != OF_MALLOC && !page->frame));
    if (page->what == OF_MALLOC) {
        EXPECT((page_entry_marks(entry) & (PAGE_FLAG_MARK_1 | PAGE_FLAG_MARK_2)) ==
               ((page->is_first ? PAGE_FLAG_MARK_1 : 0) | (page->has_next ? PAGE_FLAG_MARK_2 : 0)));
    }
    if (!page->frame) {
        return;
    }
    const uint8_t *bytes = model.frames[page->frame];
    uint32_t holders = count_holders(page->frame);

    EXPECT(page_memory(page_entry_frame(entry)) == bytes);
    EXPECT(page_entry_is_present(entry) == (page->rights != 0));
    EXPECT(!page->rights || (page_entry_rights(entry) & PAGE_WRITE) ==
                                (page->is_shared ? 0 : page->rights & PAGE_WRITE));
    EXPECT(((page_entry_marks(entry) & PAGE_FLAG_SHARED) != 0) == page->is_shared);
    EXPECT(page->is_shared ? page_of(bytes)->holders == holders : holders == 1);
    for (size_t at = 0; at < PAGE; at += PAGE / 4 - 1) {
        EXPECT(bytes[at] == model.fill[page->frame]);
    }
}

/* Pages charged, tables and frames of one space; returns the promises that it must have. */
static size_t check_counts(size_t s)
{
    const struct address_space *space = space_of(s);
    struct space_tables all = {.count = 0}, there = {.count = 0};
    uint32_t charged = 0, frames = 0;

    for (size_t i = 0; i < PAGES; i++) {
        const struct model_page *page = &model.pages[s][i];

        if (page->what != NOTHING) {
            space_count_tables(&all, address_of(i));
        }
        if (page->what == OF_MALLOC || page->frame) {
            space_count_tables(&there, address_of(i));
        }
        charged += page->is_charged;
        frames += page->frame != 0;
    }
    EXPECT(space->pages == charged + all.count);
    EXPECT(space->chunk->resident == frames);
    EXPECT(space->chunk->own_tables - PAGE_MIXED_TABLES == there.count);
    EXPECT(space->chunk->promised_tables == all.count - there.count);
    EXPECT(room_check(&space->room) == OK);
    EXPECT(tree_is_sound(&space->areas));
    return charged + all.count - there.count;
}

static void check_all(void)
{
    size_t promised = model.promised, frames = 0;
    uint32_t charged = model.charged;

    for (size_t s = 0; s < SPACES; s++) {
        if (!model.is_there[s]) {
            continue;
        }
        for (size_t i = 0; i < PAGES; i++) {
            check_page(s, i);
        }
        for (size_t i = WINDOW_PAGES; i < PAGES; i++) {
            EXPECT(room_is_free(&space_of(s)->room, address_of(i), address_of(i) + PAGE) ==
                   (model.pages[s][i].what == NOTHING));
        }
        promised += check_counts(s);
        charged += space_of(s)->pages;
    }
    for (size_t i = 1; i <= SPACES * PAGES; i++) {
        frames += model.frames[i] != NULL;
    }
    EXPECT(pmm_get_promised_pages() == promised - frames);
    EXPECT(family_of_init()->used[FAMILY_PAGES] == charged);
}

/* ---------------------------------------------------------------- moves */

static page_rights_t any_rights(void)
{
    static const page_rights_t rights[] = {0, PAGE_READ, READ_WRITE, READ_WRITE};

    return rights[random(ARRAY_SIZE(rights))];
}

static void add(size_t s, size_t first, size_t last)
{
    enum area_kind kind = random(4) ? AREA_MAPPING : AREA_GUARD;
    page_rights_t rights = kind == AREA_GUARD ? 0 : any_rights();
    int status = space_add_area(space_of(s), address_of(first),
                                address_of(first) + (last - first) * PAGE, rights, kind);

    EXPECT(status == (are_free(s, first, last) ? OK : -EISTKN));
    for (size_t i = first; status == OK && i < last; i++) {
        model.pages[s][i] = (struct model_page){
            .what = OF_AREA, .kind = (uint8_t)kind, .rights = rights, .is_charged = rights != 0};
    }
}

static void remove(size_t s, size_t first, size_t last)
{
    EXPECT(area_remove(space_of(s), address_of(first), address_of(first) + (last - first) * PAGE) ==
           OK);
    for (size_t i = first; i < last; i++) {
        if (model.pages[s][i].what == OF_AREA) {
            forget(s, i);
        }
    }
}

static void protect(size_t s, size_t first, size_t last)
{
    page_rights_t rights = any_rights();
    bool is_possible = true;

    for (size_t i = first; i < last; i++) {
        is_possible &= model.pages[s][i].what == OF_AREA && model.pages[s][i].kind != AREA_GUARD;
    }
    int status = area_protect(space_of(s), address_of(first),
                              address_of(first) + (last - first) * PAGE, rights);

    EXPECT(status == (is_possible ? OK : -ENOMEM));
    for (size_t i = first; is_possible && i < last; i++) {
        model.pages[s][i].rights = rights;
        model.pages[s][i].is_charged |= rights != 0;
    }
}

/* The end of an area of the heap's window, by at most as many pages as there are behind it. */
static void move_end(size_t s, size_t page, size_t end)
{
    struct area *area = area_at(space_of(s), address_of(page));

    if (page < WINDOW_PAGES || !area || end <= page_at(area->start)) {
        return;
    }
    size_t old_end = page_at(area->end - PAGE) + 1;
    struct model_page last = model.pages[s][old_end - 1];
    bool is_possible = end <= old_end || are_free(s, old_end, end);

    EXPECT(area_move_end(space_of(s), area, address_of(end - 1) + PAGE) ==
           (is_possible ? OK : -EISTKN));
    for (size_t i = old_end; is_possible && i < end; i++) {
        model.pages[s][i] = (struct model_page){.what = OF_AREA,
                                                .kind = last.kind,
                                                .rights = last.rights,
                                                .is_charged = last.is_charged};
    }
    for (size_t i = end; i < old_end; i++) {
        forget(s, i);
    }
}

static bool has_run(size_t s, size_t first, size_t last, size_t pages)
{
    size_t run = 0;

    for (size_t i = first; i < last && run < pages; i++) {
        run = model.pages[s][i].what == NOTHING ? run + 1 : 0;
    }
    return run >= pages;
}

static void take(size_t s, size_t pages)
{
    const size_t middle = WINDOW_PAGES + WINDOW_PAGES / 2;
    void *memory = process_malloc(&model.processes[s], pages * PAGE - random(PAGE));
    size_t first = memory ? page_at((vaddr_t)memory) : PAGES;

    EXPECT((memory != NULL) == has_run(s, WINDOW_PAGES, PAGES, pages));
    if (!memory) {
        return;
    }
    EXPECT(first >= WINDOW_PAGES && first + pages <= PAGES && are_free(s, first, first + pages));
    EXPECT(first + pages <= middle || !has_run(s, WINDOW_PAGES, middle, pages));
    for (size_t i = first; !model.wrong && i < first + pages; i++) {
        model.pages[s][i] = (struct model_page){.what = OF_MALLOC,
                                                .rights = READ_WRITE,
                                                .is_charged = true,
                                                .is_first = i == first,
                                                .has_next = i + 1 < first + pages};
        if (pages <= 4) {
            set_frame(s, i, new_frame(), false);
        }
    }
}

static void give(size_t s, size_t page)
{
    bool is_right = model.pages[s][page].what == OF_MALLOC && model.pages[s][page].is_first;
    size_t count = process_allocation_pages(&model.processes[s], (void *)address_of(page));

    EXPECT((count > 0) == is_right);
    EXPECT(process_free(&model.processes[s], (void *)address_of(page)) ==
           (is_right ? OK : -EINVARG));
    for (bool goes_on = is_right; goes_on; page++, count--) {
        goes_on = model.pages[s][page].has_next;
        forget(s, page);
    }
    EXPECT(count == 0 || !is_right);
}

/* A page of zeros comes; of process_malloc(), the promised ones behind it come with it if it is not
 * the first one. */
static void model_bring(size_t s, size_t page)
{
    bool is_malloc = model.pages[s][page].what == OF_MALLOC;
    const struct model_page *before = page % WINDOW_PAGES ? &model.pages[s][page - 1] : NULL;
    size_t more = is_malloc && before && before->frame && before->rights ? 8 : 1;

    for (size_t i = page; i < page + more && i < PAGES && !model.pages[s][i].frame &&
                          (i == page || model.pages[s][i].what == OF_MALLOC);
         i++) {
        set_frame(s, i, new_frame(), false);
    }
}

static void touch(size_t s, size_t page, page_rights_t access)
{
    struct model_page *of = &model.pages[s][page];
    bool is_allowed = of->rights & access;
    bool is_needed = !of->frame || (access == PAGE_WRITE && of->is_shared);
    uint32_t copies = space_of(s)->faults.copied;
    int status = address_space_fault(space_of(s), address_of(page) + random(PAGE), access);

    EXPECT(status == (is_allowed && is_needed ? OK : -EINVARG));
    if (status == OK && !of->frame) {
        model_bring(s, page);
    } else if (status == OK) {
        bool is_last = count_holders(of->frame) == 1;
        uint16_t frame = of->frame;

        if (!is_last) {
            frame = new_frame();
            model.fill[frame] = model.fill[of->frame];
        }
        set_frame(s, page, frame, false);
        EXPECT(space_of(s)->faults.copied - copies == !is_last);
    }
    if (!model.wrong && is_allowed && access == PAGE_WRITE) {
        model.fill[of->frame] = (uint8_t)random(256);
        memset(model.frames[of->frame], model.fill[of->frame], PAGE);
    }
}

static void end_space(size_t s)
{
    for (size_t i = 0; i < PAGES; i++) {
        forget(s, i);
    }
    address_space_destroy(space_of(s));
    model.is_there[s] = false;
}

/* Of the process heap only the window is free. */
static bool begin_space(size_t s)
{
    model.processes[s] = space_make_process();
    model.is_there[s] = space_of(s)->chunk != NULL;
    return model.is_there[s] &&
           room_take_at(&space_of(s)->room, PROCESS_HEAP_ADDRESS, HEAP_WINDOW) &&
           room_take_at(&space_of(s)->room, HEAP_WINDOW + WINDOW_PAGES * PAGE, PROCESS_HEAP_END);
}

static int clone_space(size_t to, size_t from)
{
    model.processes[to] = (struct process){.family = family_of_init()};
    int status = address_space_create(space_of(to), family_of_init());

    if (status == OK) {
        status = address_space_clone(space_of(to), space_of(from));
    }
    if (status != OK) {
        address_space_destroy(space_of(to));
        return status;
    }
    model.is_there[to] = true;
    return OK;
}

/* The entries of both say so, once a copy has begun. */
static void model_share(size_t from)
{
    for (size_t i = 0; i < PAGES; i++) {
        model.pages[from][i].is_shared = model.pages[from][i].frame != 0;
    }
}

static void copy(size_t from)
{
    size_t to = (from + 1) % SPACES;

    if (model.is_there[to]) {
        end_space(to);
    }
    EXPECT(clone_space(to, from) == OK);
    model_share(from);
    memcpy(model.pages[to], model.pages[from], sizeof(model.pages[to]));
}

static void move(size_t s)
{
    size_t first = random(PAGES), end = first - first % WINDOW_PAGES + WINDOW_PAGES;
    size_t last = first + 1 + random((uint32_t)(end - first));

    last = random(2) ? MIN(last, first + 4) : last;
    switch (random(16)) {
    case 0:
    case 1: add(s, first, last); break;
    case 2: remove(s, first, last); break;
    case 3:
    case 4: protect(s, first, last); break;
    case 5: move_end(s, first, last); break;
    case 6:
    case 7: take(s, 1 + random(random(3) ? 4 : 24)); break;
    case 8: give(s, first); break;
    case 9: copy(s); break;
    case 10:
        if (s > 0 && random(4) == 0) {
            end_space(s);
        }
        break;
    default: touch(s, first, random(3) ? PAGE_WRITE : PAGE_READ); break;
    }
}

static bool begin(uint32_t seed)
{
    memset(&model, 0, sizeof(model));
    model.seed = seed;
    model.promised = pmm_get_promised_pages();
    model.charged = family_of_init()->used[FAMILY_PAGES];
    return begin_space(0);
}

static void end(void)
{
    for (size_t s = 0; s < SPACES; s++) {
        if (model.is_there[s]) {
            end_space(s);
        }
    }
    EXPECT(pmm_get_promised_pages() == model.promised);
    EXPECT(family_of_init()->used[FAMILY_PAGES] == model.charged);
}

static void run_sequence(uint32_t seed, uint32_t moves)
{
    EXPECT(begin(seed));
    for (uint32_t i = 0; i < moves && !model.wrong; i++) {
        size_t s = random(SPACES);

        move(model.is_there[s] ? s : 0);
        check_all();
        if (model.wrong) {
            printk("seed %u, move %u: %s\n", seed, i, model.wrong);
        }
    }
    if (!model.wrong) {
        end();
    }
}

KTEST(address_space_any_sequence_is_what_the_model_says)
{
    for (uint32_t seed = 1; seed <= 8; seed++) {
        size_t objects = kmem_live_objects();

        run_sequence(seed, 700);
        KEXPECT(!model.wrong);
        KEXPECT(kmem_live_objects() == objects);
    }
}

/* ---------------------------------------------------------------- each by itself */

/* An area of eight pages between two tables, its neighbours, and what overlaps it by a page. */
KTEST(area_add_takes_free_addresses_alone)
{
    static const struct {
        int first, last; /* pages from PLACE on */
        int status;
    } cases[] = {{-4, 4, OK},     {-4, 4, -EISTKN}, {-5, -3, -EISTKN}, {3, 4, -EISTKN},
                 {3, 9, -EISTKN}, {-9, 9, -EISTKN}, {-1, 1, -EISTKN},  {-4, -3, -EISTKN},
                 {-5, -4, OK},    {4, 5, OK},       {-6, -4, -EISTKN}, {5, 1024, OK}};

    KEXPECT(begin(1));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint32_t pages = space_of(0)->pages;
        size_t promised = pmm_get_promised_pages(), objects = kmem_live_objects();
        vaddr_t start = PLACE + (vaddr_t)((intptr_t)cases[i].first * PAGE);
        int status =
            space_add_area(space_of(0), start, PLACE + (vaddr_t)((intptr_t)cases[i].last * PAGE),
                           PAGE_READ, AREA_MAPPING);

        KEXPECT(status == cases[i].status);
        KEXPECT(status == OK || (pages == space_of(0)->pages && objects == kmem_live_objects() &&
                                 promised == pmm_get_promised_pages()));
        KEXPECT(space_of(0)->pages == space_count_charged(space_of(0)));
    }
    end_space(0);
}

/* Of the process heap: what process_malloc() has is taken; up to both of the heap's ends; and free
 * again. */
KTEST(area_add_and_process_malloc_ask_the_same_room)
{
    struct process process = space_make_process();
    struct address_space *space = &process.space;

    KEXPECT(space->chunk);
    vaddr_t memory = (vaddr_t)process_malloc(&process, 2 * PAGE);
    KEXPECT(memory == PROCESS_HEAP_ADDRESS);
    KEXPECT(space_add_area(space, memory + PAGE, memory + 3 * PAGE, 0, AREA_GUARD) == -EISTKN);
    KEXPECT(space_add_area(space, memory + 2 * PAGE, memory + 3 * PAGE, 0, AREA_GUARD) == OK);
    KEXPECT(process_malloc(&process, PAGE) == (void *)(memory + 3 * PAGE));
    KEXPECT(space_add_area(space, PROCESS_HEAP_END - PAGE, PROCESS_HEAP_END, PAGE_READ,
                           AREA_MAPPING) == OK);
    KEXPECT(process_free(&process, (void *)(memory + 2 * PAGE)) == -EINVARG);
    /* What lies between areas stays. */
    KEXPECT(area_remove(space, memory, memory + 4 * PAGE) == OK);
    KEXPECT(process_free(&process, (void *)(memory + 3 * PAGE)) == OK);
    KEXPECT(room_is_free(&space->room, memory + 2 * PAGE, PROCESS_HEAP_END - PAGE));
    KEXPECT(space->pages == space_count_charged(space));
    KEXPECT(process_free(&process, (void *)memory) == OK);
    address_space_destroy(space);
}

/* Nothing of the last address space is in the next one that has its chunk; and two never have the
 * same. */
KTEST(address_space_is_empty_in_a_chunk_that_was_used)
{
    kmem_reap();

    size_t free = pmm_get_free_pages();
    struct process first = space_make_process();
    struct address_space *space = &first.space;
    const struct paging_4gb_chunk *chunk = space->chunk;

    KEXPECT(chunk);
    KEXPECT(space_add_area(space, USER_STACK_BOTTOM, USER_STACK_TOP, READ_WRITE, AREA_STACK) == OK);
    KEXPECT(space_add_area(space, PLACE, PLACE + PAGE, READ_WRITE, AREA_PROGRAM) == OK);
    KEXPECT(address_space_fault(space, USER_STACK_TOP - 1, PAGE_WRITE) == OK);
    KEXPECT(address_space_fault(space, PLACE, PAGE_WRITE) == OK);
    paging_switch(space->chunk);
    address_space_destroy(space);
    KEXPECT(paging_current() == paging_kernel_chunk());

    struct process second = space_make_process(), third = space_make_process();

    space = &second.space;
    KEXPECT(space->chunk == chunk && third.space.chunk && third.space.chunk != chunk);
    KEXPECT(space->chunk->own_tables == PAGE_MIXED_TABLES && space->chunk->promised_tables == 0 &&
            space->chunk->resident == 0);
    KEXPECT(paging_get(space->chunk, (void *)(USER_STACK_TOP - PAGE)) == 0);
    KEXPECT(paging_get(space->chunk, (void *)PLACE) == 0);
    KEXPECT(address_space_fault(space, USER_STACK_TOP - 1, PAGE_READ) == -EINVARG);
    address_space_destroy(space);
    address_space_destroy(&third.space);
    kmem_reap();
    KEXPECT(pmm_get_free_pages() == free);
}

static size_t count_areas(const struct address_space *space)
{
    size_t count = 0;

    for (struct tree_node *node = tree_first(&space->areas); node; node = tree_next(node)) {
        count++;
    }
    return count;
}

KTEST(area_remove_splits_what_reaches_beyond)
{
    static const struct {
        /* Of an area of eight pages, and one of two that begins three pages behind it. */
        int first, last;
        size_t areas;
        uint32_t pages; /* that are left */
    } cases[] = {{0, 8, 1, 2},  {0, 1, 2, 9},  {7, 8, 2, 9},   {3, 4, 3, 9},   {-2, 2, 2, 8},
                 {6, 12, 2, 7}, {0, 13, 0, 0}, {8, 11, 2, 10}, {-9, 0, 2, 10}, {1, 12, 2, 2}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        KEXPECT(begin(1));
        struct address_space *space = space_of(0);

        KEXPECT(space_add_area(space, PLACE, PLACE + 8 * PAGE, READ_WRITE, AREA_MAPPING) == OK);
        KEXPECT(space_add_area(space, PLACE + 11 * PAGE, PLACE + 13 * PAGE, READ_WRITE,
                               AREA_PROGRAM) == OK);
        for (vaddr_t at = PLACE; at < PLACE + 8 * PAGE; at += 2 * PAGE) {
            KEXPECT(address_space_fault(space, at, PAGE_WRITE) == OK);
        }
        KEXPECT(area_remove(space, PLACE + (vaddr_t)((intptr_t)cases[i].first * PAGE),
                            PLACE + (vaddr_t)((intptr_t)cases[i].last * PAGE)) == OK);
        KEXPECT(count_areas(space) == cases[i].areas);
        KEXPECT(space->pages == cases[i].pages + (cases[i].pages > 0 ? PAGE_LEVELS - 1u : 0));
        KEXPECT(space->pages == space_count_charged(space));
        end();
        KEXPECT(!model.wrong);
    }
}

KTEST(area_protect_needs_areas_all_the_way)
{
    KEXPECT(begin(1));
    struct address_space *space = space_of(0);

    KEXPECT(space_add_area(space, PLACE, PLACE + 4 * PAGE, PAGE_READ, AREA_MAPPING) == OK);
    KEXPECT(space_add_area(space, PLACE + 4 * PAGE, PLACE + 6 * PAGE, 0, AREA_MAPPING) == OK);
    KEXPECT(space_add_area(space, PLACE + 7 * PAGE, PLACE + 8 * PAGE, 0, AREA_GUARD) == OK);
    uint32_t pages = space->pages;
    KEXPECT(area_protect(space, PLACE - PAGE, PLACE + PAGE, READ_WRITE) == -ENOMEM);
    KEXPECT(area_protect(space, PLACE + 5 * PAGE, PLACE + 7 * PAGE, READ_WRITE) == -ENOMEM);
    KEXPECT(area_protect(space, PLACE + 7 * PAGE, PLACE + 8 * PAGE, PAGE_READ) == -ENOMEM);
    KEXPECT(count_areas(space) == 3 && space->pages == pages);
    KEXPECT(area_protect(space, PLACE + 3 * PAGE, PLACE + 5 * PAGE, READ_WRITE) == OK);
    KEXPECT(count_areas(space) == 4 && space->pages == pages + 1);
    KEXPECT(address_space_rights(space, PLACE + 3 * PAGE - 1) == PAGE_READ);
    KEXPECT(address_space_rights(space, PLACE + 3 * PAGE) == READ_WRITE);
    KEXPECT(address_space_rights(space, PLACE + 5 * PAGE - 1) == READ_WRITE);
    KEXPECT(address_space_rights(space, PLACE + 5 * PAGE) == 0);
    end();
    KEXPECT(!model.wrong);
}

/* What cannot be promised is refused when it is asked for; what nobody may touch needs no
 * promise. */
KTEST(areas_larger_than_memory)
{
    const vaddr_t end_at = PROCESS_BREAK_ADDRESS;
    size_t objects_before = kmem_live_objects();
    struct process process = space_make_process();
    struct address_space *space = &process.space;

    KEXPECT(space->chunk && pmm_get_available_pages() < (end_at - PROCESS_HEAP_ADDRESS) / PAGE);
    size_t available = pmm_get_available_pages(), objects = kmem_live_objects();
    KEXPECT(space_add_area(space, PROCESS_HEAP_ADDRESS, end_at, PAGE_READ, AREA_MAPPING) ==
            -ENOMEM);
    KEXPECT(available == pmm_get_available_pages() && objects == kmem_live_objects());
    KEXPECT(space->pages == 0 && count_areas(space) == 0);
    KEXPECT(room_is_free(&space->room, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END));
    KEXPECT(space_add_area(space, PROCESS_HEAP_ADDRESS, end_at, 0, AREA_MAPPING) == OK);
    uint32_t pages = space->pages;
    KEXPECT(area_protect(space, PROCESS_HEAP_ADDRESS, end_at, READ_WRITE) == -ENOMEM);
    KEXPECT(area_protect(space, PROCESS_HEAP_ADDRESS + PAGE, end_at - PAGE, PAGE_READ) == -ENOMEM);
    KEXPECT(space->pages == pages && count_areas(space) == 1);
    KEXPECT(area_protect(space, PROCESS_HEAP_ADDRESS + PAGE, PROCESS_HEAP_ADDRESS + 2 * PAGE,
                         READ_WRITE) == OK);
    KEXPECT(space->pages == pages + 1);
    address_space_destroy(space);
    KEXPECT(objects_before == kmem_live_objects());
}

/* ---------------------------------------------------------------- when memory ends */

/* Takes all that anybody gets: pages, and then what kmalloc() has. */
static void take_all(struct list_node *pages, struct list_node *blocks)
{
    void *taken;

    list_initialise(pages);
    list_initialise(blocks);
    while ((taken = pmm_alloc_page()) != NULL) {
        list_append(pages, taken);
    }
    while ((taken = kmalloc(PAGE)) != NULL) {
        list_append(blocks, taken);
    }
}

static void give_all_back(struct list_node *pages, struct list_node *blocks)
{
    void *taken;

    while ((taken = list_take_first(pages)) != NULL) {
        pmm_free_page(taken);
    }
    while ((taken = list_take_first(blocks)) != NULL) {
        kfree(taken);
    }
}

/* Each kind of page: of areas and of process_malloc(), copies of those that a clone shares, and the
 * tables for all of them. Nothing is free but what was promised, and in the end nothing at all. */
KTEST(address_space_fault_never_fails_for_what_was_promised)
{
    struct list_node pages, blocks;

    KEXPECT(begin(5));
    for (uint32_t i = 0; i < 120 && !model.wrong; i++) {
        move(0);
    }
    KEXPECT(!model.wrong);
    take(0, 17);
    copy(0);
    take_all(&pages, &blocks);
    size_t free_pages = pmm_get_free_pages(), promised = pmm_get_promised_pages();
    for (size_t i = 0; i < 2 * PAGES; i++) {
        touch(i % 2, i / 2, PAGE_WRITE);
        touch(i % 2, i / 2, PAGE_READ);
    }
    check_all();
    size_t left = pmm_get_promised_pages(), still_free = pmm_get_free_pages();
    /* And when something of it goes, it can be had again, by nobody else. */
    for (size_t i = 0; i < PAGES; i += 3) {
        remove(0, i, i + 1);
    }
    check_all();
    give_all_back(&pages, &blocks);
    end();
    printk("info: %zu pages free, %zu promised; %zu after every touch\n", free_pages, promised,
           left);
    KEXPECT(free_pages == promised);
    KEXPECT(promised > model.promised + 40 && still_free == left);
    KEXPECT(left < model.promised + 10); /* copies that only one side needs, now */
    KEXPECT(!model.wrong);
}

/* The last table of an area goes when the kernel has used its part of the pool: it is promised
 * again. */
KTEST(address_space_tables_come_back_when_memory_is_full)
{
    struct list_node pages, blocks;

    KEXPECT(begin(1));
    struct address_space *space = space_of(0);
    KEXPECT(space_add_area(space, PLACE, PLACE + PAGE, READ_WRITE, AREA_MAPPING) == OK);
    void *memory = process_malloc(&model.processes[0], 17 * PAGE);
    KEXPECT(memory);
    take_all(&pages, &blocks);
    bool has_come = address_space_fault(space, (vaddr_t)memory, PAGE_WRITE) == OK &&
                    address_space_fault(space, PLACE, PAGE_WRITE) == OK;
    int status = process_free(&model.processes[0], memory);
    int removed = area_remove(space, PLACE, PLACE + PAGE);
    size_t promised = pmm_get_promised_pages();
    give_all_back(&pages, &blocks);
    end_space(0);
    KEXPECT(has_come && status == OK && removed == OK);
    KEXPECT(promised == model.promised);
}

/* ---------------------------------------------------------------- the n-th allocation fails */

/* A state of which every move has something to do: areas, allocations, pages that a clone
 * shares. */
static bool begin_with_something(void)
{
    bool is_there = begin(1);

    if (is_there) {
        EXPECT(space_add_area(space_of(0), address_of(4), address_of(12), READ_WRITE,
                              AREA_MAPPING) == OK);
        EXPECT(space_add_area(space_of(0), address_of(14), address_of(24), 0, AREA_MAPPING) == OK);
        EXPECT(space_add_area(space_of(0), address_of(WINDOW_PAGES), address_of(WINDOW_PAGES + 4),
                              READ_WRITE, AREA_MAPPING) == OK);
        EXPECT(space_add_area(space_of(0), address_of(WINDOW_PAGES + 26),
                              address_of(WINDOW_PAGES + 28), READ_WRITE, AREA_MAPPING) == OK);
        for (size_t i = 0; i < PAGES; i++) {
            const struct area *area = area_at(space_of(0), address_of(i));

            if (area) {
                model.pages[0][i] = (struct model_page){.what = OF_AREA,
                                                        .kind = area->kind,
                                                        .rights = area->rights,
                                                        .is_charged = area->is_charged};
            }
        }
        take(0, 3);
        take(0, 9);
        touch(0, 5, PAGE_WRITE);
        touch(0, WINDOW_PAGES + 1, PAGE_WRITE);
        copy(0);
        touch(0, 5, PAGE_WRITE);
        check_all();
    }
    return is_there && !model.wrong;
}

static int try_add(void)
{
    return space_add_area(space_of(0), address_of(WINDOW_PAGES + 30), address_of(WINDOW_PAGES + 34),
                          READ_WRITE, AREA_MAPPING);
}

static int try_remove(void)
{
    return area_remove(space_of(0), address_of(6), address_of(7));
}

static int try_protect(void)
{
    return area_protect(space_of(0), address_of(16), address_of(18), PAGE_READ);
}

static int try_move_end(void)
{
    return area_move_end(space_of(0), area_at(space_of(0), address_of(WINDOW_PAGES + 26)),
                         address_of(WINDOW_PAGES + 34));
}

static int try_small(void)
{
    return process_malloc(&model.processes[0], 2 * PAGE) ? OK : -ENOMEM;
}

static int try_large(void)
{
    return process_malloc(&model.processes[0], 6 * PAGE) ? OK : -ENOMEM;
}

static int try_break(void)
{
    return process_move_break(&model.processes[0], PAGE) == -ENOMEM ? -ENOMEM : OK;
}

static int try_clone(void)
{
    int status = clone_space(2, 0);

    model.is_there[2] = false; /* the model does not look at it */
    for (size_t i = 0; i < PAGES; i++) {
        struct page_entry entry = paging_entry(space_of(0)->chunk, address_of(i));

        if (model.pages[0][i].frame && page_entry_marks(entry) & PAGE_FLAG_SHARED) {
            model.pages[0][i].is_shared = true;
        }
    }
    return status;
}

/* For every n: an error and nothing has changed, until there are fewer allocations. Returns how
 * many errors. */
static int fail_every(const char *name, int (*attempt)(void))
{
    int errors = 0;

    for (uint32_t n = 1; n < 1000; n++) {
        if (!begin_with_something()) {
            return -1;
        }
        kmem_reap();
        failing_start(n);
        int status = attempt();
        bool has_failed = failing_stop();

        if (status == -ENOMEM && has_failed) {
            errors++;
            check_all();
        } else if (status != OK) {
            model.wrong = "another error";
        }
        if (model.wrong) {
            printk("%s, allocation %u: %s\n", name, n, model.wrong);
            return -1;
        }
        if (status == OK && space_of(2)->chunk) {
            address_space_destroy(space_of(2));
        }
        end();
        if (!has_failed) {
            return model.wrong ? -1 : errors;
        }
    }
    return -1;
}

KTEST(failing_every_allocation_of_each_operation)
{
    static const struct {
        const char *name;
        int (*attempt)(void);
        int errors_min;
    } operations[] = {
        {"area_add()", try_add, 3},
        {"area_remove()", try_remove, 2},
        {"area_protect()", try_protect, 2},
        {"area_move_end()", try_move_end, 1},
        {"process_malloc()", try_small, 1},
        {"process_malloc() of more", try_large, 1},
        {"process_move_break()", try_break, 2},
        {"address_space_clone()", try_clone, 6},
    };

    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        size_t objects = kmem_live_objects();
        int errors = fail_every(operations[i].name, operations[i].attempt);

        printk("info: %d allocations of %s failed in turn\n", errors, operations[i].name);
        KEXPECT(errors >= operations[i].errors_min);
        KEXPECT(kmem_live_objects() == objects);
    }
}

/* ---------------------------------------------------------------- what the room has lost */

/* Two pages of the process heap that are free, and that its room has had no memory to note; of the
 * rest of the heap only the last page is not taken. 0: it did not come to that. */
static vaddr_t lose_two_pages(struct process *process)
{
    struct address_space *space = &process->space;
    vaddr_t first = (vaddr_t)process_malloc(process, PAGE);
    vaddr_t lost = (vaddr_t)process_malloc(process, 2 * PAGE);
    vaddr_t last = (vaddr_t)process_malloc(process, PAGE);

    if (lost != first + PAGE || last != first + 3 * PAGE ||
        space_add_area(space, first + 4 * PAGE, PROCESS_HEAP_END - PAGE, 0, AREA_GUARD) != OK) {
        return 0;
    }
    kmem_reap();
    failing_start(1);
    int status = process_free(process, (void *)lost);

    return failing_stop() && status == OK && space->room.lost_pages == 2 ? lost : 0;
}

static const struct memory_mapping two_pages = {
    .length = 2 * PAGE,
    .rights = MAPPING_READ | MAPPING_WRITE,
    .flags = MAPPING_PRIVATE | MAPPING_ANONYMOUS,
};

static intptr_t map_anywhere(struct process *process, vaddr_t lost)
{
    (void)lost;
    return mapping_add(process, &two_pages, NULL);
}

static intptr_t map_at_hint(struct process *process, vaddr_t lost)
{
    struct memory_mapping mapping = two_pages;

    mapping.address = lost;
    return mapping_add(process, &mapping, NULL);
}

static intptr_t map_fixed(struct process *process, vaddr_t lost)
{
    struct memory_mapping mapping = two_pages;

    mapping.address = lost;
    mapping.flags |= MAPPING_FIXED;
    return mapping_add(process, &mapping, NULL);
}

static intptr_t malloc_two(struct process *process, vaddr_t lost)
{
    (void)lost;
    void *memory = process_malloc(process, 2 * PAGE);

    return memory ? (intptr_t)memory : -ENOMEM;
}

/* For every way to take addresses: what is lost is found, whatever allocation fails at the first
 * try; and none of them takes what is in use beside it. */
KTEST(failing_every_allocation_of_taking_lost_addresses)
{
    static intptr_t (*const ways[])(struct process * process, vaddr_t lost) = {
        map_anywhere, map_at_hint, map_fixed, malloc_two};
    unsigned errors = 0;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        bool has_failed = true;

        for (uint32_t n = 1; has_failed; n++) {
            struct process process = space_make_process();
            struct address_space *space = &process.space;
            vaddr_t lost = space->chunk ? lose_two_pages(&process) : 0;

            KEXPECT(lost != 0);
            KEXPECT(address_space_find_free(space, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END, 3) == 0);
            /* Nothing to unmap there; beside it is what process_malloc() gave out. */
            KEXPECT(mapping_remove(&process, lost, 2 * PAGE) == OK);
            KEXPECT(mapping_remove(&process, lost, 3 * PAGE) == -EINVARG);
            kmem_reap();
            failing_start(n);
            intptr_t start = ways[i](&process, lost);
            has_failed = failing_stop();
            if (start == -ENOMEM && has_failed) {
                errors++;
                start = ways[i](&process, lost);
            }
            KEXPECT(start == (intptr_t)lost);
            KEXPECT(space->room.lost_pages == 0 && room_check(&space->room) == OK);
            KEXPECT(!room_is_free(&space->room, lost, lost + PAGE));
            KEXPECT(ways[i](&process, lost) == (ways[i] == map_fixed ? (intptr_t)lost : -ENOMEM));
            KEXPECT(space->pages == space_count_charged(space));
            address_space_destroy(space);
        }
    }
    KEXPECT(errors >= 3 * ARRAY_SIZE(ways));
}

/* A copy that is not finished, too, has as many pages as are said to be there. */
KTEST(failing_address_space_clone_counts_what_it_shared)
{
    bool has_failed = true;

    for (uint32_t n = 1; has_failed; n++) {
        struct process copy = space_make_process();
        const struct paging_4gb_chunk *chunk = copy.space.chunk;
        struct user_pages_count program, heap;

        KEXPECT(chunk && begin_with_something());
        failing_start(n);
        int status = address_space_clone(&copy.space, space_of(0));

        has_failed = failing_stop();
        KEXPECT(status == (has_failed ? -ENOMEM : OK));
        user_pages_count(chunk, USER_PROGRAM_ADDRESS, USER_PROGRAM_END, &program);
        user_pages_count(chunk, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END, &heap);
        KEXPECT(chunk->resident == program.present + heap.present);
        address_space_destroy(&copy.space);
        end();
        model.wrong = NULL; /* that pages were shared it does not know */
    }
}

/* A touch asks for nothing that could be refused: not even the first allocation happens. */
KTEST(failing_any_allocation_of_a_fault)
{
    KEXPECT(begin_with_something());
    for (size_t i = 0; i < 2 * PAGES; i++) {
        failing_start(1);
        touch(i % 2, i / 2, PAGE_WRITE);
        EXPECT(!failing_stop());
    }
    check_all();
    KEXPECT(!model.wrong);
    end();
    KEXPECT(!model.wrong);
}
