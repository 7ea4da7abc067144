/*
 * process/area_look.c - see area_look.h. A process may end, and its areas may change, in each
 * pause: so after one, it is looked up again, and no area is used that was found before.
 *
 * Size before speed.
 */
#include "process/area_look.h"

#include "abi/mapping.h"
#include "base/align.h"
#include "base/status.h"
#include "fs/page_object.h"
#include "lib/string.h"
#include "memory/paging/user_pages.h"
#include "process/process.h"
#include "task/task.h"

_Static_assert(MEMORY_AREA_PROGRAM == (int)AREA_PROGRAM && MEMORY_AREA_STACK == (int)AREA_STACK &&
                   MEMORY_AREA_BREAK == (int)AREA_BREAK &&
                   MEMORY_AREA_MAPPING == (int)AREA_MAPPING && MEMORY_AREA_GUARD == (int)AREA_GUARD,
               "kinds are the same numbers");

/* Counting what one table has, and finding where it ends, costs up to 45,000 instructions, passing
 * an empty entry further up 100. So much is done between two pauses. */
#define COST_OF_TABLE 450
#define COST_OF_EMPTY 1
#define COST_AT_ONCE  600

/* Who is looked at. */
struct look {
    uint32_t pid;
    const struct address_space *space; /* NULL: no such process, or its memory is going */
};

/* Sets look->space. 0 or -EINVARG. */
static int find(struct look *look)
{
    const struct process *process = process_with_id(look->pid);
    bool is_whole = process && process->space.chunk && !process->is_ending;

    look->space = is_whole ? &process->space : NULL;
    return is_whole ? OK : -EINVARG;
}

static struct look look_at(uint32_t pid)
{
    return (struct look){.pid = pid ? pid : process_current()->id};
}

/* ---------------------------------------------------------------- counting */

/* The first page of [start, end) whose entry is not empty; end: there is none. */
static vaddr_t first_in_use(const struct address_space *space, vaddr_t start, vaddr_t end)
{
    while (start < end && page_entry_is_empty(paging_entry(space->chunk, start))) {
        start += PAGE_SIZE_BYTES;
    }
    return start;
}

/* The end of the last one. There is one. */
static vaddr_t end_of_use(const struct address_space *space, vaddr_t end)
{
    while (page_entry_is_empty(paging_entry(space->chunk, end - PAGE_SIZE_BYTES))) {
        end -= PAGE_SIZE_BYTES;
    }
    return end;
}

/* Adds what a part of a table, from start to end, has. area->start and end are moved to what is in
 * use. */
static void count_part(const struct address_space *space, vaddr_t start, vaddr_t end,
                       struct memory_area *area)
{
    struct user_pages_count count;

    user_pages_count(space->chunk, start, end, &count);
    if (count.present + count.promised > 0) {
        area->start = area->start ? area->start : first_in_use(space, start, end);
        area->end = end_of_use(space, end);
    }
    area->present += (uint32_t)count.present;
    area->shared += (uint32_t)count.shared;
    area->promised += (uint32_t)count.promised;
}

/* The end of what the entry of level for address covers, or `end` if that comes first. */
static vaddr_t part_end(vaddr_t address, unsigned level, vaddr_t end)
{
    vaddr_t next = ALIGN_DOWN(address, page_level_bytes(level)) + page_level_bytes(level);

    return next > address && next < end ? next : end;
}

/* Counts pages of [start, end) in *area, whose start and end become those of what is in use, or
 * stay 0. 0 or an error. */
static int count_pages(struct look *look, vaddr_t start, vaddr_t end, struct memory_area *area)
{
    size_t cost = 0;

    while (start < end) {
        unsigned missing = paging_missing_tables(look->space->chunk, start);
        vaddr_t next = part_end(start, missing ? missing : 1, end);

        if (!missing) {
            count_part(look->space, start, next, area);
        }
        start = next;
        cost += missing ? COST_OF_EMPTY : COST_OF_TABLE;
        if (cost >= COST_AT_ONCE) {
            cost = 0;
            if (!task_pause()) {
                return -EINTERRUPTED;
            }
            if (find(look) < 0) {
                return -EINVARG;
            }
        }
    }
    return OK;
}

/* ---------------------------------------------------------------- areas */

/* process_malloc()'s memory in [start, end), where no area is. -ENOENT: there is none. */
static int look_at_malloc(struct look *look, vaddr_t start, vaddr_t end, struct memory_area *area)
{
    int status = count_pages(look, start, end, area);

    area->kind = MEMORY_AREA_MALLOC;
    area->rights = MAPPING_READ | MAPPING_WRITE;
    area->flags = MEMORY_AREA_IS_CHARGED;
    return status < 0 ? status : area->end ? OK : -ENOENT;
}

static int look_at_area(struct look *look, const struct area *from, struct memory_area *area)
{
    const vaddr_t start = from->start, end = from->end;
    bool is_of_file = from->object && page_object_is_file(from->object);

    area->kind = from->kind;
    area->rights = from->rights;
    area->flags = (from->is_shared ? MEMORY_AREA_IS_SHARED : 0) |
                  (from->is_charged ? MEMORY_AREA_IS_CHARGED : 0) |
                  (is_of_file ? MEMORY_AREA_IS_FILE : 0);
    area->first = from->first;

    int status = count_pages(look, start, end, area);

    area->start = start;
    area->end = end;
    if (area->flags & MEMORY_AREA_IS_CHARGED) {
        area->promised = (uint32_t)((end - start) / PAGE_SIZE_BYTES) - area->present;
    }
    return status;
}

/* What is process heap of the addresses from `address` to the area there; *end is where that ends.
 * */
static vaddr_t gap_at(const struct look *look, vaddr_t address, vaddr_t *end)
{
    const struct address_map map = address_space_map(look->space);
    const struct area *area = area_from(look->space, address);

    *end = area ? MIN(area->start, map.heap_end) : map.heap_end;
    return MAX(ALIGN_DOWN(address, PAGE_SIZE_BYTES), map.heap_start);
}

int area_look(vaddr_t address, struct memory_area *area)
{
    struct look look = look_at(area->pid);
    int status = find(&look);
    const struct area *found;
    vaddr_t start, end;

    *area = (struct memory_area){.pid = look.pid};
    if (status < 0) {
        return status;
    }
    start = gap_at(&look, address, &end);
    if (start < end) {
        status = look_at_malloc(&look, start, end, area);
        if (status != -ENOENT) {
            return status;
        }
        *area = (struct memory_area){.pid = look.pid};
        address = end;
    }
    found = area_from(look.space, address);
    return found ? look_at_area(&look, found, area) : -ENOENT;
}

int area_look_faults(uint32_t pid, struct memory_faults *faults)
{
    struct look look = look_at(pid);

    if (find(&look) < 0) {
        return -EINVARG;
    }
    const struct address_space_faults *counted = &look.space->faults;

    *faults = (struct memory_faults){
        .zeros = counted->zeros,
        .around = counted->around,
        .shown = counted->shown,
        .copied = counted->copied,
        .taken_back = counted->taken_back,
    };
    return OK;
}
