/*
 * prove_kmem.c - every state of small object caches (prove.h has the theory).
 * Sources: src/memory/heap/heap.c
 *
 * usage: prove_kmem OBJECT_BYTES PAGES [alone] [progress] [memory=MIB]
 *
 * The real kmem_cache.c, included below because its state is its own. It has two caches, "a" with
 * objects of that size and "b" with objects of 1,344 bytes, over that many stub pages:
 *
 *     object bytes   pages of a slab   objects in it
 *     1,344          1                 3
 *     1,440          2                 5
 *     2,048          4                 7
 *
 * With `alone`, "b" and whole pages are never asked for: else they would fill four pages in more
 * than a million ways.
 *
 * Moves: kmem_cache_alloc() of either cache and kmem_alloc() of a whole page, with each answer that
 * the heap below can give: any free run, or none. kmem_cache_free() by either cache and kmem_free()
 * of each address where either cache could have an object in either kind of slab, of addresses
 * beside them, of headers, starts of pages, NULL and foreign pointers. kmem_reap();
 * kmem_cache_destroy() (with creation of the same cache, when it succeeds).
 *
 * A state is what the module reads, as it is: both struct kmem_cache, the module's list of caches,
 * the table of pages, the header of each slab and the link of each free object.
 *
 * Poison: free pages, everything else in slabs; live objects hold a pattern each, which must stay.
 * What does not belong to the state (the caches of kmem_alloc(), the slab that both struct
 * kmem_cache lie in) must not change.
 *
 * Not made: a second free of an object that is neither the first of its slab's free list nor in an
 * empty slab. kmem_cache.h does not promise that it is noticed without DEBUG_HEAP=1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/heap/kmem_cache.c" /* NOLINT(bugprone-suspicious-include) */

#include "prove.h"

#define PAGES_MAX   5
#define OBJECTS_MAX 8 /* in a slab */
#define BYTES_OF_B  1344

#define PAGE       HEAP_BLOCK_SIZE_BYTES
#define CACHE_OF_A 0
#define CACHE_OF_B 1
#define CACHES     2
#define NOBODY     2 /* kmem_free() instead of kmem_cache_free() */

#define REFUSES PAGES_MAX /* as the choice of a page: there is none */

struct state {
    struct kmem_cache caches[CACHES];
    struct slab slabs[PAGES_MAX]; /* of the slab that starts at that page; else 0 */
    void *links[PAGES_MAX][OBJECTS_MAX];
    struct list_node list; /* kmem.caches */
    uint8_t table[8];
};
_Static_assert(PAGES_MAX <= 8, "the table fits");

enum kind { ALLOC, ALLOC_PAGE, FREE_OBJECT, REAP, DESTROY };

struct move {
    enum kind kind;
    uint8_t cache;  /* NOBODY: kmem_free() */
    uint8_t choice; /* of the heap's answers */
    uintptr_t pointer;
};

static size_t pages;
static uint32_t bytes_of_a;

static struct kmem_cache *caches[CACHES];
static struct kmem_cache
    layouts[CACHES];  /* how their slabs will be, before the first one is made */
static uint8_t *pool; /* the first of the pages; the page before it holds the caches */
static struct heap heap;
static struct heap_table table;
static uint8_t entries[1 + PAGES_MAX];

/* What no move may change, as it was at the start. */
static uint8_t first_page[PAGE];
static struct kmem_cache first_classes[ARRAY_SIZE(classes)];

static struct move moves[2048];
static size_t move_count;

/* ---------------------------------------------------------------- the layer below */

static uint8_t choice;
static jmp_buf panic_return;
static bool panic_is_expected;

void panic(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!panic_is_expected) {
        prove_fail("panic: %s", text);
    }
    longjmp(panic_return, 1);
}

struct heap *kheap_get(void)
{
    return &heap;
}

