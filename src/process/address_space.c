/*
 * process/address_space.c - areas: a tree of them, what is charged for them, and their pages' end.
 */
#include "process/address_space.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "fs/node_contents.h"
#include "fs/page_object.h"
#include "memory/heap/kmem_cache.h"
#include "memory/paging/user_pages.h"
#include "memory/pmm.h"
#include "task/task.h"

/* Pages that are looked after between two pauses: of each, some 300 instructions go into giving it
 * back. */
#define PIECE_PAGES 256

/* Room nodes, and areas, between two pauses. */
#define PIECE_NODES 256

/* A chunk without an address space, for the next one: to copy the kernel's tables costs more than
 * all else about it. It is there from the start, as its pages are; NULL while it is in use. */
static struct paging_4gb_chunk *spare;

static struct area *area_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct area, node) : NULL;
}

static struct area *next_area(const struct area *area)
{
    return area_of(tree_next(&area->node));
}

/* ---------------------------------------------------------------- finding */

const char *area_kind_words(enum area_kind kind)
{
    static const char *const words[] = {
        [AREA_PROGRAM] = "the program", [AREA_STACK] = "the stack", [AREA_BREAK] = "the break",
        [AREA_MAPPING] = "a mapping",   [AREA_GUARD] = "a guard",
    };

    return kind < ARRAY_SIZE(words) ? words[kind] : "no kind";
}

struct area *area_from(const struct address_space *space, vaddr_t address)
{
    struct area *found = NULL;

    for (struct tree_node *node = space->areas.root; node;) {
        struct area *area = area_of(node);
        bool is_before = area->end <= address;

        found = is_before ? found : area;
        node = node->child[is_before];
    }
    return found;
}

struct area *area_elsewhere(struct address_space *space, vaddr_t address)
{
    struct area *area = area_from(space, address);

    if (!area || address < area->start) {
        return NULL;
    }
    space->latest = area;
    return area;
}

/* Does an area reach into [start, end)? end 0: to the end of all addresses. */
static bool is_spanned(const struct address_space *space, vaddr_t start, vaddr_t end)
{
    const struct area *area = area_from(space, start);

    return area && (area->start <= start || area->start - start < end - start);
}

/* ---------------------------------------------------------------- what is free */

vaddr_t address_space_find_free(const struct address_space *space, vaddr_t low, vaddr_t high,
                                size_t pages)
{
    size_t looked_at = 0;

    for (vaddr_t start = low, at = low; at < high;) {
        const struct area *area = area_from(space, at);
        unsigned lacking = (unsigned)paging_missing_tables(space->chunk, at);
        vaddr_t next = ALIGN_DOWN(at, page_level_bytes(lacking)) + page_level_bytes(lacking);

        if (area && area->start <= at) {
            start = at = area->end;
        } else if (lacking == 0 && !page_entry_is_empty(paging_entry(space->chunk, at))) {
            start = at = next;
        } else {
            at = MIN(area ? MIN(next, area->start) : next, high);
        }
        if (at > start && (at - start) / PAGE_SIZE_BYTES >= pages) {
            return start;
        }
        if (++looked_at % PIECE_PAGES == 0 && !task_pause()) {
            return 0;
        }
    }
    return 0;
}

bool address_space_is_free(const struct address_space *space, vaddr_t start, vaddr_t end)
{
    return room_is_free(&space->room, start, end) ||
           (room_has_lost(&space->room) &&
            address_space_find_free(space, start, end, (end - start) / PAGE_SIZE_BYTES) == start);
}

bool address_space_take_room(struct address_space *space, vaddr_t start, vaddr_t end)
{
    if (room_take_at(&space->room, start, end)) {
        return true;
    }
    if (room_is_free(&space->room, start, end) || !address_space_is_free(space, start, end)) {
        return false;
    }
    room_put_back(&space->room, start, end);
    return room_take_at(&space->room, start, end);
}

/* ---------------------------------------------------------------- what is charged */

bool address_space_charge(struct address_space *space, size_t count)
{
    if (count > UINT32_MAX || !family_charge(space->family, FAMILY_PAGES, (uint32_t)count)) {
        return false;
    }
    if (!page_cache_promise(count)) {
        family_give_back(space->family, FAMILY_PAGES, (uint32_t)count);
        return false;
    }
    space->pages += (uint32_t)count;
    return true;
}

