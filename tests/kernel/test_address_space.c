/*
 * tests/kernel/test_address_space.c - areas, faults and copies: each by itself, and any sequence of them against a model
 * that knows of each page what it is, and whose frame it has.
 */
#include "base/align.h"
#include "base/status.h"
#include "debug/printk.h"
#include "failing.h"
#include "ktest.h"
#include "layout.h"
#include "lib/string.h"
#include "memory/heap/kmem_cache.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "process/process_memory.h"
#include "space_model.h"

#define PAGE       PAGE_SIZE_BYTES
#define READ_WRITE (PAGE_READ | PAGE_WRITE)
#define PLACE      0x00800000u /* in the program's range, between two tables */
#define SPACES     3

/* ---------------------------------------------------------------- the model */

/* Pages around a border of tables: one window in the program's range, one around the break's start. */
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
    size_t promised;                  /* before all */
    uint32_t charged;
    const char *wrong;                /* what was found */
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
    EXPECT(space->resident == frames);
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
    int status = space_add_area(space_of(s), address_of(first), address_of(first) + (last - first) * PAGE,
                          rights, kind);

    EXPECT(status == (are_free(s, first, last) ? OK : -EISTKN));
    for (size_t i = first; status == OK && i < last; i++) {
        model.pages[s][i] = (struct model_page){
            .what = OF_AREA, .kind = (uint8_t)kind, .rights = rights, .is_charged = rights != 0};
    }
}

static void remove(size_t s, size_t first, size_t last)
{
    EXPECT(area_remove(space_of(s), address_of(first),
                       address_of(first) + (last - first) * PAGE) == OK);
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

/* A page of zeros comes; of process_malloc(), the promised ones behind it come with it if it is not the first one. */
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
    uint32_t copies = space_of(s)->copies;
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
        EXPECT(space_of(s)->copies - copies == !is_last);
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