static bool is_free_run(size_t page, size_t count)
{
    for (size_t i = page; i < page + count; i++) {
        if (i >= pages || entries[1 + i] != 0) {
            return false;
        }
    }
    return true;
}

/* The first free run from the chosen page on, and from page 0 after the last. */
void *kmalloc(size_t size)
{
    size_t count = (size + PAGE - 1) / PAGE;

    for (size_t i = 0; choice != REFUSES && i < pages; i++) {
        size_t page = (choice + i) % pages;
        if (is_free_run(page, count)) {
            for (size_t j = 0; j < count; j++) {
                entries[1 + page + j] =
                    (uint8_t)(0x01 | (j == 0 ? 0x40 : 0) | (j + 1 < count ? 0x80 : 0));
            }
            return pool + page * PAGE;
        }
    }
    return NULL;
}

void *kzalloc(size_t size)
{
    void *memory = kmalloc(size);

    return memory != NULL ? memset(memory, 0, size) : NULL;
}

void kfree(void *pointer)
{
    size_t page = ((uintptr_t)pointer - (uintptr_t)pool) / PAGE;
    bool more;

    if (pointer == NULL) {
        return;
    }
    if (page >= pages || !IS_ALIGNED((uintptr_t)pointer, PAGE) || !(entries[1 + page] & 0x40)) {
        panic("kfree() of %p", pointer);
    }
    do {
        more = (entries[1 + page] & 0x80) != 0;
        entries[1 + page++] = 0;
    } while (more);
}

/* ---------------------------------------------------------------- what a state says */

static struct slab *slab_at(size_t page)
{
    return (struct slab *)(void *)(pool + page * PAGE);
}

/* Which of the caches it is; CACHES when none. */
static size_t cache_number(const struct kmem_cache *cache)
{
    return cache == caches[0] ? 0 : cache == caches[1] ? 1 : CACHES;
}

/* What the pages are, read off a state alone. */
struct census {
    uint8_t owner[PAGES_MAX];   /* of the slab that starts there; CACHES: none */
    bool is_large[PAGES_MAX];   /* kmem_alloc()'s whole page */
    uint8_t live[PAGES_MAX];    /* live objects, by number */
    uint8_t objects[PAGES_MAX]; /* how many there are */
    uint8_t live_of[CACHES];    /* sums */
    uint8_t slabs_of[CACHES];
    uint8_t empty_of[CACHES];
};

static uintptr_t object_at(const struct state *state, size_t page, size_t number)
{
    const struct slab *slab = &state->slabs[page];
    const struct kmem_cache *cache = &state->caches[cache_number(slab->cache)];

    return (uintptr_t)slab->objects + number * cache->spacing;
}

static void count(const struct state *state, struct census *census)
{
    memset(census, 0, sizeof(*census));
    for (size_t page = 0; page < pages; page++) {
        const struct slab *slab = &state->slabs[page];

        census->owner[page] = CACHES;
        if (slab->cache == NULL) {
            census->is_large[page] = (state->table[1 + page] & 0x40) != 0;
            continue;
        }
        size_t owner = cache_number(slab->cache);
        uint32_t capacity = state->caches[owner].capacity;
        unsigned live = (1u << capacity) - 1;
        const uint8_t *object = slab->free;

        while (object != NULL) {
            size_t number = (size_t)((uintptr_t)object - (uintptr_t)slab->objects) /
                            state->caches[owner].spacing;
            PROVE(number < capacity && object_at(state, page, number) == (uintptr_t)object &&
                      (live >> number & 1) != 0,
                  "the free list of the slab in page %zu is none", page);
            live &= ~(1u << number);
            object = state->links[page][number];
        }
        census->owner[page] = (uint8_t)owner;
        census->objects[page] = (uint8_t)capacity;
        census->live[page] = (uint8_t)live;
        census->live_of[owner] += (uint8_t)__builtin_popcount(live);
        census->slabs_of[owner]++;
        census->empty_of[owner] += live == 0;
    }
}

