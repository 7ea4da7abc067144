/*
 * syscall/sys_memory.c - process_malloc and process_free as commands 4 and 5, the break, and
 * figures.
 *
 * Size before speed.
 */
#include "abi/syscalls.h"
#include "arch/frame.h"
#include "debug/printk.h"
#include "device/block_cache.h"
#include "fs/node.h"
#include "fs/page_object.h"
#include "base/align.h"
#include "base/compiler.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "base/status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"
#include "process/process.h"
#include "process/process_memory.h"
#include "task/task.h"

static bool is_traced;

void sys_memory_set_trace(bool is_on)
{
    is_traced = is_on;
}

/* Callers that a trace names, if the program keeps frame pointers. */
#define TRACE_CALLERS 3

/*
 * Who called: EIP is in the C library, the same for all, so what helps are the return addresses
 * above it. They are found by frame pointers (EBP: the caller's EBP, then the return address), and
 * nothing of it is believed: a program that uses EBP for something else has fewer or odd callers.
 */
static NOINLINE void end_trace(void)
{
    const struct process *process = process_current();
    const struct trap_frame *registers = task_user_frame(&process->task);
    vaddr_t frame = frame_frame_pointer(registers);
    const char *separator = "trace:   called from";

    printk(" by %s (%u), " PC_NAME " " ADDRESS_FORMAT "\n", process->name, process->id,
           frame_pc(registers));
    for (unsigned i = 0; i < TRACE_CALLERS; i++) {
        vaddr_t below = frame, return_address;

        if (user_read_long(user_pointer(below), &frame) < 0 || frame <= below ||
            user_read_long(user_pointer(below + user_long_bytes()), &return_address) < 0 ||
            return_address == 0) {
            break;
        }
        printk("%s " ADDRESS_FORMAT, separator, return_address);
        separator = ",";
    }
    if (*separator == ',') {
        printk("\n");
    }
}

/* malloc(size): the address, or 0 */
intptr_t sys_malloc(const uintptr_t *arguments)
{
    void *memory;

    do {
        memory = process_malloc(process_current(), arguments[0]);
    } while (__builtin_expect(memory == NULL, false) && page_cache_may_try_again());

    if (is_traced) {
        printk("trace: process_malloc(%zu) = %p", (size_t)arguments[0], memory);
        end_trace();
    }
    return (intptr_t)memory;
}

/* free(ptr): 0 or -EINVARG */
intptr_t sys_free(const uintptr_t *arguments)
{
    struct process *process = process_current();
    void *memory = (void *)arguments[0];

    if (is_traced) {
        printk("trace: process_free(%p), %zu KiB,", memory,
               process_allocation_pages(process, memory) * (PAGE_SIZE_BYTES / 1024));
        end_trace();
    }
    return process_free(process, memory);
}

/* break(delta): the address where it was, or -EINVARG or -ENOMEM */
intptr_t sys_break(const uintptr_t *arguments)
{
    return process_move_break(process_current(), (intptr_t)arguments[0]);
}

static bool count_one(void *count, const struct process *process)
{
    (void)process;
    ++*(uint32_t *)count;
    return true;
}

/* Blocks of the pool that are looked at between two pauses. */
#define BLOCKS_AT_ONCE 8192

/* The longest run of free blocks in the pool. The others run in between: it is about right. */
static uint32_t largest_free_run(const struct heap_table *table)
{
    uint32_t largest = 0;
    uint32_t run = 0;

    for (size_t block = 0; block < table->total; block++) {
        run = table->entries[block] == HEAP_BLOCK_TABLE_ENTRY_FREE ? run + 1 : 0;
        largest = MAX(largest, run);
        if (block % BLOCKS_AT_ONCE == BLOCKS_AT_ONCE - 1) {
            (void)task_pause();
        }
    }
    return largest;
}

/* memory_figures(out, size of it): 0. A program that knows fewer figures gets those. */
intptr_t sys_memory_figures(const uintptr_t *arguments)
{
    uint32_t largest_run = largest_free_run(kheap_get()->table);
    struct block_cache_stats cache;
    struct page_cache_stats files;
    struct node_cache_stats nodes;
    struct pmm_stats pages;
    struct memory_figures figures;

    block_cache_get_stats(&cache);
    page_cache_get_stats(&files);
    node_cache_get_stats(&nodes);
    pmm_get_stats(&pages);
    figures = (struct memory_figures){
        .total_pages = pmm_get_total_pages(),
        .free_pages = pages.free - pages.promised + files.spare + address_space_spare_pages(),
        .pool_pages = kheap_get()->total,
        .pool_free_pages = pages.pool_free,
        .largest_run_pages = largest_run,
        .objects = kmem_live_objects() - nodes.nodes - nodes.names - nodes.kept -
                   address_space_spare_objects(),
        .object_pages = kmem_slab_blocks(),
        .own_pages = process_count_pages(process_current()),
        .cache_pages = cache.pages,
        .cache_hits = cache.hits,
        .cache_misses = cache.misses,
        .file_pages = files.files,
        .promised_pages = pages.promised,
        .file_hits = (uint32_t)files.hits,
        .file_misses = (uint32_t)files.misses,
    };
    process_for_each(count_one, &figures.processes);
    if (arguments[1] == 0) {
        return -EINVARG;
    }
    return copy_to_user(user_pointer(arguments[0]), &figures, MIN(arguments[1], sizeof(figures)));
}