void address_space_give_back(struct address_space *space, size_t count)
{
    pmm_give_back_promise(count);
    address_space_discharge(space, count);
}

/* Is the table that the entry of level for address leads to neither there nor needed by an area? */
static bool is_table_lacking(const struct address_space *space, vaddr_t address, unsigned level)
{
    vaddr_t start = ALIGN_DOWN(address, page_level_bytes(level));

    return level <= paging_missing_tables(space->chunk, address) &&
           !is_spanned(space, start, start + page_level_bytes(level));
}

/* How many tables lack for pages in [start, end), where no area is. Only the first and the last of
 * a level can be there already, or promised: what lies between is nobody else's. */
static size_t count_lacking_tables(const struct address_space *space, vaddr_t start, vaddr_t end)
{
    size_t count = 0;

    for (unsigned level = 1; level < PAGE_LEVELS; level++) {
        vaddr_t first = start >> page_level_shift(level);
        vaddr_t last = (end - 1) >> page_level_shift(level);

        count += is_table_lacking(space, start, level);
        if (last > first) {
            count += (last - first - 1) + is_table_lacking(space, end - 1, level);
        }
    }
    return count;
}

bool address_space_charge_tables(struct address_space *space, vaddr_t start, vaddr_t end)
{
    size_t tables = count_lacking_tables(space, start, end);

    if (tables == 0) {
        return true;
    }
    if (!address_space_charge(space, tables)) {
        return false;
    }
    space->chunk->promised_tables += tables;
    return true;
}

void address_space_settle_tables(struct address_space *space, vaddr_t start, vaddr_t end)
{
    size_t tables = count_lacking_tables(space, start, end);

    space->chunk->promised_tables -= tables;
    address_space_give_back(space, tables);
}

/* So many tables have just become free: they are promised again. */
static void promise_tables(struct paging_4gb_chunk *chunk, size_t count)
{
    if (count > 0) {
        pmm_promise_freed(count);
        chunk->promised_tables += count;
    }
}

void address_space_lose_tables(struct address_space *space, vaddr_t page, size_t count)
{
    for (unsigned level = 1; level <= count; level++) {
        vaddr_t start = ALIGN_DOWN(page, page_level_bytes(level));

        if (is_spanned(space, start, start + page_level_bytes(level))) {
            promise_tables(space->chunk, 1); /* an area may need it again */
        } else {
            address_space_discharge(space, 1);
        }
    }
}

/* ---------------------------------------------------------------- giving back */

/* Which pages of a range are charged. */
enum charged {
    CHARGED_NONE,
    CHARGED_ALL,
    CHARGED_ENTRIES, /* those whose entries are not empty: process_malloc()'s */
};

/* Pages of [start, end) go. The tables that go with them are promised again: until
 * address_space_settle_tables(). */
static vaddr_t release(struct address_space *space, vaddr_t start, vaddr_t end,
                       uint32_t while_marked, enum charged which)
{
    for (;;) {
        struct user_pages_released part = {0};
        vaddr_t next =
            user_pages_release(space->chunk, start, end, PIECE_PAGES, while_marked, &part);
        size_t charged = which == CHARGED_ALL       ? (next - start) / PAGE_SIZE_BYTES
                         : which == CHARGED_ENTRIES ? part.entries
                                                    : 0;

        promise_tables(space->chunk, part.tables);
        space->chunk->resident -= part.present;
        if (charged > 0) {
            pmm_give_back_promise(charged - part.freed);
            address_space_discharge(space, charged);
        }
        if (next == end || part.is_last) {
            return next;
        }
        start = next;
        (void)task_pause(); /* what is given up is given up, cancelled or not */
    }
}

vaddr_t address_space_release(struct address_space *space, vaddr_t start, vaddr_t end,
                              uint32_t while_marked)
{
    size_t promised = space->chunk->promised_tables;
    vaddr_t stop = release(space, start, end, while_marked, CHARGED_ENTRIES);

    if (!while_marked || space->chunk->promised_tables != promised) {
        address_space_settle_tables(space, start, stop);
    }
    return stop;
}

/* The area's pages in [start, end). */
static void release_of(struct address_space *space, const struct area *area, vaddr_t start,
                       vaddr_t end)
{
    (void)release(space, start, end, 0, area->is_charged ? CHARGED_ALL : CHARGED_NONE);
}

/* ---------------------------------------------------------------- areas come and go */