/* The page whose slab has an object at that address, and its number; false when none has. */
static bool find_object(const struct state *state, const struct census *census, uintptr_t address,
                        size_t *page, size_t *number)
{
    for (*page = 0; *page < pages; ++*page) {
        for (*number = 0; *number < census->objects[*page]; ++*number) {
            if (object_at(state, *page, *number) == address) {
                return true;
            }
        }
    }
    return false;
}

/* ---------------------------------------------------------------- state and memory */

/* The bytes that the object at that address holds while it lives. */
static uint8_t pattern(uintptr_t address)
{
    return (uint8_t)(0x11 + (address >> 12) * 31 + (address & 0xFFF) / 64 * 7);
}

static uint8_t shadow[PAGES_MAX * PAGE]; /* the pages as they were put */

static void put(const struct state *state)
{
    struct census census;

    count(state, &census);
    memset(pool, PROVE_POISON, pages * PAGE);
    for (size_t page = 0; page < pages; page++) {
        if (census.is_large[page]) {
            memset(pool + page * PAGE, pattern((uintptr_t)pool + page * PAGE), PAGE);
        }
        if (census.owner[page] == CACHES) {
            continue;
        }
        const struct kmem_cache *cache = &state->caches[census.owner[page]];
        *slab_at(page) = state->slabs[page];
        for (size_t i = 0; i < census.objects[page]; i++) {
            uint8_t *object = (uint8_t *)object_at(state, page, i);
            if (census.live[page] >> i & 1) {
                memset(object, pattern((uintptr_t)object), cache->object_bytes);
            } else {
                memcpy(object, &state->links[page][i], sizeof(state->links[page][i]));
            }
        }
    }
    for (size_t i = 0; i < CACHES; i++) {
        *caches[i] = state->caches[i];
    }
    kmem.caches = state->list;
    memcpy(entries, state->table, sizeof(entries));
    memcpy(shadow, pool, pages * PAGE);
}

static void take_snapshot(struct state *state)
{
    memset(state, 0, sizeof(*state));
    for (size_t i = 0; i < CACHES; i++) {
        state->caches[i] = *caches[i];
    }
    state->list = kmem.caches;
    memcpy(state->table, entries, sizeof(entries));
    for (size_t page = 0; page < pages; page++) {
        const struct slab *slab = slab_at(page);
        uintptr_t magic = slab->magic - (uintptr_t)slab;

        if (!(entries[1 + page] & 0x40) || (magic != SLAB_LIVE && magic != SLAB_EMPTY)) {
            continue;
        }
        PROVE(cache_number(slab->cache) < CACHES, "the slab in page %zu is of no cache", page);
        const struct kmem_cache *cache = slab->cache;
        size_t bytes = cache->slab_blocks * PAGE;
        PROVE(cache->capacity <= OBJECTS_MAX && is_object(slab, 0) &&
                  (uintptr_t)slab->objects + cache->capacity * cache->spacing <=
                      (uintptr_t)slab + bytes &&
                  page + cache->slab_blocks <= pages,
              "the slab in page %zu has objects outside itself", page);
        state->slabs[page] = *slab;
        const void *object = slab->free;
        for (size_t i = 0; object != NULL; i++) {
            PROVE(i < cache->capacity && is_object(slab, offset_in(slab, object)),
                  "the free list of the slab in page %zu leads elsewhere, or in circles", page);
            void *next;
            memcpy(&next, object, sizeof(next));
            state->links[page][offset_in(slab, object) / cache->spacing] = next;
            object = next;
        }
    }
    /* All other memory of the module. */
    struct kmem_cache kept[CACHES];
    for (size_t i = 0; i < CACHES; i++) {
        kept[i] = *caches[i];
        memset(caches[i], 0, sizeof(kept[i]));
    }
    PROVE(memcmp(pool - PAGE, first_page, PAGE) == 0,
          "the slab that the caches lie in has changed");
    PROVE(memcmp(classes, first_classes, sizeof(classes)) == 0,
          "a cache of kmem_alloc() has changed");
    PROVE(kmem.pool_entries == entries && kmem.pool_bytes == (1 + pages) * PAGE,
          "the module lost where the pool is");
    for (size_t i = 0; i < CACHES; i++) {
        *caches[i] = kept[i];
    }
}

