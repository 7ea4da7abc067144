/*
 * tests/kernel/space_model.c - see space_model.h.
 */
#include "space_model.h"

#include "base/align.h"
#include "base/status.h"
#include "memory/paging/user_pages.h"

struct process space_make_process(void)
{
    struct process process = {.family = family_of_init()};

    if (address_space_create(&process.space, process.family) == OK) {
        address_space_set_map(&process.space, false);
    }
    return process;
}

int space_add_area(struct address_space *space, vaddr_t start, vaddr_t end, page_rights_t rights,
                   enum area_kind kind)
{
    const struct area wanted = {
        .start = start, .end = end, .rights = rights, .kind = (uint8_t)kind};

    return area_add(space, &wanted);
}

void space_count_tables(struct space_tables *tables, vaddr_t address)
{
    for (unsigned level = 1; level < PAGE_LEVELS; level++) {
        vaddr_t number = address >> page_level_shift(level);
        bool is_mixed = level == PAGE_LEVELS - 1 && number + 1 <= PAGE_MIXED_TABLES;

        if (!is_mixed && tables->last[level] != number + 1) {
            tables->last[level] = number + 1;
            tables->count++;
        }
    }
}

/* Pages of process_malloc() in [start, end). Where no entry is, nothing is looked at one by one. */
static uint32_t count_malloc(const struct address_space *space, struct space_tables *tables,
                             vaddr_t start, vaddr_t end)
{
    uint32_t count = 0;

    while (start < end) {
        vaddr_t next = ALIGN_DOWN(start, LARGE_PAGE_SIZE_BYTES) + LARGE_PAGE_SIZE_BYTES;
        vaddr_t stop = MIN(next, end);
        struct user_pages_count pages;

        user_pages_count(space->chunk, start, stop, &pages);
        for (; pages.present + pages.promised > 0 && start < stop; start += PAGE_SIZE_BYTES) {
            if (!page_entry_is_empty(paging_entry(space->chunk, start))) {
                space_count_tables(tables, start);
                count++;
            }
        }
        start = stop;
    }
    return count;
}

uint32_t space_count_charged(const struct address_space *space)
{
    const struct address_map map = address_space_map(space);
    struct space_tables tables = {.count = 0};
    uint32_t count = 0;
    vaddr_t address = PAGE_SIZE_BYTES;

    for (const struct area *area; (area = area_from(space, address)) != NULL; address = area->end) {
        if (area->start > map.heap_start) {
            count += count_malloc(space, &tables, MAX(address, map.heap_start), area->start);
        }
        for (vaddr_t page = area->start; page < area->end; page += PAGE_SIZE_BYTES) {
            space_count_tables(&tables, page);
        }
        count += area->is_charged ? (uint32_t)((area->end - area->start) / PAGE_SIZE_BYTES) : 0;
    }
    count += count_malloc(space, &tables, MAX(address, map.heap_start), map.heap_end);
    return count + tables.count;
}
