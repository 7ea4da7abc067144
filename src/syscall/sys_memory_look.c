/*
 * syscall/sys_memory_look.c - what the program mem draws: the heaps' tables, address translations,
 * areas, and a trace of every allocation.
 *
 * Size before speed.
 */
#include "abi/syscalls.h"
#include "debug/backtrace.h"
#include "fs/page_object.h"
#include "base/align.h"
#include "lib/string.h"
#include "memory/heap/kheap.h"
#include "memory/page.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"
#include "process/area_look.h"
#include "process/process.h"
#include "task/task.h"

_Static_assert(MEMORY_NAME_BYTES == SYMBOL_NAME_BYTES, "names fit");

/* Blocks of a run that are looked at between two pauses. */
#define BLOCKS_AT_ONCE 4096

static void pause_at(size_t block)
{
    if (block % BLOCKS_AT_ONCE == 0) {
        (void)task_pause();
    }
}

/* The end of the run that block lies in, and its state. The table is the truth (heap.h); while the
 * others run in a long run it may change, and what comes out be neither what was nor what is. */
static size_t run_end(const struct heap_table *table, size_t block, uint32_t *state)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = table->entries;
    HEAP_BLOCK_TABLE_ENTRY first = entries[block];

    if (first & (HEAP_BLOCK_IS_FIRST | HEAP_BLOCK_HAS_NEXT) ||
        (first && block > 0 && entries[block - 1] & HEAP_BLOCK_HAS_NEXT)) {
        *state = MEMORY_RUN_TAKEN;
        while (block + 1 < table->total && entries[block] & HEAP_BLOCK_HAS_NEXT) {
            pause_at(++block);
        }
        return block + 1;
    }
    *state = first ? MEMORY_RUN_RESERVED : MEMORY_RUN_FREE;
    while (block < table->total && entries[block] == first) {
        pause_at(++block);
    }
    return block;
}

/* A single frame may be shared, or a page of what is shared (memory/page.h). */
static uint32_t state_of_frame(const void *frame)
{
    const struct page *page = page_of(frame);

    return page->holders == 0                                  ? MEMORY_RUN_TAKEN
           : page->object && page_object_is_file(page->object) ? MEMORY_RUN_CACHED
                                                               : MEMORY_RUN_SHARED;
}

/* struct memory_run is four words of the program's. */
static int write_run(struct user_pointer out, const struct memory_run *run)
{
    const uintptr_t words[] = {run->start, run->pages, run->state, run->owner};
    int status = OK;

    for (size_t i = 0; status == OK && i < ARRAY_SIZE(words); i++) {
        status = user_write_long(user_pointer_add(out, i * user_long_bytes()), words[i]);
    }
    return status;
}

/* Can the running program have that number in a word of its own? */
static bool fits_word(uintptr_t number)
{
    return number <= UINT32_MAX || user_long_bytes() > sizeof(uint32_t);
}

static int look_at_run(uintptr_t address, struct user_pointer out)
{
    const struct heap *heap;

    for (size_t i = 0; (heap = pmm_get_heap(i)) != NULL; i++) { /* in order of address */
        uintptr_t start = (uintptr_t)heap->saddr - DIRECT_MAP;
        size_t block = address > start ? (address - start) / HEAP_BLOCK_SIZE_BYTES : 0;

        if (block < heap->table->total) {
            uint32_t state;
            struct memory_run run = {
                .start = start + block * HEAP_BLOCK_SIZE_BYTES,
                .pages = run_end(heap->table, block, &state) - block,
                .owner = (uintptr_t)heap_owner_of_block(heap, block),
            };

            run.state = state == MEMORY_RUN_TAKEN && run.pages == 1
                            ? state_of_frame(page_memory(run.start))
                            : state;
            return fits_word(run.start) ? write_run(out, &run) : -ENOENT;
        }
    }
    return -ENOENT;
}

/* A program of 32 bits has the lower half of an owner; the kernel's code lies in the upper 2
 * GiB. */
static int look_at_name(uintptr_t owner, struct user_pointer out)
{
    vaddr_t address = user_long_bytes() == sizeof(owner) ? owner : (vaddr_t)(int32_t)owner;
    uint32_t offset;
    const char *name = symbol_find(address, &offset);

    return name ? copy_to_user(out, name, MEMORY_NAME_BYTES) : -ENOENT;
}

/* Fills in count and entries, for the process that *levels names. 0 or -EINVARG. */
static int walk(vaddr_t address, struct memory_levels *levels)
{
    const struct process *process = levels->pid ? process_with_id(levels->pid) : process_current();

    if (!process || !process->space.chunk) { /* there is none, or it has ended */
        return -EINVARG;
    }
    struct paging_step steps[PAGE_LEVELS];
    size_t count =
        page_address_is_canonical(address) ? paging_walk(process->space.chunk, address, steps) : 0;

    memset(levels->entries, 0, sizeof(levels->entries));
    levels->count = PAGE_LEVELS;
    for (size_t i = 0; i < count; i++) {
        levels->entries[i] = steps[i].entry.bits;
    }
    return OK;
}

static int look_at_walk(vaddr_t address, struct user_pointer out)
{
    struct memory_walk two_steps;
    struct memory_levels levels;
    int status = copy_from_user(&two_steps, out, sizeof(two_steps));

    if (status < 0) {
        return status;
    }
    levels.pid = two_steps.pid;
    if (walk(address, &levels) < 0) {
        return -EINVARG;
    }
    two_steps.directory_entry = (uint32_t)levels.entries[levels.count - 2];
    two_steps.table_entry = (uint32_t)levels.entries[levels.count - 1];
    return copy_to_user(out, &two_steps, sizeof(two_steps));
}

static int look_at_levels(vaddr_t address, struct user_pointer out)
{
    struct memory_levels levels;

    int status = copy_from_user(&levels, out, sizeof(levels));

    if (status == OK && walk(address, &levels) < 0) {
        status = -EINVARG;
    }
    return status == OK ? copy_to_user(out, &levels, sizeof(levels)) : status;
}

static int look_at_area(vaddr_t address, struct user_pointer out)
{
    struct memory_area area;
    int status = copy_from_user(&area, out, sizeof(area));

    if (status == OK) {
        status = area_look(address, &area);
    }
    return status == OK ? copy_to_user(out, &area, sizeof(area)) : status;
}

static int look_at_faults(uintptr_t pid, struct user_pointer out)
{
    struct memory_faults faults;
    int status = pid <= UINT32_MAX ? area_look_faults((uint32_t)pid, &faults) : -EINVARG;

    return status == OK ? copy_to_user(out, &faults, sizeof(faults)) : status;
}

/* memory_look(what, number, out): 0 */
intptr_t sys_memory_look(const uintptr_t *arguments)
{
    uintptr_t number = arguments[1];
    struct user_pointer out = user_pointer(arguments[2]);

    switch ((uint32_t)arguments[0]) {
    case MEMORY_LOOK_RUN: return look_at_run(number, out);
    case MEMORY_LOOK_NAME: return look_at_name(number, out);
    case MEMORY_LOOK_WALK: return look_at_walk(number, out);
    case MEMORY_LOOK_LEVELS: return look_at_levels(number, out);
    case MEMORY_LOOK_TRACE: return process_trace(number != 0);
    case MEMORY_LOOK_AREA: return look_at_area(number, out);
    case MEMORY_LOOK_FAULTS: return look_at_faults(number, out);
    default: return -EINVARG;
    }
}