/* Objects and whole pages that live before and after keep their contents. */
static void contents_are_kept(const struct state *before, const struct census *old,
                              const struct census *new)
{
    for (size_t page = 0; page < pages; page++) {
        size_t start = page * PAGE;
        if (old->is_large[page] && new->is_large[page]) {
            PROVE(memcmp(pool + start, shadow + start, PAGE) == 0,
                  "the block in page %zu is touched", page);
        }
        if (old->owner[page] == CACHES || new->owner[page] != old->owner[page]) {
            continue;
        }
        for (size_t i = 0; i < old->objects[page]; i++) {
            size_t offset = object_at(before, page, i) - (uintptr_t)pool;
            PROVE((old->live[page] & new->live[page] & 1u << i) == 0 ||
                      memcmp(pool + offset, shadow + offset,
                             before->caches[old->owner[page]].object_bytes) == 0,
                  "a neighbour is touched: object %zu in page %zu", i, page);
        }
    }
}

/* ---------------------------------------------------------------- moves and what they promise */

static bool has_free_run(const uint8_t *bytes, size_t length)
{
    size_t run = 0;

    for (size_t page = 0; page < pages; page++) {
        run = bytes[1 + page] == 0 ? run + 1 : 0;
        if (run >= length) {
            return true;
        }
    }
    return false;
}

/* Is there room for a new slab of the cache, perhaps once all empty slabs are given back? */
static bool can_have_slab(const struct state *before, const struct census *old, size_t cache)
{
    uint8_t bytes[sizeof(before->table)];

    if (choice == REFUSES) {
        return false;
    }
    memcpy(bytes, before->table, sizeof(bytes));
    for (size_t page = 0; page < pages; page++) {
        size_t owner = old->owner[page];
        if (owner < CACHES && old->live[page] == 0) {
            memset(bytes + 1 + page, 0, before->caches[owner].slab_blocks);
        }
    }
    return has_free_run(bytes, layouts[cache].slab_blocks);
}

#define COMES_AS_PAGE 3
#define GOES          4

/* Everything but the object or page at `pointer` is as it was. That one comes as an object of cache
 * `what`, comes as a page, or goes. */
static void only_this_changed(const struct state *before, const struct census *old,
                              const struct state *after, const struct census *new,
                              uintptr_t pointer, size_t what)
{
    for (size_t page = 0; page < pages; page++) {
        unsigned expected = old->live[page];

        for (size_t i = 0; i < OBJECTS_MAX; i++) {
            bool is_old = i < old->objects[page] && object_at(before, page, i) == pointer;
            bool is_new = i < new->objects[page] && object_at(after, page, i) == pointer;
            if (what < CACHES && is_new && new->owner[page] == what) {
                PROVE((expected >> i & 1) == 0, "the object %zu in page %zu is handed out twice", i,
                      page);
                expected |= 1u << i;
            } else if (what == GOES && is_old) {
                expected &= ~(1u << i);
            }
        }
        PROVE(new->live[page] == expected, "the live objects of page %zu are 0x%02X, not 0x%02X",
              page, new->live[page], expected);
        PROVE(expected == 0 || old->live[page] == 0 || new->owner[page] == old->owner[page],
              "the slab in page %zu has changed hands", page);
    }
    for (size_t page = 0; page < pages; page++) {
        bool is_this = pointer == (uintptr_t)pool + page * PAGE;
        PROVE(new->is_large[page] == (is_this ? what == COMES_AS_PAGE : old->is_large[page]),
              "page %zu is taken or given back without a call", page);
    }
}

