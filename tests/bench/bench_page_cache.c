/*
 * tests/bench/bench_page_cache.c - what one call of page_cache_shrink() costs where it has most to
 * do: every page was used lately, or one page is shown by very many.
 *
 * Interrupts are off for so long.
 */
#include "base/align.h"
#include "base/status.h"
#include "bench.h"
#include "debug/panic.h"
#include "fs/page_object.h"
#include "layout.h"
#include "memory/page.h"
#include "process/address_map.h"
#include "process/process.h"

#define PAGES 4096
#define VIEWS 2000
#define TURNS 200

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
        most = MAX(most, bench_cost_once(shrink, (void *)pages, &freed));
    }
    return most;
}

/* So many areas of one address space show the object's first page, each touched. */
static void show_first_page(struct address_space *space, struct page_object *object)
{
    for (vaddr_t i = 0; i < VIEWS; i++) {
        vaddr_t start = address_map(false).heap_start + i * 2 * PAGE_SIZE_BYTES;
        const struct area area = {
            .start = start,
            .end = start + PAGE_SIZE_BYTES,
            .rights = PAGE_READ,
            .kind = AREA_MAPPING,
            .is_shared = true,
            .is_fixed = true,
            .object = object,
        };

        KASSERT(area_add(space, &area) == OK);
        KASSERT(address_space_fault(space, start, PAGE_READ) == OK);
    }
}

void bench_page_cache(void)
{
    struct page_object object;
    struct address_space space;

    bench_title("one call of page_cache_shrink(), the dearest of 200 (instructions)");
    page_object_initialise(&object, &operations, PAGES);
    read_pages(&object);
    bench_row("1 page, all were used lately", dearest_turn(1), 0, 60000);
    read_pages(&object);
    bench_row("as many as there are", dearest_turn(PAGES / 2), 0, 60000);
    page_cache_forget();

    KASSERT(address_space_create(&space, family_of_init()) == OK);
    address_space_set_map(&space, false);
    show_first_page(&space, &object);
    read_pages(&object);
    bench_row("1 page, 2,000 show one of them", dearest_turn(1), 0, 60000);
    bench_row("as many as there are, 2,000 show one of them", dearest_turn(PAGES / 2), 0, 60000);
    address_space_destroy(&space);
    page_cache_forget();
    page_object_release(&object);
}
