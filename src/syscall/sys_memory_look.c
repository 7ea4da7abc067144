/*
 * syscall/sys_memory_look.c - what the program mem draws: the heaps' tables, address translations,
 * and a trace of every allocation.
 *
 * Size before speed.
 */
#include "abi/syscalls.h"
#include "debug/backtrace.h"
#include "base/align.h"
#include "memory/heap/kheap.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"
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

static uint32_t look_at_run(uint32_t address, uint32_t out)
{
    const struct heap *heap;

    for (size_t i = 0; (heap = pmm_get_heap(i)) != NULL; i++) { /* in order of address */
        uint32_t start = (uint32_t)heap->saddr;
        size_t block = address > start ? (address - start) / HEAP_BLOCK_SIZE_BYTES : 0;

        if (block < heap->table->total) {
            struct memory_run run = {
                .start = start + block * HEAP_BLOCK_SIZE_BYTES,
                .owner = (uint32_t)heap_owner_of_block(heap, block),
            };
            run.pages = run_end(heap->table, block, &run.state) - block;
            return (uint32_t)copy_to_user(out, &run, sizeof(run));
        }
    }
    return (uint32_t)-ENOENT;
}

static uint32_t look_at_name(uint32_t address, uint32_t out)
{
    uint32_t offset;
    const char *name = symbol_find(address, &offset);

    return name ? (uint32_t)copy_to_user(out, name, MEMORY_NAME_BYTES) : (uint32_t)-ENOENT;
}

struct walk_search {
    uint32_t pid;
    const struct paging_4gb_chunk *chunk;
};

static bool find_chunk(void *context, const struct process *process)
{
    struct walk_search *search = context;

    if (process->id == search->pid) {
        search->chunk = process->chunk; /* NULL when it has ended */
    }
    return process->id != search->pid;
}

static uint32_t look_at_walk(uint32_t address, uint32_t out)
{
    struct memory_walk walk;

    if (copy_from_user(&walk, out, sizeof(walk)) < 0) {
        return (uint32_t)-EINVARG;
    }
    struct walk_search search = {.pid = walk.pid ? walk.pid : process_current()->id};
    process_for_each(find_chunk, &search);
    if (!search.chunk) {
        return (uint32_t)-EINVARG;
    }
    struct paging_step steps[PAGE_LEVELS];
    size_t count = paging_walk(search.chunk, address, steps);

    walk.directory_entry = (uint32_t)steps[0].entry.bits;
    walk.table_entry = count > 1 ? (uint32_t)steps[count - 1].entry.bits : 0;
    return (uint32_t)copy_to_user(out, &walk, sizeof(walk));
}

/* memory_look(what, number, out): 0 */
uint32_t sys_memory_look(const uint32_t *arguments)
{
    switch (arguments[0]) {
    case MEMORY_LOOK_RUN: return look_at_run(arguments[1], arguments[2]);
    case MEMORY_LOOK_NAME: return look_at_name(arguments[1], arguments[2]);
    case MEMORY_LOOK_WALK: return look_at_walk(arguments[1], arguments[2]);
    case MEMORY_LOOK_TRACE: return (uint32_t)process_trace(arguments[1] != 0);
    default: return (uint32_t)-EINVARG;
    }
}
