/*
 * process/page_fault.c - what a process may touch, and how the page comes to be there when it does.
 *
 * Four kinds of pages are absent, or cannot be written to, though the process may:
 *
 *   - of an area, before the first touch: it gets a page of zeros
 *   - of process_malloc(), promised: the same; so do the pages behind it that are promised too, when the one
 *     before it is there (the program goes through its memory upward)
 *   - one that a fork has shared, at the first write: it is copied, or, if no other process has it any more, taken
 *   - a clean one of a file that is mapped shared, at the first write: it is dirty from then on
 *
 * All of these take what address_space_charge() has promised.
 */
#include "base/align.h"
#include "base/status.h"
#include "debug/panic.h"
#include "fs/node_contents.h"
#include "fs/page_object.h"
#include "lib/string.h"
#include "memory/page.h"
#include "memory/paging/user_pages.h"
#include "memory/pmm.h"
#include "process/address_space.h"
#include "task/task.h"

/* Promised pages that come with the one that is touched. */
#define PAGES_AROUND 8

#define MALLOC_RIGHTS (PAGE_READ | PAGE_WRITE)

/* Pages of process_malloc()'s that address_space_check() looks at between two pauses. */
#define PIECE_PAGES 256

/* Of the page with that entry, in that area or in none. */
static inline page_rights_t rights_of(const struct address_space *space, const struct area *area,
                                      vaddr_t address, struct page_entry entry)
{
    if (area) {
        return area->rights;
    }
    return address_space_is_in_heap(space, address) && !page_entry_is_empty(entry) ? MALLOC_RIGHTS
                                                                                   : 0;
}

page_rights_t address_space_rights(struct address_space *space, vaddr_t address)
{
    const struct area *area = area_at(space, address);

    return area ? area->rights
                : rights_of(space, NULL, address, paging_entry(space->chunk, address));
}

int address_space_check(struct address_space *space, vaddr_t start, size_t length,
                        page_rights_t access)
{
    vaddr_t end = start + length;
    size_t looked_at = 0;

    if (end < start) {
        return -EINVARG;
    }
    while (start < end) {
        const struct area *area = area_at(space, start);
        page_rights_t rights = area ? area->rights : address_space_rights(space, start);

        if ((rights & access) != access) {
            return -EINVARG;
        }
        start = area ? area->end : ALIGN_DOWN(start, PAGE_SIZE_BYTES) + PAGE_SIZE_BYTES;
        if (++looked_at % PIECE_PAGES == 0 && !task_pause()) {
            return -EINTERRUPTED;
        }
    }
    return OK;
}

/* ---------------------------------------------------------------- bringing pages */

static void map_page(struct address_space *space, vaddr_t page, const void *frame, uint32_t flags)
{
    KASSERT(paging_map(space->chunk, (void *)page, (void *)page_physical(frame), flags) == OK);
}

/* A page of zeros where none is. */
static void bring_zeros(struct address_space *space, vaddr_t page, page_rights_t rights)
{
    void *frame = pmm_alloc_promised_page();

    pmm_zero_page(frame);
    map_page(space, page, frame, page_flags_of_rights((page_rights_t)(rights | PAGE_USER)));
    space->chunk->resident++;
}

/*
 * Page, of process_malloc()'s, is promised. If the one before it is there, the program goes through
 * its memory upward: then those behind it come, too.
 */
static void bring_promised(struct address_space *space, vaddr_t page)
{
    bool goes_on = page_entry_is_present(paging_entry(space->chunk, page - PAGE_SIZE_BYTES));
    size_t most = goes_on ? PAGES_AROUND : 1;
    size_t count = 0, some;

    do { /* a table at a time */
        some = user_pages_keep_promises(space->chunk, page + count * PAGE_SIZE_BYTES, most - count,
                                        MALLOC_RIGHTS);
        count += some;
    } while (some > 0 && count < most);
    KASSERT(count > 0);
    space->chunk->resident += count;
    space->faults.zeros++;
    space->faults.around += (uint32_t)count - 1;
}

/* A page that others hold, too, is to be written to: the process gets one of its own. */
static void *own_page(struct address_space *space, vaddr_t page, struct page_entry entry,
                      page_rights_t rights)
{
    void *shared = page_memory(page_entry_frame(entry));
    void *frame = shared;
    uint32_t marks = page_entry_marks(entry) & ~PAGE_FLAG_SHARED;
    uint32_t flags = page_flags_of_rights((page_rights_t)(rights | PAGE_USER)) | marks;

    if (page_take_last(shared)) {
        space->faults.taken_back++;
    } else {
        frame = pmm_alloc_promised_page();
        space->faults.copied++;
        memcpy(frame, shared, PAGE_SIZE_BYTES);
    }
    paging_write(space->chunk, page, page_entry_make(page_physical(frame), flags, 0));
    if (frame != shared) {
        (void)page_release(shared); /* no entry leads there any more */
    }
    return frame;
}

