/*
 * tests/bench/bench_page_cache.c - what one call of page_cache_shrink() costs where it has most to
 * do: every page was used lately, or one page is shown by very many; and what many requests for
 * memory cost together that follow each other without a pause, where all else is spoken for.
 *
 * Interrupts are off for so long.
 */
#include "base/align.h"
#include "base/status.h"
#include "bench.h"
#include "debug/panic.h"
#include "fs/page_object.h"
#include "layout.h"
#include "memory/heap/kheap.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "process/address_map.h"
#include "process/process.h"
#include "task/task.h"

#define PAGES 4096
#define VIEWS 2000
#define TURNS 200

/* Of each kind, in one stretch, and of how many stretches the longest is looked for. */
#define REQUESTS  20
#define STRETCHES 100

/* Pages that are shown by all, and what these take with their tables and areas, and more. */
#define SHOWN_PAGES (2 * PAGE_CACHE_PAGES_MIN)
#define LEFT_PAGES  800

/* What kmalloc() is asked for: as much as it may take the places of frames for. */
#define REQUEST_BYTES (8 * PAGE_SIZE_BYTES)

static int fill_nothing(struct page_object *object, uint32_t index, void *const frames[],
                        size_t count)
{
    (void)object, (void)index, (void)frames, (void)count;
    return OK;
}

static void end_nothing(struct page_object *object)
{
    (void)object;
}

static const struct page_object_operations operations = {
    .fill = fill_nothing,
    .end = end_nothing,
};

static void read_pages(struct page_object *object)
{
    void *frame;

    for (uint32_t i = 0; i < object->pages; i++) {
        KASSERT(page_object_get(object, i, &frame) == OK);
        (void)page_release(frame);
    }
}

static void *shrink(void *pages)
{
    return (void *)page_cache_shrink((size_t)pages);
}

/* The dearest of many calls that want so many pages. */
static uint32_t dearest_turn(size_t pages)
{
    uint32_t most = 0;
    void *freed;

    for (int i = 0; i < TURNS; i++) {
        (void)task_pause();
        uint32_t cost = bench_cost_once(shrink, (void *)pages, &freed);

        most = MAX(most, cost);
    }
    return most;
}

/* So many areas of one address space show the object's first pages, each touched. */
static void show_pages(struct address_space *space, struct page_object *object, uint32_t pages)
{
    vaddr_t start = address_map(false).heap_start;

    for (unsigned i = 0; i < VIEWS; i++, start += (pages + 1) * PAGE_SIZE_BYTES) {
        const struct area area = {
            .start = start,
            .end = start + pages * PAGE_SIZE_BYTES,
            .rights = PAGE_READ,
            .kind = AREA_MAPPING,
            .is_shared = true,
            .is_fixed = true,
            .object = object,
        };

        KASSERT(area_add(space, &area) == OK);
        for (vaddr_t page = start; page < area.end; page += PAGE_SIZE_BYTES) {
            KASSERT(address_space_fault(space, page, PAGE_READ) == OK);
        }
    }
}

static void make_space(struct address_space *space)
{
    KASSERT(address_space_create(space, family_of_init()) == OK);
    address_space_set_map(space, false);
}

/* What was got, as a chain. */
struct taken {
    struct taken *next;
};

static bool keep(struct taken **chain, struct taken *memory)
{
    if (memory) {
        memory->next = *chain;
        *chain = memory;
    }
    return memory != NULL;
}

static struct {
    struct taken *frames, *blocks;
    size_t promised;
} taken;

/* What is left is in the pool: kmalloc() can have its place, too. */
static void leave(size_t pages)
{
    while (pmm_get_available_pages() > pages) {
        KASSERT(keep(&taken.frames, pmm_alloc_page()));
    }
}

/* Nobody has anything any more but the page cache, that others could get. */
static void take_the_rest(void)
{
    taken.promised = pmm_get_available_pages();
    KASSERT(pmm_promise(taken.promised));
    while (pmm_get_free_pages() >= taken.promised + REQUEST_BYTES / PAGE_SIZE_BYTES &&
           keep(&taken.blocks, kmalloc(REQUEST_BYTES))) {
    }
}

static void give_all_back(void)
{
    for (struct taken *next; taken.frames; taken.frames = next) {
        next = taken.frames->next;
        KASSERT(pmm_free_page(taken.frames) == OK);
    }
    for (struct taken *next; taken.blocks; taken.blocks = next) {
        next = taken.blocks->next;
        kfree(taken.blocks);
    }
    pmm_give_back_promise(taken.promised);
}

static void *ask_for_all(void *object)
{
    for (int i = 0; i < REQUESTS; i++) {
        (void)keep(&taken.frames, pmm_alloc_page());
        (void)keep(&taken.blocks, kmalloc(REQUEST_BYTES));
        if (pmm_promise(1)) {
            taken.promised++;
        }
        (void)page_cache_shrink(PAGES / 4);
    }
    return object;
}

/* The longest of many stretches in which all that can be asked for memory is asked often. */
static uint32_t dearest_stretch(struct page_object *object)
{
    uint32_t most = 0;
    void *result;

    for (int i = 0; i < STRETCHES; i++) {
        (void)task_pause();
        uint32_t cost = bench_cost_once(ask_for_all, object, &result);

        most = MAX(most, cost);
    }
    return most;
}

void bench_page_cache(void)
{
    struct page_object object;
    struct address_space space;

    bench_title("page_cache_shrink(), without a pause (instructions)");
    page_object_initialise(&object, &operations, PAGES);
    read_pages(&object);
    bench_row("1 page, all were used lately", dearest_turn(1), 0, 60000);
    read_pages(&object);
    bench_row("as many as there are", dearest_turn(PAGES / 2), 0, 60000);
    page_cache_forget();

    make_space(&space);
    show_pages(&space, &object, 1);
    read_pages(&object);
    bench_row("1 page, 2,000 show one of them", dearest_turn(1), 0, 60000);
    bench_row("as many as there are, 2,000 show one of them", dearest_turn(PAGES / 2), 0, 60000);
    address_space_destroy(&space);
    page_cache_forget();

    bench_title("80 requests for memory, without a pause (instructions)");
    make_space(&space);
    leave(LEFT_PAGES);
    show_pages(&space, &object, SHOWN_PAGES);
    take_the_rest();
    bench_row("2,000 show every page that could go", dearest_stretch(&object), 0, 200000);
    give_all_back();
    address_space_destroy(&space);
    page_cache_forget();
    page_object_release(&object);
}