static void try_alloc(const struct move *move, const struct state *before, struct census *old,
                      struct state *after)
{
    struct census new;
    size_t cache = move->cache;
    unsigned capacity = before->caches[cache].capacity;
    bool has_object = (unsigned)old->slabs_of[cache] * capacity > old->live_of[cache];
    bool can_succeed = has_object || can_have_slab(before, old, cache);
    void *object = kmem_cache_alloc(caches[cache]);

    PROVE((object != NULL) == can_succeed, "%s, though there is %s room",
          object != NULL ? "an object" : "NULL", can_succeed ? "" : "no");
    take_snapshot(after);
    count(after, &new);
    if (object != NULL) {
        size_t page, number;
        PROVE(find_object(after, &new, (uintptr_t)object, &page, &number) &&
                  new.owner[page] == cache,
              "%p is no object of the cache", object);
        PROVE((uintptr_t)object % KMEM_ALIGNMENT == 0 && (uintptr_t)object % PAGE != 0,
              "%p is not aligned as objects are", object);
    }
    only_this_changed(before, old, after, &new, (uintptr_t)object, cache);
    contents_are_kept(before, old, &new);
}

static void try_alloc_page(const struct state *before, struct census *old, struct state *after)
{
    struct census new;
    bool can_succeed = choice != REFUSES && has_free_run(before->table, 1);
    uint8_t *page = kmem_alloc(PAGE);

    PROVE((page != NULL) == can_succeed, "kmem_alloc() of a page returns %p", (void *)page);
    if (page != NULL) {
        memset(page, pattern((uintptr_t)page), PAGE);
    }
    take_snapshot(after);
    count(after, &new);
    only_this_changed(before, old, after, &new, (uintptr_t)page, COMES_AS_PAGE);
    contents_are_kept(before, old, &new);
}

static void free_by(const struct move *move)
{
    if (move->cache == NOBODY) {
        kmem_free((void *)move->pointer);
    } else {
        kmem_cache_free(caches[move->cache], (void *)move->pointer);
    }
}

static bool free_panics(const struct move *move)
{
    volatile bool panics = true;

    panic_is_expected = true;
    if (setjmp(panic_return) == 0) {
        free_by(move);
        panics = false;
    }
    panic_is_expected = false;
    return panics;
}

/* False when nothing is promised of this free. */
static bool try_free(const struct move *move, const struct state *before, struct census *old,
                     struct state *after)
{
    struct census new;
    size_t page, number;
    bool is_object = find_object(before, old, move->pointer, &page, &number);
    bool is_live = is_object && (old->live[page] >> number & 1) != 0;
    size_t page_of_pointer = (move->pointer - (uintptr_t)pool) / PAGE;
    bool is_large = move->cache == NOBODY && page_of_pointer < pages && move->pointer % PAGE == 0 &&
                    old->is_large[page_of_pointer];
    bool is_right = move->pointer == 0 || is_large ||
                    (is_live && (move->cache == NOBODY || move->cache == old->owner[page]));

    if (is_object && !is_live && old->live[page] != 0 &&
        (uintptr_t)before->slabs[page].free != move->pointer) {
        return false;
    }
    bool panics = free_panics(move);
    PROVE(panics == !is_right, "a %s free %s", is_right ? "right" : "wrong",
          panics ? "panics" : "is not noticed");
    take_snapshot(after);
    if (!is_right) {
        PROVE(memcmp(after, before, sizeof(*after)) == 0, "the wrong free has changed something");
        return true;
    }
    count(after, &new);
    only_this_changed(before, old, after, &new, move->pointer, GOES);
    contents_are_kept(before, old, &new);
    return true;
}

