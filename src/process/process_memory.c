/*
 * process/process_memory.c - process_malloc, process_free and the break.
 *
 * The page tables are the only record: an allocation is a run of mapped pages whose
 * entries carry two of the bits that the CPU leaves to software, with the meaning that the kernel
 * heap's table gives to its bytes:
 *
 *     first page     RUN_FIRST, and RUN_HAS_NEXT if more follow
 *     middle pages   RUN_HAS_NEXT
 *     last page      neither, unless it is the first
 *
 * So there is no limit on the number of allocations, freeing looks at nothing but the run itself,
 * and a pointer that is not the start of one is known by its entry. Addresses are given out in
 * ascending order (next fit): the search starts behind the last allocation, or at it again when
 * it was the last thing freed, and goes round once before it gives up.
 *
 * The break is a second heap, for allocators that want one piece of memory that grows: pages
 * without those bits from the map's break_start up (address_map.h). process_malloc() goes there only when
 * all below is taken, and the break stops at what it then finds.
 */
#include "base/align.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "process/process.h"
#include "task/task.h"

#define RUN_FIRST    PAGING_SOFTWARE_1
#define RUN_HAS_NEXT PAGING_SOFTWARE_2

#define USER_PAGE (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

/* Pages between two pauses: of each some 300 instructions go into giving it back. */
#define PIECE_PAGES 256

/* ---------------------------------------------------------------- what the family is charged */

bool process_take_page(struct process *process, vaddr_t address)
{
    uint32_t pages = 1u + (uint32_t)paging_missing_tables(process->chunk, address);

    if (!family_charge(process->family, FAMILY_PAGES, pages)) {
        return false;
    }
    process->pages += pages;
    return true;
}

void process_give_back_pages(struct process *process, size_t pages)
{
    process->pages -= pages;
    family_give_back(process->family, FAMILY_PAGES, pages);
}

void process_release_range(struct process *process, vaddr_t start, vaddr_t end)
{
    while (start < end) {
        size_t released = 0;

        start = paging_release_part(process->chunk, start, end, PIECE_PAGES, &released);
        process_give_back_pages(process, released);
        if (start < end) {
            (void)task_pause(); /* what is given up is given up, cancelled or not */
        }
    }
}

/* ---------------------------------------------------------------- runs */

/*
 * The first address from `from` on, below end, with pages unmapped pages; 0 when there is none, or
 * when the task was cancelled. Empty and full tables are passed in one step; other tasks run after
 * each that is neither.
 */
static vaddr_t find_free_run(const struct paging_4gb_chunk *chunk, vaddr_t from, vaddr_t end,
                             size_t pages)
{
    vaddr_t start = from;
    vaddr_t address = from;

    while ((address - start) / PAGE_SIZE_BYTES < pages) {
        if (address >= end) {
            return 0;
        }
        if (paging_extend_free_run(chunk, &start, &address, pages) && !task_pause()) {
            return 0;
        }
    }
    return range_is_inside(start, pages * PAGE_SIZE_BYTES, from, end) ? start : 0;
}

/* Maps a new zeroed page; false when out of memory, or the family has as many as it may. */
static bool map_new_page(struct process *process, vaddr_t address, uint32_t marks)
{
    void *frame;

    if (!process_take_page(process, address)) {
        return false;
    }
    frame = pmm_alloc_page();
    if (!frame) {
        goto give_back_charge;
    }
    pmm_zero_page(frame);
    if (paging_map(process->chunk, (void *)address, (void *)page_physical(frame),
                   USER_PAGE | marks) < 0) {
        goto free_frame;
    }
    return true;

free_frame:
    pmm_free_page(frame);
give_back_charge: /* there is a table where there was one */
    process_give_back_pages(process, 1u + paging_missing_tables(process->chunk, address));
    return false;
}

/* Unmaps the run that starts at address, of which at most `mapped` pages exist; the others run in
 * between. Returns the address behind it. */
static vaddr_t release_run(struct process *process, vaddr_t address, size_t mapped)
{
    struct page_entry entry;
    size_t released = 0;

    do {
        if (mapped-- == 0) {
            break;
        }
        entry = paging_take(process->chunk, (void *)address);
        pmm_free_page(page_memory(page_entry_frame(entry)));
        released += 1u + paging_missing_tables(process->chunk, address);
        address += PAGE_SIZE_BYTES;
        if (released >= PIECE_PAGES) {
            process_give_back_pages(process, released);
            released = 0;
            (void)task_pause(); /* half a run would be of no use */
        }
    } while (page_entry_marks(entry) & RUN_HAS_NEXT);
    process_give_back_pages(process, released);
    return address;
}