/* Which page of its object the area shows there. */
static uint32_t index_in(const struct area *area, vaddr_t page)
{
    return area->first + (uint32_t)((page - area->start) / PAGE_SIZE_BYTES);
}

/* Is each first write to a page of the area to be noticed? Such a page can be written to only while
 * it is dirty. */
static bool notices_writes(const struct area *area)
{
    return area->is_shared && area->object && page_object_notices_writes(area->object);
}

/* A clean page of a file, which is shown, is about to be written to. */
static int let_write(struct address_space *space, const struct area *area, vaddr_t page)
{
    int status = page_object_make_room(area->object);
    struct page_entry entry = paging_entry(space->chunk, page);

    if (status == OK && page_entry_is_present(entry)) { /* else it comes at the next try */
        page_object_mark_dirty(area->object, index_in(area, page),
                               page_memory(page_entry_frame(entry)));
        node_note_change(node_of(area->object));
        paging_write(
            space->chunk, page,
            page_entry_make(page_entry_frame(entry),
                            page_flags_of_rights((page_rights_t)(area->rights | PAGE_USER)) |
                                page_entry_marks(entry),
                            0));
    }
    return status;
}

/* A page of the area's object: shown as it is, or copied for somebody who is about to write to it
 * alone. */
static int bring_of_object(struct address_space *space, const struct area *area, vaddr_t page,
                           bool is_written)
{
    uint32_t index = index_in(area, page);
    page_rights_t rights = area->rights;
    bool is_noticed = notices_writes(area);
    void *frame;
    int status = is_noticed && is_written ? page_object_make_room(area->object) : OK;

    if (status == OK) {
        status = page_object_get(area->object, index, &frame);
    }
    if (status < 0) {
        return status;
    }
    if (is_noticed && is_written) {
        page_object_mark_dirty(area->object, index, frame);
        node_note_change(node_of(area->object));
    } else if (is_noticed || !area->is_shared) {
        rights &= (page_rights_t)~PAGE_WRITE;
    }
    space->faults.shown++;
    space->chunk->resident++;
    map_page(space, page, frame,
             page_flags_of_rights((page_rights_t)(rights | PAGE_USER)) | PAGE_FLAG_SHARED);
    if (is_written && !area->is_shared) {
        (void)own_page(space, page, paging_entry(space->chunk, page), area->rights);
    }
    return OK;
}

/* Something the process may touch is absent at page, in that area or process_malloc()'s. */
static int bring(struct address_space *space, const struct area *area, vaddr_t page,
                 bool is_written)
{
    if (!area) {
        bring_promised(space, page);
    } else if (area->object) {
        return bring_of_object(space, area, page, is_written);
    } else {
        bring_zeros(space, page, area->rights);
        space->faults.zeros++;
    }
    return OK;
}

int address_space_own_page(struct address_space *space, vaddr_t address, void **frame)
{
    vaddr_t page = ALIGN_DOWN(address, PAGE_SIZE_BYTES);
    const struct area *area = area_at(space, page);
    struct page_entry entry = paging_entry(space->chunk, page);
    page_rights_t rights = rights_of(space, area, page, entry);
    int status = rights == 0                    ? -EINVARG
                 : page_entry_is_present(entry) ? OK
                                                : bring(space, area, page, true);

    if (status < 0) {
        return status;
    }
    entry = paging_entry(space->chunk, page);
    *frame = page_entry_marks(entry) & PAGE_FLAG_SHARED ? own_page(space, page, entry, rights)
                                                        : page_memory(page_entry_frame(entry));
    return OK;
}

int address_space_fault(struct address_space *space, vaddr_t address, page_rights_t access)
{
    vaddr_t page = ALIGN_DOWN(address, PAGE_SIZE_BYTES);
    const struct area *area = area_at(space, page);
    struct page_entry entry = paging_entry(space->chunk, page);
    page_rights_t rights = rights_of(space, area, page, entry);

    if (!(rights & access)) {
        return -EINVARG;
    }
    if (!page_entry_is_present(entry)) {
        return bring(space, area, page, access == PAGE_WRITE);
    }
    if (access != PAGE_WRITE || !(page_entry_marks(entry) & PAGE_FLAG_SHARED) ||
        page_entry_rights(entry) & PAGE_WRITE) {
        return -EINVARG; /* the page was there, with its rights: nothing that could be mended */
    }
    if (area && area->is_shared) {
        return let_write(space, area, page);
    }
    (void)own_page(space, page, entry, rights);
    return OK;
}