static void try_reap(const struct state *before, struct census *old, struct state *after)
{
    struct census new;
    size_t expected = 0;

    for (size_t i = 0; i < CACHES; i++) {
        expected += old->empty_of[i] * before->caches[i].slab_blocks;
    }
    size_t blocks = kmem_reap();
    PROVE(blocks == expected, "kmem_reap() returns %zu, not %zu", blocks, expected);
    take_snapshot(after);
    count(after, &new);
    PROVE(new.empty_of[0] + new.empty_of[1] == 0, "kmem_reap() leaves an empty slab");
    only_this_changed(before, old, after, &new, 0, GOES);
    contents_are_kept(before, old, &new);
}

static const char *name_of(size_t cache)
{
    return cache == CACHE_OF_A ? "a" : "b";
}

static void try_destroy(const struct move *move, const struct state *before, struct census *old,
                        struct state *after)
{
    size_t cache = move->cache;
    struct census new;

    PROVE(kmem_cache_destroy(NULL) == -EINVARG && kmem_cache_destroy(&classes[3]) == -EINVARG,
          "kmem_cache_destroy() takes NULL, or a cache of kmem_alloc()");
    int status = kmem_cache_destroy(caches[cache]);
    PROVE(status == (old->live_of[cache] > 0 ? -EBUSY : OK), "kmem_cache_destroy() returns %d",
          status);
    if (status == OK) {
        void *again = kmem_cache_create(name_of(cache), caches[cache]->object_bytes, 0);
        PROVE(again == caches[cache], "the cache's own memory was not given back");
    }
    take_snapshot(after);
    if (status != OK) {
        PROVE(memcmp(after, before, sizeof(*after)) == 0, "a busy cache has changed");
        return;
    }
    count(after, &new);
    PROVE(new.slabs_of[cache] == 0, "a destroyed cache leaves a slab");
    only_this_changed(before, old, after, &new, 0, GOES);
    contents_are_kept(before, old, &new);
}

static bool step(const void *from, size_t number, void *next)
{
    const struct state *before = from;
    const struct move *move = &moves[number];
    struct census old;

    count(before, &old);
    choice = move->choice;
    if (move->kind == ALLOC && move->choice != 0 &&
        old.slabs_of[move->cache] * before->caches[move->cache].capacity >
            old.live_of[move->cache]) {
        return false; /* the heap is not asked */
    }
    put(before);
    switch (move->kind) {
    case ALLOC: try_alloc(move, before, &old, next); break;
    case ALLOC_PAGE: try_alloc_page(before, &old, next); break;
    case FREE_OBJECT: return try_free(move, before, &old, next);
    case REAP: try_reap(before, &old, next); break;
    case DESTROY: try_destroy(move, before, &old, next); break;
    }
    return true;
}

/* ---------------------------------------------------------------- for the search */

/* The module's own checker, and its figures against the state. */
static void check(const void *of)
{
    const struct state *state = of;
    struct census census;
    size_t taken = 0, blocks = 0;

    count(state, &census);
    PROVE(kmem_check() == OK, "kmem_check() fails");
    for (size_t i = 0; i < CACHES; i++) {
        struct kmem_cache_stats stats;
        kmem_cache_get_stats(caches[i], &stats);
        PROVE(stats.live_objects == census.live_of[i] && stats.slabs == census.slabs_of[i] &&
                  stats.empty_slabs == census.empty_of[i],
              "kmem_cache_get_stats() has another number for cache %s", name_of(i));
        PROVE(census.empty_of[i] <= 1, "cache %s keeps more than one empty slab", name_of(i));
        blocks += census.slabs_of[i] * caches[i]->slab_blocks;
    }
    for (size_t page = 0; page < pages; page++) {
        taken += state->table[1 + page] != 0;
        blocks += census.is_large[page];
    }
    PROVE(taken == blocks, "%zu pages are taken, %zu are in use", taken, blocks);
}

