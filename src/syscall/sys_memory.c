/*
 * syscall/sys_memory.c - process_malloc and process_free as commands 4 and 5, the break, and
 * figures.
 */
#include "abi/syscalls.h"
#include "debug/printk.h"
#include "drivers/block_cache.h"
#include "lib/align.h"
#include "memory/heap/kheap.h"
#include "memory/heap/kmem_cache.h"
#include "memory/pmm.h"
#include "status.h"
#include "syscall/syscall.h"
#include "syscall/usercopy.h"
#include "task/process.h"

static bool is_traced;

void sys_memory_set_trace(bool is_on)
{
    is_traced = is_on;
}

static void __attribute__((noinline)) end_trace(void)
{
    const struct process *process = process_current();

    printk(" by %s (%u), eip %08x\n", process->name, process->id,
           task_user_frame(&process->task)->eip);
}

/* malloc(size): the address, or 0 */
uint32_t sys_malloc(const uint32_t *arguments)
{
    uint32_t memory = (uint32_t)process_malloc(process_current(), arguments[0]);

    if (is_traced) {
        printk("trace: process_malloc(%u) = %p", arguments[0], (void *)memory);
        end_trace();
    }
    return memory;
}

/* free(ptr): 0 or -EINVARG */
uint32_t sys_free(const uint32_t *arguments)
{
    struct process *process = process_current();
    void *memory = (void *)arguments[0];

    if (is_traced) {
        printk("trace: process_free(%p), %u KiB,", memory,
               (uint32_t)process_allocation_pages(process, memory) * (PAGE_SIZE_BYTES / 1024));
        end_trace();
    }
    return (uint32_t)process_free(process, memory);
}

/* break(delta): the address where it was, or -EINVARG or -ENOMEM */
uint32_t sys_break(const uint32_t *arguments)
{
    return process_move_break(process_current(), (int32_t)arguments[0]);
}

static bool count_one(void *count, const struct process *process)
{
    (void)process;
    ++*(uint32_t *)count;
    return true;
}

/* memory_figures(out, size of it): 0. A program that knows fewer figures gets those. */
uint32_t sys_memory_figures(const uint32_t *arguments)
{
    struct heap_stats pool;
    struct block_cache_stats cache;
    struct memory_figures figures;

    block_cache_get_stats(&cache);
    heap_get_stats(kheap_get(), &pool);
    figures = (struct memory_figures){
        .total_pages = pmm_get_total_pages(),
        .free_pages = pmm_get_free_pages(),
        .pool_pages = pool.total,
        .pool_free_pages = pool.free,
        .largest_run_pages = pool.largest_free_run,
        .objects = kmem_live_objects(),
        .object_pages = kmem_slab_blocks(),
        .own_pages = process_count_pages(process_current()),
        .cache_pages = cache.pages,
        .cache_hits = cache.hits,
        .cache_misses = cache.misses,
    };
    process_for_each(count_one, &figures.processes);
    if (arguments[1] == 0) {
        return (uint32_t)-EINVARG;
    }
    return (uint32_t)copy_to_user(arguments[0], &figures, MIN(arguments[1], sizeof(figures)));
}
