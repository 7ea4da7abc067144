/*
 * process/process_memory.c - process_malloc, process_free and the break.
 *
 * The page tables are the only record: an allocation is a run of pages whose entries carry two of
 * the bits that the CPU leaves to software, with the meaning that the kernel heap's table gives to
 * its bytes:
 *
 *     first page     RUN_FIRST, and RUN_HAS_NEXT if more follow
 *     middle pages   RUN_HAS_NEXT
 *     last page      neither, unless it is the first
 *
 * So there is no limit on the number of allocations, freeing looks at nothing but the run itself,
 * and a pointer that is not the start of one is known by its entry. Up to EAGER_PAGES the pages are
 * there at once; of larger runs the entries are promised, and a touch brings the page
 * (page_fault.c).
 *
 * Which addresses are free is known by the address space's room, which mappings and the break ask,
 * too. Addresses are given out in ascending order (next fit): the search starts behind the last
 * allocation, or at it again when it was the last thing freed, and goes round once before it gives
 * up. Above the break's start it goes only when all below is taken.
 *
 * The break is a second heap, for allocators that want one piece of memory that grows: an area of
 * its own.
 */
#include "process/process_memory.h"

#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "memory/paging/user_pages.h"
#include "memory/pmm.h"
#include "process/address_space.h"
#include "task/task.h"

#define RUN_FIRST    PAGE_FLAG_MARK_1
#define RUN_HAS_NEXT PAGE_FLAG_MARK_2

#define USER_PAGE (PAGE_FLAG_PRESENT | PAGE_FLAG_WRITEABLE | PAGE_FLAG_USER)

/* Pages that come at once: what is small is touched soon, and a fault costs more than a page of
 * zeros then. */
#define EAGER_PAGES (16384 / PAGE_SIZE_BYTES)

/* Pages between two pauses. */
#define PIECE_PAGES 4096

_Static_assert(EAGER_PAGES <= PAGE_TABLE_ENTRIES, "a small run needs two tables at most");

/* ---------------------------------------------------------------- runs */

static void set_marks(struct address_space *space, vaddr_t page, uint32_t set, uint32_t clear)
{
    struct page_entry entry = paging_entry(space->chunk, page);

    paging_write(space->chunk, page, page_entry_change(entry, set, clear));
}

/* Promises the pages of a large run, which are charged. False: the task was cancelled; nothing is
 * left of it. */
static bool promise_run(struct address_space *space, vaddr_t start, vaddr_t end)
{
    for (vaddr_t at = start, next; at < end; at = next) {
        next = end - at > PIECE_PAGES * PAGE_SIZE_BYTES ? at + PIECE_PAGES * PAGE_SIZE_BYTES : end;
        if ((at > start && !task_pause()) ||
            user_pages_promise(space->chunk, at, next, RUN_HAS_NEXT) < 0) {
            (void)address_space_release(space, start, end, 0);
            address_space_give_back(space, (end - at) / PAGE_SIZE_BYTES);
            room_give(&space->room, start, end);
            return false;
        }
    }
    set_marks(space, start, RUN_FIRST, 0);
    set_marks(space, end - PAGE_SIZE_BYTES, 0, RUN_HAS_NEXT);
    return true;
}

/* The same of those that the room has lost. */
static vaddr_t take_lost(struct address_space *space, size_t pages)
{
    const struct address_map map = address_space_map(space);
    vaddr_t start = address_space_find_free(space, map.heap_start, map.heap_end, pages);

    return start && address_space_take_room(space, start, start + pages * PAGE_SIZE_BYTES) ? start
                                                                                           : 0;
}

/* Addresses for so many pages; 0: there are none. */
static vaddr_t take_addresses(struct address_space *space, size_t pages)
{
    const struct address_map map = address_space_map(space);
    vaddr_t start = room_take(&space->room, map.heap_start, map.break_start, pages);

    if (!start) {
        start = room_take(&space->room, map.heap_start, map.heap_end, pages);
    }
    return start || !room_has_lost(&space->room) ? start : take_lost(space, pages);
}

/* Are all tables for the few pages from start on there? */
static inline bool has_tables(const struct address_space *space, vaddr_t start, size_t pages)
{
    return paging_missing_tables(space->chunk, start) == 0 &&
           (pages == 1 ||
            paging_missing_tables(space->chunk, start + (pages - 1) * PAGE_SIZE_BYTES) == 0);
}

/* Frames of zeros for a small run. */
static bool take_frames(void *frames[EAGER_PAGES], size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        frames[i] = pmm_alloc_page();
        if (!frames[i]) {
            while (i > 0) {
                pmm_free_page(frames[--i]);
            }
            return false;
        }
        pmm_zero_page(frames[i]);
    }
    return true;
}

static void map_run(struct address_space *space, vaddr_t start, void *const frames[], size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        uint32_t marks = (i == 0 ? RUN_FIRST : 0) | (i + 1 < pages ? RUN_HAS_NEXT : 0);

        KASSERT(paging_map(space->chunk, (void *)(start + i * PAGE_SIZE_BYTES),
                           (void *)page_physical(frames[i]), USER_PAGE | marks) == OK);
    }
    space->chunk->resident += pages;
}