void area_pause(size_t *count)
{
    if (++*count % PIECE_NODES == 0) {
        (void)task_pause();
    }
}

/* Memory for an area, which is charged. NULL: there is none. */
static struct area *new_area(struct address_space *space)
{
    bool is_charged = space->area_count % AREAS_A_PAGE == AREAS_A_PAGE - 1;

    if (is_charged && !family_charge(space->family, FAMILY_PAGES, 1)) {
        return NULL;
    }
    struct area *area = kmem_alloc(sizeof(*area));

    if (area) {
        space->area_count++;
    } else if (is_charged) {
        family_give_back(space->family, FAMILY_PAGES, 1);
    }
    return area;
}

static void free_area(struct address_space *space, struct area *area)
{
    if (area) {
        kmem_free(area);
        if (space->area_count-- % AREAS_A_PAGE == 0) {
            family_give_back(space->family, FAMILY_PAGES, 1);
        }
    }
}

static void insert(struct address_space *space, struct area *area)
{
    struct tree_node *parent = NULL;
    unsigned side = 0;

    for (struct tree_node *node = space->areas.root; node; node = node->child[side]) {
        parent = node;
        side = area_of(node)->start < area->start;
    }
    tree_insert(&space->areas, parent, side, &area->node);
}

/* Can a page come to be there that is this process's alone? One of a file's only by a write; one of
 * zeros by any touch. */
static bool needs_charge(const struct area *area, page_rights_t rights)
{
    return !area->is_shared && (area->object ? (rights & PAGE_WRITE) != 0 : rights != 0);
}

/* Can a file be written to through the area, now or after area_protect()? */
static bool is_writer(const struct area *area)
{
    return area->is_shared && !area->is_fixed && page_object_is_file(area->object);
}

/* The area shows its object from now on, or no longer. */
static void show(struct area *area)
{
    if (area->object) {
        (void)page_object_hold(area->object);
        page_object_add_view(area->object, &area->view);
        if (is_writer(area)) {
            node_add_writer(node_of(area->object));
        }
    }
}

static void hide(struct area *area)
{
    if (area->object) {
        if (is_writer(area)) {
            node_end_writing(node_of(area->object));
        }
        page_object_remove_view(area->object, &area->view);
        page_object_release(area->object);
    }
}

/* Takes [start, end) out of the process heap's room, if it is there, or gives it back. */
static bool take_room(struct address_space *space, vaddr_t start, vaddr_t end)
{
    return !address_space_is_in_heap(space, start) || address_space_take_room(space, start, end);
}

static void give_room(struct address_space *space, vaddr_t start, vaddr_t end)
{
    if (address_space_is_in_heap(space, start)) {
        room_give(&space->room, start, end);
    }
}

/* Can both be one area: does the second go on where the first ends, with the same rights and
 * contents? */
static bool are_alike(const struct area *first, const struct area *second)
{
    return first->end == second->start && first->rights == second->rights &&
           first->kind == second->kind && first->is_shared == second->is_shared &&
           first->is_fixed == second->is_fixed && first->is_charged == second->is_charged &&
           first->object == second->object &&
           (!first->object ||
            first->first + (first->end - first->start) / PAGE_SIZE_BYTES == second->first);
}

/* The first of two neighbours takes in the second, if it can. Returns it, or else the second. */
static struct area *join(struct address_space *space, struct area *first, struct area *second)
{
    if (!first || !second || !are_alike(first, second)) {
        return second;
    }
    first->end = second->end;
    tree_remove(&space->areas, &second->node);
    if (space->latest == second) {
        space->latest = first;
    }
    hide(second);
    free_area(space, second);
    return first;
}

/* Of those that reach into [start, end), or touch it, all that can be one become one. */
static void join_all(struct address_space *space, vaddr_t start, vaddr_t end)
{
    struct area *area = area_from(space, start);

    size_t count = 0;

    area = join(space, area_of(tree_previous(&area->node)), area);
    for (struct area *next; (next = next_area(area)) != NULL && next->start <= end;) {
        area = join(space, area, next);
        area_pause(&count);
    }
}