static void describe_move(size_t number, char *text, size_t bytes)
{
    const struct move *move = &moves[number];
    const char *name = name_of(move->cache);

    switch (move->kind) {
    case ALLOC:
    case ALLOC_PAGE: {
        char answer[32];
        snprintf(answer, sizeof(answer), move->choice == REFUSES ? "no page" : "pages from %u on",
                 move->choice);
        if (move->kind == ALLOC) {
            snprintf(text, bytes, "kmem_cache_alloc(%s), the heap has %s", name, answer);
        } else {
            snprintf(text, bytes, "kmem_alloc(4096), the heap has %s", answer);
        }
        break;
    }
    case FREE_OBJECT:
        if (move->cache == NOBODY) {
            snprintf(text, bytes, "kmem_free(0x%zX)", (size_t)move->pointer);
        } else {
            snprintf(text, bytes, "kmem_cache_free(%s, 0x%zX)", name, (size_t)move->pointer);
        }
        break;
    case REAP: snprintf(text, bytes, "kmem_reap()"); break;
    case DESTROY: snprintf(text, bytes, "kmem_cache_destroy(%s), and create it again", name); break;
    }
}

static void describe_state(const void *of, char *text, size_t bytes)
{
    const struct state *state = of;
    size_t length = 0;

    /* Not by count(): what is printed here may be broken. */
    for (size_t page = 0; page < pages && length < bytes; page++) {
        const struct slab *slab = &state->slabs[page];
        const char *what = state->table[1 + page] == 0        ? "free"
                           : !(state->table[1 + page] & 0x40) ? "..."
                                                              : "a block";
        if (slab->cache == NULL) {
            length += (size_t)snprintf(text + length, bytes - length, "%s; ", what);
        } else {
            length += (size_t)snprintf(text + length, bytes - length, "slab of %s, %u live; ",
                                       name_of(cache_number(slab->cache)), (unsigned)slab->live);
        }
    }
}

static void add_move(struct move move)
{
    if (move_count == ARRAY_SIZE(moves)) {
        fprintf(stderr, "too many moves\n");
        exit(2);
    }
    moves[move_count++] = move;
}

static void add_frees_of(uintptr_t pointer)
{
    for (size_t i = 0; i < move_count; i++) {
        if (moves[i].kind == FREE_OBJECT && moves[i].pointer == pointer) {
            return;
        }
    }
    for (uint8_t cache = 0; cache <= NOBODY; cache++) {
        add_move((struct move){.kind = FREE_OBJECT, .cache = cache, .pointer = pointer});
    }
}

static void add_moves(bool a_is_alone)
{
    const uintptr_t start = (uintptr_t)pool;
    const uintptr_t end = start + pages * PAGE;

    for (uint8_t i = 0; i <= pages; i++) {
        uint8_t answer = i < pages ? i : REFUSES;
        add_move((struct move){.kind = ALLOC, .cache = CACHE_OF_A, .choice = answer});
        if (!a_is_alone) {
            add_move((struct move){.kind = ALLOC, .cache = CACHE_OF_B, .choice = answer});
            add_move((struct move){.kind = ALLOC_PAGE, .choice = answer});
        }
    }
    add_move((struct move){.kind = REAP});
    add_move((struct move){.kind = DESTROY, .cache = CACHE_OF_A});
    add_move((struct move){.kind = DESTROY, .cache = CACHE_OF_B});
    for (size_t page = 0; page < pages; page++) {
        for (size_t i = 0; i < CACHES; i++) {
            for (uint32_t object = 0; object <= layouts[i].capacity; object++) {
                uintptr_t address =
                    start + page * PAGE + layouts[i].first_offset + object * layouts[i].spacing;
                if (page + layouts[i].slab_blocks <= pages) {
                    add_frees_of(address);
                    add_frees_of(address + 8);
                    add_frees_of(address + 1);
                    add_frees_of(address - 4);
                }
            }
        }
        add_frees_of(start + page * PAGE);
        add_frees_of(start + page * PAGE + 4);
        add_frees_of(start + page * PAGE + PAGE - 1);
    }
    const uintptr_t foreign[] = {0, 8, start - 8, start - PAGE + 4, end, end + 8, UINTPTR_MAX - 7};
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        add_frees_of(foreign[i]);
    }
    /* An object of a third cache: the struct of cache b. */
    for (uint8_t cache = 0; cache < NOBODY; cache++) {
        add_move(
            (struct move){.kind = FREE_OBJECT, .cache = cache, .pointer = (uintptr_t)caches[1]});
    }
}