/* Up to EAGER_PAGES, which are charged, but not promised: they come at once. NULL: no memory. */
static void *malloc_small(struct address_space *space, size_t pages)
{
    void *frames[EAGER_PAGES];

    if (!family_charge(space->family, FAMILY_PAGES, (uint32_t)pages)) {
        return NULL;
    }
    if (!take_frames(frames, pages)) {
        goto give_back_charge;
    }
    vaddr_t start = take_addresses(space, pages);

    if (!start) {
        goto free_frames;
    }
    if (!has_tables(space, start, pages) &&
        !address_space_charge_tables(space, start, start + pages * PAGE_SIZE_BYTES)) {
        room_give(&space->room, start, start + pages * PAGE_SIZE_BYTES);
        goto free_frames;
    }
    space->pages += (uint32_t)pages;
    map_run(space, start, frames, pages);
    return (void *)start;

free_frames:
    for (size_t i = 0; i < pages; i++) {
        pmm_free_page(frames[i]);
    }
give_back_charge:
    family_give_back(space->family, FAMILY_PAGES, (uint32_t)pages);
    return NULL;
}

/* More than that. */
static void *malloc_large(struct address_space *space, size_t pages)
{
    if (!address_space_charge(space, pages)) {
        return NULL;
    }
    vaddr_t start = take_addresses(space, pages);
    vaddr_t end = start + pages * PAGE_SIZE_BYTES;

    if (!start) {
        goto give_back_pages;
    }
    if (!address_space_charge_tables(space, start, end)) {
        goto give_back_addresses;
    }
    return promise_run(space, start, end) ? (void *)start : NULL;

give_back_addresses:
    room_give(&space->room, start, end);
give_back_pages:
    address_space_give_back(space, pages);
    return NULL;
}

void *process_malloc(struct process *process, size_t size)
{
    struct address_space *space = process_address_space(process);
    const struct address_map map = address_space_map(space);
    size_t pages = size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0);

    if (pages - 1 < EAGER_PAGES) {
        return malloc_small(space, pages);
    }
    if (pages == 0 || pages > (map.heap_end - map.heap_start) / PAGE_SIZE_BYTES) {
        return NULL;
    }
    return malloc_large(space, pages);
}

/* RUN_FIRST and RUN_HAS_NEXT; 0 where nothing is. */
static inline uint32_t marks_of(const struct address_space *space, vaddr_t address)
{
    return page_entry_marks(paging_entry(space->chunk, address));
}

/* Can ptr be the start of an allocation? Then its first entry has RUN_FIRST. */
static inline bool is_heap_page(const struct address_space *space, vaddr_t address)
{
    return IS_ALIGNED(address, PAGE_SIZE_BYTES) && address_space_is_in_heap(space, address);
}

size_t process_allocation_pages(struct process *process, const void *ptr)
{
    struct address_space *space = process_address_space(process);
    size_t pages = 0;

    vaddr_t page = (vaddr_t)ptr;

    if (is_heap_page(space, page) && marks_of(space, page) & RUN_FIRST) {
        while (marks_of(space, page + pages++ * PAGE_SIZE_BYTES) & RUN_HAS_NEXT) {
            if (pages % PIECE_PAGES == 0) {
                (void)task_pause();
            }
        }
    }
    return pages;
}

/* A run of one page, which nobody shares: by far the most frequent case. */
static void free_page(struct address_space *space, vaddr_t page, struct page_entry entry)
{
    size_t tables = space->chunk->own_tables;

    (void)paging_take_bits(space->chunk, (void *)page);
    KASSERT(pmm_free_page(page_memory(page_entry_frame(entry))) == OK);
    space->chunk->resident--;
    address_space_discharge(space, 1);
    if (space->chunk->own_tables != tables) {
        address_space_lose_tables(space, page, tables - space->chunk->own_tables);
    }
}

int process_free(struct process *process, void *ptr)
{
    struct address_space *space = process_address_space(process);
    vaddr_t start = (vaddr_t)ptr;
    vaddr_t end = start + PAGE_SIZE_BYTES;

    if (!ptr) {
        return OK;
    }
    if (!is_heap_page(space, start)) {
        return -EINVARG;
    }
    struct page_entry entry = paging_entry(space->chunk, start);
    uint32_t marks = page_entry_marks(entry);

    if (!(marks & RUN_FIRST)) {
        return -EINVARG;
    }
    if (marks == RUN_FIRST && page_entry_is_present(entry)) {
        free_page(space, start, entry);
    } else {
        end = address_space_release(space, start, address_space_map(space).heap_end, RUN_HAS_NEXT);
    }
    room_give(&space->room, start, end);
    return OK;
}

/* ---------------------------------------------------------------- the break */

/* The area up to the break; NULL while the break is at its start. */
static struct area *break_area(struct address_space *space, vaddr_t break_start)
{
    struct area *area = area_at(space, break_start);

    return area && area->kind == AREA_BREAK ? area : NULL;
}

intptr_t process_move_break(struct process *process, intptr_t delta)
{
    struct address_space *space = process_address_space(process);
    const struct address_map map = address_space_map(space);
    struct area *area = break_area(space, map.break_start);
    vaddr_t old_break = area ? area->end : map.break_start;
    vaddr_t new_break = old_break + (uintptr_t)delta;
    int status = OK;

    if (!IS_ALIGNED((uintptr_t)delta, PAGE_SIZE_BYTES) ||
        (delta < 0 && 0 - (uintptr_t)delta > old_break - map.break_start)) {
        return -EINVARG;
    }
    if (delta > 0 && (uintptr_t)delta > map.heap_end - old_break) {
        return -ENOMEM;
    }
    if (!area && delta > 0) {
        status = area_add(space, &(struct area){.start = old_break,
                                                .end = new_break,
                                                .rights = PAGE_READ | PAGE_WRITE,
                                                .kind = AREA_BREAK});
    } else if (area && new_break == map.break_start) {
        status = area_remove(space, map.break_start, old_break);
    } else if (area) {
        status = area_move_end(space, area, new_break);
    }
    return status < 0 ? -ENOMEM : (intptr_t)old_break;
}