int area_add(struct address_space *space, const struct area *wanted)
{
    vaddr_t start = wanted->start, end = wanted->end;
    bool is_charged = needs_charge(wanted, wanted->rights);
    size_t pages = is_charged ? (end - start) / PAGE_SIZE_BYTES : 0;

    if (is_spanned(space, start, end) ||
        (address_space_is_in_heap(space, start) && !address_space_is_free(space, start, end))) {
        return -EISTKN;
    }
    if (!address_space_charge(space, pages)) {
        return -ENOMEM;
    }
    if (!address_space_charge_tables(space, start, end)) {
        goto give_back_pages;
    }
    struct area *area = new_area(space);

    if (!area || !take_room(space, start, end)) {
        goto free_area;
    }
    *area = *wanted;
    area->is_charged = is_charged;
    area->chunk = space->chunk;
    show(area);
    insert(space, area);
    join_all(space, start, end);
    return OK;

free_area:
    free_area(space, area);
    address_space_settle_tables(space, start, end);
give_back_pages:
    address_space_give_back(space, pages);
    return -ENOMEM;
}

/* Takes the area out of the tree; its pages are gone. */
static void forget(struct address_space *space, struct area *area)
{
    vaddr_t start = area->start, end = area->end;

    tree_remove(&space->areas, &area->node);
    if (space->latest == area) {
        space->latest = NULL;
    }
    hide(area);
    free_area(space, area);
    address_space_settle_tables(space, start, end);
    give_room(space, start, end);
}

/* A second area for the part from `at` on, which is inside it. half: memory for it. */
static void split(struct address_space *space, struct area *area, vaddr_t at, struct area *half)
{
    *half = *area;
    half->start = at;
    half->first += (uint32_t)((at - area->start) / PAGE_SIZE_BYTES);
    area->end = at;
    show(half);
    insert(space, half);
}

static bool is_inside(const struct area *area, vaddr_t address)
{
    return area && address > area->start && address < area->end;
}

/* Splits areas at start and end, so that none reaches beyond. 0 or -ENOMEM, and then nothing has
 * changed. */
static int split_at_both(struct address_space *space, vaddr_t start, vaddr_t end)
{
    bool at_start = is_inside(area_from(space, start), start);
    bool at_end = is_inside(area_from(space, end), end);
    struct area *first = at_start ? new_area(space) : NULL;
    struct area *second = at_end ? new_area(space) : NULL;

    if ((at_start && !first) || (at_end && !second)) {
        free_area(space, first);
        free_area(space, second);
        return -ENOMEM;
    }
    if (at_start) {
        split(space, area_from(space, start), start, first);
    }
    if (at_end) {
        split(space, area_from(space, end), end, second);
    }
    return OK;
}

int area_remove(struct address_space *space, vaddr_t start, vaddr_t end)
{
    int status = start < end ? split_at_both(space, start, end) : OK;
    struct area *area;
    size_t count = 0;

    while (status == OK && (area = area_from(space, start)) != NULL && area->start < end) {
        release_of(space, area, area->start, area->end);
        forget(space, area);
        area_pause(&count);
    }
    return status;
}

int area_move_end(struct address_space *space, struct area *area, vaddr_t end)
{
    vaddr_t old_end = area->end;

    if (end > old_end) {
        size_t pages = area->is_charged ? (end - old_end) / PAGE_SIZE_BYTES : 0;

        if (is_spanned(space, old_end, end) || !address_space_is_free(space, old_end, end)) {
            return -EISTKN;
        }
        if (!address_space_charge(space, pages)) {
            return -ENOMEM;
        }
        if (!address_space_charge_tables(space, old_end, end)) {
            address_space_give_back(space, pages);
            return -ENOMEM;
        }
        if (!take_room(space, old_end, end)) {
            address_space_settle_tables(space, old_end, end);
            address_space_give_back(space, pages);
            return -ENOMEM;
        }
        area->end = end;
    } else if (end < old_end) {
        release_of(space, area, end, old_end);
        area->end = end;
        address_space_settle_tables(space, end, old_end);
        give_room(space, end, old_end);
    }
    return OK;
}

/* ---------------------------------------------------------------- rights */

/* The pages of [start, end) that are not charged, and must be for these rights; false: a part is in
 * no area. */
static bool count_uncharged(struct address_space *space, vaddr_t start, vaddr_t end,
                            page_rights_t rights, size_t *pages)
{
    size_t count = 0;

    *pages = 0;
    for (vaddr_t address = start; address < end; area_pause(&count)) {
        struct area *area = area_at(space, address);

        if (!area || area->kind == AREA_GUARD) {
            return false;
        }
        vaddr_t stop = MIN(area->end, end);

        if (!area->is_charged && needs_charge(area, rights)) {
            *pages += (stop - address) / PAGE_SIZE_BYTES;
        }
        address = stop;
    }
    return true;
}