static void make_layer_below(void)
{
    void *start = (void *)HEAP_ADDRESS;
    size_t bytes = (1 + pages) * PAGE;

    if (mmap(start, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != start) {
        perror("prove_kmem");
        exit(2);
    }
    table = (struct heap_table){.entries = entries, .total = 1 + pages};
    PROVE(heap_create(&heap, start, (char *)start + bytes, &table) == OK, "heap_create() fails");
    pool = (uint8_t *)start + PAGE;
}

static void start(void *state)
{
    take_snapshot(state);
}

int main(int argument_count, char **arguments)
{
    static char name[128];
    bool shows_progress = false, a_is_alone = false;
    size_t memory_mib = 1024;

    bytes_of_a = argument_count > 2 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 0;
    pages = argument_count > 2 ? strtoul(arguments[2], NULL, 10) : 0;
    for (int i = 3; i < argument_count; i++) {
        shows_progress |= strcmp(arguments[i], "progress") == 0;
        a_is_alone |= strcmp(arguments[i], "alone") == 0;
        sscanf(arguments[i], "memory=%zu", &memory_mib);
    }
    if (bytes_of_a == 0 || pages == 0 || pages > PAGES_MAX) {
        fprintf(stderr,
                "usage: prove_kmem OBJECT_BYTES PAGES (1 to %d) [alone] [progress] [memory=MIB]\n",
                PAGES_MAX);
        return 2;
    }
    make_layer_below();

    /* The page before the pool becomes the slab that the caches themselves lie in. */
    const uint32_t sizes[CACHES] = {bytes_of_a, BYTES_OF_B};
    pool -= PAGE;
    memset(pool, PROVE_POISON, PAGE);
    entries[0] = 0x41;
    entries[1] = 0; /* kmalloc() begins at entry 1, which stands for the page at `pool` */
    for (size_t i = 0; i < CACHES; i++) {
        caches[i] = kmem_cache_create(name_of(i), sizes[i], 0);
        PROVE(caches[i] != NULL, "kmem_cache_create() fails");
        layouts[i] = *caches[i];
        lay_out(&layouts[i]);
        PROVE(layouts[i].capacity < OBJECTS_MAX, "too many objects in a slab");
    }
    memset(entries, 0, sizeof(entries));
    entries[0] = 0x41;
    pool += PAGE;
    memcpy(first_classes, classes, sizeof(classes));
    memcpy(first_page, pool - PAGE, PAGE);
    for (size_t i = 0; i < CACHES; i++) {
        memset(first_page + ((uintptr_t)caches[i] - HEAP_ADDRESS), 0, sizeof(*caches[i]));
    }
    add_moves(a_is_alone);
    snprintf(name, sizeof(name),
             "kmem: objects of %u%s bytes over %zu pages, %u and %u objects in a slab",
             (unsigned)bytes_of_a, a_is_alone ? "" : " and 1344", pages,
             (unsigned)layouts[0].capacity, (unsigned)layouts[1].capacity);
    const struct prove_model model = {
        .name = name,
        .state_bytes = sizeof(struct state),
        .moves = move_count,
        .start = start,
        .step = step,
        .check = check,
        .describe_move = describe_move,
        .describe_state = describe_state,
    };
    return prove(&model, memory_mib, shows_progress);
}