void *process_malloc(struct process *process, size_t size)
{
    const struct address_map map = process_map(process);
    size_t pages = size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0);

    if (pages == 0 || pages > (map.heap_end - map.heap_start) / PAGE_SIZE_BYTES ||
        pages > pmm_get_free_pages() ||
        (pages > 1 && pages > family_room(process->family, FAMILY_PAGES))) {
        return NULL;
    }

    vaddr_t start = 0;
    if (pages == 1 && process->heap_next < map.break_start &&
        page_entry_is_empty(paging_entry(process->chunk, process->heap_next))) {
        start = process->heap_next; /* by far the most frequent case */
    }
    if (!start) {
        start = find_free_run(process->chunk, process->heap_next, map.break_start, pages);
    }
    if (!start) {
        start = find_free_run(process->chunk, map.heap_start, map.break_start, pages);
    }
    if (!start) {
        start = find_free_run(process->chunk, map.heap_start, map.heap_end, pages);
    }
    if (!start) {
        return NULL;
    }

    for (size_t i = 0; i < pages; i++) {
        uint32_t marks = (i == 0 ? RUN_FIRST : 0) | (i + 1 < pages ? RUN_HAS_NEXT : 0);

        if ((i > 0 && !task_pause()) ||
            !map_new_page(process, start + i * PAGE_SIZE_BYTES, marks)) {
            release_run(process, start, i);
            return NULL;
        }
    }
    process->heap_next = start + pages * PAGE_SIZE_BYTES;
    return (void *)start;
}

/* RUN_FIRST and RUN_HAS_NEXT; 0 where nothing is mapped. */
static inline uint32_t marks_of(const struct process *process, vaddr_t address)
{
    return page_entry_marks(paging_entry(process->chunk, address));
}

static bool is_run(const struct process *process, const void *ptr)
{
    const struct address_map map = process_map(process);
    vaddr_t address = (vaddr_t)ptr;

    return IS_ALIGNED(address, PAGE_SIZE_BYTES) && address >= map.heap_start &&
           address < map.heap_end && marks_of(process, address) & RUN_FIRST;
}

size_t process_allocation_pages(const struct process *process, const void *ptr)
{
    size_t pages = 0;

    if (is_run(process, ptr)) {
        vaddr_t page = (vaddr_t)ptr;

        while (marks_of(process, page + pages++ * PAGE_SIZE_BYTES) & RUN_HAS_NEXT) {
            if (pages % PIECE_PAGES == 0) {
                (void)task_pause();
            }
        }
    }
    return pages;
}

int process_free(struct process *process, void *ptr)
{
    vaddr_t address = (vaddr_t)ptr;

    if (!ptr) {
        return OK;
    }
    if (!is_run(process, ptr)) {
        return -EINVARG;
    }
    if (release_run(process, address, SIZE_MAX) == process->heap_next) {
        process->heap_next = address;
    }
    return OK;
}

intptr_t process_move_break(struct process *process, intptr_t delta)
{
    const struct address_map map = process_map(process);
    vaddr_t old_break = map.break_start + process->break_bytes;
    vaddr_t new_break = old_break + (uintptr_t)delta;

    if (!IS_ALIGNED((uintptr_t)delta, PAGE_SIZE_BYTES) ||
        (delta < 0 && 0 - (uintptr_t)delta > process->break_bytes)) {
        return -EINVARG;
    }
    if (delta > 0 &&
        ((uintptr_t)delta > map.heap_end - old_break ||
         (uintptr_t)delta / PAGE_SIZE_BYTES > pmm_get_free_pages() ||
         (uintptr_t)delta / PAGE_SIZE_BYTES > family_room(process->family, FAMILY_PAGES))) {
        return -ENOMEM;
    }
    for (vaddr_t page = old_break; page < new_break; page += PAGE_SIZE_BYTES) {
        if ((page > old_break && !task_pause()) || paging_is_mapped(process->chunk, (void *)page) ||
            !map_new_page(process, page, 0)) {
            process_release_range(process, old_break, page);
            return -ENOMEM;
        }
    }
    process_release_range(process, new_break, old_break); /* empty when it grew */
    process->break_bytes += (uintptr_t)delta;
    return (intptr_t)old_break;
}
