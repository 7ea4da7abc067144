/*
 * task/process_memory.c - process_malloc, process_free and the break.
 *
 * The page tables are the only book that is kept: an allocation is a run of mapped pages whose
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
 * without those bits from PROCESS_BREAK_ADDRESS up. process_malloc() goes there only when all below
 * is taken, and the break stops at what it then finds.
 */
#include "lib/align.h"
#include "memory/pmm.h"
#include "status.h"
#include "task/process.h"

#define RUN_FIRST    PAGING_SOFTWARE_1
#define RUN_HAS_NEXT PAGING_SOFTWARE_2

#define USER_PAGE (PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_ACCESS_FROM_ALL)

/* The first address from `from` on, below end, with pages unmapped pages; 0 when there is none. */
static vaddr_t find_free_run(const struct paging_4gb_chunk *chunk, vaddr_t from, vaddr_t end,
                             size_t pages)
{
    vaddr_t start = from;
    vaddr_t address = from;

    while ((address - start) / PAGE_SIZE_BYTES < pages) {
        if (address >= end) {
            return 0;
        }
        if (!chunk->directory_entry[address / LARGE_PAGE_SIZE_BYTES]) {
            address = ALIGN_DOWN(address, LARGE_PAGE_SIZE_BYTES) + LARGE_PAGE_SIZE_BYTES;
        } else if (paging_get(chunk, (void *)address)) {
            address += PAGE_SIZE_BYTES;
            start = address;
        } else {
            address += PAGE_SIZE_BYTES;
        }
    }
    return range_is_inside(start, pages * PAGE_SIZE_BYTES, from, end) ? start : 0;
}

/* Maps a new zeroed page; false when out of memory. */
static bool map_new_page(struct process *process, vaddr_t address, uint32_t marks)
{
    void *frame = pmm_alloc_page();

    if (!frame) {
        return false;
    }
    pmm_zero_page(frame);
    if (paging_map(process->chunk, (void *)address, (void *)page_physical(frame),
                   USER_PAGE | marks) < 0) {
        pmm_free_page(frame);
        return false;
    }
    return true;
}

/* Unmaps the run that starts at address, of which at most `mapped` pages exist. Returns the
 * address behind it. */
static vaddr_t release_run(struct process *process, vaddr_t address, size_t mapped)
{
    uint32_t entry;

    do {
        if (mapped-- == 0) {
            break;
        }
        entry = paging_take(process->chunk, (void *)address);
        pmm_free_page(page_memory(entry & ~PAGING_FLAGS_MASK));
        address += PAGE_SIZE_BYTES;
    } while (entry & RUN_HAS_NEXT);
    return address;
}

void *process_malloc(struct process *process, size_t size)
{
    size_t pages = size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0);

    if (pages == 0 || pages > (PROCESS_HEAP_END - PROCESS_HEAP_ADDRESS) / PAGE_SIZE_BYTES ||
        pages > pmm_get_free_pages()) {
        return NULL;
    }

    vaddr_t start = find_free_run(process->chunk, process->heap_next, PROCESS_BREAK_ADDRESS, pages);
    if (!start) {
        start = find_free_run(process->chunk, PROCESS_HEAP_ADDRESS, PROCESS_BREAK_ADDRESS, pages);
    }
    if (!start) {
        start = find_free_run(process->chunk, PROCESS_HEAP_ADDRESS, PROCESS_HEAP_END, pages);
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

static bool is_run(const struct process *process, const void *ptr)
{
    vaddr_t address = (vaddr_t)ptr;

    return paging_is_aligned(ptr) && address >= PROCESS_HEAP_ADDRESS &&
           address < PROCESS_HEAP_END && paging_get(process->chunk, ptr) & RUN_FIRST;
}

size_t process_allocation_pages(const struct process *process, const void *ptr)
{
    size_t pages = 0;

    if (is_run(process, ptr)) {
        const uint8_t *page = ptr;

        while (paging_get(process->chunk, page + pages++ * PAGE_SIZE_BYTES) & RUN_HAS_NEXT) {
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

uint32_t process_move_break(struct process *process, int32_t delta)
{
    vaddr_t old_break = PROCESS_BREAK_ADDRESS + process->break_bytes;
    vaddr_t new_break = old_break + (uint32_t)delta;

    if (!IS_ALIGNED((uint32_t)delta, PAGE_SIZE_BYTES) ||
        (delta < 0 && 0u - (uint32_t)delta > process->break_bytes)) {
        return (uint32_t)-EINVARG;
    }
    if (delta > 0 && ((uint32_t)delta > PROCESS_HEAP_END - old_break ||
                      (uint32_t)delta / PAGE_SIZE_BYTES > pmm_get_free_pages())) {
        return (uint32_t)-ENOMEM;
    }
    for (vaddr_t page = old_break; page < new_break; page += PAGE_SIZE_BYTES) {
        if ((page > old_break && !task_pause()) || paging_get(process->chunk, (void *)page) ||
            !map_new_page(process, page, 0)) {
            paging_release_range(process->chunk, old_break, page);
            return (uint32_t)-ENOMEM;
        }
    }
    paging_release_range(process->chunk, new_break, old_break); /* empty when it grew */
    process->break_bytes += (uint32_t)delta;
    return old_break;
}