/* Can all its pages be written to as the area's rights say? Not those of a file that are clean. */
static bool is_common(const struct area *area)
{
    return area->is_shared && !(area->object && page_object_notices_writes(area->object));
}

int area_protect(struct address_space *space, vaddr_t start, vaddr_t end, page_rights_t rights)
{
    size_t pages, count = 0;

    if (!count_uncharged(space, start, end, rights, &pages) ||
        !address_space_charge(space, pages)) {
        return -ENOMEM;
    }
    if (split_at_both(space, start, end) < 0) {
        address_space_give_back(space, pages);
        return -ENOMEM;
    }
    for (struct area *area = area_at(space, start); area && area->start < end;
         area = next_area(area), area_pause(&count)) {
        area->rights = rights;
        area->is_charged = area->is_charged || needs_charge(area, rights);
        for (vaddr_t at = area->start;
             (at = user_pages_protect(space->chunk, at, area->end, PIECE_PAGES, rights,
                                      is_common(area))) < area->end;) {
            (void)task_pause();
        }
    }
    join_all(space, start, end);
    return OK;
}

/* ---------------------------------------------------------------- a copy of all */

/* Entries of [start, end), in parts. */
static int share(struct address_space *to, struct address_space *from, vaddr_t start, vaddr_t end,
                 bool copy_on_write)
{
    struct user_pages_shared shared;

    while (start < end) {
        start = user_pages_share(to->chunk, from->chunk, start, end, PIECE_PAGES, copy_on_write,
                                 &shared);
        to->chunk->resident += shared.present;
        if (shared.has_failed) {
            return -ENOMEM;
        }
        if (start < end && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return OK;
}

static int clone_areas(struct address_space *to, struct address_space *from)
{
    size_t count = 0;

    for (struct area *area = area_of(tree_first(&from->areas)); area; area = next_area(area)) {
        struct area *copy = new_area(to);

        if (!copy) {
            return -ENOMEM;
        }
        *copy = *area;
        copy->chunk = to->chunk;
        show(copy);
        tree_insert_between(&to->areas, tree_last(&to->areas), NULL, &copy->node);

        int status = share(to, from, area->start, area->end, !area->is_shared);

        if (status < 0) {
            return status;
        }
        if (++count % PIECE_NODES == 0 && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return OK;
}

static int clone_room(struct address_space *to, const struct address_space *from)
{
    int status;

    to->room = (struct room){0};
    while ((status = room_clone(&to->room, &from->room, PIECE_NODES)) > 0) {
        if (!task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return status;
}

/* What lies between the areas of the process heap is process_malloc()'s. */
static int share_malloc(struct address_space *to, struct address_space *from)
{
    const struct address_map map = address_space_map(from);
    int status = OK;
    size_t count = 0;

    for (vaddr_t at = map.heap_start; status == OK && at < map.heap_end; area_pause(&count)) {
        const struct area *area = area_from(from, at);

        status = share(to, from, at, area ? MIN(area->start, map.heap_end) : map.heap_end, true);
        at = area ? area->end : map.heap_end;
    }
    return status;
}

int address_space_clone(struct address_space *to, struct address_space *from)
{
    int status;

    to->is_64_bit = from->is_64_bit;
    status = from->program ? address_space_set_program(to, from->program) : OK;
    KASSERT(status == OK);
    if (!address_space_charge(to, from->pages)) {
        return -ENOMEM;
    }
    to->chunk->promised_tables =
        from->chunk->own_tables - PAGE_MIXED_TABLES + from->chunk->promised_tables;
    status = clone_areas(to, from);
    if (status == OK) {
        status = share_malloc(to, from);
    }
    return status == OK ? clone_room(to, from) : status;
}

/* ---------------------------------------------------------------- all of it */

static struct paging_4gb_chunk *new_chunk(void)
{
    return paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
}

static void give_back_chunk(struct paging_4gb_chunk *chunk)
{
    if (!spare && paging_reset_4gb(chunk)) {
        spare = chunk;
    } else {
        paging_free_4gb(chunk);
    }
}

int address_space_create(struct address_space *space, struct family *family)
{
    *space = (struct address_space){.family = family};
    tree_initialise(&space->areas, NULL);
    space->chunk = spare ? spare : new_chunk();
    spare = NULL;
    return space->chunk ? OK : -ENOMEM;
}

void address_space_set_map(struct address_space *space, bool is_64_bit)
{
    space->is_64_bit = is_64_bit;

    const struct address_map map = address_space_map(space);

    room_initialise(&space->room, map.heap_start, map.heap_end);
}

int address_space_set_program(struct address_space *space, struct node *program)
{
    int status = node_begin_running(program);

    KASSERT(!space->program);
    if (status == OK) {
        space->program = node_hold(program);
    }
    return status;
}

static void forget_program(struct address_space *space)
{
    struct node *program = space->program;

    if (program) {
        space->program = NULL;
        node_end_running(program);
        node_release(program);
    }
}

void address_space_destroy(struct address_space *space)
{
    const struct address_map map = address_space_map(space);
    struct tree_node *node;
    size_t count = 0;

    if (!space->chunk) {
        return;
    }
    space->latest = NULL;
    while ((node = tree_dismantle(&space->areas)) != NULL) {
        struct area *area = area_of(node);

        release_of(space, area, area->start, area->end);
        hide(area);
        free_area(space, area);
        area_pause(&count);
    }
    (void)release(space, map.heap_start, map.heap_end, 0, CHARGED_ENTRIES);
    while (!room_destroy(&space->room, PIECE_NODES)) {
        (void)task_pause();
    }
    forget_program(space);
    /* Of what is charged there are tables left, and, of a copy that was not finished, what it has
     * no page of. */
    pmm_give_back_promise(space->pages - (space->chunk->own_tables - PAGE_MIXED_TABLES) -
                          space->chunk->promised_tables);
    give_back_chunk(space->chunk); /* no pause from here on: the task has no address space */
    space->chunk = NULL;
    address_space_discharge(space, space->pages); /* tables that are gone with it */
}

/* ---------------------------------------------------------------- pages that are taken back */

/* Where the area shows page `index` of its object, and the entry for it there; 0: it does not show
 * that frame. */
static vaddr_t find_shown(const struct area *area, uint32_t index, const void *frame,
                          struct page_entry *entry)
{
    vaddr_t address = area->start + (vaddr_t)(index - area->first) * PAGE_SIZE_BYTES;

    if (index < area->first || index - area->first >= (area->end - area->start) / PAGE_SIZE_BYTES) {
        return 0;
    }
    *entry = paging_entry(area->chunk, address);
    return page_entry_frame(*entry) == page_physical(frame) ? address : 0;
}

/* The CPU sets the bit at the first touch after it was cleared. */
static bool was_used(struct list_node *view, uint32_t index, const void *frame)
{
    const struct area *area = LIST_ENTRY(view, struct area, view);
    struct page_entry entry;
    vaddr_t address = find_shown(area, index, frame, &entry);

    if (!address || !(page_entry_flags(entry) & PAGE_FLAG_ACCESSED)) {
        return false;
    }
    paging_write(area->chunk, address, page_entry_change(entry, 0, PAGE_FLAG_ACCESSED));
    return true;
}

/* The page is to leave the memory: the area that shows it maps it no longer. */
static bool unmap(struct list_node *view, uint32_t index, void *frame)
{
    const struct area *area = LIST_ENTRY(view, struct area, view);
    struct paging_4gb_chunk *chunk = area->chunk;
    struct page_entry entry;
    vaddr_t address = find_shown(area, index, frame, &entry);
    struct user_pages_released released;

    if (!address) {
        return false;
    }
    (void)user_pages_release(chunk, address, address + PAGE_SIZE_BYTES, 1, 0, &released);
    chunk->resident--;
    promise_tables(chunk, released.tables); /* the area may need them again */
    return true;
}

/* ---------------------------------------------------------------- what is kept */

size_t address_space_spare_pages(void)
{
    return spare ? PAGING_CHUNK_PAGES : 0;
}

size_t address_space_spare_objects(void)
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the struct has no fields where entries count */
    return spare ? PAGING_CHUNK_OBJECTS : 0;
}

void address_space_initialise(void)
{
    page_cache_set_views(&(struct page_view_operations){.was_used = was_used, .unmap = unmap});
    spare = new_chunk();
}
